"""Keep machine code between runs, under a name that says everything it depends on."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import marshal
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.compiled.signature import Leaf

__all__ = ["fingerprint", "read_object", "write_object"]

_DIGEST_BYTES: Final = 32


def fingerprint(function: Callable[..., int], leaves: tuple[Leaf, ...]) -> str:
    """Return what the machine code of a function depends on, as a name.

    That is its own code, every constant that it reads, the types of its arguments, the compiler and the processor. A cache
    by the time of the file would go on with old constants where a module changes that the function reads them from.

    Example:
        >>> one, two = (eval(f"lambda values: values[{at}]") for at in (0, 1))
        >>> fingerprint(one, ()) == fingerprint(one, ()), fingerprint(one, ()) == fingerprint(two, ())
        (True, False)
    """
    import llvmlite.binding as llvm  # noqa: PLC0415 - not needed by small inputs

    compilers = [sys.version, version("numba"), version("llvmlite"), np.__version__]
    processor = [llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    types = [str(leaf) for leaf in leaves]
    told = hashlib.sha256()
    building = Path(__file__).with_name("building.py").read_bytes()
    for part in (building, *compilers, *processor, *types, *_read_by(function)):
        data = part if isinstance(part, bytes) else part.encode()
        told.update(len(data).to_bytes(8, "big") + data)
    return told.hexdigest()[:32]


def read_object(name: str) -> bytes | None:
    """Return what was kept under a name; nothing where that is missing or damaged."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            data = (folder / f"{name}.o").read_bytes()
            code = data[_DIGEST_BYTES:]
            if hashlib.sha256(code).digest() == data[:_DIGEST_BYTES]:
                return code
    return None


def write_object(name: str, code: bytes) -> None:
    """Keep code under a name, in the first folder that can be written; where none can, the next run compiles again."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=f"{name}-", delete=False) as file:
                file.write(hashlib.sha256(code).digest() + code)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(folder / f"{name}.o")
            return


def _folders() -> Iterator[Path]:
    """Yield where code may be kept: where numba is told to, beside this package, or among the caches of the user."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(named)
    yield Path(__file__).parent / "__pycache__"
    with contextlib.suppress(RuntimeError):
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "regenqc"


def _read_by(function: Any) -> Iterator[str | bytes]:
    """Yield the code of a function and of what it calls, and every constant that they read."""
    code = function.__code__.replace(co_filename="")
    yield marshal.dumps(code, 2)  # the form in which no reference is counted, so that equal code gives equal bytes
    for name in code.co_names:
        value: Any = function.__globals__.get(name)
        yield name
        if isinstance(value, FunctionType):
            yield from _read_by(value)
        elif isinstance(value, np.ndarray):
            yield f"{value.dtype} {value.shape}"
            yield value.tobytes()
        elif isinstance(value, int | float | np.generic | enum.Enum):
            yield repr(value)
