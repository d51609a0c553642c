"""Read decisions: only in their one spelling, only under the identifier that follows from their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from regenqc.decision.model import SCHEMA, Decision, decision_bytes, decision_id_of
from regenqc.signing.faults import refused

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["parse_decision", "read_decision"]


def parse_decision(data: bytes, *, where: str = "") -> Decision:
    """Return the decision that bytes are; whether its signatures hold, `decision_faults` says.

    Args:
        data: of a decision file.
        where: its name, for messages.

    Raises:
        SignatureError: `RQC-A050` no decision, `RQC-A051` another spelling, `RQC-A052` another identifier than the content's.

    Example:
        >>> parse_decision(b"{}")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-A050 This is no decision. ...
    """
    try:
        decision = msgspec.json.decode(data, type=Decision)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused(
            "RQC-A050",
            "This is no decision.",
            where=where,
            got=str(error),
            expected=f"one JSON object of schema {SCHEMA}",
            action="Name a file that `regenqc decide` wrote.",
        ) from error
    if decision.schema != SCHEMA or decision_bytes(decision) != data:
        raise refused(
            "RQC-A051",
            "The decision is not in its one spelling.",
            where=where,
            got=decision.schema if decision.schema != SCHEMA else "other bytes for the same words",
            expected=f"canonical JSON of schema {SCHEMA}, one line",
            action="Ask for the file as it was written; nothing may be reformatted.",
        )
    if decision.decision_id != decision_id_of(decision):
        raise refused(
            "RQC-A052",
            "The identifier of the decision is not that of its content.",
            where=where,
            got=decision.decision_id,
            expected=decision_id_of(decision),
            action="Refuse it: the content was changed.",
        )
    return decision


def read_decision(path: Path) -> Decision:
    """Return the decision of a file.

    Raises:
        SignatureError: as `parse_decision`; also `RQC-A050` when the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refused(
            "RQC-A050", "The decision cannot be read.", where=str(path), got=error.strerror or str(error)
        ) from error
    return parse_decision(data, where=str(path))
