"""Judge a karyotype: is what was counted normal, of the expected sex, and enough?

The outcome is neutral; what it does to a batch is decided elsewhere. Evidence of an abnormality is evidence however few cells
were counted, and nothing that is missing or not understood is ever normal.

A change is clonal from 2 cells, the loss of a chromosome from 3. Cells of different clones that share the change count
together. Source of the numbers: WiCell, Glossary of Karyotype Report Terms; Gersen and Keagle, The Principles of Clinical
Cytogenetics; both after ISCN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from regenqc.errors import Fault, UsageError
from regenqc.karyotype.arithmetic import clone_sex, implied_changes
from regenqc.karyotype.grammar import fold_karyotype, position_in, read_abnormality
from regenqc.karyotype.model import Abnormality, Form, Karyotype, NotUnderstood
from regenqc.karyotype.other_results import unexpected_signals
from regenqc.karyotype.recurrent import recurrent_changes
from regenqc.karyotype.variants import is_heteromorphism
from regenqc.karyotype.writing import write_abnormality
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CELLS_OF_A_CLONE", "CELLS_OF_A_LOSS", "KaryotypeJudgement", "Outcome", "judge_karyotype"]

CELLS_OF_A_CLONE: Final = 2
CELLS_OF_A_LOSS: Final = 3


class Outcome(StrEnum):
    """What a karyotype shows, from what is known least to what is known best.

    Example:
        >>> Outcome.NON_CLONAL_FINDING.value
        'non-clonal finding'
    """

    NOT_UNDERSTOOD = "not understood"
    ABNORMAL_CLONE = "abnormal clone"
    CONSTITUTIONAL_ABNORMALITY = "constitutional abnormality"
    OTHER_SEX = "other sex"
    NON_CLONAL_FINDING = "non-clonal finding"
    MIXED_CELL_LINES = "mixed cell lines"
    COUNT_NOT_STATED = "count not stated"
    TOO_FEW_METAPHASES = "too few metaphases"
    VARIANT_NOT_ALLOWED = "variant not allowed"
    OTHER_TECHNIQUE_FINDING = "finding of another technique"
    SECOND_METHOD_ABNORMAL = "second method abnormal"
    SECOND_METHOD_MISSING = "second method missing"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class KaryotypeJudgement:
    """What a karyotype shows, in words a reviewer can sign.

    Args:
        outcome: the first that applies, in the order of `Outcome`.
        explanation: one phrase without a full stop.
        position: in the text as reported to which the explanation points; `None` where it is about the whole.
        metaphases: counted in all clones, `None` where a count is missing.
        sex: `female` or `male` where every clone that tells is of this sex, else empty.
        recurrent: changes of clones or single cells that are recurrent in human pluripotent stem cells.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> judge_karyotype(read_karyotype("47,XX,+12[3]/46,XX[17]"), min_metaphases=20).recurrent
        ('12',)
    """

    outcome: Outcome
    explanation: str
    position: int | None = None
    metaphases: int | None = None
    sex: str = ""
    recurrent: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class _Change:
    """One change over all clones, while it is counted."""

    abnormality: Abnormality
    cells: int = 0
    counted: bool = True
    clones: list[int] = field(default_factory=list)
    recurrent: tuple[str, ...] = ()
    _in_last_clone: int = 0

    def add(self, place: int, count: int | None) -> None:
        """Count the cells of one clone; in a composite, +8[3],+8[1] are three cells with one more, one of them with two."""
        self.counted = self.counted and count is not None
        if self.clones[-1:] != [place]:
            self.clones.append(place)
            self._in_last_clone = 0
        more = max((count or 0) - self._in_last_clone, 0)
        self._in_last_clone += more
        self.cells += more

    @property
    def clonal_from(self) -> int:
        """Return from how many cells on the change makes a clone."""
        loss = self.abnormality.form in {Form.LOSS, Form.SEX_CHROMOSOME_LOSS}
        return CELLS_OF_A_LOSS if loss else CELLS_OF_A_CLONE


def judge_karyotype(
    karyotype: Karyotype | NotUnderstood,
    *,
    min_metaphases: int,
    expected_sex: str | None = None,
    allow: tuple[str, ...] = (),
    second_methods: Mapping[str, Verdict] | None = None,
) -> KaryotypeJudgement:
    """Judge one karyotype as it was read.

    Args:
        karyotype: from `read_karyotype`.
        min_metaphases: that must have been counted, over all clones; a composite counts its cells once.
        expected_sex: `female`, `male`, or `None` where the sex is not compared.
        allow: abnormalities that count as normal when they stand exactly so, as ISCN; one without the mark of being
            constitutional allows it with the mark too.
        second_methods: verdicts of methods that see what G-banding cannot (FISH, PCR, array), by name; `MISSING` where a
            method that is required has not been reported.

    Raises:
        UsageError: an entry of `allow` is no abnormality.

    Example:
        >>> from regenqc.karyotype import read_karyotype
        >>> judge_karyotype(read_karyotype("46,XX[20]"), min_metaphases=20).outcome.value
        'normal'
        >>> judge_karyotype(read_karyotype("47,XX,+8[1]/46,XX[19]"), min_metaphases=20).explanation
        '+8 in 1 of 20 metaphases, recurrent in pluripotent stem cells (8), clonal from 2'
        >>> judge_karyotype(read_karyotype("46,XX,-2-21[20]"), min_metaphases=20).position
        8
    """
    if isinstance(karyotype, NotUnderstood):
        explanation = f"{karyotype.problem} at character {karyotype.position + 1}; expected: {karyotype.expected}"
        return KaryotypeJudgement(Outcome.NOT_UNDERSTOOD, explanation, karyotype.position)
    return _Judge(karyotype, _read_allowed(allow)).judge(min_metaphases, expected_sex, second_methods or {})


@lru_cache(maxsize=256)
def _read_allowed(allow: tuple[str, ...]) -> frozenset[Abnormality]:
    found: set[Abnormality] = set()
    for text in allow:
        abnormality = read_abnormality(text)
        if isinstance(abnormality, NotUnderstood):
            raise UsageError(
                Fault(
                    code="RQC-U060",
                    what="An allowed variant is not understood.",
                    where=f"character {abnormality.position + 1}",
                    got=text,
                    expected=abnormality.expected,
                    action="Write it as it stands in a karyotype, for example inv(9)(p12q13).",
                )
            )
        found.add(abnormality)
    return frozenset(found)


def _without_note(abnormality: Abnormality) -> Abnormality:
    return replace(abnormality, note="") if abnormality.note else abnormality


class _Judge:
    """Everything that one judgement needs to know about a karyotype."""

    def __init__(self, karyotype: Karyotype, allowed: frozenset[Abnormality]) -> None:
        self.karyotype = karyotype
        self.metaphases = karyotype.metaphases
        sexes = [clone_sex(clone) for clone in karyotype.clones]
        self.sexes = {sex for sex in sexes if sex}
        self.permitted: list[_Change] = []
        self.variants: list[_Change] = []
        self.abnormal: list[_Change] = []
        for change in self._changes():
            if allowed and self._is_allowed(change, allowed):
                self.permitted.append(change)
            elif self._is_everywhere(change) and is_heteromorphism(_without_note(change.abnormality)):
                self.variants.append(change)
            else:
                change.recurrent = recurrent_changes(change.abnormality)
                self.abnormal.append(change)

    def judge(
        self, min_metaphases: int, expected_sex: str | None, second_methods: Mapping[str, Verdict]
    ) -> KaryotypeJudgement:
        """Return the first outcome that applies."""
        if not self.karyotype.clones:
            names = " and ".join(technique.technique for technique in self.karyotype.other_techniques)
            return self._say(Outcome.TOO_FEW_METAPHASES, f"no banded metaphase is reported, only {names}", metaphases=0)
        clonal = [change for change in self.abnormal if change.cells >= change.clonal_from]
        if clonal:
            return self._say(Outcome.ABNORMAL_CLONE, self._describe(clonal), clonal)
        born_with = [change for change in self.abnormal if change.abnormality.constitutional and change.cells]
        if born_with:
            text = f"{self._describe(born_with)}, which the specification does not allow"
            return self._say(Outcome.CONSTITUTIONAL_ABNORMALITY, text, born_with)
        enough = self.metaphases is not None and self.metaphases >= min_metaphases
        if enough and expected_sex is not None and len(self.sexes) == 1 and expected_sex not in self.sexes:
            return self._say(Outcome.OTHER_SEX, f"{min(self.sexes)} found, {expected_sex} expected")
        uncounted = [change for change in self.abnormal if not change.counted]
        single = [change for change in self.abnormal if change.counted]
        if single:
            low = ", ".join(sorted({str(change.clonal_from) for change in single}))
            return self._say(Outcome.NON_CLONAL_FINDING, f"{self._describe(single)}, clonal from {low}", single)
        if len(self.sexes) != 1:
            text = "female and male cell lines are reported side by side" if self.sexes else "the sex cannot be told"
            return self._say(Outcome.MIXED_CELL_LINES, text)
        partial = [change for change in self.permitted if not self._is_everywhere(change)]
        if self.karyotype.origin == "chi" or (partial and self.karyotype.origin != "mos"):
            text = (
                f"{self._names(partial)} stands in a part of the cell lines only"
                if partial
                else "a chimera is reported"
            )
            return self._say(Outcome.MIXED_CELL_LINES, text, partial)
        if self.metaphases is None:
            text = f"; {self._names(uncounted)} is reported" if uncounted else ""
            return self._say(Outcome.COUNT_NOT_STATED, f"the number of metaphases is not stated{text}", uncounted)
        if uncounted:
            text = f"in how many cells {self._names(uncounted)} was found is not stated"
            return self._say(Outcome.COUNT_NOT_STATED, text, uncounted)
        if not enough:
            text = f"{self.metaphases} metaphases counted, at least {min_metaphases} required"
            return self._say(Outcome.TOO_FEW_METAPHASES, text)
        if self.variants:
            text = f"{self._names(self.variants)} is a known heteromorphism that the specification does not list as allowed"
            return self._say(Outcome.VARIANT_NOT_ALLOWED, text, self.variants)
        unexpected = unexpected_signals(self.karyotype.other_techniques, sex=next(iter(self.sexes), ""))
        if unexpected:
            return self._say(Outcome.OTHER_TECHNIQUE_FINDING, unexpected)
        return self._second_methods(second_methods)

    def _second_methods(self, second_methods: Mapping[str, Verdict]) -> KaryotypeJudgement:
        sex = next(iter(self.sexes), "")
        seen = f"normal {sex} karyotype in {self.metaphases} metaphases"
        failing = [name for name, verdict in second_methods.items() if verdict is Verdict.FAILS]
        if failing:
            return self._say(Outcome.SECOND_METHOD_ABNORMAL, f"{seen}, but {', '.join(failing)} fails")
        open_ = [name for name, verdict in second_methods.items() if verdict in {Verdict.MISSING, Verdict.INCONCLUSIVE}]
        if open_:
            text = f"{seen}, but {', '.join(open_)} is not decided, which sees what G-banding cannot"
            return self._say(Outcome.SECOND_METHOD_MISSING, text)
        with_ = f" with {self._names(self.permitted)}, which is allowed" if self.permitted else ""
        return self._say(Outcome.NORMAL, seen + with_)

    def _changes(self) -> list[_Change]:
        """Return every change with the cells in which it was found, in the order of the text."""
        known: dict[Abnormality, _Change] = {}
        for place, clone in enumerate(self.karyotype.clones):
            counts = clone.notation.cells_of or (clone.cells,) * len(clone.abnormalities)
            implied = ((change, clone.cells) for change in implied_changes(clone))
            for abnormality, count in (*zip(clone.abnormalities, counts, strict=True), *implied):
                change = known.get(abnormality)
                if change is None:
                    change = known[abnormality] = _Change(abnormality)
                change.add(place, count)
        return list(known.values())

    def _is_everywhere(self, change: _Change) -> bool:
        partial = any(self.karyotype.clones[place].notation.composite for place in change.clones)
        return len(change.clones) == len(self.karyotype.clones) and not partial

    @staticmethod
    def _is_allowed(change: _Change, allowed: frozenset[Abnormality]) -> bool:
        return change.abnormality in allowed or _without_note(change.abnormality) in allowed

    def _names(self, changes: Iterable[_Change]) -> str:
        return ", ".join(write_abnormality(change.abnormality) for change in changes)

    def _describe(self, changes: Iterable[_Change]) -> str:
        described = []
        for change in changes:
            known = f", recurrent in pluripotent stem cells ({', '.join(change.recurrent)})" if change.recurrent else ""
            total = "" if self.metaphases is None else f" of {self.metaphases}"
            found = f" in {change.cells}{total} metaphases" if change.counted else ""
            born = "constitutional " if change.abnormality.constitutional else ""
            described.append(f"{born}{write_abnormality(change.abnormality)}{found}{known}")
        return "; ".join(described)

    def _say(
        self, outcome: Outcome, explanation: str, changes: Iterable[_Change] = (), *, metaphases: int | None = None
    ) -> KaryotypeJudgement:
        found = list(changes)
        recurrent = tuple(dict.fromkeys(name for change in self.abnormal for name in change.recurrent))
        return KaryotypeJudgement(
            outcome,
            explanation,
            self._position(found[0]) if found else None,
            self.metaphases if metaphases is None else metaphases,
            min(self.sexes) if len(self.sexes) == 1 else "",
            recurrent,
        )

    def _position(self, change: _Change) -> int:
        """Return where a change stands in the text as reported, or its clone where it is not written."""
        text = fold_karyotype(self.karyotype.text)
        start = 4 if self.karyotype.origin else 0
        for _ in range(change.clones[0]):
            start = text.index("/", start) + 1
        end = text.find("/", start)
        written = f",{write_abnormality(change.abnormality)}"
        at = text.find(written, start, len(text) if end < 0 else end)
        while at >= 0 and text[at + len(written) : at + len(written) + 1] not in {"", ",", ".", "/", "["}:
            at = text.find(written, at + 1, len(text) if end < 0 else end)  # +1 stands in +12 too
        return position_in(self.karyotype.text, start if at < 0 else at + 1)
