"""Record in a ledger what `regenqc certify` issued, so that running it again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.cli.ledger_place import moment_now, open_book, open_log, read_site
from regenqc.cli.ledger_screen import print_line

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.custody import Event
    from regenqc.errors import Fault

__all__ = ["CertificateRecorder"]

_CERTIFICATES_AT_ONCE: Final = 1000


class CertificateRecorder:
    """Record certificates, a thousand at a time.

    Args:
        ledger: URL.
        home: folder of the site.

    Raises:
        LedgerError: there is no ledger.
        UsageError: the site has no file.
    """

    def __init__(self, ledger: str, home: Path) -> None:
        self._ledger = ledger
        self._site = read_site(home)
        self._waiting: list[Path] = []
        self._faults: list[Fault] = []
        self._count = self._again = 0
        with open_log(ledger):  # what cannot be recorded in the end is not begun
            pass

    def add(self, record: Path) -> None:
        """Take the file of a record, issued now or before."""
        self._waiting.append(record)
        if len(self._waiting) >= _CERTIFICATES_AT_ONCE:
            self._record()

    def finish(self) -> None:
        """Record what is left, and say what was recorded.

        Raises:
            LedgerError: a certificate was refused; the others are recorded, and all of them stand in their folder.
        """
        from regenqc.errors import LedgerError

        self._record()
        if self._faults:
            raise LedgerError(*self._faults)
        detail = f"{self._again:,} of them were there already" if self._again else ""
        print_line(f"{self._count:,} certificates are recorded in {self._ledger}", good=True, detail=detail)

    def _record(self) -> None:
        from regenqc.certificate.content import read_certificate
        from regenqc.certificate.recording import MADE_ANEW, certificate_events
        from regenqc.custody import Declined
        from regenqc.custody.evaluation_event import items_of_batch
        from regenqc.custody.repeated import as_recorded

        if not self._waiting:
            return
        now = moment_now()
        events: list[Event] = []
        with open_book(self._ledger, site=self._site) as book:
            with book.read() as view:
                for path in self._waiting:
                    certificate = read_certificate(path.read_bytes(), where=str(path))
                    item = certificate.decision.get("item")
                    items = [str(item)] if item else items_of_batch(view, str(certificate.decision["batch_id"]))
                    events += certificate_events(certificate, items=items, site=self._site, recorded_at=now)
            offered = as_recorded(book.log, events, members=MADE_ANEW)
            for outcome in book.append(offered):
                if isinstance(outcome, Declined):
                    self._faults += outcome.faults
                else:
                    self._again += outcome.again
        self._count += len(self._waiting)
        self._waiting.clear()
