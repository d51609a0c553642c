"""`regenqc trace`: what came of it, what it came from, who held it, whose it is, and the evidence for every answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import (
    AsJson,
    HomeOption,
    Ledger,
    PolicyFile,
    read_file,
    read_policy_if_any,
    seconds_now,
)
from regenqc.cli.ledger_screen import print_facts, print_json, print_line, print_table
from regenqc.cli.trace_answers import KnownAt, Picture, Question, TrueAt, ask, asking_of, moment_stated
from regenqc.cli.trace_evidence import check_packet, write_packet
from regenqc.cli.trace_several import Also, trace_several

if TYPE_CHECKING:
    from regenqc.custody.trace import Trace

__all__ = ["app"]

app = typer.Typer(
    help="Answer from a ledger: what came of it, what it came from, who held it, what it went through; and prove it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_SHOWN = 40
Code = Annotated[str, typer.Argument(help="Item, lot, donor, recipient, person, site, place, equipment or study.")]
Item = Annotated[str, typer.Argument(help="Code of an item.")]


@app.command("forward")
def forward_command(
    code: Code,
    ledger: Ledger = "sqlite:///ledger.db",
    also: Also = None,
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
    svg: Picture = None,
) -> None:
    """What came of it: every item, where it is now, in what state (Q1); over the ledgers of several sites with --also.

    Over several ledgers it leaves with 5 when a leg between two sites is missing or contradicted.

    Example: regenqc trace forward ML-0001
    """
    from regenqc.custody.trace import forward

    question = Question("forward", code, asking_of(known_at, true_at))
    if also:
        trace_several([ledger, *also], question, svg=svg, as_json=as_json)
    found = ask(ledger, question, lambda view: forward(view, code, asking=question.asking), svg=svg, lineage=True)
    _print_trace(found, as_json=as_json)


@app.command("backward")
def backward_command(
    code: Code,
    ledger: Ledger = "sqlite:///ledger.db",
    also: Also = None,
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
    svg: Picture = None,
) -> None:
    """What it came from: collections of donors, and every lot that was in contact with it (Q2); with --also over several sites.

    Example: regenqc trace backward DP-0001-1 --svg lineage.svg
    """
    from regenqc.custody.trace import backward

    question = Question("backward", code, asking_of(known_at, true_at))
    if also:
        trace_several([ledger, *also], question, svg=svg, as_json=as_json)
    found = ask(ledger, question, lambda view: backward(view, code, asking=question.asking), svg=svg, lineage=True)
    _print_trace(found, as_json=as_json)


@app.command("sideways")
def sideways_command(
    code: Annotated[str, typer.Argument(help="Place, container, shipper, incubator or other equipment.")],
    start: Annotated[str, typer.Option("--from", help="First moment, ISO 8601 with zone.")],
    end: Annotated[str, typer.Option("--to", help="Last moment.")],
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
) -> None:
    """What shared it in a window of time: equipment, tank, shipper, cabinet (Q3).

    Example: regenqc trace sideways INC-07 --from 2026-03-16T00:00Z --to 2026-03-17T00:00Z
    """
    from regenqc.custody.trace import sideways

    first, last = moment_stated(start, "--from"), moment_stated(end, "--to")
    question = Question("sideways", code, asking_of(known_at, true_at), {"from": first, "to": last})
    found = ask(ledger, question, lambda view: sideways(view, code, start=first, end=last, asking=question.asking))
    if as_json:
        print_json(found.document)
        return
    print_table(
        ("item", "how", "from", "to", "event"),
        [(stay.item, stay.manner, stay.started, stay.ended or "still", stay.event_id) for stay in found.answer],
        empty="Nothing shared it in this window.",
        most=_SHOWN,
    )


@app.command("where")
def where_command(
    codes: Annotated[list[str], typer.Argument(help="Codes of items.")],
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
) -> None:
    """Where items are and in what state: as known at one moment, as true at another (Q4).

    Example: regenqc trace where DP-0001-1 --known-at 2026-03-16T12:00Z
    """
    from regenqc.custody.trace import holdings

    question = Question("where", " ".join(codes), asking_of(known_at, true_at))
    found = ask(ledger, question, lambda view: holdings(view, codes, asking=question.asking))
    if as_json:
        print_json(found.document)
        return
    _print_items(found.answer)


@app.command("reconcile")
def reconcile_command(
    codes: Annotated[list[str], typer.Argument(help="A lot, or codes of items.")],
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
) -> None:
    """Whether the sum is right: made = used + administered + stock + in transit + returned + destroyed + unaccounted (Q5).

    Leaves with 5 when something is unaccounted for.

    Example: regenqc trace reconcile LOT-0001
    """
    from regenqc.custody.trace import items_of_lot, reconcile

    question = Question("reconcile", " ".join(codes), asking_of(known_at, true_at))

    def answer(view: Any) -> Any:
        items = [item for code in codes for item in (items_of_lot(view, code, asking=question.asking) or (code,))]
        return reconcile(view, list(dict.fromkeys(items)), asking=question.asking)

    found = ask(ledger, question, answer)
    is_right = not any(balance.unaccounted or balance.difference for balance in found.answer)
    if as_json:
        print_json(found.document)
    else:
        names = ("made", "used", "administered", "stock", "in_transit", "returned", "destroyed", "unaccounted")
        print_table(
            ("unit", *(name.replace("_", " ") for name in names)),
            [(balance.unit or "whole", *(f"{getattr(balance, name):f}" for name in names)) for balance in found.answer],
            empty="No item of this is known.",
        )
        missing = [item for balance in found.answer for item in balance.unaccounted_items]
        said = "Nothing is unaccounted for." if is_right else f"To be explained: {', '.join(missing)}"
        print_line(said, good=is_right)
    raise typer.Exit(0 if is_right else 5)


@app.command("custody")
def custody_command(
    item: Item,
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
    svg: Picture = None,
) -> None:
    """Who held it from when to when; gaps, overlaps, handovers signed by one side only (Q6).

    Example: regenqc trace custody DP-0001-1 --svg custody.svg
    """
    from regenqc.custody.trace import custody_findings, custody_spans

    question = Question("custody", item, asking_of(known_at, true_at))

    def answer(view: Any) -> Any:
        spans = custody_spans(view, item, asking=question.asking)
        return {"spans": spans, "findings": custody_findings(view, item, asking=question.asking)}

    found = ask(ledger, question, answer, svg=svg, timeline_of=item)
    if as_json:
        print_json(found.document)
        return
    print_table(
        ("holder", "from", "to", "place", "by"),
        [
            (
                f"{span.holder or '(nobody named)'}{', on the way' if span.in_transit else ''}",
                span.started,
                span.ended or "",
                span.place,
                f"{span.kind} {span.event_id}",
            )
            for span in found.answer["spans"]
        ],
        empty="Nobody is known to have held it.",
        most=_SHOWN,
    )
    for finding in found.answer["findings"]:
        print_line(finding.explanation, good=False, detail=f"{finding.kind.replace('_', ' ')}, {finding.item}")
    if not found.answer["findings"]:
        print_line("No gap, no overlap, nothing open.", good=True)


@app.command("condition")
def condition_command(
    item: Item,
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
    svg: Picture = None,
) -> None:
    """What it went through: time outside the range, budget left, time that no logger saw (Q7).

    Example: regenqc trace condition DP-0001-1
    """
    from regenqc.custody.trace import condition_of

    question = Question("condition", item, asking_of(known_at, true_at))
    found = ask(
        ledger, question, lambda view: condition_of(view, item, asking=question.asking), svg=svg, timeline_of=item
    )
    if as_json:
        print_json(found.document)
        return
    print_table(
        ("channel", "unit", "min", "max", "outside, s", "budget left, s", "logger gaps, s", "unwatched in transit, s"),
        [
            (
                each.channel,
                each.unit,
                "" if each.minimum is None else f"{each.minimum:f}",
                "" if each.maximum is None else f"{each.maximum:f}",
                f"{each.excursion_seconds:f}",
                "not recorded" if each.budget_seconds is None else f"{each.budget_seconds:f}",
                f"{each.gap_seconds:f}",
                f"{sum(stretch.seconds for stretch in each.unwatched):f}",
            )
            for each in found.answer
        ],
        empty="No logger saw it, and it was never in transit.",
    )


@app.command("identity")
def identity_command(
    coi: Annotated[str, typer.Argument(help="Chain-of-identity identifier.")],
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
    svg: Picture = None,
    item: Annotated[str, typer.Option("--item", help="With --svg: whose timeline; the last item of the chain.")] = "",
) -> None:
    """Whose it is, at every point at which that is stated (Q8). Leaves with 5 when a point does not agree.

    Example: regenqc trace identity COI-0001
    """
    from regenqc.custody.trace import identity_points

    question = Question("identity", coi, asking_of(known_at, true_at))
    found = ask(ledger, question, lambda view: identity_points(view, coi, asking=question.asking))
    points = found.answer
    if svg is not None and points:
        ask(ledger, question, lambda _: points, svg=svg, timeline_of=item or points[-1].item, points=points)
    is_whole = bool(points) and all(point.agrees for point in points)
    if as_json:
        print_json(found.document)
    else:
        print_table(
            ("agrees", "when", "what", "where", "item", "stated", "by"),
            [
                (
                    point.agrees,
                    point.event_time,
                    point.kind,
                    point.site,
                    point.item,
                    point.stated or "(not needed here)" if point.agrees else point.stated or "(missing)",
                    " and ".join(point.verified_by),
                )
                for point in points
            ],
            empty="No event states it.",
            most=_SHOWN,
        )
        said = "The chain of identity is whole." if is_whole else "The chain of identity is not whole."
        print_line(said, good=is_whole)
    raise typer.Exit(0 if is_whole else 5)


@app.command("evidence")
def evidence_command(
    code: Code,
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for the packet.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    back: Annotated[bool, typer.Option("--backward", help="Of what it came from, instead of what came of it.")] = False,
    known_at: KnownAt = None,
    true_at: TrueAt = None,
) -> None:
    """Write a packet: the answer, every event of every item in it, and a proof for each (Q9).

    Example: regenqc trace evidence ML-0001 --out recall-ML-0001
    """
    question = Question("backward" if back else "forward", code, asking_of(known_at, true_at))
    packet = write_packet(ledger, question, out=out, trust=read_policy_if_any(policy, home))
    print_line(f"{packet.events:,} events of {packet.items:,} items, each with its proof.", good=True)
    print_facts(
        [("folder", out), ("bytes", packet.bytes), ("to check", f"regenqc trace check {out} --policy policy.txt")]
    )


@app.command("check")
def check_command(
    packet: Annotated[Path, typer.Argument(help="Folder of an evidence packet.")],
    policy: Annotated[Path, typer.Option("--policy", help="Whom you believe: keys that you had before.")],
    as_json: AsJson = False,
) -> None:
    """Check every proof of an evidence packet, offline. Leaves with 5 when one does not hold.

    Example: regenqc trace check recall-ML-0001 --policy policy.txt
    """
    from regenqc.ledger.policy import parse_policy

    trust = parse_policy(read_file(policy).decode(errors="replace"))
    checked = check_packet(packet, trust, now=seconds_now())
    if as_json:
        print_json({"verified": True, "events": checked.events, "origin": checked.origin, "size": checked.size})
        return
    print_line(f"All {checked.events:,} events of the answer are in {checked.origin}.", good=True)
    print_facts(
        [("under", f"a checkpoint of {checked.size:,} entries"), ("not shown", "that the answer lacks nothing")]
    )


@app.command("completeness")
def completeness_command(code: Code, ledger: Ledger = "sqlite:///ledger.db", as_json: AsJson = False) -> None:
    """That nothing else used it: every entry of the log is read again and compared (Q10).

    Leaves with 5 when the tables and the log differ.

    Example: regenqc trace completeness ML-0001
    """
    from regenqc.custody.trace import completeness

    question = Question("completeness", code, asking_of(None, None))
    found = ask(ledger, question, lambda view: completeness(view, code))
    answer = found.answer
    if as_json:
        print_json(found.document)
    else:
        events = len({event for event, _ in answer.derived})
        said = f"{answer.entries:,} entries were read; {events:,} name {code}, and no other."
        wrong = f"The tables name {len(answer.answered):,} uses of {code}, the log {len(answer.derived):,}."
        print_line(said if answer.complete else wrong, good=answer.complete, detail=f"root {answer.root[:16]}…")
        digest = f"through {answer.digest_through:,} entries, {answer.digest[:16]}…" if answer.digest_through else ""
        print_facts([("projection digest", digest or "none yet")])
    raise typer.Exit(0 if answer.complete else 5)


@app.command("partner")
def partner_command(
    site: Annotated[str, typer.Argument(help="Code of the partner's site.")],
    ledger: Ledger = "sqlite:///ledger.db",
    known_at: KnownAt = None,
    true_at: TrueAt = None,
    as_json: AsJson = False,
) -> None:
    """What passed between a partner and others, and nothing of anybody else: one up, one down (Q11).

    Example: regenqc trace partner HOSPITAL-1 --json > for-hospital-1.json
    """
    from regenqc.custody.trace import partner_extract

    question = Question("partner", site, asking_of(known_at, true_at))
    found = ask(ledger, question, lambda view: partner_extract(view, site, asking=question.asking))
    if as_json:
        print_json(found.document)
        return
    print_table(
        ("item", "way", "when", "from", "to", "lot", "identity", "event"),
        [
            (
                each.item,
                each.direction,
                each.event_time,
                each.source,
                each.destination,
                each.lot,
                each.coi,
                each.event_id,
            )
            for each in found.answer
        ],
        empty="Nothing passed between them and others.",
        most=_SHOWN,
    )


def _print_trace(found: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(found.document)
        return
    trace: Trace = found.answer
    way = "came of" if trace.direction == "forward" else "went into"
    others = [item for item in trace.items if item.code != trace.start]
    print_line(f"{len(others):,} items {way} {trace.start} ({', '.join(trace.sorts)}).")
    _print_items(trace.items)
    late = sum(not item.in_time for item in trace.items)
    if late:
        print_line(f"{late:,} items are reached only against the clock; they stay in the answer.", good=False)


def _print_items(items: Any) -> None:
    print_table(
        ("item", "lot", "stage", "status", "left", "held by", "decision", "of or for"),
        [
            (
                item.code,
                item.state.lot,
                item.state.stage.replace("_", " "),
                _status(item),
                _left(item.state),
                _whereabouts(item.where),
                " ".join(filter(None, (item.state.decision, item.state.acceptance))),
                " ".join(filter(None, (item.state.donor, item.state.recipient))),
            )
            if item.state is not None
            else (item.code, "", "", "not known then", *[""] * 4)
            for item in items
        ],
        empty="Nothing.",
        most=_SHOWN,
    )


def _status(item: Any) -> str:
    state = item.state
    marks = ["recalled"] if state.recalled else ["lot recalled"] if item.lot_recalled else []
    return ", ".join([state.status, *marks, *(["under investigation"] if state.investigations else [])])


def _whereabouts(where: Any) -> str:
    held = " · ".join(filter(None, (where.holder, where.place)))
    return f"{held} → {where.heading}" if where.heading else held


def _left(state: Any) -> str:
    from regenqc.custody.state import left_of

    left = left_of(state)
    return f"{left:f} {state.unit}".strip() if state.made else ("1" if left else "0")
