"""Verify a whole log: recompute everything from the stored bytes and compare it with what is claimed.

Detectors, each of which finds what the others cannot:

| detector | compares | finds |
|---|---|---|
| `stored_leaf` | bytes of each entry with its stored leaf hash | an edited entry |
| `tree` | indices, stored inner hashes and head row with those recomputed | a missing or moved entry, a damaged tree |
| `key_index` | the database's indexes with its tables | a damaged index, so a key that would be recorded twice |
| `signed_checkpoint` | every checkpoint in the store with the tree recomputed | whoever rewrites without the log's key |
| `projection` | tables of the layer above with those recomputed | a changed table row, which no tree covers |
| `stored_blob` | content of each blob with the digest that names it | an edited blob |
| `outside_checkpoint` | checkpoints held elsewhere with the tree recomputed | whoever rewrites with the key; a rollback |

What none of them finds: entries newer than every checkpoint held elsewhere that were dropped, whose number is reported; and
a blob that was deleted, because the log does not know which digests are of blobs that it kept.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from regenqc.errors import RegenqcError
from regenqc.garbage import collection_paused
from regenqc.ledger.blobs import damaged_blobs
from regenqc.ledger.checkpoint import parse_signed_checkpoint
from regenqc.ledger.entries import StoredEntry
from regenqc.ledger.faults import fault
from regenqc.ledger.merkle import EMPTY_ROOT, Frontier, Node, leaf_hashes
from regenqc.ledger.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.errors import Fault
    from regenqc.ledger.checkpoint import SignedCheckpoint
    from regenqc.ledger.store import Snapshot, Store

__all__ = ["Auditor", "Detection", "Detector", "Verification", "verify_log"]

Detector = Literal[
    "stored_leaf", "tree", "key_index", "signed_checkpoint", "projection", "stored_blob", "outside_checkpoint"
]
ROLLED_BACK: Final = "RQC-L085"
REWRITTEN: Final = "RQC-L086"
_MOST_OF_ONE_KIND: Final = 20
# Few enough that they stay near the processor while they are hashed and looked at.
_ROWS_AT_ONCE: Final = 512


class Auditor(Protocol):
    """Recompute the tables of the layer above from the log, and compare."""

    def visit(self, entries: Sequence[StoredEntry]) -> None:
        """Take the next entries, in the order of the log; their leaf hashes may be wrong, which is reported apart."""

    def finish(self, snapshot: Snapshot) -> Iterable[Fault]:
        """Return what differs between its tables in this view and what the entries say."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Hold one thing that is wrong, and what found it."""

    detector: Detector
    fault: Fault


@dataclass(frozen=True, slots=True)
class Verification:
    """Hold the outcome of verifying a log.

    Args:
        origin: which log.
        size: entries read.
        root: root recomputed from their bytes.
        detections: what is wrong; at most 20 of one detector, the first ones.
        counts: how many of each detector there are, listed or not.
        signed_size: entries under the largest checkpoint in the store that verified.
        outside_size: entries under the largest checkpoint held elsewhere that verified.
    """

    origin: str
    size: int
    root: bytes
    detections: tuple[Detection, ...]
    counts: tuple[tuple[Detector, int], ...]
    signed_size: int
    outside_size: int

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.detections

    @property
    def detectors(self) -> frozenset[Detector]:
        """Return which detectors found something."""
        return frozenset(detector for detector, _ in self.counts)

    @property
    def unsigned_tail(self) -> int:
        """Return how many of the newest entries no verified checkpoint covers."""
        return self.size - max(self.signed_size, self.outside_size)

    @property
    def unwitnessed_tail(self) -> int:
        """Return how many of the newest entries no checkpoint held elsewhere covers: they could be dropped unseen."""
        return self.size - self.outside_size


class _Findings:
    """Collect detections, all counted, the first ones kept."""

    def __init__(self) -> None:
        self.kept: list[Detection] = []
        self.counts: dict[Detector, int] = {}

    def keep(self, detector: Detector, found: Fault) -> None:
        self.counts[detector] = self.counts.get(detector, 0) + 1
        if self.counts[detector] <= _MOST_OF_ONE_KIND:
            self.kept.append(Detection(detector, found))

    def add(
        self,
        detector: Detector,
        what: str,
        *,
        where: str,
        got: object = "",
        expected: object = "",
        code: str = "RQC-L080",
    ) -> None:
        action = "Do not rely on the ledger; keep it as evidence and restore a verified backup."
        self.keep(detector, fault(code, what, where=where, got=got, expected=expected, action=action))


def verify_log(
    store: Store,
    *,
    origin: str,
    policy: Policy | None = None,
    outside: Sequence[bytes] = (),
    auditor: Auditor | None = None,
    indexes: bool = True,
) -> Verification:
    """Recompute a log from its stored bytes, in one pass and one consistent view, and compare.

    Args:
        store: the ledger.
        origin: which log it is.
        policy: whose checkpoints are believed; its quorum is asked of the checkpoints from outside. Without it
            signatures are not checked, only sizes and roots.
        outside: signed checkpoints that were held elsewhere: by witnesses, in proofs, in the signer's memory.
        auditor: recomputes the tables of the layer above in this pass and compares them in this view.
        indexes: also ask the database to check its indexes.

    Returns:
        What was found; nothing is raised for a log that does not verify.

    Raises:
        LedgerError: the store cannot be read at all.
    """
    findings = _Findings()
    with store.snapshot() as snapshot, collection_paused():
        claimed: list[tuple[Detector, str, SignedCheckpoint]] = []
        _claims_in_store(snapshot, origin, policy, findings, claimed)
        _claims_outside(origin, policy, outside, findings, claimed)
        sizes = sorted({signed.size for _, _, signed in claimed})
        recomputed, roots = _recompute(snapshot, sizes, findings, auditor)
        head = snapshot.head()
        if head != recomputed:
            findings.add(
                "tree",
                "The head row does not say what the entries are.",
                where="head row",
                got=f"{head.size} entries, root {head.root.hex()}",
                expected=f"{recomputed.size} entries, root {recomputed.root.hex()}",
            )
        for found in auditor.finish(snapshot) if auditor is not None else ():
            findings.keep("projection", found)
        for found in damaged_blobs(snapshot):
            findings.keep("stored_blob", found)
    covered: dict[Detector, int] = {"signed_checkpoint": 0, "outside_checkpoint": 0}
    for detector, where, signed in claimed:
        if _agrees(detector, where, signed, recomputed.size, roots, findings):
            covered[detector] = max(covered[detector], signed.size)
    for complaint in store.damaged_indexes() if indexes else ():
        findings.add("key_index", "The database finds its indexes damaged.", where=store.url, got=complaint)
    return Verification(
        origin=origin,
        size=recomputed.size,
        root=recomputed.root,
        detections=tuple(findings.kept),
        counts=tuple(findings.counts.items()),
        signed_size=covered["signed_checkpoint"],
        outside_size=covered["outside_checkpoint"],
    )


def _claims_in_store(
    snapshot: Snapshot,
    origin: str,
    policy: Policy | None,
    findings: _Findings,
    claimed: list[tuple[Detector, str, SignedCheckpoint]],
) -> None:
    """Collect the store's own checkpoints; the log's signature is asked of them, not yet the witnesses'."""
    by_log = Policy(policy.logs) if policy is not None else None
    numbers = [number for (number,) in snapshot.execute("SELECT number FROM ledger_checkpoint ORDER BY number")]
    if numbers != list(range(1, len(numbers) + 1)):
        findings.add(
            "signed_checkpoint",
            "Checkpoints are missing from the store.",
            where="checkpoints",
            got=f"{len(numbers)} kept",
        )
    found = 0
    for note in chain.from_iterable(snapshot.stream("SELECT note FROM ledger_checkpoint ORDER BY number")):
        found += 1
        where = f"checkpoint {found} of the store"
        try:
            signed = by_log.trust(note[0]).signed if by_log is not None else parse_signed_checkpoint(note[0])
        except RegenqcError as error:
            findings.add("signed_checkpoint", "A checkpoint of the store does not verify.", where=where, got=error)
            continue
        if signed.origin != origin:
            findings.add(
                "signed_checkpoint",
                "A checkpoint of the store is that of another log.",
                where=where,
                got=signed.origin,
                expected=origin,
            )
        else:
            claimed.append(("signed_checkpoint", where, signed))
    if not found and policy is not None and snapshot.size():
        findings.add(
            "signed_checkpoint",
            "No checkpoint vouches for the entries.",
            where="checkpoints",
            got="none",
            expected="at least one",
        )


def _claims_outside(
    origin: str,
    policy: Policy | None,
    outside: Sequence[bytes],
    findings: _Findings,
    claimed: list[tuple[Detector, str, SignedCheckpoint]],
) -> None:
    for number, data in enumerate(outside, start=1):
        where = f"checkpoint {number} from outside"
        try:
            signed = policy.trust(data).signed if policy is not None else parse_signed_checkpoint(data)
        except RegenqcError as error:
            findings.add("outside_checkpoint", "A checkpoint from outside does not verify.", where=where, got=error)
            continue
        if signed.origin != origin:
            findings.add(
                "outside_checkpoint",
                "A checkpoint from outside is that of another log.",
                where=where,
                got=signed.origin,
                expected=origin,
            )
        else:
            claimed.append(("outside_checkpoint", where, signed))


def _recompute(
    snapshot: Snapshot,
    sizes: Sequence[int],
    findings: _Findings,
    auditor: Auditor | None,
) -> tuple[Frontier, dict[int, bytes]]:
    """Return the right edge recomputed from the bytes, and the roots at the sizes asked for."""
    frontier = Frontier()
    roots = {0: EMPTY_ROOT}
    for rows in _rows(snapshot, keys=auditor is not None):
        first, count = frontier.size, len(rows)
        indices, stored, *_, bodies = zip(*rows, strict=True)
        # A damaged or forged row can hold something else than bytes.
        leaves = leaf_hashes(body if type(body) is bytes else b"" for body in bodies)
        if tuple(leaves) != stored:
            _report_leaves(indices, stored, leaves, findings)
        if indices != tuple(range(first, first + count)):
            misplaced = next(index for place, index in enumerate(indices, start=first) if index != place)
            findings.add("tree", "Entries are missing or misplaced.", where=f"entry {misplaced}")
        nodes: list[Node] = []
        done = 0
        for size in (*sizes[bisect_right(sizes, first) : bisect_right(sizes, first + count)], first + count):
            frontier, more = frontier.extended(leaves[done : size - first])
            done = size - first
            nodes += more
            roots[size] = frontier.root
        _compare_nodes(snapshot, nodes, findings)
        if auditor is not None:
            auditor.visit(list(map(StoredEntry._make, rows)))
    ((extra,),) = snapshot.execute(
        "SELECT COUNT(*) FROM ledger_node WHERE position >= ? / CASE level WHEN 1 THEN 256 WHEN 2 THEN 65536 "
        "WHEN 3 THEN 16777216 ELSE 4294967296 END",
        (frontier.size,),
    )
    if extra:
        findings.add("tree", "The store has inner hashes of entries that are not there.", where=f"{extra} hashes")
    return frontier, roots


def _rows(snapshot: Snapshot, *, keys: bool) -> Iterator[list[tuple[Any, ...]]]:
    """Yield place, leaf hash, keys where they are wanted, and bytes of the entries, as the rows say them.

    From row to row, not from place to place: a forged place far away must not keep the verifier busy for ever.
    """
    columns = "idx, leaf, key, body" if keys else "idx, leaf, body"
    after = -(2**63)
    while rows := snapshot.execute(
        f"SELECT {columns} FROM ledger_entry WHERE idx > ? ORDER BY idx LIMIT {_ROWS_AT_ONCE}",  # noqa: S608 - our words
        (after,),
    ):
        yield rows
        after = rows[-1][0]


def _report_leaves(
    indices: Sequence[int], stored: Sequence[object], leaves: Sequence[bytes], findings: _Findings
) -> None:
    for index, claimed, leaf in zip(indices, stored, leaves, strict=True):
        if claimed != leaf:
            findings.add(
                "stored_leaf",
                "An entry is not the one that was recorded.",
                where=f"entry {index}",
                got=leaf.hex(),
                expected=claimed.hex() if isinstance(claimed, bytes) else repr(claimed),
            )


def _compare_nodes(snapshot: Snapshot, nodes: Sequence[Node], findings: _Findings) -> None:
    for level in sorted({node.level for node in nodes}):
        of_level = [node for node in nodes if node.level == level]
        start, end = of_level[0].position, of_level[-1].position + 1
        stored = snapshot.nodes(level, start, end)
        if stored != [node.hash for node in of_level]:
            findings.add(
                "tree",
                "Stored inner hashes are not those of the entries.",
                where=f"level {level}, {start} to {end - 1}",
                got=f"{len(stored)} hashes",
            )


def _agrees(
    detector: Detector,
    where: str,
    signed: SignedCheckpoint,
    size: int,
    roots: dict[int, bytes],
    findings: _Findings,
) -> bool:
    if signed.size > size:
        findings.add(
            detector,
            "The ledger lacks entries that were there; it was rolled back.",
            where=where,
            got=f"{size} entries",
            expected=f"{signed.size} entries",
            code=ROLLED_BACK,
        )
        return False
    if roots[signed.size] != signed.root:
        findings.add(
            detector,
            "The ledger is not the one that the checkpoint is of; it was rewritten.",
            where=f"{where}, {signed.size} entries",
            got=roots[signed.size].hex(),
            expected=signed.root.hex(),
            code=REWRITTEN,
        )
        return False
    return True
