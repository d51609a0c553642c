"""Load, parse and save specifications.

All faults of a file, and of everything it extends, are collected before anything is raised.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.errors import Fault, SpecificationError, UsageError
from regenqc.specification.lookup import find_specification, is_version, not_found, read_text
from regenqc.specification.resolution import Resolver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.specification.model import Specification

__all__ = ["load_specification", "parse_specification", "save_specification"]


def load_specification(reference: str | Path, *, roots: Sequence[Path] = ()) -> Specification:
    """Load one specification.

    Args:
        reference: a file, or an identifier such as `example/car-t-ari-0001` with or without `@version`. What the file
            extends is searched in the directories beside and above it too.
        roots: directories searched for identifiers before the packaged ones.

    Raises:
        SpecificationError: not found, of another version, or any fault in it or in what it extends.

    Example:
        >>> load_specification("example/car-t-ari-0001@1").jurisdiction.value
        'EU'
    """
    if isinstance(reference, Path) or reference.endswith(".toml") or _is_directory(reference):
        path = Path(reference)
        if not os.path.lexists(path):
            raise SpecificationError(not_found(str(reference), where="", roots=roots))
        return _resolve(read_text(path), source=str(path), roots=(*roots, *path.absolute().parents[:3]))
    identifier, _, version = reference.partition("@")
    found = find_specification(identifier, roots=roots)
    if found is None:
        raise SpecificationError(not_found(reference, where="", roots=roots))
    specification = _resolve(
        read_text(found), source=str(found), roots=(*roots, *found.absolute().parents[:3]), identifier=identifier
    )
    if not is_version(specification.version, version):
        raise SpecificationError(
            Fault(
                code="RQC-S042",
                what="The specification has another version.",
                where=str(found),
                got=f"{specification.id}@{specification.version}",
                expected=reference,
                action="Name the version that is installed, after assessing it.",
            )
        )
    return specification


def parse_specification(text: str, *, source: str = "<text>", roots: Sequence[Path] = ()) -> Specification:
    """Resolve the text of one specification.

    Args:
        text: TOML as in the specification format.
        source: how to name it in messages.
        roots: directories searched for what it extends, before the packaged ones.

    Raises:
        SpecificationError: with every fault found.

    Example:
        >>> parse_specification("schema = 1")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        regenqc.errors.SpecificationError: RQC-S004 A value is not what its key takes. ...
    """
    return _resolve(text, source=source, roots=roots)


def save_specification(specification: Specification, path: Path) -> None:
    """Write the text of a specification as it was read, byte for byte; the file appears whole or not at all.

    Args:
        specification: as loaded or parsed; what it extends is not written.
        path: file to write, replaced when it exists.

    Raises:
        UsageError: the file cannot be written there.

    Example:
        >>> import tempfile
        >>> specification = load_specification("example/car-t-ari-0001")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     save_specification(specification, Path(directory, "copy.toml"))
        ...     load_specification(Path(directory, "copy.toml")) == specification
        True
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("xb") as file:
            file.write(specification.text.encode("utf-8"))
        part.replace(path)
    except (OSError, ValueError) as error:
        if not isinstance(error, FileExistsError):  # another process may be writing it
            with suppress(OSError, ValueError):
                part.unlink(missing_ok=True)
        raise UsageError(
            Fault(
                code="RQC-U012",
                what="The specification cannot be written.",
                where=str(path),
                got=str(error),
                expected="a file name in a directory that exists and can be written",
                action="Choose another place.",
            )
        ) from error


def _resolve(text: str, *, source: str, roots: Sequence[Path], identifier: str | None = None) -> Specification:
    resolver = Resolver(roots=roots)
    resolved = resolver.resolve(text, source=source, chain=() if identifier is None else (identifier,))
    if resolved is None:
        raise SpecificationError(*dict.fromkeys(resolver.faults))
    return resolved


def _is_directory(reference: str) -> bool:
    try:
        return Path(reference).is_dir() and find_specification(reference.partition("@")[0], roots=()) is None
    except (OSError, ValueError):
        return False
