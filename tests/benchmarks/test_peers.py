"""Every peer of the benchmark finds what regenqc finds, disposition by disposition and finding by finding."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from benchmarks.agreement import compare
from benchmarks.engines import ENGINES, REGENQC, Engine
from benchmarks.exports import simulated, task_for, wide, with_products
from benchmarks.processes import run_engine
from benchmarks.specification_sets import one_for_each, side_by_side, standard

_LOTS = 60 * 22  # results of the sixty lots that show every kind of trouble
_PEERS = [engine for engine in ENGINES if engine is not REGENQC]
_ENGINES_OF_THEIR_OWN = [engine for engine in _PEERS if engine.name in {"DuckDB", "Polars", "pandas"}]


class Exports:
    """Exports of sixty lots, each with its task and with what regenqc finds in it; made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasks: dict[str, Path] = {}

    def task(self, kind: str) -> Path:
        if kind not in self.tasks:
            self.tasks[kind] = task_for(*getattr(self, kind)(), self.folder / "tasks" / kind)
            run_engine(REGENQC.module, self.tasks[kind], outcome=self.folder / kind / REGENQC.module)
        return self.tasks[kind]

    def parquet(self):
        return simulated(self.folder / "sixty", _LOTS), standard()

    def text(self):
        return simulated(self.folder / "sixty-text", _LOTS, file_format="csv"), standard()

    def adverse(self):
        return wide(self.folder / "wide", self.parquet()[0]), standard()

    def products(self):
        return with_products(self.folder / "products", self.parquet()[0], 7), one_for_each(7)

    def side_by_side(self):
        return self.parquet()[0], side_by_side(3)

    def without_zone(self):
        """Return the sixty lots with a date without zone, a revision that is none, and a percent sign in a result."""
        export = self.folder / "without-zone"
        export.mkdir()
        (export / "batches.parquet").symlink_to(self.parquet()[0] / "batches.parquet")
        table = pq.read_table(self.parquet()[0] / "results.parquet")
        table = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
        row = pa.array(range(table.num_rows))

        def replaced(table: pa.Table, name: str, every: int, text: str) -> pa.Table:
            chosen = pc.equal(pc.subtract(row, pc.multiply(pc.divide(row, every), every)), 3)
            return table.set_column(table.schema.get_field_index(name), name, pc.if_else(chosen, text, table[name]))

        table = replaced(table, "tested_at", 17, "2026-06-02T08:00")
        table = replaced(table, "reported_at", 23, "2026-02-31T08:00:00Z")
        table = replaced(table, "revision", 29, "1b")
        table = replaced(table, "result", 31, "93 %")
        table = replaced(table, "result", 37, "-0.5")
        pq.write_table(replaced(table, "result", 41, "0.1234567890123456789"), export / "results.parquet")
        return export, standard()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return Exports(tmp_path_factory.mktemp("exports"))


def _differences(exports: Exports, kind: str, engine: Engine) -> tuple[str, ...]:
    if not engine.is_installed:
        pytest.skip(f"{engine.name} is not installed; the extra [bench] brings it")
    task = exports.task(kind)
    run_engine(engine.module, task, outcome=exports.folder / kind / engine.module)
    found = compare(
        exports.folder / kind / REGENQC.module, exports.folder / kind / engine.module, names=("regenqc", engine.name)
    )
    assert found.dispositions > 100
    return found.examples


@pytest.mark.parametrize("engine", _PEERS, ids=lambda engine: f"{engine.name} agrees about sixty lots")
def test_peers_find_the_same(exports: Exports, engine: Engine) -> None:
    assert _differences(exports, "parquet", engine) == ()


@pytest.mark.parametrize("engine", _PEERS, ids=lambda engine: f"{engine.name} agrees where a fifth is adverse")
def test_peers_find_the_same_trouble(exports: Exports, engine: Engine) -> None:
    assert _differences(exports, "adverse", engine) == ()


@pytest.mark.parametrize(
    "engine", _PEERS, ids=lambda engine: f"{engine.name} agrees about dates, revisions and long numbers"
)
def test_peers_refuse_the_same_rows(exports: Exports, engine: Engine) -> None:
    assert _differences(exports, "without_zone", engine) == ()


@pytest.mark.parametrize("engine", _ENGINES_OF_THEIR_OWN, ids=lambda engine: f"{engine.name} reads text the same way")
def test_peers_read_text_the_same_way(exports: Exports, engine: Engine) -> None:
    assert _differences(exports, "text", engine) == ()


@pytest.mark.parametrize(
    "engine", _ENGINES_OF_THEIR_OWN, ids=lambda engine: f"{engine.name} keeps seven products apart"
)
def test_peers_keep_products_apart(exports: Exports, engine: Engine) -> None:
    assert _differences(exports, "products", engine) == ()


@pytest.mark.parametrize("engine", _ENGINES_OF_THEIR_OWN, ids=lambda engine: f"{engine.name} judges by three at once")
def test_peers_judge_by_several_specifications(exports: Exports, engine: Engine) -> None:
    assert _differences(exports, "side_by_side", engine) == ()
