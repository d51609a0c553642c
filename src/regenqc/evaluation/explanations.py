"""One sentence for every finding: what was reported, the rule, the limit in the reported unit, the source.

A sentence depends on the requirement, the reason and the reported unit only, apart from the reported text itself, so
that a few hundred sentences serve millions of findings; with the limit left open, they serve those by thousands of
specifications that differ in nothing else.
"""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Final, NamedTuple

from regenqc.evaluation.criteria_in_words import criterion_text, limit_text, row_limit_text, single_limit_text
from regenqc.evaluation.left_open import LeftOpen
from regenqc.evaluation.slots import controlling, criterion_of_member
from regenqc.measurement.units import UNITS
from regenqc.specification.derived_functions import FUNCTIONS
from regenqc.specification.derived_sources import source_text
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.evaluation.plan import Slot
    from regenqc.specification.model import Consequence, Requirement, Specification

__all__ = [
    "NO_SPECIFICATION_SENTENCE",
    "Sentence",
    "consequence_text",
    "controls_text",
    "explain_cell",
    "explain_row",
]


_OF_ROWS: Final = {entry.value: entry for entry in LeftOpen}
_OF_CELLS: Final = {"limit": LeftOpen.REQUIREMENT_LIMIT}

_ROUNDING: Final = {
    None: "compared as reported, without rounding",
    "none": "compared as reported, without rounding",
    "usp": "compared after rounding to the limit's decimals (USP General Notices 7.20)",
    "ph_eur": "compared after rounding to the limit's significant figures (Ph. Eur. 1.4)",
}

# What follows "<requirement>: reported <result>".
_ROW_ENDINGS: Final = {
    Reason.EMPTY_RESULT: "is empty and is no evidence",
    Reason.INTERIM_WORD: "is an interim answer and no final result",
    Reason.INVALIDATED: "was invalidated with an investigation and does not count",
    Reason.CANCELLED: "was cancelled without a result",
    Reason.PRELIMINARY: "is preliminary and never satisfies a final requirement",
    Reason.STATUS_UNVERIFIED: "is not verified by the laboratory; it has to be verified, or invalidated with an investigation",
    Reason.CANCELLED_WITH_RESULT: "was cancelled although it has a result; a result is set aside only by an investigation",
    Reason.UNMATCHED_TEST: "belongs to a test that no requirement of the specification names at this stage",
    Reason.UNREADABLE_RESULT: "cannot be read as one number or word that the quantity can have",
    Reason.UNKNOWN_WORD: "is no decided word of the result vocabulary",
    Reason.NUMBER_WHERE_WORD_EXPECTED: "is a number where a word is required: {limit}",
    Reason.WORD_WHERE_NUMBER_EXPECTED: "is a word where a number is required: {limit}",
    Reason.NOT_DETECTED_WITHOUT_LIMIT: "states no detection or quantitation limit that could be compared with {limit}",
    Reason.UNIT_MISSING: "has no unit; the limit is {limit}",
    Reason.UNIT_UNKNOWN: "has a unit that is not in the dictionary or contradicts the result; the limit is {limit}",
    Reason.UNIT_INCOMPATIBLE: "is in a unit of another quantity ({kind}); the limit is {limit}",
    Reason.CENSORED_UNDECIDABLE: "can lie inside or outside the limit {limit}; a more sensitive or diluted measurement decides",
    Reason.TOO_MANY_DIGITS: "has more than 15 significant digits and lies too close to the limit {limit} to be compared exactly",
    Reason.METHOD_NOT_LISTED: "was obtained by a method that the requirement does not list",
    Reason.KARYOTYPE_NOT_UNDERSTOOD: "is not understood as a karyotype",
    Reason.KARYOTYPE_TOO_FEW_METAPHASES: "rests on too few metaphases",
    Reason.KARYOTYPE_SEX_NOT_STATED: "cannot be compared with the donor's sex",
    Reason.KARYOTYPE_ABNORMAL: "shows an abnormality",
    Reason.KARYOTYPE_OTHER_SEX: "is of the other sex than expected",
    Reason.KARYOTYPE_NON_CLONAL: "shows a change in fewer cells than make a clone; more metaphases or a second method decide",
    Reason.KARYOTYPE_COUNT_NOT_STATED: "leaves a number of cells open",
    Reason.KARYOTYPE_MIXED_CELL_LINES: "is no single normal cell line",
    Reason.KARYOTYPE_VARIANT_NOT_ALLOWED: "shows a variant that somebody has to assess",
    Reason.KARYOTYPE_OTHER_TECHNIQUE: "is normal by banding, but not by what the same report adds",
    Reason.IDENTITY_REFERENCE_MISSING: "has nothing to be compared with",
    Reason.IDENTITY_MISMATCH: "is not what identifies the batch",
    Reason.AGREEMENT_REFERENCE_MISSING: "cannot be compared with the other stage",
    Reason.AGREEMENT_UNCERTAIN: "is too uncertain to tell whether it agrees with the other stage within {limit}",
    Reason.AGREEMENT_EXCEEDED: "differs from the other stage by more than {limit}",
    Reason.REPLICATES_INDISTINGUISHABLE: "is one of several replicates without identities of their own, which may be copies of one row",
    Reason.REPLICATES_TOO_FEW: "is one of too few decided replicates; {limit}",
    Reason.REPLICATES_NOT_CONFORMING: "is one of the replicates of which too few conform; {limit}",
    Reason.ROW_REFUSED: "stands in a row that could not be judged",
    Reason.DATE_WITHOUT_ZONE: "carries a date without time zone",
    Reason.BELOW_MINIMUM: "is below the limit {limit}, {rounding}",
    Reason.ABOVE_MAXIMUM: "is above the limit {limit}, {rounding}",
    Reason.CENSORED_OUTSIDE: "lies outside the limit {limit} whatever the exact value is",
    Reason.WORD_NOT_LISTED: "does not meet the requirement {limit}",
    Reason.OUTSIDE_ALERT_LIMIT: "conforms to {limit} but lies outside the alert limit {alert}",
    Reason.CONFORMS_BY_ROUNDING: "conforms to {limit} only because of rounding, {rounding}",
    Reason.CENSORED_AGAINST_ALERT: "conforms to {limit} but cannot be shown to lie inside the alert limit {alert}",
    Reason.CONTROL_MISSING: "has no control that shows its assay to be valid, and is no evidence either way",
    Reason.CONTROL_FAILED: "comes from an assay whose control failed, and is no evidence either way",
    Reason.CONTROL_INCONCLUSIVE: "comes from an assay whose control cannot be judged, and is no evidence either way",
    Reason.CONTROL_OUTSIDE_ALERT_LIMIT: "comes from an assay whose control conforms but lies outside its alert limit",
    Reason.FAILING_RESULT_INVALIDATED: "would fail the requirement {limit}; it was invalidated and does not count",
    Reason.FAILING_RESULT_REVISED: "would fail the requirement {limit}; a later revision counts in its place",
    Reason.INVALIDATION_WITHOUT_INVESTIGATION: "was to be invalidated, which takes no effect; the result counts",
    Reason.INVALIDATION_WITHOUT_CAUSE: "was to be invalidated, which takes no effect; the result counts",
    Reason.INVALIDATION_WITHOUT_SECOND_PERSON: "was to be invalidated, which takes no effect; the result counts",
    Reason.RETEST_NOT_ALLOWED: "takes part in a retest, and the specification allows none",
    Reason.TOO_MANY_RETESTS: "takes part in more retests than the specification allows",
    Reason.RETEST_WITHOUT_FIRST_RESULT: "is a retest of a result that has neither been invalidated nor put under an investigation",
    Reason.INDIVIDUAL_RESULT_OUTSIDE: "would fail {alone} by itself, although the {policy} of the replicates conforms",
    Reason.INPUT_INVALIDATED: "was invalidated, and with it the requirement {limit} may not be met",
    Reason.INPUT_REVISED: "was revised, and with what it said before the requirement {limit} may not be met",
}

# The same for a row that reports a control.
_CONTROL_ENDINGS: Final = {
    Reason.CONTROL_FAILED: "does not show {limit}; results of an assay whose control failed are no evidence either way",
    Reason.FAILING_RESULT_INVALIDATED: "does not show {limit}; the control was invalidated and does not count",
    Reason.FAILING_RESULT_REVISED: "does not show {limit}; a later revision of the control counts in its place",
}

# The same for a row that is an upper bound on what is there, or the lower one beside it.
_BOUND_ENDINGS: Final = {
    Reason.CENSORED_UNDECIDABLE: "is a bound and does not show that the limit {limit} is met; more tested, or a more precise measurement, may show it",
    Reason.ABOVE_MAXIMUM: "is what is there at least, with 95 % confidence, and is above the limit {limit}, {rounding}",
}

NO_SPECIFICATION_SENTENCE: Final = (
    "No specification of this run speaks about the batch; its product attributes say otherwise"
)

_CELL_SENTENCES: Final = {
    Reason.NOT_REPORTED: "no result that counts has been reported; required: {limit}",
    Reason.PENDING: "the result may follow the release{source} and is due",
    Reason.OVERDUE: "the result may follow the release{source} but is overdue; it was due",
    Reason.DUE_DATE_UNKNOWN: "the result may follow the release, but when it is due is unknown because the batch states no readable manufactured_at",
    Reason.LIMIT_UNVERIFIED: "the limit {limit} has not been verified by anyone; it can neither release nor reject",
    Reason.SPONSOR_MUST_SET: "the sponsor has to set this limit and has not; it blocks until a product specification sets and justifies it",
    Reason.APPLICABILITY_UNKNOWN: "whether this requirement applies is unknown, because the batch does not state {when}; it would not conform to {limit}",
    Reason.NO_ALTERNATIVE_CONFORMS: "none of the alternatives conforms: {limit}",
    Reason.ALTERNATIVES_UNDECIDED: "the parts of this requirement leave it undecided: {limit}",
    Reason.PART_FAILS: "a part of this requirement fails: {limit}",
    Reason.TOO_FEW_CONFORM: "too few parts of this requirement conform: {limit}",
    Reason.EVIDENCE_MISSING: "the batch states no {evidence}",
    Reason.EVIDENCE_EXPIRED: "{evidence} of the batch is out of date",
    Reason.EVIDENCE_DATE_UNREADABLE: "until when {evidence} of the batch is valid cannot be read",
    Reason.SPECIFICATION_NOT_VALID: "the specification is not valid at the date of the batch ({validity})",
    Reason.BATCH_EXPIRED: "the batch has expired",
    Reason.BATCH_DATE_UNREADABLE: "a date of the batch that decides this cannot be read",
    Reason.NO_REQUIREMENT_AT_STAGE: "the specification has no requirement at this stage",
    Reason.BATCH_NOT_LISTED: "the batch table does not list the batch, so that what applies to it is unknown",
    Reason.PRODUCT_NOT_UNDERSTOOD: "the batch states a value of a product attribute that is in no vocabulary, so that whether this specification speaks about it is unknown",
    Reason.CONTROL_MISSING: "a control has not been reported, so that the result is no evidence either way; {would}; required: {controls}",
    Reason.CONTROL_FAILED: "a control failed, so that the result is no evidence either way; {would}; required: {controls}",
    Reason.CONTROL_INCONCLUSIVE: "a control cannot be judged, so that the result is no evidence either way; {would}; required: {controls}",
    Reason.FAILING_RESULT_NOT_REPLACED: "a failing result was set aside, and no result that counts has taken its place; required: {limit}",
    Reason.ROW_WITHOUT_BATCH: "a row of the input names no batch and may belong to any; every batch holds until it is corrected",
}


class Sentence(NamedTuple):
    """What is said of a cell or row, without its full stop, cut where something belongs that others have otherwise.

    Args:
        before: what stands before the reported result.
        pieces: what follows it, cut where a limit is left open.
        left_open: what belongs between each two pieces.
        limit: in words; empty where it is left open.
    """

    before: str
    pieces: tuple[str, ...]
    left_open: tuple[LeftOpen, ...]
    limit: str


def explain_row(
    specification: Specification,
    slot: Slot,
    reason: Reason,
    *,
    unit_code: int,
    capped: Reason | None,
    triggers: bool = False,
    leaves_open: bool = False,
) -> Sentence:
    """Return the sentence about a reported result.

    Args:
        specification: of the slot.
        slot: that the row was judged by, of this specification or the first of its family.
        reason: of the row's verdict.
        unit_code: unit in which the row was reported.
        capped: why the cell is milder than the row, where it is.
        triggers: whether the cell fails, so that the consequences of the requirement follow.
        leaves_open: whether limits are left open.
    """
    if slot.requirement < 0:
        return Sentence("Result record: the result ", (f" of this row {_ROW_ENDINGS[reason]}",), (), "")
    requirement = specification.requirements[slot.requirement]
    criterion = criterion_of_member(slot, specification) or requirement
    special = _CONTROL_ENDINGS if slot.is_control else _BOUND_ENDINGS
    is_special = reason in special and (slot.is_control or _is_bound(specification, slot.test))
    text = (special if is_special else _ROW_ENDINGS)[reason]
    kind = UNITS[unit_code].kind if unit_code < len(UNITS) else "unknown"
    values = {"policy": str(requirement.replicates), "rounding": _ROUNDING[slot.rounding], "kind": kind}
    limit = ""
    if not leaves_open:
        limit = row_limit_text(criterion, unit_code=unit_code)
        values |= {"limit": limit, "alert": limit}
        # What few sentences name is put into words for those alone.
        if "{alert}" in text and criterion.alert is not None:
            values["alert"] = limit_text(criterion.alert, unit_code=unit_code)
        if "{alone}" in text:
            values["alone"] = single_limit_text(criterion, unit_code=unit_code)
    (first, *others), left_open = _fill(text, values, _OF_ROWS)
    name = requirement.name
    if slot.part >= 0:
        name += f", control {slot.test}" if slot.is_control else f" ({slot.test})"
    follows = _consequences(requirement) if triggers else ""
    pieces = [f" {first}", *others]
    if capped is not None:
        (why, *further), open_there = _cell_pieces(specification, requirement, capped, leaves_open=leaves_open)
        pieces[-1] += f"; {why}"
        pieces += further
        left_open += open_there
    pieces[-1] += f"{_source(requirement)}{follows}"
    return Sentence(f"{name}: reported ", tuple(pieces), left_open, limit)


def _is_bound(specification: Specification, test: str) -> bool:
    return any(entry.id == test and FUNCTIONS[entry.function].is_bound for entry in specification.derived)


@cache
def _parts_of(text: str) -> tuple[tuple[str, str | None], ...]:
    """Return the parts of one of the texts above, each with the name of what follows it."""
    return tuple((literal, name) for literal, name, _, _ in Formatter().parse(text))


def _fill(text: str, values: Mapping[str, str], left: Mapping[str, LeftOpen]) -> tuple[list[str], tuple[LeftOpen, ...]]:
    """Return a text with what is known of it, cut where a limit is left open, and which limit that is."""
    pieces, left_open = [""], []
    for literal, name in _parts_of(text):
        pieces[-1] += literal
        if name is not None and name in left and name not in values:
            left_open.append(left[name])
            pieces.append("")
        elif name is not None:
            pieces[-1] += values[name]
    return pieces, tuple(left_open)


def explain_cell(
    specification: Specification,
    requirement: Requirement | None,
    reason: Reason,
    *,
    alone: Verdict = Verdict.MISSING,
    triggers: bool = False,
    leaves_open: bool = False,
) -> Sentence:
    """Return the sentence for a cell that no row explains, without what varies by batch.

    Args:
        specification: of the cell.
        requirement: `None` for a built-in one.
        reason: of the cell.
        alone: verdict that the results have without their controls.
        triggers: whether the cell fails, so that the consequences of the requirement follow.
        leaves_open: whether the limit of the requirement is left open.
    """
    if requirement is None:
        text = _CELL_SENTENCES[reason].format(validity=f"{specification.valid_from} to {specification.valid_to}")
        return Sentence(f"{text[0].upper()}{text[1:]}", ("",), (), "")
    # What is due ends with its date, which varies by batch; its source stands inside the sentence.
    source = "" if reason in {Reason.PENDING, Reason.OVERDUE} else _source(requirement)
    follows = _consequences(requirement) if triggers else ""
    pieces, left_open = _cell_pieces(specification, requirement, reason, alone=alone, leaves_open=leaves_open)
    pieces[-1] += f"{source}{follows}"
    limit = "" if leaves_open else criterion_text(requirement)
    return Sentence(f"{requirement.name}: ", tuple(pieces), left_open, limit)


def _cell_pieces(
    specification: Specification,
    requirement: Requirement,
    reason: Reason,
    *,
    alone: Verdict = Verdict.MISSING,
    leaves_open: bool = False,
) -> tuple[list[str], tuple[LeftOpen, ...]]:
    derived = next((entry for entry in specification.derived if entry.id == requirement.test), None)
    sentence = _CELL_SENTENCES[reason]
    values = {
        "when": " or ".join(requirement.when) or "a readable manufactured_at",
        "evidence": requirement.evidence.document[1:] if requirement.evidence else "",
        "validity": "",
        "source": _source(requirement),
        "controls": _controls(specification, requirement) if "{controls}" in sentence else "",
        "would": "none has been reported" if alone is Verdict.MISSING else f"it would {alone.verb}",
    }
    if not leaves_open:
        values["limit"] = criterion_text(requirement)
    pieces, left_open = _fill(sentence, values, _OF_CELLS)
    if reason is Reason.NOT_REPORTED and derived is not None:
        sources = ", ".join(map(source_text, derived.inputs.values()))
        pieces[-1] += f" (it is computed from {sources}, of which at least one is not stated)"
    if reason is Reason.SPONSOR_MUST_SET and requirement.reason:
        pieces[-1] += f" ({requirement.reason})"
    return pieces, left_open


def _controls(specification: Specification, requirement: Requirement) -> str:
    return ", ".join(
        controls_text(specification.requirements[number]) for number in controlling(specification, requirement)
    )


def controls_text(requirement: Requirement) -> str:
    """Return what the controls of a requirement must show, in words.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> controls_text(Requirement(id="sterility", controls=({"test": "growth_promotion", "one_of": ("growth",)},)))
        'growth_promotion: growth'
    """
    return ", ".join(f"{control.name}: {single_limit_text(control)}" for control in requirement.controls)


def consequence_text(consequence: Consequence) -> str:
    """Return one consequence in words.

    Example:
        >>> from regenqc.specification.model import Consequence
        >>> consequence_text(Consequence(action="Inform the physician", citation="procedure 4", within="48 h"))
        'Inform the physician (within 48 h) [procedure 4]'
    """
    within = f" (within {consequence.within})" if consequence.within else ""
    return f"{consequence.action}{within} [{consequence.citation}]"


def _consequences(requirement: Requirement) -> str:
    if not requirement.consequences:
        return ""
    return "; to be done now: " + "; ".join(map(consequence_text, requirement.consequences))


def _source(requirement: Requirement) -> str:
    edition = f", {requirement.edition}" if requirement.edition else ""
    return f" [{requirement.citation}{edition}]" if requirement.citation else ""
