"""Looking into a case, and making changed copies of it."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import idna
from anymail.exceptions import AnymailInvalidAddress
from anymail.utils import EmailAddress, merge_dicts_deep, parse_address_list

from anymail_side import address_text

ADDRESS_LISTS = ("to", "cc", "bcc", "reply_to")
SINGLE_ADDRESSES = ("from", "envelope_sender")

Json = Any
Case = dict[str, Any]


def edited(case: Case, **message: Json) -> Case:
    """A copy whose message has these values, whatever the defaults say."""
    made = copy.deepcopy(case)
    for key, value in message.items():
        without_default(made, key)
        made["message"][key] = value
    return made


def without(case: Case, *keys: str) -> Case:
    """A copy whose message has no such keys, whatever the defaults say."""
    made = copy.deepcopy(case)
    for key in keys:
        without_default(made, key)
        made["message"].pop(key, None)
    return made


def without_default(case: Case, key: str) -> None:
    for defaults in ("send_defaults", "mailersend_send_defaults"):
        case["settings"][defaults].pop(key, None)


def default(case: Case, key: str) -> Json:
    settings = case["settings"]
    return {**settings["send_defaults"], **settings["mailersend_send_defaults"]}.get(key)


def last(case: Case, key: str) -> Json:
    """The value of a key whose default gives way to the message's own value."""
    message = case["message"]
    return message[key] if key in message else default(case, key)


def joined(case: Case, key: str) -> list[Json]:
    """The value of a list: the default's items, then the message's."""
    message = case["message"]
    if key in message and message[key] is None:
        return []
    return [*(default(case, key) or []), *message.get(key, [])]


def merged(case: Case, key: str) -> dict[str, Json] | None:
    """The value of a map whose top-level keys merge; None when neither side has one."""
    message = case["message"]
    own, base = message.get(key), default(case, key)
    if own is None:
        return None if key in message else base
    return {**(base or {}), **own}


def merged_merge_data(case: Case) -> dict[str, Json] | None:
    """Like `merged`, but each recipient's data merges too."""
    data = merged(case, "merge_data")
    base = default(case, "merge_data") or {}
    return data and {key: {**base.get(key, {}), **value} for key, value in data.items()}


def esp_extra(case: Case) -> dict[str, Json]:
    """The value of the map that merges at every depth."""
    own, base = case["message"].get("esp_extra", {}), default(case, "esp_extra") or {}
    return {} if own is None else merge_dicts_deep(base, own)


def header(case: Case, name: str) -> str | None:
    """The header's value under any spelling; the last one wins."""
    values = [value for key, value in (merged(case, "headers") or {}).items() if key.lower() == name.lower()]
    return values[-1] if values else None


def without_headers(case: Case, *names: str) -> Case:
    lower = {name.lower() for name in names}
    headers = merged(case, "headers") or {}
    return edited(case, headers={name: value for name, value in headers.items() if name.lower() not in lower})


def has_recipients(case: Case) -> bool:
    return any(joined(case, key) for key in ("to", "cc", "bcc"))


def address_items(case: Case) -> Iterator[tuple[str, Json]]:
    """Every address as given, with the key that holds it."""
    for key in SINGLE_ADDRESSES:
        if last(case, key) is not None:
            yield key, last(case, key)
    for key in ADDRESS_LISTS:
        for item in joined(case, key):
            yield key, item


def with_addresses_replaced(case: Case, change: dict[str, str]) -> Case:
    """A copy in which these address texts read otherwise."""

    def replaced(item: Json) -> Json:
        return change.get(item, item) if isinstance(item, str) else item

    made = copy.deepcopy(case)
    for key in SINGLE_ADDRESSES:
        if key in made["message"]:
            made["message"][key] = replaced(made["message"][key])
    for key in ADDRESS_LISTS:
        if made["message"].get(key):
            made["message"][key] = [replaced(item) for item in made["message"][key]]
    return made


def parsed(items: list[Json]) -> list[EmailAddress] | None:
    """The addresses in a list, or None when one of them is wrong."""
    try:
        return parse_address_list([address_text(item) for item in items])
    except AnymailInvalidAddress:
        return None


def travelling(address: str) -> str:
    """The address with its domain encoded, in lower case: what two spellings of one mailbox share."""
    local, at, domain = address.rpartition("@")
    with contextlib.suppress(idna.IDNAError):
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    return f"{local}{at}{domain}".lower()
