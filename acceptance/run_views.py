"""Lets Django Anymail's own views read the emulator's webhooks, and compares with what `mailferry webhook parse` says."""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from requests import Session

import anymail_side
from emulator import Emulator
from receiver import Post, Receiver
from views_side import Views

Json = dict[str, Any]

DOMAIN = "shop.example"
WAIT = 60
TRACKING, INBOUND = "/anymail/mailersend/tracking/", "/anymail/mailersend/inbound/"
RECORDED = Path(__file__).parent.parent / "fixtures" / "inbound" / "recorded"

#: What happens to mail for each recipient, as MailerSend calls it.
HAPPENINGS = {
    "delivered@example.com": ["sent", "delivered"],
    "bounce@example.com": ["sent", "hard_bounced"],
    "softbounce@example.com": ["sent", "soft_bounced"],
    "deferred@example.com": ["sent", "deferred", "delivered"],
    "complaint@example.com": ["sent", "delivered", "spam_complaint"],
    "unsubscribe@example.com": ["sent", "delivered", "unsubscribed"],
    "open@example.com": ["sent", "delivered", "opened", "opened_unique"],
    "click@example.com": ["sent", "delivered", "opened", "opened_unique", "clicked", "clicked_unique"],
}

MAIL = {
    "from": {"email": f"orders@{DOMAIN}", "name": "Harbour Shop"},
    "to": [{"email": email} for email in HAPPENINGS],
    "subject": "Čeština / 日本語",
    "html": '<p>It is <a href="https://shop.example/track?a=1&amp;b=2">on its way</a>.</p>',
    "tags": ["alpha", "Beta/2"],
}

ANSWER = {
    "from": "Ann Lee <ann@one.example>",
    "to": "Support <support@inbound.example>, Other <other@app.example>",
    "cc": "Čeněk <cenek@one.example>",
    "subject": "Re: your order ✓",
    "text": "Děkuji.\r\n\r\nOn Monday somebody wrote:\r\n> It is on its way.\r\n",
    "html": '<p>Děkuji. <img src="cid:logo"></p>',
    "attachments": [
        {"filename": "logo.png", "content": "iVBORw0KGgoAAQID", "content_type": "image/png", "content_id": "logo"},
        {"filename": "účet.csv", "content": "YSxiCjEsMgo=", "content_type": "text/csv"},
    ],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailferry", type=Path, metavar="PATH", required=True, help="the mailferry command")
    options = parser.parse_args()
    binary = options.mailferry.resolve()
    anymail_side.configure()
    logging.disable(logging.CRITICAL)  # Anymail logs what it refuses, and a refusal fails the run anyway
    with Emulator(binary) as emulator, Receiver() as receiver:
        account = Account(emulator)
        signing, address, inbound = account.prepare(receiver)
        views = Views(signing, inbound)
        account.post("/v1/email", MAIL)
        mails = account.receive(address)
        posts = receiver.wait(lambda posts: _have_come(posts, mails), WAIT)
        compare = Comparison(binary, views, {"SIGNING": signing, "INBOUND": inbound})
        for post in posts:
            compare.both(post)
    print(f"{compare.equal} webhooks read alike, {compare.different} differently")
    return 0 if compare.equal and not compare.different else 1


def _have_come(posts: list[Post], mails: int) -> bool:
    kinds = Counter(json.loads(post.body)["type"] for post in posts)
    wanted = Counter(f"activity.{kind}" for kinds in HAPPENINGS.values() for kind in kinds)
    return kinds["inbound.message"] >= mails and not wanted - kinds


class Account:
    """The emulated account, through MailerSend's API and the emulator's own."""

    def __init__(self, emulator: Emulator) -> None:
        self._root = emulator.url.removesuffix("/v1/")
        self._session = Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {emulator.token}"

    def post(self, path: str, body: Json) -> Json:
        answer = self._session.post(self._root + path, json=body, timeout=WAIT)
        assert answer.ok, f"{path} answered {answer.status_code}: {answer.text}"
        return answer.json() if answer.content else {}

    def prepare(self, receiver: Receiver) -> tuple[str, str, str]:
        """Registers a webhook of version 1, and a route for all that arrives: both secrets, and the route's address."""
        domain = self.post("/v1/domains", {"name": DOMAIN})["data"]["id"]
        kinds = {f"activity.{kind}" for kinds in HAPPENINGS.values() for kind in kinds}
        webhook = {"url": receiver.url(TRACKING), "name": "v1", "events": sorted(kinds), "domain_id": domain, "version": 1}
        signing = self.post("/v1/webhooks", webhook)["data"]["secret"]
        route = {
            "domain_id": domain,
            "name": "all",
            "domain_enabled": False,
            "match_filter": {"type": "match_all"},
            "forwards": [{"type": "webhook", "value": receiver.url(INBOUND)}],
        }
        route = self.post("/v1/inbound", route)["data"]
        return signing, route["address"], route["forwards"][0]["secret"]

    def receive(self, address: str) -> int:
        """Lets mail arrive: one from a form, and every recorded one that Anymail reads as it should be read."""
        self.post("/_emulator/inbound", {**ANSWER, "recipients": [address]})
        flagged = json.loads((RECORDED.parent / "flags.json").read_text())
        recorded = [path for path in sorted(RECORDED.glob("*.eml")) if path.stem not in flagged]
        assert recorded, f"no mails in {RECORDED}"
        for path in recorded:
            answer = self._session.post(
                f"{self._root}/_emulator/inbound",
                params={"from": "envelope@one.example", "to": address},
                data=path.read_bytes(),
                headers={"Content-Type": "message/rfc822"},
                timeout=WAIT,
            )
            assert answer.ok, f"{path.name}: {answer.status_code} {answer.text}"
        return 1 + len(recorded)


class Comparison:
    """What both sides read in each webhook."""

    def __init__(self, binary: Path, views: Views, secrets: dict[str, str]) -> None:
        self._binary = binary
        self._views = views
        self._environment = {
            **os.environ,
            **{f"MAILFERRY_MAILERSEND_{name}_SECRET": secret for name, secret in secrets.items()},
        }
        self.equal = self.different = 0

    def both(self, post: Post) -> None:
        if json.loads(post.body)["type"] == "webhook.test":
            return  # Anymail 15.1 does not know the published key, and refuses the ping
        endpoint = "inbound" if post.path == INBOUND else "tracking"
        theirs, ours = self._views.read(endpoint, post), self._parse(endpoint, post)
        narrow = _narrow_inbound if endpoint == "inbound" else _narrow_tracking
        differences = _differences(theirs, narrow(ours, theirs))
        if differences:
            self.different += 1
            print(f"DIFFERENT {post.body[:200]!r}\n  " + "\n  ".join(differences), flush=True)
        else:
            self.equal += 1

    def _parse(self, endpoint: str, post: Post) -> Json:
        command = [str(self._binary), "webhook", "parse", "--json", "--endpoint", endpoint, "--signature", post.signature]
        done = subprocess.run(command, input=post.body, capture_output=True, env=self._environment, timeout=WAIT)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def _narrow_tracking(ours: Json, theirs: Json) -> Json:
    """Absent and null are the same, and so are no tags and none that are known."""
    narrowed = {key: ours.get(key) for key in theirs}
    return {**narrowed, "tags": narrowed["tags"] or [], "metadata": narrowed["metadata"] or {}}


def _narrow_inbound(ours: Json, theirs: Json) -> Json:
    """What Anymail has, too: it keeps one envelope recipient, and lists inline parts apart from the rest."""
    message = ours["message"]
    parts = sorted(message.get("attachments") or [], key=lambda part: part["inline"])
    first = (message.get("envelope_recipients") or [None])[0]
    narrowed = {key: message.get(key) for key in theirs["message"]}
    narrowed["envelope_recipient"] = first
    narrowed["attachments"] = [{key: part.get(key) for key in _PART} for part in parts]
    narrowed["from"] = _mailbox(narrowed["from"])
    for key in ("to", "cc"):
        narrowed[key] = [_mailbox(mailbox) for mailbox in narrowed[key] or []]
    return {**{key: ours.get(key) for key in theirs}, "message": narrowed}


_PART = ("filename", "content_type", "content_id", "inline", "size", "sha256")


def _mailbox(mailbox: Json | None) -> Json | None:
    return mailbox and {"email": mailbox["email"], "name": mailbox.get("name")}


def _differences(theirs: Any, ours: Any, place: str = "") -> list[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        places: Callable[[str], str] = lambda key: f"{place}.{key}" if place else key
        keys = sorted(theirs.keys() | ours.keys())
        return [line for key in keys for line in _differences(theirs.get(key), ours.get(key), places(key))]
    return [] if theirs == ours else [f"{place}: Anymail has {theirs!r}, mailferry {ours!r}"]


if __name__ == "__main__":
    sys.exit(main())
