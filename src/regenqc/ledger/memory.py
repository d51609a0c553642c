"""What a signer remembers: the last checkpoint it signed for each log, kept outside the database and across restarts.

A database can be rolled back together with everything in it. The signer's memory is a folder of its own, best on another
disk; a signature leaves only after the checkpoint it is for has been written there and has reached the disk.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.ledger.checkpoint import parse_signed_checkpoint
from regenqc.ledger.faults import ledger_error

try:
    import fcntl
except ImportError:  # pragma: no cover - not a POSIX system; signing is refused there
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.errors import LedgerError
    from regenqc.ledger.checkpoint import SignedCheckpoint

__all__ = ["CheckpointMemory", "Remembered"]


class Remembered:
    """Hold the last checkpoint signed for one log, while no other process may change it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.latest: SignedCheckpoint | None = self._read()

    def _read(self) -> SignedCheckpoint | None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self._path, error) from error
        try:
            return parse_signed_checkpoint(data)
        except Exception as error:  # a signer with a damaged memory must not sign, whatever the damage is
            raise _unreadable(self._path, error) from error

    def replace(self, signed: SignedCheckpoint) -> None:
        """Remember a newer checkpoint; returns when it has reached the disk."""
        replace_file(self._path, signed.encoded)
        self.latest = signed


class CheckpointMemory:
    """Remember checkpoints in a folder, one file per log.

    Args:
        folder: made when it is not there; its parent must be.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with CheckpointMemory(folder).hold("site.example/ledger") as remembered:
        ...         print(remembered.latest)
        None
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @contextmanager
    def hold(self, origin: str) -> Iterator[Remembered]:
        """Return the memory of one log; until it is let go, others who want it wait, in this process and in others.

        Raises:
            LedgerError: `RQC-L052`, the memory cannot be read or written.
        """
        if fcntl is None:  # pragma: no cover - not a POSIX system
            raise ledger_error("RQC-L052", "This system has no file locks, so nothing can be signed safely.")
        path = self._path(origin)
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(exist_ok=True)
                _synchronise(self.folder.parent)
            descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unreadable(self.folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Remembered(path)
        finally:
            os.close(descriptor)

    def latest(self, origin: str) -> SignedCheckpoint | None:
        """Return the last checkpoint signed for a log, without waiting."""
        return Remembered(self._path(origin)).latest

    def _path(self, origin: str) -> Path:
        # Origins may hold any character, so the file is named by a hash; the file itself says the origin.
        return self.folder / f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of another, so that after a crash there is the old one or the new one.

    Raises:
        LedgerError: `RQC-L052`, it could not be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     replace_file(Path(folder) / "a", b"b")
        ...     (Path(folder) / "a").read_bytes()
        b'b'
    """
    new = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(path)
        _synchronise(path.parent)
    except OSError as error:
        raise ledger_error(
            "RQC-L052",
            "The signer's memory cannot be written.",
            where=str(path),
            got=error.strerror,
            action="Make room or correct the permissions; nothing was signed.",
        ) from error


def _synchronise(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: Exception) -> LedgerError:
    return ledger_error(
        "RQC-L052",
        "The signer's memory cannot be read, so nothing is signed.",
        where=str(path),
        got=error,
        action="Restore the file from a backup of the signer; do not delete it: that would let an older tree be signed.",
    )
