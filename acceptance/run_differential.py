"""Sends generated messages with Mailferry and with Django Anymail, and compares what each of them did."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import anymail_side
import differences
import generate
from anymail_side import AnymailSide
from capture import CaptureServer
from differences import Difference, View
from mailferry_side import MailferrySide
from outcome import CRASH, Outcome

SHOWN_FAILURES = 20
#: Fewer cases than this cannot be expected to show every difference.
ENOUGH_FOR_STALE = 2000
PROCESSES = 2

Case = dict[str, object]


def main() -> int:
    options = _options()
    anymail_side.configure()
    indexes = [options.only] if options.only is not None else range(options.count)
    cases = [generate.generate_case(options.seed, index) for index in indexes]
    listed = differences.load()
    with tempfile.TemporaryDirectory(prefix="mailferry-") as name, CaptureServer() as theirs, CaptureServer() as ours:
        folder = Path(name)
        files = _write_files(folder)
        with AnymailSide(theirs, files) as anymail:
            if options.mailferry is None:
                report = _check_anymail(cases, anymail, listed, options.seed)
            else:
                mailferry = MailferrySide(options.mailferry.resolve(), ours, files, folder)
                report = _compare(cases, mailferry, anymail, listed)
        report.strays(theirs, ours)
    if options.only is None and len(cases) >= ENOUGH_FOR_STALE:
        report.stale(listed)
    return report.finish(listed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="how many messages (default 5000)")
    parser.add_argument("--seed", type=int, default=1, help="the generator's seed (default 1)")
    parser.add_argument("--only", type=int, metavar="INDEX", help="only the case with this index, shown in full")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--mailferry", type=Path, metavar="PATH", help="the mailferry command")
    target.add_argument(
        "--anymail-only", action="store_true", help="check the generator, the differences and Anymail alone"
    )
    return parser.parse_args()


def _write_files(folder: Path) -> Path:
    files = folder / "files"
    files.mkdir()
    for name, content in generate.FILES.items():
        (files / name).write_bytes(content)
    return files


class Report:
    """Counts, prints failures as they come, and ends the run."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.seen: Counter[str] = Counter()

    def success(self) -> None:
        self.passed += 1
        if self.passed % 1000 == 0:
            print(f"{self.passed} equal so far", flush=True)

    def failure(self, text: str) -> None:
        self.failed += 1
        if self.failed <= SHOWN_FAILURES:
            print(f"\nFAILED {text}", flush=True)
        else:
            print(f"FAILED {text.splitlines()[0]}", flush=True)

    def strays(self, *servers: CaptureServer) -> None:
        for request in [stray for server in servers for stray in server.strays]:
            self.failure(
                f"a request that belongs to no message: {request.method} {request.path}\n{request.body[:2000]!r}"
            )

    def stale(self, listed: list[Difference]) -> None:
        for difference in listed:
            if not self.seen[difference.id] and not difference.rare:
                self.failure(f"{difference.id}: listed in differences.toml, but no case of this run shows it")

    def finish(self, listed: list[Difference]) -> int:
        shown = (f"{difference.id} {self.seen[difference.id]}" for difference in listed if self.seen[difference.id])
        print(f"intended differences seen: {', '.join(shown) or 'none'}")
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def _compare(cases: list[Case], mailferry: MailferrySide, anymail: AnymailSide, listed: list[Difference]) -> Report:
    report = Report()
    with ThreadPoolExecutor(PROCESSES) as pool:
        running = [(group, pool.submit(mailferry.send, group)) for group in _groups(cases)]
        for case, actual in _results(running):
            plain = anymail.send(case)
            wanted, applied = differences.expected(View(case, plain, anymail.send), listed)
            report.seen.update(applied)
            if wanted.canonical() == actual.canonical():
                report.success()
            else:
                report.failure(_explanation(case, plain, wanted, actual, applied))
    return report


def _groups(cases: list[Case]) -> list[list[Case]]:
    """The cases that share their settings."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(json.dumps(case["settings"], sort_keys=True), []).append(case)
    return list(groups.values())


def _results(running: list[tuple[list[Case], Future[list[Outcome]]]]) -> Iterator[tuple[Case, Outcome]]:
    for group, future in running:
        yield from zip(group, future.result())


def _check_anymail(cases: list[Case], anymail: AnymailSide, listed: list[Difference], seed: int) -> Report:
    """Without Mailferry: the generator is deterministic, and every crash of Anymail is a listed difference."""
    report = Report()
    for case in cases:
        again = generate.generate_case(seed, int(str(case["id"]).rpartition("-")[2]))
        plain = anymail.send(case)
        wanted, applied = differences.expected(View(case, plain, anymail.send), listed)
        report.seen.update(applied)
        if again != case:
            report.failure(f"{case['id']}: the generator made two different cases")
        elif wanted.category == CRASH:
            report.failure(f"{case['id']}: no listed difference explains {wanted.detail}\n{_pretty(case)}")
        else:
            report.success()
    return report


def _explanation(case: Case, plain: Outcome, wanted: Outcome, actual: Outcome, applied: list[str]) -> str:
    seed, _, index = str(case["id"]).rpartition("-")
    sides = wanted.canonical().split("\n"), actual.canonical().split("\n")
    diff = difflib.unified_diff(*sides, "expected", "mailferry", lineterm="", n=6)
    return "\n".join(
        [
            str(case["id"]),
            f"anymail: {plain.detail or 'sent'}",
            f"mailferry: {actual.detail or 'sent'}",
            f"intended differences applied: {', '.join(applied) or 'none'}",
            *diff,
            _pretty(case),
            f"again: run_differential.py --seed {seed} --only {index} --mailferry PATH",
        ]
    )


def _pretty(case: Case) -> str:
    return json.dumps(case, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
