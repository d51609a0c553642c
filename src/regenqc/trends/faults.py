"""What is refused about trends, in one place with stable codes."""

from __future__ import annotations

from regenqc.errors import Fault, UsageError

__all__ = ["not_a_choice", "stage_missing"]


def stage_missing(*, where: str) -> UsageError:
    """Return the error of results that state no stage.

    Example:
        >>> stage_missing(where="a.csv").code
        'RQC-U150'
    """
    return UsageError(
        Fault(
            code="RQC-U150",
            what="The results state no stage, and none was named.",
            where=where,
            expected="a column stage, or the stage of all rows",
            action="Name the stage with --stage.",
        )
    )


def not_a_choice(what: str, *, got: str, choices: tuple[str, ...]) -> UsageError:
    """Return the error of a word that is none of those to choose from.

    Example:
        >>> str(not_a_choice("stage", got="release", choices=("shipping",)))
        'RQC-U151 There is no such stage. Got: release. Expected: shipping. Use one of these words.'
    """
    return UsageError(
        Fault(
            code="RQC-U151",
            what=f"There is no such {what}.",
            got=got,
            expected=", ".join(choices),
            action="Use one of these words.",
        )
    )
