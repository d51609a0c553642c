"""The sentences of many findings at once: each distinct one is made once, with the limits of others put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.cells import BUILT_IN_REQUIREMENTS
from regenqc.evaluation.explanations import (
    NO_SPECIFICATION_SENTENCE,
    LeftOpen,
    Sentence,
    criterion_text,
    explain_cell,
    explain_row,
    limit_text,
    row_limit_text,
    single_limit_text,
)
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.shared_sentences import CONTROL_REASONS, Sharing
from regenqc.garbage import collection_paused
from regenqc.specification.criteria import criteria_of, limit_as_written
from regenqc.vocabulary import Mark, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.plan import Plan
    from regenqc.specification.model import Specification

__all__ = ["Said", "say"]

# No sentence leaves more open than a limit, an alert limit, and the limit because of which the cell is milder.
_MOST_LEFT_OPEN: Final = 3


class Said(NamedTuple):
    """What findings say, but for the reported result and what varies by batch.

    Args:
        before: what stands before the reported result.
        after: what follows it, in parts.
        limit: in words.
        requirement_id: of each finding.
        test: of each finding.
    """

    before: pa.StringArray
    after: tuple[pa.StringArray, ...]
    limit: pa.StringArray
    requirement_id: pa.StringArray
    test: pa.StringArray


class _Template(NamedTuple):
    sentence: Sentence
    requirement_id: str
    test: str


@collection_paused()
def say(part: pa.Table, *, plan: Plan) -> Said:
    """Return what some findings say.

    Args:
        part: findings as codes.
        plan: slots of all specifications.
    """
    names = ("specification", "slot", "reason", "requirement", "unit_code", "position", "alone", "triggers")
    codes = {name: part[name].to_numpy().astype(np.int64) for name in names}
    capped = part["capped"].to_numpy()
    codes["unit_code"] *= codes["slot"] >= 0
    codes["alone"] *= np.isin(codes["reason"], CONTROL_REASONS)
    own = {name: codes[name] for name in ("specification", "slot", "requirement", "unit_code")}
    shared = plan.shared_sentences
    how = shared.how(own["specification"], own["requirement"], reason=codes["reason"], of_cell=own["slot"] < 0)
    codes |= {
        "specification": np.where(how == Sharing.NOTHING, own["specification"], shared.speaker[own["specification"]]),
        "capped": capped.astype(np.int64),
        "leaves_open": (how == Sharing.ALL_BUT_LIMITS).astype(np.int64),
    }
    # Slots and requirements that there are none of lie below zero.
    kinds = distinct_combinations(*(code - code.min(initial=0) for code in codes.values()))
    of_row = kinds.of_row
    values = [code[kinds.first].tolist() for code in codes.values()]
    found = [_template(plan, **dict(zip(codes, kind, strict=True))) for kind in zip(*values, strict=True)]
    sentences = [template.sentence for template in found]
    after = [_chosen([sentence.pieces[0] for sentence in sentences], of_row)]
    limits, limit_of_row = [sentence.limit for sentence in sentences], of_row
    if codes["leaves_open"].any():
        rows = np.flatnonzero(codes["leaves_open"])
        left_open = _LeftOpen(plan, **{name: code[rows] for name, code in own.items()})
        limit_of_row = of_row.copy()
        limit_of_row[rows] = len(limits) + left_open.of_row
        limits += left_open.limits
        for at in range(_MOST_LEFT_OPEN):
            after += [
                left_open.texts([next(iter(sentence.left_open[at:]), None) for sentence in sentences], of_row, rows),
                _chosen(["".join(sentence.pieces[at + 1 : at + 2]) for sentence in sentences], of_row),
            ]
    return Said(
        _chosen([sentence.before for sentence in sentences], of_row),
        tuple(after),
        _chosen(limits, limit_of_row),
        _chosen([template.requirement_id for template in found], of_row),
        _chosen([template.test for template in found], of_row),
    )


class _LeftOpen:
    """What belongs where sentences leave something open.

    Args:
        plan: slots of all specifications.
        specification: of each such finding.
        slot: of each such finding.
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
        self._questions = [
            _Question(plan, *asked)
            for asked in zip(
                *(code[questions.first].tolist() for code in (speaker, slot, requirement, unit_code)), strict=True
            )
        ]
        distinct = distinct_combinations(specification, questions.of_row)
        self.of_row = distinct.of_row
        self._asked = list(
            zip(specification[distinct.first].tolist(), questions.of_row[distinct.first].tolist(), strict=True)
        )
        self.limits = self._texts(LeftOpen.LIMIT, range(len(self._asked)))

    def texts(
        self, left_open: Sequence[LeftOpen | None], of_row: NDArray[np.integer[Any]], rows: NDArray[np.int64]
    ) -> pa.StringArray:
        """Return what belongs into one place of each sentence.

        Args:
            left_open: what sentences leave open there.
            of_row: which of the sentences belongs to each finding.
            rows: findings that leave anything open.
        """
        texts, chosen = ["", *self.limits], np.zeros(len(of_row), dtype=np.int64)
        for which in LeftOpen:
            is_left = np.array([entry is which for entry in left_open], dtype=np.bool_)[of_row[rows]]
            if which is LeftOpen.LIMIT:
                chosen[rows[is_left]] = 1 + self.of_row[is_left]
            elif is_left.any():
                asked, of_asked = np.unique(self.of_row[is_left], return_inverse=True)
                chosen[rows[is_left]] = len(texts) + of_asked
                texts += self._texts(which, asked.tolist())
        return _chosen(texts, chosen)

    def _texts(self, which: LeftOpen, asked: Iterable[int]) -> list[str]:
        members, questions = self._plan.judged_by, self._questions
        pairs = (self._asked[at] for at in asked)
        return [questions[question].text(which, members[index]) for index, question in pairs]


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
        member = plan.judged_by[specification]
        self._requirement, self._part = requirement, plan.slots[slot].part + 1 if slot >= 0 else 0
        self._unit_code = unit_code if slot >= 0 else None
        self._first_place = sum(len(criteria_of(entry)) for entry in member.requirements[:requirement])
        self._as_written = {which for which in LeftOpen if self._is_as_written(which, member)}

    def text(self, which: LeftOpen, member: Specification) -> str:
        """Return what a specification has where a sentence leaves something open."""
        if which in self._as_written:
            known = member.form.limits[self._place(which)]
            if known:
                return known
        return self._text(which, member)

    def _text(self, which: LeftOpen, member: Specification) -> str:
        requirement = member.requirements[self._requirement]
        criterion = criteria_of(requirement)[self._part]
        if which is LeftOpen.REQUIREMENT_LIMIT:
            return criterion_text(requirement)
        if which is LeftOpen.SINGLE_LIMIT:
            return single_limit_text(criterion, unit_code=self._unit_code)
        if which is LeftOpen.ALERT_LIMIT and criterion.alert is not None:
            return limit_text(criterion.alert, unit_code=self._unit_code)
        return row_limit_text(criterion, unit_code=self._unit_code)

    def _is_as_written(self, which: LeftOpen, member: Specification) -> bool:
        """Return whether it is a limit as written and nothing else: of one specification, and so of all of one form."""
        criterion = criteria_of(member.requirements[self._requirement])
        limit = criterion[self._place(which) - self._first_place].limit
        is_alert = which is LeftOpen.ALERT_LIMIT
        return limit is not None and not is_alert and self._text(which, member) == limit_as_written(limit)

    def _place(self, which: LeftOpen) -> int:
        return self._first_place + (0 if which is LeftOpen.REQUIREMENT_LIMIT else self._part)


def _template(
    plan: Plan,
    *,
    specification: int,
    slot: int,
    reason: int,
    requirement: int,
    unit_code: int,
    position: int,
    alone: int,
    triggers: int,
    capped: int,
    leaves_open: int,
) -> _Template:
    why = Reason(reason)
    if why is Reason.NO_SPECIFICATION:
        return _Template(Sentence(NO_SPECIFICATION_SENTENCE, ("",), (), ""), "", "")
    spec = plan.judged_by[specification]
    if slot >= 0:
        entry = plan.slots[slot]
        named = spec.requirements[requirement] if requirement >= 0 else None
        cap = None
        if capped and named is not None:
            cap = Reason.LIMIT_UNVERIFIED if named.mark is Mark.UNVERIFIED else Reason.APPLICABILITY_UNKNOWN
        sentence = explain_row(
            spec,
            entry,
            why,
            unit_code=unit_code,
            capped=cap,
            triggers=bool(triggers),
            leaves_open=bool(leaves_open),
        )
        test = entry.test.partition("@")[0] if named is None or named.test is None else named.test
        if entry.part >= 0:
            test = entry.test
        return _Template(sentence, named.id if named else "result_record", test)
    if requirement >= 0:
        named = spec.requirements[requirement]
        sentence = explain_cell(
            spec, named, why, alone=Verdict(alone), triggers=bool(triggers), leaves_open=bool(leaves_open)
        )
        return _Template(sentence, named.id, named.test or "")
    return _Template(explain_cell(spec, None, why), BUILT_IN_REQUIREMENTS[position - 7], "")


def _chosen(texts: Sequence[str], of_row: NDArray[np.int64]) -> pa.StringArray:
    return pa.array(texts, type=pa.string()).take(pa.array(of_row))
