"""Random numbers that are a function of (seed, question, lot) and of nothing else.

A stream that is consumed in order would make a lot depend on the lots drawn before it, and so on the chunk size. Every
number is therefore the hash of its address: the same lot has the same fate in every run, chunk and thread.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Dice", "mix"]

_Item = TypeVar("_Item")

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a well-mixed 64-bit hash of every value (the finaliser of SplitMix64, a bijection).

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Example:
        >>> import numpy as np
        >>> hex(mix(np.array([1], dtype=np.uint64))[0])
        '0x5692161d100b05e5'
    """
    mixed = values ^ (values >> np.uint64(30))
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed


class Dice:
    """Answer random questions about lots.

    Args:
        seed: any integer.

    Example:
        >>> import numpy as np
        >>> dice = Dice(7)
        >>> together = dice.pick("colour", np.arange(4), 10)
        >>> int(together[3]) == int(dice.pick("colour", np.array([3]), 10)[0])
        True
    """

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def key(self, question: str) -> int:
        """Return the 64-bit key of one question, also usable as one number per run."""
        digest = hashlib.blake2b(f"{self._seed}/{question}".encode(), digest_size=8)
        return int.from_bytes(digest.digest(), "little")

    @property
    def bank_place(self) -> int:
        """Return which of every ten lots is the cell bank of the other nine."""
        return self.key("bank") % 10

    def bits(self, question: str, lots: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return 64 random bits for every lot."""
        return mix(mix(lots.astype(np.uint64) * _GOLDEN + np.uint64(self.key(question))))

    def pick(self, question: str, lots: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Return one of 0 … count-1 for every lot, equally likely."""
        upper = self.bits(question, lots) >> np.uint64(32)
        return ((upper * np.uint64(count)) >> np.uint64(32)).astype(np.int64)

    def share(self, question: str, lots: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return a number in [0, 1) for every lot."""
        return (self.bits(question, lots) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def shuffled(self, question: str, items: Sequence[_Item]) -> list[_Item]:
        """Return the items in an order that only the seed decides."""
        order = np.argsort(self.bits(question, np.arange(len(items), dtype=np.int64)), kind="stable")
        return [items[position] for position in order]
