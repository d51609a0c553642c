"""Trends: what calls for a look in the history of loaded evaluations, and who acknowledged it with which reason.

A signal changes no disposition, and neither does its acknowledgement: it says that somebody looked, and what they think.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlalchemy import Column, Integer, String, Table, Text, insert, select
from starlette.datastructures import FormData

from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.children import jobs_of, read_job, start_job
from regenqc.console.pages.receipts import form_of
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import moment_now
from regenqc.console.store.database import METADATA
from regenqc.errors import DataError, Fault, RegenqcError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Engine, RowMapping

    from regenqc.console.application import Console
    from regenqc.console.children import Job

__all__ = ["acknowledged", "evaluations_of", "router"]

router = APIRouter()
_TREND: Final = "trend"
_RULES: Final = ("nelson", "western-electric", "both")
_SHOWN: Final = 200
_REASON: Final = 10
_ACKNOWLEDGEMENTS: Final = Table(
    "trend_acknowledgement",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("signal_id", String(40), nullable=False, index=True),
    Column("rule", String(80), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("person_id", String(120), nullable=False),
    Column("acknowledged_at", String(40), nullable=False),
)


@router.get("/trends", dependencies=[allow(Permission.READ)])
def trends(request: Request) -> Response:
    """List the analyses, and what may be analysed."""
    return _list(request, faults=(), status=200)


@router.post("/trends", dependencies=[allow(Permission.REVIEW)])
def analyse(request: Request, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Analyse the results of loaded evaluations, in a process of its own."""
    console: Console = request.app.state.console
    _check_site(request)
    chosen = [each for each in form.getlist("evaluation") if isinstance(each, str)]
    rules = form.get("rules", "nelson")
    try:
        known = evaluations_of(console)
        if not chosen or not known.keys() >= set(chosen) or rules not in _RULES:
            raise DataError(
                Fault(
                    code="RQC-U165",
                    what="What is to be analysed?",
                    got=", ".join(chosen) or "nothing",
                    expected="evaluations of the list",
                )
            )
        arguments = ["trend", *(str(known[name] / "results.parquet") for name in chosen), f"--rules={rules}"]
        batches = known[chosen[0]] / "inputs" / "batches.csv"
        arguments += [f"--batches={batches}"] if len(chosen) == 1 and batches.is_file() else []
        job_id = start_job(
            [*arguments, "--out={folder}/analysis", "--json"],
            kind=_TREND,
            about=", ".join(chosen),
            home=console.settings.home.resolve(),
            person_id=signed_in(request).person_id,
            now=console.clock(),
        )
    except RegenqcError as error:
        return _list(request, faults=error.faults, status=422)
    return RedirectResponse(f"/trends/{job_id}", status_code=303)


@router.get("/trends/{job_id}", dependencies=[allow(Permission.READ)])
def analysis(request: Request, job_id: str) -> Response:
    """Show the signals of an analysis, those that nobody acknowledged first."""
    return _analysis(request, _job(request, job_id), faults=(), status=200)


@router.get("/trends/{job_id}/report", dependencies=[allow(Permission.READ)])
def report(request: Request, job_id: str) -> Response:
    """Hand over the report with every chart: one file that opens offline."""
    job = _job(request, job_id)
    path = _folder(request, job) / "trend.html"
    if not path.is_file():
        raise NotFound("report", job_id)
    return FileResponse(path, media_type="text/html", filename=f"trend-{job.job_id}.html")


@router.post("/trends/{job_id}/acknowledge", dependencies=[allow(Permission.REVIEW)])
def acknowledge(
    request: Request,
    job_id: str,
    signal: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep who looked at a signal, and what they think of it."""
    console: Console = request.app.state.console
    job = _job(request, job_id)
    found = next((each for each in _signals(_folder(request, job)) if each["signal_id"] == signal), None)
    if found is None:
        raise NotFound("signal", signal)
    if len(reason.strip()) < _REASON:
        fault = Fault(
            code="RQC-U166", what="An acknowledgement takes a reason.", where=signal, got=reason.strip() or "nothing",
            expected="what was looked at, and what follows from it",
        )  # fmt: skip
        return _analysis(request, job, faults=(fault,), status=422)
    with console.store.begin() as connection:
        connection.execute(
            insert(_ACKNOWLEDGEMENTS).values(
                signal_id=signal, rule=found["rule"], sentence=found["sentence"], reason=reason.strip(),
                person_id=signed_in(request).person_id, acknowledged_at=moment_now(console),
            )
        )  # fmt: skip
    return RedirectResponse(f"/trends/{job_id}#{signal}", status_code=303)


def acknowledged(store: Engine, signals: Iterable[str]) -> dict[str, list[RowMapping]]:
    """Return the acknowledgements of signals, the first one first."""
    wanted = list(signals)
    found: dict[str, list[RowMapping]] = {}
    with store.connect() as connection:
        for start in range(0, len(wanted), 500):
            query = select(_ACKNOWLEDGEMENTS).where(_ACKNOWLEDGEMENTS.c.signal_id.in_(wanted[start : start + 500]))
            for row in connection.execute(query.order_by(_ACKNOWLEDGEMENTS.c.number)).mappings():
                found.setdefault(row["signal_id"], []).append(row)
    return found


def _analysis(request: Request, job: Job, *, faults: tuple[Fault, ...], status: int) -> Response:
    console: Console = request.app.state.console
    signals = _signals(_folder(request, job)) if job.answered else []
    known = acknowledged(console.store, (each["signal_id"] for each in signals))
    signals.sort(key=lambda each: each["signal_id"] in known)
    return page(
        request,
        "ward/trend.html.jinja",
        status=status,
        job=job,
        signals=signals[:_SHOWN],
        more=max(len(signals) - _SHOWN, 0),
        known=known,
        open_count=sum(each["signal_id"] not in known for each in signals),
        may_acknowledge=signed_in(request).may(Permission.REVIEW),
        faults=faults,
    )


def _list(request: Request, *, faults: tuple[Fault, ...], status: int) -> Response:
    console: Console = request.app.state.console
    _check_site(request)
    return page(
        request,
        "ward/trends.html.jinja",
        status=status,
        jobs=jobs_of(console.settings.home, _TREND),
        evaluations=sorted(evaluations_of(console)),
        rules=_RULES,
        may_analyse=signed_in(request).may(Permission.REVIEW),
        faults=faults,
    )


def evaluations_of(console: Console) -> dict[str, Path]:
    """Return the evaluations whose results are there, by name; names come from here, never from a form."""
    folder = console.settings.evaluations.resolve()
    found = sorted(folder.glob("*/results.parquet")) if folder.is_dir() else []
    return {path.parent.name: path.parent for path in found}


def _job(request: Request, job_id: str) -> Job:
    console: Console = request.app.state.console
    _check_site(request)
    job = read_job(console.settings.home, _TREND, job_id)
    if job is None:
        raise NotFound("analysis", job_id)
    return job


def _folder(request: Request, job: Job) -> Path:
    console: Console = request.app.state.console
    return console.settings.home / "jobs" / _TREND / job.job_id / "analysis"


def _signals(folder: Path) -> list[dict[str, str]]:
    try:
        with (folder / "signals.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def _check_site(request: Request) -> None:
    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("trends", console.settings.site)
