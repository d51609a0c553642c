"""Specifications as the console finds them: the site's own first, then those that travel with regenqc; each read once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from regenqc.errors import RegenqcError
from regenqc.specification import load_specification

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.console.settings import ConsoleSettings
    from regenqc.specification.model import Specification

__all__ = ["judged_by", "own_folders"]


def own_folders(settings: ConsoleSettings) -> tuple[Path, ...]:
    """Return the folders searched before those that travel with regenqc."""
    return (settings.specifications,)


def judged_by(settings: ConsoleSettings, spec_id: str, *, fingerprint: str) -> Specification | None:
    """Return the specification by which a lot was judged, `None` when exactly that text is not at hand.

    Args:
        settings: of the console.
        spec_id: identifier.
        fingerprint: that the evaluation states.
    """
    found = _loaded(spec_id, fingerprint, own_folders(settings))
    return found if found is not None and found.fingerprint == fingerprint else None


@lru_cache(maxsize=64)
def _loaded(spec_id: str, fingerprint: str, folders: tuple[Path, ...]) -> Specification | None:
    del fingerprint  # another text is another entry
    try:
        return load_specification(spec_id, roots=folders)
    except RegenqcError:
        return None
