"""Finds the machine's Chromium and opens pages that remember what went wrong in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = (1280, 800)
PHONE = (390, 844)
WAIT_MS = 10_000
#: No name is looked up, whatever a mail says.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


class Missing(Exception):
    """There is no Chromium."""


def find() -> str:
    """`$CHROMIUM`, or the first of the usual names that is installed."""
    told = os.environ.get("CHROMIUM")
    found = shutil.which(told) if told else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        where = f"$CHROMIUM is {told!r}, which is no program" if told else f"none of {', '.join(NAMES)} is in the path"
        raise Missing(f"No Chromium: {where}. On Debian: apt-get install chromium")
    return found


def launch(playwright: Playwright) -> Browser:
    """Without its own sandbox, which needs rights that a container does not give, and without the rest of the world."""
    expect.set_options(timeout=WAIT_MS)
    return playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-dev-shm-usage", ALONE])


@dataclass
class Window:
    """A page, and what it did."""

    page: Page
    root: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def open(self, place: str = "") -> Page:
        """Goes to a place of the page, such as `mail/ID`, and waits until its panel is there."""
        self.page.goto(f"{self.root}/#/{place}")
        panel = place.split("?")[0].split("/")[0] or "mail"
        expect(self.page.locator(f".panel-{panel} > :visible").first, f"#/{place} is not shown").to_be_visible()
        return self.page

    def allow(self, *words: str) -> None:
        """Errors with one of these words belong to what is done here."""
        self.allowed.extend(words)

    def unexpected(self) -> list[str]:
        """The errors of the page and of the console that nothing allows."""
        return [error for error in self.errors if not any(word in error for word in self.allowed)]

    def foreign(self) -> list[str]:
        """Requests to anywhere but the emulator."""
        return [url for url in self.requests if not url.startswith((self.root, "data:", "blob:", "about:"))]


@contextmanager
def window(
    browser: Browser, root: str, size: tuple[int, int] = DESKTOP, scheme: str = "light", **more: Any
) -> Iterator[Window]:
    """A page of its own, with nothing remembered from others."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **more
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    opened = Window(page, root)
    page.on("console", lambda said: opened.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("request", lambda request: opened.requests.append(request.url))
    try:
        yield opened
    finally:
        context.close()
