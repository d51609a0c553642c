"""Why rows are refused: the reasons, and what a finding says of them."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from regenqc.intake.contracts import MAPPING_FAULT

if TYPE_CHECKING:
    from regenqc.intake.coding import CodedRows

__all__ = ["Refusal", "refusal_text"]

_LONGEST_TEXT: Final = 300


class Refusal(IntEnum):
    """Why a row cannot be judged at all; the lower-case name is the code in `refused.csv`."""

    NONE = 0
    BLANK_ROW = 1
    ROW_WITHOUT_BATCH = 2
    ROW_WITHOUT_TEST = 3
    UNKNOWN_STAGE = 4
    UNKNOWN_STATUS = 5
    AMBIGUOUS_DATE = 6
    UNREADABLE_REVISION = 7
    OVERSIZED_CELL = 8
    NOT_MAPPED = 9


def refusal_text(coded: CodedRows, row: int) -> str:
    """Return what the profile of its file does not explain of a row, or the reason of its refusal.

    Args:
        coded: the rows of one chunk.
        row: position of a refused row among them.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake.coding import RowCoder
        >>> from regenqc.vocabulary import Stage
        >>> texts = {"batch_id": "B", "test": "t", "result": "1", "unit": "", "mapping_fault": "the flag 'v' is not listed"}
        >>> rows = pa.record_batch({name: pa.array([text]).dictionary_encode() for name, text in texts.items()})
        >>> refusal_text(RowCoder(tests=[], default_stage=Stage.SHIPPING, superseding={}).code(rows, first_row=1), 0)
        "the flag 'v' is not listed"
    """
    code = Refusal(int(coded.refusal[row]))
    fault = coded.text(MAPPING_FAULT, row) if code is Refusal.NOT_MAPPED else ""
    return fault[:_LONGEST_TEXT] or code.name.lower().replace("_", " ")
