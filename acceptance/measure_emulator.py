"""Figures of `mailferry emulate`: start, size, memory, the page's questions under load, and hostile clients.

    cargo build --release -p mailferry-cli
    python3 acceptance/measure_emulator.py target/release/mailferry [PART…]

Prints what it sees and fails only when something is not answered; `docs/performance.md` has the figures. Linux, and the
standard library alone.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Iterator

TOKEN = "mlsn.measured"
MIB = 1 << 20


class Emulator:
    """A running emulator, at a free port."""

    def __init__(self, binary: str) -> None:
        self.started = time.perf_counter()
        command = [binary, "emulate", "--listen", "127.0.0.1:0", "--token", TOKEN, "--json"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8")
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        self.port = int(ready["url"].split(":")[2].split("/")[0])

    def connection(self, timeout: float = 120) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=120)

    def resident(self, field: str = "VmRSS") -> float:
        """In MiB; `VmHWM` is the most it ever was."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
        return 0.0

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def emulator(binary: str) -> Iterator[Emulator]:
    running = Emulator(binary)
    try:
        yield running
    finally:
        running.end()


def ask(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def message(number: int, html: int = 2_000) -> dict[str, Any]:
    paragraph = f'<p>Order {number} is on its way. <a href="https://shop.example/o/{number}">Track it</a></p>\n'
    return {
        "from": {"email": "orders@shop.example", "name": "Shop"},
        "to": [{"email": f"reader-{number}@customer.example", "name": "Ann Lee"}],
        "subject": f"Your order {number} has shipped",
        "text": f"Order {number} is on its way.",
        "html": (paragraph * (html // len(paragraph) + 1))[:html],
        "tags": ["shop", "order"],
    }


def send(connection: HTTPConnection, numbers: range, html: int = 2_000) -> None:
    for number in numbers:
        status, answer = ask(connection, "POST", "/v1/email", json.dumps(message(number, html)).encode())
        assert status == 202, answer


def percentiles(milliseconds: list[float]) -> str:
    if len(milliseconds) < 2:
        return "nothing"
    cuts = statistics.quantiles(milliseconds, n=100)
    return f"median {cuts[49]:.1f} ms, 99th percentile {cuts[98]:.1f} ms, most {max(milliseconds):.1f} ms"


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def start(binary: str) -> None:
    print(f"size of the program: {Path(binary).stat().st_size / 1e6:.1f} MB")
    times, resident = [], []
    for _ in range(10):
        with emulator(binary) as running:
            status, _ = ask(running.connection(), "GET", "/_emulator/health")
            times.append((time.perf_counter() - running.started) * 1000)
            assert status == 200
            time.sleep(0.3)
            resident.append(running.resident())
    print(f"start to first answer: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")
    print(f"idle memory: {max(resident):.1f} MiB")


def memory(binary: str) -> None:
    for name, html, counts in (("2 KB", 2_000, (10_000, 100_000)), ("100 KB", 100_000, (2_000, 10_000))):
        with emulator(binary) as running:
            connection, sent = running.connection(), 0
            before = running.resident()
            for count in counts:
                send(connection, range(sent, count), html)
                sent = count
                print(f"memory with {count:,} mails of {name}: {running.resident():.0f} MiB, {before:.0f} MiB before")


SEARCHES = ("", "?q=order", "?q=to:reader-123", "?q=subject:shipped", "?q=status:delivered", "?q=nobody", "?limit=200")


def page(binary: str) -> None:
    with emulator(binary) as running:
        send(running.connection(), range(10_000))
        stop = threading.Event()
        sending: list[float] = []

        def arrive() -> None:
            """200 a second; counted from when one was due."""
            connection, first, number = running.connection(), time.perf_counter(), 0
            while not stop.is_set():
                due = first + number / 200
                time.sleep(max(0.0, due - time.perf_counter()))
                send(connection, range(10_000 + number, 10_001 + number))
                sending.append((time.perf_counter() - due) * 1000)
                number += 1

        connection = running.connection()
        thread = threading.Thread(target=arrive)
        thread.start()
        for search in SEARCHES:
            path = f"/_emulator/mailbox{search}"
            if ask(connection, "GET", path)[0] == 404:
                print("this emulator has no mailbox")
                break
            times = [timed(lambda: ask(connection, "GET", path)) for _ in range(100)]
            print(f"{path} while 200 a second arrive: {percentiles(times)}")
        stop.set()
        thread.join()
        print(f"those that arrived: {percentiles(sending)}")


def listeners(binary: str) -> None:
    with emulator(binary) as running:
        before, sockets = running.resident(), []
        for _ in range(1_000):
            opened = running.socket()
            opened.sendall(b"GET /_emulator/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            sockets.append(opened)
        heard = sum(opened.recv(4096).startswith(b"HTTP/1.1 200") for opened in sockets)
        after = running.resident()
        connection = running.connection()
        times = [timed(lambda number=number: send(connection, range(number, number + 1))) for number in range(500)]
        time.sleep(1)
        print(f"1,000 listeners ({heard} heard): {after - before:.0f} MiB more, {running.resident() - before:.0f} MiB after 500 mails")
        print(f"those mails: {percentiles(times)}")


def meanwhile(running: Emulator, work: Callable[[], str]) -> str:
    """What `work` says, and how others were served while it ran."""
    stop, times = threading.Event(), []

    def others() -> None:
        connection, number = running.connection(), 0
        while not stop.is_set():
            times.append(timed(lambda: send(connection, range(number, number + 1))))
            number += 1
            time.sleep(0.01)

    thread = threading.Thread(target=others)
    thread.start()
    said = work()
    stop.set()
    thread.join()
    most = running.resident("VmHWM")
    return f"{said}; others meanwhile: {percentiles(times)}; memory at most {most:.0f} MiB, then {running.resident():.0f}"


def post(running: Emulator, path: str, body: bytes) -> int:
    return ask(running.connection(), "POST", path, body)[0]


def together(count: int, work: Callable[[], Any]) -> list[Any]:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def hostile(binary: str) -> None:
    large = json.dumps(message(0) | {"attachments": [{"filename": "a.pdf", "content": "A" * (30 * MIB)}]}).encode()
    crowd = json.dumps(message(0) | {"to": [{"email": f"r{n}@b.example"} for n in range(1_000_000)]}).encode()
    nested = json.dumps(message(0))[:-1].encode() + b', "a": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
    bulk = json.dumps([message(n, 90_000) for n in range(500)]).encode()
    # Each address twice, in three lists of each of 500 messages: nothing but mistakes.
    people = [{"email": f"r{n % 1000}@b.example"} for n in range(2_000)]
    mistakes = json.dumps([{"to": people, "cc": people} for _ in range(200)]).encode()
    long = json.dumps([message(0, 2_000_000) for _ in range(29)]).encode()

    def slow() -> str:
        sockets = [running.socket() for _ in range(500)]
        for turn in range(5):
            for opened in sockets:
                opened.sendall(b"POST /v1/email HTTP/1.1\r\nhost: a\r\ncontent-length: 60000000\r\n\r\n" if turn == 0 else b"x")
            time.sleep(0.5)
        return "500 clients that send a byte now and then"

    def many_headers() -> str:
        opened = running.socket()
        try:
            opened.sendall(b"POST /v1/email HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(1_000_000)))
            answer = opened.recv(4096)[:12]
        except OSError as error:
            answer = str(error).encode()
        return f"a million headers: {answer.decode()}"

    work: tuple[Callable[[], str], ...] = (
        lambda: f"50 bodies of 30 MB at once: {sorted(together(50, lambda: post(running, '/v1/email', large)))[::49]}",
        lambda: f"a million recipients ({len(crowd) / 1e6:.0f} MB): {post(running, '/v1/email', crowd)}",
        lambda: f"a million levels: {post(running, '/v1/email', nested)}, in bulk {post(running, '/v1/bulk-email', nested)}",
        lambda: f"a bulk of 500 with 90 KB each ({len(bulk) / 1e6:.0f} MB): {post(running, '/v1/bulk-email', bulk)}",
        lambda: f"a bulk of 29 with 2 MB each ({len(long) / 1e6:.0f} MB): {post(running, '/v1/bulk-email', long)}",
        lambda: f"a bulk of mistakes ({len(mistakes) / 1e6:.0f} MB): {post(running, '/v1/bulk-email', mistakes)}",
        many_headers,
        slow,
    )
    for one in work:
        with emulator(binary) as running:
            taken = time.perf_counter()
            said = meanwhile(running, one)
            print(f"{said}; {time.perf_counter() - taken:.1f} s")


PARTS = {"start": start, "memory": memory, "page": page, "listeners": listeners, "hostile": hostile}


def main() -> None:
    binary, *names = sys.argv[1:]
    for name in names or PARTS:
        PARTS[name](binary)


main()
