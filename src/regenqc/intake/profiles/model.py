"""The import profile as data: the keys of its file, one model each; every key that is not known is a fault.

Texts of the laboratory are compared after `fold_name`: compatibility forms (NFKC), surrounding and repeated blanks carry no
meaning, case does. Nothing is ever matched because it looks similar.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from regenqc.vocabulary import Status  # noqa: TC001 - pydantic reads it when it builds the model

__all__ = [
    "PATTERNS_IN_WORDS",
    "SCHEMA",
    "Column",
    "Dates",
    "Dialect",
    "Format",
    "NotData",
    "Numbers",
    "Operator",
    "Profile",
    "ProfileDocument",
    "Qualifier",
    "ResultColumn",
    "Sheet",
    "Statistic",
    "TestEntry",
    "UnitEntry",
    "fold_name",
]

SCHEMA: Final = "regenqc.profile/1"

_IDENTIFIER = r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_.-]*)*$"
_VERSION = r"^[0-9]+(\.[0-9]+){0,2}$"
_TEST = r"^[a-z0-9][a-z0-9_.-]*$"

PATTERNS_IN_WORDS: Final[dict[str, str]] = {
    _IDENTIFIER: "folders and a name of a-z, 0-9, '_' and '-', for example \"site-a/flow-cytometer\"",
    _VERSION: 'one to three numbers, for example "1.0.0"',
    _TEST: "a test of specifications: a-z, 0-9, '_', '.' and '-', beginning with a letter or digit",
}

Text = Annotated[str, Field(max_length=1000)]
Stated = Annotated[str, Field(min_length=1, max_length=1000)]
Test = Annotated[str, Field(pattern=_TEST, max_length=120)]
Texts = Annotated[tuple[Text, ...], Field(max_length=10_000)]
Position = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Power = Annotated[int, Field(strict=True, ge=-30, le=30)]
Marks = Annotated[str, Field(max_length=1)]
YesNo = Annotated[bool, Field(strict=True)]
# `table` is any of text with separators, XLSX, Parquet, Arrow and JSON Lines: the content of the file says which.
Format = Literal["table", "delimited", "xlsx", "parquet", "arrow", "json_lines", "senaite_json", "allotrope", "fhir"]


def fold_name(text: str) -> str:
    """Return a text of the laboratory without the differences that carry no meaning.

    Example:
        >>> fold_name("  cells/μL ") == fold_name("cells/µL"), fold_name("dl") == fold_name("dL")
        (True, False)
    """
    if text.isascii():
        return text if text.isalnum() else " ".join(text.split())
    return " ".join(unicodedata.normalize("NFKC", text).split())


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Entry):
    """Where a value comes from: a column by its name, one of several of that name by its position, or a constant."""

    name: Text | None = None
    position: Position | None = None
    constant: Stated | None = None
    format: Stated | None = None
    zone: Stated | None = None
    optional: YesNo = False

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Dialect(_Entry):
    """How a text file is written."""

    encoding: Stated = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Marks = '"'
    separator_line: YesNo = False
    skip_lines: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0
    header: tuple[Text, ...] = ()
    comment: Annotated[str, Field(max_length=8)] = ""


class Sheet(_Entry):
    """Which sheet of a workbook is read, and whether what is hidden in it is."""

    name: Stated | None = None
    hidden: Literal["refuse", "read"] = "refuse"


class Numbers(_Entry):
    """How the laboratory writes numbers."""

    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Marks = ""


class Dates(_Entry):
    """How the laboratory writes dates, and the zone of its clock."""

    format: Stated = "ISO"
    zone: Stated | None = None


class Operator(_Entry):
    """A column of operators beside the column of numbers."""

    column: Column
    texts: dict[str, Literal["", "=", "<", "<=", ">", ">="]] = {}


class Qualifier(_Entry):
    """A column of flags: what each of them says of its row. A flag that is listed nowhere refuses the row."""

    column: Column
    accept: Texts = ()
    below: Texts = ()
    above: Texts = ()
    refuse: Texts = ()
    not_data: Texts = ()
    preliminary: Texts = ()
    unverified: Texts = ()
    cancelled: Texts = ()


class NotData(_Entry):
    """Rows that hold no result of a batch: limits, calibrators, blanks, controls of the instrument."""

    column: Column
    texts: Texts = Field(min_length=1)
    because: Stated


class Statistic(_Entry):
    """Rows that hold a statistic of other rows: it is computed again and compared, and never judged."""

    column: Column
    text: Stated
    function: Literal["mean", "sd", "cv", "minimum", "maximum", "count"]


class TestEntry(_Entry):
    """What a code of the laboratory stands for."""

    __test__ = False  # not a class of pytest

    test: Test
    unit: Text = ""
    method: Text = ""
    stage: Text = ""
    words: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_test(cls, value: Any) -> Any:
        return {"test": value} if isinstance(value, str) else value


class UnitEntry(_Entry):
    """What a unit of the laboratory stands for: a unit of the dictionary times a power of ten."""

    unit: Text
    power_of_ten: Power = 0

    @model_validator(mode="before")
    @classmethod
    def _from_unit(cls, value: Any) -> Any:
        return {"unit": value} if isinstance(value, str) else value


class ResultColumn(_Entry):
    """A column of a wide layout: all results of one test."""

    name: Text
    position: Position | None = None
    test: Test
    unit: Text = ""
    power_of_ten: Power = 0
    method: Text = ""
    stage: Text = ""
    words: dict[str, str] = {}


class ProfileDocument(_Entry):
    """A profile as its file has it."""

    schema_: Literal["regenqc.profile/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=_IDENTIFIER, max_length=120)]
    version: Annotated[str, Field(pattern=_VERSION)]
    title: Stated
    draft: YesNo = False
    format: Format = "table"
    dialect: Dialect = Dialect()
    sheet: Sheet = Sheet()
    numbers: Numbers = Numbers()
    dates: Dates = Dates()
    unescape: Literal["nothing", "html"] = "nothing"
    columns: dict[str, Column]
    carried: tuple[Column, ...] = ()
    other_columns: Literal["refuse", "carry"] = "refuse"
    tests: dict[str, TestEntry] = {}
    other_tests: Literal["refuse", "keep"] = "refuse"
    words: dict[str, str] = {}
    not_measured: Texts = ()
    units: dict[str, UnitEntry] = {}
    statuses: dict[str, Status] = {}
    stages: dict[str, str] = {}
    operator: Operator | None = None
    qualifier: tuple[Qualifier, ...] = ()
    not_data: tuple[NotData, ...] = ()
    statistic: tuple[Statistic, ...] = ()
    result_column: tuple[ResultColumn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile that can be used.

    Args:
        document: its keys.
        fingerprint: `sha256:` over its meaning: comments, blanks and the order of keys make no difference.
        source: file that it was read from.
    """

    document: ProfileDocument
    fingerprint: str
    source: str

    @property
    def label(self) -> str:
        """Return identifier and version, e.g. `generic-long-comma 1.0.0`."""
        return f"{self.document.id} {self.document.version}"

    @property
    def is_wide(self) -> bool:
        """Return whether a row holds results of several tests."""
        return bool(self.document.result_column)
