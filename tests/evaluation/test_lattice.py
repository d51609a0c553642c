"""Order, chunks, repetition, the type of the input and the compiled kernel change nothing."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import regenqc
from strategies import AS_OF, ENDOTOXIN, STAGE, STERILITY, VIABILITY, specification

SPECIFICATIONS = [
    specification(
        VIABILITY | {"alert": {"min": "75", "unit": "%"}, "rounding": "usp"},
        STERILITY
        | {
            "timing": "after_release",
            "due": "14 d",
            "controls": [{"test": "growth_promotion", "one_of": ["growth"]}],
            "consequences": [{"action": "Inform the physician", "citation": "procedure 12", "within": "24 h"}],
        },
        ENDOTOXIN
        | {"methods": ["LAL"], "retests": 1, "controls": [{"column": "spike", "limit": {"min": "50", "unit": "%"}}]},
        {"id": "karyotype", "karyotype": {"min_metaphases": "20"}},
        {
            "id": "recovery",
            "limit": {"min": "50", "unit": "%"},
            "replicates": "mean",
            "controls": [{"column": "spike", "one_of": ["pass"]}, {"test": "growth_promotion", "one_of": ["growth"]}],
        },
        {
            "id": "count",
            "limit": {"min": "1E6", "unit": "cells"},
            "replicates": "n_of_m",
            "replicates_conforming": 1,
            "replicates_total": 2,
        },
        {
            "id": "potency",
            "any_of": [
                {"test": "viability", "limit": {"min": "95", "unit": "%"}},
                {"test": "endotoxin", "limit": {"max": "0.1", "unit": "EU/mL"}},
            ],
        },
        {"id": "stable", "test": "viability", "agreement": {"stage": "cell_bank", "relative": "20"}},
        {"id": "dose", "limit": {"min": "10", "unit": "cells/kg"}, "when": {"formulation": ["fresh"]}},
        derived=[{"id": "dose", "function": "dose_per_kg", "inputs": {"dose": "count", "weight": "@weight"}}],
        id="example/first",
    ),
    specification(
        VIABILITY | {"limit": {"min": "80", "unit": "%"}, "mark": "unverified"},
        STERILITY | {"stage": "cell_bank"},
        id="example/second",
        unlisted_tests="report",
    ),
]
BATCHES = pd.DataFrame(
    {
        "batch_id": ["B1", "B2", "B3", "B4"],
        "formulation": ["fresh", "cryopreserved", "", "fresh"],
        "weight": ["70", "70", "7", ""],
        "weight_unit": "kg",
        "manufactured_at": ["2026-06-20", "2026-06-01", "", "2026-06-29"],
    }
)
COLUMNS = [
    "batch_id",
    "test",
    "result",
    "unit",
    "stage",
    "status",
    "result_id",
    "revision",
    "replicate",
    "method",
    "lod",
    "tested_at",
    "investigation_id",
    "assignable_cause",
    "analyst",
    "invalidated_by",
    "retest_of",
    "spike",
]
MEASURED = {
    "viability": (["90", "69.9", "69.5", "74", "<60", ">99", "see report", ""], ["%", "", "EU/mL"]),
    "sterility": (["no growth", "No  Growth", "growth", "pending", "TNTC", "3"], [""]),
    "endotoxin": (["0.1", "0.51", "<0.5", "ND", "BLQ", "5-10"], ["EU/mL", "eu/ml"]),
    "karyotype": (["46,XX[20]", "46,XX[19]", "47,XX,+8[20]", "pending"], [""]),
    "recovery": (["40", "50", "60", "<50", "pending"], ["%"]),
    "count": (["2E6", "5E5", "3"], ["cells", "10^6 cells"]),
    "growth_promotion": (["growth", "growth", "no growth", "pending"], [""]),
    "unheard_of": (["1"], [""]),
    "": (["1"], [""]),
}


@st.composite
def results(draw):
    test = draw(st.sampled_from(sorted(MEASURED)))
    texts, units = MEASURED[test]
    return {
        "batch_id": draw(st.sampled_from(["B1", "B1", "B2", "B3", "B4", "B5", ""])),
        "test": test,
        "result": draw(st.sampled_from(texts)),
        "unit": draw(st.sampled_from(units)),
        "stage": draw(st.sampled_from([STAGE, STAGE, STAGE, "cell_bank", "shipping", "nowhere"])),
        "status": draw(
            st.sampled_from(
                ["", "", "verified", "preliminary", "unverified", "cancelled", "invalidated", "invalidated", "?"]
            )
        ),
        "result_id": draw(st.sampled_from(["", "", "r1", "r2"])),
        "revision": draw(st.sampled_from(["", "1", "2"])),
        "replicate": draw(st.sampled_from(["", "1", "2", "3"])),
        "method": draw(st.sampled_from(["LAL", "LAL", "gel clot"])),
        "lod": draw(st.sampled_from(["", "0.2", "9"])),
        "tested_at": draw(st.sampled_from(["", "", "2026-06-01", "2026-06-01T00:00:00Z", "1/2/26"])),
        "investigation_id": draw(st.sampled_from(["", "OOS-1", "OOS-1", "OOS-2"])),
        "assignable_cause": draw(st.sampled_from(["", "vial broke", "vial broke"])),
        "analyst": draw(st.sampled_from(["", "Kim", "Kim", "Park"])),
        "invalidated_by": draw(st.sampled_from(["", "Park", "Park", "park"])),
        "retest_of": draw(st.sampled_from(["", "", "", "r1", "r2"])),
        "spike": draw(st.sampled_from(["", "90 %", "90 %", "10 %", "pass", "?"])),
    }


TABLES = st.lists(results(), min_size=1, max_size=25)
MODEST = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def written(table):
    """Return the bytes of a table with every text written out, so that no coding of words can hide or make a difference."""
    plain = table.cast(
        pa.schema(
            [
                (name, pa.string() if pa.types.is_dictionary(kind) else kind)
                for name, kind in zip(table.schema.names, table.schema.types, strict=True)
            ]
        )
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain.schema) as stream:
        stream.write_table(plain.combine_chunks())
    return sink.getvalue().to_pybytes()


def outcome(table, **options):
    found = regenqc.evaluate(table, SPECIFICATIONS, batches=BATCHES, as_of=AS_OF, **options)
    findings = found.findings.drop(columns=["row_number", "source"]).to_dict("records")
    places = ["row_number", "source"]
    investigations = found.investigations.drop(columns=places).to_dict("records")
    consequences = found.consequences.drop(columns=["triggered_by_row", "source"]).to_dict("records")
    return written(found.disposition_table), written(found.matrix.table()), findings, investigations, consequences


def frame(entries):
    return pd.DataFrame(entries, columns=COLUMNS).astype("str")


@MODEST
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(entries, random):
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert outcome(frame(shuffled)) == outcome(frame(entries))


@MODEST
@given(TABLES, st.sampled_from([1, 2, 7, 24]))
def test_the_size_of_the_chunks_changes_nothing(entries, size):
    assert outcome(frame(entries), chunk_rows=size) == outcome(frame(entries))


@MODEST
@given(TABLES, st.data())
def test_rows_that_come_twice_change_nothing(entries, data):
    repeated = data.draw(st.lists(st.sampled_from(entries), max_size=5))
    assert outcome(frame(entries + repeated)) == outcome(frame(entries))


@MODEST
@given(TABLES)
def test_rows_in_several_tables_are_rows_in_one(entries):
    middle = len(entries) // 2
    parts = [frame(part) for part in (entries[:middle], entries[middle:]) if part]
    assert outcome(regenqc.read_results(*parts)) == outcome(frame(entries))


KINDS = {
    "object": lambda table: table.astype("object"),
    "category": lambda table: table.astype("category"),
    "object with None for what is empty": lambda table: table.astype("object").where(table != "", None),
    "Arrow": lambda table: pa.table({name: pa.array(table[name].tolist(), pa.string()) for name in table.columns}),
    "Arrow large text": lambda table: pa.table(
        {name: pa.array(table[name].tolist(), pa.large_string()) for name in table.columns}
    ),
    "Arrow dictionaries": lambda table: pa.table(
        {name: pa.array(table[name].tolist(), pa.string()).dictionary_encode() for name in table.columns}
    ),
    "Arrow in chunks": lambda table: pa.concat_tables(
        [pa.Table.from_pandas(table.iloc[at : at + 3], preserve_index=False) for at in range(0, len(table), 3)]
    ),
    "categories nobody uses": lambda table: table.assign(
        batch_id=pd.Categorical(table["batch_id"], categories=["B0", "B9", *sorted(set(table["batch_id"]))])
    ),
}


@pytest.mark.parametrize("kind", list(KINDS))
@settings(MODEST, max_examples=8)
@given(entries=TABLES)
def test_the_type_of_the_columns_changes_nothing(kind, entries):
    assert outcome(KINDS[kind](frame(entries))) == outcome(frame(entries))


@MODEST
@given(TABLES)
def test_the_compiled_kernel_decides_as_the_plain_one(entries):
    assert outcome(frame(entries), compiled=True) == outcome(frame(entries), compiled=False)


@MODEST
@given(TABLES)
def test_every_row_is_judged_or_refused_and_every_batch_has_a_disposition(entries):
    found = regenqc.evaluate(frame(entries), SPECIFICATIONS, batches=BATCHES, as_of=AS_OF)
    assert found.rows_read == found.rows_judged + found.rows_refused == len(entries)
    named = {entry["batch_id"] for entry in entries} - {""} | set(BATCHES["batch_id"])
    assert set(found.dispositions["batch_id"]) == named
