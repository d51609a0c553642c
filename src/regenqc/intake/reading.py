"""Read distinct reported texts into arrays: form, number and word of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.measurement.reported import PLAIN_NUMBER, WORDS, Form, NumberLocale, Reported, read_reported
from regenqc.measurement.units import UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NEVER_NEGATIVE", "NO_WORD", "SIGNED_KINDS", "Readings", "read_texts"]

NO_WORD: Final = -1
_WORD_CODES: Final = {word: code for code, word in enumerate(WORDS)}
_FEW: Final = 64

# Quantities of these kinds may lie below zero: numbers without unit, pH, degrees Celsius and differences of amplification
# cycles. Of every other kind a number below zero is a fault of the measurement, which no limit may accept.
SIGNED_KINDS: Final = frozenset({"number", "acidity", "temperature", "amplification cycles"})

# By unit code; one entry more, for texts that are no unit.
NEVER_NEGATIVE: Final[NDArray[np.bool_]] = np.array([unit.kind not in SIGNED_KINDS for unit in UNITS] + [False])


@dataclass(frozen=True, slots=True)
class Readings:
    """What distinct texts say, one entry each.

    Args:
        form: `Form` of each text.
        number: its number as the nearest double, 0 where there is none.
        word: index in `WORDS`, `NO_WORD` where the text is no word of the vocabulary.
        percent: whether the text itself carries a percent sign.
    """

    form: NDArray[np.uint8]
    number: NDArray[np.float64]
    word: NDArray[np.int16]
    percent: NDArray[np.bool_]

    def below_zero(self) -> NDArray[np.bool_]:
        """Return which entries say that a quantity is, or may be, less than zero.

        Example:
            >>> read_texts(pa.array(["-1", "> -1", "< 0", "0"]), number_locale=NumberLocale()).below_zero().tolist()
            [True, True, True, False]
        """
        below: NDArray[np.bool_] = (self.number < 0) | ((self.form == Form.LESS) & (self.number == 0))
        return below

    def extended(self, entries: list[tuple[Form, float]], *, word: int = NO_WORD) -> Readings:
        """Return the readings with further entries behind them.

        Args:
            entries: form and number of each.
            word: the word that all of them stand for, index in `WORDS`.

        Example:
            >>> readings = read_texts(pa.array(["ND"]), number_locale=NumberLocale()).extended([(Form.LESS, 0.1)])
            >>> readings.form.tolist(), readings.number.tolist()
            ([1, 4], [0.0, 0.1])
        """
        return Readings(
            np.append(self.form, np.array([form for form, _ in entries], dtype=np.uint8)),
            np.append(self.number, np.array([number for _, number in entries], dtype=np.float64)),
            np.append(self.word, np.full(len(entries), word, dtype=np.int16)),
            np.append(self.percent, np.zeros(len(entries), dtype=np.bool_)),
        )


def read_texts(texts: pa.StringArray, *, number_locale: NumberLocale) -> Readings:
    """Read distinct texts; plain numbers are cast in bulk, every other text goes through the grammar.

    Args:
        texts: distinct reported texts.
        number_locale: declared decimal and thousands marks.

    Example:
        >>> readings = read_texts(pa.array(["92.4", "<0.5", "No growth"]), number_locale=NumberLocale())
        >>> [Form(form).name for form in readings.form], readings.number.tolist()
        (['NUMBER', 'LESS', 'WORD'], [92.4, 0.5, 0.0])
    """
    count = len(texts)
    readings = Readings(
        np.full(count, Form.NUMBER, dtype=np.uint8),
        np.zeros(count, dtype=np.float64),
        np.full(count, NO_WORD, dtype=np.int16),
        np.zeros(count, dtype=np.bool_),
    )
    rest: NDArray[np.intp] = np.arange(count)
    if count > _FEW and number_locale == NumberLocale():
        plain = pc.match_substring_regex(texts, PLAIN_NUMBER)
        is_plain = plain.to_numpy(zero_copy_only=False)
        readings.number[is_plain] = pc.cast(texts.filter(plain), pa.float64()).to_numpy()
        rest = np.flatnonzero(~is_plain)
    for index, text in zip(rest.tolist(), texts.take(pa.array(rest)).to_pylist(), strict=True):
        reported = _read(text, number_locale)
        readings.form[index] = reported.form
        readings.percent[index] = reported.unit == "%"
        if reported.number is not None:
            readings.number[index] = float(reported.number)
        if reported.word:
            readings.word[index] = _WORD_CODES[reported.word]
    return readings


# The same words stand in every block of a file.
@lru_cache(maxsize=1 << 14)
def _read(text: str, number_locale: NumberLocale) -> Reported:
    return read_reported(text, number_locale=number_locale)
