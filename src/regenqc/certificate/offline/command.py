"""The command of the single file: `python verify_certificate.py FILE --trust FOLDER`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.certificate.offline.judging import judge
from regenqc.certificate.offline.trust import read_trust
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.certificate.offline.verdict import Verdict

__all__ = ["found_lines", "main", "verdict_lines"]

_MARKS = {True: "✔", False: "✘", None: "–"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files that are named, print what was found and return the exit code: 0 verified, 5 not, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="verify_certificate.py",
        description="Check certificates of regenqc offline. Needs Python 3.11 or later and the package cryptography.",
    )
    parser.add_argument("files", nargs="+", type=Path, help="PDF, record (JSON) or packet (zip)")
    parser.add_argument("--trust", type=Path, default=Path("trust"), help="folder with the keys that you had before")
    parser.add_argument("--code", help="text that a scanner read from the page")
    parser.add_argument("--evidence", nargs="*", type=Path, default=[], help="files of the evaluation")
    parser.add_argument("--now", help="moment to check for, ISO 8601 with zone; the clock when not stated")
    options = parser.parse_args(arguments)
    code = 0
    try:
        trust = read_trust(options.trust)
        now = datetime.fromisoformat(options.now) if options.now else datetime.now(UTC)
        evidence = {str(path): path.read_bytes() for path in options.evidence}
        for path in options.files:
            verdict, _, _ = judge(path.read_bytes(), trust=trust, now=now, evidence=evidence, code=options.code)
            print("\n".join(verdict_lines(verdict, name=str(path))))  # noqa: T201 - this is what the program does
            code = code if verdict.ok else 5
    except (RegenqcError, OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code if isinstance(error, RegenqcError) else 2
    return code


def verdict_lines(verdict: Verdict, *, name: str) -> list[str]:
    """Return a verdict as lines for people.

    Args:
        verdict: to be shown.
        name: of the file.
    """
    return [f"{_plain(name)}: {'VERIFIED' if verdict.ok else 'NOT VERIFIED'}", *found_lines(verdict)]


def found_lines(verdict: Verdict) -> list[str]:
    """Return what a verdict rests on: whose certificate it is, and each check with everything that is wrong."""
    lines = [f"    {label:<13}{_plain(value)}" for label, value in verdict.facts.items()]
    for check in verdict.checks:
        if not check.faults:
            lines.append(f"  {_MARKS[check.passed]} {check.name:<11}{_plain(check.said)}")
        for fault in check.faults:
            lines.append(f"  {_MARKS[False]} {check.name:<11}{fault.code} {_plain(fault.what)}")
            for label, text in (
                ("at", fault.where),
                ("got", fault.got),
                ("expected", fault.expected),
                ("do", fault.action),
            ):
                if text:
                    short = text if len(text) <= 400 else f"{text[:380]}… ({len(text)} characters)"
                    lines.append(f"{'':<15}{label:<10}{_plain(short)}")
    return lines


def _plain(text: str) -> str:
    """Return text with control characters made visible, so that a file cannot steer the terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
