"""A decision on the screen: exceptions first, then everything else that the signature covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from regenqc.cli.terminal import MARKS, console, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from regenqc.decision.checklist import Checklist
    from regenqc.decision.model import Decision, ResultRow

__all__ = ["print_answers", "print_evidence", "print_signatures"]

# Worst first; a symbol stands beside every colour.
_VERDICTS: Final = {
    "fails": ("✘", "red"),
    "inconclusive": ("■", "yellow"),
    "missing": ("□", "yellow"),
    "pending": ("◔", "cyan"),
    "alert": ("▲", "magenta"),
    "conforms": ("✔", "green"),
}
_KINDS: Final = {
    "release": ("✔", "green"),
    "conditional_release": ("◔", "cyan"),
    "exceptional_release": ("▲", "magenta"),
    "reject": ("✘", "red"),
    "withdrawal": ("↩", "yellow"),
}
_LONGEST: Final = 4_000


def print_evidence(decision: Decision) -> None:
    """Print what the engine found: head, exceptions, results, what was removed and what is pending."""
    screen = console()
    symbol, style = MARKS[decision.disposition]
    screen.print()
    screen.print(
        _line((_shown(decision.batch_id), "bold"), ("  "), (f"{symbol} {decision.disposition}", f"bold {style}"))
    )
    judged = f"judged as of {decision.evaluation.as_of} by {decision.evaluation.engine}"
    specification = f"{decision.spec.id} {decision.spec.version}"
    screen.print(_line((f"{decision.stage.replace('_', ' ')} · {specification} · {judged}", "dim")))
    if decision.lot:
        lot = " · ".join(f"{each.name.replace('_', ' ')} {each.value}" for each in decision.lot)
        screen.print(_line((_shown(lot), "dim")))
    _print_exceptions(decision)
    _print_results(decision)
    _print_documents(decision)
    if decision.removed:
        _title("Removed by the specification")
        _grid([(_shown(each.requirement_id), _shown(each.justification)) for each in decision.removed])


def print_answers(decision: Decision, checklist: Checklist | None = None) -> None:
    """Print what the person answered and decides: the part that the signature adds to the evidence."""
    if decision.acknowledged:
        _title("Acknowledged")
        _grid(
            [(f"{each.kind.replace('_', ' ')}: {_shown(each.id)}", _shown(each.text)) for each in decision.acknowledged]
        )
    if decision.checklist:
        _title(f"Checklist {decision.checklist_id}" + (f": {checklist.title}" if checklist is not None else ""))
        _grid(
            [
                (
                    {"yes": "✔ yes", "no": "✘ no", "not_applicable": "– not applicable"}[answer.answer],
                    _cited(answer.text, answer.citation, answer.mark, answer.comment),
                )
                for answer in decision.checklist
            ]
        )
    if decision.exceptional:
        _title("Exceptional path")
        _grid([(_shown(each.reference), _cited(each.text, each.citation, each.mark)) for each in decision.exceptional])
    symbol, style = _KINDS[decision.kind]
    _title("Decision")
    facts: list[tuple[Any, Any]] = [
        ("decision", _line((f"{symbol} {decision.kind.replace('_', ' ')}", f"bold {style}"))),
        ("justification", _shown(decision.justification)),
        ("supersedes", decision.supersedes or ""),
        ("reason", _shown(decision.reason)),
        ("audit trail", f"{_number(decision.audit.entries)}, {decision.audit.digest[:23]}…"),
        ("prepared", f"by {decision.prepared_by}, {decision.made_at}"),
        ("identifier", decision.decision_id),
    ]
    _grid([fact for fact in facts if fact[1]])


def print_signatures(decision: Decision) -> None:
    """Print the signatures that a decision has, and those that it waits for."""
    _title("Signatures")
    rows: list[tuple[Any, Any]] = []
    for number, rule in enumerate(decision.required_signatures):
        meaning = rule.meaning.replace("_", " ")
        if number < len(decision.signatures):
            made = decision.signatures[number]
            text = _line(
                (_shown(made.printed_name), "bold"),
                f", {made.person_id}, {made.role.replace('_', ' ')}, {made.signed_at}\n",
                (f"{made.digest}", "dim"),
            )
            rows.append((_line(("✔ ", "green"), meaning), text))
        else:
            rows.append((_line(("□ ", "yellow"), meaning), _cited(rule.text, rule.citation, rule.mark)))
    _grid(rows)


def _print_exceptions(decision: Decision) -> None:
    # Absent when there are none: an empty table would be one more thing to read.
    if not decision.findings:
        console().print(_line(("\n✔ ", "green"), "no exceptions"))
        return
    _title(f"Exceptions ({len(decision.findings)})")
    order = {name: number for number, name in enumerate(_VERDICTS)}
    rows = []
    for each in sorted(decision.findings, key=lambda finding: order[_word(finding)]):
        symbol, style = _VERDICTS[_word(each)]
        rows.append((_line((f"{symbol} {_word(each)}", style)), _shown(each.requirement_id), _shown(each.explanation)))
    _grid(rows)


def _word(finding: Any) -> str:
    return "pending" if finding.reason_code == "pending" else str(finding.verdict)


def _print_results(decision: Decision) -> None:
    from rich.table import Table

    if not decision.results:
        return
    _title(f"Results ({len(decision.results)})")
    table = Table(box=None, show_edge=False, pad_edge=False, header_style="dim")
    has_methods = any(row.method for row in decision.results)
    for name in ("", "test", "reported", "required", *(["method"] if has_methods else [])):
        table.add_column(name, overflow="fold")
    for row in decision.results:
        symbol, style = _mark(row)
        reported = _line((_shown(f"{row.reported} {row.unit}".strip()), "" if row.counts else "dim strike"))
        if row.changed:
            reported.append(f"\n△ {_shown(row.changed)}", style="magenta")
        test = _line((_shown(row.test), "dim" if row.computed else ""), (" (computed)" if row.computed else "", "dim"))
        method = [_line((_shown(row.method), "dim"))] if has_methods else []
        table.add_row(_line((symbol, style)), test, reported, _line(_shown(row.limit)), *method)
    console().print(table)
    marks = [
        f"△ changed after entry, set aside or retested: {sum(1 for row in decision.results if row.changed)}"
        if any(row.changed for row in decision.results)
        else "",
        "· does not count" if any(not row.counts for row in decision.results) else "",
        "∘ counts together with others" if any(_counts_with_others(row) for row in decision.results) else "",
    ]
    if any(marks):
        console().print(_line(("   ".join(filter(None, marks)), "dim")))


def _mark(row: ResultRow) -> tuple[str, str]:
    if not row.counts:
        return ("·", "dim")
    return ("∘", "dim") if _counts_with_others(row) else _VERDICTS[row.verdict]


def _counts_with_others(row: ResultRow) -> bool:
    return row.reason_code == "judged_with_others"


def _print_documents(decision: Decision) -> None:
    """Print the conforming cells that no row of results shows: documents, built-in checks."""
    shown = {name for row in decision.results for name in row.requirement_id.split(", ")}
    named = {finding.requirement_id for finding in decision.findings}
    rows = [
        (_line(("✔", "green")), _shown(each.title), _line((_shown(each.limit), "dim")))
        for each in decision.requirements
        if each.requirement_id not in shown | named
    ]
    if rows:
        _title("Also confirmed by the evaluation")
        _grid(rows)


def _number(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"


def _title(text: str) -> None:
    console().print(_line((f"\n{text}", "bold")))


def _grid(rows: Sequence[Sequence[Any]]) -> None:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for _ in rows[0][:-1]:
        table.add_column(overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    for row in rows:
        table.add_row(*(_line(cell) if isinstance(cell, str) else cell for cell in row))
    console().print(table)


def _cited(text: str, citation: str, mark: str, comment: str = "") -> Text:
    # A mark is only shown where it is a warning: most sources are verified.
    warning = "" if mark == "verified" else f", {mark}"
    line = _line(_shown(text), (f"  {_shown(citation)}{warning}", "dim"))
    if comment:
        line.append(f"\n{_shown(comment)}", style="italic")
    return line


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts)


def _shown(text: str) -> str:
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]}… ({len(text):,} characters)"
    return visible(short)
