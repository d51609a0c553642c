"""What changes from one version of a specification to another, in words and by direction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from regenqc.specification.comparison import demands
from regenqc.specification.tightening import list_loosenings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.specification.model import Requirement, Specification
    from regenqc.vocabulary import Stage

__all__ = ["Change", "Direction", "list_changes"]

_SHOWN_BESIDES: Final = ("title", "method", "force", "mark", "citation", "edition", "reason")


class Direction(StrEnum):
    """What a change does to the batches."""

    ADDED = "added"
    REMOVED = "removed"
    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    CHANGED = "changed"
    SOURCE = "source only"
    FILE = "specification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change.

    Args:
        direction: `changed` where the new version is stricter in one respect and looser in another.
        id: of the requirement; the key for changes of the specification itself.
        stage: of the requirement, `None` for the specification itself.
        parts: (key, before, after) of everything that differs, as text.
        looser: the respects in which the new version demands less, in words.
    """

    direction: Direction
    id: str
    stage: Stage | None
    parts: tuple[tuple[str, str, str], ...]
    looser: tuple[str, ...] = ()


def list_changes(old: Specification, new: Specification) -> tuple[Change, ...]:
    """Return everything that differs, requirement by requirement.

    Args:
        old: the version in force.
        new: the version that is to replace it.

    Returns:
        Changes of the specification itself, then those of requirements in the order of the new version, then removals.

    Example:
        >>> from regenqc.specification import load_specification
        >>> old, new = load_specification("jp/asrm-class-3"), load_specification("jp/asrm-class-2")
        >>> [(change.direction.value, change.id) for change in list_changes(old, new) if change.stage]
        [('added', 'specified_committee_review'), ('added', 'responsible_lead_and_emergency_care'),
         ('removed', 'committee_review')]
    """
    return (*_of_the_file(old, new), *_of_requirements(old, new))


def _of_the_file(old: Specification, new: Specification) -> Iterator[Change]:
    pairs: dict[str, tuple[Any, Any]] = {
        name: (getattr(old, name), getattr(new, name))
        for name in ("id", "version", "title", "jurisdiction", "pathway", "valid_from", "valid_to", "unlisted_tests")
    }
    for name, before, after in (
        ("product", old.product, new.product),
        ("attributes", old.declared_attributes, new.declared_attributes),
        ("derived", {entry.id: entry for entry in old.derived}, {entry.id: entry for entry in new.derived}),
        (
            "removed",
            {entry.id: entry.justification for entry in old.removed},
            {entry.id: entry.justification for entry in new.removed},
        ),
    ):
        pairs |= {f"{name}.{key}": (before.get(key), after.get(key)) for key in dict.fromkeys((*before, *after))}
    for name, (before, after) in pairs.items():
        if before != after:
            parts = ((name, _text(before), _text(after)),)
            yield Change(direction=Direction.FILE, id=name, stage=None, parts=parts)


def _of_requirements(old: Specification, new: Specification) -> Iterator[Change]:
    before = {entry.id: entry for entry in old.requirements}
    after = {entry.id: entry for entry in new.requirements}
    for identifier, entry in after.items():
        if identifier not in before:
            yield Change(direction=Direction.ADDED, id=identifier, stage=entry.stage, parts=_parts(None, entry))
        elif (change := _changed(before[identifier], entry)) is not None:
            yield change
    for identifier, entry in before.items():
        if identifier not in after:
            yield Change(direction=Direction.REMOVED, id=identifier, stage=entry.stage, parts=_parts(entry, None))


def _changed(old: Requirement, new: Requirement) -> Change | None:
    parts = _parts(old, new)
    if not parts:
        return None
    looser = tuple(loosening.respect for loosening in list_loosenings(old, new))
    if demands(old) == demands(new):
        direction = Direction.SOURCE
    elif looser:
        direction = Direction.CHANGED if any(list_loosenings(new, old)) else Direction.LOOSENED
    else:
        direction = Direction.TIGHTENED if any(list_loosenings(new, old)) or old.sponsor_must_set else Direction.CHANGED
    return Change(direction=direction, id=new.id, stage=new.stage, parts=parts, looser=looser)


def _parts(old: Requirement | None, new: Requirement | None) -> tuple[tuple[str, str, str], ...]:
    before = old.model_dump(exclude_defaults=True) if old is not None else {}
    after = new.model_dump(exclude_defaults=True) if new is not None else {}
    keys = [key for key in dict.fromkeys((*before, *after)) if key not in {"id", "stage", *_SHOWN_BESIDES}]
    keys += [key for key in ("stage", *_SHOWN_BESIDES) if (old is not None and new is not None) or key == "citation"]
    return tuple(
        (key, _text(before.get(key)), _text(after.get(key))) for key in keys if before.get(key) != after.get(key)
    )


def _text(value: Any) -> str:
    """Return a value of a specification for people."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items() if entry is not None)
    if isinstance(value, (list, tuple, frozenset)):
        parts = sorted(map(_text, value)) if isinstance(value, frozenset) else list(map(_text, value))
        return " | ".join(parts)
    if hasattr(value, "model_dump"):
        return _text(value.model_dump(exclude_defaults=True))
    return str(value)
