"""Coded rows as the arrays that the kernel reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.kernel import EMPTY_COLUMN, NO_WORD_COLUMN, REFUSED, RowArrays
from regenqc.intake.coding import Refusal
from regenqc.intake.reading import NO_WORD
from regenqc.measurement.reported import Form

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.intake.coding import CodedRows
    from regenqc.intake.reading import Readings

__all__ = ["reading_arrays", "row_arrays"]

# The least and the greatest value that a reading may stand for; `None` is its number.
_REACH: Final = {
    Form.NUMBER: (None, None),
    Form.LESS: (-np.inf, None),
    Form.LESS_OR_EQUAL: (-np.inf, None),
    Form.GREATER: (None, np.inf),
    Form.GREATER_OR_EQUAL: (None, np.inf),
}


def row_arrays(coded: CodedRows) -> RowArrays:
    """Return rows as the kernel reads them; it looks up the batch even of a refused row, which may have none."""
    refused = coded.refusal != Refusal.NONE
    form, number, word, reach = reading_arrays(coded.readings)
    return RowArrays(
        batch=np.where(refused, np.int32(0), coded.batch).view(np.uint32),
        line=coded.line.view(np.uint32),
        reading=np.require(coded.reading, requirements=["C", "W"]).view(np.uint32),
        unit=coded.unit.view(np.uint16),
        standing=np.where(refused, np.uint8(REFUSED), coded.standing),
        form=form,
        number=number,
        word=word,
        reach=reach,
    )


def reading_arrays(
    readings: Readings,
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64]]:
    """Return form, number, word and reach of readings as the kernel reads them.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake.reading import read_texts
        >>> from regenqc.measurement.reported import NumberLocale
        >>> reading_arrays(read_texts(pa.array(["<2", "growth"]), number_locale=NumberLocale()))[3].tolist()
        [-inf, 2.0, nan, nan]
    """
    word = np.where(readings.word == NO_WORD, NO_WORD_COLUMN, readings.word)
    word[readings.form == Form.EMPTY] = EMPTY_COLUMN
    reach = np.full((len(word), 2), np.nan)
    for form, ends in _REACH.items():
        of_form = readings.form == form
        for end, value in enumerate(ends):
            reach[of_form, end] = readings.number[of_form] if value is None else value
    return readings.form, readings.number, word.astype(np.uint8), reach.ravel()
