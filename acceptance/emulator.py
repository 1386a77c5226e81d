"""`mailferry emulate` as a child process, and what its inspection shows."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

from requests import Response, Session

START_LIMIT = 30
REQUEST_LIMIT = 30

Json = Any


class Emulator:
    """Use as a context manager; starts at a free port and stops at the end. What it prints later is thrown away."""

    def __init__(self, binary: Path, *flags: str, listen: str = "127.0.0.1:0") -> None:
        self.binary = binary
        command = [str(binary), "emulate", "--listen", listen, "--json", *flags]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8")
        self._session = Session()
        self._session.trust_env = False
        self.url = self.token = ""
        self.submission = self.inbound = ("", 0)

    def __enter__(self) -> Emulator:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the emulator did not start: exit code {self._process.wait(START_LIMIT)}")
        threading.Thread(target=deque, args=(self._process.stdout, 0), daemon=True).start()
        started = json.loads(line)
        self.url, self.token = started["url"], started["token"]
        self.submission, self.inbound = _host(started.get("submission")), _host(started.get("smtp"))
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self.stop()

    def stop(self) -> None:
        """Ends the process, if it has not ended yet."""
        self._process.terminate()
        try:
            self._process.wait(START_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def emails(self) -> list[dict[str, Json]]:
        """One for each recipient of each message, oldest first."""
        return self._inspect("GET", "/emails").json()

    def received(self) -> list[dict[str, Json]]:
        """Every mail that inbound routes have taken, oldest first."""
        return self._inspect("GET", "/inbound").json()

    def requests(self) -> list[dict[str, Json]]:
        return self._inspect("GET", "/requests").json()

    def file(self, attachment: dict[str, Json]) -> bytes:
        return self._inspect("GET", attachment["url"].removeprefix("/_emulator")).content

    def reset(self) -> None:
        self._inspect("DELETE", "")

    def ask(self, path: str) -> Json:
        """What the inspection answers below its path, which begins with a slash."""
        return self._inspect("GET", path).json()

    def tell(self, method: str, path: str, body: Json = None) -> Json:
        """Changes something below the inspection's path; gives what is answered, if that is JSON."""
        answer = self._inspect(method, path, body)
        return answer.json() if answer.headers.get("content-type", "").startswith("application/json") else None

    def send(self, message: dict[str, Json], path: str = "email") -> str:
        """Posts to the API, which has to take it, and gives the message's id."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = self._session.post(self.url + path, json=message, headers=headers, timeout=REQUEST_LIMIT)
        assert answer.status_code == 202, f"{answer.status_code}: {answer.text[:500]}"
        return answer.headers.get("x-message-id", "")

    @property
    def root(self) -> str:
        return self.url.removesuffix("/v1/")

    def _inspect(self, method: str, path: str, body: Json = None) -> Response:
        headers = {"authorization": f"Bearer {self.token}"}
        url = f"{self.root}/_emulator{path}"
        answer = self._session.request(method, url, json=body, headers=headers, timeout=REQUEST_LIMIT)
        answer.raise_for_status()
        return answer


def _host(address: str | None) -> tuple[str, int]:
    host, _, port = (address or ":0").rpartition(":")
    return host, int(port)


def mailbox(email: str, name: str | None = None) -> dict[str, Json]:
    """A mailbox as the inspection shows it."""
    return {"email": email, "name": name}


def readers(emails: list[dict[str, Json]]) -> dict[str, str]:
    """Who got a copy, and in which role."""
    return {email["recipient"]["email"]: email["role"] for email in emails}


def seconds(moment: str) -> int:
    """A moment as the inspection shows it, in Unix seconds."""
    return int(datetime.fromisoformat(moment).timestamp())
