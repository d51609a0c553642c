"""What the server does beside answering: run uploaded evaluations, deliver webhooks. It starts and ends with the server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from anyio.to_thread import current_default_thread_limiter

from regenqc.console.jobs.runner import JobRunner
from regenqc.console.jobs.table import Job, JobState
from regenqc.console.webhooks.delivery import Deliverer
from regenqc.console.webhooks.outbox import take
from regenqc.console.webhooks.tables import EventType
from regenqc.console.webhooks.watching import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI
    from sqlalchemy import Connection

    from regenqc.console.application import Console

__all__ = ["job_runner", "running"]


_THREADS: Final = 8


def running(application: FastAPI) -> AbstractAsyncContextManager[None]:
    """Return what runs beside the answers, from the start of the server to its end."""

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        console: Console = application.state.console
        jobs: JobRunner = application.state.jobs
        watch = Watch(store=console.store, settings=console.settings, clock=console.clock)
        deliverer = Deliverer(
            store=console.store,
            home=console.settings.home,
            clock=console.clock,
            networks=console.settings.webhook_networks,
            look=watch.look,
        )
        # More threads than the processors can serve only hold memory and wait for one another.
        current_default_thread_limiter().total_tokens = _THREADS
        jobs.start()
        deliverer.start()
        try:
            yield
        finally:
            jobs.stop()
            deliverer.stop()

    return beside()


def job_runner(console: Console) -> JobRunner:
    """Return what runs the uploaded evaluations of a console."""
    site = console.settings.site

    def told(connection: Connection, job: Job) -> None:
        take(
            connection,
            EventType.EVALUATION_ENDED,
            key=job.evaluation_id,
            about=job.evaluation_id,
            site=site,
            at=job.ended_at,
            data={
                "evaluation_id": job.evaluation_id,
                "state": job.state.value,
                "counts": dict(job.counts["dispositions"]) if job.state is JobState.DONE else {},
                "faults": [dict(fault) for fault in job.faults],
            },
        )

    return JobRunner(store=console.store, settings=console.settings, clock=console.clock, on_end=told)
