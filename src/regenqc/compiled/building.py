"""Compile a function with numba, and keep nothing of it but the machine code of the function itself."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

import llvmlite.binding as llvm
import numba
from numba.extending import intrinsic

from regenqc.compiled.signature import Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["build_object"]

# Arrays that come from outside belong to nobody inside. Code that counts who holds an array never comes to give one back;
# if it did, the process would end here.
_GIVE_BACK: Final = """
declare void @llvm.trap()
define void @NRT_MemInfo_call_dtor(ptr %held) {
  call void @llvm.trap()
  unreachable
}
"""


def _pointer(_context: Any, address: Any, kind: Any) -> Any:
    """Read a whole number as the address of values of a kind."""
    pointer = numba.types.CPointer(kind.dtype)

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(address, kind), build


def build_object(function: Callable[..., int], arguments: tuple[Any, ...]) -> bytes:
    r"""Return an object file with one function `entry`, which takes addresses and shapes of all arrays in one table.

    Args:
        function: see `CompiledFunction`.
        arguments: of the types of every call.

    Example:
        >>> import numpy as np
        >>> def first(values):
        ...     return values[0]
        >>> build_object(first, (np.zeros(1, dtype=np.int64),))[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe")
        True
    """
    names: dict[str, Any] = {
        "pointer": intrinsic(_pointer),
        "carray": numba.carray,
        "run": numba.njit(error_model="numpy")(_with_compiled_helpers(function)),
    }
    entry = _entry(arguments, names)
    compiled = numba.cfunc(numba.types.int64(numba.types.CPointer(numba.types.uint64)))(entry)
    module = llvm.parse_assembly(compiled.inspect_llvm())
    module.link_in(llvm.parse_assembly(_GIVE_BACK))
    wanted = compiled.native_name.removeprefix("cfunc.")
    # Beside the function numba wraps it for callers in C, which takes numba itself to run; nothing refers to that.
    for defined in module.functions:
        if not defined.is_declaration and defined.name != wanted:
            defined.linkage = "internal"
    module.get_function(wanted).name = "entry"
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
        reloc="default",
        codemodel="jitdefault",
    )
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    foreign = [each.name for each in module.functions if each.is_declaration and not each.name.startswith("llvm.")]
    if foreign:
        msg = f"{function.__name__} calls what only numba provides: {', '.join(foreign)}"
        raise TypeError(msg)
    return bytes(machine.emit_object(module))


def _entry(arguments: tuple[Any, ...], names: dict[str, Any]) -> Callable[..., int]:
    """Return a function of one table that calls `run` with the arrays that lie where the table says.

    Its text is put together from numbers and the names of types, because compiled code takes no list of arguments.
    """
    texts, number = [], 0
    for at, argument in enumerate(arguments):
        members = []
        for value in argument if isinstance(argument, tuple) else (argument,):
            leaf = Leaf.of(value)
            names[leaf.kind] = getattr(numba.types, leaf.kind)
            shape = ", ".join(f"table[{3 * number + 1 + axis}]" for axis in range(leaf.dimensions))
            members.append(
                f"carray(pointer(table[{3 * number}], {leaf.kind}), ({shape},))"
                if leaf.dimensions
                else f"{leaf.kind}(table[{3 * number}])"
            )
            number += 1
        if isinstance(argument, tuple):
            names[f"tuple{at}"] = type(argument)
            texts.append(f"tuple{at}({', '.join(members)})")
        else:
            texts.append(members[0])
    text = f"def entry(places):\n    table = carray(places, ({3 * number},))\n    return run({', '.join(texts)})\n"
    exec(compile(text, "<entry>", "exec"), names)  # noqa: S102 - nothing of an input stands in it
    entry: Callable[..., int] = names["entry"]
    return entry


def _with_compiled_helpers(function: Any) -> FunctionType:
    """Return the function with every function of its module that it calls compiled as well."""
    own = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(own.get(name), FunctionType):
            own[name] = numba.njit(error_model="numpy")(_with_compiled_helpers(own[name]))
    return FunctionType(function.__code__, own, function.__name__, function.__defaults__, function.__closure__)
