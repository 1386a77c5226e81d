"""Measures how the mailbox page opens with 10,000 mails, and how it stays while mails arrive. Prints, and judges nothing."""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser.chromium import launch, window
from browser.mails import many, message
from emulator import Emulator

RUNS = 5
#: What is scrolled over while mails arrive, in frames of the browser.
FRAMES = 240

#: Each frame's length while the list is scrolled, in milliseconds.
SCROLL = """frames => new Promise((done) => {
    const scroller = document.querySelector(".scroller");
    const lengths = [];
    let last = performance.now();
    let down = true;
    const step = (now) => {
        lengths.push(now - last);
        last = now;
        if (lengths.length >= frames) return done(lengths.slice(1));
        if (scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1) down = false;
        if (scroller.scrollTop <= 0) down = true;
        scroller.scrollTop += down ? 120 : -120;
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailferry", type=Path, metavar="PATH", required=True, help="the mailferry command, built with --release")
    parser.add_argument("--mails", type=int, default=10_000, help="how many mails there are")
    parser.add_argument("--rate", type=int, default=200, help="how many arrive a second")
    options = parser.parse_args()
    with Emulator(options.mailferry.resolve()) as emulator, sync_playwright() as playwright:
        many(emulator, options.mails)
        browser = launch(playwright)
        opened = [_opens(browser, emulator, options.mails) for _ in range(RUNS)]
        print(f"opens with {options.mails} mails: {statistics.median(opened):.0f} ms (of {RUNS}: {min(opened):.0f} to {max(opened):.0f})")
        with window(browser, emulator.root) as shown:
            _ready(shown.open(), options.mails)
            _tell("scrolled, nothing arrives", shown.page.evaluate(SCROLL, FRAMES))
            stop = threading.Event()
            sender = threading.Thread(target=_send, args=(emulator, options.rate, stop))
            sender.start()
            _tell(f"scrolled, {options.rate} mails a second arrive", shown.page.evaluate(SCROLL, FRAMES))
            stop.set()
            sender.join()
        browser.close()
    return 0


def _opens(browser: Browser, emulator: Emulator, mails: int) -> float:
    """From the navigation to the first drawn rows, by the browser's clock."""
    with window(browser, emulator.root) as shown:
        shown.page.add_init_script(
            """new MutationObserver((_, observer) => {
                if (!document.querySelector(".mail-row a")) return;
                observer.disconnect();
                requestAnimationFrame(() => { window.opened = performance.now(); });
            }).observe(document, { childList: true, subtree: true });"""
        )
        _ready(shown.open(), mails)
        return shown.page.evaluate("window.opened")


def _ready(page: Page, mails: int) -> None:
    expect(page.locator(".list-count")).to_contain_text(f"{mails:,} mails")
    page.wait_for_function("document.querySelector('.mail-row a') !== null")


def _send(emulator: Emulator, rate: int, stop: threading.Event) -> None:
    """Requests with ten recipients each, at an even pace."""
    people = [{"email": f"reader{i}@many.example"} for i in range(10)]
    due = time.monotonic()
    while not stop.is_set():
        emulator.send(message(to=people, html=None))
        due += 10 / rate
        time.sleep(max(0.0, due - time.monotonic()))


def _tell(what: str, lengths: list[float]) -> None:
    lengths = sorted(lengths)
    print(f"{what}: a frame takes {statistics.median(lengths):.0f} ms, the longest of a hundred {lengths[int(len(lengths) * 0.99)]:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
