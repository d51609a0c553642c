"""The trace picture of `regenqc demo`: what came of a donation, drawn as a tree on the terminal and as SVG in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.text import Text

    from regenqc.cli.demo_life import Life
    from regenqc.custody.trace import Reader, Trace, TracedItem

__all__ = ["print_life"]

_DONOR: Final = "DONOR-006"
_DOSE: Final = "HP-00000057-1"
_NOTHING: Final = -1


def print_life(screen: Console, life: Life, pictures: Path) -> None:
    """Print what came of the donation, who held one dose, and what the ledger shows; draw both.

    Args:
        screen: to print on.
        life: as recorded.
        pictures: folder for them.
    """
    from regenqc.cli.ledger_place import open_book
    from regenqc.custody.picture import lineage_picture, timeline_picture
    from regenqc.custody.trace import (
        Reader,
        condition_of,
        custody_findings,
        custody_spans,
        forward,
        identity_points,
        reconcile,
    )

    with open_book(life.url, read_only=True) as book, book.read() as view:
        reader = Reader(view)
        trace = forward(view, _DONOR)
        events = {index: reader.event(index) for index in trace.events}
        for line in _drawn(trace, reader):
            screen.print(line)
        steps = reader.life(_DOSE)
        spans, findings = custody_spans(view, _DOSE), custody_findings(view, _DOSE)
        channels, points = condition_of(view, _DOSE), identity_points(view, steps[-1].state.coi)
        verified = [point for point in points if point.item == _DOSE and point.required]
        balances = reconcile(view, [item.code for item in trace.items])
        drawn = {
            "lineage.svg": lineage_picture(trace, events),
            "custody.svg": timeline_picture(
                _DOSE, steps=steps, spans=spans, findings=findings, channels=channels, points=points
            ),
        }
    pictures.mkdir(exist_ok=True)
    for name, text in drawn.items():
        (pictures / name).write_text(text, encoding="utf-8")
    holders = [span.holder for span in spans]
    held = [name for number, name in enumerate(holders) if number == 0 or holders[number - 1] != name]
    open_ones = [item for balance in balances for item in balance.unaccounted_items]
    _say(screen, not findings, f"held by {' → '.join(held)}", "without gap", f"{len(findings)} findings")
    agree = all(point.agrees for point in verified)
    _say(screen, agree, f"identity verified at {len(verified)} points", "the same at each", "NOT the same at each")
    for channel in channels:
        seen = f"on the way {channel.minimum} to {channel.maximum} {channel.unit}"
        _say(screen, not channel.unwatched, seen, "a logger saw all of it", "not all of it seen by a logger")
    _say(
        screen, not open_ones, "of all that was made", "nothing is unaccounted for", f"missing: {', '.join(open_ones)}"
    )
    screen.print(
        f"  [green]✔[/] {life.entries} entries, signed; {life.proof_size:,} bytes prove offline that the release is among them"
    )


def _say(screen: Console, is_good: bool, what: str, good: str, bad: str) -> None:  # noqa: FBT001 - chooses the words
    mark, said = ("[green]✔[/]", good) if is_good else ("[red]✘[/]", bad)
    screen.print(f"  {mark} {_DOSE}: {what}, {said}")


def _drawn(trace: Trace, reader: Reader) -> Iterator[Text]:
    """Yield a forward trace as lines: every event that made something, below the one that made what it used."""
    from rich.text import Text

    from regenqc.custody.kinds import KINDS

    makers = {item.code: item.state.created for item in trace.items if item.state is not None}
    sources = {(link.event, link.target): link.source for link in trace.links}
    following: dict[int, list[int]] = {}
    for code, made_by in makers.items():
        used = makers.get(sources.get((made_by, code), ""), _NOTHING)
        if made_by not in following.setdefault(used, []):
            following[used].append(made_by)

    def below(maker: int, rail: str) -> Iterator[Text]:
        # What has one successor goes straight on; where the way parts, there is a branch for each.
        made = following.get(maker, [])
        for number, each in enumerate(made):
            is_last = number == len(made) - 1
            event = reader.event(each)
            knee = "│ " if len(made) == 1 else "└─" if is_last else "├─"
            line = Text.assemble(
                (f"  {rail}{knee} {event.event_time[:10]} ", "dim"), KINDS[event.kind].title, (" ▸ ", "dim")
            )
            yield line.append(_made([item for item in trace.items if makers.get(item.code) == each]))
            yield from below(each, rail if len(made) == 1 else f"{rail}{'   ' if is_last else '│  '}")

    yield Text(f"  {trace.start}", style="bold")
    yield from below(_NOTHING, "")


def _made(items: Sequence[TracedItem]) -> Text:
    """Return what was made, and where it is now unless it went into something else."""
    from rich.text import Text

    from regenqc.custody.state import Status

    fates: dict[tuple[str, str], list[str]] = {}
    for item in items:
        fate = ("", "")
        if item.state is not None and item.where is not None and item.state.status == Status.ACTIVE:
            fate = (f" ({item.where.place or item.where.holder})", "dim")
        elif item.state is not None and item.where is not None and item.state.status != Status.USED:
            fate = (f" ({item.state.status} at {item.where.holder})", "cyan")
        fates.setdefault(fate, []).append(item.code)
    # Codes of one event differ in their end only: after the first one, the end says enough.
    stem = items[0].code.rpartition("-")[0]
    short = {item.code: f"…{item.code.removeprefix(stem)}" for item in items[1:] if stem and item.code.startswith(stem)}
    return Text(", ").join(
        Text.assemble(", ".join(short.get(code, code) for code in codes), fate) for fate, codes in fates.items()
    )
