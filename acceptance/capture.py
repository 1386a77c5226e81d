"""A loopback HTTP server that keeps every request and answers from a script."""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Response = dict[str, Any]

DEFAULT_RESPONSE: Response = {
    "status": 202,
    "headers": {"Content-Type": "text/html; charset=UTF-8", "X-Message-Id": "msg-0001"},
    "body": "",
}

#: Every scripted message carries such a mark somewhere in its body, so that a request finds its script.
MARK = re.compile(rb"mark[0-9]{6}mark")


def mark(index: int) -> str:
    return f"mark{index:06d}mark"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """What to answer to the requests of one message: one response each, the last repeats."""

    responses: list[Response]
    requests: list[Request] = field(default_factory=list)

    def next_response(self) -> Response:
        return self.responses[min(len(self.requests), len(self.responses)) - 1]


class CaptureServer:
    """Use as a context manager. Requests without a known mark end up in `strays`."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._lock = threading.Lock()
        self.strays: list[Request] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.capture = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> CaptureServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def script(self, key: str, responses: list[Response]) -> None:
        """Sets the answers for the message marked `key` and forgets what it sent before."""
        with self._lock:
            self._scripts[key] = Script(responses or [DEFAULT_RESPONSE])

    def take(self, key: str) -> list[Request]:
        """The requests of the message marked `key`, in order; its script ends."""
        with self._lock:
            script = self._scripts.pop(key, None)
        return script.requests if script else []

    def answer(self, request: Request) -> Response:
        found = MARK.search(request.body)
        with self._lock:
            script = self._scripts.get(found.group().decode()) if found else None
            if script is None:
                self.strays.append(request)
                return {"status": 500, "headers": {"Content-Type": "text/plain"}, "body": "no script for this request"}
            script.requests.append(request)
            return script.next_response()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    capture: CaptureServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_message(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._read_body())
        self._write(self.server.capture.answer(request))

    do_POST = do_GET = do_PUT = do_DELETE = handle_one_message

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(iter(self._read_chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _write(self, response: Response) -> None:
        headers = dict(response.get("headers", {}))
        body = response_body(response)
        if "json" in response:
            headers.setdefault("Content-Type", "application/json")
        if response["status"] not in (204, 304):
            headers["Content-Length"] = str(len(body))
        lines = [f"HTTP/1.1 {response['status']} {response.get('reason', 'Scripted')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the requests are kept, not printed."""


def response_body(response: Response) -> bytes:
    if "json" in response:
        return json.dumps(response["json"]).encode()
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    return str(response.get("body", "")).encode()
