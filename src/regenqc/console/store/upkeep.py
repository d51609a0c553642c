"""Bring the store up to what lies in the home: evaluations that it lacks, decisions that were written or signed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from regenqc.console.store.current_lots import lot_key, restate
from regenqc.console.store.loading import Loaded, load_evaluation
from regenqc.console.store.tables import DECISIONS
from regenqc.decision.reading import read_decision
from regenqc.errors import RegenqcError
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from regenqc.console.settings import ConsoleSettings
    from regenqc.decision.model import Decision
    from regenqc.errors import Fault

__all__ = ["load_all", "take_decision", "take_decisions"]


def load_all(store: Engine, settings: ConsoleSettings, *, now: datetime) -> tuple[list[Loaded], list[Fault]]:
    """Load every evaluation of the home, and every decision; what is refused stays where it is.

    Args:
        store: of the console.
        settings: of the console.
        now: the present moment.

    Returns:
        What was loaded, and why the others were not.
    """
    loaded: list[Loaded] = []
    faults: list[Fault] = []
    for folder in sorted(path.parent for path in settings.evaluations.glob("*/run.json")):
        try:
            loaded.append(
                load_evaluation(
                    store,
                    folder,
                    site=settings.site,
                    loaded_at=moment_text(now),
                    specifications=(settings.specifications,),
                )
            )
        except RegenqcError as error:
            faults += error.faults
    faults += take_decisions(store, settings)
    return loaded, faults


def take_decisions(store: Engine, settings: ConsoleSettings) -> list[Fault]:
    """Read the decisions that are new or were signed since, and bring their lots into the state that follows.

    Returns:
        Why files are no decisions.
    """
    with store.connect() as connection:
        known = {row.decision_id: row.file_state for row in connection.execute(select(DECISIONS))}
    faults: list[Fault] = []
    changed: set[str] = set()
    for path in sorted(settings.decisions.glob("decision-*.json")):
        if known.get(path.stem.upper()) == _state_of(path):
            continue
        try:
            changed.add(_write(store, read_decision(path), path))
        except RegenqcError as error:
            faults += error.faults
    with store.begin() as connection:
        restate(connection, sorted(changed))
    return faults


def take_decision(store: Engine, decision: Decision, path: Path) -> None:
    """Take one decision that was just written or signed.

    Args:
        store: of the console.
        decision: as it was written.
        path: of its file.
    """
    key = _write(store, decision, path)
    with store.begin() as connection:
        restate(connection, [key])


def _write(store: Engine, decision: Decision, path: Path) -> str:
    waits = decision.required_signatures[len(decision.signatures) :]
    row: dict[str, Any] = {
        "decision_id": decision.decision_id,
        "key": lot_key(decision.batch_id, decision.stage, decision.spec.id),
        "batch_id": decision.batch_id,
        "stage": decision.stage,
        "spec_id": decision.spec.id,
        "kind": decision.kind,
        "disposition": decision.disposition,
        "as_of": decision.evaluation.as_of,
        "made_at": decision.made_at,
        "supersedes": decision.supersedes or "",
        "waits_for": waits[0].meaning if waits else "",
        "signatures": len(decision.signatures),
        "is_complete": int(decision.is_complete),
        "file_state": _state_of(path),
    }
    with store.begin() as connection:
        connection.execute(delete(DECISIONS).where(DECISIONS.c.decision_id == decision.decision_id))
        connection.execute(insert(DECISIONS), [row])
    return str(row["key"])


def _state_of(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_mtime_ns}:{stat.st_size}"
