"""Run an ordinary function over arrays as machine code, and load that code without the compiler.

numba compiles the function the first time on a machine. Its own cache would be read through numba, which takes half a second
of processor to import, longer than judging a million rows; so the machine code is kept by itself, and llvmlite alone, the
part of numba that knows LLVM, places it in memory.

Machine code does not look at what it is given. Every argument of every call is compared with what was compiled first.
"""

from __future__ import annotations

import ctypes
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.compiled.dependencies import code_fingerprint
from regenqc.compiled.signature import Leaf, leaves_of, values_of
from regenqc.errors import Fault, InternalError
from regenqc.kept import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CompiledFunction"]

_ENTRY: Final = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class CompiledFunction:
    """A function over arrays, as machine code.

    Args:
        function: in the language that numba compiles; returns a whole number, raises nothing and makes no array. Arrays are
            C-contiguous, of one or two dimensions; named tuples of arrays and single whole numbers may stand beside them.
        like: returns arguments of the types of every call; they may be empty.

    Raises:
        InternalError: a call with other types than `like` has.

    Example:
        >>> def count_above(values, least, found):
        ...     count = 0
        ...     for value in values:
        ...         if value >= least[0]:
        ...             count += 1
        ...     found[0] = count
        ...     return count
        >>> number = np.zeros(1)
        >>> compiled = CompiledFunction(count_above, like=lambda: (number, number, number))
        >>> compiled(np.array([1.0, 2.0, 3.0]), np.array([2.0]), number)
        2
    """

    def __init__(self, function: Callable[..., int], *, like: Callable[[], tuple[Any, ...]]) -> None:
        self.function = function
        self._like = like
        self._loading = Lock()
        self._leaves: tuple[Leaf, ...] = ()
        self._entry: Any = None
        self._is_kept: bool | None = None
        # The code lives as long as the engine that placed it.
        self._engine: Any = None

    @property
    def is_loaded(self) -> bool:
        """Return whether a call neither compiles nor loads."""
        return self._entry is not None

    @property
    def is_kept(self) -> bool:
        """Return whether the code is loaded, or was kept by an earlier run, so that loading it takes milliseconds."""
        if not self.is_loaded and self._is_kept is None:
            self._is_kept = read_kept(self._name()) is not None
        return self.is_loaded or bool(self._is_kept)

    def load(self) -> None:
        """Load the code, and compile it first where that has not been done on this machine."""
        with self._loading:
            if self._entry is not None:
                return
            import llvmlite.binding as llvm  # noqa: PLC0415 - not needed by small inputs

            arguments = self._like()
            leaves = leaves_of(arguments)
            name = self._name()
            code = read_kept(name)
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            if code is None:
                from regenqc.compiled.building import build_object  # noqa: PLC0415 - imports numba

                code = build_object(self.function, arguments)
                write_kept(name, code)
            machine = llvm.Target.from_default_triple().create_target_machine(jit=True, codemodel="jitdefault")
            engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
            engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            engine.finalize_object()
            self._engine, self._leaves = engine, leaves
            self._entry = _ENTRY(engine.get_function_address("entry"))

    def __call__(self, *arguments: Any) -> int:
        """Call the code; other threads run meanwhile."""
        if self._entry is None:
            self.load()
        values = values_of(arguments)
        table = np.zeros((len(self._leaves), 3), dtype=np.uint64)
        if len(values) != len(self._leaves):
            raise self._other("another number of arguments")
        for number, (value, leaf) in enumerate(zip(values, self._leaves, strict=True)):
            if not leaf.fits(value):
                raise self._other(f"argument {number} of another type: {Leaf.of(value)}, not {leaf}")
            if leaf.dimensions == 0:
                table[number, 0] = value
            else:
                table[number, 0] = value.__array_interface__["data"][0]
                table[number, 1 : 1 + leaf.dimensions] = value.shape
        result, exception = ctypes.c_int64(), ctypes.c_void_p()
        status = self._entry(ctypes.addressof(result), ctypes.addressof(exception), table.ctypes.data)
        if status != 0:
            raise self._other(f"status {status} of the compiled code")
        return result.value

    def _name(self) -> str:
        return f"{self.function.__name__}-{code_fingerprint(self.function, leaves_of(self._like()))}.o"

    def _other(self, got: str) -> InternalError:
        return InternalError(
            Fault(
                code="RQC-X062",
                what="Compiled code was called as it was not compiled.",
                where=self.function.__name__,
                got=got,
                expected=f"{len(self._leaves)} arguments of fixed types",
            )
        )
