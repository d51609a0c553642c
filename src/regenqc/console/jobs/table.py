"""The table of uploaded evaluations: what was asked, how far it is, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, insert, select, update

from regenqc.console.store.database import METADATA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select

__all__ = [
    "ENDED",
    "JOBS",
    "Job",
    "JobState",
    "add_job",
    "end_job",
    "find_job",
    "list_jobs",
    "requeue_job",
    "start_job",
    "unfinished_jobs",
]


class JobState(StrEnum):
    """How far an uploaded evaluation is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"  # every batch has its disposition
    REFUSED = "refused"  # by the data or the specification: the faults say why, and the same input is refused again
    FAILED = "failed"  # for no reason in the input: too long, too large, or a fault of regenqc


ENDED: Final = frozenset({JobState.DONE, JobState.REFUSED, JobState.FAILED})

JOBS: Final = Table(
    "evaluation_job",
    METADATA,
    Column("evaluation_id", String(64), primary_key=True),
    Column("person_id", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("request", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("started_at", String(40), nullable=False, default=""),
    Column("ended_at", String(40), nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("exit_code", Integer),
    Column("counts", Text, nullable=False, default="{}"),
    Column("faults", Text, nullable=False, default="[]"),
    Index("evaluation_job_by_state", "state", "evaluation_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hold one uploaded evaluation.

    Args:
        evaluation_id: name of its folders; later ones sort behind earlier ones.
        person_id: who uploaded it.
        state: how far it is.
        request: what was asked: specifications, stage, profile, `as_of`, files.
        created_at: moment of the upload, RFC 3339; so are the other moments, empty until there is one.
        started_at: moment of the last start.
        ended_at: moment of its end.
        attempts: how often it was started.
        exit_code: as of `regenqc evaluate`; `None` until it ended, and when a limit ended it.
        counts: of rows, batches and dispositions, as `run.json` has them.
        faults: why it was refused or failed, as values of JSON.
    """

    evaluation_id: str
    person_id: str
    state: JobState
    request: Mapping[str, Any]
    created_at: str
    started_at: str = ""
    ended_at: str = ""
    attempts: int = 0
    exit_code: int | None = None
    counts: Mapping[str, Any]
    faults: Sequence[Mapping[str, str]] = ()


def add_job(
    connection: Connection, *, evaluation_id: str, person_id: str, request: Mapping[str, Any], created_at: str
) -> None:
    """Add an evaluation to those that wait."""
    connection.execute(
        insert(JOBS).values(
            evaluation_id=evaluation_id,
            person_id=person_id,
            state=JobState.QUEUED.value,
            request=json.dumps(request, ensure_ascii=False),
            created_at=created_at,
        )
    )


def find_job(connection: Connection, evaluation_id: str) -> Job | None:
    """Return an uploaded evaluation, `None` when there is none of this name."""
    row = connection.execute(select(JOBS).where(JOBS.c.evaluation_id == evaluation_id)).first()
    return None if row is None else _job(row)


def list_jobs(
    connection: Connection,
    *,
    before: str = "",
    state: JobState | None = None,
    person_id: str | None = None,
    limit: int,
) -> list[Job]:
    """Return uploaded evaluations, the latest first.

    Args:
        connection: to the store.
        before: only those before this one.
        state: only those in this state.
        person_id: only those that this person uploaded.
        limit: at most so many.
    """
    asked: Select[Any] = select(JOBS).order_by(JOBS.c.evaluation_id.desc()).limit(limit)
    if before:
        asked = asked.where(JOBS.c.evaluation_id < before)
    if state is not None:
        asked = asked.where(JOBS.c.state == state.value)
    if person_id is not None:
        asked = asked.where(JOBS.c.person_id == person_id)
    return [_job(row) for row in connection.execute(asked)]


def unfinished_jobs(connection: Connection, *, limit: int = 50) -> list[str]:
    """Return the names of evaluations that did not end, the oldest first; also of those that a killed server had begun."""
    asked = (
        select(JOBS.c.evaluation_id)
        .where(JOBS.c.state.in_([JobState.QUEUED.value, JobState.RUNNING.value]))
        .order_by(JOBS.c.evaluation_id)
        .limit(limit)
    )
    return list(connection.execute(asked).scalars())


def start_job(connection: Connection, evaluation_id: str, *, at: str) -> None:
    """Note that an evaluation is being run, once more when it was before."""
    connection.execute(
        update(JOBS)
        .where(JOBS.c.evaluation_id == evaluation_id)
        .values(state=JobState.RUNNING.value, started_at=at, attempts=JOBS.c.attempts + 1)
    )


def requeue_job(connection: Connection, evaluation_id: str) -> None:
    """Note that the server was told to leave: the attempt does not count."""
    connection.execute(
        update(JOBS)
        .where(JOBS.c.evaluation_id == evaluation_id, JOBS.c.state == JobState.RUNNING.value)
        .values(state=JobState.QUEUED.value, attempts=JOBS.c.attempts - 1)
    )


def end_job(
    connection: Connection,
    evaluation_id: str,
    *,
    state: JobState,
    at: str,
    exit_code: int | None,
    counts: Mapping[str, Any],
    faults: Sequence[Mapping[str, str]],
) -> bool:
    """Note how an evaluation ended; returns whether it had not ended before."""
    ended = connection.execute(
        update(JOBS)
        .where(JOBS.c.evaluation_id == evaluation_id, JOBS.c.state.not_in([each.value for each in ENDED]))
        .values(
            state=state.value,
            ended_at=at,
            exit_code=exit_code,
            counts=json.dumps(counts),
            faults=json.dumps(list(faults), ensure_ascii=False),
        )
    )
    return ended.rowcount == 1


def _job(row: Row[Any]) -> Job:
    stored = dict(row._mapping)  # noqa: SLF001 - the public name of SQLAlchemy for a row by column
    parsed = {name: json.loads(stored[name]) for name in ("request", "counts", "faults")}
    return Job(**stored | parsed | {"state": JobState(stored["state"])})
