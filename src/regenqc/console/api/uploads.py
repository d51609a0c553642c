"""Receive an upload: files of a form, or rows as JSON, put into a folder as the laboratory wrote them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final
from unicodedata import normalize

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, Field, StrictStr, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from regenqc.canonical import canonical_json, digest_of
from regenqc.console.refusals import Refused
from regenqc.errors import Fault
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["REQUEST_BODY", "EvaluationRequest", "Upload", "receive_upload"]

_LARGEST_JSON: Final = 64_000_000
_MOST_FILES: Final = 50
_LONGEST_NAME: Final = 200
_PIECE: Final = 1 << 20

Row = Annotated[dict[str, StrictStr | None], Field(min_length=1)]


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    try:
        stated = datetime.fromisoformat(value)
    except ValueError:
        stated = None
    if stated is None or stated.tzinfo is None:
        message = "a moment as 2026-06-30T12:00:00Z, with its zone"
        raise ValueError(message)
    return value


class EvaluationRequest(BaseModel):
    """Results, and by what they are to be judged."""

    specifications: list[Annotated[StrictStr, Field(min_length=1, max_length=160, pattern=r"^[A-Za-z0-9@/_.-]+$")]] = (
        Field(
            min_length=1,
            max_length=20,
            description="Identifiers, with or without `@version`; `GET /specifications` lists them.",
            examples=[["example/car-t-ari-0001"]],
        )
    )
    results: list[Row] = Field(
        min_length=1,
        description="One object for each reported result; every value is text, so that no digit is lost on the way.",
        examples=[[{"batch_id": "ARI0001/01", "test": "viability", "result": "92.4", "unit": "%"}]],
    )
    batches: list[Row] = Field(
        [],
        description="One object for each batch, with the attributes that the specification asks for.",
        examples=[[{"batch_id": "ARI0001/01", "vector": "lentiviral", "cell_source": "t_cell"}]],
    )
    stage: Stage | None = Field(None, description="Judge this stage only; each result at its own stage when left out.")
    profile: Annotated[StrictStr, Field(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")] = Field(
        "canonical", description="What the columns mean: identifier of an import profile.", examples=["canonical"]
    )
    as_of: Annotated[StrictStr, BeforeValidator(_moment)] = Field(
        "",
        max_length=40,
        description="Moment of evaluation, ISO 8601 with zone; the moment of the upload when left out.",
        examples=["2026-06-30T00:00:00Z"],
    )
    model_config = {"extra": "forbid"}


_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["results", "specification"],
    "additionalProperties": False,
    "properties": {
        "results": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
            "description": "Exports: .csv .parquet .arrow .xlsx .jsonl, and what the profile describes.",
        },
        "batches": {"type": "string", "contentMediaType": "application/octet-stream", "description": "Batch table."},
        "profile_file": {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "Import profile of your own, TOML; instead of `profile`.",
        },
        "specification": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {"type": "string", "pattern": "^[A-Za-z0-9@/_.-]+$", "maxLength": 160},
            "description": "Identifier; the field may be given several times.",
        },
        "profile": {"type": "string", "description": "Identifier of an import profile."},
        "stage": {"type": "string", "enum": [each.value for each in Stage]},
        "as_of": {"type": "string", "description": "ISO 8601 with zone; the moment of the upload when left out."},
    },
}
REQUEST_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/EvaluationRequest"}},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}
_FILES: Final = frozenset({"results", "batches", "profile_file"})
_TEXTS: Final = frozenset({"specification", "profile", "stage", "as_of"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Hold what was uploaded; the folder disappears when the request ends, unless it is moved away.

    Args:
        folder: with `inputs`.
        specifications: identifiers.
        stage: that is judged; empty for each result's own.
        profile: identifier; empty when a file states it.
        as_of: as stated, may be empty.
        files: kind (`results`, `batches`, `profile_file`) and path below the folder, in the order of the upload.
        digests: of the files, in the same order.
    """

    folder: Path
    specifications: tuple[str, ...]
    stage: str
    profile: str
    as_of: str
    files: tuple[tuple[str, str], ...]
    digests: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """Return the digest of everything that was stated and sent; how the form was put together is no part of it."""
        said = {
            "specifications": list(self.specifications),
            "stage": self.stage,
            "profile": self.profile,
            "as_of": self.as_of,
            "files": [[kind, path, digest] for (kind, path), digest in zip(self.files, self.digests, strict=True)],
        }
        return digest_of(canonical_json(said))

    def paths(self, kind: str) -> Iterator[str]:
        """Yield the paths of the files of a kind, below the folder."""
        return (path for each, path in self.files if each == kind)


async def receive_upload(request: Request) -> AsyncIterator[Upload]:
    """Yield what a request uploads: a dependency of the operation.

    Raises:
        Refused: 400 `RQC-W400`, 413 `RQC-W413`, 415 `RQC-W415`, 422 `RQC-W422`.
    """
    home: Path = request.app.state.console.settings.home
    (home / "uploads").mkdir(parents=True, exist_ok=True)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    with TemporaryDirectory(dir=home / "uploads", prefix=".arriving-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "upload"
        (folder / "inputs").mkdir(parents=True)
        if kind == "application/json":
            yield await asyncio.to_thread(_of_rows, await _body(request), folder)
        elif kind == "multipart/form-data":
            try:
                async with request.form(max_files=_MOST_FILES, max_fields=200, max_part_size=_PIECE) as form:
                    yield await asyncio.to_thread(_of_form, list(form.multi_items()), folder)
            except HTTPException as error:
                if error.status_code != 400:
                    raise
                raise _unreadable("body", str(error.detail)) from error
        else:
            raise Refused(
                415,
                Fault(
                    code="RQC-W415",
                    what="The kind of the body is not one that this operation takes.",
                    where="Content-Type",
                    got=kind[:100] or "nothing",
                    expected="application/json or multipart/form-data",
                ),
            )


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > _LARGEST_JSON:
            raise Refused(
                413,
                Fault(
                    code="RQC-W413",
                    what="The rows are too many to be sent as JSON.",
                    where="body",
                    got=f"more than {_LARGEST_JSON:,} bytes",
                    expected=f"at most {_LARGEST_JSON:,} bytes",
                    action="Send them as a file, by multipart/form-data.",
                ),
            )
        pieces.append(piece)
    return b"".join(pieces)


def _of_rows(body: bytes, folder: Path) -> Upload:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable("body", str(error)) from error
    try:
        asked = EvaluationRequest.model_validate(value)
    except ValidationError as error:
        raise _not_valid(error) from error
    files, digests = [], []
    for kind, rows in (("results", asked.results), ("batches", asked.batches)):
        if rows:
            stated = ({name: text for name, text in row.items() if text is not None} for row in rows)
            data = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in stated).encode(
                "utf-8", "backslashreplace"
            )
            (folder / "inputs" / f"{kind}.jsonl").write_bytes(data)
            files.append((kind, f"inputs/{kind}.jsonl"))
            digests.append(digest_of(data))
    return Upload(
        folder=folder,
        specifications=tuple(asked.specifications),
        stage=asked.stage.value if asked.stage is not None else "",
        profile=asked.profile,
        as_of=asked.as_of,
        files=tuple(files),
        digests=tuple(digests),
    )


def _of_form(parts: list[tuple[str, UploadFile | str]], folder: Path) -> Upload:
    texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
    files: list[tuple[str, str]] = []
    digests: list[str] = []
    faults: list[Fault] = []
    for name, part in parts:
        if isinstance(part, UploadFile) and name in _FILES:
            if name != "results" and name in {kind for kind, _ in files}:
                faults.append(_part(name, "a second file", "one file"))
                continue
            path = f"inputs/{_file_name(part.filename or '', taken={path for _, path in files}, kind=name)}"
            digests.append(_written(part, folder / path))
            files.append((name, path))
        elif isinstance(part, str) and name in _TEXTS:
            texts[name].append(part)
        else:
            expected = (
                "a file" if name in _FILES else "a text" if name in _TEXTS else ", ".join(sorted(_FILES | _TEXTS))
            )
            faults.append(_part(name, "a text" if isinstance(part, str) else "a file", expected))
    if not any(kind == "results" for kind, _ in files):
        faults.append(_part("results", "nothing", "at least one file with results"))
    faults += [_part(name, "several", "one") for name in _TEXTS - {"specification"} if len(texts[name]) > 1]
    has_profile_file = any(kind == "profile_file" for kind, _ in files)
    if has_profile_file and texts["profile"]:
        faults.append(_part("profile", "both", "`profile` or `profile_file`"))
    if faults:
        raise Refused(422, *faults)
    stated: dict[str, Any] = {
        name: texts[name][0] for name in ("profile", "stage", "as_of") if texts[name] and texts[name][0]
    }
    try:
        asked = _ASKED.validate_python({"specifications": texts["specification"], "results": [{"file": ""}]} | stated)
    except ValidationError as error:
        raise _not_valid(error) from error
    return Upload(
        folder=folder,
        specifications=tuple(asked.specifications),
        stage=asked.stage.value if asked.stage is not None else "",
        profile="" if has_profile_file else asked.profile,
        as_of=asked.as_of,
        files=tuple(files),
        digests=tuple(digests),
    )


_ASKED: Final = TypeAdapter(EvaluationRequest)


def _written(part: UploadFile, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        while piece := part.file.read(_PIECE):
            digest.update(piece)
            file.write(piece)
    return f"sha256:{digest.hexdigest()}"


def _file_name(stated: str, *, taken: set[str], kind: str) -> str:
    """Return the name under which a file is kept: that of the laboratory, without anything that leads elsewhere.

    Example:
        >>> _file_name("../../etc/LIMS export (3).csv", taken=set(), kind="results")
        'LIMS export _3_.csv'
        >>> _file_name("a.csv", taken={"inputs/a.csv"}, kind="results")
        '2-a.csv'
    """
    last = normalize("NFC", stated).replace("\\", "/").rpartition("/")[2]
    plain = "".join(each if each.isalnum() or each in "._- " else "_" for each in last).strip("._- ")
    # Of a long name its end: there stands what kind of file it is. Disks count bytes.
    name = plain.encode("utf-8", "replace")[-_LONGEST_NAME:].decode("utf-8", "ignore").strip("._- ") or kind
    number = 1
    while f"inputs/{name if number == 1 else f'{number}-{name}'}" in taken:
        number += 1
    return name if number == 1 else f"{number}-{name}"


def _unreadable(where: str, got: str) -> Refused:
    return Refused(400, Fault(code="RQC-W400", what="The body cannot be read.", where=where, got=got[:200]))


def _part(name: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-W422",
        what="A part of the form is not what the operation takes.",
        where=f"body.{name}"[:200],
        got=got,
        expected=expected,
        action="Correct it; the description of the operation at /api says what it takes.",
    )


def _not_valid(error: ValidationError) -> Refused:
    faults = [
        Fault(
            code="RQC-W422",
            what="A member is not what the operation takes.",
            where=".".join(("body", *map(str, each["loc"])))[:200],
            got="nothing" if each["type"] == "missing" else repr(each["input"])[:120],
            expected=each["msg"],
            action="Results are sent as text, in quotation marks: a number loses digits on the way."
            if each["type"] == "string_type"
            else "Correct it; the description of the operation at /api says what it takes.",
        )
        for each in error.errors(include_url=False)[:50]
    ]
    return Refused(422, *faults)
