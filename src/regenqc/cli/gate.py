"""`regenqc gate`: may this be given to this patient, here, now, by these two people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import (
    AsJson,
    HomeOption,
    Ledger,
    PolicyFile,
    moment_now,
    open_book,
    open_log,
    read_file,
    read_policy,
    read_secret_key,
    read_site,
)
from regenqc.cli.ledger_screen import print_json, print_line
from regenqc.cli.trace_answers import moment_stated
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.reinspection.gate import GateAnswer, GateRules

__all__ = ["gate_command", "person_stated", "print_gate", "read_gate_rules"]


def gate_command(
    item: Annotated[str, typer.Argument(help="Code on the container.")],
    recipient: Annotated[str, typer.Option("--recipient", help="Pseudonym of the patient, as read at the bedside.")],
    by: Annotated[str, typer.Option("--by", help="Who would give it: PERSON:role.")],
    beside: Annotated[str, typer.Option("--with", help="Who checks it with them: PERSON:role.")],
    coi: Annotated[str, typer.Option("--coi", help="Chain-of-identity identifier, as read from the label.")] = "",
    site: Annotated[str | None, typer.Option("--site", help="Where; the site of the home when not stated.")] = None,
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", help="Network down: the last signed checkpoint; its age is said and judged."),
    ] = None,
    policy: PolicyFile = None,
    now: Annotated[
        str | None, typer.Option("--now", help="Moment to ask for, ISO 8601 with zone; the clock when not stated.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Record the answer in the ledger, once.")] = False,
    sign: Annotated[
        list[Path] | None,
        typer.Option("--sign", help="With --record: secret key of who asks; may be given several times."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show the conditions that hold, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer go or no-go for one dose at the bedside, with every reason, from the ledger alone.

    Leaves with 0 for go and with 1 for no-go; with 5 when the answer was to be recorded and could not be.

    Example: regenqc gate DP-0001-1 --recipient PATIENT-0815 --coi COI-0001 --by NURSE-0501:nurse --with PHYS-0077:physician
    """
    from regenqc.reinspection.gate import Question, ask_gate, gate_value, known_checkpoint

    (actor, role), (second_actor, second_role) = person_stated(by, "--by"), person_stated(beside, "--with")
    moment = moment_stated(now, "--now") if now is not None else moment_now()
    question = Question(
        item=item,
        recipient=recipient,
        coi=coi,
        site=site if site is not None else read_site(home).code,
        actor=actor,
        role=role,
        second_actor=second_actor,
        second_role=second_role,
        now=moment,
    )
    rules = read_gate_rules(home)
    if record and checkpoint is not None:
        raise UsageError(
            Fault(
                code="RQC-U152",
                what="An answer given by a copy of the ledger is not recorded in that copy.",
                where="--record",
                got="--checkpoint",
                expected="one of them",
                action="Ask again with --record when the network is back.",
            )
        )
    with open_log(ledger) as log, log.read() as view:
        known = (
            known_checkpoint(view, read_file(checkpoint), policy=read_policy(policy, home), now=moment)
            if checkpoint is not None
            else None
        )
        answer = ask_gate(view, question, rules=rules, checkpoint=known)
    if as_json:
        print_json(gate_value(answer))
    else:
        print_gate(answer, every=every)
    if record:
        _record(answer, ledger, home, sign or [], quiet=as_json)
    raise typer.Exit(0 if answer.is_go else 1)


def _record(answer: GateAnswer, ledger: str, home: Path, keys: list[Path], *, quiet: bool) -> None:
    from regenqc.custody.people_keys import signed_event
    from regenqc.custody.repeated import as_recorded
    from regenqc.reinspection.gate.recording import MADE_ANEW, answer_event

    site = read_site(home)
    signers = [read_secret_key(path) for path in keys]
    with open_book(ledger, site=site) as book:
        made = answer_event(answer, zone=site.zone, recorded_at=moment_now())
        (event,) = as_recorded(book.log, [made], members=(*MADE_ANEW, "signatures"))
        noted = book.append_one(signed_event(event, signers) if signers and not event.signatures else event)
    if not quiet:
        print_line(
            f"recorded: {event.outcome}",
            good=True,
            detail=f"entry {noted.index}{', it was there already' if noted.again else ''}",
        )


def read_gate_rules(home: Path) -> GateRules:
    """Return what the site decides about its gate; what it does not decide, blocks where it is needed."""
    from regenqc.reinspection.gate import GateRules, parse_gate_rules

    path = home / "gate.toml"
    if not path.exists():
        return GateRules()
    return parse_gate_rules(read_file(path).decode(errors="replace"), where=str(path))


def print_gate(answer: GateAnswer, *, every: bool) -> None:
    """Print an answer: the word first, then every reason."""
    print_line(
        "GO" if answer.is_go else "NO-GO",
        good=answer.is_go,
        detail=f"{answer.question.item} for {answer.question.recipient} at {answer.question.site}, {answer.question.now}",
        bold=True,
    )
    for each in answer.answered:
        for reason in each.reasons:
            print_line(reason.got, good=False, detail=f"needed: {reason.expected}  {each.condition.name} {reason.code}")
            if reason.action:
                print_line(f"  {reason.action}")
        if each.reasons:
            continue
        if every and each.applies:
            print_line(each.condition.sentence, good=True, detail=each.condition.code)
        elif every:
            print_line("", detail=f"– {each.condition.sentence} Not asked: {each.condition.otherwise}.")
    asked = sum(each.applies for each in answer.answered)
    held = sum(each.holds for each in answer.answered)
    known = answer.checkpoint
    fresh = f"; network down, last checkpoint {known.age_text} old" if known is not None and not known.fault else ""
    print_line(
        "",
        detail=f"{held} of {asked} conditions hold; {answer.size:,} events known, "
        f"the last of {answer.last_recorded_at or 'never'}{fresh}",
    )


def person_stated(text: str, option: str) -> tuple[str, str]:
    """Return pseudonym and role of `PERSON:role`.

    Raises:
        UsageError: `RQC-U140`, one of them is not stated.
    """
    person, colon, role = text.rpartition(":")
    if not (person and colon and role):
        raise UsageError(
            Fault(
                code="RQC-U140",
                what="A person is stated with the role in which they act.",
                where=option,
                got=text,
                expected="PERSON:role, as NURSE-0501:nurse",
            )
        )
    return person, role
