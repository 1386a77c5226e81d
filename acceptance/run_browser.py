"""Opens the mailbox page of `mailferry emulate` in Chromium, and does there what people do."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from browser import exposed_checks, hostile_checks, inbound_checks, list_checks, look_checks, rough_checks, screenshots, view_checks
from browser.chromium import Missing, Window, find, launch, window
from emulator import Emulator

Check = Callable[[Window, Emulator], None]

#: Nothing happens to a mail by itself while the checks run.
FLAGS = ("--delivery-delay", "3600000")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailferry", type=Path, metavar="PATH", required=True, help="the mailferry command")
    parser.add_argument("--only", metavar="WORD", default="", help="only checks with this in their names")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="put pictures of the main views here")
    options = parser.parse_args()
    binary = options.mailferry.resolve()
    try:
        find()
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1 if os.environ.get("MUST_RUN_ALL") else 0
    with sync_playwright() as playwright:
        browser = launch(playwright)
        results = [*_run(browser, binary, options.only)]
        if options.screenshots:
            with Emulator(binary, *FLAGS) as emulator:
                screenshots.furnish(emulator)
                print(f"{screenshots.take(browser, emulator, options.screenshots)} pictures in {options.screenshots}")
        browser.close()
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


def _run(browser: Browser, binary: Path, only: str) -> list[bool]:
    areas = [list_checks, view_checks, inbound_checks, look_checks, rough_checks, hostile_checks]
    with Emulator(binary, *FLAGS) as emulator:
        results = [
            _passes(check, browser, emulator, emulator.root)
            for area in areas
            for check in area.CHECKS
            if only in check.__name__
        ]
    token = "mlsn." + "0123456789abcdef" * 4
    exposed = [check for check in exposed_checks.CHECKS if only in check.__name__]
    if exposed:
        with Emulator(binary, *FLAGS, "--allow-remote", "--token", token, listen="0.0.0.0:0") as emulator:
            root = emulator.root.replace("0.0.0.0", "127.0.0.1")
            results += [_passes(check, browser, emulator, root) for check in exposed]
    return results


def _passes(check: Check, browser: Browser, emulator: Emulator, root: str) -> bool:
    """Whether the check holds, and the browser's console said nothing but what the check allows."""
    name = check.__name__.replace("_", " ")
    clean(emulator)
    started = time.monotonic()
    with window(browser, root) as opened:
        try:
            check(opened, emulator)
            assert not opened.unexpected(), f"the browser's console has {opened.unexpected()}"
        except Exception:  # whatever a check meets is its failure, and the others still run
            picture = Path(tempfile.gettempdir()) / f"mailferry-{check.__name__}.png"
            opened.page.screenshot(path=picture)
            print(f"FAILED {name}\n{traceback.format_exc()}{opened.errors[-5:]}\n{picture}", flush=True)
            return False
    print(f"ok {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return True


def clean(emulator: Emulator) -> None:
    """Takes away what a check before left, if it failed: webhooks, routes and suppressions stay otherwise."""
    emulator.reset()
    for kind in ["webhooks", "inbound/routes", "suppressions", "faults"]:
        left = emulator.ask(f"/{kind}")
        for entry in left if isinstance(left, list) else left["rules"]:
            emulator.tell("DELETE", f"/{kind}/{entry['id']}")


if __name__ == "__main__":
    sys.exit(main())
