"""Record what `regenqc evaluate` found in a ledger, so that running it again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.cli.ledger_place import moment_now, open_book, open_log, read_site
from regenqc.cli.ledger_screen import print_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from regenqc.custody import Declined, Event, Noted
    from regenqc.evaluation import Evaluation
    from regenqc.spark.output import WrittenEvaluation

__all__ = ["EvaluationRecorder"]

_EVENTS_AT_ONCE = 10_000


class EvaluationRecorder:
    """Record an evaluation when its files are written.

    Args:
        ledger: URL; it is opened for writing only when there is something to record, because judging may take long.
        home: folder of the site.

    Raises:
        LedgerError: there is no ledger.
        UsageError: the site has no file.
    """

    def __init__(self, ledger: str, home: Path) -> None:
        self._ledger = ledger
        self._site = read_site(home)
        self._outcomes: list[Noted | Declined] = []
        with open_log(ledger):  # what cannot be recorded in the end is not begun
            pass

    def record(self, evaluation: Evaluation | WrittenEvaluation, inputs: Sequence[str]) -> None:
        """Record every disposition.

        Args:
            evaluation: what was found.
            inputs: digests of what was judged.
        """
        from regenqc.custody.evaluation_event import MADE_ANEW, evaluation_events, items_of_batch
        from regenqc.custody.moments import moment_of
        from regenqc.custody.repeated import as_recorded

        with open_book(self._ledger, site=self._site) as book:
            for part in evaluation.disposition_batches():
                events: list[Event] = []
                now = moment_now()
                evaluated_at = moment_of(evaluation.evaluated_at)
                with book.read() as view:
                    for row in part.to_pylist():
                        events += evaluation_events(
                            row,
                            items=items_of_batch(view, row["batch_id"]),
                            inputs=[digest for digest in inputs if digest],
                            site=self._site,
                            evaluated_at=evaluated_at,
                            recorded_at=now,
                        )
                offered = as_recorded(book.log, events, members=MADE_ANEW)
                for some in book.append_many(offered, per_transaction=_EVENTS_AT_ONCE):
                    self._outcomes += some

    def tell(self, *, quiet: bool) -> None:
        """Say what was recorded.

        Raises:
            LedgerError: an evaluation was refused; the others are recorded.
        """
        from regenqc.custody import Declined
        from regenqc.errors import LedgerError

        refused = [outcome for outcome in self._outcomes if isinstance(outcome, Declined)]
        if refused:
            raise LedgerError(*(fault for outcome in refused for fault in outcome.faults))
        again = sum(not isinstance(outcome, Declined) and outcome.again for outcome in self._outcomes)
        if not quiet:
            detail = f"{again:,} of them were there already" if again else ""
            print_line(f"{len(self._outcomes):,} evaluations are recorded in {self._ledger}", good=True, detail=detail)
