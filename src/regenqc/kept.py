"""Keep what takes long to make between runs, under a name that says everything it depends on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["fingerprint", "read_kept", "write_kept"]

_DIGEST_BYTES: Final = 32


def fingerprint(parts: Iterable[str | bytes]) -> str:
    """Return one name for everything that something kept depends on.

    Example:
        >>> fingerprint(["ab", "c"]) == fingerprint(["a", "bc"])
        False
    """
    told = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        told.update(len(data).to_bytes(8, "big") + data)
    return told.hexdigest()[:32]


def read_kept(name: str) -> bytes | None:
    """Return what was kept under a name; nothing where that is missing or damaged."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            data = (folder / name).read_bytes()
            content = data[_DIGEST_BYTES:]
            if hashlib.sha256(content).digest() == data[:_DIGEST_BYTES]:
                return content
    return None


def write_kept(name: str, content: bytes) -> None:
    """Keep something under a name, in the first folder that can be written; where none can, the next run makes it again."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=f"{name}-", delete=False) as file:
                file.write(hashlib.sha256(content).digest() + content)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(folder / name)
            return


def _folders() -> Iterator[Path]:
    """Yield where things may be kept: where numba is told to, beside this module, or among the caches of the user."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(named)
    yield Path(__file__).parent / "__pycache__"
    with contextlib.suppress(RuntimeError):
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "regenqc"
