"""What an evaluation costs, counted rather than timed: rows looked at, columns read, modules loaded, memory per row."""

import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import regenqc
from regenqc.evaluation import evaluate, judge
from regenqc.evaluation.engine import CHUNK_ROWS
from regenqc.intake import ResultTable, read_results

_AS_OF = "2026-06-30T00:00:00Z"
_SPECIFICATIONS = ("example/hipsc-bank", "example/hipsc-progenitors")


def _specifications():
    return [regenqc.load_specification(name) for name in _SPECIFICATIONS]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Return exports by their number of lots."""
    folder = tmp_path_factory.mktemp("exports")
    found = {lots: folder / str(lots) for lots in (60, 600, 1800)}
    for lots, path in found.items():
        regenqc.simulate(batches=lots, seed=1, out=path, file_format="parquet")
    return found


def _evaluate(folder: Path, **options):
    return evaluate(
        str(folder / "results.parquet"),
        _specifications(),
        batches=str(folder / "batches.parquet"),
        as_of=_AS_OF,
        **options,
    )


class Counted:
    """Rows that went through the kernel in one run, chunk by chunk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[int] = []
        original = judge.kernel_for

        def counting(rows, *, compiled=None):
            self.rows.append(rows)
            return original(rows, compiled=compiled)

        monkeypatch.setattr(judge, "kernel_for", counting)


def test_every_row_goes_through_the_kernel_once(exports, monkeypatch) -> None:
    counted = Counted(monkeypatch)
    evaluation = _evaluate(exports[600])
    assert sum(counted.rows) == evaluation.rows_read + evaluation.rows_computed


@pytest.mark.parametrize("rows", [pytest.param(500, id="500 rows"), pytest.param(5_000, id="5,000 rows")])
def test_a_chunk_is_as_large_as_it_may_be(exports, monkeypatch, rows: int) -> None:
    counted = Counted(monkeypatch)
    evaluation = _evaluate(exports[600], chunk_rows=rows)
    # One chunk may be left over; the results that are computed afterwards are chunks of their own, one for each kind.
    assert len(counted.rows) <= evaluation.rows_read // rows + 1 + len(_SPECIFICATIONS) * 2


def test_specifications_share_one_pass_over_the_rows(exports, monkeypatch) -> None:
    counted = Counted(monkeypatch)
    one = evaluate(str(exports[600] / "results.parquet"), _specifications()[1], as_of=_AS_OF)
    alone = sum(counted.rows) - one.rows_computed
    counted.rows.clear()
    both = evaluate(str(exports[600] / "results.parquet"), _specifications(), as_of=_AS_OF)
    assert sum(counted.rows) - both.rows_computed == alone


def _counting(results: ResultTable, read: Counter[str]) -> ResultTable:
    """Return the same results, counting the rows of every column that is asked for."""

    def counted(source):
        def reading(rows, columns):
            for batch in source.read(rows, columns):
                read.update(dict.fromkeys(batch.schema.names, batch.num_rows))
                yield batch

        return replace(source, read=reading)

    return ResultTable(tuple(counted(source) for source in results.sources))


def test_columns_that_identify_no_revision_are_read_once(exports) -> None:
    read: Counter[str] = Counter()
    folder = exports[600]
    results = _counting(read_results(str(folder / "results.parquet")), read)
    evaluation = evaluate(results, _specifications(), batches=str(folder / "batches.parquet"), as_of=_AS_OF)
    again = {name for name, rows in read.items() if rows > evaluation.rows_read}
    assert again <= {"batch_id", "test", "stage", "result_id", "revision"}


def test_no_column_is_read_more_than_thrice(exports) -> None:
    """Distinct revisions first, then the identities of revised results, then everything."""
    read: Counter[str] = Counter()
    folder = exports[600]
    results = _counting(read_results(str(folder / "results.parquet")), read)
    evaluation = evaluate(results, _specifications(), batches=str(folder / "batches.parquet"), as_of=_AS_OF)
    assert max(read.values()) <= 3 * evaluation.rows_read


_MODULES = """
import sys
from regenqc import evaluate, load_specification
evaluate({results!r}, [load_specification(name) for name in {specifications!r}], batches={batches!r}, as_of={as_of!r}).disposition_table
print(*sorted(name for name in sys.modules if "." not in name))
"""


def _modules(folder: Path) -> set[str]:
    code = _MODULES.format(
        results=str(folder / "results.parquet"),
        batches=str(folder / "batches.parquet"),
        specifications=_SPECIFICATIONS,
        as_of=_AS_OF,
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(process.stdout.split())


@pytest.mark.parametrize(
    "module",
    ["numba", "pandera", "openpyxl", "jinja2", "matplotlib", "cryptography", "pyspark", "rich", "typer"],
)
def test_a_small_run_does_without(exports, module: str) -> None:
    assert module not in _small_run(exports)


_LOADED: dict[Path, set[str]] = {}


def _small_run(exports) -> set[str]:
    folder = exports[60]
    if folder not in _LOADED:
        _LOADED[folder] = _modules(folder)
    return _LOADED[folder]


def _peak_of_python(folder: Path) -> int:
    """Return the most bytes that Python and numpy held at once during one evaluation."""
    specifications = _specifications()
    tracemalloc.start()
    try:
        evaluate(
            str(folder / "results.parquet"),
            specifications,
            batches=str(folder / "batches.parquet"),
            as_of=_AS_OF,
            compiled=False,
            chunk_rows=4_096,
        )
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_memory_grows_by_lots_and_not_by_rows(exports) -> None:
    """Whole arrays of one chunk are a constant; what is left are the cells and identifiers of lots, and findings."""
    rows = [_rows_of(exports[lots]) for lots in (600, 1800)]
    peaks = [_peak_of_python(exports[lots]) for lots in (600, 1800)]
    assert (peaks[1] - peaks[0]) / (rows[1] - rows[0]) < 400  # bytes per row; a list of Python texts alone takes more


def test_arrow_memory_is_bounded_by_a_chunk(exports) -> None:
    """The pool of Arrow never holds all columns of all rows as text, whatever the size of the export."""
    source = exports[1800]
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        rows = _evaluate(source, chunk_rows=4_096).rows_read
        peak = pool.max_memory()
    finally:
        pa.set_memory_pool(before)
    assert peak / rows < 1_000  # bytes; the texts of a row are some hundred bytes, several times over when not shared


def _rows_of(folder: Path) -> int:
    return sum(
        batch.num_rows for batch in read_results(str(folder / "results.parquet")).sources[0].read(CHUNK_ROWS, None)
    )


def test_a_finding_is_made_only_for_what_does_not_conform(exports) -> None:
    evaluation = _evaluate(exports[600])
    found = sum(batch.num_rows for batch in evaluation.finding_batches())
    cells = evaluation.matrix.table()
    open_cells = sum(word != "conforms" for word in cells["verdict"].to_pylist())
    # Some cells are explained by several rows; none that conforms is explained at all.
    assert open_cells <= found <= 3 * open_cells


@pytest.mark.long
def test_the_kernel_is_no_slower_than_a_comparison_in_numpy(exports) -> None:
    """One row costs the compiled kernel less than numpy needs to look up two limits and compare; measured 0.6 times."""
    from benchmarks.kernel import time_kernel

    found = time_kernel(exports[1800], specifications=_specifications(), as_of=_AS_OF, runs=25)
    rows = int(found["rows"])
    generator = np.random.default_rng(1)
    codes, values = generator.integers(0, 400, rows), generator.random(rows)
    low, high = generator.random(400) - 1, generator.random(400) + 1

    def seconds() -> float:
        started = time.perf_counter()
        inside = (low[codes] <= values) & (values <= high[codes])
        elapsed = time.perf_counter() - started
        assert inside.size == rows
        return elapsed

    baseline = min(seconds() for _ in range(25))
    assert rows / found["compiled, as exported"] < 8 * baseline
