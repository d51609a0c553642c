"""Keep the search for reference cycles away from work that makes millions of small objects and no cycle."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collection_paused"]


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause the garbage collector; rows of tables hold no cycles, and looking for some takes up to a fifth of the time.

    Several threads may pause it: whoever found it running lets it run again.

    Example:
        >>> with collection_paused():
        ...     gc.isenabled()
        False
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
