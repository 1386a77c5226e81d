"""When the emulator goes away, when nothing is there yet, and when there is no mouse."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.chromium import Window, window
from browser.mails import message, only
from emulator import Emulator

#: As long as the page waits at most until it tries again, and a little.
BACK_MS = 20_000


def it_says_that_the_emulator_is_gone_and_goes_on(opened: Window, emulator: Emulator) -> None:
    browser = opened.page.context.browser
    assert browser is not None
    with Emulator(emulator.binary) as first:
        first.send(message(subject="Before"))
        address = first.root.removeprefix("http://")
        with window(browser, first.root) as its:
            page = its.open()
            expect(page.locator(".mail-row")).to_contain_text("Before")
            expect(page.locator("#link")).to_have_text("Live")
            first.stop()
            expect(page.get_by_role("alert")).to_contain_text("The emulator does not answer")
            expect(page.locator("#link")).to_have_text("Offline")
            expect(page.locator(".mail-row")).to_contain_text("Before")
            page.get_by_role("link", name="Account").click()
            expect(page.get_by_text("Is it still running?")).to_be_visible()
            with Emulator(emulator.binary, listen=address) as second:
                expect(page.get_by_role("alert")).to_be_hidden(timeout=BACK_MS)
                expect(page.get_by_role("heading", name="Account")).to_be_visible()
                page.get_by_role("link", name="Mail", exact=True).click()
                expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
                second.send(message(subject="After"))
                expect(page.locator(".mail-row")).to_contain_text("After")


def the_help_to_begin_goes_with_the_first_mail(opened: Window, emulator: Emulator) -> None:
    page = opened.open()
    expect(page.get_by_role("heading", name="Send a first mail")).to_be_visible()
    expect(page.get_by_label("A curl command")).to_contain_text(f"curl {emulator.url}email")
    emulator.send(message(subject="The first"))
    expect(page.locator(".mail-row")).to_contain_text("The first")
    expect(page.get_by_role("heading", name="Choose a mail")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    emulator.reset()
    expect(page.get_by_label("A curl command").locator("visible=true")).to_have_count(1)


def keys_lead_into_the_content(opened: Window, emulator: Emulator) -> None:
    emulator.send(message(subject="By keys"))
    page = opened.open()
    expect(page.locator(".mail-row")).to_contain_text("By keys")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.locator(".mail-row")).to_contain_text("By keys")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keys")).to_be_visible()
    page.get_by_role("tab", name="HTML").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Text")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("Hello there")
    for key, panel in [("f", "Faults"), ("w", "Webhooks"), ("a", "Account")]:
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", name=panel, exact=True)).to_be_visible()
        expect(page.locator("#main"), f"the focus is lost on the way to {panel}").to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def a_subject_from_right_to_left_is_shown_from_its_beginning(opened: Window, emulator: Emulator) -> None:
    emulator.send(message(subject="بداية " + "كلمة " * 60, text="שלום"))
    page = opened.open(f"mail/{only(emulator)}?tab=text")
    subject = page.locator(".row-subject")
    expect(subject).to_contain_text("بداية")
    beginning, box = page.evaluate(
        """node => {
            const range = document.createRange();
            range.setStart(node.firstChild, 0);
            range.setEnd(node.firstChild, 5);
            const [word, box] = [range.getBoundingClientRect(), node.getBoundingClientRect()];
            return [[word.left, word.right], [box.left, box.right]];
        }""",
        subject.element_handle(),
    )
    assert box[0] <= beginning[0] and beginning[1] <= box[1] + 1, f"its first word is at {beginning}, outside of {box}"


CHECKS = [
    it_says_that_the_emulator_is_gone_and_goes_on,
    the_help_to_begin_goes_with_the_first_mail,
    keys_lead_into_the_content,
    a_subject_from_right_to_left_is_shown_from_its_beginning,
]
