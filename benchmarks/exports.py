"""The exports that are judged: of a simulation what the benchmark has rules for, rewritten where a workload asks for more."""

from __future__ import annotations

import pickle
import tempfile
from itertools import chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from benchmarks.peers.task import Task
from benchmarks.rule_table import build_rule_table, write_rule_table
from benchmarks.specification_sets import product_name, standard
from regenqc import simulate
from regenqc.evaluation.slots import composite_parts
from regenqc.simulation.export import Numbered, open_table
from regenqc.simulation.panels import BANK, PRODUCT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.specification import Specification

__all__ = [
    "AS_OF",
    "RESULTS_PER_LOT",
    "one_lot",
    "repeated",
    "results_in",
    "simulated",
    "task_for",
    "wide",
    "with_products",
]

AS_OF = "2026-06-30T00:00:00Z"
# Of the synthetic product, banks included; the number of results of an export follows from its number of lots.
RESULTS_PER_LOT = 22.81
# What a simulation has that no specification knows, and that every engine has to hold a lot for.
_ASTRAY = frozenset({("drug_product_release", "osmolality"), ("final_release", "mycoplasma")})
# Controls of assays and retests; the benchmark has no rules about them.
_LEFT_OUT = frozenset({"positive_control", "spike_recovery", "retest_of"})
_FIRST_REVISION = "1"
_SEED = 1
_WIDE_COLUMNS = 40
_ADVERSE_SHARE = 0.2


def simulated(folder: Path, results: int, *, file_format: Literal["csv", "parquet"] = "parquet") -> Path:
    """Return the folder of a simulated export of about so many results: those that the benchmark has rules for.

    Files look like those of the simulation, row groups included.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".simulated-", dir=folder.parent) as temporary:
            whole, unfinished = Path(temporary) / "whole", Path(temporary) / "unfinished"
            simulate(batches=max(60, round(results / RESULTS_PER_LOT)), seed=_SEED, out=whole, file_format="parquet")
            unfinished.mkdir()
            for name, groups in (
                ("results", _ruled(whole / "results.parquet")),
                ("batches", (group for _, group in _row_groups(whole / "batches.parquet"))),
            ):
                _write(groups, unfinished / f"{name}.{file_format}", file_format=file_format)
            unfinished.rename(folder)
    return folder


def _ruled(path: Path) -> Iterator[pa.Table]:
    """Yield the results of tests that the specifications know, and those that went astray.

    Inputs of derived results that were invalidated or revised are left out: regenqc computes with them once more, and no
    peer does.
    """
    known = set(_ASTRAY)
    sources: set[str] = set()
    for specification in standard():
        sources |= {str(source) for derived in specification.derived for source in derived.inputs.values()}
        for requirement in specification.requirements:
            tests = [part.test for part in composite_parts(requirement)] or [requirement.test]
            known |= {(str(requirement.stage), str(test)) for test in tests}
    inputs = pa.array(sorted(sources))
    later = {key for _, group in _row_groups(path) for key in _later_revisions(group, inputs)}
    revised = pa.array(sorted(later), type=pa.string())
    for _, group in _row_groups(path):
        stages, tests = (group[name].combine_chunks() for name in ("stage", "test"))
        table = np.array(
            [
                [(stage, test) in known for test in tests.dictionary.to_pylist()]
                for stage in stages.dictionary.to_pylist()
            ]
        )
        is_input = pc.is_in(group["test"].cast(pa.string()), value_set=inputs)
        is_invalidated = pc.equal(group["status"].cast(pa.string()), "invalidated")
        is_first = pc.equal(group["revision"].cast(pa.string()), _FIRST_REVISION)
        is_revised = pc.and_(is_first, pc.is_in(_identities(group), value_set=revised))
        has_rules = pa.array(table[stages.indices.to_numpy(), tests.indices.to_numpy()])
        kept = group.filter(pc.and_(has_rules, pc.invert(pc.and_(is_input, pc.or_(is_invalidated, is_revised)))))
        yield kept.select([name for name in group.column_names if name not in _LEFT_OUT])


def _later_revisions(group: pa.Table, tests: pa.Array) -> list[str]:
    """Return the identities of the results of some tests that were revised, by their later revisions."""
    later = pc.not_equal(group["revision"].cast(pa.string()), _FIRST_REVISION)
    of_tests = pc.is_in(group["test"].cast(pa.string()), value_set=tests)
    identities: list[str] = _identities(group.filter(pc.and_(later, of_tests))).to_pylist()
    return identities


def _identities(group: pa.Table) -> pa.ChunkedArray:
    names = ("batch_id", "test", "result_id")
    return pc.binary_join_element_wise(*(group[name].cast(pa.string()) for name in names), "\x1f")


def _write(groups: Iterator[pa.Table], path: Path, *, file_format: Literal["csv", "parquet"]) -> None:
    """Write tables of dictionary-coded texts as the simulation does."""
    first = next(groups)
    texts: dict[str, dict[str, int]] = {name: {} for name in first.column_names}

    def numbered(known: dict[str, int]) -> Numbered:
        return Numbered(lambda codes: pa.array(list(known), type=pa.string()).take(pa.array(codes)))

    with open_table(path, {name: numbered(known) for name, known in texts.items()}, file_format=file_format) as writer:
        for group in chain([first], groups):
            portion: dict[str, NDArray[np.integer[Any]]] = {}
            for name, known in texts.items():
                column = group[name].combine_chunks()
                codes = [known.setdefault(text, len(known)) for text in column.dictionary.to_pylist()]
                portion[name] = np.array(codes, dtype=np.int32)[column.indices.to_numpy()]
            writer.write(portion)


def results_in(folder: Path) -> int:
    """Return the number of results of an export."""
    if (folder / "results.parquet").exists():
        return int(pq.ParquetFile(folder / "results.parquet").metadata.num_rows)
    with (folder / "results.csv").open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 24), b"")) - 1


def task_for(folder: Path, specifications: Sequence[Specification], work: Path) -> Path:
    """Write the specifications, their rule tables and the task to judge an export by them; return the task."""
    suffix = "csv" if (folder / "results.csv").exists() else "parquet"
    results, batches = folder / f"results.{suffix}", folder / f"batches.{suffix}"
    work.mkdir(parents=True, exist_ok=True)
    (work / "specifications.pickle").write_bytes(pickle.dumps(list(specifications)))
    write_rule_table(build_rule_table(specifications, units=_units(results)), work / "rules")
    task = Task(
        results=str(results),
        batches=str(batches),
        rules=str(work / "rules"),
        specifications=str(work / "specifications.pickle"),
        as_of=AS_OF,
    )
    task.write(work / "task.json")
    return work / "task.json"


def _units(results: Path) -> set[str]:
    if results.suffix == ".csv":
        table = pa_csv.read_csv(results, convert_options=pa_csv.ConvertOptions(include_columns=["unit"]))
        return set(pc.unique(table["unit"].cast(pa.string())).fill_null("").to_pylist())
    found: set[str] = set()
    for batch in pq.ParquetFile(results).iter_batches(columns=["unit"]):
        found |= set(pc.unique(batch["unit"].cast(pa.string())).to_pylist())
    return found


def with_products(folder: Path, source: Path, products: int) -> Path:
    """Return an export whose lots are spread over many products: the results of another, and its batches renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "results.parquet"
    if not results.exists():
        results.symlink_to(source / "results.parquet")
    table = pq.read_table(source / "batches.parquet")
    names = table["product"].cast(pa.string()).to_pylist()
    turn = cycle(range(products))
    spread = [product_name(next(turn)) if name == PRODUCT.product else name for name in names]
    place = table.schema.get_field_index("product")
    pq.write_table(table.set_column(place, "product", pa.array(spread).dictionary_encode()), folder / "batches.parquet")
    return folder


def wide(folder: Path, source: Path) -> Path:
    """Return an export of 40 columns in which a fifth of the results reads like a wrong result of its test."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "batches.parquet").exists():
        (folder / "batches.parquet").symlink_to(source / "batches.parquet")
    wrong = {(slot.stage, slot.test): slot.wrong[0].result for panel in (PRODUCT, BANK) for slot in panel.slots}
    with pq.ParquetWriter(folder / "results.parquet", _wide_schema(source), compression="zstd") as writer:
        for first, group in _row_groups(source / "results.parquet"):
            adverse = _hashed(first, group.num_rows, salt=0) % 1000 < _ADVERSE_SHARE * 1000
            columns = {name: group[name].combine_chunks() for name in group.column_names}
            columns["result"] = _replaced(columns, wrong, adverse)
            for number, name in enumerate(_further_columns(group.column_names)):
                words = pa.array([f"provenance-{number:02d}-{word:02d}" for word in range(5 + number)])
                codes = pa.array((_hashed(first, group.num_rows, salt=number + 1) % len(words)).astype(np.int32))
                columns[name] = pa.DictionaryArray.from_arrays(codes, words)
            writer.write_table(pa.table(columns, schema=writer.schema), row_group_size=group.num_rows)
    return folder


def _wide_schema(source: Path) -> pa.Schema:
    schema: pa.Schema = pq.read_schema(source / "results.parquet")
    texts = pa.dictionary(pa.int32(), pa.string())
    for name in _further_columns(schema.names):
        schema = schema.append(pa.field(name, texts))
    return schema


def _further_columns(names: Sequence[str]) -> list[str]:
    return [f"provenance_{number:02d}" for number in range(_WIDE_COLUMNS - len(names))]


def _row_groups(path: Path) -> Iterator[tuple[int, pa.Table]]:
    """Yield the row groups of a file with the number of their first row."""
    file = pq.ParquetFile(path)
    first = 0
    for number in range(file.num_row_groups):
        group = file.read_row_group(number)
        yield first, group
        first += group.num_rows


def _hashed(first: int, count: int, *, salt: int) -> NDArray[np.uint64]:
    """Return numbers that follow from the number of a row alone (Fibonacci hashing)."""
    rows = np.arange(first, first + count, dtype=np.uint64) + np.uint64(salt * 1_000_003)
    return (rows * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(33)


def _replaced(
    columns: dict[str, pa.DictionaryArray], wrong: dict[tuple[str, str], str], adverse: NDArray[np.bool_]
) -> pa.DictionaryArray:
    """Return the results with the wrong ones of their stage and test where `adverse`."""
    texts = columns["result"].dictionary.to_pylist()
    places = {text: place for place, text in enumerate(texts)}
    stages, tests = (columns[name].dictionary.to_pylist() for name in ("stage", "test"))
    table = np.full((len(stages), len(tests)), -1, dtype=np.int32)
    for at, stage in enumerate(stages):
        for beside, test in enumerate(tests):
            text = wrong.get((stage, test))
            if text is not None:
                table[at, beside] = places.setdefault(text, len(places))
    answer = table[columns["stage"].indices.to_numpy(), columns["test"].indices.to_numpy()]
    own = columns["result"].indices.to_numpy()
    chosen = np.where(adverse & (answer >= 0), answer, own).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(chosen), pa.array(list(places), type=pa.string()))


def repeated(folder: Path, source: Path, times: int) -> Path:
    """Return an export that repeats the lots of another under new names, written a row group at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("results", "batches"):
        path = source / f"{name}.parquet"
        with pq.ParquetWriter(folder / f"{name}.parquet", pq.read_schema(path), compression="zstd") as writer:
            for turn in range(times):
                for _, group in _row_groups(path):
                    ids = group["batch_id"].combine_chunks()
                    renamed = pc.binary_join_element_wise(ids.dictionary, f"-{turn:02d}", "")
                    column = pa.DictionaryArray.from_arrays(ids.indices, renamed)
                    place = group.schema.get_field_index("batch_id")
                    writer.write_table(group.set_column(place, "batch_id", column), row_group_size=group.num_rows)
    return folder


def one_lot(folder: Path, source: Path, *, rows: int) -> Path:
    """Return the export of the first lot that has exactly so many results, as text."""
    folder.mkdir(parents=True, exist_ok=True)
    results, batches = pq.read_table(source / "results.parquet"), pq.read_table(source / "batches.parquet")
    ids = results["batch_id"].cast(pa.string())
    counts = pc.value_counts(ids).to_pylist()
    chosen = min(entry["values"] for entry in counts if entry["counts"] == rows)
    for name, table, column in (
        ("results", results, ids),
        ("batches", batches, batches["batch_id"].cast(pa.string())),
    ):
        _write(iter([table.filter(pc.equal(column, chosen))]), folder / f"{name}.csv", file_format="csv")
    return folder
