"""Reads a page of Markdown as the steps of a tour: blocks to paste, what they print, and pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$|^!\[[^]]+\]\(images/([\w-]+)\.png\)$", re.MULTILINE)


@dataclass(frozen=True)
class Paste:
    """Lines for a shell, in the terminal of this name; that without a name is the one where things are sent."""

    terminal: str
    lines: str


@dataclass(frozen=True)
class Printed:
    """What such a terminal has printed by then; `…` stands for any letters."""

    terminal: str
    lines: list[str]

    def is_in(self, output: str) -> bool:
        """Whether all lines are there, in their order."""
        pattern = ".*".join(re.escape(line).replace("…", "[^\n]*") for line in self.lines)
        return re.search(pattern, output, re.DOTALL) is not None


@dataclass(frozen=True)
class Picture:
    """A picture of the page."""

    name: str


Step = Paste | Printed | Picture


def steps(document: Path) -> list[Step]:
    """In the order of the text. A block that is neither `sh` nor `text` is an error, since nobody would try it."""
    return [_step(*found.groups()) for found in BLOCK.finditer(document.read_text(encoding="utf-8"))]


def _step(language: str | None, name: str | None, lines: str | None, picture: str | None) -> Step:
    match language:
        case None:
            return Picture(picture or "")
        case "sh":
            return Paste(name or "", lines or "")
        case "text":
            return Printed(name or "", [line.rstrip() for line in (lines or "").splitlines()])
        case other:
            raise SystemExit(f"a block of the tour is {other}, which is neither sh nor text")
