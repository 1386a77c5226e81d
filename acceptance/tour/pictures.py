"""What the tour does in the browser: one function for each picture of the text, by the picture's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from browser.chromium import PHONE, Window, window

ROOT = "http://127.0.0.1:2580"
#: Where a mail is delivered a while after it is sent, and told about after that.
SLOW_MS = 20_000
DESKTOP = (1180, 700)


class Visitor:
    """Somebody with a browser, who does what the text says before each picture."""

    def __init__(self, browser: Browser, desktop: Window, folder: Path) -> None:
        self._browser = browser
        self._desktop = desktop
        self._folder = folder
        self._steps: dict[str, Callable[[Page], None]] = {
            "tour-empty": self._empty,
            "tour-webhook": self._webhook,
            "tour-list": self._list,
            "tour-mail": self._mail,
            "tour-timeline": self._timeline,
            "tour-phone": self._phone,
        }
        self._left = set(self._steps)

    def look(self, name: str) -> None:
        """Does what leads to the picture, and takes it."""
        self._left.discard(name)
        self._steps[name](self._desktop.page)

    def ended(self) -> None:
        """Every picture was in the text, and the page had nothing to complain of."""
        assert not self._left, f"the tour has no {', '.join(sorted(self._left))}"
        assert not self._desktop.unexpected(), self._desktop.unexpected()

    def _empty(self, page: Page) -> None:
        self._desktop.open()
        expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
        expect(page.get_by_label("A curl command")).to_contain_text(f"curl {ROOT}/v1/email")
        expect(page.locator("#link")).to_have_text("Live")
        self._take(page, "tour-empty")

    def _webhook(self, page: Page) -> None:
        page.get_by_role("link", name="Webhooks").click()
        expect(page.get_by_role("article", name="Tour")).to_contain_text("127.0.0.1:2581")
        self._take(page, "tour-webhook")

    def _list(self, page: Page) -> None:
        page.get_by_role("link", name="Mail", exact=True).click()
        rows = page.locator(".mail-row")
        expect(rows).to_have_count(3)
        for row, subject in enumerate(["Your invoice for March", "Welcome aboard", "Your order has shipped"]):
            expect(rows.nth(row)).to_contain_text(subject)
            expect(rows.nth(row)).to_contain_text("delivered", timeout=SLOW_MS)
        self._take(page, "tour-list")

    def _mail(self, page: Page) -> None:
        page.locator(".mail-row a", has_text="Your order has shipped").click()
        expect(page.frame_locator("iframe.mail-frame").get_by_role("heading", name="On its way")).to_be_visible()
        expect(page.locator(".view-marks")).to_contain_text("opened")
        self._take(page, "tour-mail")

    def _timeline(self, page: Page) -> None:
        link = page.frame_locator("iframe.mail-frame").get_by_role("link", name="track your parcel")
        with page.expect_popup() as popup:
            link.click()
        # Where it leads is somebody else's, and is not reached from here.
        popup.value.close()
        page.get_by_role("tab", name="Timeline").click()
        timeline = page.get_by_role("tabpanel")
        clicked = timeline.get_by_role("listitem").filter(has=page.get_by_text("clicked", exact=True))
        expect(clicked.locator(".badge.good")).to_have_text("200", timeout=SLOW_MS)
        clicked.locator("summary").click()
        body = clicked.get_by_label("Body of the webhook")
        expect(body).to_contain_text('"activity.clicked"')
        clicked.evaluate("node => node.scrollIntoView()")
        self._take(page, "tour-timeline")

    def _phone(self, page: Page) -> None:
        with window(self._browser, ROOT, PHONE) as phone:
            phone.page.goto(page.url.partition("?")[0])
            frame = phone.page.frame_locator("iframe.mail-frame")
            expect(frame.get_by_role("heading", name="On its way")).to_be_visible()
            self._take(phone.page, "tour-phone")
            assert not phone.unexpected(), phone.unexpected()

    def _take(self, page: Page, name: str) -> None:
        # Frames and letters come after the panel.
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready")
        page.mouse.move(0, 0)
        page.screenshot(path=self._folder / f"{name}.png")


@contextmanager
def visit(browser: Browser, folder: Path) -> Iterator[Visitor]:
    with window(browser, ROOT, DESKTOP) as desktop:
        yield Visitor(browser, desktop, folder)
