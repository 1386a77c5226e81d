"""MailerSend's own Python SDK, Django Anymail and SMTP clients send to `mailferry emulate`, and see what it shows."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anymail_checks
import anymail_side
import limit_checks
import sdk_checks
import sdk_reading_checks
import smtp_checks
from emulator import Emulator

FLAGS = [
    *["--delivery-delay", "0", "--submission", "0", "--smtp", "0"],
    # Nobody answers there: what arrives is looked at in the emulator.
    *["--inbound-route", "http://127.0.0.1:9/", "--inbound-domain", "in.example"],
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailferry", type=Path, metavar="PATH", required=True, help="the mailferry command")
    options = parser.parse_args()
    anymail_side.configure()
    logging.disable(logging.CRITICAL)  # the SDK logs every refusal that a check asks for
    binary = options.mailferry.resolve()
    with Emulator(binary, *FLAGS) as emulator:
        results = [_passes(name, check, emulator) for name, check in _checks(emulator)]
    for limit in limit_checks.checks():
        with Emulator(binary, *limit_checks.FLAGS) as emulator:
            results.append(_passes(f"limits {limit.__name__}", partial(limit, emulator), emulator))
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


def _checks(emulator: Emulator) -> list[tuple[str, Callable[[], None]]]:
    sdk = sdk_checks.client(emulator)
    of_sdk = [*sdk_checks.checks(), *sdk_reading_checks.checks()]
    by_sdk = [(f"sdk {check.__name__}", partial(check, sdk, emulator)) for check in of_sdk]
    by_anymail = [(f"anymail {check.__name__}", partial(check, emulator)) for check in anymail_checks.checks()]
    by_smtp = [(f"smtp {check.__name__}", partial(check, emulator)) for check in smtp_checks.checks()]
    return [*by_sdk, *by_anymail, *by_smtp]


def _passes(name: str, check: Callable[[], None], emulator: Emulator) -> bool:
    emulator.reset()
    try:
        check()
    except Exception:  # whatever a check meets is its failure, and the others still run
        print(f"FAILED {name.replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok {name.replace('_', ' ')}")
    return True


if __name__ == "__main__":
    sys.exit(main())
