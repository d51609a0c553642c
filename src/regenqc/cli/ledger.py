"""`regenqc ledger`: make a ledger, enrol people, record events, look at what is recorded."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli import ledger_copies, ledger_proof, ledger_rotation, ledger_witness
from regenqc.cli.ledger_place import (
    AsJson,
    Home,
    HomeOption,
    Ledger,
    moment_now,
    open_book,
    open_log,
    read_file,
    read_secret_key,
    read_site,
    write_file,
)
from regenqc.cli.ledger_screen import print_facts, print_json, print_line, print_table
from regenqc.errors import fault_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regenqc.custody import Declined, Noted
    from regenqc.ledger.keys import KeyPurpose as NotePurpose

__all__ = ["app"]

app = typer.Typer(
    help="Record, verify, checkpoint, prove, witness, export: a chain of custody that can be believed.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_SHOWN = 20
_SHOWN_ACTIONS = 5
_EVENTS_AT_ONCE = 10_000


class KeyPurpose(StrEnum):
    """What a key is for."""

    PERSON = "person"
    LOG = "log"
    LOG_ML_DSA_44 = "log-ml-dsa-44"
    WITNESS = "witness"
    WITNESS_ML_DSA_44 = "witness-ml-dsa-44"


@app.command("init")
def init_command(
    origin: Annotated[str, typer.Option("--origin", help="Identity of the log for ever, e.g. maker.example/ledger.")],
    site: Annotated[str, typer.Option("--site", help="Code of this site, as events name it.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    system: Annotated[str, typer.Option("--system", help="Pseudonym of this installation.")] = "SYSTEM-0001",
    zone: Annotated[str, typer.Option("--zone", help="Offset of the site's clock.")] = "+00:00",
) -> None:
    """Make a ledger, its key, its rules and its policy; enrol the system that records.

    Example: regenqc ledger init --origin maker.example/ledger --site MAKER-1
    """
    import secrets

    from regenqc.custody.site import parse_site, site_text
    from regenqc.ledger import Policy, make_key, parse_secret_key

    place = Home(home)
    text = site_text(code=site, system=system, zone=zone)
    described = parse_site(text, where="--site, --system or --zone")
    secret = make_key(origin, purpose="log", random=secrets.token_bytes)
    verifier = parse_secret_key(secret).verifier
    # A key that is there already is never replaced; it is written first, so nothing else changes then.
    write_file(place.key, f"{secret}\n".encode(), mode=0o600)
    write_file(place.site, text.encode())
    write_file(place.public_key, f"{verifier.text}\n".encode())
    write_file(place.policy, Policy.of([verifier]).text.encode())
    with open_book(ledger, site=described, origin=origin) as book:
        if book.log.size == 0:
            roles = ("system", "records")
            book.append_one(described.recorded("actor_enrolled", now=moment_now(), person=system, roles=roles))
    print_line(f"{origin} is ready.", good=True)
    print_facts(
        [
            ("ledger", ledger),
            ("rules", place.site),
            ("key", f"{place.key}, secret: keep a copy elsewhere"),
            ("policy", f"{place.policy}, to be handed to whoever shall verify"),
            ("public key", verifier.text),
        ]
    )


@app.command("key")
def key_command(
    name: Annotated[str, typer.Argument(help="Pseudonym of a person, name of a witness, or origin of a log.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the secret key; FILE.pub holds the public one.")],
    purpose: Annotated[KeyPurpose, typer.Option("--for", help="What it is for.")] = KeyPurpose.PERSON,
) -> None:
    """Make a key: a secret file that only you can read, and a public line for others to pin.

    Example: regenqc ledger key PHARM-0099 --out pharm-0099.key
    """
    import secrets

    from regenqc.ledger import make_key, parse_secret_key

    kinds: dict[KeyPurpose, NotePurpose] = {
        KeyPurpose.PERSON: "log",
        KeyPurpose.LOG: "log",
        KeyPurpose.LOG_ML_DSA_44: "log-ml-dsa-44",
        KeyPurpose.WITNESS: "witness",
        KeyPurpose.WITNESS_ML_DSA_44: "witness-ml-dsa-44",
    }
    secret = make_key(name, purpose=kinds[purpose], random=secrets.token_bytes)
    public = parse_secret_key(secret).verifier.text
    write_file(out, f"{secret}\n".encode(), mode=0o600)
    write_file(out.with_name(f"{out.name}.pub"), f"{public}\n".encode())
    print_line(public)


@app.command("enrol")
def enrol_command(
    person: Annotated[str, typer.Argument(help="Pseudonym of the person; never a name.")],
    role: Annotated[list[str], typer.Option("--role", "-r", help="Role; may be given several times.")],
    key: Annotated[list[Path] | None, typer.Option("--key", "-k", help="File with a public key of theirs.")] = None,
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
) -> None:
    """Enrol a person with roles and keys, so that they may act.

    Example: regenqc ledger enrol PHARM-0099 --role pharmacist --key pharm-0099.key.pub
    """
    site = read_site(home)
    keys = [read_file(path).decode(errors="replace").strip() for path in key or []]
    with open_book(ledger, site=site) as book:
        enrolled = site.recorded("actor_enrolled", now=moment_now(), person=person, roles=tuple(role), keys=tuple(keys))
        noted = book.append_one(enrolled)
    print_line(f"{person} is enrolled as {', '.join(role)}.", good=True, detail=f"entry {noted.index}")


@app.command("append")
def append_command(
    files: Annotated[list[str], typer.Argument(help="Events: JSON Lines or a JSON array; - for standard input.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    sign: Annotated[
        list[Path] | None, typer.Option("--sign", help="Secret key of an actor; may be given several times.")
    ] = None,
    offered_by: Annotated[str, typer.Option("--by", help="Who offers the events, for the refusal log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Record events; what the rules refuse goes to the refusal log with the rule and the reason.

    Leaves with 3 when an event was refused; the others are recorded.

    Example: regenqc ledger append events.jsonl --sign pharm-0099.key
    """
    site = read_site(home)
    signers = [read_secret_key(path) for path in sign or []]
    outcomes: list[Noted | Declined] = []
    unread: dict[int, str] = {}
    with open_book(ledger, site=site) as book:
        offers = _offers(files, signers, unread)
        for some in book.append_many(offers, offered_by=offered_by, per_transaction=_EVENTS_AT_ONCE):
            outcomes += some
    raise typer.Exit(print_outcomes(outcomes, as_json=as_json, unread=unread))


@app.command("status")
def status_command(ledger: Ledger = "sqlite:///ledger.db", as_json: AsJson = False) -> None:
    """Say what a ledger is, how large, and how much of it is signed.

    Example: regenqc ledger status --ledger sqlite:///ledger.db
    """
    with open_log(ledger) as log:
        signed = next(iter(log.checkpoints(newest_first=True)), None)
        size = log.size
        facts: dict[str, Any] = {
            "origin": log.origin,
            "entries": size,
            "signed": signed.size if signed is not None else 0,
            "unsigned": size - (signed.size if signed is not None else 0),
            "signatures": [found.name for found in signed.note.signatures] if signed is not None else [],
            "store": dict(log.store.describe()),
        }
    if as_json:
        print_json(facts)
        return
    print_facts(
        [
            ("origin", facts["origin"]),
            ("entries", size),
            ("signed", facts["signed"]),
            ("not yet signed", facts["unsigned"]),
            ("signed by", ", ".join(facts["signatures"]) or "nobody yet"),
            *facts["store"].items(),
        ]
    )


@app.command("show")
def show_command(
    what: Annotated[str, typer.Argument(help="An event_id, or the index of an entry.")],
    ledger: Ledger = "sqlite:///ledger.db",
    raw: Annotated[bool, typer.Option("--raw", help="Print exactly the bytes that were hashed.")] = False,
) -> None:
    """Show one recorded event.

    Example: regenqc ledger show 0
    """
    with open_log(ledger) as log:
        entry = ledger_proof.entry_named(log, what)
    if raw:
        sys.stdout.buffer.write(entry.body)
        return
    print_json(json.loads(entry.body))


@app.command("refusals")
def refusals_command(
    ledger: Ledger = "sqlite:///ledger.db",
    after: Annotated[int, typer.Option("--after", help="Only those behind this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List what was refused: when, who offered it, and by which rules.

    Example: regenqc ledger refusals
    """
    with open_book(ledger, read_only=True) as book:
        found = book.refusals(after=after)
    if as_json:
        print_json(
            [
                {
                    "number": each.number,
                    "refused_at": each.refused_at,
                    "offered_by": each.offered_by,
                    "event_id": each.event_id,
                    "digest": f"sha256:{each.digest.hex()}",
                    "rules": each.rules,
                    "faults": [fault_value(fault) for fault in each.faults],
                }
                for each in found
            ]
        )
        return
    print_table(
        ("no.", "refused at", "offered by", "event", "rule", "why"),
        [
            (
                each.number,
                each.refused_at,
                each.offered_by,
                each.event_id,
                " ".join(each.rules),
                each.faults[0].what if each.faults else "erased",
            )
            for each in found
        ],
        empty="Nothing was refused.",
    )


app.command("verify")(ledger_proof.verify_command)
app.command("checkpoint")(ledger_proof.checkpoint_command)
app.command("prove")(ledger_proof.prove_command)
app.command("check")(ledger_proof.check_command)
app.command("stamp")(ledger_proof.stamp_command)
app.command("export")(ledger_copies.export_command)
app.command("import")(ledger_copies.import_command)
app.command("backup")(ledger_copies.backup_command)
app.command("drill")(ledger_copies.drill_command)
app.command("rotate")(ledger_rotation.rotate_command)
app.command("policy")(ledger_witness.policy_command)
app.add_typer(ledger_witness.app, name="witness")


def print_outcomes(
    outcomes: Sequence[Noted | Declined], *, as_json: bool, unread: Mapping[int, str] | None = None
) -> int:
    """Print what became of events; return the exit code: 0 when all are recorded, 3 when one was refused.

    Args:
        outcomes: of the events, in the order in which they were offered.
        as_json: print values of JSON.
        unread: of those that are no event, by their place among the others, where they stand.
    """
    from regenqc.custody import Declined, Noted

    noted = [outcome for outcome in outcomes if isinstance(outcome, Noted)]
    declined = [
        (outcome.event_id or (unread or {}).get(place, "(not an event)"), outcome)
        for place, outcome in enumerate(outcomes)
        if isinstance(outcome, Declined)
    ]
    again = sum(outcome.again for outcome in noted)
    if as_json:
        print_json(
            {
                "recorded": [
                    {"event_id": each.event_id, "index": each.index, "leaf": each.leaf.hex(), "again": each.again}
                    for each in noted
                ],
                "refused": [
                    {
                        "event_id": each.event_id,
                        **({} if each.event_id else {"at": name}),
                        "faults": [fault_value(fault) for fault in each.faults],
                    }
                    for name, each in declined
                ],
            }
        )
        return 3 if declined else 0
    detail = f"{again:,} of them were there already" if again else ""
    print_line(f"{len(noted):,} recorded, {len(declined):,} refused", good=not declined, detail=detail)
    if not declined:
        return 0
    faults = [(name, fault) for name, each in declined for fault in each.faults]
    print_table(
        ("event", "rule", "why", "where", "got", "expected"),
        [
            (name, fault.code, fault.what, "" if fault.where == name else fault.where, fault.got, fault.expected)
            for name, fault in faults
        ],
        empty="",
        most=_SHOWN,
    )
    for action in list(dict.fromkeys(fault.action for _, fault in faults[:_SHOWN] if fault.action))[:_SHOWN_ACTIONS]:
        print_line("", detail=f"→ {action}")
    return 3


def _content(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else read_file(Path(name))


def _offers(files: Sequence[str], signers: Sequence[Any], unread: dict[int, str]) -> Iterator[Any]:
    """Yield what to offer to the book: events in canonical bytes, or signed; whatever is no event goes as it came.

    Args:
        files: to read.
        signers: who sign.
        unread: takes the place of what is no event, and where it stands.
    """
    count = 0
    for name in files:
        for where, as_it_came, value in _events_in(_content(name)):
            offer = _offer(as_it_came, value, signers)
            if offer is None:
                unread[count] = f"{'standard input' if name == '-' else name}, {where}"
                offer = as_it_came
            yield offer
            count += 1


def _events_in(data: bytes) -> Iterator[tuple[str, bytes, Any]]:
    """Yield the events of a file: where they stand, as they came, and what that says, `None` where it is not read yet."""
    if data.lstrip()[:1] != b"[":
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                yield f"line {number}", line, None
        return
    listed = _value_of(data)
    if not isinstance(listed, list):
        yield "as a whole", data, None
        return
    for number, value in enumerate(listed, start=1):
        yield f"element {number}", json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace"), value


def _value_of(data: bytes) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member is there twice")
    return value


def _offer(as_it_came: bytes, value: Any, signers: Sequence[Any]) -> Any:
    """Return an event in canonical bytes, or signed; `None` for what is no event."""
    from regenqc.custody import canonical_json, decode_event
    from regenqc.custody.people_keys import signed_event
    from regenqc.errors import DataError

    try:
        event = decode_event(as_it_came)
    except DataError:
        value = value if value is not None else _value_of(as_it_came)
        if not isinstance(value, dict):
            return None
        try:
            data = canonical_json(value)
            event = decode_event(data)
        except DataError:
            return None
    else:
        data = as_it_came
    return signed_event(event, signers) if signers else data
