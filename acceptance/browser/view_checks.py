"""The open mail: its tabs, and what can be made to happen to it."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from browser.chromium import Window
from browser.mails import ANN, complete, message, of, only
from emulator import Emulator
from receiver import Receiver


#: What the reader does, and what the timeline calls it.
REACTIONS = [
    ("Deliver", "delivered"),
    ("Open", "opened"),
    ("Unsubscribe", "unsubscribed"),
    ("Complain", "spam complaints"),
]


def every_tab_shows_its_part(window: Window, emulator: Emulator) -> None:
    emulator.send(complete())
    page = window.open(f"mail/{of(emulator, ANN['email'])}")
    expect(page.get_by_role("heading", name="Your order 4711 has shipped")).to_be_visible()
    frame = page.frame_locator("iframe.mail-frame")
    expect(frame.get_by_role("heading", name="Thank you, Ann")).to_be_visible()
    expect(tab(page, "Text")).to_contain_text("Thank you, Ann.")
    expect(tab(page, "Timeline")).to_contain_text(re.compile("sent", re.IGNORECASE))
    expect(tab(page, "Files")).to_contain_text("invoice.csv")
    picture = page.get_by_role("img", name="Preview of logo.png")
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    expect(tab(page, "Warnings")).to_contain_text("nobody")
    expect(tab(page, "Headers")).to_contain_text("X-Order")
    expect(tab(page, "Source")).to_contain_text("Subject: Your order 4711")
    expect(tab(page, "Request")).to_contain_text("POST")
    expect(page.get_by_label("Body of the request")).to_contain_text('"order": "4712"')
    expect(page.get_by_label("Headers of the answer")).to_contain_text("x-message-id")
    with page.expect_download() as download:
        tab(page, "Files").get_by_role("link", name="Download").first.click()
    assert download.value.path().read_bytes() == b"item;price\nrope;12\n"


def each_recipient_reads_their_own(window: Window, emulator: Emulator) -> None:
    emulator.tell("POST", "/suppressions", {"list": "hard-bounces", "address": "gone@two.example"})
    mail = complete()
    mail["to"].append({"email": "gone@two.example"})
    emulator.send(mail)
    page = window.open(f"mail/{of(emulator, ANN['email'])}?tab=recipients")
    people = tab(page, "Recipients")
    expect(people.get_by_role("row")).to_have_count(5)
    expect(people.get_by_role("row", name=re.compile("gone@two.example"))).to_contain_text("suppressed")
    people.get_by_role("row", name=re.compile("bob@two.example")).get_by_role("link", name="Show").click()
    expect(page.get_by_role("heading", name="Your order 4712 has shipped")).to_be_visible()
    expect(tab(page, "Text")).to_contain_text("Thank you, Robert.")


def the_request_is_copied_as_a_command(window: Window, emulator: Emulator) -> None:
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    emulator.send(message(subject="It's here"))
    page = window.open(f"mail/{only(emulator)}?tab=request")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith(f"curl -X POST '{emulator.url}email'"), command
    assert '-H "Authorization: Bearer $MAILERSEND_API_TOKEN"' in command, command
    assert r"It'\''s here" in command and emulator.token not in command, command


def its_reader_reacts(window: Window, emulator: Emulator) -> None:
    with Receiver() as receiver:
        emulator.tell("POST", "/webhooks", {"url": receiver.url("/hook"), "name": "Hook"})
        emulator.send(message(html='<a href="https://a.example/1">One</a> <a href="https://a.example/2">Two</a>'))
        page = window.open(f"mail/{only(emulator)}?tab=timeline")
        timeline = page.get_by_role("tabpanel")
        expect(timeline).to_contain_text(re.compile("sent", re.IGNORECASE))
        for name, kind in REACTIONS:
            button(page, name).click()
            expect(timeline.get_by_text(re.compile(f"^{kind}$", re.IGNORECASE)).first, name).to_be_visible()
        for name in ["Deliver", "Defer", "Soft bounce", "Hard bounce"]:
            expect(button(page, name), name).to_be_disabled()
        button(page, "Click…").click()
        page.get_by_role("dialog", name="Which link?").get_by_role("button", name="https://a.example/2").click()
        expect(timeline).to_contain_text("https://a.example/2")

        def clicked(posts: list) -> bool:
            return any(json.loads(post.body)["type"] == "activity.clicked" for post in posts)

        receiver.wait(clicked, 20)
        delivery = timeline.locator("details").filter(has_text=receiver.url("/hook")).last
        expect(delivery.locator(".badge.good")).to_have_text("200")
        delivery.locator("summary").click()
        expect(delivery).to_contain_text("Signature")
        expect(delivery.get_by_label("Body of the webhook")).to_contain_text('"type"')
        before = len(emulator.ask("/webhooks/deliveries"))
        delivery.get_by_role("button", name="Send it again").click()
        receiver.wait(lambda posts: len(posts) > before, 20)


def its_server_reacts(window: Window, emulator: Emulator) -> None:
    for name, kind, status in [
        ("Hard bounce", "hard bounced", "rejected"),
        ("Soft bounce", "soft bounced", "rejected"),
        ("Defer", "deferred", "sent"),
    ]:
        emulator.reset()
        emulator.send(message())
        page = window.open(f"mail/{only(emulator)}?tab=timeline")
        button(page, name).click()
        expect(page.get_by_role("tabpanel").get_by_text(re.compile(f"^{kind}$", re.IGNORECASE))).to_be_visible()
        expect(page.locator(".view-marks .badge").first, name).to_have_text(status)
        expect(page.locator(".mail-row"), name).to_contain_text(status)
        if status == "rejected":
            expect(button(page, "Open"), name).to_be_disabled()
        expect(page.locator("#toasts")).not_to_be_empty()


def the_timeline_is_live(window: Window, emulator: Emulator) -> None:
    window.allow("status of 404")
    emulator.send(message())
    mail = only(emulator)
    page = window.open(f"mail/{mail}?tab=timeline")
    expect(page.get_by_role("tabpanel")).to_contain_text(re.compile("sent", re.IGNORECASE))
    emulator.tell("POST", f"/emails/{mail}/deliver")
    expect(page.get_by_role("tabpanel").get_by_text(re.compile("^delivered$", re.IGNORECASE))).to_be_visible()
    emulator.tell("DELETE", f"/mailbox/{mail}")
    expect(page.get_by_role("heading", name="This mail is gone")).to_be_visible()


def the_width_is_chosen(window: Window, emulator: Emulator) -> None:
    emulator.send(message())
    page = window.open(f"mail/{only(emulator)}")
    frame = page.locator("iframe.mail-frame")
    for name, most in [("As wide as a phone", 390), ("As wide as there is room", 4000)]:
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        assert frame.bounding_box()["width"] <= most
    assert frame.bounding_box()["width"] > 500
    page.reload()
    expect(page.get_by_role("button", name="As wide as there is room")).to_have_attribute("aria-pressed", "true")


def tab(page: Page, name: str):  # noqa: ANN201
    """Chooses a tab, and gives what it shows."""
    page.get_by_role("tab", name=re.compile(f"^{name}")).click()
    return page.get_by_role("tabpanel")


def button(page: Page, name: str):  # noqa: ANN201
    return page.get_by_role("group", name="Let something happen to this mail").get_by_role("button", name=name, exact=True)


CHECKS = [
    every_tab_shows_its_part,
    each_recipient_reads_their_own,
    the_request_is_copied_as_a_command,
    its_reader_reacts,
    its_server_reacts,
    the_timeline_is_live,
    the_width_is_chosen,
]
