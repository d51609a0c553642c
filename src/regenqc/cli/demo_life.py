"""One lot's whole life in `regenqc demo`: recorded in a ledger, every event signed by whoever answers for it, and proved."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.cli.demo_office import PASSWORD, SIGNER
from regenqc.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from regenqc.custody import Book, Event
    from regenqc.custody.site import Site
    from regenqc.decision.model import Decision
    from regenqc.evaluation import Evaluation
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.tokens import TokenKeyFile

__all__ = ["LIFE_LOT", "Life", "record_life"]

LIFE_LOT: Final = "HP-00000057"
_SITE: Final = "MAKER-1"
_SYSTEM: Final = "SYSTEM-0001"
_ORIGIN: Final = "maker.example/demonstration"
# The story ends here; nothing in it is later.
_NOW: Final = "2026-07-31T00:00:00.000Z"
_BEGINS: Final = "2025-09-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Life:
    """Hold what the ledger says of the lot.

    Args:
        url: of the ledger.
        entries: in it.
        policy: whom to believe, for those who check proofs.
        proof: entry of the release decision and its proof.
        proved: digests that the entry names.
    """

    url: str
    entries: int
    policy: str
    proof: tuple[str, str]
    proved: tuple[str, ...]

    @property
    def proof_size(self) -> int:
        """Return the bytes that a hospital needs to check the decision against the ledger."""
        return sum(len(part.encode()) for part in self.proof)


def record_life(
    story: Path, folder: Path, *, evaluation: Evaluation, decision: Decision, key: KeyFile | TokenKeyFile
) -> Life:
    """Record the life of a lot, sign the ledger and prove the release decision.

    Args:
        story: file of the events, all but evaluation and release.
        folder: for ledger, key and rules of the site.
        evaluation: in which the lot was judged.
        decision: that released it.
        key: of whoever signed it.
    """
    from regenqc.custody import Book, Declined, decode_event
    from regenqc.custody.evaluation_event import evaluation_events, items_of_batch
    from regenqc.custody.moments import milliseconds_of, moment_of
    from regenqc.custody.people_keys import signed_event
    from regenqc.custody.site import parse_site, site_text
    from regenqc.decision.recording import append_decision
    from regenqc.ledger import CheckpointMemory, Policy, make_key, parse_secret_key
    from regenqc.ledger.note import Ed25519Signer, Ed25519Verifier
    from regenqc.signing.moments import read_moment
    from regenqc.signing.opening import open_any_key

    folder.mkdir(parents=True)
    rules, secret = (
        site_text(code=_SITE, system=_SYSTEM, zone="+00:00"),
        make_key(_ORIGIN, purpose="log", random=secrets.token_bytes),
    )
    site, log_key = parse_site(rules), parse_secret_key(secret)
    policy = Policy.of([log_key.verifier]).text
    for name, text in (("site.toml", rules), ("log.key", f"{secret}\n"), ("policy.txt", policy)):
        (folder / name).write_text(text, encoding="utf-8")

    events = [decode_event(line) for line in story.read_bytes().splitlines()]
    signers = [Ed25519Signer(person, secrets.token_bytes(32)) for person in sorted(_roles(events))]
    opened = open_any_key(key, password=PASSWORD)
    decided_at = moment_of(read_moment(decision.signatures[-1].signed_at))
    as_of = moment_of(read_moment(decision.evaluation.as_of))
    signed = [signed_event(event, signers) for event in events]
    url = f"sqlite:///{folder / 'ledger.db'}"
    with Book.open(url, policy=site.policy, now=lambda: _NOW, origin=_ORIGIN) as book:
        keys = {signer.verifier.name: signer.verifier.text for signer in signers}
        keys[SIGNER] = Ed25519Verifier(SIGNER, opened.public_key).text
        _record(book, _enrolments(site, _roles(events) | {SIGNER: {"qualified_person"}}, keys))
        _record(book, [event for event in signed if event.event_time < as_of])
        with book.read() as view:
            items = items_of_batch(view, decision.batch_id)
        _record(
            book,
            evaluation_events(
                _row(evaluation, decision),
                items=items,
                inputs=[each.digest for each in decision.evaluation.inputs],
                site=site,
                evaluated_at=as_of,
                recorded_at=as_of,
            ),
        )
        (noted,) = append_decision(book, decision, site=site, key=opened, recorded_at=decided_at)
        _record(book, [event for event in signed if event.event_time >= as_of])
        book.log.checkpoint(log_key, memory=CheckpointMemory(folder / "signed"), now=milliseconds_of(_NOW) // 1000)
        if isinstance(noted, Declined):
            raise LedgerError(*noted.faults)
        proof = (book.log.entry(noted.index).body.decode(), book.log.prove(noted.index).decode())
        proved = tuple(blob.digest for blob in decode_event(proof[0].encode()).blobs)
        return Life(url, book.log.size, policy, proof, proved)


def _record(book: Book, events: Sequence[Event]) -> None:
    from regenqc.custody import Declined

    for outcome in book.append(events):
        if isinstance(outcome, Declined):
            raise LedgerError(*outcome.faults)


def _roles(events: Iterable[Event]) -> dict[str, set[str]]:
    """Return everybody who acts, with their roles."""
    found: dict[str, set[str]] = {}
    for event in events:
        for actor, role in ((event.actor, event.role), (event.second_actor, event.second_role)):
            if actor:
                found.setdefault(actor, set()).add(role)
    return found


def _enrolments(site: Site, roles: dict[str, set[str]], keys: dict[str, str]) -> list[Event]:
    from regenqc.custody import SCHEMA, Event

    return [
        Event(
            schema=SCHEMA,
            kind="actor_enrolled",
            event_id=f"ENROL-{person}",
            event_time=_BEGINS,
            record_time=_BEGINS,
            zone=site.zone,
            actor=site.system,
            role="system",
            site=site.code,
            person=person,
            roles=tuple(sorted(own)),
            keys=(keys[person],) if person in keys else (),
        )
        for person, own in ({site.system: {"system", "records"}} | roles).items()
    ]


def _row(evaluation: Evaluation, decision: Decision) -> dict[str, Any]:
    key = (decision.batch_id, decision.spec.id, decision.stage)
    return next(
        row
        for part in evaluation.disposition_batches()
        for row in part.to_pylist()
        if (row["batch_id"], row["spec_id"], row["stage"]) == key
    )
