"""The questions that `regenqc decide` asks on a terminal: one after the other, none with an answer proposed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from unicodedata import normalize

from regenqc.cli.terminal import console, visible
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.decision.answers import Answers, Confirmation
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.model import Decision

__all__ = ["ask", "ask_answers", "ask_kind"]


def ask(question: str, *, words: Sequence[str] = (), may_be_empty: bool = False) -> str:
    """Return what a person types; asked again until it is one of the words.

    Raises:
        UsageError: `RQC-U125`, there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            Fault(
                code="RQC-U125",
                what="A person has to answer, and there is no terminal.",
                where=question,
                action="Prepare the answers in a file: --answers FILE.toml",
            )
        )
    while True:
        blank = question[: len(question) - len(question.lstrip("\n"))]
        sys.stdout.write(f"{blank}{visible(question.lstrip(chr(10)))} ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        answer = normalize("NFC", line.strip())
        if (answer and not words) or answer in words or (may_be_empty and not answer):
            return answer
        console().print(f"  please type {' or '.join(words) or 'something'}", style="dim", markup=False)


def ask_kind(open_kinds: Sequence[str]) -> str:
    """Return the kind of decision."""
    return ask(f"\nDecision ({', '.join(open_kinds)})?", words=open_kinds)


def ask_answers(draft: Decision, checklist: Checklist, *, supersedes: str | None, departs: bool) -> Answers:
    """Return the answers about one batch.

    Args:
        draft: as shown.
        checklist: that applies.
        supersedes: decision that this one takes the place of.
        departs: whether it is another decision than the data propose.
    """
    from regenqc.decision.answers import Answers
    from regenqc.decision.rules import required_acknowledgements

    screen = console()
    acknowledged = []
    if draft.is_release:
        for each in required_acknowledgements(draft):
            screen.print(f"\n{each.kind.replace('_', ' ')}: {visible(each.text)}", markup=False)
            ask(f"Acknowledge it by its name, {each.id}:", words=[each.id])
            acknowledged.append(f"{each.kind}:{each.id}")
    confirmed: dict[str, Confirmation] = {}
    if draft.is_release:
        items = checklist.items_of(draft.kind)
        for number, item in enumerate(items, start=1):
            warning = "" if item.mark.value == "verified" else f", {item.mark.value}"
            screen.print(f"\n{number} of {len(items)}  {item.text}", markup=False)
            screen.print(f"  {item.citation}{warning}", style="dim", markup=False)
            confirmed[item.id] = _confirmed(may_not_apply=item.may_not_apply)
    exceptional = {}
    if draft.kind == "exceptional_release":
        for document in checklist.exceptional:
            screen.print(f"\n{document.text}", markup=False)
            screen.print(f"  {document.citation}", style="dim", markup=False)
            exceptional[document.id] = ask("Identifier of the document:")
    return Answers(
        batch_id=draft.batch_id,
        kind=draft.kind,
        checklist=confirmed,
        acknowledged=tuple(acknowledged),
        justification=ask("\nThe decision departs from the disposition. Why?") if departs else "",
        exceptional=exceptional,
        supersedes=supersedes,
        reason=ask(f"\nIt supersedes {supersedes}. Why?") if supersedes is not None else "",
    )


def _confirmed(*, may_not_apply: bool) -> Confirmation:
    from regenqc.decision.answers import Confirmation

    words = {"yes": "yes", "no": "no"} | ({"n/a": "not_applicable"} if may_not_apply else {})
    answer = words[ask(f"  confirmed ({', '.join(words)})?", words=list(words))]
    comment = ask("  why it does not apply:") if answer == "not_applicable" else ""
    return Confirmation(answer=answer, comment=comment)  # type: ignore[arg-type] # the words are closed
