"""Takes the tour of docs/tour.md: pastes what is to be pasted, looks where it says to look, and clicks where it says to click."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from browser.chromium import Missing, find, launch
from tour.document import Paste, Picture, Printed, Step, steps
from tour.pictures import Visitor, visit
from tour.terminal import Failed, Terminal

HERE = Path(__file__).resolve().parent
TOUR = HERE.parent / "docs" / "tour.md"
#: The default ports of `mailferry emulate` and `mailferry webhook listen`, which the text names.
PORTS = (2580, 2581)
#: Terminals whose last command runs until the end, with what they print once they are ready.
LASTING = {"emulator": "Ctrl-C ends it", "receiver": "Listening for webhooks"}
#: Pip and npm fetch packages meanwhile.
BLOCK_LIMIT = 300
READY_LIMIT = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailferry", type=Path, metavar="PATH", required=True, help="the mailferry command")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="put the pictures of the text here")
    options = parser.parse_args()
    try:
        find()
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1 if os.environ.get("MUST_RUN_ALL") else 0
    with tempfile.TemporaryDirectory(prefix="mailferry-tour-") as name:
        folder = Path(name)
        images = options.images or folder / "images"
        images.mkdir(parents=True, exist_ok=True)
        tour = Tour(folder, _environment(folder, options.mailferry.resolve()))
        started = time.monotonic()
        try:
            _free(PORTS)
            with sync_playwright() as playwright:
                browser = launch(playwright)
                with visit(browser, images) as visitor:
                    for step in steps(TOUR):
                        tour.take(step, visitor)
                    visitor.ended()
                    tour.ended()
                browser.close()
        except (Failed, AssertionError, BrowserError) as failed:
            print(f"FAILED the tour\n{failed}", file=sys.stderr)
            return 1
        finally:
            tour.end()
    print(f"ok the tour ({time.monotonic() - started:.0f} s)")
    return 0


class Tour:
    """The terminals, and how far the tour is."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._terminals: dict[str, Terminal] = {}
        self._printed = ""
        self._told = 0

    def take(self, step: Step, visitor: Visitor) -> None:
        match step:
            case Paste("install", lines):
                _names_the_command(lines)
            case Paste(name, lines):
                wait = self._terminal(name).paste(lines)
                if name in LASTING:
                    self._terminal(name).wait_for(lambda output: LASTING[name] in output, READY_LIMIT, lines)
                else:
                    self._printed = wait(BLOCK_LIMIT)
            case Printed("", lines):
                if not step.is_in(self._printed):
                    raise Failed(f"printed was not\n{_text(lines)}\nbut\n{self._printed}")
            case Printed(name, lines):
                self._told += name == "receiver"
                self._terminal(name).wait_for(step.is_in, READY_LIMIT, _text(lines))
            case Picture(name):
                visitor.look(name)
        print(f"ok {_summary(step)}", flush=True)

    def ended(self) -> None:
        """What the tour is for has happened: the receiver has said that the link was clicked."""
        assert self._told, "the tour does not look at what the receiver printed"
        assert "clicked" in self._terminal("receiver").output, self._terminal("receiver").output

    def end(self) -> None:
        for terminal in reversed(self._terminals.values()):
            terminal.end()

    def _terminal(self, name: str) -> Terminal:
        if name not in self._terminals:
            self._terminals[name] = Terminal(name, self._folder, self._environment)
        return self._terminals[name]


def _environment(folder: Path, mailferry: Path) -> dict[str, str]:
    """That of a user who has just installed the command. Versions that the tour does not name are the pinned ones."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "mailferry").symlink_to(mailferry)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAILERSEND_", "MAILFERRY_", "VIRTUAL_ENV"))}
    return {**kept, "PATH": f"{programs}:{kept['PATH']}", "PIP_CONSTRAINT": str(HERE / "requirements.txt"), "NO_COLOR": "1"}


def _names_the_command(lines: str) -> None:
    """The command is built already; what would build it has to be there."""
    words = lines.split()
    assert words[:3] == ["cargo", "install", "--path"], lines
    manifest = (TOUR.parent.parent / words[3] / "Cargo.toml").read_text(encoding="utf-8")
    assert 'name = "mailferry"' in manifest, f"{words[3]} has no command mailferry"


def _free(ports: tuple[int, ...]) -> None:
    for port in ports:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError as error:
                raise Failed(f"the tour needs 127.0.0.1:{port}, but: {error}. Is another emulator running?") from error


def _summary(step: Step) -> str:
    match step:
        case Paste(name, lines):
            last = lines.strip().splitlines()
            return f"{name or 'shell'}: {last[0]}{' …' if len(last) > 1 else ''}"
        case Printed(name, lines):
            return f"{name or 'shell'} printed: {lines[-1]}"
        case Picture(name):
            return f"picture: {name}"


def _text(lines: list[str]) -> str:
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
