"""The list of mails: live, searched, long, and by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from browser.chromium import Window
from browser.mails import complete, encoded, many, message, only
from emulator import Emulator


def an_empty_mailbox_says_how_to_send(window: Window, emulator: Emulator) -> None:
    page = window.open()
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    expect(page.get_by_label("A curl command")).to_contain_text(f"{emulator.url}email")
    expect(page.get_by_label("Environment variables")).to_contain_text(f"MAILERSEND_API_URL={emulator.url}")
    expect(page.get_by_role("button", name="Delete all mails")).to_be_disabled()


def mail_arrives_while_the_page_is_open(window: Window, emulator: Emulator) -> None:
    page = window.open()
    expect(page.locator("#link")).to_have_text("Live")
    emulator.send(message(subject="First"))
    row = rows(page).filter(has_text="First")
    expect(row).to_be_visible()
    expect(row).to_contain_text("Ann Archer")
    expect(row).to_contain_text("Hello there")
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    emulator.send(message(subject="Second"))
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("Second")
    row.click()
    expect(page.get_by_role("heading", name="First")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    page.get_by_role("button", name="Mark as read").click()
    expect(page).to_have_title(re.compile(r"^Mail"))


def a_row_follows_what_happens(window: Window, emulator: Emulator) -> None:
    emulator.send(message())
    page = window.open()
    expect(rows(page)).to_contain_text("sent")
    emulator.tell("POST", f"/emails/{only(emulator)}/bounce")
    expect(rows(page)).to_contain_text("rejected")


def reading_is_not_disturbed(window: Window, emulator: Emulator) -> None:
    many(emulator, 200)
    page = window.open()
    expect(page.locator(".list-count")).to_have_text("200 mails")
    page.locator(".scroller").evaluate("node => { node.scrollTop = 4200; }")
    row = page.locator(".mail-row a").nth(20)
    expect(row).to_be_visible()
    focused = row.get_attribute("data-id")
    row.evaluate("node => node.focus({ preventScroll: true })")
    before = place(page, focused)
    many(emulator, 7, "New")
    expect(page.get_by_role("button", name="Show new mails")).to_have_text("7 new")
    assert abs(place(page, focused) - before) < 1, "the rows moved"
    assert page.evaluate("document.activeElement.dataset.id") == focused, "the focus was lost"
    page.get_by_role("button", name="Show new mails").click()
    expect(rows(page).first).to_contain_text("New")
    expect(page.get_by_role("button", name="Show new mails")).to_be_hidden()


def mails_are_found(window: Window, emulator: Emulator) -> None:
    emulator.send(message(subject="Invoice 42", tags=["billing"]))
    emulator.send(message(subject="Welcome", to=[{"email": "bob@two.example"}], text="An invoice is attached"))
    file = {"filename": "a.csv", "content": encoded(b"a"), "disposition": "attachment"}
    emulator.send(message(subject="With a file", attachments=[file]))
    page = window.open()
    expect(rows(page)).to_have_count(3)
    for text, count in {
        "invoice": 2,
        "to:bob": 1,
        "from:shop": 3,
        "subject:invoice": 1,
        '"with a file"': 1,
        "tag:billing": 1,
        "-tag:billing": 2,
        "status:sent": 3,
        "status:rejected": 0,
        "has:attachment": 1,
        "after:2020-01-01": 3,
        "before:2020-01-01": 0,
        "is:opened": 0,
    }.items():
        search(page, text)
        expect(page.locator(".list-count"), text).to_have_text(re.compile(f"^{count} mails? found"))
        expect(rows(page), text).to_have_count(count)
    search(page, "status:lost")
    expect(page.locator(".search-problems")).to_contain_text("status")
    search(page, "nothing like it")
    expect(page.get_by_role("heading", name="No mail is found")).to_be_visible()
    page.get_by_role("button", name="Show all mails").click()
    expect(rows(page)).to_have_count(3)


def a_search_is_live_and_in_the_address(window: Window, emulator: Emulator) -> None:
    page = window.open("?q=tag%3Ablue")
    expect(page.get_by_role("searchbox")).to_have_value("tag:blue")
    emulator.send(message(subject="Red", tags=["red"]))
    emulator.send(message(subject="Blue", tags=["blue"]))
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Blue")
    search(page, "tag:red")
    expect(rows(page)).to_contain_text("Red")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("tag:red")
    expect(rows(page)).to_contain_text("Red")


def one_mail_is_deleted_and_then_all(window: Window, emulator: Emulator) -> None:
    for subject in ["One", "Two", "Three"]:
        emulator.send(message(subject=subject))
    page = window.open()
    rows(page).filter(has_text="Two").click()
    page.get_by_role("button", name="Delete this mail").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Delete this mail").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_role("heading", name="One")).to_be_visible()
    page.get_by_role("button", name="Delete all mails").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all mails").click()
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    assert emulator.emails() == []


def ten_thousand_mails_are_a_short_document(window: Window, emulator: Emulator) -> None:
    many(emulator, 10_000)
    page = window.open()
    expect(page.locator(".list-count")).to_have_text("10,000 mails")
    shown = page.locator(".mail-row").count()
    assert 5 < shown < 100, f"{shown} rows are in the document"
    scroller = page.locator(".scroller")
    for _ in range(12):
        height = scroller.evaluate("node => { node.scrollTop = node.scrollHeight; return node.scrollHeight; }")
        page.wait_for_function("height => document.querySelector('.scroller').scrollHeight > height", arg=height)
    assert page.locator(".mail-row").count() < 100
    search(page, "subject:\"Mail 3\"")
    expect(rows(page).first).to_contain_text("Mail 3")


def everything_is_reached_by_keyboard(window: Window, emulator: Emulator) -> None:
    emulator.send(message(subject="Older"))
    emulator.send(complete())
    page = window.open()
    expect(rows(page)).to_have_count(4)
    press = page.keyboard.press
    press("j")
    press("j")
    press("k")
    press("j")
    expect(rows(page).nth(1)).to_be_focused()
    press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Your order"))).to_be_visible()
    press("3")
    expect(page.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
    press("j")
    press("j")
    expect(page.get_by_role("heading", name="Older")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("heading", name="Choose a mail")).to_be_visible()
    press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("older?")
    press("Escape")
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard and search")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press("g")
    press("q")
    expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    press("c")
    expect(page.get_by_role("heading", name="Write a mail")).to_be_visible()


def rows(page: Page):  # noqa: ANN201
    return page.locator(".mail-row a")


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox", name="Search the mails").fill(text)


def place(page: Page, mail: str | None) -> float:
    return page.locator(f'.mail-row a[data-id="{mail}"]').evaluate("node => node.getBoundingClientRect().top")


CHECKS = [
    an_empty_mailbox_says_how_to_send,
    mail_arrives_while_the_page_is_open,
    a_row_follows_what_happens,
    reading_is_not_disturbed,
    mails_are_found,
    a_search_is_live_and_in_the_address,
    one_mail_is_deleted_and_then_all,
    ten_thousand_mails_are_a_short_document,
    everything_is_reached_by_keyboard,
]
