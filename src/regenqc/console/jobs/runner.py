"""Take up uploaded evaluations, the oldest first, also those that a killed server had begun.

Whoever runs an evaluation holds a lock on its folder, and so does its child. The lock ends with both, however they end, so that
nobody begins anew while an orphan still works. The output appears whole or not at all: where it is, the evaluation is done and
is taken as it is; where it is not, it is run again by the same request, which gives the same bytes.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Any, Final

from regenqc.console.jobs.child import Limits, Outcome, run_evaluation
from regenqc.console.jobs.table import ENDED, Job, JobState, end_job, find_job, requeue_job, start_job, unfinished_jobs
from regenqc.console.jobs.taking import take_output
from regenqc.errors import Fault, InternalError, RegenqcError, fault_value
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from regenqc.console.settings import ConsoleSettings

__all__ = ["JobRunner", "upload_folder"]

_LOG: Final = logging.getLogger("regenqc.console")
_MOST_ATTEMPTS: Final = 3
_OUTPUT: Final = "output"
_LOOK_SECONDS: Final = 1.0


def upload_folder(settings: ConsoleSettings, evaluation_id: str) -> Path:
    """Return the folder of what was uploaded for an evaluation, wherever a process works that is told of it."""
    return (settings.home / "uploads" / evaluation_id).resolve()


class JobRunner:
    """Run what was uploaded.

    Args:
        store: with the table of jobs.
        settings: where everything lies.
        clock: the present moment, with zone.
        on_end: called with the connection on which the end of a job is written, before it is committed.
        threads: how many evaluations run at once.
    """

    def __init__(
        self,
        *,
        store: Engine,
        settings: ConsoleSettings,
        clock: Callable[[], datetime],
        on_end: Callable[[Connection, Job], object],
        threads: int = 2,
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._on_end = on_end
        self._stop = Event()
        self._changed = Condition()
        self._count = threads
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Begin to take up evaluations."""
        self._stop.clear()
        self._threads = [
            Thread(target=self._run, name=f"evaluations-{each}", daemon=True) for each in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the children, leave what did not end for the next start, and return when all threads left."""
        self._stop.set()
        self.wake()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Tell that there is something new."""
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, evaluation_id: str, *, seconds: float) -> Job | None:
        """Return an evaluation when it ended, or as it is when the time is over."""

        def ended() -> bool:
            job = self._find(evaluation_id)
            return job is None or job.state in ENDED

        with self._changed:
            self._changed.wait_for(lambda: self._stop.is_set() or ended(), timeout=seconds)
        return self._find(evaluation_id)

    def _find(self, evaluation_id: str) -> Job | None:
        with self._store.connect() as connection:
            return find_job(connection, evaluation_id)

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._take_one():
                with self._changed:
                    self._changed.wait(timeout=_LOOK_SECONDS)

    def _take_one(self) -> bool:
        """Run the oldest evaluation that nobody else runs; returns whether there was one."""
        try:
            with self._store.connect() as connection:
                waiting = unfinished_jobs(connection)
            for evaluation_id in waiting:
                if self._stop.is_set():
                    return False
                if self._run_if_free(evaluation_id):
                    return True
        except Exception:  # noqa: BLE001 - the thread goes on: one evaluation that cannot be taken up stops no other
            _LOG.exception("evaluations cannot be taken up")
        return False

    def _run_if_free(self, evaluation_id: str) -> bool:
        folder = upload_folder(self._settings, evaluation_id)
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            job = self._find(evaluation_id)
            if job is None or job.state in ENDED:
                return False
            self._finish(job, self._outcome(job, folder, lock))
            return True
        finally:
            os.close(lock)

    def _outcome(self, job: Job, folder: Path, lock: int) -> Outcome:
        kept = self._settings.evaluations / job.evaluation_id
        try:
            if not kept.exists():
                outcome = self._judge(job, folder, lock)
                if outcome.state is not JobState.DONE:
                    return outcome
            take_output(
                self._settings,
                folder / _OUTPUT,
                evaluation_id=job.evaluation_id,
                sites=job.request["sites"],
                loaded_at=moment_text(self._clock()),
            )
        except InternalError as error:
            return Outcome(state=JobState.FAILED, faults=tuple(fault_value(fault) for fault in error.faults))
        except RegenqcError as error:
            faults = tuple(fault_value(fault) for fault in error.faults)
            return Outcome(state=JobState.REFUSED, exit_code=error.exit_code, faults=faults)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is said by name
            _LOG.exception("evaluation %s failed", job.evaluation_id)
            return Outcome(state=JobState.FAILED, faults=(fault_value(_inside(error)),))
        return Outcome(state=JobState.DONE, exit_code=_exit_code(_counts(kept)))

    def _judge(self, job: Job, folder: Path, lock: int) -> Outcome:
        out = folder / _OUTPUT
        if out.exists():
            return Outcome(state=JobState.DONE)
        if job.attempts >= _MOST_ATTEMPTS:
            return _interrupted(job.attempts)
        with self._store.begin() as connection:
            start_job(connection, job.evaluation_id, at=self._clock().isoformat())
        return run_evaluation(
            job.request["arguments"],
            folder=folder,
            out=out,
            limits=Limits(seconds=self._settings.evaluation_seconds, megabytes=self._settings.evaluation_megabytes),
            stop=self._stop,
            held=(lock,),
        )

    def _finish(self, job: Job, outcome: Outcome) -> None:
        if outcome.state is None:
            with self._store.begin() as connection:
                requeue_job(connection, job.evaluation_id)
            return
        out = self._settings.evaluations / job.evaluation_id
        counts = _counts(out) if outcome.state is JobState.DONE else {}
        with self._store.begin() as connection:
            if end_job(
                connection,
                job.evaluation_id,
                state=outcome.state,
                at=self._clock().isoformat(),
                exit_code=outcome.exit_code,
                counts=counts,
                faults=outcome.faults,
            ):
                ended = find_job(connection, job.evaluation_id)
                if ended is not None:
                    self._on_end(connection, ended)
        self.wake()


def _counts(out: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((out / "run.json").read_bytes())["counts"]
    return counts


def _exit_code(counts: dict[str, Any]) -> int:
    """Return the exit code of `regenqc evaluate`: 0 when every batch is eligible, and there is one."""
    found = counts["dispositions"]
    return 0 if sum(found.values()) == found["eligible"] > 0 else 1


def _interrupted(attempts: int) -> Outcome:
    fault = Fault(
        code="RQC-W512",
        what="The evaluation was begun several times, and the server left each time before it ended.",
        got=f"{attempts} attempts",
        action="Upload it again with a new idempotency key; ask the administrator why the server leaves.",
    )
    return Outcome(state=JobState.FAILED, faults=(fault_value(fault),))


def _inside(error: Exception) -> Fault:
    return Fault(
        code="RQC-W515",
        what="The evaluation failed inside.",
        got=f"{type(error).__name__}: {error}"[:200],
        action="Report it with the identifier of the evaluation; the upload is kept.",
    )
