"""Scripted answers of the service: what MailerSend says, and what a proxy or a bad day makes of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from addresses import encoded
from capture import Response

JSON = "application/json"
HTML = "text/html; charset=UTF-8"
JSON_VARIANTS = ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8")
REASONS = ("hard_bounced", "spam_complaint", "unsubscribed", "blocklisted")


def response(rng: Random, addresses: list[str], bulk: bool) -> Response:
    """One answer for a message to `addresses`; `bulk` when it probably goes to the bulk endpoint."""
    table = _BULK if bulk else _EMAIL
    make = rng.choices(tuple(table), weights=tuple(table.values()))[0]
    return make(rng, addresses)


def queued(rng: Random, _: list[str]) -> Response:
    name = rng.choice(("X-Message-Id", "x-message-id", "X-MESSAGE-ID"))
    return {"status": 202, "headers": {"Content-Type": HTML, name: _identifier(rng)}, "body": ""}


def bulk_accepted(rng: Random, _: list[str]) -> Response:
    identifier: Any = rng.randrange(10**9) if rng.random() < 0.1 else _identifier(rng)
    return _json(202, {"message": "The bulk email is being processed.", "bulk_email_id": identifier})


def some_suppressed(rng: Random, addresses: list[str]) -> Response:
    chosen = [address for address in addresses if rng.random() < 0.4] or addresses[:1]
    if rng.random() < 0.1:
        chosen.append("stranger@nowhere.example")
    headers = {"X-Message-Id": _identifier(rng)}
    return _json(202, _warnings("SOME_SUPPRESSED", [_suppressed(rng, address) for address in chosen]), headers)


def all_suppressed(rng: Random, addresses: list[str]) -> Response:
    return _json(202, _warnings("ALL_SUPPRESSED", [_suppressed(rng, address) for address in addresses]))


def all_suppressed_but_one(rng: Random, addresses: list[str]) -> Response:
    return _json(202, _warnings("ALL_SUPPRESSED", [_suppressed(rng, address) for address in addresses[1:]]))


def with_json_parameters(rng: Random, addresses: list[str]) -> Response:
    made = rng.choice((some_suppressed, all_suppressed, bulk_accepted))(rng, addresses)
    made["headers"]["Content-Type"] = rng.choice(JSON_VARIANTS)
    return made


def other_success(rng: Random, _: list[str]) -> Response:
    status = rng.choice((200, 201, 202, 206))
    headers = {"Content-Type": "text/html", "X-Message-Id": _identifier(rng), "X-Send-Paused": "true"}
    return {"status": status, "headers": headers, "body": "accepted"}


def success_without_id(_: Random, __: list[str]) -> Response:
    return {"status": 202, "headers": {"Content-Type": HTML}, "body": ""}


def success_with_both_ids(rng: Random, _: list[str]) -> Response:
    return _json(202, {"bulk_email_id": _identifier(rng)}, {"X-Message-Id": _identifier(rng)})


def empty_message_id(rng: Random, _: list[str]) -> Response:
    return {"status": 202, "headers": {"Content-Type": HTML, "X-Message-Id": ""}, "body": ""}


def no_content_type(rng: Random, _: list[str]) -> Response:
    return {"status": 202, "headers": {"X-Message-Id": _identifier(rng)}, "body": ""}


def harmless_json(rng: Random, _: list[str]) -> Response:
    content: Any = rng.choice(({}, {"message": "ok"}, {"errors": [], "warnings": []}))
    return _json(202, content, {"X-Message-Id": _identifier(rng)})


def unexpected_json(rng: Random, addresses: list[str]) -> Response:
    content = rng.choice(
        (
            {"message": "odd", "errors": {"to": ["wrong"]}},
            {"warnings": [{"type": "NEW_KIND", "recipients": []}]},
            {"warnings": [{"type": "SOME_SUPPRESSED"}]},
            {"warnings": [{"type": "SOME_SUPPRESSED", "recipients": [{"name": "x"}]}]},
        )
    )
    return _json(202, content, {"X-Message-Id": _identifier(rng)})


def crashing_json(rng: Random, _: list[str]) -> Response:
    content: Any = rng.choice(([], None, 7, "text", {"warnings": [{"recipients": []}]}))
    return _json(202, content, {"X-Message-Id": _identifier(rng)})


def broken_json(rng: Random, _: list[str]) -> Response:
    headers = {"Content-Type": JSON, "X-Message-Id": _identifier(rng)}
    return {"status": 202, "headers": headers, "body": rng.choice(("", "{", "<html>", '{"message": "cut'))}


def refused(rng: Random, _: list[str]) -> Response:
    return rng.choice(
        (
            _json(400, {"message": "The bulk request sent is malformed. #MS40001"}),
            _json(401, {"message": "Unauthenticated."}),
            _json(403, {"message": "Your account is suspended, you can't do any more requests. #MS40304"}),
            _json(404, {"message": "Resource not found."}),
            _json(408, {"message": "Request timeout."}),
            _json(421, {"message": "The service isn't available, try again later."}),
            _json(422, _invalid_from(), {"Content-Type": rng.choice((JSON, *JSON_VARIANTS))}),
            {"status": 418, "headers": {"Content-Type": "text/plain; charset=iso-8859-1"}, "body_base64": "Y2Fm6Q=="},
        )
    )


def limited(rng: Random, _: list[str]) -> Response:
    minute = _json(
        429,
        {"message": "Your account reached its rate limit of 120 requests/min. #MS42903"},
        {"Retry-After": "17", "X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "120"},
    )
    day = _json(
        429,
        {"message": "Your account reached its API daily quota limit. Upgrade to increase it. #MS42901"},
        {"X-ApiQuota-Remaining": "0", "X-ApiQuota-Reset": "2030-01-01T00:00:00Z"},
    )
    return rng.choice((minute, day))


def server_trouble(rng: Random, _: list[str]) -> Response:
    page = "<html><head><title>Oops</title></head><body>žluťoučký kůň</body></html>"
    return rng.choice(
        (
            {"status": 500, "headers": {"Content-Type": "text/html"}, "body": page},
            {"status": 502, "headers": {"Content-Type": "text/html"}, "body": page},
            {"status": 503, "headers": {"Content-Type": "text/html", "Retry-After": "30"}, "body": ""},
            _json(504, {"message": "Gateway timeout"}),
        )
    )


def redirected(rng: Random, _: list[str]) -> Response:
    return {"status": rng.choice((302, 304)), "headers": {"Content-Type": "text/html"}, "body": ""}


_Maker = Callable[[Random, list[str]], Response]

_EMAIL: dict[_Maker, int] = {
    queued: 62,
    some_suppressed: 9,
    all_suppressed: 4,
    all_suppressed_but_one: 1,
    with_json_parameters: 4,
    other_success: 2,
    success_without_id: 1,
    success_with_both_ids: 1,
    empty_message_id: 1,
    no_content_type: 1,
    harmless_json: 2,
    unexpected_json: 1,
    crashing_json: 1,
    broken_json: 2,
    refused: 4,
    limited: 2,
    server_trouble: 2,
    redirected: 1,
    bulk_accepted: 1,
}
_BULK: dict[_Maker, int] = {
    bulk_accepted: 80,
    with_json_parameters: 5,
    queued: 3,
    refused: 4,
    limited: 4,
    server_trouble: 4,
}


def _identifier(rng: Random) -> str:
    return f"{rng.getrandbits(96):024x}"


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return {"status": status, "headers": {"Content-Type": JSON, **(headers or {})}, "json": content}


def _warnings(kind: str, recipients: list[dict[str, Any]]) -> dict[str, Any]:
    warning = {"type": kind, "warning": "Some or all recipients are suppressed.", "recipients": recipients}
    return {"message": "There are some warnings for your request.", "warnings": [warning]}


def _suppressed(rng: Random, address: str) -> dict[str, Any]:
    email = encoded(address)
    if rng.random() < 0.2:
        email = email.upper() if rng.random() < 0.5 else email.title()
    return {"email": email, "name": rng.choice((None, "", "Ann")), "reasons": [rng.choice(REASONS)]}


def _invalid_from() -> dict[str, Any]:
    sentence = "The from.email domain must be verified in your account to send emails. #MS42207"
    return {"message": sentence, "errors": {"from.email": [sentence]}}
