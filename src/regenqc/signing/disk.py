"""Files to which several people write: held while one of them does, and whole when they are done."""

from __future__ import annotations

from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_UN, flock
from typing import IO, TYPE_CHECKING

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked", "writing"]


@contextmanager
def locked(file: IO[bytes]) -> Iterator[None]:
    """Hold a file for this process alone."""
    flock(file, LOCK_EX)
    try:
        yield
    finally:
        flock(file, LOCK_UN)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in words what keeps a file from being written.

    Raises:
        UsageError: `RQC-G043`.

    Example:
        >>> from pathlib import Path
        >>> with writing(Path("people.jsonl")):
        ...     raise PermissionError(13, "Permission denied")
        Traceback (most recent call last):
        regenqc.errors.UsageError: RQC-G043 A record cannot be written. At people.jsonl. Got: Permission denied. Expected: a
        folder that can be written, with room. Nothing is signed that cannot be recorded.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(
            Fault(
                code="RQC-G043",
                what="A record cannot be written.",
                where=str(path),
                got=error.strerror or str(error),
                expected="a folder that can be written, with room",
                action="Nothing is signed that cannot be recorded.",
            )
        ) from error
