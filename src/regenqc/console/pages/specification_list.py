"""The specifications that a console knows, loaded once and again when a file changes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from regenqc.errors import RegenqcError
from regenqc.specification import load_specification
from regenqc.specification.lookup import list_specifications

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.console.settings import ConsoleSettings
    from regenqc.specification.model import Specification

__all__ = ["known_specifications"]


def known_specifications(settings: ConsoleSettings) -> tuple[Specification, ...]:
    """Return every specification of the site and of the package, sorted by identifier; an invalid one is left out."""
    own = settings.specifications.resolve()
    files = tuple(
        (path, path.stat().st_mtime_ns) for _, path in list_specifications(roots=(own,) if own.is_dir() else ())
    )
    return _loaded(files)


@lru_cache(maxsize=2)
def _loaded(files: tuple[tuple[Path, int], ...]) -> tuple[Specification, ...]:
    found = []
    for path, _ in files:
        try:
            found.append(load_specification(path))
        except RegenqcError:
            continue
    return tuple(sorted(found, key=lambda each: each.id))
