"""Made-up addresses of every kind: good, odd, wrong, and wrong in ways worth naming."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

#: Unicode domains and how they travel (IDNA 2008 after UTS 46 mapping).
IDN_DOMAINS = {
    "bücher.example": "xn--bcher-kva.example",
    "BÜCHER.example": "xn--bcher-kva.example",
    "bu\u0308cher.example": "xn--bcher-kva.example",
    "faß.example": "xn--fa-hia.example",
    "Straße.example": "xn--strae-oqa.example",
    "例え.テスト": "xn--r8jz45g.xn--zckzah",
    "例え。example": "xn--r8jz45g.example",
    "почта.пример": "xn--80a1acny.xn--e1afmkfd",
    "ＡＢ.example": "ab.example",
    "παράδειγμα.example": "xn--hxajbheg2az3al.example",
}
DOMAINS = (
    "one.example",
    "two.example",
    "mail.three.example",
    "Mixed.Example",
    "a-b.example",
    "localhost",
    "1.2.3.4",
    "under_score.example",
    "xn--bcher-kva.example",
)
LOCAL_PARTS = ("ann", "bob", "carol.smith", "Dan", "eve+orders", "o'neil", "frank_1-2", "gina%host", "7")
ODD_LOCAL_PARTS = (
    '"odd local"',
    '"needless"',
    "h!#$%&'*/=?^_`{|}~-h",
    "jörg",
    "用户",
    "long" * 20,
    '"with@at"',
    '"a,b"',
)

PLAIN_NAMES = (
    "Ann",
    "Ann Lee",
    "Jörg Müller",
    "山田 太郎",
    "Zoë 🎉",
    "A.B. Smith",
    "O'Brien",
    "Ann   B",
    "Ann\tB",
    "D'Arcy-Smith 3rd",
)
QUOTED_NAMES = (
    "Lee, Ann",
    'Ann "Q" Lee',
    "back\\slash",
    "semi; colon: end",
    "(in) brackets",
    "someone@else.example",
    "two  spaces",
    "<angle>",
    "Łukasz, Żółć",
)
ENCODED_NAMES = (
    "=?utf-8?q?J=C3=B6rg_M=C3=BCller?=",
    "=?UTF-8?B?5bGx55Sw?=",
    "=?iso-8859-1?q?Andr=E9?= Lee",
    "=?utf-8?q?Ann?= =?utf-8?q?_Lee?=",
    "=?utf-8?b?Sm/Dqw==?=",
)

#: Wrong for every version of Python.
BAD_ADDRESSES = (
    "oops",
    "@x.example",
    "a@",
    "a..b@x.example",
    ".a@x.example",
    "a.@x.example",
    "a@x..example",
    "a@.x.example",
    "a@x.example.",
    "a@@x.example",
    "two words@x.example",
    "Lee, Ann <ann@x.example>",
    "jörg",
    "a@✉.example",
    "a@½.example",
    "Ann <>",
    '"unterminated <a@x.example>',
    "undisclosed-recipients:;",
    "Ann [x] <a@x.example>",
    "a@x.example,, b@x.example",
    "a@x.example; b@x.example",
    "a@x.example b@x.example",
    "Ann <a@x.example> trailing",
)
#: Wrong, but Pythons without strict address parsing make something of them.
STRICT_ONLY_ADDRESSES = (
    "a@x.example <b@x.example>",
    "a@x.example,",
    "a@[127.0.0.1]",
    "a@x.example (Ann, Lee)",
)
LINE_BREAK_ADDRESSES = (
    "Ann\r\nBcc: e@x.example <a@x.example>",
    "Ann\nLee <a@x.example>",
    "a\n@x.example",
    '"Ann\r\nLee" <a@x.example>',
    "=?utf-8?q?Ann=0D=0ABcc=3A_e=40x=2Eexample?= <a@x.example>",
)
#: Wrong local parts that Anymail lets through because something in the address is not ASCII.
UNCHECKED_ADDRESSES = (
    "@bücher.example",
    "a..b@bücher.example",
    ".a@bücher.example",
    "jö..rg@x.example",
)


@dataclass(frozen=True)
class Entry:
    """One item of an address list, and the bare addresses it stands for."""

    value: str | dict[str, str]
    addresses: tuple[str, ...]


def bare_address(rng: Random) -> str:
    local = (
        rng.choice(ODD_LOCAL_PARTS)
        if rng.random() < 0.08
        else rng.choice(LOCAL_PARTS) + rng.choice(("", "", "2", ".x"))
    )
    domain = rng.choice(tuple(IDN_DOMAINS)) if rng.random() < 0.15 else rng.choice(DOMAINS)
    return f"{local}@{domain}"


def entry(rng: Random) -> Entry:
    """Usually one address; sometimes several in one string."""
    address = bare_address(rng)
    shape = rng.choices(tuple(_SHAPES), weights=tuple(_SHAPES.values()))[0]
    return shape(rng, address)


def again(rng: Random, first: Entry) -> Entry:
    """The same mailbox once more, perhaps in other letter case, or encoded."""
    address = first.addresses[0]
    if address.isascii():
        return _bare(rng, rng.choice((address, address.swapcase())))
    return _bare(rng, rng.choice((address, encoded(address))))


def single_entry(rng: Random) -> Entry:
    """Exactly one address, for fields that hold only one."""
    while True:
        made = entry(rng)
        if len(made.addresses) == 1:
            return made


def natural(address: str) -> str:
    """The address as Anymail and Mailferry report it: without needless quotes."""
    return address.replace('"needless"@', "needless@")


def encoded(address: str) -> str:
    """The address as it travels."""
    local, _, domain = natural(address).rpartition("@")
    return f"{local}@{IDN_DOMAINS.get(domain, domain)}"


def quote(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _bare(_: Random, address: str) -> Entry:
    return Entry(address, (natural(address),))


def _angle(_: Random, address: str) -> Entry:
    return Entry(f"<{address}>", (natural(address),))


def _named(rng: Random, address: str) -> Entry:
    return Entry(f"{rng.choice(PLAIN_NAMES)} <{address}>", (natural(address),))


def _unspaced(_: Random, address: str) -> Entry:
    return Entry(f"Ann<{address}>", (natural(address),))


def _quoted(rng: Random, address: str) -> Entry:
    return Entry(f"{quote(rng.choice(QUOTED_NAMES))} <{address}>", (natural(address),))


def _joined_quotes(_: Random, address: str) -> Entry:
    return Entry(f'"Ann" "B" <{address}>', (natural(address),))


def _encoded_word(rng: Random, address: str) -> Entry:
    return Entry(f"{rng.choice(ENCODED_NAMES)} <{address}>", (natural(address),))


def _padded(_: Random, address: str) -> Entry:
    return Entry(f"  {address}\t ", (natural(address),))


def _comment_after(_: Random, address: str) -> Entry:
    return Entry(f"{address} (Ann Lee)", (natural(address),))


def _comment_before(_: Random, address: str) -> Entry:
    return Entry(f"(Ann) {address}", (natural(address),))


def _comment_in_name(_: Random, address: str) -> Entry:
    return Entry(f"Ann (Sales) Lee <{address}>", (natural(address),))


def _object(rng: Random, address: str) -> Entry:
    value = {"email": address}
    if rng.random() < 0.7:
        value["name"] = rng.choice(PLAIN_NAMES[:7] + QUOTED_NAMES + ("",))
    return Entry(value, (natural(address),))


def _several(rng: Random, address: str) -> Entry:
    other = f"second{rng.randrange(100)}@two.example"
    return Entry(f"{address}, Bee <{other}>", (natural(address), other))


def _group(rng: Random, address: str) -> Entry:
    other = f"member{rng.randrange(100)}@one.example"
    return Entry(f"Team: {address}, Bee <{other}>;", (natural(address), other))


_SHAPES: dict[Any, int] = {
    _bare: 40,
    _object: 18,
    _named: 14,
    _quoted: 8,
    _several: 4,
    _encoded_word: 3,
    _angle: 2,
    _group: 2,
    _padded: 2,
    _comment_after: 2,
    _comment_before: 1,
    _comment_in_name: 1,
    _unspaced: 1,
    _joined_quotes: 1,
}
