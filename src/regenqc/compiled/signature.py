"""What compiled code is called with: arrays of fixed types, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Leaf", "leaves_of", "values_of"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The type of one argument, or of one member of a named tuple.

    Args:
        kind: of its values, e.g. `uint32`.
        dimensions: 0 for a single whole number.
    """

    kind: str
    dimensions: int

    def __str__(self) -> str:
        return self.kind if self.dimensions == 0 else f"{self.kind} in {self.dimensions} dimensions"

    @classmethod
    def of(cls, value: Any) -> Leaf:
        """Return the type of a value.

        Example:
            >>> str(Leaf.of(np.zeros((2, 3), dtype=np.uint8))), str(Leaf.of(7))
            ('uint8 in 2 dimensions', 'int64')
        """
        if isinstance(value, np.ndarray):
            return cls(value.dtype.name, value.ndim)
        if isinstance(value, np.generic):
            return cls(value.dtype.name, 0)
        return cls("int64" if isinstance(value, int) else type(value).__name__, 0)

    def fits(self, value: Any) -> bool:
        """Return whether code compiled for this type may read the value: the same type, in one piece and in native order.

        Example:
            >>> leaf = Leaf.of(np.zeros((4, 4)))
            >>> leaf.fits(np.zeros((2, 9))), leaf.fits(np.zeros((4, 4)).T[:2])
            (True, False)
        """
        if not isinstance(value, np.ndarray):
            return Leaf.of(value) == self
        return (
            value.ndim == self.dimensions
            and value.dtype.name == self.kind
            and value.dtype.isnative
            and value.flags.c_contiguous
            and value.flags.aligned
        )


def values_of(arguments: tuple[Any, ...]) -> list[Any]:
    """Return the arguments with the members of tuples in their place.

    Example:
        >>> values_of(((1, 2), 3))
        [1, 2, 3]
    """
    values: list[Any] = []
    for argument in arguments:
        values.extend(argument) if isinstance(argument, tuple) else values.append(argument)
    return values


def leaves_of(arguments: tuple[Any, ...]) -> tuple[Leaf, ...]:
    """Return the types of `values_of` the arguments.

    Example:
        >>> leaves_of(((np.zeros(2), 7),))
        (Leaf(kind='float64', dimensions=1), Leaf(kind='int64', dimensions=0))
    """
    return tuple(Leaf.of(value) for value in values_of(arguments))
