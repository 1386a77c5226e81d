"""Sends cases with the real, unmodified Django Anymail, inside this process."""

from __future__ import annotations

import base64
import json
import mimetypes
import os
from collections.abc import Callable
from datetime import date, datetime
from email.message import MIMEPart
from email.mime.base import MIMEBase
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django.conf
from anymail.backends.mailersend import EmailBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.mail import EmailMultiAlternatives
from django.test.utils import override_settings
from django.utils import timezone

import outcome
from addresses import quote
from capture import CaptureServer, mark
from outcome import Outcome

API_TOKEN = "configured-token"

#: The interchange form's names that Django has other words for.
DJANGO_NAMES = {"from": "from_email", "headers": "extra_headers", "text": "body", "html": "alternatives"}

CATEGORIES: tuple[tuple[type[Exception], str], ...] = (
    (AnymailInvalidAddress, outcome.INVALID_ADDRESS),
    (AnymailUnsupportedFeature, outcome.UNSUPPORTED),
    (AnymailSerializationError, outcome.SERIALIZATION),
    (AnymailRecipientsRefused, outcome.REFUSED),
    (AnymailAPIError, outcome.API_ERROR),
    (AnymailConfigurationError, outcome.CONFIGURATION),
)

Json = Any
Case = dict[str, Any]


def configure() -> None:
    """Prepares Django and this process; the machine's own tables and proxies must not matter."""
    django.conf.settings.configure(USE_TZ=True, TIME_ZONE="UTC", DEFAULT_CHARSET="utf-8")
    mimetypes.init(files=[])
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


class AnymailSide:
    """Use as a context manager; keeps one open backend for each set of settings."""

    def __init__(self, server: CaptureServer, files: Path) -> None:
        self._server = server
        self._files = files
        self._backends: dict[str, EmailBackend] = {}

    def __enter__(self) -> AnymailSide:
        return self

    def __exit__(self, *_: object) -> None:
        for backend in self._backends.values():
            backend.close()

    def send(self, case: Case) -> Outcome:
        settings = case["settings"]
        backend = self._backend(settings)
        mail = build_mail(case["message"], settings, self._files)
        key = mark(int(case["id"].rpartition("-")[2]))
        self._server.script(key, case["responses"])
        error: Exception | None = None
        with timezone.override(ZoneInfo(settings["time_zone"])):
            try:
                backend.send_messages([mail])
            except Exception as caught:  # a crash of the other side is one of its answers
                error = caught
        requests = [outcome.summary(request) for request in self._server.take(key)]
        return _failure(error, requests) if error else Outcome(requests, _result(mail))

    def _backend(self, settings: dict[str, Json]) -> EmailBackend:
        key = json.dumps(settings, sort_keys=True)
        if key not in self._backends:
            self._backends[key] = self._open(settings)
        return self._backends[key]

    def _open(self, settings: dict[str, Json]) -> EmailBackend:
        anymail = {
            "MAILERSEND_API_TOKEN": API_TOKEN,
            "MAILERSEND_API_URL": self._server.base_url + "/" * settings["api_url_slash"],
            "MAILERSEND_BATCH_SEND_MODE": settings["batch_send_mode"],
            "IGNORE_UNSUPPORTED_FEATURES": settings["ignore_unsupported_features"],
            "IGNORE_RECIPIENT_STATUS": settings["ignore_recipient_status"],
            "SEND_DEFAULTS": send_defaults(settings["send_defaults"], self._files),
            "MAILERSEND_SEND_DEFAULTS": send_defaults(settings["mailersend_send_defaults"], self._files),
        }
        with override_settings(ANYMAIL=anymail):
            backend = EmailBackend()
        backend.open()
        return backend


# From the interchange form to Django


def build_mail(message: dict[str, Json], settings: dict[str, Json], files: Path) -> EmailMultiAlternatives:
    """Django always sets from, subject and body, so defaults for them are resolved here (DEF-15); unset is None."""
    mail = EmailMultiAlternatives()
    mail.from_email = mail.subject = mail.body = None
    defaults = {**settings["send_defaults"], **settings["mailersend_send_defaults"]}
    always_set = {key: defaults[key] for key in ("from", "subject", "text") if key in defaults}
    for key, value in {**always_set, **message}.items():
        setattr(mail, DJANGO_NAMES.get(key, key), convert(key, value, files))
    return mail


def send_defaults(defaults: dict[str, Json], files: Path) -> dict[str, Json]:
    return {DJANGO_NAMES.get(key, key): convert(key, value, files) for key, value in defaults.items()}


def convert(key: str, value: Json, files: Path) -> Any:
    if value is None:
        return None
    converters: dict[str, Callable[[Json], Any]] = {
        "from": address_text,
        "envelope_sender": address_text,
        "to": _address_texts,
        "cc": _address_texts,
        "bcc": _address_texts,
        "reply_to": _address_texts,
        "html": lambda html: [(html, "text/html")],
        "send_at": _moment,
        "attachments": lambda items: [_attachment(item, files) for item in items],
    }
    return converters.get(key, lambda same: same)(value)


def address_text(mailbox: str | dict[str, str]) -> str:
    if isinstance(mailbox, str):
        return mailbox
    name = mailbox.get("name")
    return f"{quote(name)} <{mailbox['email']}>" if name else mailbox["email"]


def _address_texts(mailboxes: list[str | dict[str, str]]) -> list[str]:
    return [address_text(mailbox) for mailbox in mailboxes]


def _moment(value: str | float) -> date | str | float:
    """A text that is no date stays one, and Anymail has to see what it makes of it."""
    if not isinstance(value, str):
        return value
    for parse in (date.fromisoformat, datetime.fromisoformat):
        try:
            return parse(value)
        except ValueError:
            pass
    return value


def _attachment(item: dict[str, Json], files: Path) -> Any:
    if "path" in item:
        mail = EmailMultiAlternatives()
        mail.attach_file(item["path"].replace("{FILES}", str(files)))
        filename, content, kind = mail.attachments[0]
    else:
        filename, content, kind = item.get("filename"), base64.b64decode(item["content"]), item.get("content_type")
    if "content_id" in item or item.get("inline") or ";" in (kind or ""):
        return _mime_part(item, filename, content, kind)
    return (filename, content, kind)


def _mime_part(item: dict[str, Json], filename: str | None, content: bytes, kind: str) -> Any:
    """Texts need the modern class (which decodes leniently), other types the older one (which takes any)."""
    part: Any = MIMEPart() if kind.startswith("text/") else MIMEBase("application", "octet-stream")
    del part["Content-Type"]
    part["Content-Type"] = kind
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode())
    disposition = _disposition(item)
    if disposition:
        part.add_header("Content-Disposition", disposition)
    if filename:
        _add_filename(part, filename)
    if item.get("content_id"):
        part["Content-ID"] = item["content_id"]
    return part


def _disposition(item: dict[str, Json]) -> str | None:
    if "inline" not in item:
        return None if "content_id" in item else "attachment"
    return "inline" if item["inline"] else "attachment"


def _add_filename(part: Any, filename: str) -> None:
    header = "Content-Disposition" if "Content-Disposition" in part else "Content-Type"
    name = "filename" if header == "Content-Disposition" else "name"
    if isinstance(part, MIMEBase):
        part.set_param(name, filename, header=header, charset="utf-8")
    else:
        part.set_param(name, filename, header=header)


# From Anymail to an outcome


def _result(mail: EmailMultiAlternatives) -> dict[str, Any]:
    status = mail.anymail_status
    recipients = {
        address: {"status": recipient.status, "message_id": recipient.message_id}
        for address, recipient in status.recipients.items()
    }
    ids = status.message_id if isinstance(status.message_id, set) else {status.message_id}
    return outcome.result(list(status.status or ()), list(ids), recipients)


def _failure(error: Exception, requests: list[dict[str, Any]]) -> Outcome:
    detail = f"{type(error).__name__}: {error}"
    for kind, category in CATEGORIES:
        if isinstance(error, kind):
            status = getattr(error, "status_code", None) if category == outcome.API_ERROR else None
            return outcome.failure(category, requests, status, detail)
    return outcome.failure(outcome.CRASH, requests, None, detail)
