"""Read a karyotype: cell lines, their counts, and what other techniques add.

The subset of ISCN that is read is documented for reviewers in docs/karyotype.md. Nothing is repaired or guessed: a text
is read to its end and its arithmetic agrees, or it is `NotUnderstood`, with the position at which it stops being so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from regenqc.karyotype.abnormalities import find_abnormality, find_frequent
from regenqc.karyotype.arithmetic import find_composite_disagreement, find_disagreement, infer_ploidy
from regenqc.karyotype.faults import Refusal, explain_abnormality, explain_clone
from regenqc.karyotype.model import (
    IN_FULL,
    Abnormality,
    Clone,
    Form,
    Karyotype,
    Notation,
    NotUnderstood,
    OtherTechnique,
)
from regenqc.karyotype.references import resolve_reference
from regenqc.karyotype.signals import read_other_techniques
from regenqc.measurement.reported import fold_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["fold_karyotype", "position_in", "read_abnormality", "read_karyotype"]

# The longest published karyotypes have some two thousand characters.
_LONGEST_TEXT: Final = 10_000
_LONGEST_KEPT: Final = 200

_NUMBER = r"([1-9][0-9]{0,2})"
_PLOIDY = r"(?:<([1-8])n>)?"
_ITEMS = r"((?:,[^,/\[\]]+)*)"
_CELLS = r"(?:\[([1-9][0-9]{0,3})\])?"
_IN_FULL: Final = re.compile(rf"{_NUMBER}{_PLOIDY},(X+Y*|Y+)(c?){_ITEMS}{_CELLS}")
_REFERRING: Final = re.compile(rf"{_NUMBER},((?:idem|sl|sdl[1-9]?)(?:x[2-9])?){_ITEMS}{_CELLS}")
_COMPOSITE: Final = re.compile(
    rf"{_NUMBER}(?:~{_NUMBER})?,(XX|XY)((?:,[^,/\[\]]+(?:\[[1-9][0-9]{{0,3}}\])?)+)\[cp([1-9][0-9]{{0,3}})\]"
)
_COMPOSITE_ITEM: Final = re.compile(r",([^,/\[\]]+)(?:\[([0-9]+)\])?")
_TECHNIQUE: Final = re.compile(r"(?:^|\.)(?=(?:nuc )?ish\b|arr\b)")
# Both are typographic forms of the signs that ISCN prints.
_SIGNS: Final = {0x2013: "-", 0x00D7: "x"}
# A member of an enumeration is looked up slowly.
_LOSS: Final = Form.LOSS


def read_karyotype(text: str) -> Karyotype | NotUnderstood:
    """Read one reported karyotype; never raises, whatever the text.

    Surrounding blanks and full-width forms carry no meaning; case and every other character do.

    Args:
        text: as reported.

    Returns:
        The karyotype with every abnormality of every cell line, or where the text stops being understood.

    Source:
        ISCN (2020, 2024) for the notation; docs/karyotype.md lists what of it is read.

    Example:
        >>> read_karyotype("46,XX[20]").metaphases
        20
        >>> refused = read_karyotype("46,XX,+21")
        >>> refused.position, refused.problem
        (0, '46 chromosomes are stated, the sex chromosomes and abnormalities give 47')
    """
    found = _read(fold_karyotype(text), text)
    if isinstance(found, Refusal):
        return NotUnderstood(text, position_in(text, found.position), found.problem, found.expected)
    return found


def read_abnormality(text: str) -> Abnormality | NotUnderstood:
    """Read one abnormality as it stands in a karyotype; never raises, whatever the text.

    Example:
        >>> read_abnormality("inv(9)(p12q13)").chromosomes
        ('9',)
        >>> read_abnormality("inv(9)(p11)").position
        10
    """
    folded = fold_karyotype(text)
    found = find_abnormality(folded)
    if found is not None and _has_its_sign(found):
        return found
    refusal = explain_abnormality(folded)
    return NotUnderstood(text, position_in(text, refusal.position), refusal.problem, refusal.expected)


def position_in(text: str, position: int) -> int:
    """Return where a position of the folded text lies in the text as reported.

    Example:
        >>> position_in("  46,XQ[20]", 4)
        6
    """
    if text.isascii() and text == fold_text(text):
        return position
    kept: list[int] = []
    after_blank = True
    for index, character in enumerate(text):
        blank = fold_text(character) == ""
        if not (blank and after_blank):
            kept.append(index)
        after_blank = blank
    return kept[position] if position < len(kept) else len(text)


def fold_karyotype(text: str) -> str:
    """Return a text without the differences that carry no meaning: `fold_text`, and the signs as ISCN prints them.

    Example:
        >>> fold_karyotype(" 45,X,\u2013Y[3]")
        '45,X,-Y[3]'
    """
    if text.isascii() and " " not in text and "\t" not in text:
        return text
    return fold_text(text).translate(_SIGNS)


def _read(text: str, reported: str) -> Karyotype | Refusal:
    if len(text) > _LONGEST_TEXT:
        return Refusal(_LONGEST_TEXT, "the text is too long for a karyotype", f"at most {_LONGEST_TEXT} characters")
    if "ish" in text or "arr" in text:
        first = _TECHNIQUE.search(text)
        if first is not None:
            techniques = read_other_techniques(text, first.start())
            if isinstance(techniques, Refusal):
                return techniques
            if first.start() == 0:
                return Karyotype((), "", techniques, reported)
            return _read_clones(text[: first.start()], reported, techniques)
    return _read_clones(text, reported, ())


def _read_clones(text: str, reported: str, techniques: tuple[OtherTechnique, ...]) -> Karyotype | Refusal:
    at, origin = 0, ""
    if text.startswith(("mos ", "chi ")):
        at, origin = 4, text[:3]
    clones: list[Clone] = []
    for part in (text[4:] if origin else text).split("/"):
        clone = _read_frequent(part) if len(part) <= _LONGEST_KEPT else _read_in_full(part)
        if clone is None:
            found = _read_rare(text, at, clones)
            if isinstance(found, Refusal):
                return found
            clone = found
        if clones and _is_repeated(clone, clones):
            return Refusal(at, "the same clone stands twice", "clones that differ")
        clones.append(clone)
        at += len(part) + 1
    if origin and len(clones) == 1:
        problem = f"'{origin}' announces several cell lines, only one is stated"
        return Refusal(len(text), problem, "'/' and another cell line")
    return Karyotype(tuple(clones), origin, techniques, reported)


def _is_repeated(clone: Clone, earlier: list[Clone]) -> bool:
    for other in earlier:
        if (
            clone.sex == other.sex
            and clone.number == other.number
            and len(clone.abnormalities) == len(other.abnormalities)
            and sorted(map(repr, clone.abnormalities)) == sorted(map(repr, other.abnormalities))
        ):
            return True
    return False


# ---- a clone that is written out in full -----------------------------------------------------------------------------


def _read_in_full(text: str) -> Clone | None:
    """Return a clone that is written out in full; `None` for any other text."""
    match = _IN_FULL.fullmatch(text)
    if match is None:
        return None
    number_text, ploidy_text, sex, constitutional_text, items, cells_text = match.groups()
    abnormalities: tuple[Abnormality, ...] = ()
    if items:
        found = _read_items(items)
        if found is None:
            return None
        abnormalities = found
    number, constitutional = int(number_text), constitutional_text != ""
    cells = None if cells_text is None else int(cells_text)
    ploidy = 2 if ploidy_text is None else int(ploidy_text)
    if find_disagreement(number, sex, abnormalities, ploidy=ploidy, sex_constitutional=constitutional) is None:
        notation = IN_FULL if ploidy_text is None else Notation(ploidy_stated=True)
        return Clone(number, sex, abnormalities, cells, ploidy, constitutional, notation)
    inferred = (
        infer_ploidy(number, sex, abnormalities, sex_constitutional=constitutional) if ploidy_text is None else None
    )
    return None if inferred is None else Clone(number, sex, abnormalities, cells, inferred, constitutional)


# Most texts end with one of the same few normal clones. Only for short texts, so that what is remembered stays small.
_read_frequent = lru_cache(maxsize=1 << 13)(_read_in_full)


def _read_items(items: str) -> tuple[Abnormality, ...] | None:
    find = find_frequent if len(items) <= _LONGEST_KEPT else find_abnormality
    found = []
    for item in items[1:].split(","):
        abnormality = find(item)
        if abnormality is None or (abnormality.sign == "-" and abnormality.form is not _LOSS):
            return None
        found.append(abnormality)
    abnormalities = tuple(found)
    return abnormalities if "der(" not in items or _find_unexplained(items, abnormalities) is None else None


def _has_its_sign(abnormality: Abnormality) -> bool:
    """Return whether the change can stand in a clone that is written in full, where only whole chromosomes are lost."""
    return abnormality.sign != "-" or abnormality.form is _LOSS


def _find_unexplained(text: str, abnormalities: Iterable[Abnormality]) -> str | None:
    """Return a translocation of a derivative chromosome whose breakpoints the text does not state."""
    for abnormality in abnormalities:
        for part in abnormality.parts:
            if not part.breakpoints and part.form is Form.TRANSLOCATION:
                name = f"t({';'.join(part.chromosomes)})"
                if f"{name}(" not in text:
                    return name
    return None


# ---- composites, references, and what is not understood --------------------------------------------------------------


def _read_rare(text: str, at: int, earlier: list[Clone]) -> Clone | Refusal:
    end = text.find("/", at)
    end = len(text) if end < 0 else end
    if (match := _REFERRING.fullmatch(text, at, end)) is not None:
        return _read_referring(match, earlier)
    if (match := _COMPOSITE.fullmatch(text, at, end)) is not None:
        return _read_composite(match)
    if (match := _IN_FULL.fullmatch(text, at, end)) is not None:
        return _refuse_in_full(match)
    return explain_clone(text, at)


def _refuse_in_full(match: re.Match[str]) -> Refusal:
    """Return why a clone that has the form of one written in full is refused."""
    text, items = match.string, match[5]
    found: list[Abnormality] = []
    for index, item in enumerate(items[1:].split(",") if items else ()):
        abnormality = find_abnormality(item)
        if abnormality is None or not _has_its_sign(abnormality):
            return _refuse_item(text, match.start(5), item, index)
        found.append(abnormality)
    unexplained = _find_unexplained(items, found)
    if unexplained is not None:
        return _refuse_unexplained(text, match.start(5), unexplained)
    problem = find_disagreement(
        int(match[1]), match[3], tuple(found), ploidy=int(match[2] or 2), sex_constitutional=match[4] != ""
    )
    assert problem is not None  # noqa: S101 - nothing else is left
    return Refusal(match.start(), problem, "a number of chromosomes that agrees with what follows it")


def _refuse_unexplained(text: str, at: int, name: str) -> Refusal:
    return Refusal(text.index(name, at), f"the breakpoints of {name} are not stated", "its bands, here or before")


def _refuse_item(text: str, items_start: int, item: str, index: int) -> Refusal:
    at = items_start + 1
    for _ in range(index):
        at = text.index(",", at) + 1
    if find_abnormality(item) is not None:
        return Refusal(at, "a rearranged chromosome is lost that no clone before has", "a loss such as -7")
    refusal = explain_abnormality(item)
    problem = refusal.problem
    if refusal.position == len(item) and text[at + len(item) :]:
        problem = problem.replace("the end of the text", f"'{text[at + len(item)]}'")
    return Refusal(at + refusal.position, problem, refusal.expected)


def _read_referring(match: re.Match[str], earlier: list[Clone]) -> Clone | Refusal:
    number, reference, items, cells = match.groups()
    own: list[Abnormality] = []
    for index, item in enumerate(items[1:].split(",") if items else ()):
        abnormality = find_abnormality(item)
        if abnormality is None:
            return _refuse_item(match.string, match.start(3), item, index)
        own.append(abnormality)
    unexplained = _find_unexplained(match.string[: match.end()], own) if "der(" in items else None
    if unexplained is not None:
        return _refuse_unexplained(match.string, match.start(3), unexplained)
    resolved = resolve_reference(
        reference,
        tuple(own),
        number=int(number),
        cells=None if cells is None else int(cells),
        earlier=earlier,
    )
    if isinstance(resolved, str):
        return Refusal(match.start(2), resolved, "a clone stated before, or the clone in full")
    problem = find_disagreement(
        resolved.number,
        resolved.sex,
        resolved.abnormalities,
        ploidy=resolved.ploidy,
        sex_constitutional=resolved.sex_constitutional,
    )
    if problem is None:
        return resolved
    return Refusal(match.start(), problem, "a number of chromosomes that agrees with what follows it")


def _read_composite(match: re.Match[str]) -> Clone | Refusal:
    text = match.string
    number, highest, sex, items, cells_text = match.groups()
    cells = int(cells_text)
    found: list[Abnormality] = []
    cells_of: list[int | None] = []
    for index, item in enumerate(_COMPOSITE_ITEM.finditer(text, match.start(4), match.end(4))):
        abnormality = find_abnormality(item[1])
        if abnormality is None or not _has_its_sign(abnormality):
            return _refuse_item(text, match.start(4), item[1], index)
        if item[2] is not None and int(item[2]) > cells:
            return Refusal(item.start(2), f"more cells than the {cells} of the composite", f"at most {cells}")
        found.append(abnormality)
        cells_of.append(None if item[2] is None else int(item[2]))
    unexplained = _find_unexplained(items, found)
    if unexplained is not None:
        return _refuse_unexplained(text, match.start(4), unexplained)
    notation = Notation(None if highest is None else int(highest), composite=True, cells_of=tuple(cells_of))
    clone = Clone(int(number), sex, tuple(found), cells, notation=notation)
    problem = find_composite_disagreement(clone)
    if problem is None:
        return clone
    return Refusal(match.start(), problem, "numbers of chromosomes that agree with what follows them")
