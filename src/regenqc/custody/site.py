"""What a site says of itself, in a file: its code, the system that records, and what it decides about the rules."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.book import Keeper
from regenqc.custody.digest_names import digest_name
from regenqc.custody.grammar import is_code, is_digest
from regenqc.custody.kinds import KINDS
from regenqc.custody.moments import ZONES
from regenqc.custody.people_keys import check_person_signature
from regenqc.custody.privacy import is_pseudonym
from regenqc.custody.record import SCHEMA, Event
from regenqc.custody.rules.policy import SIGNED_KINDS, Policy
from regenqc.errors import Fault, SpecificationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["SITE_SCHEMA", "Site", "parse_site", "site_text"]

SITE_SCHEMA: Final = "regenqc.site/1"
_TOP: Final = {
    "schema": str,
    "site": str,
    "system": str,
    "zone": str,
    "rules": dict,
    "procedures": dict,
    "specifications": dict,
}
_RULES: Final = {
    "enrolled_people_only": bool,
    "ship_before_release": bool,
    "clock_tolerance_seconds": int,
    "signed_kinds": list,
}
_LONGEST_TOLERANCE_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Hold who records, and by which rules.

    Args:
        code: of the site, as events name it.
        system: pseudonym under which this installation records.
        zone: offset of the site's wall clock.
        policy: what the site decides about the rules; signatures are always checked.
        procedures: versions of the operating procedures in force, by name; what is judged and inspected here names them.
        specifications: fingerprints of the specifications agreed with other sites, by identifier; a packet is held
            that names another.
    """

    code: str
    system: str
    zone: str
    policy: Policy
    procedures: Mapping[str, str] = field(default_factory=dict)
    specifications: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeper(self) -> Keeper:
        """Return who records projection digests."""
        return Keeper(actor=self.system, site=self.code, zone=self.zone)

    def recorded(self, kind: str, *, now: str, **members: Any) -> Event:
        """Return an event that this installation records of itself.

        Args:
            kind: of the event.
            now: the present moment.
            members: further members; without `event_id` it follows from the others.

        Example:
            >>> site = parse_site(site_text(code="MAKER-1", system="SYSTEM-0001", zone="+01:00"))
            >>> site.recorded("study_resumed", now="2026-03-16T12:00:00.000Z", study="STUDY-A", reason="Review").actor
            'SYSTEM-0001'
        """
        identity = digest_name(kind.upper().replace("_", "-"), f"{sorted(members.items())} {now}".encode())
        return Event(
            schema=SCHEMA, kind=kind, event_time=now, record_time=now, zone=self.zone, actor=self.system, role="system",
            site=self.code, **{"event_id": identity} | members,
        )  # fmt: skip


def site_text(*, code: str, system: str, zone: str) -> str:
    """Return a site file with the strict rules, for a person to read and change.

    Example:
        >>> parse_site(site_text(code="MAKER-1", system="SYSTEM-0001", zone="+01:00")).policy.enrolled_people_only
        True
    """
    kinds = ", ".join(f'"{kind}"' for kind in sorted(SIGNED_KINDS))
    return f"""schema = "{SITE_SCHEMA}"
site   = "{code}"
system = "{system}"
zone   = "{zone}"

# Events are judged by these when they are recorded and again by `regenqc ledger verify`.
[rules]
enrolled_people_only    = true
ship_before_release     = false
clock_tolerance_seconds = 120
signed_kinds            = [{kinds}]
"""


def parse_site(text: str, *, where: str = "site.toml") -> Site:
    """Return what a site file says.

    Args:
        text: of the file, TOML.
        where: its name, for messages.

    Raises:
        SpecificationError: `RQC-C401`, with every fault of the file.

    Example:
        >>> parse_site('schema = "regenqc.site/1"')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SpecificationError: RQC-C401 The site file is not valid. At site.toml site. Got: nothing. ...
    """
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(_fault(where, str(error), "a TOML file")) from error
    faults = list(_faults(value, where))
    if faults:
        raise SpecificationError(*faults)
    rules = value.get("rules", {})
    policy = Policy(
        check_signature=check_person_signature,
        signed_kinds=frozenset(rules.get("signed_kinds", SIGNED_KINDS)),
        enrolled_people_only=rules.get("enrolled_people_only", True),
        clock_tolerance_seconds=rules.get("clock_tolerance_seconds", 120),
        ship_before_release=rules.get("ship_before_release", False),
    )
    return Site(
        code=value["site"],
        system=value["system"],
        zone=value["zone"],
        policy=policy,
        procedures=value.get("procedures", {}),
        specifications=value.get("specifications", {}),
    )


def _faults(value: Mapping[str, Any], where: str) -> Iterator[Fault]:
    rules = value.get("rules", {})
    yield from _shape(value, _TOP, where)
    yield from _shape(rules if isinstance(rules, dict) else {}, _RULES, f"{where} rules")
    checks: dict[str, tuple[Callable[[str], bool], str]] = {
        "schema": (lambda text: text == SITE_SCHEMA, SITE_SCHEMA),
        "site": (is_code, "a code: printable ASCII without blanks"),
        "system": (is_pseudonym, "a pseudonym with at least three digits, as SYSTEM-0001"),
        "zone": (lambda text: text in ZONES, "an offset, as +01:00"),
    }
    for name, (is_right, expected) in checks.items():
        stated = value.get(name, "")
        if isinstance(stated, str) and not is_right(stated):
            yield _fault(f"{where} {name}", stated or "nothing", expected)
    yield from _versions(value, where)
    if not isinstance(rules, dict):
        return
    kinds = rules.get("signed_kinds", [])
    unknown = (
        [kind for kind in kinds if not (isinstance(kind, str) and kind in KINDS)] if isinstance(kinds, list) else []
    )
    for kind in unknown:
        yield _fault(f"{where} rules.signed_kinds", str(kind), "kinds of events")
    seconds = rules.get("clock_tolerance_seconds", 0)
    if isinstance(seconds, int) and not 0 <= seconds <= _LONGEST_TOLERANCE_SECONDS:
        yield _fault(f"{where} rules.clock_tolerance_seconds", str(seconds), f"0 to {_LONGEST_TOLERANCE_SECONDS}")


def _versions(value: Mapping[str, Any], where: str) -> Iterator[Fault]:
    checks: dict[str, tuple[Callable[[str], bool], str]] = {
        "procedures": (lambda text: is_code(text) and "#" not in text, 'a version, as "3"'),
        "specifications": (is_digest, "a fingerprint, as `regenqc spec show` prints it"),
    }
    for table, (is_right, expected) in checks.items():
        stated = value.get(table, {})
        for name, version in stated.items() if isinstance(stated, dict) else ():
            if not is_code(name) or "#" in name:
                yield _fault(f"{where} {table}", name, "a name without blanks and #")
            elif not (isinstance(version, str) and is_right(version)):
                yield _fault(f"{where} {table}.{name}", repr(version), expected)


def _shape(value: Mapping[str, Any], known: Mapping[str, type], where: str) -> Iterator[Fault]:
    for name, stated in value.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield _fault(f"{where} {name}", name, near[0] if near else ", ".join(known))
        elif type(stated) is not known[name]:
            yield _fault(f"{where} {name}", repr(stated), known[name].__name__)


def _fault(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-C401",
        what="The site file is not valid.",
        where=where,
        got=got,
        expected=expected,
        action="Correct the file; it decides by which rules events are judged.",
    )
