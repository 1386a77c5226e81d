"""A loopback HTTP server that keeps every webhook as it came, and answers 200."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Post:
    """One webhook: the path it was sent to, its signature, and the bytes of its body."""

    path: str
    signature: str
    body: bytes


class Receiver:
    """Use as a context manager."""

    def __init__(self) -> None:
        self._posts: list[Post] = []
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def keep(self, post: Post) -> None:
        with self._changed:
            self._posts.append(post)
            self._changed.notify_all()

    def wait(self, are_enough: Callable[[list[Post]], bool], seconds: float) -> list[Post]:
        """All posts, as soon as they are enough."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not are_enough(self._posts):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"after {seconds} s only these came: {self._posts}")
                self._changed.wait(left)
            return list(self._posts)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.receiver.keep(Post(self.path, self.headers.get("Signature", ""), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
