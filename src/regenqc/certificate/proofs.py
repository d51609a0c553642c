"""Entries of the ledger with their proofs, as `regenqc ledger prove` writes them, by the digests that they name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regenqc.certificate.faults import data_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_proofs"]


def read_proofs(folder: Path) -> dict[str, tuple[str, str]]:
    """Return text of entry and proof by every digest that an entry names.

    Args:
        folder: with pairs of `NAME.json` and `NAME.tlog-proof`.

    Raises:
        DataError: `RQC-V091`, a file cannot be read.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.tlog-proof")):
        entry_path = path.with_suffix(".json")
        try:
            entry, proof = entry_path.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")
            for digest in _digests(json.loads(entry)):
                found[digest] = (entry, proof)
        except (OSError, ValueError) as error:
            raise data_error(
                "RQC-V091",
                "An entry of the ledger or its proof cannot be read.",
                where=str(path),
                got=error,
                expected="NAME.json beside NAME.tlog-proof",
                action="Write both with `regenqc ledger prove`.",
            ) from error
    return found


def _digests(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("sha256:"):
            yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _digests(member)
    elif isinstance(value, list):
        for member in value:
            yield from _digests(member)
