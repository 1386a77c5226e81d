"""The mails that the checks send."""

from __future__ import annotations

import base64
from typing import Any

from emulator import Emulator
from generate import PNG

Json = dict[str, Any]

SHOP = {"email": "shop@mail.example", "name": "Harbour Shop"}
ANN = {"email": "ann@one.example", "name": "Ann Archer"}


def message(**changes: Any) -> Json:
    """A small mail, with other values for some fields; `None` leaves one out."""
    plain = {"from": SHOP, "to": [ANN], "subject": "Hello", "text": "Hello there", "html": "<p>Hello <b>there</b></p>"}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def complete() -> Json:
    """A mail that has every tab there is."""
    return message(
        to=[ANN, {"email": "bob@two.example", "name": "Bob"}],
        cc=[{"email": "accounts@two.example", "name": "Accounts"}],
        subject="Your order {{ order }} has shipped",
        html='<h1>Thank you, {{ name }}</h1><p><a href="https://shop.example/track">Track it</a> or '
        '<a href="https://shop.example/help">ask</a>. {{ nobody }}</p>',
        text="Thank you, {{ name }}.",
        personalization=[
            {"email": ANN["email"], "data": {"name": "Ann", "order": "4711"}},
            {"email": "bob@two.example", "data": {"name": "Robert", "order": "4712"}},
        ],
        tags=["orders", "shipping"],
        headers=[{"name": "X-Order", "value": "4711"}],
        attachments=[
            {"filename": "invoice.csv", "content": encoded(b"item;price\nrope;12\n"), "disposition": "attachment"},
            {"filename": "logo.png", "content": encoded(PNG), "disposition": "attachment"},
        ],
    )


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def only(emulator: Emulator) -> str:
    """The id of the only email."""
    [email] = emulator.emails()
    return email["id"]


def of(emulator: Emulator, recipient: str) -> str:
    """The id of the newest email to this address."""
    return [email for email in emulator.emails() if email["recipient"]["email"] == recipient][-1]["id"]


def many(emulator: Emulator, count: int, subject: str = "Mail {}") -> None:
    """Sends so many mails, in requests of at most fifty."""
    for start in range(0, count, 50):
        people = [{"email": f"reader{i}@many.example"} for i in range(start, min(start + 50, count))]
        emulator.send(message(to=people, subject=subject.format(start // 50), html=None))
