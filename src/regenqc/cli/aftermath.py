"""`regenqc aftermath`: whom a late failure reaches, who is told by when, and which follow-up is due."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import AsJson, Ledger, moment_now, open_log
from regenqc.cli.ledger_screen import print_json, print_line, print_table
from regenqc.cli.trace_answers import moment_stated
from regenqc.cli.trace_several import Also  # noqa: TC001 - typer reads the type
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.custody.versions import VersionStated

__all__ = ["app"]

app = typer.Typer(
    help="Whom a late failure or a recall reaches, who is told by when, which follow-up is due.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
Now = Annotated[
    str | None, typer.Option("--now", help="The present moment, ISO 8601 with zone; the clock when not stated.")
]


@app.command("reaches")
def reaches_command(
    code: Annotated[str, typer.Argument(help="Lot, item, donor, bank, material or equipment.")],
    ledger: Ledger = "sqlite:///ledger.db",
    also: Also = None,
    as_json: AsJson = False,
) -> None:
    """Who holds or received what came of it, and what stops it at the gate; over the ledgers of all sites.

    Leaves with 1 when something of it was given, or could still be.

    Example: regenqc aftermath reaches LOT-0001
    """
    from regenqc.reinspection.aftermath import consequences_of, join_sites

    told, unknown = [], []
    for url in (ledger, *(also or ())):
        with open_log(url) as log, log.read() as view:
            try:
                told.append(consequences_of(view, code))
            except UsageError as error:
                unknown.append(error)
    if not told:
        raise unknown[0]
    found = join_sites(told)
    open_ones = [each for each in found if not each.stops]
    given = [each for each in found if each.administered_at]
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        print_table(
            ("container", "status", "with", "left", "recipient", "given", "stopped by"),
            [
                (
                    each.item,
                    each.status,
                    f"{each.holder}{f', on its way to {each.heading}' if each.heading else ''}",
                    f"{each.left:f} {each.unit}".strip(),
                    each.recipient,
                    each.administered_at,
                    ", ".join(each.stops) or "NOTHING",
                )
                for each in found
            ],
            empty="No container of product came of it.",
        )
        recipients = ", ".join(dict.fromkeys(each.recipient for each in given))
        if given:
            print_line(f"given to {recipients}", good=False)
        if open_ones:
            print_line(f"nothing stops {', '.join(each.item for each in open_ones)}", good=False)
        if not given and not open_ones:
            print_line("All of it is stopped, and nothing was given.", good=True)
    raise typer.Exit(1 if given or open_ones else 0)


@app.command("versions")
def versions_command(
    study: Annotated[str, typer.Argument(help="Code of the study.")],
    ledger: Ledger = "sqlite:///ledger.db",
    also: Also = None,
    as_json: AsJson = False,
) -> None:
    """Whether all sites of a study work by the same versions as the lead site, whose ledger is named first.

    Compared are the plans, and the specifications and procedures that each site stated when it judged, received or inspected
    what belongs to the study. Leaves with 1 when they are not equal.

    Example: regenqc aftermath versions STUDY-0007 --ledger sqlite:///lead.db --also sqlite:///hospital.db
    """
    from contextlib import ExitStack

    from regenqc.cli.trace_several import print_versions
    from regenqc.custody.versions import version_differences
    from regenqc.reinspection.aftermath import plans_at, versions_at

    with ExitStack() as stack:
        views = {url: stack.enter_context(stack.enter_context(open_log(url)).read()) for url in (ledger, *(also or ()))}
        found = plans_at(views, study)
        worked_by = versions_at(views, study)
    every = [each for stated in worked_by.values() for each in stated]
    differences = version_differences(every)
    is_equal = bool(found[0].stated) and not any(each.differs for each in found) and not differences
    if as_json:
        differing = {each.name: each.explanation for each in differences}
        print_json([asdict(each) | _worked_by(worked_by[each.ledger], differing) for each in found])
    else:
        names = sorted({name for each in found for name in each.stated})
        print_table(
            ("ledger", *names, "differs in"),
            [
                (each.ledger, *(each.stated.get(name, "nothing") for name in names), ", ".join(each.differs))
                for each in found
            ],
            empty="No ledger.",
        )
        print_versions(every)
        said = "All sites work by the same versions." if is_equal else "The versions of the sites differ."
        print_line(said, good=is_equal)
    raise typer.Exit(0 if is_equal else 1)


def _worked_by(stated: Sequence[VersionStated], differing: Mapping[str, str]) -> dict[str, Any]:
    names = dict.fromkeys(each.name for each in stated)
    return {
        "worked_by": [asdict(each) for each in stated],
        "worked_by_differs": [differing[name] for name in names if name in differing],
    }


@app.command("inbox")
def inbox_command(
    study: Annotated[str, typer.Argument(help="Code of the study.")],
    ledger: Ledger = "sqlite:///ledger.db",
    also: Also = None,
    as_json: AsJson = False,
) -> None:
    """Which adverse events the sites of a study recorded; the lead site reads the ledgers of all.

    Leaves with 1 when one of them waits for an answer: assessed as not serious or not related, or a decision on the study.

    Example: regenqc aftermath inbox STUDY-0007 --also sqlite:///hospital.db
    """
    from regenqc.reinspection.aftermath import adverse_events

    found = []
    for url in (ledger, *(also or ())):
        with open_log(url) as log, log.read() as view:
            found += [(url, each) for each in adverse_events(view, study)]
    found.sort(key=lambda each: each[1].event_time)
    if as_json:
        print_json([{"ledger": url, **asdict(each)} for url, each in found])
    else:
        print_table(
            ("when", "site", "recipient", "given", "what", "answered"),
            [
                (each.event_time, each.site, each.recipient, ", ".join(each.items), each.said, each.answered)
                for _, each in found
            ],
            empty="No adverse event is recorded.",
        )
    raise typer.Exit(1 if any(not each.answered for _, each in found) else 0)


@app.command("notices")
def notices_command(
    occurred: Annotated[list[str], typer.Argument(help="What happened and when, as recall=2026-03-16T09:00Z.")],
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", "-j", help="US, EU, JP, KR or CN.")],
    track: Annotated[str, typer.Option("--track", "-t", help="Code of `regenqc classify`.")],
    holidays: Annotated[Path | None, typer.Option("--holidays", help="Working calendar, as for `obligations`.")] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Who is told by when. Indicative only.

    Leaves with 1 when a notice is overdue.

    Example: regenqc aftermath notices out_of_specification_administered=2026-03-16T09:00Z -j EU -t atmp
    """
    from regenqc.cli.classify import read_jurisdiction
    from regenqc.cli.obligations import read_calendar
    from regenqc.reinspection.aftermath import notices_due

    moment = datetime.fromisoformat(moment_stated(now, "--now") if now is not None else moment_now()).astimezone(UTC)
    found = notices_due(
        dict(map(_occurrence, occurred)),
        jurisdiction=read_jurisdiction(jurisdiction),
        track=track,
        now=moment,
        calendar=read_calendar(holidays) if holidays is not None else None,
    )
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        print_table(
            ("by", "what", "whom", "period", "source"),
            [
                (
                    f"{each.due or 'see words'}{' OVERDUE' if each.overdue else ''}",
                    each.what,
                    each.to,
                    each.period,
                    each.source,
                )
                for each in found
            ],
            empty="No table has a notice for this. That does not mean that nobody is told.",
        )
    raise typer.Exit(1 if any(each.overdue for each in found) else 0)


@app.command("follow-up")
def follow_up_command(
    study: Annotated[str, typer.Argument(help="Code of the study.")],
    ledger: Ledger = "sqlite:///ledger.db",
    today: Annotated[str | None, typer.Option("--today", help="The present day, as 2026-09-16.")] = None,
    as_json: AsJson = False,
) -> None:
    """Which visits are done, due and overdue, by the schedule of the study's plan.

    Leaves with 1 when a visit is overdue.

    Example: regenqc aftermath follow-up STUDY-0007
    """
    from regenqc.reinspection.aftermath import follow_up_visits

    try:
        day = date.fromisoformat(today) if today is not None else datetime.now(UTC).date()
    except ValueError as error:
        raise UsageError(
            Fault(code="RQC-U146", what="This is no day.", where="--today", got=str(today), expected="as 2026-09-16")
        ) from error
    with open_log(ledger) as log, log.read() as view:
        found = follow_up_visits(view, study, today=day)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        print_table(
            ("recipient", "visit", "due", "state", "done"),
            [(each.recipient, each.period, each.due.isoformat(), each.state, each.done_at) for each in found],
            empty="Nobody received anything in this study.",
        )
    raise typer.Exit(1 if any(each.state == "overdue" for each in found) else 0)


def _occurrence(text: str) -> tuple[str, datetime]:
    word, equals, moment = text.partition("=")
    if not (word and equals and moment):
        raise UsageError(
            Fault(
                code="RQC-U147",
                what="What happened is stated with its moment.",
                got=text,
                expected="as recall=2026-03-16T09:00Z",
            )
        )
    return word, datetime.fromisoformat(moment_stated(moment, word)).astimezone(UTC)
