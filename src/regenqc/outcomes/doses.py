"""Who received which container of which lot, and when: from a table of doses, or from the administrations of a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from regenqc.custody.privacy import identifying_fault, is_harmless, pseudonym_fault
from regenqc.custody.trace.reader import Reader
from regenqc.errors import DataError, Fault
from regenqc.evaluation.dates import parse_time
from regenqc.intake.contracts import InputColumn
from regenqc.outcomes.records import OUTCOME_COLUMNS, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot
    from regenqc.outcomes.plan import FollowUpPlan

__all__ = ["DOSE_COLUMNS", "Dose", "DoseTable", "doses_of_ledger", "outcomes_of_ledger", "read_doses"]

DOSE_COLUMNS: Final = (
    InputColumn("dose", required=True, meaning="container that was given"),
    InputColumn("recipient", required=True, meaning="pseudonym of the patient"),
    InputColumn("lot", required=True, meaning="manufactured lot"),
    InputColumn("administered_at", required=True, meaning="ISO 8601 with zone"),
)
_MOST_FAULTS: Final = 50
_UNKNOWN: Final = "administrations_of_unknown_product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """One container that was given.

    Args:
        dose: its code.
        recipient: pseudonym.
        lot: manufactured lot; empty when the ledger never names it.
        administered_at: seconds since 1970 UTC.
        day: of the calendar where it was given.
    """

    dose: str
    recipient: str
    lot: str
    administered_at: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseTable:
    """Doses in the order of administration.

    Args:
        doses: all of them.
        source: name, kind, digest and size of where they come from.
    """

    doses: tuple[Dose, ...]
    source: dict[str, Any]

    @property
    def first_day(self) -> dict[str, date]:
        """Return the day of the first administration of every recipient, in the order of recipients."""
        days: dict[str, date] = {}
        for dose in self.doses:
            days.setdefault(dose.recipient, dose.day)
        return dict(sorted(days.items()))


def read_doses(item: Any) -> DoseTable:
    """Read a table of doses. Every outcome hangs on it, so that one wrong row refuses the file.

    Args:
        item: a path or an Arrow table.

    Raises:
        DataError: unreadable; `RQC-O010` further columns; `RQC-O011`, `RQC-O012` or `RQC-C020` to `RQC-C023` with every faulty row.

    Example:
        >>> import pyarrow as pa
        >>> table = read_doses(pa.table({"dose": ["DP-0001-1"], "recipient": ["PAT-0001"], "lot": ["LOT-0001"],
        ...     "administered_at": ["2026-03-16T09:00:00+01:00"]}))
        >>> table.doses[0].day.isoformat()
        '2026-03-16'
    """
    source, rows = rows_of(item, columns=DOSE_COLUMNS)
    found: dict[str, Dose] = {}
    faults: list[Fault] = []
    for number, cells in rows:
        if not any(cells.values()):
            continue
        where = f"{source['name']} row {number}"
        wrong = list(_row_faults(cells, where))
        if wrong:
            faults += wrong
            continue
        dose = Dose(
            dose=cells["dose"],
            recipient=cells["recipient"],
            lot=cells["lot"],
            administered_at=parse_time(cells["administered_at"]) or 0,
            day=date.fromisoformat(cells["administered_at"][:10]),
        )
        if found.setdefault(dose.dose, dose) != dose:
            faults.append(
                Fault(
                    code="RQC-O012",
                    what="A dose stands twice with different rows.",
                    where=where,
                    got=dose.dose,
                    expected="one row for each dose",
                    action="Remove the wrong row; regenqc does not choose.",
                )
            )
    if faults:
        raise DataError(*faults[:_MOST_FAULTS])
    return DoseTable(doses=_in_order(found.values()), source=source)


def doses_of_ledger(view: Snapshot, *, name: str, product: str = "") -> DoseTable:
    """Return the administrations that a ledger records.

    Args:
        view: of the ledger.
        name: of the ledger, for the record of the run.
        product: doses of this product only; every one when empty. Items whose product the ledger never states are left out, and
            counted in `source`.
    """
    reader = Reader(view)
    found = []
    unknown = 0
    for event in _events(reader, "administer"):
        codes = [item.id for item in event.items]
        numbers = reader.source.numbers(codes)
        states = reader.states(list(numbers.values()))
        for code in codes:
            state = states.get(numbers[code])
            of = "" if state is None else state.product
            if product and of != product:
                unknown += not of
                continue
            moment = datetime.fromisoformat(event.event_time)
            found.append(
                Dose(
                    dose=code,
                    recipient=event.recipient,
                    lot="" if state is None else state.lot,
                    administered_at=int(moment.timestamp()),
                    day=_local(event).date(),
                )
            )
    return DoseTable(
        doses=_in_order(found),
        source={"name": name, "kind": "ledger", "digest": "", "bytes": 0, "events": view.size(), _UNKNOWN: unknown},
    )


def outcomes_of_ledger(view: Snapshot, *, plan: FollowUpPlan) -> pa.Table:
    """Return what follow-ups and adverse events of a ledger measured, as a table in the form of outcomes.

    The kind of a measure is that of the plan: events of custody state none. What the plan does not know keeps an empty kind,
    and is refused when it is read.

    Args:
        view: of the ledger.
        plan: what the measures are.
    """
    import pyarrow as pa  # noqa: PLC0415 - a table in memory for the reader of files

    reader = Reader(view)
    rows: list[dict[str, str]] = []
    for event in (*_events(reader, "follow_up"), *_events(reader, "adverse_event")):
        rows += [
            {
                "recipient": event.recipient,
                "measure": each.name,
                "kind": str(plan.measures[each.name].kind) if each.name in plan.measures else "",
                "value": each.value,
                "unit": each.unit,
                "observed_at": _local(event).isoformat(),
                "dose": event.items[0].id if len(event.items) == 1 else "",
                "visit": "",
                "outcome_id": f"{event.event_id}:{each.name}",
                "revision": "",
            }
            for each in event.measurements
        ]
    return pa.table(
        {column.name: pa.array([row[column.name] for row in rows], pa.string()) for column in OUTCOME_COLUMNS}
    )


def _events(reader: Reader, kind: str) -> list[Event]:
    rows = reader.view.execute(
        "SELECT s.event FROM custody_step s JOIN custody_name n ON s.kind = n.number WHERE n.text = ? ORDER BY s.event",
        (kind,),
    )
    found = [(index, reader.event(index)) for (index,) in rows]
    return [event for index, event in found if reader.is_counted(index, event)]


def _local(event: Event) -> datetime:
    sign = -1 if event.zone.startswith("-") else 1
    offset = sign * timedelta(hours=int(event.zone[1:3]), minutes=int(event.zone[4:6]))
    return datetime.fromisoformat(event.event_time).astimezone(timezone(offset) if offset else UTC)


def _in_order(doses: Any) -> tuple[Dose, ...]:
    return tuple(sorted(doses, key=lambda dose: (dose.administered_at, dose.dose)))


def _row_faults(cells: dict[str, str], where: str) -> Iterator[Fault]:
    empty = [name for name, text in cells.items() if not text]
    moment = cells["administered_at"]
    if empty or parse_time(moment) is None or len(moment) == len("2026-01-31"):
        yield Fault(
            code="RQC-O011",
            what="A row of doses is not complete.",
            where=where,
            got=f"{', '.join(empty)} empty" if empty else moment,
            expected="dose, recipient, lot, and the moment as ISO 8601 with zone",
            action="Complete the row.",
        )
        return
    if fault := pseudonym_fault(cells["recipient"], where=f"{where} recipient"):
        yield fault
    for name in ("dose", "lot"):
        text = cells[name]
        if not is_harmless(text) and (fault := identifying_fault(text, where=f"{where} {name}", coded=True)):
            yield fault
