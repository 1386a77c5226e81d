"""Django Anymail, unmodified, against the emulator: each check sends, and looks at what arrived."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.mime.image import MIMEImage
from typing import Any

from anymail.backends.mailersend import EmailBackend
from anymail.exceptions import AnymailRecipientsRefused, AnymailRequestsAPIError
from anymail.message import AnymailMessage
from django.test.utils import override_settings
from mailersend import MessagesBuilder, RecipientsBuilder

from emulator import Emulator, mailbox, readers, seconds
from generate import PNG
from sdk_checks import HOUR
from sdk_checks import client as sdk_client

Check = Callable[[Emulator], None]


def checks() -> list[Check]:
    return [plain, copies, attachments, options, exposed_batch, bulk_batch, template, scheduled, suppressed, refused]


def plain(emulator: Emulator) -> None:
    message = send(emulator, to=["Ann Lee <ann@bücher.example>"])
    [email] = emulator.emails()
    status = message.anymail_status
    assert status.status == {"queued"} and status.message_id == email["message_id"], status
    assert email["from"] == mailbox("shop@mail.example", "Obchod, s.r.o.")
    assert email["recipient"] == mailbox("ann@xn--bcher-kva.example", "Ann Lee")
    assert (email["subject"], email["text"]) == ("Objednávka", "Ahoj")


def copies(emulator: Emulator) -> None:
    message = send(
        emulator, cc=["Copy <cc@two.example>"], bcc=["bcc@two.example"], reply_to=["Help <help@mail.example>"]
    )
    emails = emulator.emails()
    assert readers(emails) == {"ann@one.example": "to", "cc@two.example": "cc", "bcc@two.example": "bcc"}, emails
    assert {email["reply_to"]["email"] for email in emails} == {"help@mail.example"}
    assert set(message.anymail_status.recipients) == set(readers(emails))


def attachments(emulator: Emulator) -> None:
    image = MIMEImage(PNG, "png")
    image.add_header("Content-Disposition", "inline", filename="logo.png")
    image.add_header("Content-ID", "<logo@inline>")
    files = [("notes.txt", "Dobrý den", "text/plain"), (None, b"a;b\n", "text/csv"), image]
    send(emulator, attachments=files, html='<img src="cid:logo@inline">')
    [email] = emulator.emails()
    shown = [(file["filename"], file["inline"], file["id"], emulator.file(file)) for file in email["attachments"]]
    assert shown == [
        ("notes.txt", False, None, "Dobrý den".encode()),
        ("attachment.csv", False, None, b"a;b\n"),
        ("logo.png", True, "logo@inline", PNG),
    ], shown
    assert email["html"] == '<img src="cid:logo@inline">'


def options(emulator: Emulator) -> None:
    send(
        emulator,
        tags=["order", "eu"],
        track_opens=True,
        track_clicks=False,
        headers={"In-Reply-To": "a@mail.example", "Precedence": "list", "X-Order": "12"},
        esp_extra={"settings": {"track_content": True}},
    )
    [email] = emulator.emails()
    request = email["request"]
    assert email["tags"] == ["order", "eu"] and email["headers"] == [["X-Order", "12"]], email
    assert request["settings"] == {"track_opens": True, "track_clicks": False, "track_content": True}, request
    assert request["in_reply_to"] == "a@mail.example" and request["precedence_bulk"] is True, request


def exposed_batch(emulator: Emulator) -> None:
    message = send(emulator, **_batch("expose-to-list"))
    emails = emulator.emails()
    assert [email["text"] for email in emails] == ["Ann gets Pro", "Bob gets Free"], emails
    assert all(len(email["to"]) == 2 for email in emails)
    assert {email["message_id"] for email in emails} == {message.anymail_status.message_id}


def bulk_batch(emulator: Emulator) -> None:
    message = send(emulator, **_batch("use-bulk-email"))
    emails = emulator.emails()
    assert [(email["text"], len(email["to"])) for email in emails] == [("Ann gets Pro", 1), ("Bob gets Free", 1)], (
        emails
    )
    status = message.anymail_status
    assert status.status == {"unknown"}, status
    assert {f"bulk:{email['bulk_email_id']}" for email in emails} == {status.message_id}, status


def template(emulator: Emulator) -> None:
    send(emulator, template_id="0r83ql3vxvgzw1jm", merge_global_data={"name": "Ann"})
    [email] = emulator.emails()
    assert email["template_id"] == "0r83ql3vxvgzw1jm", email
    assert email["request"]["personalization"] == [{"email": "ann@one.example", "data": {"name": "Ann"}}], email


def scheduled(emulator: Emulator) -> None:
    due = int(time.time()) + HOUR
    send(emulator, send_at=datetime.fromtimestamp(due, UTC))
    [email] = emulator.emails()
    assert email["status"] == "queued" and seconds(email["send_at"]) == due, email


def suppressed(emulator: Emulator) -> None:
    first = send(emulator)
    with sdk_client(emulator) as sdk:
        get = MessagesBuilder().message_id(first.anymail_status.message_id).build_get_request()
        domain_id = sdk.messages.get_message(get)["data"]["domain"]["id"]
        add = RecipientsBuilder().domain_id(domain_id).recipients(["ann@one.example"]).build_suppression_add_request()
        sdk.recipients.add_unsubscribes(add)
    some = send(emulator, to=["Ann@one.example", "bob@one.example"])
    statuses = {address: recipient.status for address, recipient in some.anymail_status.recipients.items()}
    assert statuses == {"Ann@one.example": "rejected", "bob@one.example": "queued"}, statuses
    try:
        send(emulator)
    except AnymailRecipientsRefused:
        assert [email["recipient"]["email"] for email in emulator.emails()] == ["ann@one.example", "bob@one.example"]
        return
    raise AssertionError("a suppressed recipient was accepted")


def refused(emulator: Emulator) -> None:
    try:
        send(emulator, tags=["t"] * 6)
    except AnymailRequestsAPIError as error:
        assert error.status_code == 422 and "tags" in error.response.json()["errors"], error
        assert emulator.emails() == []
        return
    raise AssertionError("six tags were accepted")


def _batch(mode: str) -> dict[str, Any]:
    return {
        "to": ["ann@one.example", "bob@one.example"],
        "body": "{{ name }} gets {{ plan }}",
        "merge_data": {"ann@one.example": {"name": "Ann", "plan": "Pro"}, "bob@one.example": {"name": "Bob"}},
        "merge_global_data": {"plan": "Free"},
        "esp_extra": {"batch_send_mode": mode},
    }


def send(emulator: Emulator, html: str | None = None, **changes: Any) -> AnymailMessage:
    content = {"subject": "Objednávka", "body": "Ahoj", "to": ["ann@one.example"], **changes}
    message = AnymailMessage(from_email='"Obchod, s.r.o." <shop@mail.example>', **content)
    if html:
        message.attach_alternative(html, "text/html")
    settings = {"MAILERSEND_API_TOKEN": emulator.token, "MAILERSEND_API_URL": emulator.url}
    with override_settings(ANYMAIL=settings):
        EmailBackend().send_messages([message])
    return message
