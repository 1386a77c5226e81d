"""Sends cases with the `mailferry` command: one process for all cases that share their settings."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import outcome
from anymail_side import API_TOKEN
from capture import CaptureServer, mark
from outcome import Outcome

#: What each kind of error means in the words of the other side.
CATEGORIES = {
    "invalid_address": outcome.INVALID_ADDRESS,
    "invalid_message": outcome.INVALID_MESSAGE,
    "unsupported": outcome.UNSUPPORTED,
    "serialization": outcome.SERIALIZATION,
    "refused": outcome.REFUSED,
    "config": outcome.CONFIGURATION,
    **dict.fromkeys(
        (
            "unauthorized",
            "rejected",
            "rate_limited",
            "quota",
            "maintenance",
            "server",
            "connect",
            "timeout",
            "unreadable",
        ),
        outcome.API_ERROR,
    ),
}
DOCUMENTED_EXIT_CODES = range(7)
SECRETS = (API_TOKEN, "message-token", "hyphen-token")
TIME_LIMIT = 120

Json = Any
Case = dict[str, Any]


class MailferrySide:
    def __init__(self, binary: Path, server: CaptureServer, files: Path, folder: Path) -> None:
        self._binary = binary
        self._server = server
        self._files = files
        self._folder = folder

    def send(self, cases: list[Case]) -> list[Outcome]:
        """Sends cases with equal settings; the outcomes are in the same order."""
        for case in cases:
            self._server.script(_key(case), case["responses"])
        done = self._run(cases)
        lines = done.stdout.split("\n")[:-1]
        trouble = _trouble(done, len(lines), len(cases))
        return [self._outcome(case, line, trouble) for case, line in zip(cases, _padded(lines, len(cases)))]

    def _run(self, cases: list[Case]) -> subprocess.CompletedProcess[str]:
        folder = self._folder / cases[0]["id"]
        folder.mkdir()
        messages, config = folder / "messages.jsonl", folder / "mailferry.toml"
        lines = (json.dumps(case["message"], ensure_ascii=False) for case in cases)
        messages.write_text(
            "".join(line.replace("{FILES}", str(self._files)) + "\n" for line in lines), encoding="utf-8"
        )
        settings = cases[0]["settings"]
        config.write_text(config_file(settings), encoding="utf-8")
        return subprocess.run(
            [self._binary, "send", "--json", "--config", config, messages],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment(settings, self._server.base_url)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=TIME_LIMIT,
        )

    def _outcome(self, case: Case, line: str | None, trouble: str) -> Outcome:
        requests = [outcome.summary(request) for request in self._server.take(_key(case))]
        if line is None or trouble:
            return outcome.failure("command failed", requests, detail=trouble)
        answer = json.loads(line)
        return _failure(answer["error"], requests) if "error" in answer else Outcome(requests, _result(answer))


def _key(case: Case) -> str:
    return mark(int(case["id"].rpartition("-")[2]))


def _padded(lines: list[str], count: int) -> Iterator[str | None]:
    yield from lines
    yield from [None] * (count - len(lines))


def _trouble(done: subprocess.CompletedProcess[str], lines: int, messages: int) -> str:
    """What is wrong with the run as a whole; empty when nothing is."""
    problems: list[str] = []
    if lines != messages:
        problems.append(f"{lines} result lines for {messages} messages")
    if done.returncode not in DOCUMENTED_EXIT_CODES:
        problems.append(f"exit code {done.returncode}")
    problems += [f"a token is printed: {secret}" for secret in SECRETS if secret in done.stdout + done.stderr]
    return "; ".join([*problems, done.stderr[-2000:]]) if problems else ""


def _result(answer: dict[str, Json]) -> dict[str, Any]:
    recipients = {
        address: {"status": recipient["status"], "message_id": recipient.get("message_id")}
        for address, recipient in (answer.get("recipients") or {}).items()
    }
    message_id = answer.get("message_id")
    ids = message_id if isinstance(message_id, list) else [message_id]
    return outcome.result(answer.get("status") or [], ids, recipients)


def _failure(error: dict[str, Json], requests: list[dict[str, Any]]) -> Outcome:
    kind = str(error["kind"])
    category = CATEGORIES.get(kind, kind)
    http_status = error.get("http_status") if category == outcome.API_ERROR else None
    return outcome.failure(category, requests, http_status, f"{kind}: {error['message']}")


# Settings, half of the time in the file and half of the time in the environment


def environment(settings: dict[str, Json], base_url: str) -> dict[str, str]:
    variables = {
        "MAILFERRY_MAILERSEND_API_TOKEN": API_TOKEN,
        "MAILFERRY_MAILERSEND_API_URL": base_url + "/" * settings["api_url_slash"],
        "MAILFERRY_PREFLIGHT": "off",
        "NO_PROXY": "127.0.0.1",
    }
    if settings["spelled"] == "environment":
        variables |= {
            "MAILFERRY_IGNORE_UNSUPPORTED_FEATURES": _text(settings["ignore_unsupported_features"]),
            "MAILFERRY_IGNORE_RECIPIENT_STATUS": _text(settings["ignore_recipient_status"]),
            "MAILFERRY_TIME_ZONE": settings["time_zone"],
            "MAILFERRY_MAILERSEND_CUSTOM_HEADERS": _text(settings["custom_headers"]),
        }
        if settings["batch_send_mode"]:
            variables["MAILFERRY_MAILERSEND_BATCH_SEND_MODE"] = settings["batch_send_mode"]
    return variables


def config_file(settings: dict[str, Json]) -> str:
    general: dict[str, Json] = {"send_defaults": settings["send_defaults"]}
    mailersend: dict[str, Json] = {"send_defaults": settings["mailersend_send_defaults"]}
    if settings["spelled"] == "file":
        for key in ("ignore_unsupported_features", "ignore_recipient_status", "time_zone"):
            general[key] = settings[key]
        mailersend["custom_headers"] = settings["custom_headers"]
        if settings["batch_send_mode"]:
            mailersend["batch_send_mode"] = settings["batch_send_mode"]
    return "".join(f"{key} = {toml(value)}\n" for key, value in {**general, "mailersend": mailersend}.items())


def toml(value: Json) -> str:
    """Any JSON value but null, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(value: bool) -> str:
    return "true" if value else "false"
