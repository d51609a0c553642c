"""Check what makes a result valid and what follows from it: controls, retests and consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.specification.criterion_checks import composite_parts
from regenqc.specification.value_checks import check_values, fault
from regenqc.vocabulary import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from regenqc.errors import Fault
    from regenqc.specification.model import Control, Requirement

__all__ = ["INPUT_COLUMNS", "check_consequences", "check_controls", "check_retests"]

# Columns of results that have a meaning of their own; none of them reports a control.
INPUT_COLUMNS: Final = frozenset(
    {
        "batch_id", "test", "result", "unit", "stage", "result_id", "revision", "sample_id", "replicate", "method",
        "laboratory", "analyst", "instrument_id", "tested_at", "reported_at", "status", "investigation_id",
        "invalidated_by", "assignable_cause", "retest_of", "lod", "loq", "sample_amount", "sample_amount_unit",
        "uncertainty",
    }
)  # fmt: skip


def check_controls(
    requirement: Requirement, *, place: Callable[..., str], computed: Collection[str] = ()
) -> Iterator[Fault]:
    """Yield every fault in the controls of one complete requirement.

    Args:
        requirement: after inheritance.
        place: `place(*keys)` names a key of this requirement as `file:line path`.
        computed: tests whose results are computed; their rows have no columns of a laboratory.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> requirement = Requirement(id="a", test="a", one_of=("absent",), controls=({"one_of": ("growth",)},))
        >>> [fault.what for fault in check_controls(requirement, place=lambda *keys: "a.toml")]
        ['A control names neither a test nor a column.']
    """
    if not requirement.controls:
        return
    if requirement.report_only or requirement.evidence is not None:
        yield _idle(requirement, "controls", place)
    judged = {part.test for parts in composite_parts(requirement).values() for part in parts} | {requirement.test}
    for index, control in enumerate(requirement.controls):
        yield from _check_control(control, lambda *keys, index=index: place("controls", index, *keys))
        if control in requirement.controls[:index]:
            yield _twice("control", control.name, place("controls", index))
        if control.test is not None and control.test in judged:
            yield fault(
                "RQC-S056",
                "A control is the result itself.",
                place("controls", index, "test"),
                got=control.test,
                expected="the test under which the control is reported",
                action="Name the control, or state what the result must show in the criterion.",
            )
        if control.column is not None and judged & set(computed):
            yield fault(
                "RQC-S058",
                "A column cannot control a computed result, which no laboratory reports.",
                place("controls", index, "column"),
                got=control.column,
                expected="test",
                action="Control the inputs in requirements of their own.",
            )


def _check_control(control: Control, place: Callable[..., str]) -> Iterator[Fault]:
    if (control.test is None) == (control.column is None):
        yield fault(
            "RQC-S055",
            f"A control names {'neither a test nor a column' if control.test is None else 'a test and a column'}.",
            place(),
            got="neither" if control.test is None else f"{control.test}, {control.column}",
            expected='test = "…" for rows of their own, or column = "…" of the result\'s row',
        )
    if control.column in INPUT_COLUMNS:
        yield fault(
            "RQC-S055",
            "The column has another meaning and reports no control.",
            place("column"),
            got=str(control.column),
            expected="a column of the laboratory, for example positive_control",
        )
    kinds = [name for name in ("limit", "one_of", "none_of") if getattr(control, name) is not None]
    if kinds not in (["limit"], ["one_of"], ["none_of"], ["limit", "one_of"]):
        yield fault(
            "RQC-S011",
            "A control needs one criterion.",
            place(),
            got=", ".join(kinds) or "none",
            expected="limit, one_of, none_of, or limit together with one_of",
        )
    yield from check_values(control, None, place)


def check_retests(requirement: Requirement, *, place: Callable[..., str]) -> Iterator[Fault]:
    """Yield the fault of a number of retests where no result can fail.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> requirement = Requirement(id="a", test="a", report_only=True, retests=1)
        >>> [fault.code for fault in check_retests(requirement, place=lambda *keys: "a.toml")]
        ['RQC-S035']
    """
    if requirement.retests and (requirement.report_only or requirement.evidence is not None):
        yield _idle(requirement, "retests", place)


def check_consequences(requirement: Requirement, *, place: Callable[..., str]) -> Iterator[Fault]:
    """Yield every fault in the consequences of one complete requirement.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> consequence = {"action": "Inform the physician", "citation": "procedure 7"}
        >>> requirement = Requirement(id="a", test="a", one_of=("absent",), consequences=(consequence,))
        >>> [fault.code for fault in check_consequences(requirement, place=lambda *keys: "a.toml")]
        ['RQC-S057']
    """
    if requirement.consequences and requirement.timing is not Timing.AFTER_RELEASE:
        yield fault(
            "RQC-S057",
            "Consequences are stated for a result that is known before release.",
            place("consequences"),
            got=f'timing = "{requirement.timing}"',
            expected='timing = "after_release" with due',
            action="Remove consequences, or say that the result may follow the release.",
        )
    actions = [consequence.action for consequence in requirement.consequences]
    for index, action in enumerate(actions):
        if action in actions[:index]:
            yield _twice("consequence", action, place("consequences", index))


def _idle(requirement: Requirement, key: str, place: Callable[..., str]) -> Fault:
    kind = "evidence" if requirement.evidence is not None else "report_only"
    return fault(
        "RQC-S035",
        f"The key {key} has no effect on {kind}, under which no result is judged.",
        place(key),
        action=f"Remove {key}, or state a criterion.",
    )


def _twice(what: str, name: str, where: str) -> Fault:
    return fault(
        "RQC-S056",
        f"A {what} is listed twice.",
        where,
        got=name,
        expected="every one once",
        action="Remove one of them.",
    )
