"""The results of a chunk by the rules of a profile: plain numbers in bulk, every other spelling once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.profiles.coded import Coded, coded_constant
from regenqc.intake.profiles.values import ValueRules, map_value
from regenqc.measurement.reported import PLAIN_NUMBER, word_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["ResultTexts"]

_NO_SIGN: Final = ("",)


class ResultTexts:
    """What result texts become.

    Args:
        rules: of the profile.
        common: words of the laboratory, whatever the test.
        entries: words of each entry of the profile's tests.
    """

    def __init__(self, rules: ValueRules, *, common: Mapping[str, str], entries: Sequence[Mapping[str, str]]) -> None:
        self._rules = rules
        self._common = {word_key(text): word for text, word in common.items()}
        own = [{**self._common, **{word_key(text): word for text, word in words.items()}} for words in entries]
        self._words = [self._common, *(words for words, stated in zip(own, entries, strict=True) if stated)]
        numbers = iter(range(1, len(self._words)))
        # By entry, and for the last place (no entry): which of the tables of words holds.
        self._table = np.array([next(numbers) if stated else 0 for stated in entries] + [0], dtype=np.int64)

    def map(
        self,
        results: Coded,
        *,
        operator: Coded | None,
        bound: Coded | None,
        entry: NDArray[np.int32] | None,
        power: NDArray[np.int32] | None,
    ) -> tuple[Coded, Coded]:
        """Return the canonical results of some rows, and by row why a result is refused, empty where it is not.

        Args:
            results: as exported.
            operator: of a column of operators.
            bound: of flags.
            entry: number of the entry of the profile's tests, -1 for none.
            power: power of ten that the number is multiplied by.
        """
        count = len(results.codes)
        signs = operator.words if operator is not None else _NO_SIGN
        bounds = bound.words if bound is not None else _NO_SIGN
        table = self._table[entry] if entry is not None and len(self._words) > 1 else np.zeros(count, dtype=np.int64)
        powers, power_codes = (np.zeros(1, dtype=np.int32), np.zeros(count, dtype=np.int64))
        if power is not None:
            powers, power_codes = np.unique(power, return_inverse=True)
        beside = (table * len(powers) + power_codes) * len(signs)
        beside = (beside + (operator.codes if operator is not None else 0)) * len(bounds)
        beside += bound.codes if bound is not None else 0
        kinds, kind = np.unique(beside, return_inverse=True)
        if len(kinds) == 1 and int(kinds[0]) == 0 and not powers.any() and signs[0] == "" and bounds[0] == "":
            return self._alike(results)
        pairs, place = np.unique(kind.astype(np.int64) * len(results.array) + results.codes, return_inverse=True)
        texts, faults = [], []
        words = results.words
        for pair in pairs.tolist():
            of_kind, text = divmod(pair, len(words))
            rest, at_bound = divmod(int(kinds[of_kind]), len(bounds))
            rest, at_sign = divmod(rest, len(signs))
            at_table, at_power = divmod(rest, len(powers))
            value = map_value(
                words[text],
                rules=self._rules,
                words=self._words[at_table],
                operator=signs[at_sign],
                bound=bounds[at_bound],
                power_of_ten=int(powers[at_power]),
            )
            texts.append(value.text)
            faults.append(value.fault)
        codes = place.astype(np.int32)
        return Coded(codes, texts or [""]), Coded(codes, faults or [""])

    def _alike(self, results: Coded) -> tuple[Coded, Coded]:
        """Return results beside which nothing stands."""
        texts = results.array
        plain = self._plain_numbers(texts)
        is_plain = pc.match_substring_regex(plain, PLAIN_NUMBER)
        if plain is not texts:
            # A point is no decimal mark here, and must not become one.
            is_plain = pc.and_not(is_plain, pc.match_substring(texts, "."))
        rest = np.flatnonzero(~is_plain.to_numpy(zero_copy_only=False))
        if not len(rest):
            return Coded(results.codes, plain), coded_constant("", len(results.codes))
        values = [
            map_value(text, rules=self._rules, words=self._common) for text in texts.take(pa.array(rest)).to_pylist()
        ]
        mask = pa.array(~is_plain.to_numpy(zero_copy_only=False))
        mapped = pc.replace_with_mask(plain, mask, pa.array([value.text for value in values], type=pa.string()))
        if not any(value.fault for value in values):
            return Coded(results.codes, mapped), coded_constant("", len(results.codes))
        known = {"": 0}
        table = np.zeros(len(texts), dtype=np.int32)
        table[rest] = [known.setdefault(value.fault, len(known)) for value in values]
        return Coded(results.codes, mapped), Coded(table[results.codes], list(known))

    def _plain_numbers(self, texts: pa.StringArray) -> pa.StringArray:
        if self._rules.number_locale.decimal_mark == ",":
            return pc.replace_substring(texts, ",", ".")
        return texts
