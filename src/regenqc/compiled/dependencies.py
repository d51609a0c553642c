"""What the machine code of a function depends on."""

from __future__ import annotations

import enum
import marshal
import sys
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from regenqc.kept import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.compiled.signature import Leaf

__all__ = ["code_fingerprint"]


def code_fingerprint(function: Callable[..., int], leaves: tuple[Leaf, ...]) -> str:
    """Return what the machine code of a function depends on, as a name.

    That is its own code, every constant that it reads, the types of its arguments, the compiler and the processor. A cache
    by the time of the file would go on with old constants where a module changes that the function reads them from.

    Example:
        >>> one, two = (eval(f"lambda values: values[{at}]") for at in (0, 1))
        >>> code_fingerprint(one, ()) == code_fingerprint(one, ()), code_fingerprint(one, ()) == code_fingerprint(two, ())
        (True, False)
    """
    # Not needed by small inputs.
    from importlib.metadata import version  # noqa: PLC0415

    import llvmlite.binding as llvm  # noqa: PLC0415

    building = Path(__file__).with_name("building.py").read_bytes()
    compilers = [sys.version, version("numba"), version("llvmlite"), np.__version__]
    processor = [llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    types = [str(leaf) for leaf in leaves]
    return fingerprint([building, *compilers, *processor, *types, *_read_by(function)])


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
