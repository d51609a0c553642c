"""The sentences of many findings at once: each distinct one is made once, with the limits of others put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.cells import BUILT_IN_REQUIREMENTS
from regenqc.evaluation.explanations import NO_SPECIFICATION_SENTENCE, Sentence, explain_cell, explain_row
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.left_open import LimitsLeftOpen
from regenqc.evaluation.shared_sentences import CONTROL_REASONS, Sharing
from regenqc.garbage import collection_paused
from regenqc.vocabulary import Mark, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.plan import Plan

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
    limits, limit_of_row = pa.array([sentence.limit for sentence in sentences], type=pa.string()), of_row
    if codes["leaves_open"].any():
        rows = np.flatnonzero(codes["leaves_open"])
        left_open = LimitsLeftOpen(plan, **{name: code[rows] for name, code in own.items()})
        limit_of_row = of_row.copy()
        limit_of_row[rows] = len(limits) + left_open.of_row
        limits = pa.concat_arrays([limits, left_open.limits])
        for at in range(_MOST_LEFT_OPEN):
            after += [
                left_open.texts([next(iter(sentence.left_open[at:]), None) for sentence in sentences], of_row, rows),
                _chosen(["".join(sentence.pieces[at + 1 : at + 2]) for sentence in sentences], of_row),
            ]
    return Said(
        _chosen([sentence.before for sentence in sentences], of_row),
        tuple(after),
        limits.take(pa.array(limit_of_row)),
        _chosen([template.requirement_id for template in found], of_row),
        _chosen([template.test for template in found], of_row),
    )


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
