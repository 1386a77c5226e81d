"""The intended differences between Mailferry and Anymail, each as a function that knows exactly its own.

Each function looks at what Anymail did with a case. Where its difference applies, it answers what Mailferry has to
do instead, otherwise None. Those of the first part let Anymail send a case that says plainly what the original meant,
or know that only an error is right. Those of the second part correct one detail of what came of that. They apply in
the order of `differences.toml`, which also says why each exists.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import email.utils
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import outcome
from addresses import STRICT_ONLY_ADDRESSES
from cases import (
    Case,
    address_items,
    default,
    edited,
    esp_extra,
    has_recipients,
    header,
    joined,
    last,
    merged,
    merged_merge_data,
    parsed,
    travelling,
    with_addresses_replaced,
    without,
    without_headers,
)
from generate import BULK_LIMIT
from outcome import Outcome

Json = Any
LISTING = Path(__file__).with_name("differences.toml")

#: Headers that never travel in the general `headers` field.
OWN_FIELD_HEADERS = ("Reply-To", "From", "To", "In-Reply-To", "Precedence")

#: The spellings that Anymail's documentation has and its code has not.
HYPHEN_KEYS = {"api-token": "api_token", "batch-send-mode": "batch_send_mode"}


@dataclass(frozen=True)
class View:
    """A case as Anymail saw it, what came of it, and the means to let Anymail see another."""

    case: Case
    outcome: Outcome
    send: Callable[[Case], Outcome]
    final: bool = False

    def resend(self, case: Case) -> View:
        return dataclasses.replace(self, case=case, outcome=self.send(case))

    def must_be(self, expected: Outcome) -> View:
        return dataclasses.replace(self, outcome=expected)

    def must_fail(self, category: str) -> View:
        """Refused before any request, and nothing else matters."""
        return dataclasses.replace(self, outcome=outcome.failure(category), final=True)


Rule = Callable[[View], View | None]


@dataclass(frozen=True)
class Difference:
    id: str
    behaviour: list[str]
    reason: str
    rule: Rule
    #: Why a run may do without an example of it; empty when it may not.
    rare: str = ""


def load() -> list[Difference]:
    listed = tomllib.loads(LISTING.read_text(encoding="utf-8"))
    return [
        Difference(
            entry["id"], entry["behaviour"], entry["reason"], globals()[entry["predicate"]], entry.get("rare", "")
        )
        for entry in [*listed["input"], *listed["outcome"]]
    ]


def expected(view: View, differences: list[Difference]) -> tuple[Outcome, list[str]]:
    """What Mailferry has to do, and which differences made it so."""
    seen = []
    for difference in differences:
        changed = difference.rule(view)
        if changed is None:
            continue
        if changed.outcome.canonical() != view.outcome.canonical():
            seen.append(difference.id)
        view = changed
        if view.final:
            break
    return view.outcome, seen


# Addresses


def line_break_in_address(view: View) -> View | None:
    texts = [text for _, item in address_items(view.case) if isinstance(item, str) for text in (item, _decoded(item))]
    return view.must_fail(outcome.INVALID_ADDRESS) if any(map(_has_line_break, texts)) else None


def lenient_python(view: View) -> View | None:
    if getattr(email.utils, "supports_strict_parsing", False):
        return None
    affected = [item for _, item in address_items(view.case) if item in STRICT_ONLY_ADDRESSES]
    return view.resend(with_addresses_replaced(view.case, dict.fromkeys(affected, "oops"))) if affected else None


def non_ascii_address_checked(view: View) -> View | None:
    affected = [item for _, item in address_items(view.case) if isinstance(item, str) and _wrong_as_ascii(item)]
    return view.resend(with_addresses_replaced(view.case, dict.fromkeys(affected, "oops"))) if affected else None


def _wrong_as_ascii(text: str) -> bool:
    plain = "".join(character if character.isascii() else "x" for character in text)
    return plain != text and "@" in text and parsed([plain]) is None


def every_address_checked(view: View) -> View | None:
    items = [item for _, item in address_items(view.case)]
    if has_recipients(view.case):
        items += filter(None, (header(view.case, name) for name in ("From", "Reply-To")))
    bouncing = parsed([last(view.case, "envelope_sender") or "one@x.example"])
    wrong = any(not _can_travel(item) for item in items) or (bouncing is not None and len(bouncing) > 1)
    return view.must_fail(outcome.INVALID_ADDRESS) if wrong else None


def _can_travel(item: Json) -> bool:
    found = parsed([item])
    return found is not None and all(travelling(address.addr_spec).rpartition("@")[2].isascii() for address in found)


def encoded_words_decoded(view: View) -> View | None:
    def change(message: dict[str, Json]) -> None:
        for mailbox in _mailboxes(message):
            if "=?" in mailbox.get("name", ""):
                mailbox["name"] = _decoded(mailbox["name"])

    return _with_bodies_changed(view, change)


def null_recipients(view: View) -> View | None:
    nulls = [key for key in ("to", "cc", "bcc") if view.case["message"].get(key, ()) is None]
    return view.resend(edited(view.case, **{key: [] for key in nulls})) if nulls else None


def recipients_from_defaults(view: View) -> View | None:
    keys = ("to", "cc", "bcc")
    if any(view.case["message"].get(key) for key in keys) or not any(joined(view.case, key) for key in keys):
        return None
    return view.resend(edited(view.case, **{key: joined(view.case, key) for key in keys}))


# Headers, subject and bodies


def line_break_in_text(view: View) -> View | None:
    headers = merged(view.case, "headers") or {}
    names = [item.get("filename") or "" for item in joined(view.case, "attachments")]
    texts = [last(view.case, "subject") or "", *headers, *map(str, headers.values()), *names]
    return view.must_fail(outcome.INVALID_MESSAGE) if any(map(_has_line_break, texts)) else None


def header_from_alone(view: View) -> View | None:
    value = header(view.case, "From")
    if value is None or last(view.case, "from") is not None:
        return None
    return view.resend(edited(without_headers(view.case, "From"), **{"from": value}))


def first_reply_to(view: View) -> View | None:
    if not view.case["settings"]["ignore_unsupported_features"]:
        return None
    value = header(view.case, "Reply-To")
    found = parsed([value] if value else joined(view.case, "reply_to"))
    if not found or len(found) < 2:
        return None
    return view.resend(
        edited(
            without_headers(view.case, "Reply-To"),
            reply_to=[{"email": found[0].addr_spec, "name": found[0].display_name}],
        )
    )


def header_values_as_text(view: View) -> View | None:
    headers = merged(view.case, "headers") or {}
    texts = {
        name: value if isinstance(value, str) else str(value) for name, value in headers.items() if value is not None
    }
    return view.resend(edited(view.case, headers=texts)) if texts != headers else None


def reply_to_header_overrides(view: View) -> View | None:
    """Where both together are supported, the header wins on either side."""
    overridden = parsed(joined(view.case, "reply_to"))
    if not header(view.case, "Reply-To") or not overridden or len(overridden) < 2:
        return None
    return view.resend(edited(view.case, reply_to=[]))


def in_reply_to_brackets(view: View) -> View | None:
    def change(message: dict[str, Json]) -> None:
        if message.get("in_reply_to"):
            message["in_reply_to"] = _bare(message["in_reply_to"])

    return _with_bodies_changed(view, change)


def _bare(message_id: str) -> str:
    return message_id[1:-1] if message_id.startswith("<") and message_id.endswith(">") else message_id


def custom_headers_refused(view: View) -> View | None:
    names = [name for name in merged(view.case, "headers") or {} if name.title() not in OWN_FIELD_HEADERS]
    if view.case["settings"]["custom_headers"] or not names or not has_recipients(view.case):
        return None
    if view.case["settings"]["ignore_unsupported_features"]:
        return view.resend(without_headers(view.case, *names))
    return view.must_fail(outcome.UNSUPPORTED)


def headers_with_own_fields(view: View) -> View | None:
    def change(message: dict[str, Json]) -> None:
        for item in list(message.get("headers") or []):
            if item["name"].lower() == "references":
                message["references"] = [_bare(reference) for reference in item["value"].split()]
            elif item["name"].lower() == "list-unsubscribe":
                message["list_unsubscribe"] = item["value"]
            else:
                continue
            message["headers"].remove(item)
        if message.get("headers") == []:
            del message["headers"]

    return _with_bodies_changed(view, change)


def template_without_empty_texts(view: View) -> View | None:
    if not last(view.case, "template_id"):
        return None

    def change(message: dict[str, Json]) -> None:
        for key in ("subject", "text", "html"):
            if message.get(key) == "":
                del message[key]

    return _with_bodies_changed(view, change)


def empty_template_id(view: View) -> View | None:
    return view.resend(edited(view.case, template_id=None)) if last(view.case, "template_id") == "" else None


def one_html(view: View) -> View | None:
    if view.case["message"].get("html") is None or default(view.case, "html") is None:
        return None
    return view.resend(edited(view.case, html=view.case["message"]["html"]))


# Attachments


def undecodable_text_unchanged(view: View) -> View | None:
    items = joined(view.case, "attachments")
    if not any(map(_undecodable, items)):
        return None
    return view.resend(
        edited(view.case, attachments=[_as_bytes(item) if _undecodable(item) else item for item in items])
    )


def _undecodable(item: dict[str, Json]) -> bool:
    """Whether nothing has to be converted, or nobody knows how, and yet the bytes are not what they are said to be."""
    kind, _, parameters = item.get("content_type", "").partition(";")
    if not kind.startswith("text/") or "content" not in item:
        return False
    charset = parameters.partition("charset=")[2] or "utf-8"
    try:
        base64.b64decode(item["content"]).decode(charset)
    except LookupError:
        return True
    except UnicodeDecodeError:
        return charset in ("utf-8", "us-ascii")
    return False


def _as_bytes(item: dict[str, Json]) -> dict[str, Json]:
    extensions = {"text/plain": ".txt", "text/csv": ".csv", "text/html": ".html"}
    name = item.get("filename") or "attachment" + extensions[item["content_type"].partition(";")[0]]
    return {**item, "filename": name, "content_type": "application/octet-stream"}


def inline_without_content_id(view: View) -> View | None:
    def change(message: dict[str, Json]) -> None:
        for attachment in message.get("attachments") or []:
            if attachment.get("id") == "":
                del attachment["id"]

    return _with_bodies_changed(view, change)


def unknown_type_without_name(view: View) -> View | None:
    def change(message: dict[str, Json]) -> None:
        for attachment in message.get("attachments") or []:
            if not attachment["filename"]:
                attachment["filename"] = "attachment.bin"

    return _with_bodies_changed(view, change)


# Options and merge data


def bad_send_time(view: View) -> View | None:
    value = last(view.case, "send_at")
    if not isinstance(value, str):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return view.must_fail(outcome.INVALID_MESSAGE)
    return None


def empty_unsupported_maps(view: View) -> View | None:
    empty = [key for key in ("metadata", "merge_metadata") if merged(view.case, key) == {}]
    if not empty:
        return None
    case = without(view.case, *empty)
    if "merge_metadata" in empty and merged(case, "merge_data") is None:
        case = edited(case, merge_data={})
    return view.resend(case)


def null_merge_headers(view: View) -> View | None:
    if view.case["message"].get("merge_headers", ()) is not None:
        return None
    return view.resend(without(view.case, "merge_headers"))


def merge_data_not_a_map(view: View) -> View | None:
    values = (merged(view.case, "merge_data") or {}).values()
    return view.must_fail(outcome.INVALID_MESSAGE) if any(not isinstance(value, dict) for value in values) else None


def merge_data_by_natural_address(view: View) -> View | None:
    data = merged_merge_data(view.case)
    if not data:
        return None
    by_mailbox = {travelling(key): value for key, value in data.items()}
    sent = [to["email"] for message in _bodies(view.outcome) for to in message.get("to") or []]
    found = {
        address: by_mailbox[travelling(address)]
        for address in sent
        if address not in data and travelling(address) in by_mailbox
    }
    return view.resend(edited(view.case, merge_data={**data, **found})) if found else None


def merge_data_without_to(view: View) -> View | None:
    if view.outcome.category != outcome.CRASH or joined(view.case, "to") or "to" in esp_extra(view.case):
        return None
    return view.resend(without(view.case, "merge_data", "merge_global_data", "merge_metadata", "merge_headers"))


def bulk_in_parts(view: View) -> View | None:
    requests = view.outcome.requests
    if len(requests) != 1 or not isinstance(requests[0]["body"], list) or len(requests[0]["body"]) <= BULK_LIMIT:
        return None
    messages = requests[0]["body"]
    parts = [messages[start : start + BULK_LIMIT] for start in range(0, len(messages), BULK_LIMIT)]
    ids = [f"bulk:{answer['json']['bulk_email_id']}" for answer in view.case["responses"][: len(parts)]]
    copies = [mailbox["email"] for key in ("cc", "bcc") for mailbox in messages[0].get(key, [])]
    owners = {message["to"][0]["email"]: identifier for part, identifier in zip(parts, ids) for message in part}
    owners |= dict.fromkeys(copies, ids[0])
    recipients = {address: {"status": "unknown", "message_id": identifier} for address, identifier in owners.items()}
    result = outcome.result(["unknown"], ids, recipients)
    return view.must_be(Outcome([{**requests[0], "body": part} for part in parts], result))


# esp_extra


def hyphen_keys(view: View) -> View | None:
    extra = esp_extra(view.case)
    given = [key for key in HYPHEN_KEYS if key in extra]
    if not given or not has_recipients(view.case):
        return None
    if any(extra.get(HYPHEN_KEYS[key], extra[key]) != extra[key] for key in given):
        return view.must_fail(outcome.INVALID_MESSAGE)
    return view.resend(edited(view.case, esp_extra={HYPHEN_KEYS.get(key, key): value for key, value in extra.items()}))


def null_token(view: View) -> View | None:
    extra = dict(esp_extra(view.case))
    if extra.pop("api_token", "") is not None:
        return None
    return view.resend(edited(view.case, esp_extra=extra))


def unknown_batch_mode(view: View) -> View | None:
    mode = esp_extra(view.case).get("batch_send_mode")
    if mode in (None, "use-bulk-email", "expose-to-list") or not has_recipients(view.case):
        return None
    return view.must_fail(outcome.INVALID_MESSAGE)


# Answers


def json_with_parameters(view: View) -> View | None:
    def change(response: dict[str, Json]) -> None:
        kind = response["headers"].get("Content-Type", "")
        if kind.partition(";")[0].strip().lower() == "application/json":
            response["headers"]["Content-Type"] = "application/json"

    return _with_responses_changed(view, change)


def answer_without_content_type(view: View) -> View | None:
    def change(response: dict[str, Json]) -> None:
        response["headers"].setdefault("Content-Type", "application/json" if "json" in response else "text/html")

    return _with_responses_changed(view, change)


def empty_message_id(view: View) -> View | None:
    def change(response: dict[str, Json]) -> None:
        if response["headers"].get("X-Message-Id") == "":
            del response["headers"]["X-Message-Id"]

    return _with_responses_changed(view, change)


def suppressed_under_encoded_domain(view: View) -> View | None:
    found = parsed([item for key in ("to", "cc", "bcc") for item in joined(view.case, key)])
    natural = {travelling(address.addr_spec): address.addr_spec for address in reversed(found or [])}

    def change(response: dict[str, Json]) -> None:
        for suppressed in _suppressed(response):
            same = natural.get(travelling(suppressed.get("email", "")))
            if same and not same.isascii():
                suppressed["email"] = same

    return _with_responses_changed(view, change)


def unexpected_json(view: View) -> View | None:
    if view.outcome.category != outcome.CRASH or not view.outcome.requests:
        return None
    status = view.case["responses"][0]["status"]
    return view.must_be(outcome.failure(outcome.API_ERROR, view.outcome.requests, status))


def one_mailbox_one_status(view: View) -> View | None:
    """Which spelling is the first is in the order of Anymail's own recipients."""
    result = view.outcome.result
    if not result:
        return None
    recipients: dict[str, Json] = {}
    spellings: dict[str, str] = {}
    for address, status in result["recipients"].items():
        first = spellings.setdefault(travelling(address), address)
        if first not in recipients or status["status"] == "rejected":
            recipients[first] = status
    if recipients == result["recipients"]:
        return None
    statuses = {status["status"] for status in recipients.values()}
    if statuses == {"rejected"} and not view.case["settings"]["ignore_recipient_status"]:
        return view.must_be(outcome.failure(outcome.REFUSED, view.outcome.requests))
    ids = [status["message_id"] for status in recipients.values()]
    return view.must_be(Outcome(view.outcome.requests, outcome.result(statuses, ids, recipients)))


def null_among_message_ids(view: View) -> View | None:
    result = view.outcome.result
    if not result or not isinstance(result["message_id"], list) or None not in result["message_id"]:
        return None
    ids = [message_id for message_id in result["message_id"] if message_id is not None]
    return view.must_be(Outcome(view.outcome.requests, outcome.result(result["status"], ids, result["recipients"])))


def _suppressed(response: dict[str, Json]) -> Iterator[dict[str, Json]]:
    content = response.get("json")
    warnings = content.get("warnings") if isinstance(content, dict) else None
    for warning in warnings or []:
        yield from warning.get("recipients", [])


# Tools


def _has_line_break(text: str) -> bool:
    return any(character in text for character in "\r\n\0")


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeError, ValueError):
        return text


def _bodies(result: Outcome) -> list[dict[str, Json]]:
    """The messages in all requests, whichever endpoint they went to."""
    bodies = [request["body"] for request in result.requests]
    return [message for body in bodies for message in (body if isinstance(body, list) else [body])]


def _mailboxes(message: dict[str, Json]) -> Iterator[dict[str, str]]:
    for key in ("from", "reply_to"):
        if message.get(key):
            yield message[key]
    for key in ("to", "cc", "bcc"):
        yield from message.get(key) or []


def _with_bodies_changed(view: View, change: Callable[[dict[str, Json]], None]) -> View | None:
    changed = copy.deepcopy(view.outcome)
    for message in _bodies(changed):
        change(message)
    return view.must_be(changed) if changed.requests != view.outcome.requests else None


def _with_responses_changed(view: View, change: Callable[[dict[str, Json]], None]) -> View | None:
    case = copy.deepcopy(view.case)
    for response in case["responses"]:
        change(response)
    return view.resend(case) if case["responses"] != view.case["responses"] else None
