"""Find and read specification files: by path, or by identifier in directories of specifications."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.resources import packaged_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["SOURCES", "find_specification", "is_version", "list_specifications", "not_found", "read_text"]

# The register of sources stands beside the packs and is no specification.
SOURCES: Final = "sources"

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")


def list_specifications(*, roots: Sequence[Path] = ()) -> list[tuple[str, Path]]:
    """Return the identifiers and files of every specification found, sorted by identifier.

    Args:
        roots: directories searched before the packaged ones; the first file of an identifier counts.

    Example:
        >>> "example/car-t-ari-0001" in dict(list_specifications())
        True
    """
    found: dict[str, Path] = {}
    for root in (*roots, packaged_path("specs")):
        for path in sorted(root.rglob("*.toml")):
            found.setdefault(path.relative_to(root).with_suffix("").as_posix(), path)
    found.pop(SOURCES, None)
    return sorted(found.items())


def find_specification(identifier: str, *, roots: Sequence[Path]) -> Path | None:
    """Return the file of an identifier, `None` when there is none.

    Example:
        >>> find_specification("example/car-t-ari-0001", roots=()).name
        'car-t-ari-0001.toml'
    """
    if len(identifier) > 120 or identifier == SOURCES or _IDENTIFIER.fullmatch(identifier) is None:
        return None
    for root in (*roots, packaged_path("specs")):
        candidate = root / f"{identifier}.toml"
        if candidate.is_file():
            return candidate
    return None


def is_version(version: str, wanted: str) -> bool:
    """Return whether a version is the wanted one, or one of the wanted line.

    Example:
        >>> is_version("1.2.0", "1"), is_version("1.2.0", "1.3"), is_version("1.2.0", "")
        (True, False, True)
    """
    numbers = wanted.split(".") if wanted else []
    return version.split(".")[: len(numbers)] == numbers


def read_text(path: Path) -> str:
    """Return the text of a file, character by character: line ends stay as they are.

    Raises:
        SpecificationError: the file cannot be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except (
        OSError,
        ValueError,
    ) as error:  # UnicodeDecodeError is a ValueError; so is a file name with a null character
        got = "a directory" if isinstance(error, IsADirectoryError) else str(error)
        raise SpecificationError(
            Fault(
                code="RQC-S048",
                what="The specification cannot be read.",
                where=str(path),
                got=got,
                expected="a UTF-8 text file",
                action="Check the file and its permissions.",
            )
        ) from error


def not_found(reference: str, *, where: str, roots: Sequence[Path]) -> Fault:
    """Return the fault for a reference that leads nowhere, with the nearest identifier.

    Example:
        >>> not_found("example/car-t-ari-001", where="", roots=()).expected
        "did you mean 'example/car-t-ari-0001'"
    """
    known = [identifier for identifier, _ in list_specifications(roots=roots)]
    near = difflib.get_close_matches(reference, known, n=1, cutoff=0.4)
    return Fault(
        code="RQC-S049",
        what="There is no such specification.",
        where=where,
        got=reference,
        expected=f"did you mean '{near[0]}'"
        if near
        else "a .toml file or one of the identifiers of `regenqc spec list`",
        action="Run `regenqc spec list`.",
    )
