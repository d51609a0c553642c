"""Record a decision in a ledger, signed there by whoever gave its last signature; recording it again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.cli.ledger_place import moment_now, open_book, open_log, read_site
from regenqc.cli.ledger_screen import print_line
from regenqc.errors import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
    from regenqc.signing.keys import Opened

__all__ = ["check_ledger", "record_decision"]


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
    from regenqc.decision.recording import append_decision, withdrawn_by

    withdrawn = withdrawn_by(decision, folder)
    site = read_site(home)
    with open_book(ledger, site=site) as book:
        outcomes = append_decision(book, decision, site=site, key=key, recorded_at=moment_now(), withdrawn=withdrawn)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Declined)]
    if refused:
        raise LedgerError(*(fault for outcome in refused for fault in outcome.faults))
    if not quiet:
        again = all(not isinstance(outcome, Declined) and outcome.again for outcome in outcomes)
        print_line(f"recorded in {ledger}", good=True, detail="it was there already" if again else "")
