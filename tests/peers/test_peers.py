"""Every peer of the benchmark finds what regenqc finds, disposition by disposition and finding by finding."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from benchmarks.agreement import compare
from benchmarks.engines import ENGINES, REGENQC, Engine
from benchmarks.exports import one_lot, simulated, task_for, wide, with_products
from benchmarks.processes import run_module
from benchmarks.specification_sets import one_for_each, product_name, standard

from regenqc import parse_specification

_RESULTS = 60 * 22  # of the sixty lots that show every kind of trouble
_PEERS = [engine for engine in ENGINES if engine is not REGENQC]


def _sixty_lots(folder: Path):
    return simulated(folder / "sixty", _RESULTS), standard()


def _text(folder: Path):
    return simulated(folder / "sixty-text", _RESULTS, file_format="csv"), standard()


def _one_lot(folder: Path):
    return one_lot(folder / "one", folder / "sixty", rows=24), standard()


def _a_fifth_adverse(folder: Path):
    return wide(folder / "wide", folder / "sixty"), standard()


def _three_products_with_two_specifications_each(folder: Path):
    first, second = one_for_each(6)[:4], one_for_each(6)[4:]
    renamed = [
        entry.text.replace(product_name(3 + number), product_name(number)) for number, entry in enumerate(second)
    ]
    return with_products(folder / "products", folder / "sixty", 3), [*first, *map(parse_specification, renamed)]


def _what_no_simulation_has(folder: Path):
    """Return lots with dates without zone, odd dates, revisions and numbers, and results that are repeated or have no name."""
    export = folder / "odd"
    export.mkdir()
    (export / "batches.parquet").symlink_to(folder / "sixty" / "batches.parquet")
    table = pq.read_table(folder / "sixty" / "results.parquet")
    table = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    table = pa.concat_tables([table, table.slice(0, 40)])
    row = pa.array(range(table.num_rows))
    for name, every, text in (
        ("tested_at", 17, "2026-06-02T08:00"),
        ("reported_at", 23, "2026-02-31T08:00:00Z"),
        ("revision", 29, "1b"),
        ("result", 31, "93 %"),
        ("result", 37, "-0.5"),
        ("result", 41, "0.1234567890123456789"),
        ("result_id", 43, ""),
        ("replicate", 43, ""),
        ("status", 47, "invalidated"),
        ("investigation_id", 53, "OOS-1"),
    ):
        chosen = pc.equal(pc.subtract(row, pc.multiply(pc.divide(row, every), every)), 3)
        changed = pc.if_else(chosen, text, table[name])
        table = table.set_column(table.schema.get_field_index(name), name, changed)
    pq.write_table(table, export / "results.parquet")
    return export, standard()


_CASES = {
    make.__name__.strip("_"): make
    for make in (
        _sixty_lots,
        _text,
        _one_lot,
        _a_fifth_adverse,
        _three_products_with_two_specifications_each,
        _what_no_simulation_has,
    )
}


class Outcomes:
    """What engines find in every case, each in one process; the cases are made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "outcomes"
        self.tasks = [str(task_for(*make(folder), folder / "tasks" / name)) for name, make in _CASES.items()]
        self.run(REGENQC)

    def run(self, engine: Engine) -> None:
        run_module("tests.peers.every_task", [engine.module, str(self.folder), *self.tasks])

    def differences(self, engine: Engine) -> dict[str, tuple[str, ...]]:
        """Return by case what an engine and regenqc differ in, where they do."""
        names = (REGENQC.name, engine.name)
        found = {
            name: compare(self.folder / name / REGENQC.module, self.folder / name / engine.module, names=names)
            for name in _CASES
        }
        assert all(agreement.dispositions for agreement in found.values())
        return {name: agreement.examples for name, agreement in found.items() if not agreement.is_complete}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return Outcomes(tmp_path_factory.mktemp("exports"))


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(
            engine,
            marks=pytest.mark.skipif(
                not engine.is_installed, reason=f"{engine.name} is not installed; the extra [bench] brings it"
            ),
            id=f"{engine.name} agrees in every case",
        )
        for engine in _PEERS
    ],
)
def test_a_peer_finds_what_regenqc_finds(outcomes: Outcomes, engine: Engine) -> None:
    outcomes.run(engine)
    assert outcomes.differences(engine) == {}


def test_sixty_lots_show_every_disposition(outcomes: Outcomes) -> None:
    folder = outcomes.folder / "sixty_lots" / REGENQC.module
    words = pq.read_table(folder / "dispositions.parquet")["disposition"]
    assert set(words.to_pylist()) == {"eligible", "conditional", "hold", "reject"}
