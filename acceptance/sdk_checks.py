"""MailerSend's official Python SDK, unmodified, against the emulator: each check sends, and looks at what arrived."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

from mailersend import (
    EmailBuilder,
    MailerSendClient,
    MessagesBuilder,
    RecipientsBuilder,
)
from mailersend.exceptions import (
    AuthenticationError,
    BadRequestError,
    ResourceNotFoundError,
)
from mailersend.models.email import EmailAttachment

from emulator import Emulator, mailbox, readers, seconds
from generate import PNG

HOUR = 3600
BULK_LIMIT_SECONDS = 20
CSV = "name;total\nŽofie;12\n".encode()

Check = Callable[[MailerSendClient, Emulator], None]


def checks() -> list[Check]:
    return [
        plain,
        copies_and_reply_to,
        attachments,
        tags_and_headers,
        personalization,
        template,
        scheduled,
        suppressed,
        refused,
        bulk,
        messages_and_quota,
        wrong_token,
        requests_are_shown,
    ]


def client(emulator: Emulator, token: str | None = None) -> MailerSendClient:
    return MailerSendClient(api_key=token or emulator.token, base_url=emulator.url, max_retries=0)


def plain(sdk: MailerSendClient, emulator: Emulator) -> None:
    answer = sdk.emails.send(plain_message().build())
    [email] = emulator.emails()
    assert answer.status_code == 202 and answer["id"] == email["message_id"], answer
    assert email["from"] == mailbox("shop@mail.example", "Obchod")
    assert email["recipient"] == mailbox("ann@one.example", "Ann Lee") and email["role"] == "to"
    assert (email["subject"], email["text"], email["html"]) == ("Objednávka", "Ahoj", "<p>Ahoj</p>")


def copies_and_reply_to(sdk: MailerSendClient, emulator: Emulator) -> None:
    message = plain_message().to("bob@one.example").cc("cc@two.example", "Copy").bcc("bcc@two.example")
    sdk.emails.send(message.reply_to("help@mail.example", "Help").build())
    emails = emulator.emails()
    roles = {"ann@one.example": "to", "bob@one.example": "to", "cc@two.example": "cc", "bcc@two.example": "bcc"}
    assert readers(emails) == roles, readers(emails)
    for email in emails:
        assert email["to"] == [mailbox("ann@one.example", "Ann Lee"), mailbox("bob@one.example")]
        assert email["cc"] == [mailbox("cc@two.example", "Copy")]
        assert email["reply_to"] == mailbox("help@mail.example", "Help")


def attachments(sdk: MailerSendClient, emulator: Emulator) -> None:
    content = base64.b64encode(PNG).decode()
    inline = EmailAttachment(content=content, disposition="inline", filename="logo.png", id="logo")
    request = plain_message().attach_content(CSV, "smlouva č. 1.csv").build()
    request.attachments = [*(request.attachments or []), inline]
    sdk.emails.send(request)
    [email] = emulator.emails()
    shown = [(file["filename"], file["inline"], file["id"], emulator.file(file)) for file in email["attachments"]]
    assert shown == [("smlouva č. 1.csv", False, None, CSV), ("logo.png", True, "logo", PNG)], shown


def tags_and_headers(sdk: MailerSendClient, emulator: Emulator) -> None:
    message = plain_message().tag("order", "štítek").header("X-Order", "12").bulk_mode()
    message = message.tracking(clicks=True, opens=False)
    sdk.emails.send(message.reference("<a@mail.example>").build())
    [email] = emulator.emails()
    assert email["tags"] == ["order", "štítek"] and email["headers"] == [["X-Order", "12"]], email
    assert email["request"]["settings"] == {"track_clicks": True, "track_opens": False}
    assert email["request"]["precedence_bulk"] is True
    assert email["request"]["references"] == ["<a@mail.example>"]


def personalization(sdk: MailerSendClient, emulator: Emulator) -> None:
    message = plain_message().to("bob@one.example").subject("For {{ name }}").text("{{ name }} owes {{ sum }}")
    message.personalize("ann@one.example", name="Ann", sum=12).personalize("bob@one.example", name="Bob", sum=7)
    sdk.emails.send(message.build())
    shown = [(email["subject"], email["text"]) for email in emulator.emails()]
    assert shown == [("For Ann", "Ann owes 12"), ("For Bob", "Bob owes 7")], shown


def template(sdk: MailerSendClient, emulator: Emulator) -> None:
    message = EmailBuilder().from_email("shop@mail.example").to("ann@one.example").subject("Hi")
    sdk.emails.send(message.template("0r83ql3vxvgzw1jm").build())
    [email] = emulator.emails()
    assert email["template_id"] == "0r83ql3vxvgzw1jm", email


def scheduled(sdk: MailerSendClient, emulator: Emulator) -> None:
    due = int(time.time()) + HOUR
    sdk.emails.send(plain_message().send_at(due).build())
    [email] = emulator.emails()
    assert email["status"] == "queued" and seconds(email["send_at"]) == due, email


def suppressed(sdk: MailerSendClient, emulator: Emulator) -> None:
    first = sdk.emails.send(plain_message().build())
    domain_id = sdk.messages.get_message(MessagesBuilder().message_id(first["id"]).build_get_request())["data"][
        "domain"
    ]["id"]
    builder = RecipientsBuilder().domain_id(domain_id).recipients(["ann@one.example"])
    sdk.recipients.add_hard_bounces(builder.build_suppression_add_request())
    listed = sdk.recipients.list_hard_bounces(
        RecipientsBuilder().domain_id(domain_id).build_suppression_list_request()
    )["data"]
    assert [entry["recipient"]["email"] for entry in listed] == ["ann@one.example"], listed

    some = sdk.emails.send(plain_message().to("bob@one.example").build())
    reached = [email for email in emulator.emails() if email["message_id"] == some["id"]]
    assert readers(reached) == {"bob@one.example": "to"}, reached
    assert [(who["email"], who["reasons"]) for who in reached[0]["suppressed"]] == [
        ("ann@one.example", ["hard_bounced"])
    ]

    none = sdk.emails.send(plain_message().build())
    assert none["id"] is None and len(emulator.emails()) == 2, none

    builder = RecipientsBuilder().domain_id(domain_id).ids([listed[0]["id"]])
    sdk.recipients.delete_hard_bounces(builder.build_suppression_delete_request())
    assert sdk.emails.send(plain_message().build())["id"], "the address is still suppressed"


def refused(sdk: MailerSendClient, emulator: Emulator) -> None:
    try:
        sdk.emails.send(plain_message().to("ann@one.example").build())
    except BadRequestError as error:
        assert error.response is not None
        answer = error.response.json()
        assert error.response.status_code == 422 and "#MS42201" in str(answer["errors"]["to.1.email"]), answer
        assert emulator.emails() == []
    else:
        raise AssertionError("a duplicate recipient was accepted")


def bulk(sdk: MailerSendClient, emulator: Emulator) -> None:
    wrong = plain_message().to("ann@one.example").build()
    started = sdk.emails.send_bulk([plain_message().build(), wrong, plain_message("bob@one.example").build()])
    status = _completed(sdk, started["bulk_email_id"])
    emails = emulator.emails()
    assert list(readers(emails)) == ["ann@one.example", "bob@one.example"], emails
    assert {email["bulk_email_id"] for email in emails} == {started["bulk_email_id"]}
    assert sorted(status["messages_id"]) == sorted(email["message_id"] for email in emails), status
    assert status["total_recipients_count"] == 4 and status["validation_errors_count"] == 1, status
    assert list(status["validation_errors"]) == ["message.1"], status


def messages_and_quota(sdk: MailerSendClient, emulator: Emulator) -> None:
    sent = [sdk.emails.send(plain_message().build())["id"] for _ in range(3)]
    listed = sdk.messages.list_messages(MessagesBuilder().limit(10).build_list_request())["data"]
    assert sorted(message["id"] for message in listed) == sorted(sent), listed
    one = sdk.messages.get_message(MessagesBuilder().message_id(sent[0]).build_get_request())["data"]
    assert one["id"] == sent[0] and one["emails"][0]["from"] == "shop@mail.example", one
    quota = sdk.api_quota.get_quota()
    assert {"quota", "remaining", "reset"} <= set(quota.data), quota.data
    try:
        sdk.messages.get_message(MessagesBuilder().message_id("0" * 24).build_get_request())
    except ResourceNotFoundError:
        return
    raise AssertionError("a message that nobody sent was found")


def wrong_token(_: MailerSendClient, emulator: Emulator) -> None:
    try:
        client(emulator, "mlsn.wrong").emails.send(plain_message().build())
    except AuthenticationError:
        assert emulator.emails() == []
        return
    raise AssertionError("a wrong token was accepted")


def requests_are_shown(sdk: MailerSendClient, emulator: Emulator) -> None:
    sdk.emails.send(plain_message().build())
    [shown] = emulator.requests()
    headers = dict(shown["headers"])
    assert (shown["method"], shown["target"], shown["status"]) == ("POST", "/v1/email", 202), shown
    assert headers["user-agent"].startswith("mailersend-python/") and emulator.token not in str(shown), headers


def plain_message(to: str = "ann@one.example") -> EmailBuilder:
    message = (
        EmailBuilder().from_email("shop@mail.example", "Obchod").to(to, "Ann Lee" if to.startswith("ann") else None)
    )
    return message.subject("Objednávka").text("Ahoj").html("<p>Ahoj</p>")


def _completed(sdk: MailerSendClient, bulk_email_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + BULK_LIMIT_SECONDS
    while True:
        status = sdk.emails.get_bulk_status(bulk_email_id)["data"]
        if status["state"] == "completed":
            return status
        assert time.monotonic() < deadline, f"still {status['state']}"
        time.sleep(0.1)
