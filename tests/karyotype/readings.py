"""Short ways to read in tests."""

from __future__ import annotations

from regenqc.karyotype import Clone, Karyotype, NotUnderstood, read_karyotype, write_abnormality

__all__ = ["clones_of", "read", "refused"]


def read(text: str) -> Karyotype:
    found = read_karyotype(text)
    assert isinstance(found, Karyotype), f"{text}: {found}"
    return found


def refused(text: str) -> NotUnderstood:
    found = read_karyotype(text)
    assert isinstance(found, NotUnderstood), f"{text} was read: {found}"
    return found


def clones_of(text: str) -> list[tuple[int, str, str, int | None]]:
    """Return number, sex chromosomes, all abnormalities and cells of every clone."""
    return [_shown(clone) for clone in read(text).clones]


def _shown(clone: Clone) -> tuple[int, str, str, int | None]:
    return clone.number, clone.sex, ",".join(write_abnormality(entry) for entry in clone.abnormalities), clone.cells
