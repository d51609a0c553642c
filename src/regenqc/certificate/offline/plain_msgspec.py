"""As much of `msgspec` as the checks need, on the standard library: records with types, JSON in, canonical JSON out.

Inside the single file this stands in the place of `msgspec`. It accepts and refuses the same documents; a test compares both.
"""

from __future__ import annotations

import inspect
import json
import sys
import types
import typing
from typing import Any, dataclass_transform

__all__ = ["Meta", "MsgspecError", "Struct", "convert", "install", "to_builtins"]


class MsgspecError(Exception):
    """The text is not what was expected."""


class Meta:
    """Bounds of a value; `ge` and `le` are looked at."""

    def __init__(self, *, ge: int | None = None, le: int | None = None) -> None:
        self.ge, self.le = ge, le


class Raw(bytes):
    """Text of JSON that is not looked at."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Struct:
    """A record: members by annotation, defaults by assignment, compared by value."""

    __struct_fields__: tuple[str, ...] = ()
    _omits_defaults = False

    def __init_subclass__(
        cls,
        *,
        frozen: bool = False,
        forbid_unknown_fields: bool = False,
        kw_only: bool = False,
        omit_defaults: bool = False,
    ) -> None:
        own = tuple(name for name in inspect.get_annotations(cls) if not name.startswith("__"))
        cls.__struct_fields__ = (*cls.__struct_fields__, *(name for name in own if name not in cls.__struct_fields__))
        cls._omits_defaults = omit_defaults
        del frozen, forbid_unknown_fields, kw_only  # every record here is frozen and refuses unknown members

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self.__struct_fields__, values, strict=False)) | named
        for name in self.__struct_fields__:
            if name not in given and not hasattr(type(self), name):
                raise TypeError(f"missing {name}")
            object.__setattr__(self, name, given.get(name, getattr(type(self), name, None)))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name) for name in self.__struct_fields__
        )

    __hash__ = None  # type: ignore[assignment]


def replace(record: Any, **changes: Any) -> Any:
    """Return a record with other values of some members."""
    return type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | changes)


def to_builtins(value: Any) -> Any:
    """Return a value as dictionaries, lists and plain values."""
    if isinstance(value, Struct):
        kept = {}
        for name in value.__struct_fields__:
            member = getattr(value, name)
            if not (value._omits_defaults and hasattr(type(value), name) and member == getattr(type(value), name)):  # noqa: SLF001 - of this module
                kept[name] = to_builtins(member)
        return kept
    if isinstance(value, dict):
        return {name: to_builtins(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_builtins(member) for member in value]
    return str(value) if isinstance(value, str) else value


def convert(value: Any, kind: Any) -> Any:
    """Return plain values as what a type asks for.

    Raises:
        MsgspecError: they are something else.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if kind is Raw:
        return Raw(json.dumps(value).encode())
    if origin is typing.Annotated:
        return _bounded(convert(value, arguments[0]), arguments[1:])
    if origin in {typing.Union, types.UnionType}:
        if value is None and type(None) in arguments:
            return None
        return convert(value, next(each for each in arguments if each is not type(None)))
    if origin is typing.Literal:
        if not isinstance(value, str) or value not in arguments:
            raise MsgspecError(f"Invalid enum value {value!r}")
        return value
    if origin in {tuple, list}:
        if not isinstance(value, list):
            raise MsgspecError("Expected `array`")
        return origin(convert(member, arguments[0]) for member in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise MsgspecError("Expected `object`")
        return {name: convert(member, arguments[1]) for name, member in value.items()}
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _record(value, kind)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MsgspecError(f"Expected `{kind.__name__}`")
    return value


def _record(value: Any, kind: Any) -> Any:
    if not isinstance(value, dict):
        raise MsgspecError("Expected `object`")
    hints = _hints(kind)
    unknown = value.keys() - hints.keys()
    if unknown:
        raise MsgspecError(f"Object contains unknown field `{min(unknown)}`")
    missing = [name for name in hints if name not in value and not hasattr(kind, name)]
    if missing:
        raise MsgspecError(f"Object missing required field `{missing[0]}`")
    return kind(**{name: convert(member, hints[name]) for name, member in value.items()})


_known_hints: dict[Any, dict[str, Any]] = {}


def _hints(kind: Any) -> dict[str, Any]:
    if kind not in _known_hints:
        found = typing.get_type_hints(kind, vars(sys.modules[kind.__module__]), include_extras=True)
        _known_hints[kind] = {name: found[name] for name in kind.__struct_fields__}
    return _known_hints[kind]


def _bounded(value: Any, bounds: tuple[Any, ...]) -> Any:
    for bound in bounds:
        low, high = getattr(bound, "ge", None), getattr(bound, "le", None)
        if (low is not None and value < low) or (high is not None and value > high):
            raise MsgspecError(f"Expected a number from {low} to {high}")
    return value


def _load(data: bytes | str, kind: Any = Any) -> Any:
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = json.loads(text, parse_constant=_no_constant)
        text.encode()
    except ValueError as error:
        raise MsgspecError(str(error)) from error
    return convert(value, kind)


def _no_constant(name: str) -> Any:
    raise MsgspecError(f"{name} is no JSON")


class Encoder:
    """Write canonical JSON: sorted members, no blanks, shortest escapes."""

    def __init__(self, *, order: str | None = None) -> None:
        self._order = order

    def encode(self, value: Any) -> bytes:
        """Return the bytes of a value."""
        return json.dumps(
            to_builtins(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        ).encode()


class Decoder:
    """Read JSON as a type."""

    def __init__(self, type: Any = Any) -> None:  # noqa: A002 - the name of msgspec
        self._type = type

    def decode(self, data: bytes | str) -> Any:
        """Return the value of a text."""
        return _load(data, self._type)


def install(modules: dict[str, Any]) -> None:
    """Put this in the place of `msgspec` among loaded modules."""
    stand_in = types.ModuleType("msgspec")
    spoken = types.ModuleType("msgspec.json")
    changed = types.ModuleType("msgspec.structs")
    spoken.Encoder, spoken.Decoder = Encoder, Decoder  # type: ignore[attr-defined]
    spoken.decode = lambda data, *, type=Any: _load(data, type)  # type: ignore[attr-defined] # noqa: A006
    changed.replace = replace  # type: ignore[attr-defined]
    members: dict[str, Any] = {
        "Struct": Struct,
        "Meta": Meta,
        "MsgspecError": MsgspecError,
        "Raw": Raw,
        "ValidationError": MsgspecError,
    }
    members |= {"DecodeError": MsgspecError, "to_builtins": to_builtins, "json": spoken, "structs": changed}
    vars(stand_in).update(members)
    modules.update({"msgspec": stand_in, "msgspec.json": spoken, "msgspec.structs": changed})
