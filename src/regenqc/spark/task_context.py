"""What every task of a run has to know, packed once by the driver and unpacked once by each worker process."""

from __future__ import annotations

import pickle
import uuid
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.evaluation.families import Family, families_of, single_families
from regenqc.evaluation.plan import Plan
from regenqc.evaluation.row_files import RowFormat
from regenqc.intake.batches import BatchTable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from regenqc.evaluation.terms import RunTerms
    from regenqc.intake.revisions import Superseding
    from regenqc.intake.table import ResultTable

__all__ = ["BatchDirectory", "Packed", "TaskContext", "context_of", "directory_of"]


@dataclass(frozen=True)
class BatchDirectory:
    """The batch table of a run as tasks look batches up in it.

    Args:
        batch_ids: sorted.
        attributes: attributes in that order, dictionary coded; the first word of every dictionary is empty.
        group: group of each batch, see `BatchGroups`.
        member: position of each batch's specification in its family.
        examples: one batch of every group that listed batches belong to, in the order of the groups.
    """

    batch_ids: pa.StringArray
    attributes: dict[str, pa.DictionaryArray]
    group: NDArray[np.int32]
    member: NDArray[np.int64]
    examples: BatchTable

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Return the row of each batch."""
        return {batch_id: row for row, batch_id in enumerate(self.batch_ids.to_pylist())}

    def coded(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return an attribute as codes by row, with one row more for batches that are not listed, and its values.

        The first value is empty: the value of what is not stated.
        """
        column = self.attributes.get(name)
        if column is None:
            return np.zeros(len(self.batch_ids) + 1, dtype=np.int64), [""]
        return np.append(column.indices.to_numpy(), 0).astype(np.int64), column.dictionary.to_pylist()

    def between(self, first: str | None, end: str | None) -> BatchTable:
        """Return the batches from `first` up to but without `end`; `None` is no bound."""
        begin = 0 if first is None else self._row_from(first)
        stop = len(self.batch_ids) if end is None else self._row_from(end)
        rows = slice(begin, stop)
        attributes = {
            name: column.dictionary.take(column.indices[rows]).to_pylist() for name, column in self.attributes.items()
        }
        return BatchTable(self.batch_ids[rows], attributes, "", "")

    def _row_from(self, batch_id: str) -> int:
        """Return the first row that is not before a batch."""
        return bisect_left(range(len(self.batch_ids)), batch_id, key=lambda row: str(self.batch_ids[row].as_py()))


def directory_of(listed: BatchTable, plan: Plan, *, as_of: datetime) -> BatchDirectory:
    """Return a batch table for lookups.

    Args:
        listed: the batch table of the run.
        plan: slots of all specifications.
        as_of: moment of evaluation.

    Example:
        >>> from datetime import UTC, datetime
        >>> from regenqc.specification import load_specification
        >>> plan = Plan([load_specification("example/car-t-ari-0001")])
        >>> listed = BatchTable(pa.array(["B3", "B1", "B2"]), {"vector": ["lentiviral"] * 3}, "", "")
        >>> directory_of(listed, plan, as_of=datetime(2026, 1, 1, tzinfo=UTC)).between("B1", "B3").batch_ids
        ['B1', 'B2']
    """
    assigned = BatchGroups(plan, table=listed, as_of=as_of)
    _, first = np.unique(assigned.group_of_batch, return_index=True)
    chosen = np.sort(first).tolist()
    examples = BatchTable(
        listed.texts.take(pa.array(chosen)),
        {name: [values[row] for row in chosen] for name, values in listed.attributes.items()},
        "",
        "",
    )
    batch_ids = listed.texts
    order = pc.sort_indices(batch_ids)
    attributes = {name: _coded(values, order) for name, values in listed.attributes.items()}
    rows = order.to_numpy()
    return BatchDirectory(
        batch_ids.take(order),
        attributes,
        assigned.group_of_batch[rows],
        assigned.members_of(rows).astype(np.int64),
        examples,
    )


def _coded(texts: list[str], order: pa.Array) -> pa.DictionaryArray:
    codes: dict[str, int] = {"": 0}
    indices = pa.array([codes.setdefault(text, len(codes)) for text in texts], type=pa.int32())
    return pa.DictionaryArray.from_arrays(indices.take(order), pa.array(list(codes), type=pa.string()))


@dataclass(frozen=True)
class TaskContext:
    """What is judged by what, and where judged rows are written.

    Args:
        terms: of the run, without the batch table.
        families: specifications that are judged together.
        directory: the batch table.
        sources: names of the sources.
        columns: of the results.
        superseding: highest revision of every revised result.
        rows_folder: a folder that every executor sees, for the judged rows; `None` does not write them.
    """

    terms: RunTerms
    families: tuple[Family, ...]
    directory: BatchDirectory | None
    sources: tuple[str, ...]
    columns: tuple[str, ...]
    superseding: Superseding
    rows_folder: Path | None

    @cached_property
    def plan(self) -> Plan:
        """Return the compiled specifications; limits are converted into a unit once for all tasks of a process."""
        return Plan(self.terms.specifications, families=self.families)

    @cached_property
    def row_format(self) -> RowFormat:
        """Return how judged rows are written."""
        return RowFormat(self.columns, sources=self.sources)


def context_of(
    results: ResultTable,
    terms: RunTerms,
    *,
    superseding: Superseding,
    rows_folder: Path | None = None,
    has_families: bool = True,
) -> TaskContext:
    """Return what the tasks of a run have to know.

    Args:
        results: of the run.
        terms: of the run, with the batch table.
        superseding: highest revision of every revised result.
        rows_folder: see `TaskContext`.
        has_families: whether specifications may be judged together, which asks that every batch is listed.
    """
    families = single_families(terms.specifications)
    directory = None
    if terms.batches is not None:
        if has_families and len(terms.specifications) > 1:
            families = families_of(terms.specifications, is_stated=terms.batches.is_stated)
        plan = Plan(terms.specifications, families=families)
        directory = directory_of(terms.batches, plan, as_of=terms.moment)
    return TaskContext(
        terms=replace(terms, batches=None),
        families=families,
        directory=directory,
        sources=tuple(source.name for source in results.sources),
        columns=results.columns,
        superseding=superseding,
        rows_folder=rows_folder,
    )


@dataclass(frozen=True)
class Packed:
    """A task context on its way to the executors.

    Args:
        content: the context, pickled and compressed.
        byte_count: of the pickled context.
        token: of this run; a worker process keeps the context of the run that it last worked for.
    """

    content: bytes = field(repr=False)
    byte_count: int
    token: str

    @classmethod
    def of(cls, context: TaskContext) -> Packed:
        """Pack a context."""
        content = pickle.dumps(context, protocol=pickle.HIGHEST_PROTOCOL)
        return cls(pa.compress(content, codec="zstd", asbytes=True), len(content), uuid.uuid4().hex)

    def open(self) -> TaskContext:
        """Return the context; it is unpacked once in each process."""
        if _held.get("token") != self.token:
            content = pa.decompress(self.content, self.byte_count, codec="zstd", asbytes=True)
            _held.update(token=self.token, context=pickle.loads(content))  # noqa: S301 - packed by the driver
        context: TaskContext = _held["context"]
        return context


_held: dict[str, Any] = {}
