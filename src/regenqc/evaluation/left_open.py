"""What sentences leave open, and what each specification of one form has there.

Of ten million results by thousands of specifications nearly every limit in words would else be made for itself: what
specifications of one form say of a criterion differs in their limits alone, which each of them has in words already.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.criteria_in_words import criterion_text, limit_text, row_limit_text, single_limit_text
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.specification.criteria import criteria_of, limit_as_written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.criteria_in_words import LimitWords
    from regenqc.evaluation.plan import Plan
    from regenqc.specification.model import LimitText, Specification

__all__ = ["LeftOpen", "LimitsLeftOpen"]

# No specification is written with it.
_MARK: Final = "\0"


class LeftOpen(Enum):
    """What of a sentence can be left open, because specifications of one form have it otherwise."""

    LIMIT = "limit"
    ALERT_LIMIT = "alert"
    # Of a single result, where the limit is one for several of them.
    SINGLE_LIMIT = "alone"
    # As written, whatever the unit of the result.
    REQUIREMENT_LIMIT = "requirement"


class LimitsLeftOpen:
    """Limits in words, of findings whose sentences leave them open.

    Args:
        plan: slots of all specifications.
        specification: of each such finding.
        slot: of each such finding, below zero for a cell, whose limit is quoted as written.
        requirement: of each such finding.
        unit_code: of each such finding.

    Attributes:
        limits: distinct limits in words.
        of_row: which of them belongs to each finding.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        specification: NDArray[np.int64],
        slot: NDArray[np.int64],
        requirement: NDArray[np.int64],
        unit_code: NDArray[np.int64],
    ) -> None:
        self._plan = plan
        speaker = plan.shared_sentences.speaker[specification]
        # What is asked of every specification with one wording, and of each of them.
        questions = distinct_combinations(speaker, slot + 1, requirement, unit_code)
        asked = (code[questions.first].tolist() for code in (speaker, slot, requirement, unit_code))
        self._questions = [_Question(plan, *question) for question in zip(*asked, strict=True)]
        distinct = distinct_combinations(questions.of_row, specification)
        self.of_row = distinct.of_row
        self._question, self._specification = questions.of_row[distinct.first], specification[distinct.first]
        self.limits = self._texts(LeftOpen.LIMIT, np.arange(len(distinct.first)))

    def texts(
        self, left_open: Sequence[LeftOpen | None], of_row: NDArray[np.integer[Any]], rows: NDArray[np.int64]
    ) -> pa.StringArray:
        """Return what belongs into one place of each sentence.

        Args:
            left_open: what sentences leave open there.
            of_row: which of the sentences belongs to each finding, of all findings.
            rows: findings that leave anything open.
        """
        texts, count = [pa.array([""], type=pa.string()), self.limits], 1 + len(self.limits)
        chosen = np.zeros(len(of_row), dtype=np.int64)
        for which in LeftOpen:
            is_left = np.array([entry is which for entry in left_open], dtype=np.bool_)[of_row[rows]]
            if which is LeftOpen.LIMIT:
                chosen[rows[is_left]] = 1 + self.of_row[is_left]
            elif is_left.any():
                asked, of_asked = np.unique(self.of_row[is_left], return_inverse=True)
                chosen[rows[is_left]] = count + of_asked
                texts.append(self._texts(which, asked))
                count += len(asked)
        return pa.concat_arrays(texts).take(pa.array(chosen))

    def _texts(self, which: LeftOpen, asked: NDArray[np.int64]) -> pa.StringArray:
        """Return what was asked, in ascending order, so that each question is answered once for all members."""
        question, members = self._question[asked], self._plan.judged_by
        begins = np.flatnonzero(np.diff(question, prepend=-1))
        texts: list[str] = []
        for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(asked)], strict=True):
            specifications = self._specification[asked[begin:end]].tolist()
            answer = self._questions[int(question[begin])].wording(which)
            texts += answer.texts([members[index] for index in specifications])
        return pa.array(texts, type=pa.string())


class _Limit(NamedTuple):
    """A limit that a wording leaves open.

    Args:
        requirement: of the specification.
        part: of the requirement, as in `criteria_of`.
        place: among the limits in words of a form, or `None` where another unit or the alert limit is asked for.
        unit_code: of the result.
        is_alert: whether it is the alert limit.
    """

    requirement: int
    part: int
    place: int | None
    unit_code: int | None
    is_alert: bool

    def words(self, members: Sequence[Specification]) -> list[str]:
        """Return the limit of each specification in words."""
        if self.place is None:
            return list(map(self._of, members))
        place = self.place
        known = [member.form.limits[place] for member in members]
        if all(known):
            return known
        return [text or self._of(member) for text, member in zip(known, members, strict=True)]

    def _of(self, member: Specification) -> str:
        requirement = member.requirements[self.requirement]
        criterion = criteria_of(requirement)[self.part] if self.part else requirement
        limit = criterion.alert if self.is_alert else criterion.limit
        assert limit is not None  # noqa: S101 - specifications of one form have their limits in the same places
        return limit_text(limit, unit_code=self.unit_code)


class _Wording(NamedTuple):
    """What specifications of one form and wording say of a criterion.

    Args:
        pattern: a format with a place for each limit.
        limits: in the order of the format.
    """

    pattern: str
    limits: tuple[_Limit, ...]

    def texts(self, members: Sequence[Specification]) -> list[str]:
        """Return what each specification says."""
        words = [limit.words(members) for limit in self.limits]
        if self.pattern == "%s":
            return words[0]
        if not words:
            return [self.pattern % ()] * len(members)
        return [self.pattern % each for each in zip(*words, strict=True)]


class _Question:
    """The limit of one criterion, in the unit of a result.

    Args:
        plan: slots of all specifications.
        specification: any that has the criterion.
        slot: below zero for a cell, whose limit is quoted as written.
        requirement: of the criterion.
        unit_code: of the result.
    """

    def __init__(self, plan: Plan, specification: int, slot: int, requirement: int, unit_code: int) -> None:
        self._member = plan.judged_by[specification]
        self._requirement, self._part = requirement, plan.slots[slot].part + 1 if slot >= 0 else 0
        self._unit_code = unit_code if slot >= 0 else None

    def wording(self, which: LeftOpen) -> _Wording:
        """Return what is said of the criterion, its limits left open."""
        noted: list[_Limit] = []
        requirement = self._member.requirements[self._requirement]
        criteria = criteria_of(requirement)
        first_place = sum(len(criteria_of(entry)) for entry in self._member.requirements[: self._requirement])

        def note(limit: LimitText, /, *, unit_code: int | None = None) -> str:
            of_alert = [criterion.alert is limit for criterion in criteria]
            part = (of_alert if any(of_alert) else [criterion.limit is limit for criterion in criteria]).index(True)
            is_as_written = limit_text(limit, unit_code=unit_code) == limit_as_written(limit)
            place = first_place + part if is_as_written and not any(of_alert) else None
            noted.append(_Limit(self._requirement, part, place, unit_code, any(of_alert)))
            return _MARK

        text = self._text(which, note)
        return _Wording(text.replace("%", "%%").replace(_MARK, "%s"), tuple(noted))

    def _text(self, which: LeftOpen, in_words: LimitWords) -> str:
        requirement = self._member.requirements[self._requirement]
        criterion = criteria_of(requirement)[self._part]
        if which is LeftOpen.REQUIREMENT_LIMIT:
            return criterion_text(requirement, in_words=in_words)
        if which is LeftOpen.SINGLE_LIMIT:
            return single_limit_text(criterion, unit_code=self._unit_code, in_words=in_words)
        if which is LeftOpen.ALERT_LIMIT and criterion.alert is not None:
            return in_words(criterion.alert, unit_code=self._unit_code)
        return row_limit_text(criterion, unit_code=self._unit_code, in_words=in_words)
