"""Which rows are charted, and that every other row is counted with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from regenqc.errors import UsageError
from regenqc.intake import read_results
from regenqc.trends.history import Aside, read_history
from regenqc.trends.series import series_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.intake import ResultTable

    Maker = Callable[..., ResultTable]


@pytest.mark.parametrize(
    ("result", "columns", "reason"),
    [
        ("90", {"status": ["cancelled"]}, Aside.CANCELLED),
        ("90", {"status": ["unverified"]}, Aside.UNVERIFIED),
        ("90", {"status": ["preliminary"]}, Aside.PRELIMINARY),
        ("90", {"status": ["finished"]}, Aside.REFUSED),
        ("90", {"batch_id": [""]}, Aside.REFUSED),
        ("", {}, Aside.EMPTY),
        ("complies", {}, Aside.WORD),
        ("ND", {}, Aside.WORD),
        ("about 90", {}, Aside.UNREADABLE),
        ("-3", {}, Aside.UNREADABLE),
        ("90", {"unit": ["per cent"]}, Aside.UNKNOWN_UNIT),
        ("90", {"tested_at": [""]}, Aside.WITHOUT_TIME),
        ("90", {"tested_at": ["2026-01-01"]}, Aside.TIME_WITHOUT_ZONE),
        ("90", {"tested_at": ["2026-01-01T08:00:00"]}, Aside.TIME_WITHOUT_ZONE),
        ("90", {"tested_at": ["01/02/2026"]}, Aside.REFUSED),
        ("90", {"stage": ["shipping"]}, Aside.OTHER_STAGE),
    ],
)
def test_a_row_without_a_place_in_a_trend_is_set_aside_with_its_reason(
    history: Maker, result: str, columns: dict[str, list[str]], reason: Aside
) -> None:
    found = read_history(history([result], **columns), stage="drug_product_release")
    assert {word: count for word, count in found.counts.items() if count} == {reason: 1}
    assert found.rows_read == 1


def test_a_row_that_lacks_its_zone_is_named_with_file_and_row_and_the_others_are_charted(history: Maker) -> None:
    times = ["2026-01-01T08:00:00Z", "2026-01-02T08:00:00", "2026-01-03T08:00:00+09:00"]
    found = read_history(history(["90", "91", "92"], tested_at=times))
    assert found.set_aside.to_pylist() == [
        {
            "source": "<table>", "row_number": 2, "reason": "time_without_zone", "batch_id": "LOT-002",
            "test": "viability", "result": "91", "unit": "%", "tested_at": "2026-01-02T08:00:00",
        }
    ]  # fmt: skip
    assert np.diff(found.tested).tolist() == [47 * 3600 - 8 * 3600]


def test_a_superseded_result_and_an_invalidated_one_are_out_and_counted(history: Maker) -> None:
    found = read_history(
        history(
            ["50", "90", "10", "91"],
            batch_id=["A", "A", "B", "B"],
            result_id=["r1", "r1", "r2", "r3"],
            revision=["1", "2", "1", "1"],
            status=["verified", "verified", "invalidated", "verified"],
            investigation_id=["", "", "INV-1", ""],
            invalidated_by=["", "", "person-7", ""],
            assignable_cause=["", "", "pipette failed its check", ""],
            analyst=["person-1"] * 4,
        )
    )
    assert found.lowest.tolist() == [90, 91]
    assert (found.counts[Aside.SUPERSEDED], found.counts[Aside.INVALIDATED]) == (1, 1)
    assert found.set_aside["reason"].to_pylist() == ["superseded", "invalidated"]


def test_results_of_a_test_that_has_no_numbers_are_counted_and_not_listed(history: Maker) -> None:
    found = read_history(history(["46,XX[20]", "90"], unit=["", "%"], test=["karyotype", "viability"]))
    assert found.counts[Aside.UNREADABLE] == 1
    assert found.set_aside.num_rows == 0


def test_without_a_stage_nothing_is_guessed() -> None:
    table = read_results(pa.table({"batch_id": ["A"], "test": ["ph"], "result": ["7"], "unit": ["pH"]}))
    with pytest.raises(UsageError, match="RQC-U150"):
        read_history(table)
    with pytest.raises(UsageError, match="RQC-U151"):
        read_history(table, stage="release")


def test_a_lot_is_one_point_and_a_censored_result_leaves_an_interval(history: Maker) -> None:
    points = series_of(
        read_history(history(["1", "2", "<1", "3", "> 4"], unit="EU/mL", batch_id=["A", "A", "B", "B", "C"]))
    )
    found = {
        points.batch_ids[lot]: ends for lot, *ends in zip(points.batch, points.lowest, points.highest, strict=True)
    }
    assert found == {"A": [1.5, 1.5], "B": [1.5, 2.0], "C": [4.0, np.inf]}
    assert points.is_censored.tolist() == [False, True, True]
    assert points.results.tolist() == [2, 2, 1]


def test_a_word_with_a_declared_limit_reads_as_less_than_it(history: Maker) -> None:
    found = read_history(history(["ND", "0.3"], unit="EU/mL", lod=["0.05", "0.05"]))
    assert (found.lowest.tolist(), found.highest.tolist()) == ([0.0, 0.3], [0.05, 0.3])


def test_units_of_one_kind_are_converted_exactly_and_those_of_another_are_a_series_of_their_own(history: Maker) -> None:
    points = series_of(
        read_history(history(["0.3", "300", "0.1", "5"], test="protein", unit=["ug/mL", "ng/mL", "ug/mL", "pg/cell"]))
    )
    assert [(series.unit_symbol, series.converted, series.other_kinds) for series in points.series] == [
        ("ug/mL", 1, 1),
        ("pg/cell", 0, 1),
    ]
    assert points.lowest.tolist() == [0.3, 0.3, 0.1, 5.0]


def test_lots_stand_in_the_order_of_time_whatever_the_order_of_rows_and_chunks(history: Maker) -> None:
    dice = np.random.default_rng(2)
    order = dice.permutation(40)
    rows = [(f"LOT-{lot:02d}", f"2026-02-{1 + lot // 2:02d}T08:00:00Z", str(50 + lot)) for lot in order]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("batch_id", "tested_at"))}
    table = history([row[2] for row in rows], **columns)
    for chunk in (7, 1000):
        points = series_of(read_history(table, chunk_rows=chunk))
        assert points.lowest.tolist() == [50 + lot for lot in range(40)]


def test_lots_whose_results_name_two_analysts_belong_to_neither(history: Maker) -> None:
    points = series_of(read_history(history(["1", "2", "3"], batch_id=["A", "A", "B"], analyst=["x", "y", "x"])))
    codes, words = points.factors["analyst"]
    assert codes.tolist() == [-1, words.index("x")]
