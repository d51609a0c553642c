"""Faults of attacks, word for word: what a test was told is compared with what somebody read and kept.

A module keeps one file of messages beside it, with a section for each test that was told anything. After a change
`REGENQC_KEEP_MESSAGES=1 pytest …` writes them anew, to be read before they are kept.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from regenqc.errors import Fault

__all__ = ["Told"]

_VARYING = re.compile(r"(sha256):[0-9a-f]{64}|\b(?:DECISION|HOSPITAL)-[0-9A-F]{16,}")


class Told:
    """Collect what a test is told, and compare it with the reviewed words when the test ends.

    Args:
        path: file of messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []

    def hear(self, faults: Iterable[Fault]) -> list[Fault]:
        """Return faults, and remember them."""
        heard = list(faults)
        self._lines += [str(fault) for fault in heard]
        return heard

    def reviewed(self, test: str) -> Iterator[None]:
        """Run a test, then compare."""
        self._lines.clear()
        yield
        numbers: dict[str, str] = {}

        def numbered(match: re.Match[str]) -> str:
            return numbers.setdefault(match[0], f"<{'digest' if match[1] else 'decision'} {len(numbers) + 1}>")

        told = _VARYING.sub(numbered, "\n".join(self._lines))
        kept = self._sections()
        if os.environ.get("REGENQC_KEEP_MESSAGES"):
            kept = {name: text for name, text in {**kept, test: told}.items() if text}
            self._path.write_text("\n".join(f"## {name}\n{text}\n" for name, text in sorted(kept.items())), "utf-8")
        elif told != kept.get(test, ""):
            pytest.fail(f"Other words than those that were reviewed:\n{told}\n\nreviewed:\n{kept.get(test, '')}")

    def _sections(self) -> dict[str, str]:
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
        return {name: each.strip("\n") for name, each in zip(parts[1::2], parts[2::2], strict=True)}
