"""Conformance data that others published; they stay where they are and tests skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["ABSENT", "vectors"]

ABSENT = "published vectors are not here; name their folder in REGENQC_VECTORS"
_REPOSITORY = Path(__file__).resolve().parents[2]


def vectors(name: str) -> Path | None:
    """Return the folder of a collection of vectors, `None` where it is absent."""
    named = os.environ.get("REGENQC_VECTORS")
    places = [Path(named)] if named else sorted(_REPOSITORY.parent.glob("*/vectors"))
    return next((place / name for place in places if (place / name).is_dir()), None)
