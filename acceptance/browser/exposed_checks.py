"""An emulator that listens for other machines: the page asks for the token."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.chromium import Window
from browser.mails import message
from emulator import Emulator


def the_page_asks_for_the_token(window: Window, emulator: Emulator) -> None:
    window.allow("status of 401")
    emulator.send(message(subject="Secret"))
    page = window.page
    page.goto(window.root)
    expect(page.get_by_role("heading", name="This mailbox is locked")).to_be_visible()
    expect(page.get_by_text("Secret")).to_have_count(0)
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Open the mailbox").click()
    expect(page.get_by_role("alert")).to_contain_text("does not know this token")
    page.get_by_label("Token").fill(emulator.token)
    page.get_by_role("button", name="Open the mailbox").click()
    expect(page.locator(".mail-row")).to_contain_text("Secret")
    expect(page.locator("#link")).to_have_text("Live")
    emulator.send(message(subject="Another"))
    expect(page.locator(".mail-row").first).to_contain_text("Another")
    page.locator(".mail-row a").first.click()
    expect(page.frame_locator("iframe.mail-frame").get_by_text("Hello there")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Another")).to_be_visible()
    emulator.tell("DELETE", "/session")


CHECKS = [the_page_asks_for_the_token]
