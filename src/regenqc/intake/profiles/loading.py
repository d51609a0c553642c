"""Find, read and check import profiles; every fault of a profile is collected before anything is raised."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from regenqc.errors import Fault, SpecificationError
from regenqc.intake.profiles import model
from regenqc.intake.profiles.checks import check_profile
from regenqc.resources import packaged_path
from regenqc.toml_places import describe_place, locate_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from regenqc.toml_places import Path as KeyPath

__all__ = ["list_profiles", "load_profile", "parse_profile"]

_TOML_LINE: Final = re.compile(r"at line ([0-9]+), column")
_LARGEST_BYTES: Final = 4 << 20

# The model that owns the keys below a container, by the container's name.
_OWNERS: Final[dict[str, type[BaseModel]]] = {
    "": model.ProfileDocument,
    "dialect": model.Dialect,
    "sheet": model.Sheet,
    "numbers": model.Numbers,
    "dates": model.Dates,
    "columns": model.Column,
    "column": model.Column,
    "carried": model.Column,
    "tests": model.TestEntry,
    "units": model.UnitEntry,
    "operator": model.Operator,
    "qualifier": model.Qualifier,
    "not_data": model.NotData,
    "statistic": model.Statistic,
    "result_column": model.ResultColumn,
}


def list_profiles() -> list[tuple[str, Path]]:
    """Return identifier and file of every packaged profile, in order.

    Example:
        >>> "canonical" in dict(list_profiles())
        True
    """
    root = packaged_path("profiles")
    return [(path.relative_to(root).with_suffix("").as_posix(), path) for path in sorted(root.rglob("*.toml"))]


def load_profile(reference: str | Path, *, is_draft_allowed: bool = False) -> model.Profile:
    """Load one profile.

    Args:
        reference: a `.toml` file, or the identifier of a packaged profile.
        is_draft_allowed: whether a draft is loaded too; results are never read by one.

    Raises:
        SpecificationError: not found, a draft, or any fault in it.

    Example:
        >>> load_profile("generic-long-comma").document.columns["result"].name
        'Result'
    """
    packaged = dict(list_profiles())
    text = str(reference)
    if text in packaged:
        path = packaged[text]
    elif text.endswith(".toml") or Path(text).is_file():
        path = Path(text)
    else:
        near = difflib.get_close_matches(text, packaged, n=1, cutoff=0.4)
        raise SpecificationError(
            Fault(
                code="RQC-S207",
                what="There is no such profile.",
                got=text,
                expected=f"did you mean '{near[0]}'" if near else f"a .toml file or one of {', '.join(packaged)}",
                action="Run `regenqc profile list`.",
            )
        )
    return parse_profile(_text_of(path), source=str(path), is_draft_allowed=is_draft_allowed)


def parse_profile(text: str, *, source: str = "<text>", is_draft_allowed: bool = False) -> model.Profile:
    r"""Read the text of one profile.

    Args:
        text: TOML.
        source: how to name it in messages.
        is_draft_allowed: see `load_profile`.

    Raises:
        SpecificationError: with every fault found.

    Example:
        >>> parse_profile('schema = "regenqc.profile/1"\nid = "a"\nversion = "1"\ntitle = "A"\ncolumn = 1\n[columns]')
        Traceback (most recent call last):
        ...
        regenqc.errors.SpecificationError: RQC-S201 Unknown key. At <text>:5 column. Got: column. Expected: did you mean 'columns'.
        Rename or remove the key; nothing in a profile is ignored.
    """
    try:
        content = tomllib.loads(text)
        lines = locate_lines(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is a number of 5000 digits
        found = _TOML_LINE.search(str(error))
        raise SpecificationError(
            Fault(
                code="RQC-S200",
                what="The profile is not valid TOML.",
                where=f"{source}:{found[1]}" if found else source,
                got=str(error) or type(error).__name__,
                expected="TOML 1.0",
                action="Correct the syntax at the place named.",
            )
        ) from error
    try:
        document = model.ProfileDocument.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults = [_fault(dict(detail), source, lines) for detail in details]
        raise SpecificationError(*dict.fromkeys(faults)) from error
    if faults := list(check_profile(document, place=lambda *path: describe_place(source, path, lines))):
        raise SpecificationError(*dict.fromkeys(faults))
    if document.draft and not is_draft_allowed:
        raise SpecificationError(
            Fault(
                code="RQC-S208",
                what="The profile is a draft, and a draft never runs.",
                where=describe_place(source, ("draft",), lines),
                got="draft = true",
                expected="a profile that a person has read and completed",
                action="Check every line of it against the export, then remove the line.",
            )
        )
    return model.Profile(document=document, fingerprint=_fingerprint(document), source=source)


def _fingerprint(document: model.ProfileDocument) -> str:
    content = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
        if len(content) <= _LARGEST_BYTES:
            return content.decode("utf-8")
        got = f"more than {_LARGEST_BYTES >> 20} MiB"
    except (OSError, ValueError) as error:
        got = "a directory" if isinstance(error, IsADirectoryError) else str(error)
    raise SpecificationError(
        Fault(
            code="RQC-S207",
            what="The profile cannot be read.",
            where=str(path),
            got=got,
            expected=f"a UTF-8 text file of at most {_LARGEST_BYTES >> 20} MiB",
            action="Check the file and its permissions.",
        )
    )


def _fault(detail: dict[str, Any], source: str, lines: Mapping[KeyPath, int]) -> Fault:
    path: KeyPath = tuple(step for step in detail["loc"] if step != "[key]")
    where = describe_place(source, path, dict(lines))
    kind = detail["type"]
    if kind == "extra_forbidden":
        container = next((step for step in reversed(path[:-1]) if step in _OWNERS), "")
        known = sorted(field.alias or name for name, field in _OWNERS[str(container)].model_fields.items())
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        return Fault(
            code="RQC-S201",
            what="Unknown key.",
            where=where,
            got=str(path[-1]),
            expected=f"did you mean '{near[0]}'" if near else ", ".join(known),
            action="Rename or remove the key; nothing in a profile is ignored.",
        )
    if kind == "missing":
        return Fault(
            code="RQC-S202",
            what="A required key is missing.",
            where=where,
            got="nothing",
            expected=str(path[-1]),
            action="Add the key.",
        )
    return Fault(
        code="RQC-S203",
        what="A value is not what its key takes.",
        where=where,
        got=repr(detail.get("input"))[:200],
        expected=model.PATTERNS_IN_WORDS.get(detail.get("ctx", {}).get("pattern", ""), detail["msg"]),
        action="Correct the value.",
    )
