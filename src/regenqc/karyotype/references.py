"""Resolve a clone that refers to another one: `idem`, `sl`, `sdl`.

`idem` and `sl` stand for everything in the first clone, `sdl1` for the first clone that was derived from it, `sdl2` for the
second, and `sdl` without a number for the only one. `x2` doubles what is referred to. Source: ISCN, neoplasia.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from regenqc.karyotype.model import Clone, Form, Notation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.karyotype.model import Abnormality

__all__ = ["resolve_reference"]


def resolve_reference(
    reference: str,
    own: tuple[Abnormality, ...],
    *,
    number: int,
    cells: int | None,
    earlier: Sequence[Clone],
) -> Clone | str:
    """Return the clone with everything it refers to, or why it refers to nothing.

    Losses take away what was gained: `idem,-8` of a clone with `+8` has neither. A sex chromosome that is lost leaves the
    sex chromosomes of the clone, as in `45,X,-X`.

    Args:
        reference: as written, e.g. `sdl1x2`.
        own: abnormalities beside the reference.
        number: of chromosomes.
        cells: counted, or `None`.
        earlier: clones before it.

    Example:
        >>> resolve_reference("idem", (), number=46, cells=5, earlier=())
        'idem refers to a clone before it, and there is none'
    """
    word, _, times = reference.partition("x")
    target = _target(word, earlier)
    if isinstance(target, str):
        return target
    if target.notation.composite:
        return f"{word} refers to a composite, of which no single cell is known"
    factor = int(times) if times else 1
    sex = target.sex if factor == 1 else "".join(sorted(target.sex * factor))
    changes = [*target.abnormalities] if factor == 1 else _multiplied(target.abnormalities, factor)
    for change in own:
        if change.sign != "-":
            changes.append(change)
            continue
        opposite = replace(change, sign="+", form=Form.GAIN if change.form is Form.LOSS else change.form)
        if opposite in changes:
            changes.remove(opposite)
            continue
        if change.form is not Form.LOSS:
            return f"{word} has no additional chromosome of this kind that could be lost"
        if not target.sex_constitutional:
            sex = sex.replace(change.chromosomes[0], "", 1)
        changes.append(change)
    return Clone(
        number,
        sex,
        tuple(changes),
        cells,
        target.ploidy * factor,
        target.sex_constitutional,
        Notation(reference=reference, own=own),
    )


def _target(word: str, earlier: Sequence[Clone]) -> Clone | str:
    if not earlier:
        return f"{word} refers to a clone before it, and there is none"
    if word in {"idem", "sl"}:
        return earlier[0]
    sidelines = [clone for clone in earlier if clone.notation.reference]
    if word == "sdl":
        return sidelines[0] if len(sidelines) == 1 else "sdl refers to the only sideline, and there is not just one"
    place = int(word[3:])
    if place > len(sidelines):
        return f"{word} refers to a sideline, and there are only {len(sidelines)} before it"
    return sidelines[place - 1]


def _multiplied(changes: tuple[Abnormality, ...], factor: int) -> list[Abnormality]:
    found: list[Abnormality] = []
    for change in changes:
        whole = change.form in {Form.GAIN, Form.LOSS}  # written one by one: +8,+8
        found += [change] * factor if whole else [replace(change, copies=change.copies * factor)]
    return found
