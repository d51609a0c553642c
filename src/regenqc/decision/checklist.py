"""What has to be confirmed before a decision, whose signatures it needs, and what the exceptional path asks for.

Checklists are data: TOML files beside this module, every item with its citation and how far its source was checked. Which one
applies follows from the specification: one that names a pack which the specification is or extends, otherwise the one of
its jurisdiction. A site adds items and signatures in a file that `extends` the one that applies; it takes none away.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from regenqc.decision.model import DecisionKind, RequiredSignature
from regenqc.errors import Fault, SpecificationError
from regenqc.signing.words import SIGNING_ROLES, Meaning, Role
from regenqc.vocabulary import Mark  # noqa: TC001 - msgspec reads the type when it decodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Checklist",
    "ExceptionalDocument",
    "Item",
    "NoException",
    "SignatureRule",
    "extended_checklist",
    "find_checklist",
    "packaged_checklists",
    "required_signatures",
]

SCHEMA: Final = "regenqc.checklist/1"


class Item(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something to be confirmed; `may_not_apply` permits that answer, `unless` names decisions that do not ask for it."""

    id: str
    text: str
    citation: str
    mark: Mark
    may_not_apply: bool = False
    unless: tuple[DecisionKind, ...] = ()


class SignatureRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A signature that decisions of some kinds need."""

    kinds: tuple[DecisionKind, ...]
    meaning: Meaning
    roles: tuple[Role, ...]
    text: str
    citation: str
    mark: Mark


class ExceptionalDocument(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document without which there is no exceptional release."""

    id: str
    text: str
    citation: str
    mark: Mark


class NoException(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tests whose failure closes the exceptional path."""

    tests: tuple[str, ...]
    text: str
    citation: str
    mark: Mark


class Checklist(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One checklist.

    Args:
        schema: `regenqc.checklist/1`.
        id: of the checklist.
        version: of the checklist.
        title: for people.
        jurisdictions: of the specifications to which it applies.
        packs: specifications to which it applies before the general one of the jurisdiction.
        extends: checklist to which a site adds.
        item: what has to be confirmed.
        signature: in the order in which they are given.
        exceptional: documents of the exceptional path; without any, there is no such path.
        exceptional_when: attributes that the lot must state for it.
        no_exception: failures that close it.
    """

    schema: str
    id: str
    version: str
    title: str
    jurisdictions: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    extends: str = ""
    item: tuple[Item, ...] = ()
    signature: tuple[SignatureRule, ...] = ()
    exceptional: tuple[ExceptionalDocument, ...] = ()
    exceptional_when: dict[str, str] = {}
    no_exception: tuple[NoException, ...] = ()

    @property
    def name(self) -> str:
        """Return identifier and version, as a decision names it."""
        return f"{self.id}@{self.version}"

    def items_of(self, kind: str) -> tuple[Item, ...]:
        """Return what a decision of some kind asks to be confirmed; a withdrawal asks for nothing but its reason."""
        if kind == "withdrawal":
            return ()
        return tuple(item for item in self.item if kind not in item.unless)


@cache
def packaged_checklists() -> tuple[Checklist, ...]:
    """Return the checklists that travel with regenqc, by name.

    Example:
        >>> [checklist.id for checklist in packaged_checklists()][:2]
        ['china-drug-track', 'china']
    """
    folder = Path(__file__).parent / "checklists"
    return tuple(_parsed(path.read_text(encoding="utf-8"), where=path.name) for path in sorted(folder.glob("*.toml")))


def find_checklist(
    *, jurisdiction: str, specification: str, extends: Iterable[str], version: str | None = None
) -> Checklist:
    """Return the checklist of a specification.

    Args:
        jurisdiction: of the specification.
        specification: its identifier.
        extends: what it extends, `id@version …`.
        version: of the checklist, for a decision made by it; otherwise the newest.

    Raises:
        SpecificationError: `RQC-A020`, there is none, or more than one.

    Example:
        >>> find_checklist(jurisdiction="CN", specification="maker/product", extends=["cn/drug-track@1.0.0 sha256:…"]).id
        'china-drug-track'
        >>> find_checklist(jurisdiction="EU", specification="maker/product", extends=[]).id
        'european-union'
    """
    packs = {specification, *(text.split("@")[0] for text in extends)}
    named = [checklist for checklist in packaged_checklists() if packs & set(checklist.packs)]
    general = [
        checklist
        for checklist in packaged_checklists()
        if jurisdiction in checklist.jurisdictions and not checklist.packs
    ]
    # A version that was used stays in the package, so that decisions made by it can be checked.
    found = [each for each in named or general if version in {None, each.version}]
    found = [each for each in found if int(each.version) == max(int(other.version) for other in found)]
    if len(found) != 1:
        raise SpecificationError(
            Fault(
                code="RQC-A020",
                what="No single checklist applies to this specification.",
                where=specification,
                got=", ".join(checklist.id for checklist in found) or "none",
                expected="one",
            )
        )
    return found[0]


def extended_checklist(base: Checklist, text: str, *, where: str) -> Checklist:
    """Return a checklist with what a site adds to it.

    Args:
        base: the one that applies.
        text: TOML of the site's checklist.
        where: its name, for messages.

    Raises:
        SpecificationError: `RQC-A021`, it is not valid, extends another one, or repeats an item.

    Example:
        >>> base = find_checklist(jurisdiction="INT", specification="a/b", extends=[])
        >>> extended_checklist(base, '''
        ... schema = "regenqc.checklist/1"
        ... id = "maker-1"
        ... version = "3"
        ... title = "Maker 1"
        ... extends = "general"
        ... [[item]]
        ... id = "label"
        ... text = "The label was compared with the approved one."
        ... citation = "SOP-017"
        ... mark = "verified"
        ... ''', where="ours.toml").name
        'maker-1@3+general@1'
    """
    added = _parsed(text, where=where)
    if added.extends != base.id:
        raise _invalid(where, f"extends {added.extends or 'nothing'}", f"extends = {base.id!r}, which applies here")
    if added.exceptional_when or added.packs or added.jurisdictions:
        raise _invalid(where, "keys of a checklist that stands alone", "items, signatures, documents, failures")
    repeated = {item.id for item in base.item} & {item.id for item in added.item}
    if repeated:
        raise _invalid(where, ", ".join(sorted(repeated)), "items of its own; none is replaced")
    if added.exceptional and not base.exceptional:
        raise _invalid(where, "an exceptional path", "none, as in what it extends")
    return msgspec.structs.replace(
        base,
        id=f"{added.id}@{added.version}+{base.id}",
        title=added.title,
        item=(*base.item, *added.item),
        signature=(*added.signature, *base.signature),
        exceptional=(*base.exceptional, *added.exceptional),
        no_exception=(*base.no_exception, *added.no_exception),
    )


def required_signatures(checklist: Checklist, *, kind: str, is_reviewed: bool) -> tuple[RequiredSignature, ...]:
    """Return whose signatures a decision needs, in order, each of another person.

    Args:
        checklist: that applies.
        kind: of decision.
        is_reviewed: the site wants an author and a reviewer before whoever is responsible.

    Example:
        >>> checklist = find_checklist(jurisdiction="CN", specification="cn/drug-track", extends=[])
        >>> [each.meaning for each in required_signatures(checklist, kind="release", is_reviewed=True)]
        ['authorship', 'review', 'factory_release', 'marketing_release']
    """
    own = tuple(
        RequiredSignature(
            meaning=rule.meaning.value,
            roles=tuple(role.value for role in rule.roles),
            text=rule.text,
            citation=rule.citation,
            mark=rule.mark.value,
        )
        for rule in checklist.signature
        if kind in rule.kinds
    )
    return (*_REVIEW, *own) if is_reviewed else own


_REVIEW: Final = (
    RequiredSignature(
        meaning=Meaning.AUTHORSHIP.value,
        roles=(Role.ANALYST.value, Role.REVIEWER.value, Role.QUALIFIED_PERSON.value),
        text="Whoever prepared the decision.",
        citation="Setting of the site: review_required",
        mark="verified",
    ),
    RequiredSignature(
        meaning=Meaning.REVIEW.value,
        roles=(Role.REVIEWER.value, Role.QUALIFIED_PERSON.value),
        text="Whoever reviewed it; the reviewer is not the author.",
        citation="Setting of the site: review_required",
        mark="verified",
    ),
)


def _parsed(text: str, *, where: str) -> Checklist:
    try:
        checklist: Checklist = msgspec.convert(tomllib.loads(text), Checklist)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _invalid(where, str(error), "the keys of a checklist") from error
    wrong = list(_wrong(checklist))
    if wrong:
        raise _invalid(where, "; ".join(wrong), "a checklist that can be used")
    return checklist


def _wrong(checklist: Checklist) -> Sequence[str]:
    found = [] if checklist.schema == SCHEMA else [f"schema {checklist.schema}"]
    for entries in (checklist.item, checklist.exceptional):
        names = [entry.id for entry in entries]
        found += [f"{name} twice" for name in sorted({name for name in names if names.count(name) > 1})]
    parts: tuple[Any, ...] = (*checklist.item, *checklist.signature, *checklist.exceptional, *checklist.no_exception)
    found += [f"no citation: {part.text[:40]}" for part in parts if not part.citation.strip() or not part.text.strip()]
    found += [] if checklist.version.isdecimal() else [f"version {checklist.version}, which is no whole number"]
    found += [
        f"{role} signs nothing" for rule in checklist.signature for role in rule.roles if role not in SIGNING_ROLES
    ]
    found += ["a signature without role" for rule in checklist.signature if not rule.roles]
    return found


def _invalid(where: str, got: str, expected: str) -> SpecificationError:
    return SpecificationError(
        Fault(
            code="RQC-A021",
            what="The checklist is not valid.",
            where=where,
            got=got,
            expected=expected,
            action="Correct the file; `docs/decision.md` shows its keys.",
        )
    )
