"""Lets MailerSend's own Python SDK and Django Anymail send to `mailferry emulate`, and compares with what it shows."""

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
import sdk_checks
from emulator import Emulator


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailferry", type=Path, metavar="PATH", required=True, help="the mailferry command")
    options = parser.parse_args()
    anymail_side.configure()
    logging.disable(logging.CRITICAL)  # the SDK logs every refusal that a check asks for
    with Emulator(options.mailferry.resolve()) as emulator:
        results = [_passes(name, check, emulator) for name, check in _checks(emulator)]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


def _checks(emulator: Emulator) -> list[tuple[str, Callable[[], None]]]:
    sdk = sdk_checks.client(emulator)
    by_sdk = [(f"sdk {check.__name__}", partial(check, sdk, emulator)) for check in sdk_checks.checks()]
    by_anymail = [(f"anymail {check.__name__}", partial(check, emulator)) for check in anymail_checks.checks()]
    return [*by_sdk, *by_anymail]


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
