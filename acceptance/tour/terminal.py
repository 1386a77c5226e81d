"""A shell that remembers its folder and its variables from one pasted block to the next, as a terminal does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

END_LIMIT = 20


class Failed(Exception):
    """A step of the tour did not do what the text says."""


class Terminal:
    """`bash` in a group of processes of its own, so that all it starts is ended with it."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        self.name = name
        self._parts: list[str] = []
        self._changed = threading.Condition()
        self._blocks = 0
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-e"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def paste(self, lines: str) -> Callable[[float], str]:
        """Begins to run a block. What is given waits until it has ended well, so many seconds, and gives what it printed."""
        self._blocks += 1
        done = f"-- block {self._blocks} is done --"
        start = len(self.output)
        assert self._process.stdin is not None
        # Read as a whole first, so that no command takes the following lines for its input.
        self._process.stdin.write(f"{{\n{lines}\n}} </dev/null\necho '{done}'\n")
        self._process.stdin.flush()

        def wait(seconds: float) -> str:
            printed = self.wait_for(lambda output: done in output[start:], seconds, lines)
            return printed[start:].partition(done)[0]

        return wait

    @property
    def output(self) -> str:
        with self._changed:
            return "".join(self._parts)

    def wait_for(self, is_enough: Callable[[str], bool], seconds: float, what: str) -> str:
        """All that was printed, as soon as it is enough."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not is_enough("".join(self._parts)):
                left = deadline - time.monotonic()
                if left <= 0 or self._process.poll() is not None:
                    why = "took too long" if left <= 0 else f"ended with {self._process.returncode}"
                    raise Failed(f"terminal {self.name!r} {why}:\n{what}\nIt printed:\n{''.join(self._parts)}")
                self._changed.wait(min(left, 0.2))
            return "".join(self._parts)

    def end(self) -> None:
        """As Ctrl-C does; by force when that is not enough."""
        for sign in (signal.SIGINT, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, sign)
            if sign is signal.SIGINT and self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(END_LIMIT)
                return
            except subprocess.TimeoutExpired:
                continue

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._parts.append(line)
                self._changed.notify_all()
