"""What came of one message, in one shape for both sides."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from capture import Request

INVALID_ADDRESS = "invalid_address"
INVALID_MESSAGE = "invalid_message"
UNSUPPORTED = "unsupported_feature"
SERIALIZATION = "serialization"
API_ERROR = "api_error"
REFUSED = "recipients_refused"
CONFIGURATION = "configuration"
#: An exception that the code did not mean to raise.
CRASH = "crash"


@dataclass(frozen=True)
class Outcome:
    """Either a result or an error, and the requests that were made on the way."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    #: The error in its own words; shown, not compared.
    detail: str = field(default="", compare=False)

    @property
    def category(self) -> str | None:
        return self.error["category"] if self.error else None

    def canonical(self) -> str:
        """Equal outcomes, and only those, have equal texts (so 1, 1.0 and true stay apart)."""
        content = {"requests": self.requests, "result": self.result, "error": self.error}
        return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)


def failure(
    category: str, requests: list[dict[str, Any]] | None = None, http_status: int | None = None, detail: str = ""
) -> Outcome:
    return Outcome(requests or [], None, {"category": category, "http_status": http_status}, detail)


def result(status: Iterable[str], message_ids: Iterable[str | None], recipients: dict[str, Any]) -> dict[str, Any]:
    """`message_id` as both sides show it: nothing, one, or a list of several."""
    distinct = sorted(set(message_ids), key=str)
    message_id = distinct[0] if len(distinct) == 1 else (distinct or None)
    return {"status": sorted(status), "message_id": message_id, "recipients": recipients}


def summary(request: Request) -> dict[str, Any]:
    """The part of a request that is compared."""
    return {
        "method": request.method,
        "path": request.path,
        "authorization": request.headers.get("authorization"),
        "content_type": request.headers.get("content-type"),
        "accept": request.headers.get("accept"),
        "body": _parsed(request.body),
    }


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {"not JSON": body.decode("utf-8", errors="backslashreplace")}
