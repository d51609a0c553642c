"""The specification as data: what a TOML file says, and what it means after inheritance.

The pydantic models mirror the file key by key and refuse every key they do not know. `Specification` is the resolved
whole: requirements merged over everything the file extends, with the fingerprint of that meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - pydantic reads the annotation when the module runs
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from regenqc.vocabulary import Force, Jurisdiction, Mark, OnFail, Pathway, Replicates, Stage, Timing

__all__ = [
    "SCHEMA",
    "Agreement",
    "AlternativePart",
    "Derived",
    "Evidence",
    "Identity",
    "Karyotype",
    "LimitText",
    "NumberOf",
    "Removal",
    "Requirement",
    "Specification",
    "SpecificationDocument",
]

SCHEMA = "regenqc.specification/1"

Digits = Annotated[str, Field(min_length=1, max_length=64)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=120)]
Attribute = Annotated[str, Field(pattern=r"^@[a-z][a-z0-9_]*$")]
Words = Annotated[tuple[str, ...], Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


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


class NumberOf(_Entry):
    """At least `n` of the listed criteria must conform."""

    n: Annotated[int, Field(ge=1)]
    of: Annotated[tuple[AlternativePart, ...], Field(min_length=1)]


class Karyotype(_Entry):
    """What a reported karyotype must show; `min_metaphases` are metaphases counted."""

    min_metaphases: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")]
    expected_sex: Annotated[str, Field(pattern=r"^(@[a-z][a-z0-9_]*|female|male)$")] | None = None
    allow: tuple[str, ...] = ()


class Identity(_Entry):
    """The result must equal an attribute of the batch, or the result of the same test at another stage."""

    equals: Attribute | None = None
    equals_stage: Stage | None = None


class Agreement(_Entry):
    """The result must lie within a tolerance of the same test's result at another stage."""

    stage: Stage
    relative: Digits | None = None
    absolute: Digits | None = None
    unit: str = ""


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
    rounding: Literal["none", "usp", "ph_eur"] | None = None
    replicates: Replicates = Replicates.EACH
    replicates_conforming: Annotated[int, Field(ge=1)] | None = None
    replicates_total: Annotated[int, Field(ge=1)] | None = None
    timing: Timing = Timing.BEFORE_RELEASE
    due: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4} (d|h)$")] | None = None
    on_fail: OnFail | None = None
    when: dict[str, Words] = {}
    accept_preliminary: bool = False
    force: Force = Force.SPONSOR
    citation: str = ""
    edition: str = ""
    mark: Mark = Mark.UNVERIFIED
    valid_from: date | None = None
    valid_to: date | None = None
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


CRITERIA: tuple[str, ...] = (
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


class Derived(_Entry):
    """A result computed from others before evaluation."""

    id: Identifier
    function: str
    inputs: dict[str, str]
    stage: Stage | None = None


class Removal(_Entry):
    """A requirement of an extended specification that does not apply, and why; shown on the certificate."""

    id: Identifier
    justification: Annotated[str, Field(min_length=10)]


class SpecificationDocument(_Entry):
    """The keys of one specification file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, title="regenqc specification")

    schema_: Annotated[Literal["regenqc.specification/1"], Field(alias="schema")]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_.|-]*)*$", max_length=120)]
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")]
    title: Annotated[str, Field(min_length=1)]
    jurisdiction: Jurisdiction
    pathway: Pathway | None = None
    extends: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    rounding: Literal["none", "usp", "ph_eur"] = "none"
    unlisted_tests: Literal["hold", "report"] = "hold"
    product: dict[str, str] = {}
    attributes: dict[str, Words] = {}
    removed: tuple[Removal, ...] = ()
    requirement: tuple[Requirement, ...] = ()
    derived: tuple[Derived, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """A specification after inheritance: what a batch is judged by.

    Args:
        requirements: in the order of the files, parents first; every one complete and checked.
        extends: what was inherited, as `id@version sha256:…`, parents first.
        fingerprint: `sha256:` and the digest of the canonical form of the whole meaning.
        source: where the file was read, for messages; no part of the meaning.

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
    unlisted_tests: Literal["hold", "report"]
    product: dict[str, str]
    attributes: dict[str, frozenset[str]]
    removed: tuple[Removal, ...]
    requirements: tuple[Requirement, ...]
    derived: tuple[Derived, ...]
    extends: tuple[str, ...]
    fingerprint: str
    source: str

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages that have requirements, in the order in which a batch passes them."""
        present = {requirement.stage for requirement in self.requirements}
        return tuple(stage for stage in Stage if stage in present)
