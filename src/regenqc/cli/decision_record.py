"""Record a decision in a ledger, signed there by whoever gave its last signature; recording it again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.cli.ledger_place import moment_now, open_book, open_log, read_site
from regenqc.cli.ledger_screen import print_line
from regenqc.errors import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.custody import Book, Declined, Noted
    from regenqc.custody.site import Site
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
    from regenqc.signing.keys import Opened

__all__ = ["append_decision", "check_ledger", "record_decision"]


def check_ledger(ledger: str | None, home: Path) -> None:
    """Find out before anything is signed whether there is a ledger and a site to record in."""
    if ledger is not None:
        read_site(home)
        with open_log(ledger):
            pass


def record_decision(
    decision: Decision, *, folder: DecisionFolder, key: Opened, ledger: str, home: Path, quiet: bool
) -> None:
    """Record a decision that has all its signatures.

    Args:
        decision: to be recorded.
        folder: in which it stands, with what it withdraws.
        key: opened, of whoever gave the last signature; enrolled in the ledger.
        ledger: URL.
        home: folder of the site.
        quiet: print nothing.

    Raises:
        LedgerError: the rules of the ledger refuse it; the decision stays as it is, and can be recorded later.
    """
    from regenqc.custody import Declined

    withdrawn = None
    if decision.kind == "withdrawal":
        withdrawn = next(each for each in folder.of_lot(decision.batch_id) if each.decision_id == decision.supersedes)
    site = read_site(home)
    with open_book(ledger, site=site) as book:
        outcomes = append_decision(book, decision, site=site, key=key, recorded_at=moment_now(), withdrawn=withdrawn)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Declined)]
    if refused:
        raise LedgerError(*(fault for outcome in refused for fault in outcome.faults))
    if not quiet:
        again = all(not isinstance(outcome, Declined) and outcome.again for outcome in outcomes)
        print_line(f"recorded in {ledger}", good=True, detail="it was there already" if again else "")


def append_decision(
    book: Book, decision: Decision, *, site: Site, key: Opened, recorded_at: str, withdrawn: Decision | None = None
) -> list[Noted | Declined]:
    """Offer a decision to a ledger and return what became of its events.

    Args:
        book: open for writing.
        decision: with all its signatures.
        site: who records.
        key: opened, of whoever gave the last signature.
        recorded_at: the present moment.
        withdrawn: decision that a withdrawal takes back.
    """
    from regenqc.custody.evaluation_event import items_of_batch
    from regenqc.custody.people_keys import PersonSigner, signed_event
    from regenqc.custody.repeated import as_recorded
    from regenqc.decision.model import decision_bytes
    from regenqc.decision.recording import MADE_ANEW, decision_events

    with book.read() as view:
        items = items_of_batch(view, decision.batch_id)
    made = decision_events(decision, items=items, site=site, recorded_at=recorded_at, withdrawn=withdrawn)
    signer = PersonSigner(decision.signatures[-1].person_id, key)
    offered = as_recorded(book.log, made, members=MADE_ANEW)
    signed = [event if event.signatures else signed_event(event, [signer]) for event in offered]
    # Beside the ledger: what may follow a conditional release, and until when, is read from it at the bedside.
    book.log.put_blob(decision_bytes(decision))
    return [outcome for some in book.append_many(signed, per_transaction=100) for outcome in some]
