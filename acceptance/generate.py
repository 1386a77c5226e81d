"""The seeded generator: the same seed and index always make the same case.

A case is one JSON object:

    {"id": "SEED-INDEX", "settings": {...}, "message": {...}, "responses": [{...}]}

`message` is in the interchange form; `{FILES}` in an attachment's path stands for the folder that `FILES` is
written to. Settings come from a small number of profiles, so that many messages can share one process.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import addresses
import responses
from capture import mark

PROFILES = 24
BULK_LIMIT = 500

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
LATIN_1 = "pièce jointe n°1\r\n".encode("latin-1")

#: Files that messages attach by path.
FILES = {
    "report.csv": "name;total\r\nŽofie;12\r\n".encode(),
    "logo.png": PNG,
    "empty.txt": b"",
    "smlouva č. 1.txt": "Dobrý den\n".encode(),
    "latin1.txt": LATIN_1,
    "data.unknownext": bytes(range(256)),
}

SUBJECTS = (
    "Your order",
    "Order {{ order_no }} has shipped",
    "Příliš žluťoučký kůň",
    "注文の確認 🎉",
    'Quotes " and \\ backslashes',
    "x" * 1100,
    "  padded  ",
    "عربى / עברית",
)
TEXTS = (
    "Hello\n",
    "Hello {{ name }},\r\nit has shipped.\r\n",
    "Ahoj, světe! 👋\n\n-- \nObchod",
    "tab\tand\u2028separator and \\u0041",
    "line\n" * 300,
    "a single line without an end",
)
HTMLS = (
    "<p>Hello</p>",
    "<h1>Objednávka</h1><p>{{ name }} &amp; co.</p>",
    '<img src="cid:logo@inline"><a href="https://x.example/?a=1&b=2">x</a>',
    "<!doctype html>\n<html><body>" + "<p>long</p>" * 200 + "</body></html>",
)
SIMPLE_HEADERS = {
    "X-Campaign": "spring",
    "X-Unicode": "žluťoučký",
    "x-lower-case": "1",
    "X-Empty": "",
    "Auto-Submitted": "auto-generated",
    "Organization": "Shop, Inc.",
}
THREAD_HEADERS = {
    "In-Reply-To": ("abc@mail.example", "<abc@mail.example>"),
    "Precedence": ("bulk", "Bulk", "LIST", "junk", "first-class", "", " bulk"),
    "References": ("<a@mail.example>", "<a@mail.example> <b@mail.example>"),
    "List-Unsubscribe": ("<https://x.example/u/1>", "<mailto:u@x.example>, <https://x.example/u>"),
}
#: Types with a well-known extension, and some without.
KNOWN_TYPES = (
    "text/plain",
    "text/html",
    "text/csv",
    "image/png",
    "image/jpeg",
    "application/pdf",
    "application/octet-stream",
    "message/rfc822",
    "application/json",
    "text/calendar",
    "application/zip",
    "audio/mpeg",
    "video/mp4",
    "image/svg+xml",
    "image/webp",
    "application/msword",
)
UNKNOWN_TYPES = ("application/x-unheard-of", "x-own/type")
FILENAMES = (
    "invoice.pdf",
    "a b.csv",
    "smlouva č. 1.txt",
    "請求書.pdf",
    "archive.tar.gz",
    "noextension",
    "UPPER.TXT",
    "logo.png",
)

TIME_ZONES = ("UTC", "America/Los_Angeles", "Asia/Tokyo", "Europe/Prague")
SEND_TIMES: tuple[Any, ...] = (
    "2030-03-04T05:06:07.999+06:00",
    "2030-03-04T05:06:07Z",
    "2030-03-04T05:06:07-09:30",
    "2030-07-01",
    "2030-12-31",
    "2030-03-04T05:06:07",
    "2030-03-10T02:30:00",
    "2030-11-03T01:30:00",
    "1969-12-31T23:59:58.5Z",
    1893456000,
    1893456000.9,
    0,
    -1.5,
    1,
)
BAD_SEND_TIMES = ("tomorrow", "", "2030-13-45", "05:06:07")

#: Which profiles have which default for certain, so that every seed has every kind.
SURE_DEFAULTS = {
    1: "to",
    5: "html",
    7: "merge_data",
    11: "to",
    13: "headers",
    17: "template_id",
    19: "esp_extra",
    23: "html",
}

Json = Any
Case = dict[str, Any]


def generate_case(seed: int, index: int) -> Case:
    rng = Random(f"{seed}/{index}")
    settings = profile(seed, index % PROFILES)
    draft = Draft(rng, settings)
    _compose(draft)
    _mark(draft.message, mark(index))
    return {
        "id": f"{seed}-{index}",
        "settings": settings,
        "message": draft.message,
        "responses": _responses(draft),
    }


@dataclass
class Draft:
    """A message being made up, with what later parts need to know of earlier ones."""

    rng: Random
    settings: dict[str, Json]
    message: dict[str, Json] = field(default_factory=dict)
    to: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    @property
    def recipients(self) -> list[str]:
        return self.to + self.others


# Profiles


def profile(seed: int, number: int) -> dict[str, Json]:
    """The settings of every case whose index leaves this remainder. The first profile is all defaults."""
    rng = Random(f"{seed}/profile/{number}")
    settings: dict[str, Json] = {
        "batch_send_mode": (None, "use-bulk-email", "expose-to-list")[number % 3],
        "ignore_unsupported_features": number % 4 == 1,
        "ignore_recipient_status": number % 5 == 2,
        "custom_headers": number % 8 != 6,
        "time_zone": TIME_ZONES[number % 7 % 4],
        "api_url_slash": number % 2 == 0,
        "spelled": ("file", "environment")[number // 2 % 2],
        "send_defaults": {},
        "mailersend_send_defaults": {},
    }
    if number % 2 == 1:
        settings["send_defaults"] = _defaults(rng, settings["ignore_unsupported_features"], SURE_DEFAULTS.get(number))
    if number % 6 == 3:
        settings["mailersend_send_defaults"] = _defaults(rng, settings["ignore_unsupported_features"])
    return settings


def _defaults(rng: Random, ignoring: bool, sure: str | None = None) -> dict[str, Json]:
    choices: dict[str, Callable[[], Json]] = {
        "from": lambda: "Default Shop <default@shop.example>",
        "to": lambda: ["default-to@one.example"],
        "cc": lambda: ["Default Cc <default-cc@one.example>"],
        "bcc": lambda: ["audit@shop.example"],
        "reply_to": lambda: ["support@shop.example"],
        "subject": lambda: "Default subject",
        "text": lambda: "Default text",
        "html": lambda: "<p>Default html</p>",
        "headers": lambda: {"X-Campaign": "default", "X-Default": "1"},
        "attachments": lambda: [_plain_attachment(rng)],
        "tags": lambda: ["default", "shop"],
        "track_opens": lambda: rng.random() < 0.5,
        "track_clicks": lambda: rng.random() < 0.5,
        "send_at": lambda: 1924988400,
        "template_id": lambda: "default-template",
        "merge_data": lambda: {"ann@one.example": {"name": "Default Ann", "kept": {"deep": [1, 2]}}},
        "merge_global_data": lambda: {"site": "Default site", "plan": "Free"},
        "esp_extra": lambda: {"settings": {"track_content": True}, "language": "de"},
    }
    if ignoring:
        choices["metadata"] = lambda: {"origin": "default"}
        choices["envelope_sender"] = lambda: "bounces@shop.example"
    weights = {"to": 0.15, "merge_data": 0.12, "reply_to": 0.1, "html": 0.2, "template_id": 0.15}
    return {key: make() for key, make in choices.items() if key == sure or rng.random() < weights.get(key, 0.25)}


# Messages


def _compose(draft: Draft) -> None:
    if draft.settings["batch_send_mode"] == "use-bulk-email" and draft.chance(0.012):
        _compose_huge_batch(draft)
        return
    for part in (_from, _recipients, _reply_to, _bodies, _headers, _attachments, _options, _merge, _esp_extra):
        part(draft)
    if draft.chance(0.13):
        draft.rng.choice(MISTAKES)(draft)


def _compose_huge_batch(draft: Draft) -> None:
    """More recipients than one bulk request may hold."""
    draft.to = [f"customer{number}@many.example" for number in range(BULK_LIMIT + draft.rng.choice((1, 100, 501)))]
    draft.message = {
        "from": "shop@mail.example",
        "to": list(draft.to),
        "subject": "To all of you",
        "text": "Hello {{ name }}",
        "merge_data": {address: {"name": address.split("@")[0]} for address in draft.to[::7]},
        "merge_global_data": {"site": "Shop"},
    }
    identifiers = [f"{draft.rng.getrandbits(96):024x}" for _ in range(3)]
    draft.answers = [
        {"status": 202, "headers": {"Content-Type": "application/json"}, "json": {"bulk_email_id": identifier}}
        for identifier in identifiers
    ]


def _from(draft: Draft) -> None:
    roll = draft.rng.random()
    if roll < 0.60:
        draft.message["from"] = "Shop <shop@mail.example>"
    elif roll < 0.90:
        draft.message["from"] = addresses.single_entry(draft.rng).value
    elif roll < 0.93:
        draft.message["from"] = "a@mail.example, Bee <b@mail.example>"
    elif roll < 0.96:
        draft.message["from"] = None


def _recipients(draft: Draft) -> None:
    draft.to = _list(draft, "to", draft.rng.choice((1, 1, 1, 1, 2, 2, 3, 5)), 0.94)
    draft.others = _list(draft, "cc", draft.rng.choice((1, 1, 2)), 0.2) + _list(draft, "bcc", 1, 0.15)


def _list(draft: Draft, key: str, count: int, probability: float) -> list[str]:
    if not draft.chance(probability):
        if draft.chance(0.03):
            draft.message[key] = draft.rng.choice((None, []))
        return []
    entries = [addresses.entry(draft.rng) for _ in range(count)]
    if draft.chance(0.04):
        entries.append(addresses.again(draft.rng, entries[0]))
    draft.message[key] = [entry.value for entry in entries]
    return [address for entry in entries for address in entry.addresses]


def _reply_to(draft: Draft) -> None:
    _list(draft, "reply_to", draft.rng.choice((1, 1, 1, 1, 2)), 0.2)


def _bodies(draft: Draft) -> None:
    message = draft.message
    for key, choices, probability in (("subject", SUBJECTS, 0.93), ("text", TEXTS, 0.85), ("html", HTMLS, 0.5)):
        if draft.chance(probability):
            message[key] = draft.rng.choice(choices)
        elif draft.chance(0.3):
            message[key] = draft.rng.choice((None, ""))
    if draft.chance(0.1):
        message["template_id"] = draft.rng.choice(("0r83ql3vxvgzw1jm", "jy7zpl9x", None, ""))
        for key in ("subject", "text"):
            if draft.chance(0.4):
                message[key] = draft.rng.choice(("", None))


def _headers(draft: Draft) -> None:
    headers: dict[str, Json] = {}
    if draft.chance(0.15):
        names = draft.rng.sample(tuple(SIMPLE_HEADERS), draft.rng.randint(1, 3))
        headers.update({name: SIMPLE_HEADERS[name] for name in names})
    for name, values in THREAD_HEADERS.items():
        if draft.chance(0.05):
            headers[_any_case(draft.rng, name)] = draft.rng.choice(values)
    if draft.chance(0.02):
        headers |= draft.rng.choice(
            ({"X-Number": 7, "X-Half": 0.5}, {"X-None": None, "X-Text": "t"}, {"Precedence": 1})
        )
    if draft.chance(0.03):
        headers |= {"X-Twice": "first", "X-Between": "between", "x-twice": "second"}
    if draft.chance(0.5 if len(draft.message.get("reply_to") or []) > 1 else 0.03):
        headers[_any_case(draft.rng, "Reply-To")] = draft.rng.choice(
            ("", "r@x.example", "R <r@x.example>, s@x.example")
        )
    if draft.chance(0.02 if draft.message.get("from") else 0.12):
        headers[_any_case(draft.rng, "From")] = "Visible <visible@mail.example>"
    if draft.chance(0.02):
        headers[_any_case(draft.rng, "To")] = "everyone@x.example"
    if headers or draft.chance(0.02):
        draft.message["headers"] = headers


def _any_case(rng: Random, name: str) -> str:
    return rng.choice((name, name, name.lower(), name.upper()))


def _attachments(draft: Draft) -> None:
    if draft.chance(0.25):
        count = draft.rng.choice((1, 1, 2, 3))
        draft.message["attachments"] = [_attachment(draft.rng) for _ in range(count)]


def _attachment(rng: Random) -> dict[str, Json]:
    return rng.choices((_plain_attachment, _file_attachment, _inline_attachment, _text_attachment), (5, 2, 4, 3))[0](
        rng
    )


def _plain_attachment(rng: Random) -> dict[str, Json]:
    made: dict[str, Json] = {"content": _base64(rng.choice((b"", PNG, b"%PDF-1.4 small", bytes(range(256)))))}
    kind = rng.choice([t for t in KNOWN_TYPES if not t.startswith("text/")] + 2 * list(UNKNOWN_TYPES))
    shape = rng.choice(("both", "both", "name", "type", "neither", "empty name"))
    if shape in ("both", "name"):
        made["filename"] = rng.choice([name for name in FILENAMES if "txt" not in name.lower() and "csv" not in name])
    if shape in ("both", "type", "empty name"):
        made["content_type"] = kind
    if shape == "empty name":
        made["filename"] = ""
    return made


def _file_attachment(rng: Random) -> dict[str, Json]:
    made: dict[str, Json] = {"path": "{FILES}/" + rng.choice(tuple(FILES))}
    if rng.random() < 0.3:
        made |= {"path": "{FILES}/logo.png", "content_id": "logo@inline", "inline": True}
    return made


def _inline_attachment(rng: Random) -> dict[str, Json]:
    made: dict[str, Json] = {
        "content_type": rng.choice(("image/png", "image/jpeg", "image/svg+xml")),
        "content": _base64(PNG),
    }
    if rng.random() < 0.6:
        made["filename"] = rng.choice(("logo.png", "Obrázek 1.jpg"))
    if rng.random() < 0.8:
        made["content_id"] = rng.choice(("logo@inline", "<logo@inline>", "logo", "img.1@shop.example"))
    if "content_id" not in made or rng.random() < 0.85:
        made["inline"] = rng.random() < 0.9 or "content_id" not in made
    return made


def _text_attachment(rng: Random) -> dict[str, Json]:
    kind, content = rng.choice(
        (
            ("text/plain", "Dobrý den\r\n".encode()),
            ("text/csv", b"a,b\n1,2\n"),
            ("text/html", "<p>Příloha</p>".encode()),
            ("text/plain; charset=utf-8", "Dobrý den".encode()),
            ("text/plain; charset=utf-8", LATIN_1),
            ("text/plain; charset=iso-8859-1", LATIN_1),
            ("text/plain; charset=utf-16", "Dobrý den".encode("utf-16")),
            ("text/csv; charset=windows-1250", "Žofie;1".encode("cp1250")),
            ("text/plain; charset=us-ascii", b"plain\n"),
            ("text/plain; charset=us-ascii", "not ASCII: é".encode()),
            ("text/plain; charset=x-klingon", LATIN_1),
            ("text/plain", LATIN_1),
            ("text/plain", b""),
        )
    )
    made = {"content_type": kind, "content": _base64(content)}
    if rng.random() < 0.7:
        made["filename"] = rng.choice(("notes.txt", "smlouva č. 1.txt", "list.csv"))
    return made


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _options(draft: Draft) -> None:
    message, rng = draft.message, draft.rng
    if draft.chance(0.25):
        message["tags"] = rng.choice(
            (["order"], ["order", "eu", "order"], ["štítek", "with space"], [], None, ["t"] * 7)
        )
    for key in ("track_opens", "track_clicks"):
        if draft.chance(0.15):
            message[key] = rng.choice((True, False, False, None))
    if draft.chance(0.12):
        message["send_at"] = _moment(rng) if draft.chance(0.4) else rng.choice((*SEND_TIMES, None))
    unsupported = 0.12 if draft.settings["ignore_unsupported_features"] else 0.025
    if draft.chance(unsupported):
        message["metadata"] = rng.choice(({"order": "1"}, {"n": 1, "deep": {"x": [True]}}, {}, None))
    if draft.chance(unsupported):
        message["envelope_sender"] = rng.choice(("bounces@mail.example", "B <b@mail.example>", None))


def _moment(rng: Random) -> str:
    date = f"{rng.randint(1971, 2037)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    time = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    return f"{date}T{time}{rng.choice(('', '', 'Z', '.25Z', '+05:45', '-03:30', '.999999+02:00'))}"


def _merge(draft: Draft) -> None:
    message, rng = draft.message, draft.rng
    if draft.chance(0.22):
        message["merge_data"] = None if draft.chance(0.05) else _merge_data(draft)
    if draft.chance(0.16):
        message["merge_global_data"] = rng.choice((_values(rng), _values(rng), {}, None))
    unsupported = 0.08 if draft.settings["ignore_unsupported_features"] else 0.015
    for key, value in (("merge_metadata", {"order": "1"}), ("merge_headers", {"X-Order": "1"})):
        if draft.chance(unsupported):
            owner = (draft.to or ["ann@one.example"])[0]
            message[key] = rng.choice(({owner: value}, {owner: value}, {}, None))


def _merge_data(draft: Draft) -> dict[str, Json]:
    data: dict[str, Json] = {}
    taken: set[str] = set()
    for address in [*draft.to, *draft.others, "stranger@nowhere.example"]:
        if addresses.encoded(address).lower() not in taken and draft.chance(0.75):
            taken.add(addresses.encoded(address).lower())
            data[_merge_key(draft.rng, address)] = _values(draft.rng)
    return data


def _merge_key(rng: Random, address: str) -> str:
    roll = rng.random()
    if roll < 0.75:
        return address
    return addresses.encoded(address) if roll < 0.87 else address.swapcase() if address.isascii() else address


def _values(rng: Random) -> dict[str, Json]:
    choices: dict[str, Json] = {
        "name": rng.choice(("Ann", "Žofie", "", "<b>Bob</b>")),
        "plan": rng.choice(("Free", "Pro", None)),
        "order_no": rng.choice((1, -7, 2**53, 12.5, 0.1, 1e21, "A-1")),
        "ok": rng.random() < 0.5,
        "items": [{"sku": "a", "n": 1}, {"sku": "ž", "n": 2.5}, [], {}],
        "deep": {"a": {"b": {"c": [None, True, {"d": "e"}]}}},
        "site": "S",
    }
    return {key: choices[key] for key in rng.sample(tuple(choices), rng.randint(0, 4))}


def _esp_extra(draft: Draft) -> None:
    if not draft.chance(0.2):
        return
    rng = draft.rng
    choices: tuple[dict[str, Json], ...] = (
        {"settings": {"track_content": True}},
        {"settings": {"track_clicks": False, "track_opens": True}},
        {"language": "fr"},
        {"tags": ["replaced"]},
        {"tags": None},
        {"from": {"name": "Renamed"}},
        {"from": {"email": "other@mail.example"}},
        {"to": [{"email": "Replaced@one.example"}, {"email": "second@two.example", "name": "S"}]},
        {"cc": [{"email": "replaced-cc@one.example"}]},
        {"reply_to": {"email": "replaced-reply@one.example"}},
        {"personalization": [{"email": "ann@one.example", "data": {"x": 1}}]},
        {"in_reply_to": None},
        {"unheard_of": {"deep": {"list": [1, {"x": "ž"}], "null": None}}},
        {"api_token": "message-token"},
        {"api-token": "hyphen-token"},
        {"api_token": None},
        {"batch_send_mode": "use-bulk-email"},
        {"batch_send_mode": "expose-to-list"},
        {"batch-send-mode": "use-bulk-email"},
        {"batch-send-mode": "expose-to-list"},
        {"batch_send_mode": None},
        {"precedence_bulk": True},
        {},
    )
    draft.message["esp_extra"] = {
        key: value for part in rng.sample(choices, rng.choice((1, 1, 2))) for key, value in part.items()
    }
    if draft.chance(0.03):
        draft.message["esp_extra"] = None


# Mistakes: each spoils one thing


def _bad_recipient(draft: Draft) -> None:
    key = draft.rng.choice(("to", "to", "cc", "bcc", "reply_to"))
    value = draft.rng.choice(addresses.BAD_ADDRESSES + addresses.STRICT_ONLY_ADDRESSES)
    good = draft.message.get(key) or ["good@one.example"]
    draft.message[key] = draft.rng.choice(([value, *good], [*good, value]))


def _bad_sender(draft: Draft) -> None:
    draft.message["from"] = draft.rng.choice((*addresses.BAD_ADDRESSES, *addresses.STRICT_ONLY_ADDRESSES, "", " "))


def _bad_envelope_sender(draft: Draft) -> None:
    draft.message["envelope_sender"] = draft.rng.choice(("oops", "b@x.example, c@x.example"))


def _bad_header_address(draft: Draft) -> None:
    name = draft.rng.choice(("Reply-To", "From"))
    draft.message["headers"] = {name: draft.rng.choice(("nobody", "a..b@x.example"))}


def _empty_recipient(draft: Draft) -> None:
    draft.message["to"] = ["good@one.example", ""]


def _unchecked_address(draft: Draft) -> None:
    draft.message["to"] = ["good@one.example", draft.rng.choice(addresses.UNCHECKED_ADDRESSES)]


def _line_break_in_address(draft: Draft) -> None:
    key = draft.rng.choice(("to", "cc", "reply_to"))
    draft.message[key] = [draft.rng.choice(addresses.LINE_BREAK_ADDRESSES)]


def _line_break_in_subject(draft: Draft) -> None:
    draft.message["subject"] = draft.rng.choice(("Hi\r\nBcc: e@x.example", "Hi\nthere", "nul\0byte"))


def _line_break_in_header(draft: Draft) -> None:
    draft.message["headers"] = draft.rng.choice(
        ({"X-A": "a\r\nBcc: e@x.example"}, {"X-A\r\nBcc": "e"}, {"X-A": "nul\0"})
    )


def _line_break_in_filename(draft: Draft) -> None:
    name = draft.rng.choice(("a\r\nb.txt", "a\0.pdf"))
    draft.message["attachments"] = [{"filename": name, "content_type": "application/pdf", "content": "YQ=="}]


def _bad_send_time(draft: Draft) -> None:
    draft.message["send_at"] = draft.rng.choice(BAD_SEND_TIMES)


def _merge_data_not_a_map(draft: Draft) -> None:
    draft.message["merge_data"] = {(draft.to or ["ann@one.example"])[0]: draft.rng.choice(("text", 7, None, [1]))}


def _unknown_batch_mode(draft: Draft) -> None:
    draft.message["esp_extra"] = {"batch_send_mode": "nonsense"}


MISTAKES: tuple[Callable[[Draft], None], ...] = (
    _bad_recipient,
    _bad_recipient,
    _bad_recipient,
    _bad_sender,
    _bad_envelope_sender,
    _bad_header_address,
    _empty_recipient,
    _unchecked_address,
    _line_break_in_address,
    _line_break_in_subject,
    _line_break_in_header,
    _line_break_in_filename,
    _bad_send_time,
    _merge_data_not_a_map,
    _unknown_batch_mode,
)


# Finishing


def _mark(message: dict[str, Json], text: str) -> None:
    """Puts the mark where both sides send it: in a text that is there anyway, else in one more recipient."""
    for key in ("subject", "text"):
        if message.get(key):
            message[key] += f" {text}"
            return
    message["cc"] = [*(message.get("cc") or []), f"{text}@marks.example"]
    (message.get("esp_extra") or {}).pop("cc", None)


def _responses(draft: Draft) -> list[Json]:
    mode = (draft.message.get("esp_extra") or {}).get("batch_send_mode", draft.settings["batch_send_mode"])
    bulk = mode == "use-bulk-email" and bool(draft.message.get("merge_data"))
    return draft.answers or [responses.response(draft.rng, draft.recipients, bulk)]
