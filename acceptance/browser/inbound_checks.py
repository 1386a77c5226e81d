"""Mail to the application, written in the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

from browser.chromium import Window
from browser.mails import message, only
from emulator import Emulator
from receiver import Receiver

WAIT = 20


def a_written_mail_reaches_the_application(window: Window, emulator: Emulator) -> None:
    with Receiver() as receiver, listening(emulator, receiver) as route:
        page = window.open("compose")
        expect(page.get_by_label("To", exact=True)).to_have_value(route["address"])
        page.get_by_label("From", exact=True).fill("Eve <eve@one.example>")
        page.get_by_label("Subject").fill("Where is my order?")
        page.get_by_label("Text", exact=True).fill("It is late.")
        page.get_by_label("Files", exact=True).set_input_files({"name": "photo.txt", "mimeType": "text/plain", "buffer": b"look"})
        expect(page.get_by_text("photo.txt, 4 bytes")).to_be_visible()
        page.get_by_role("button", name="Send to the application").click()
        [post] = receiver.wait(bool, WAIT)
        data = json.loads(post.body)["data"]
        assert data["subject"] == "Where is my order?" and "It is late." in data["text"], data
        assert data["attachments"][0]["file_name"] == "photo.txt", data["attachments"]
        expect(page.get_by_label("The mail as it came")).to_contain_text("Subject: Where is my order?")
        expect(page.locator(".delivery .badge.good")).to_have_text("200")
        page.get_by_role("button", name="All inbound mail").click()
        expect(page.get_by_role("row")).to_have_count(2)


def a_raw_mail_goes_as_it_is(window: Window, emulator: Emulator) -> None:
    with Receiver() as receiver, listening(emulator, receiver) as route:
        page = window.open("compose")
        page.get_by_role("tab", name="Raw mail").click()
        page.get_by_label("Or the mail as text").fill(f"From: Eve <eve@one.example>\nTo: {route['address']}\nSubject: Raw\n\nBody")
        page.get_by_role("button", name="Send to the application").click()
        [post] = receiver.wait(bool, WAIT)
        assert json.loads(post.body)["data"]["subject"] == "Raw"


def a_reply_reaches_the_application(window: Window, emulator: Emulator) -> None:
    with Receiver() as receiver, listening(emulator, receiver) as route:
        emulator.send(message(subject="Your invoice", text="Please pay.", reply_to={"email": route["address"]}))
        page = window.open(f"mail/{only(emulator)}")
        page.get_by_role("button", name="Reply").click()
        page.get_by_label("Text", exact=True).fill("I have paid.")
        page.get_by_role("button", name="Send the reply").click()
        [post] = receiver.wait(bool, WAIT)
        data = json.loads(post.body)["data"]
        assert data["subject"] == "Re: Your invoice", data["subject"]
        assert "I have paid." in data["text"] and "> Please pay." in data["text"], data["text"]


def without_a_route_it_says_what_to_do(window: Window, emulator: Emulator) -> None:
    window.allow("status of 422")
    page = window.open("compose")
    expect(page.get_by_text("No inbound route listens yet")).to_be_visible()
    page.get_by_label("To", exact=True).fill("nobody@nowhere.example")
    page.get_by_role("button", name="Send to the application").click()
    expect(told(page)).to_contain_text("no inbound route listens")


def told(page: Page):  # noqa: ANN201
    return page.locator("#toasts")


@contextmanager
def listening(emulator: Emulator, receiver: Receiver) -> Iterator[dict[str, Any]]:
    """A route that posts to the receiver."""
    route = emulator.tell("POST", "/inbound/routes", {"url": receiver.url("/inbound"), "name": "Support"})
    try:
        yield route
    finally:
        emulator.tell("DELETE", f"/inbound/routes/{route['id']}")


CHECKS = [
    a_written_mail_reaches_the_application,
    a_raw_mail_goes_as_it_is,
    a_reply_reaches_the_application,
    without_a_route_it_says_what_to_do,
]
