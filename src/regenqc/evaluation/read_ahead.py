"""Read the next part of the input while the present one is judged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_ahead"]

Part = TypeVar("Part")


def read_ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """Yield the same parts in the same order, one of them read ahead by another thread.

    Decoding Parquet, parsing CSV and coding rows leave the interpreter free most of the time, so that both go on at once.
    Errors of the reader are raised where its part would have been yielded.

    Example:
        >>> list(read_ahead(iter([1, 2, 3])))
        [1, 2, 3]
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="regenqc-reader") as reader:
        waiting = reader.submit(next, parts, None)
        while (part := waiting.result()) is not None:
            waiting = reader.submit(next, parts, None)
            yield part
