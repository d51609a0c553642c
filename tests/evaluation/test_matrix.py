"""The matrix holds one settled verdict for every cell that applies, once, in a fixed order."""

from strategies import STAGE, STERILITY, VIABILITY, evaluate, rows

BANK = {"id": "bank", "limit": {"min": "1", "unit": "%"}, "stage": "cell_bank"}
FRESH = STERILITY | {"when": {"formulation": ["fresh"]}}


def judge(**options):
    results = rows(
        {"batch_id": "B2", "test": "viability", "result": "90", "unit": "%", "stage": STAGE},
        {"batch_id": "B1", "test": "viability", "result": "1", "unit": "%", "stage": STAGE},
    )
    return evaluate(results, VIABILITY, FRESH, BANK, **options)


def keys(found):
    return [(row["batch_id"], row["stage"], row["requirement_id"]) for row in found.matrix.table().to_pylist()]


def test_cells_stand_in_the_order_of_batch_stage_and_requirement():
    found = [key for key in keys(judge()) if key[0] == "B1"]
    assert found == [
        ("B1", "cell_bank", "result_record"),
        ("B1", "cell_bank", "bank"),
        ("B1", STAGE, "result_record"),
        ("B1", STAGE, "viability"),
        ("B1", STAGE, "sterility"),
    ]


def test_every_cell_stands_once():
    assert len(keys(judge())) == len(set(keys(judge()))) == 10


def test_a_requirement_that_does_not_apply_has_no_cell():
    found = judge(batches={"formulation": "cryopreserved"})
    assert ("B1", STAGE, "sterility") not in keys(found)
    assert ("B2", STAGE, "sterility") in keys(found)


def test_one_wanted_stage_leaves_the_others_out():
    assert {stage for _, stage, _ in keys(judge(stage=STAGE))} == {STAGE}


def test_the_matrix_in_parts_is_the_matrix():
    found = judge()
    whole = found.matrix.table().to_pylist()
    assert [row for part in found.matrix.batches(at_once=1) for row in part.to_pylist()] == whole


def test_the_frame_has_one_column_for_each_requirement():
    frame = judge(stage=STAGE).matrix.to_frame()
    assert frame["viability"].tolist() == ["fails", "conforms"]
    assert frame["sterility"].tolist() == ["missing", "missing"]


def test_the_counts_of_a_disposition_are_the_cells_of_the_matrix():
    found = judge()
    cells = found.matrix.table().to_pandas().astype("str")
    for row in found.dispositions.itertuples():
        own = cells[(cells["batch_id"] == row.batch_id) & (cells["stage"] == row.stage)]["verdict"].tolist()
        assert [own.count(word) for word in ("fails", "inconclusive", "missing", "alert")] == [
            row.fails,
            row.inconclusive,
            row.missing,
            row.alerts,
        ]
