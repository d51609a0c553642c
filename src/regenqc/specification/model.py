"""The specification as data: what a TOML file says, and what it means after inheritance.

The pydantic models mirror the file key by key and refuse every key they do not know. `Specification` is the resolved
whole: requirements merged over everything the file extends, with the fingerprint of that meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from regenqc.vocabulary import ATTRIBUTE_WORDS, Force, Jurisdiction, Mark, OnFail, Pathway, Replicates, Stage, Timing

if TYPE_CHECKING:
    from regenqc.specification.form import SpecificationForm

__all__ = [
    "CRITERIA",
    "PATTERNS_IN_WORDS",
    "SCHEMA",
    "TABLE_FORM",
    "TEXT_FORM",
    "Agreement",
    "AlternativePart",
    "Consequence",
    "Control",
    "Criterion",
    "Derived",
    "Evidence",
    "Identity",
    "InputSource",
    "Karyotype",
    "LimitText",
    "NumberOf",
    "Removal",
    "Requirement",
    "RowInput",
    "Specification",
    "SpecificationDocument",
]

SCHEMA = "regenqc.specification/1"

_IDENTIFIER = r"^[a-z0-9][a-z0-9_.-]*$"
_NAME = r"^[a-z][a-z0-9_]*$"
_ATTRIBUTE = r"^@[a-z][a-z0-9_]*$"
_INPUT = r"^(@[a-z][a-z0-9_]*|[a-z0-9][a-z0-9_.-]*|[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)? \S([^\n]*\S)?)$"
_WORD = r"^\S([^\n]*\S)?$"
_TOLERANCE = r"^[0-9]+(\.[0-9]+)?$"
_METAPHASES = r"^[1-9][0-9]{0,3}$"
_SEX = r"^(@[a-z][a-z0-9_]*|female|male)$"
_DUE = r"^[1-9][0-9]{0,4} (d|h)$"
_SPECIFICATION_ID = r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_.-]*)*$"
_REFERENCE = r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_.-]*)*(@[0-9]+(\.[0-9]+){0,2})?$"
_VERSION = r"^[0-9]+(\.[0-9]+){0,2}$"

PATTERNS_IN_WORDS: Final[dict[str, str]] = {
    _IDENTIFIER: "a name of a-z, 0-9, '_', '.' and '-' that begins with a letter or digit",
    _NAME: "the name of an attribute: a-z, 0-9 and '_', beginning with a letter",
    _ATTRIBUTE: 'an attribute of the batch, for example "@donor_sex"',
    _INPUT: 'a test, for example "endotoxin", an attribute of the batch, for example "@dose_volume", or a number with its '
    'unit, for example "50 %"',
    _WORD: "a text that is not empty and has no blanks around it",
    _TOLERANCE: 'a number of at least 0 in plain digits, for example "20" or "0.5"',
    _METAPHASES: 'a whole number from 1 to 9999 as text, for example "20"',
    _SEX: '"female", "male" or an attribute of the batch, for example "@donor_sex"',
    _DUE: 'days or hours, for example "14 d" or "36 h"',
    _SPECIFICATION_ID: "folders and a name of a-z, 0-9, '_' and '-', for example \"example/car-t-ari-0001\"",
    _REFERENCE: 'an identifier with or without version, for example "int/cell-therapy-core@1"',
    _VERSION: 'one to three numbers, for example "1.0.0"',
}

Digits = Annotated[str, Field(min_length=1, max_length=64)]
Identifier = Annotated[str, Field(pattern=_IDENTIFIER, max_length=120)]
Name = Annotated[str, Field(pattern=_NAME, max_length=120)]
Attribute = Annotated[str, Field(pattern=_ATTRIBUTE)]
# A blank word would stand for "not stated", which must never satisfy anything or switch anything off.
Word = Annotated[str, Field(pattern=_WORD)]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]
Tolerance = Annotated[str, Field(pattern=_TOLERANCE, max_length=15)]
Count = Annotated[int, Field(strict=True, ge=1)]
Number = Annotated[int, Field(strict=True, ge=0, le=99)]
# Only a TOML date: a text or a moment with a zone would be taken for the day before or after.
Day = Annotated[date, Field(strict=True)]
RoundingName = Literal["none", "usp", "ph_eur"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitText(_Entry):
    """A numeric limit as written; digits are significant, therefore limits are strings."""

    min: Digits | None = None
    max: Digits | None = None
    min_exclusive: Digits | None = None
    max_exclusive: Digits | None = None
    unit: str = ""


class AlternativePart(_Entry):
    """One member of `any_of`, `all_of` or `n_of_m`."""

    test: Identifier
    limit: LimitText | None = None
    alert: LimitText | None = None
    one_of: Words | None = None
    none_of: Words | None = None


class Control(_Entry):
    """What an assay control must show so that a result counts: another test's result, or a column of the result's row."""

    test: Identifier | None = None
    column: Word | None = None
    limit: LimitText | None = None
    alert: LimitText | None = None
    one_of: Words | None = None
    none_of: Words | None = None

    @property
    def name(self) -> str:
        """Return the test or column that reports the control."""
        return self.test or self.column or "control"


class Consequence(_Entry):
    """What has to be done when a result that may follow the release fails."""

    action: Word
    citation: Word
    within: Annotated[str, Field(pattern=_DUE)] | None = None


class NumberOf(_Entry):
    """At least `n` of the listed criteria must conform."""

    n: Count
    of: Annotated[tuple[AlternativePart, ...], Field(min_length=1)]


class Karyotype(_Entry):
    """What a reported karyotype must show; `min_metaphases` are metaphases counted."""

    min_metaphases: Annotated[str, Field(pattern=_METAPHASES)]
    expected_sex: Annotated[str, Field(pattern=_SEX)] | None = None
    allow: tuple[Word, ...] = ()
    second_method: tuple[Identifier, ...] = ()


class Identity(_Entry):
    """The result must equal an attribute of the batch, or the result of the same test at another stage."""

    equals: Attribute | None = None
    equals_stage: Stage | None = None


class Agreement(_Entry):
    """The result must lie within a tolerance of the same test's result at another stage.

    With a confidence, the whole interval of the difference must lie within it, by the uncertainties that both results state.
    """

    stage: Stage
    relative: Tolerance | None = None
    absolute: Tolerance | None = None
    unit: str = ""
    confidence: Tolerance | None = None


class Evidence(_Entry):
    """A document or approval that the batch must state, in date at the time of evaluation."""

    document: Attribute
    valid_until: Attribute | None = None


class Requirement(_Entry):
    """One line of a specification: test, stage, criterion, force, citation and mark."""

    id: Identifier
    test: Identifier | None = None
    stage: Stage | None = None
    title: str = ""
    method: str = ""
    methods: Words | None = None
    limit: LimitText | None = None
    alert: LimitText | None = None
    one_of: Words | None = None
    none_of: Words | None = None
    karyotype: Karyotype | None = None
    identity: Identity | None = None
    agreement: Agreement | None = None
    any_of: Annotated[tuple[AlternativePart, ...], Field(min_length=1)] | None = None
    all_of: Annotated[tuple[AlternativePart, ...], Field(min_length=1)] | None = None
    n_of_m: NumberOf | None = None
    evidence: Evidence | None = None
    report_only: Literal[True] | None = None
    sponsor_must_set: Literal[True] | None = None
    rounding: RoundingName | None = None
    replicates: Replicates = Replicates.EACH
    replicates_conforming: Count | None = None
    replicates_total: Count | None = None
    controls: tuple[Control, ...] = ()
    retests: Number = 0
    timing: Timing = Timing.BEFORE_RELEASE
    due: Annotated[str, Field(pattern=_DUE)] | None = None
    on_fail: OnFail | None = None
    consequences: tuple[Consequence, ...] = ()
    when: dict[Name, Words] = {}
    accept_preliminary: Annotated[bool, Field(strict=True)] = False
    force: Force = Force.SPONSOR
    citation: str = ""
    edition: str = ""
    mark: Mark = Mark.UNVERIFIED
    valid_from: Day | None = None
    valid_to: Day | None = None
    reason: str = ""

    @property
    def criterion(self) -> str:
        """Return the kind of criterion, `limit` for numbers and words together, or an empty text when none is set."""
        return next((name for name in CRITERIA if getattr(self, name) is not None), "")

    @property
    def consequence(self) -> OnFail:
        """Return what a failing cell does; evidence holds unless the specification says otherwise."""
        return self.on_fail or (OnFail.HOLD if self.evidence is not None else OnFail.REJECT)

    @property
    def name(self) -> str:
        """Return the title for people, or the identifier in words."""
        return self.title or self.id.replace("_", " ").capitalize()


# What can stand for the limits and words of one question.
Criterion = Requirement | AlternativePart | Control

CRITERIA: Final[tuple[str, ...]] = (
    "limit",
    "one_of",
    "none_of",
    "karyotype",
    "identity",
    "agreement",
    "any_of",
    "all_of",
    "n_of_m",
    "evidence",
    "report_only",
    "sponsor_must_set",
)


class RowInput(_Entry):
    """What a derived result takes from the results of a test: a column, and the results of one method only."""

    test: Identifier
    column: Literal["result", "sample_amount", "lod", "loq", "uncertainty"] = "result"
    method: Word | None = None


def _form_of_input(value: object) -> str:
    return TABLE_FORM if isinstance(value, (dict, RowInput)) else TEXT_FORM


# How pydantic names the two forms of an input in the place of a fault; no key of a file can be named so.
TEXT_FORM: Final = "[text]"
TABLE_FORM: Final = "[table]"

InputSource = str | RowInput
_Input = Annotated[
    Annotated[str, Field(pattern=_INPUT, max_length=200), Tag(TEXT_FORM)] | Annotated[RowInput, Tag(TABLE_FORM)],
    Discriminator(_form_of_input),
]


class Derived(_Entry):
    """A result computed from others before evaluation."""

    id: Identifier
    function: str
    inputs: dict[str, _Input]
    stage: Stage | None = None

    @field_validator("inputs")
    @classmethod
    def _one_form_for_one_meaning(cls, inputs: dict[str, InputSource]) -> dict[str, InputSource]:
        """Write a table that says no more than its test as that test, so that both have one fingerprint."""
        return {
            name: source.test if isinstance(source, RowInput) and source == RowInput(test=source.test) else source
            for name, source in inputs.items()
        }


class Removal(_Entry):
    """A requirement of an extended specification that does not apply, and why; shown on the certificate."""

    id: Identifier
    justification: Annotated[str, Field(min_length=10)]


class SpecificationDocument(_Entry):
    """The keys of one specification file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, title="regenqc specification")

    schema_: Annotated[Literal["regenqc.specification/1"], Field(alias="schema")]
    id: Annotated[str, Field(pattern=_SPECIFICATION_ID, max_length=120)]
    version: Annotated[str, Field(pattern=_VERSION)]
    title: Annotated[str, Field(min_length=1)]
    jurisdiction: Jurisdiction
    pathway: Pathway | None = None
    extends: tuple[Annotated[str, Field(pattern=_REFERENCE, max_length=160)], ...] = ()
    valid_from: Day | None = None
    valid_to: Day | None = None
    rounding: RoundingName = "none"
    unlisted_tests: Literal["hold", "report"] = "hold"
    product: dict[Name, Word] = {}
    attributes: dict[Name, Words] = {}
    removed: tuple[Removal, ...] = ()
    requirement: tuple[Requirement, ...] = ()
    derived: tuple[Derived, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """A specification after inheritance: what a batch is judged by.

    Args:
        requirements: in the order of the files, parents first; every one complete and checked.
        extends: what was inherited, as `id@version sha256:…`, parents first.
        unlisted_tests: `not_asked` where it is the part of a specification that is judged beside the whole; no file says so.
        fingerprint: `sha256:` and the digest of the canonical form of the whole meaning.
        source: where the file was read, for messages; no part of the meaning.
        text: what was read, character by character, so that it can be saved unchanged; no part of the meaning.

    Attributes:
        form: what is made of the rest, so that thousands of specifications are judged by without being read again.

    Example:
        >>> from regenqc.specification import parse_specification
        >>> text = '''
        ... schema = "regenqc.specification/1"
        ... id = "example/one"
        ... version = "1.0.0"
        ... title = "One requirement"
        ... jurisdiction = "INT"
        ... [[requirement]]
        ... id = "viability"
        ... test = "viability"
        ... stage = "drug_product_release"
        ... limit = { min = "70", unit = "%" }
        ... citation = "example"
        ... mark = "verified"
        ... '''
        >>> [requirement.id for requirement in parse_specification(text).requirements]
        ['viability']
    """

    id: str
    version: str
    title: str
    jurisdiction: Jurisdiction
    pathway: Pathway | None
    valid_from: date | None
    valid_to: date | None
    unlisted_tests: Literal["hold", "report", "not_asked"]
    product: dict[str, str]
    attributes: dict[str, frozenset[str]]
    removed: tuple[Removal, ...]
    requirements: tuple[Requirement, ...]
    derived: tuple[Derived, ...]
    extends: tuple[str, ...]
    fingerprint: str
    source: str = field(compare=False)
    text: str = field(default="", compare=False, repr=False)
    form: SpecificationForm = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the form of what was given, so that no copy with other requirements has the form of another."""
        from regenqc.specification.form import form_of  # noqa: PLC0415 - reads entries of this module

        object.__setattr__(self, "form", form_of(self))

    @property
    def declared_attributes(self) -> dict[str, frozenset[str]]:
        """Return the values of the attributes that the specification declares itself, beside the built-in ones."""
        return {name: values for name, values in self.attributes.items() if ATTRIBUTE_WORDS.get(name) != values}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages that have requirements, in the order in which a batch passes them."""
        return self.form.stages
