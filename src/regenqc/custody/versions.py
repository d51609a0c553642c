"""Which specification and which procedures a site worked by, as its events state them, and where sites differ.

An event states a specification as a document `id#version`, with its fingerprint as the blob `specification`; a procedure as a document
`procedure/SOP-QC-014#3`; and a re-inspection, besides, the specification that the maker's packet names. Events without
any of these state nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.custody.projection.source import TableSource, marks, parted
from regenqc.custody.projection.tables import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from regenqc.custody.record import Event
    from regenqc.custody.trace.reader import Reader

__all__ = [
    "PACKET_FINGERPRINT",
    "PACKET_SPECIFICATION",
    "PROCEDURE",
    "VERSIONED_KINDS",
    "VersionDifference",
    "VersionStated",
    "procedure_documents",
    "specification_of",
    "version_differences",
    "versions_of",
    "versions_stated",
]

PROCEDURE: Final = "procedure/"
# Measurements of a re-inspection: `id#version` and fingerprint of the specification that the packet of the maker names.
PACKET_SPECIFICATION: Final = "packet_specification"
PACKET_FINGERPRINT: Final = "packet_fingerprint"
VERSIONED_KINDS: Final = ("evaluation", "receive", "reinspect")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStated:
    """Hold one version that was worked by.

    Args:
        name: of a specification, or `procedure/` and the name of a procedure.
        version: of it.
        fingerprint: of a specification; empty where it is not stated.
        site: that worked by it; the packet of a maker where one states it.
        event_id: that says so.
        event_time: when.
    """

    name: str
    version: str
    fingerprint: str
    site: str
    event_id: str
    event_time: str

    @property
    def said(self) -> str:
        """Return site and version in words."""
        return f"{self.site} by {self.version}{f' ({self.fingerprint[:19]}…)' if self.fingerprint else ''}"

    def agrees(self, other: VersionStated) -> bool:
        """Return whether both are one version; fingerprints are compared where both state one."""
        prints = self.fingerprint, other.fingerprint
        return self.version == other.version and (not all(prints) or prints[0] == prints[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDifference:
    """Hold a name under which sites worked by different versions, with what each of them last stated."""

    name: str
    stated: tuple[VersionStated, ...]

    @property
    def explanation(self) -> str:
        """Return the difference as one sentence."""
        return f"{self.name}: {', '.join(each.said for each in self.stated)}."


def procedure_documents(procedures: Mapping[str, str]) -> tuple[str, ...]:
    """Return what events name as documents for the procedures of a site.

    Args:
        procedures: versions by name.

    Example:
        >>> procedure_documents({"SOP-QC-014": "3"})
        ('procedure/SOP-QC-014#3',)
    """
    return tuple(f"{PROCEDURE}{name}#{version}" for name, version in sorted(procedures.items()))


def specification_of(event: Event) -> str:
    """Return the specification by which an evaluation judged, without its version; empty where none is named."""
    named = (each.partition("#")[0] for each in event.documents if "#" in each and not each.startswith(PROCEDURE))
    return next(named, "")


def versions_of(event: Event) -> Iterator[VersionStated]:
    """Yield what one event states; nothing for kinds by which nobody judges or receives.

    Example:
        >>> from regenqc.custody.record import Blob, Event, SCHEMA
        >>> moment = "2026-03-16T08:00:00.000Z"
        >>> event = Event(schema=SCHEMA, kind="evaluation", event_id="EV-1", event_time=moment, record_time=moment,
        ...     zone="+01:00", actor="SYSTEM-0001", role="system", site="MAKER-1",
        ...     documents=("a/b#1.0", "procedure/SOP-1#3"), blobs=(Blob("sha256:00", "specification"),))
        >>> [(each.name, each.version, each.fingerprint) for each in versions_of(event)]
        [('a/b', '1.0', 'sha256:00'), ('procedure/SOP-1', '3', '')]
    """
    if event.kind not in VERSIONED_KINDS:
        return
    prints = [blob.digest for blob in event.blobs if blob.name == "specification"]
    for document in event.documents:
        name, sign, version = document.rpartition("#")
        if sign:
            own = prints.pop(0) if prints and not name.startswith(PROCEDURE) else ""
            yield _stated(event, event.site, name, version, own)
    told = {each.name: each.value for each in event.measurements}
    name, sign, version = told.get(PACKET_SPECIFICATION, "").rpartition("#")
    if sign:
        yield _stated(event, f"the packet at {event.site}", name, version, told.get(PACKET_FINGERPRINT, ""))


def _stated(event: Event, site: str, name: str, version: str, fingerprint: str) -> VersionStated:
    return VersionStated(
        name=name,
        version=version,
        fingerprint=fingerprint,
        site=site,
        event_id=event.event_id,
        event_time=event.event_time,
    )


def versions_stated(reader: Reader, codes: Iterable[str]) -> tuple[VersionStated, ...]:
    """Return what the counted events about some items state in one ledger, in the order of the log.

    Args:
        reader: of the ledger.
        codes: of the items.
    """
    numbers = reader.source.numbers(list(dict.fromkeys(codes)))
    kinds = TableSource(reader.view).numbers(list(VERSIONED_KINDS))
    indices: set[int] = set()
    for some in parted(list(numbers.values())) if kinds else ():
        rows = reader.view.execute(
            "SELECT DISTINCT e.event FROM custody_edge e JOIN custody_step s ON s.event = e.event "  # noqa: S608 - question marks
            f"WHERE e.subject IN ({marks(some)}) AND e.part = ? AND s.kind IN ({marks(tuple(kinds))})",
            (*some, int(Part.ITEM), *kinds.values()),
        )
        indices.update(index for (index,) in rows)
    found = [(index, reader.event(index)) for index in sorted(indices)]
    return tuple(stated for index, event in found if reader.is_counted(index, event) for stated in versions_of(event))


def version_differences(stated: Sequence[VersionStated]) -> tuple[VersionDifference, ...]:
    """Return the names under which sites differ, by what each site stated last.

    Args:
        stated: by all sites.
    """
    last: dict[str, dict[str, VersionStated]] = {}
    for each in sorted(stated, key=lambda one: one.event_time):
        last.setdefault(each.name, {})[each.site] = each
    return tuple(
        VersionDifference(name=name, stated=tuple(by_site.values()))
        for name, by_site in sorted(last.items())
        if any(not one.agrees(other) for one in by_site.values() for other in by_site.values())
    )
