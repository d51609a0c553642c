"""The tables of what was judged: evaluations, lots with their current judgement, cells, findings, results, decisions.

A lot is a batch at a stage under a specification. Each evaluation that judged it left a judgement; the newest is the current
one. Lots alike in state, disposition, product, stage, site and specification form a group whose size is kept, so that a queue
of a million lots is counted and opened by looking at groups.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.types import BigInteger

from regenqc.console.store.database import METADATA

__all__ = [
    "BATCHES",
    "CELLS",
    "DECISIONS",
    "EVALUATIONS",
    "FINDINGS",
    "GROUPS",
    "JUDGEMENTS",
    "LOTS",
    "NEVER",
    "RESULTS",
]

# In place of a moment that is not stated: what is due at no time comes last.
NEVER: Final = 2**53

# SQLite numbers rows by itself only where the key is plainly INTEGER.
_KEY: Final = BigInteger().with_variant(Integer(), "sqlite")


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False, default="") for name in names]


EVALUATIONS: Final = Table(
    "evaluations",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # of run.json
    Column("state", Text, nullable=False),  # loading, loaded
    *_texts("folder", "as_of", "engine", "profile", "loaded_at"),
    *_texts("run", "digests"),  # run.json as it is, and the digests of the tables as a JSON object
    Column("as_of_seconds", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_judged", BigInteger, nullable=False),
    Column("rows_refused", BigInteger, nullable=False),
    Column("lots", BigInteger, nullable=False),
)

# A batch in an evaluation, with the attributes by which it was judged.
BATCHES: Final = Table(
    "evaluated_batches",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("evaluation_id", ForeignKey("evaluations.id"), nullable=False),
    *_texts("batch_id", "attributes"),  # attributes as a JSON object
    Index("evaluated_batches_of_evaluation", "evaluation_id", "batch_id", unique=True),
)

# What a requirement demands in a unit in which results arrived, and how many of that unit make one of the limit's: worked out
# when an evaluation is loaded, so that the server needs no library of units.
LIMITS: Final = Table(
    "limits_in_units",
    METADATA,
    Column("spec_fingerprint", Text, primary_key=True),
    Column("requirement_id", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    *_texts("worded", "factor"),  # factor as a fraction, 1/1000
)

GROUPS: Final = Table(
    "lot_groups",
    METADATA,
    Column("id", _KEY, primary_key=True),
    *_texts("state", "disposition", "product", "stage", "site", "spec_id"),
    Column("lots", BigInteger, nullable=False, default=0),
    UniqueConstraint("state", "disposition", "product", "stage", "site", "spec_id"),
)

LOTS: Final = Table(
    "lots",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    *_texts("batch_id", "folded", "stage", "spec_id", "product", "site"),
    Column("group_id", ForeignKey("lot_groups.id"), nullable=False),
    Column("judgement_id", BigInteger, nullable=False),  # the current one
    Column("as_of_seconds", BigInteger, nullable=False),
    *_texts("disposition", "reasons", "state", "decision_id"),
    Column("due_at", BigInteger, nullable=False),  # the earlier of the two that follow; seconds since 1970
    Column("expires_at", BigInteger, nullable=False),
    Column("pending_until", BigInteger, nullable=False),
    *(Column(name, Integer, nullable=False) for name in ("fails", "inconclusive", "missing", "pending", "alerts")),
    Index("lots_in_order", "group_id", "due_at", "id"),
    Index("lots_of_all_groups", "state", "disposition", "due_at", "id"),
    Index("lots_by_name", "folded", "id"),
)

JUDGEMENTS: Final = Table(
    "judgements",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("key", Text, nullable=False),  # of the lot
    Column("batch", ForeignKey("evaluated_batches.id"), nullable=False),
    Column("evaluation_id", ForeignKey("evaluations.id"), nullable=False),
    *_texts("stage", "spec_id", "spec_version", "spec_fingerprint", "disposition", "reasons", "pending_until"),
    *(Column(name, Integer, nullable=False) for name in ("fails", "inconclusive", "missing", "pending", "alerts")),
    Index("judgements_of_lot", "key", "evaluation_id", unique=True),
    Index("judgements_of_evaluation", "evaluation_id"),
)

CELLS: Final = Table(
    "cells",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("judgement_id", ForeignKey("judgements.id"), nullable=False),
    *_texts("requirement_id", "verdict"),
    Index("cells_of_judgement", "judgement_id"),
)

FINDINGS: Final = Table(
    "findings",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("judgement_id", ForeignKey("judgements.id"), nullable=False),
    *_texts("requirement_id", "verdict", "reason_code", "test", "reported", "unit", "limit"),
    Column("row_number", BigInteger),
    *_texts("source", "explanation"),
    Index("findings_of_judgement", "judgement_id"),
)

RESULTS: Final = Table(
    "results",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("batch", ForeignKey("evaluated_batches.id"), nullable=False),
    *_texts("stage", "test", "result", "unit", "verdict", "reason_code"),
    Column("row_number", BigInteger),
    *_texts("source", "result_id", "revision", "status", "method", "analyst", "laboratory", "tested_at", "reported_at"),
    *_texts("others"),  # every other column that the row states, as a JSON object
    Index("results_of_batch", "batch"),
)

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    *_texts(
        "key", "batch_id", "stage", "spec_id", "kind", "disposition", "as_of", "made_at", "supersedes", "waits_for"
    ),
    Column("signatures", Integer, nullable=False),
    Column("is_complete", Integer, nullable=False),
    *_texts("certificate"),  # issued, refused, none; empty as long as nobody tried
    Column("file_state", Text, nullable=False),  # when it was last read: moment and size of the file
    Index("decisions_of_lot", "key"),
    Index("decisions_without_certificate", "certificate", "is_complete"),
)
