"""What operators and flags in columns of their own say about the result beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.intake.profiles.checks import OPERATORS
from regenqc.intake.profiles.coded import Coded, recoded
from regenqc.intake.profiles.model import fold_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regenqc.intake.profiles.model import Column, ProfileDocument
    from regenqc.intake.profiles.raw_rows import RawRows, RowFaults

__all__ = ["Flags"]

_STATUS_ACTIONS: Final = ("preliminary", "unverified", "cancelled")


class Flags:
    """Columns of operators and flags of one file.

    Args:
        document: the profile.
        at: gives a column of some rows of the file.
    """

    def __init__(self, document: ProfileDocument, *, at: Callable[[RawRows, Column], Coded]) -> None:
        self._document = document
        self._at = at
        operators = {} if document.operator is None else document.operator.texts
        self._signs = OPERATORS | {fold_name(text): sign for text, sign in operators.items()}
        self.states_status = any(getattr(entry, action) for entry in document.qualifier for action in _STATUS_ACTIONS)

    def operator(self, raw: RawRows, faults: RowFaults) -> Coded | None:
        """Return the operator beside every result, `None` without a column of operators."""
        if self._document.operator is None:
            return None
        coded = self._at(raw, self._document.operator.column)
        known = self._signs
        faults.add(coded, lambda text: f"the operator '{text}' is not listed" if fold_name(text) not in known else "")
        return recoded(coded, [known.get(fold_name(text), "") for text in coded.words])

    def bound(self, raw: RawRows, faults: RowFaults) -> Coded | None:
        """Return `<` or `>` where a flag says that the number is a limit, `None` without columns of flags."""
        bound: Coded | None = None
        for entry in self._document.qualifier:
            coded = self._at(raw, entry.column)
            listed = {
                fold_name(text): ""
                for texts in (entry.accept, entry.not_data, *(getattr(entry, name) for name in _STATUS_ACTIONS))
                for text in texts
            }
            listed |= {fold_name(text): "<" for text in entry.below} | {fold_name(text): ">" for text in entry.above}
            refused = frozenset(map(fold_name, entry.refuse))
            name = entry.column.name or "flag"

            def fault(
                text: str, listed: Mapping[str, str] = listed, refused: frozenset[str] = refused, name: str = name
            ) -> str:
                key = fold_name(text)
                if key in refused:
                    return f"the flag '{text}' in '{name}' refuses the row"
                return "" if not key or key in listed else f"the flag '{text}' in '{name}' is not listed"

            faults.add(coded, fault)
            signs = recoded(coded, [listed.get(fold_name(text), "") for text in coded.words])
            if bound is None:
                bound = signs
            else:
                both = [f"{one}{other}" for one in bound.words for other in signs.words]
                bound = recoded(Coded(bound.codes * len(signs.words) + signs.codes, both), both)
        if bound is not None:
            faults.add(bound, lambda text: "two flags say of the number that it is a limit" if len(text) > 1 else "")
            bound = recoded(bound, [text[:1] for text in bound.words])
        return bound

    def status(self, raw: RawRows) -> Coded | None:
        """Return what flags say about the standing of rows; with several of them, the one that counts least."""
        if not self.states_status:
            return None
        rank = np.zeros(raw.count, dtype=np.int32)
        for entry in self._document.qualifier:
            of = {
                fold_name(text): number
                for number, action in enumerate(_STATUS_ACTIONS, start=1)
                for text in getattr(entry, action)
            }
            coded = self._at(raw, entry.column)
            table = np.array([of.get(fold_name(text), 0) for text in coded.words] or [0], dtype=np.int32)
            rank = np.maximum(rank, table[coded.codes])
        return Coded(rank, ["", *_STATUS_ACTIONS])
