"""Python's own SMTP client, and Django's mail backend over it, against the emulator's two SMTP ports."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from mailersend import MessagesBuilder

from emulator import Emulator, mailbox, readers
from generate import PNG
from sdk_checks import CSV, client

Check = Callable[[Emulator], None]


def checks() -> list[Check]:
    return [submitted, with_files, by_django, refused, wrong_login, arrives, nobody_listens]


def submitted(emulator: Emulator) -> None:
    mail = plain_mail()
    mail["Cc"] = "cc@two.example"
    mail["Bcc"] = "bcc@two.example"
    mail["Reply-To"] = Address("Help", addr_spec="help@mail.example")
    mail["X-MailerSend-Tags"] = '"order, štítek"'
    mail["X-Order"] = "12"
    with logged_in(emulator) as relay:
        assert relay.send_message(mail) == {}
        # The id is in the last reply, which smtplib gives only to those who ask for every step.
        relay.mail("shop@mail.example")
        relay.rcpt("ann@one.example")
        code, reply = relay.data(plain_mail().as_bytes())
    emails = emulator.emails()
    roles = {"ann@one.example": "to", "cc@two.example": "cc", "bcc@two.example": "bcc"}
    assert readers(emails[:3]) == roles, emails
    first = emails[0]
    assert first["via"] == "smtp" and first["from"] == mailbox("shop@mail.example", "Obchod, s.r.o."), first
    assert first["to"] == [mailbox("ann@one.example", "Lee, Ann")] and first["cc"] == [mailbox("cc@two.example")]
    assert first["reply_to"] == mailbox("help@mail.example", "Help"), first
    assert (first["subject"], first["text"]) == ("Objednávka", "Ahoj\n"), first
    assert first["tags"] == ["order", "štítek"] and first["headers"] == [["X-Order", "12"]], first
    message_id = emails[3]["message_id"]
    assert (code, reply.decode()) == (250, f"Message queued as {message_id}")
    with client(emulator) as sdk:
        read = sdk.messages.get_message(MessagesBuilder().message_id(message_id).build_get_request())["data"]
    assert read["emails"][0]["subject"] == "Objednávka", read


def with_files(emulator: Emulator) -> None:
    mail = plain_mail()
    mail.add_alternative('<p>Ahoj <img src="cid:logo@mail.example"></p>', subtype="html")
    html = mail.get_payload()[1]
    html.add_related(PNG, "image", "png", cid="<logo@mail.example>", filename="logo.png", disposition="inline")
    mail.add_attachment(CSV, maintype="text", subtype="csv", filename="smlouva č. 1.csv")
    with logged_in(emulator) as relay:
        relay.send_message(mail)
    [email] = emulator.emails()
    shown = [(file["filename"], file["inline"], file["id"], emulator.file(file)) for file in email["attachments"]]
    assert sorted(shown) == [
        ("logo.png", True, "logo@mail.example", PNG),
        ("smlouva č. 1.csv", False, None, CSV),
    ], shown
    assert (email["text"], email["html"]) == ("Ahoj\n", '<p>Ahoj <img src="cid:logo@mail.example"></p>\n'), email


def by_django(emulator: Emulator) -> None:
    host, port = emulator.submission
    mail = EmailMultiAlternatives(
        "Objednávka", "Ahoj", '"Obchod" <shop@mail.example>', ["ann@bücher.example"], bcc=["bob@one.example"]
    )
    mail.attach_alternative("<p>Ahoj</p>", "text/html")
    backend = EmailBackend(host=host, port=port, username="shop", password="sesame", use_tls=False)
    assert backend.send_messages([mail]) == 1
    emails = emulator.emails()
    assert readers(emails) == {"ann@xn--bcher-kva.example": "to", "bob@one.example": "bcc"}, emails
    assert (emails[0]["text"].rstrip(), emails[0]["html"].rstrip()) == ("Ahoj", "<p>Ahoj</p>"), emails


def refused(emulator: Emulator) -> None:
    mail = plain_mail()
    mail.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="a.exe")
    with logged_in(emulator) as relay:
        try:
            relay.send_message(mail)
        except smtplib.SMTPDataError as error:
            said = error.smtp_error.decode()
            assert error.smtp_code == 450 and said.startswith("The given data was invalid."), said
            assert "#MS42210" in said, said
        else:
            raise AssertionError("a program was accepted")
        relay.send_message(plain_mail())
    [email] = emulator.emails()
    assert email["attachments"] == [], email


def wrong_login(emulator: Emulator) -> None:
    with smtplib.SMTP(*emulator.submission, timeout=30) as relay:
        try:
            relay.send_message(plain_mail())
        except smtplib.SMTPSenderRefused as error:
            assert error.smtp_code == 530, error
        else:
            raise AssertionError("a mail was taken without a login")
    assert emulator.emails() == []


def arrives(emulator: Emulator) -> None:
    mail = plain_mail("orders@in.example")
    with smtplib.SMTP(*emulator.inbound, timeout=30) as server:
        assert server.send_message(mail, "ann@one.example", ["orders@in.example"]) == {}
    [received] = emulator.received()
    assert received["recipients"] == ["orders@in.example"] and received["sender"] == "ann@one.example", received


def nobody_listens(emulator: Emulator) -> None:
    with smtplib.SMTP(*emulator.inbound, timeout=30) as server:
        try:
            server.send_message(plain_mail(), "ann@one.example", ["nobody@elsewhere.example"])
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = error.recipients["nobody@elsewhere.example"]
            assert code == 550, error
        else:
            raise AssertionError("a mail was taken that no route wants")


def plain_mail(to: str = "ann@one.example") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = Address("Obchod, s.r.o.", addr_spec="shop@mail.example")
    mail["To"] = Address("Lee, Ann", addr_spec=to)
    mail["Subject"] = "Objednávka"
    mail.set_content("Ahoj")
    return mail


def logged_in(emulator: Emulator) -> smtplib.SMTP:
    relay = smtplib.SMTP(*emulator.submission, timeout=30)
    relay.login("shop", "sesame")
    return relay
