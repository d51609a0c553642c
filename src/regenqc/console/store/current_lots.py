"""What a lot is in the store: its key, its group, and how a judgement or a decision changes where it stands."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from sqlalchemy import bindparam, false, insert, select, text, update

from regenqc.canonical import canonical_json, digest_of
from regenqc.console.store.tables import DECISIONS, EVALUATIONS, GROUPS, JUDGEMENTS, LOTS, NEVER
from regenqc.evaluation.dates import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

__all__ = ["OPEN_STATES", "CurrentLots", "Regrouping", "folded", "lot_key", "restate", "standing_of"]

# A lot waits for a decision, for a further signature, or is decided.
OPEN_STATES: Final = ("open", "waiting")
_GROUPED_BY: Final = ("state", "disposition", "product", "stage", "site", "spec_id")


def lot_key(batch_id: str, stage: str, spec_id: str) -> str:
    """Return the name of a lot in addresses: the same for the same lot in every store, and nothing else of it.

    Batches are called anything, slashes and blanks included; a digest goes into any address as it is.

    Example:
        >>> lot_key("ARI0001/01", "drug_product_release", "example/car-t-ari-0001")
        'ba5ce4bde1dc3117fa8c9e1a'
    """
    text = canonical_json([normalize("NFC", part) for part in (batch_id, stage, spec_id)])
    return digest_of(text).removeprefix("sha256:")[:24]


def folded(text: str) -> str:
    """Return a text as it is searched: without regard to case, width and composition.

    Example:
        >>> folded("ＡＲＩ0001/01 ")
        'ari0001/01'
    """
    return normalize("NFKC", text).casefold().strip()


class Regrouping:
    """Move lots between groups, and keep the number of lots in each.

    Args:
        connection: in a transaction that has read nothing of lots yet; `finish` writes the numbers.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Whoever moves lots looks first and writes then: one after the other, or a decision of a moment ago is overlooked.
        connection.execute(
            update(GROUPS).where(false()).values(lots=0)  # SQLite: the one who writes
            if connection.dialect.name == "sqlite"
            else text("LOCK TABLE lot_groups IN SHARE ROW EXCLUSIVE MODE")
        )
        self._known: dict[tuple[str, ...], int] = {
            tuple(getattr(row, name) for name in _GROUPED_BY): row.id for row in connection.execute(select(GROUPS))
        }
        self._moved: Counter[int] = Counter()

    def enter(self, lot: Mapping[str, Any]) -> int:
        """Return the group that a lot enters."""
        key = tuple(str(lot[name]) for name in _GROUPED_BY)
        if key not in self._known:
            made = self._connection.execute(
                insert(GROUPS).values(lots=0, **dict(zip(_GROUPED_BY, key, strict=True))).returning(GROUPS.c.id)
            )
            self._known[key] = made.scalar_one()
        group = self._known[key]
        self._moved[group] += 1
        return group

    def leave(self, group: int) -> None:
        """Take a lot out of its group."""
        self._moved[group] -= 1

    def finish(self) -> None:
        """Write how many lots each group has now."""
        for group, number in self._moved.items():
            if number:
                self._connection.execute(update(GROUPS).where(GROUPS.c.id == group).values(lots=GROUPS.c.lots + number))
        self._moved.clear()


def standing_of(decisions: Sequence[Any], *, disposition: str, as_of: str) -> tuple[str, str]:
    """Return the state of a lot, and the decision that says so.

    Args:
        decisions: rows of the table about this lot.
        disposition: of its current judgement.
        as_of: moment of that judgement.

    Returns:
        `decided` with the last decision that has all its signatures, as long as it was taken about this judgement or the data
        still allow the same; `waiting` with one that lacks a signature; `open` otherwise, after a withdrawal too.
    """
    superseded = {row.supersedes for row in decisions if row.supersedes}
    heads = [row for row in decisions if row.decision_id not in superseded]
    if len(heads) != 1:
        return "open", ""  # none; or a chain that is broken, which whoever decides is told
    (head,) = heads
    if not head.is_complete:
        return "waiting", head.decision_id
    if head.kind == "withdrawal":
        return "open", head.decision_id
    is_about_this = head.disposition == disposition or head.as_of >= as_of
    return ("decided" if is_about_this else "open"), head.decision_id


class CurrentLots:
    """Make judgements those of the lots, where none is newer.

    Args:
        connection: in a transaction; `finish` writes what is left.
        moment: as of which was judged, seconds since 1970.
        as_of: the same as text.
        site: of lots that state none.
    """

    def __init__(self, connection: Connection, *, moment: int, as_of: str, site: str) -> None:
        self._connection, self._moment, self._as_of, self._site = connection, moment, as_of, site
        self._groups = Regrouping(connection)

    def take(self, judgements: Sequence[Any]) -> None:
        """Take judgements, each with `batch_id` and `attributes` of its batch; a few thousand at once."""
        keys = [row.key for row in judgements]
        there = {row.key: row for row in self._connection.execute(select(LOTS).where(LOTS.c.key.in_(keys)))}
        decided: dict[str, list[Any]] = {}
        for row in self._connection.execute(select(DECISIONS).where(DECISIONS.c.key.in_(keys))):
            decided.setdefault(row.key, []).append(row)
        new, changed = [], []
        for row in judgements:
            known = there.get(row.key)
            if known is not None and known.as_of_seconds > self._moment:
                continue
            lot = self._lot(row, decided.get(row.key, ()))
            if known is None:
                new.append(lot)
            else:
                self._groups.leave(known.group_id)
                changed.append(lot | {"known_id": known.id})
        if new:
            self._connection.execute(insert(LOTS), new)
        if changed:
            names = [name for name in changed[0] if name != "known_id"]
            statement = update(LOTS).where(LOTS.c.id == bindparam("known_id"))
            self._connection.execute(statement.values({name: bindparam(name) for name in names}), changed)

    def finish(self) -> None:
        """Write how many lots each group has."""
        self._groups.finish()

    def _lot(self, row: Any, decided: Sequence[Any]) -> dict[str, Any]:
        attributes = json.loads(row.attributes)
        state, decision = standing_of(decided, disposition=row.disposition, as_of=self._as_of)
        expires = _seconds(attributes.get("expires_at", ""), end_of_day=True)
        pending = _seconds(row.pending_until)
        lot = {
            "key": row.key,
            "batch_id": row.batch_id,
            "folded": folded(row.batch_id),
            "stage": row.stage,
            "spec_id": row.spec_id,
            "product": attributes.get("product", ""),
            "site": attributes.get("site") or self._site,
            "judgement_id": row.id,
            "as_of_seconds": self._moment,
            "disposition": row.disposition,
            "reasons": row.reasons,
            "state": state,
            "decision_id": decision,
            "due_at": min(expires, pending),
            "expires_at": expires,
            "pending_until": pending,
            **{name: getattr(row, name) for name in ("fails", "inconclusive", "missing", "pending", "alerts")},
        }
        return lot | {"group_id": self._groups.enter(lot)}


def _seconds(moment: str, *, end_of_day: bool = False) -> int:
    """Return a moment in seconds; one that is not stated, or cannot be read, comes last: the cell of it says so."""
    found = parse_time(moment, end_of_day=end_of_day)
    return NEVER if found is None else found


def restate(connection: Connection, keys: Iterable[str]) -> None:
    """Bring lots into the state that the decisions about them give.

    Args:
        connection: in a transaction.
        keys: of the lots whose decisions changed.
    """
    groups = Regrouping(connection)
    for key in keys:
        lot = connection.execute(
            select(LOTS, EVALUATIONS.c.as_of)
            .join(JUDGEMENTS, JUDGEMENTS.c.id == LOTS.c.judgement_id)
            .join(EVALUATIONS, EVALUATIONS.c.id == JUDGEMENTS.c.evaluation_id)
            .where(LOTS.c.key == key)
        ).one_or_none()
        if lot is None:
            continue
        decided = connection.execute(select(DECISIONS).where(DECISIONS.c.key == key)).all()
        state, decision = standing_of(decided, disposition=lot.disposition, as_of=lot.as_of)
        if (state, decision) != (lot.state, lot.decision_id):
            groups.leave(lot.group_id)
            group = groups.enter({**lot._mapping, "state": state})  # noqa: SLF001 - named so by SQLAlchemy, public
            connection.execute(
                update(LOTS).where(LOTS.c.id == lot.id).values(state=state, decision_id=decision, group_id=group)
            )
    groups.finish()
