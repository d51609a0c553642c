"""See what happens outside the console too: decisions and certificates in their folders, recalls in the ledger.

Commands write the same folders as the screens do, so that looking at the folders sees both. How far was looked is kept; what is
looked at twice is told once. What was there before the first look is not told.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from regenqc.certificate.content import read_certificate
from regenqc.console.webhooks.changes import tell_changes
from regenqc.console.webhooks.outbox import take
from regenqc.console.webhooks.tables import EventType, move, position_of
from regenqc.custody.canonical import decode_event
from regenqc.decision.reading import read_decision
from regenqc.errors import RegenqcError
from regenqc.ledger import Log
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from regenqc.console.settings import ConsoleSettings
    from regenqc.custody import Event

__all__ = ["Watch"]

# A file may be stamped a little before it can be seen.
_SLACK_NANOSECONDS: Final = 5_000_000_000
_RECALLS: Final = (
    "SELECT DISTINCT s.event FROM custody_step s JOIN custody_name n ON n.number = s.kind "
    "WHERE n.text = 'recall' AND s.event >= ? AND s.event < ? ORDER BY s.event"
)


class Watch:
    """Look at the folders and at the ledger, and take what is new into the outbox.

    Args:
        store: with the tables of webhooks.
        settings: where everything lies.
        clock: the present moment, with zone.
    """

    def __init__(self, *, store: Engine, settings: ConsoleSettings, clock: Callable[[], datetime]) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._changed: dict[str, int] = {}

    def look(self) -> None:
        """Look once."""
        tell_changes(self._store, at=moment_text(self._clock()))
        self._look_at("decisions", self._settings.decisions, "decision-*.json", self._decision)
        self._look_at("certificates", self._settings.certificates, "*.json", self._certificate)
        if self._settings.ledger_url:
            self._look_at_ledger()

    def _look_at(self, source: str, folder: Path, pattern: str, tell: Callable[[Connection, Path], object]) -> None:
        try:
            changed = folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        # A folder changes whenever a file appears in it; one that did not change is not read again.
        if self._changed.get(source) == changed:
            return
        files = sorted((path.stat().st_mtime_ns, path) for path in folder.glob(pattern))
        newest = files[-1][0] if files else 0
        with self._store.begin() as connection:
            position = position_of(connection, source)
            if position is not None:
                for path in (path for at, path in files if at > position - _SLACK_NANOSECONDS):
                    # What cannot be read is said where it is used; it is no reason to tell nothing else.
                    with suppress(RegenqcError, OSError):
                        tell(connection, path)
            move(connection, source, newest, is_first=position is None)
        self._changed[source] = changed

    def _decision(self, connection: Connection, path: Path) -> None:
        decision = read_decision(path)
        take(
            connection,
            EventType.DECISION_MADE,
            key=f"{decision.decision_id} {len(decision.signatures)}",
            about=decision.batch_id,
            site=decision.site,
            at=decision.signatures[-1].signed_at if decision.signatures else decision.made_at,
            data={
                "decision_id": decision.decision_id,
                "batch_id": decision.batch_id,
                "stage": decision.stage,
                "spec_id": decision.spec.id,
                "kind": decision.kind,
                "supersedes": decision.supersedes or "",
                "is_complete": decision.is_complete,
            },
        )

    def _certificate(self, connection: Connection, path: Path) -> None:
        certificate = read_certificate(path.read_bytes())
        decision = certificate.decision
        take(
            connection,
            EventType.CERTIFICATE_ISSUED,
            key=certificate.certificate_id,
            about=str(decision.get("batch_id", "")),
            site=str(decision.get("site", "")),
            at=certificate.issued_at,
            data={
                "certificate_id": certificate.certificate_id,
                "type": certificate.type,
                "batch_id": str(decision.get("batch_id", "")),
                "stage": str(decision.get("stage", "")),
                "decision_id": str(decision.get("decision_id", "")),
                "supersedes": certificate.supersedes,
            },
        )

    def _look_at_ledger(self) -> None:
        with suppress(RegenqcError), Log.open(self._settings.ledger_url, read_only=True) as log:
            size = log.size
            with self._store.begin() as connection:
                position = position_of(connection, "ledger")
                if position is not None and position < size:
                    with log.read() as view:
                        rows = view.execute(_RECALLS, (position, size))
                    for (index,) in rows:
                        self._recall(connection, decode_event(log.entry(int(index)).body))
                move(connection, "ledger", size, is_first=position is None)

    def _recall(self, connection: Connection, event: Event) -> None:
        items = [item.id for item in event.items] or [event.lot]
        take(
            connection,
            EventType.RECALL_RECORDED,
            key=event.event_id,
            about=items[0],
            site=event.site,
            at=event.record_time,
            data={"event_id": event.event_id, "items": items, "reason": event.reason},
        )
