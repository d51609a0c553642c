"""Read a karyotype: cell lines, their counts, and what other techniques add.

The subset of ISCN that is read is documented for reviewers in docs/karyotype.md. Nothing is repaired or guessed: a text
is read to its end and its arithmetic agrees, or it is `NotUnderstood`, with the position at which it stops being so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

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
from regenqc.karyotype.signals import find_other_techniques, read_other_techniques
from regenqc.measurement.reported import fold_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["fold_karyotype", "position_in", "read_abnormality", "read_karyotype"]

# The longest published karyotypes have some two thousand characters.
_LONGEST_TEXT: Final = 10_000
_LONGEST_KEPT: Final = 200
# `46,XX,t(9;22)(q34;q11.2)`: clones of one change repeat, longer ones hardly do.
_LONGEST_CLONE_KEPT: Final = 24
_LONGEST_REPORT_KEPT: Final = 12

_NUMBER = r"([1-9][0-9]{0,2})"
_PLOIDY = r"(?:<([1-8])n>)?"
_ITEMS = r"((?:,[^,/\[\]]+)*)"
_CELLS = r"(?:\[([1-9][0-9]{0,3})\])?"
_CHROMOSOMES = rf"{_NUMBER}{_PLOIDY},(X+Y*|Y+)(c?)"
_HEADER: Final = re.compile(_CHROMOSOMES)
_IN_FULL: Final = re.compile(rf"{_CHROMOSOMES}{_ITEMS}{_CELLS}")
_REFERRING: Final = re.compile(rf"{_NUMBER},((?:idem|sl|sdl[1-9]?)(?:x[2-9])?){_ITEMS}{_CELLS}")
_COMPOSITE: Final = re.compile(
    rf"{_NUMBER}(?:~{_NUMBER})?,(XX|XY)((?:,[^,/\[\]]+(?:\[[1-9][0-9]{{0,3}}\])?)+)\[cp([1-9][0-9]{{0,3}})\]"
)
_TECHNIQUE: Final = re.compile(r"(?:^|\.)(?=(?:nuc )?ish\b|arr\b)")
# What stands after the bracket: a look-up is quicker than an expression.
_COUNTS: Final = {f"{count}]": count for count in range(1, 10_000)}
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
    return _find_report(text) if len(text) <= _LONGEST_REPORT_KEPT else _read_report(text)


def _read_report(text: str) -> Karyotype | NotUnderstood:
    found = _read(fold_karyotype(text), text)
    if isinstance(found, Refusal):
        return NotUnderstood(text, position_in(text, found.position), found.problem, found.expected)
    return found


# Most reports say `46,XX[20]`, or one of few other short texts.
_find_report = lru_cache(maxsize=1 << 10)(_read_report)


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
    folded = fold_text(text)
    return folded if folded.isascii() else folded.translate(_SIGNS)


def _read(text: str, reported: str) -> Karyotype | Refusal:
    if len(text) > _LONGEST_TEXT:
        return Refusal(_LONGEST_TEXT, "the text is too long for a karyotype", f"at most {_LONGEST_TEXT} characters")
    if "ish" in text or "arr" in text:
        first = _TECHNIQUE.search(text)
        if first is not None:
            rest = text[first.start() :]
            techniques = (find_other_techniques if len(rest) <= _LONGEST_KEPT else read_other_techniques)(rest)
            if isinstance(techniques, Refusal):
                return techniques._replace(position=first.start() + techniques.position)
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
        clone = _read_usual(part, clones)
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
            clone.number == other.number
            and clone.sex == other.sex
            and len(clone.abnormalities) == len(other.abnormalities)
            and sorted(map(repr, clone.abnormalities)) == sorted(map(repr, other.abnormalities))
        ):
            return True
    return False


# ---- a clone that is written out in full, or refers to one before it --------------------------------------------------


class _Reference(NamedTuple):
    """A clone that refers to another one, as it is written."""

    number: int
    word: str
    own: tuple[Abnormality, ...]


def _read_usual(text: str, earlier: list[Clone]) -> Clone | None:
    """Return a clone whose only bracket is the count at its end; `None` for any other text, and for what is refused."""
    body, bracket, after = text.partition("[")
    cells = _COUNTS.get(after)
    if bracket and cells is None:
        return None
    found = _find_uncounted(body) if len(body) <= _LONGEST_CLONE_KEPT else _read_uncounted(body)
    if found is None:
        return None
    if isinstance(found, _Reference):
        number, word, own = found
        resolved = resolve_reference(word, own, number=number, cells=cells, earlier=earlier)
        return None if isinstance(resolved, str) or _disagreement_of(resolved) is not None else resolved
    number, sex, abnormalities = found.number, found.sex, found.abnormalities
    return Clone(number, sex, abnormalities, cells, found.ploidy, found.sex_constitutional, found.notation)


def _read_uncounted(text: str) -> Clone | _Reference | None:
    end = text.find(",", text.find(",") + 1)
    stated, items = (text, None) if end < 0 else (text[:end], text[end + 1 :])
    header = (_find_header if len(stated) <= _LONGEST_CLONE_KEPT else _read_header)(stated)
    if header is None:
        return _read_reference(text)
    abnormalities: tuple[Abnormality, ...] = ()
    if items is not None:
        find = _finder(items)
        found = []
        for item in items.split(","):
            abnormality = find(item)
            if abnormality is None or (abnormality.sign == "-" and abnormality.form is not _LOSS):
                return None
            found.append(abnormality)
        abnormalities = tuple(found)
        if "der(" in items and _find_unexplained(items, abnormalities) is not None:
            return None
    number, sex, constitutional, ploidy, notation = header
    if find_disagreement(number, sex, abnormalities, ploidy=ploidy, sex_constitutional=constitutional) is None:
        return Clone(number, sex, abnormalities, None, ploidy, constitutional, notation)
    if notation.ploidy_stated:
        return None
    inferred = infer_ploidy(number, sex, abnormalities, sex_constitutional=constitutional)
    return None if inferred is None else Clone(number, sex, abnormalities, None, inferred, constitutional)


def _read_header(text: str) -> tuple[int, str, bool, int, Notation] | None:
    """Return what stands before the abnormalities: number, sex chromosomes, whether constitutional, ploidy, notation."""
    match = _HEADER.fullmatch(text)
    if match is None:
        return None
    number, ploidy, sex, constitutional = match.groups()
    notation = IN_FULL if ploidy is None else Notation(ploidy_stated=True)
    return int(number), sex, constitutional != "", int(ploidy or 2), notation


def _read_reference(text: str) -> _Reference | None:
    match = _REFERRING.fullmatch(text)
    # The breakpoints of a derivative chromosome may stand in an earlier clone.
    if match is None or "der(" in match[3]:
        return None
    items = match[3][1:].split(",") if match[3] else []
    own = tuple(change for change in map(_finder(text), items) if change is not None)
    return _Reference(int(match[1]), match[2], own) if len(own) == len(items) else None


# Most texts end with one of the same few normal clones. Only for short texts, so that what is remembered stays small.
_find_uncounted = lru_cache(maxsize=1 << 13)(_read_uncounted)
_find_header = lru_cache(maxsize=1 << 10)(_read_header)


def _finder(items: str) -> Callable[[str], Abnormality | None]:
    return find_frequent if len(items) <= _LONGEST_KEPT else find_abnormality


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
    at = _start_of_item(text, items_start, index)
    if find_abnormality(item) is not None:
        return Refusal(at, "a rearranged chromosome is lost that no clone before has", "a loss such as -7")
    refusal = explain_abnormality(item)
    problem = refusal.problem
    if refusal.position == len(item) and text[at + len(item) :]:
        problem = problem.replace("the end of the text", f"'{text[at + len(item)]}'")
    return Refusal(at + refusal.position, problem, refusal.expected)


def _start_of_item(text: str, items_start: int, index: int) -> int:
    at = items_start + 1
    for _ in range(index):
        at = text.index(",", at) + 1
    return at


def _read_referring(match: re.Match[str], earlier: list[Clone]) -> Clone | Refusal:
    number, reference, items, cells = match.groups()
    find = _finder(items)
    own: list[Abnormality] = []
    for index, item in enumerate(items[1:].split(",") if items else ()):
        abnormality = find(item)
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
    problem = _disagreement_of(resolved)
    if problem is None:
        return resolved
    return Refusal(match.start(), problem, "a number of chromosomes that agrees with what follows it")


def _disagreement_of(clone: Clone) -> str | None:
    return find_disagreement(
        clone.number,
        clone.sex,
        clone.abnormalities,
        ploidy=clone.ploidy,
        sex_constitutional=clone.sex_constitutional,
    )


def _read_composite(match: re.Match[str]) -> Clone | Refusal:
    text = match.string
    number, highest, sex, items, cells_text = match.groups()
    cells = int(cells_text)
    find = _finder(items)
    found: list[Abnormality] = []
    cells_of: list[int | None] = []
    for index, item in enumerate(items[1:].split(",")):
        change, _, after = item.partition("[")
        abnormality = find(change)
        if abnormality is None or not _has_its_sign(abnormality):
            return _refuse_item(text, match.start(4), change, index)
        count = _COUNTS.get(after)
        if count is not None and count > cells:
            at = _start_of_item(text, match.start(4), index) + len(change) + 1
            return Refusal(at, f"more cells than the {cells} of the composite", f"at most {cells}")
        found.append(abnormality)
        cells_of.append(count)
    unexplained = _find_unexplained(items, found) if "der(" in items else None
    if unexplained is not None:
        return _refuse_unexplained(text, match.start(4), unexplained)
    notation = Notation(None if highest is None else int(highest), composite=True, cells_of=tuple(cells_of))
    clone = Clone(int(number), sex, tuple(found), cells, notation=notation)
    problem = find_composite_disagreement(clone)
    if problem is None:
        return clone
    return Refusal(match.start(), problem, "numbers of chromosomes that agree with what follows them")
