"""What every row is coded as: refusals, standing, stage, revisions, dates, censored words, impossible numbers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regenqc.intake.date_forms import OPEN, TELL_DATES
from regenqc.intake.dates import DateKind, date_kinds, load_dates
from regenqc.intake.reading import NEVER_NEGATIVE, NO_WORD, SIGNED_KINDS
from regenqc.intake.table import read_results
from regenqc.intake.word_table import text_buffers
from regenqc.measurement.reported import WORDS
from regenqc.measurement.unit_dictionary import DICTIONARY
from regenqc.measurement.units import UNITS
from regenqc.vocabulary import Stage

from .tables import PLAIN, TESTS, code, coder_of, columns_of, forms, numbers, refusals, standings, write

if TYPE_CHECKING:
    from pathlib import Path

# ---- REFUSALS ----

REFUSED = {
    "a row with all that is needed": ({}, "none"),
    "a row of blanks": (dict.fromkeys(PLAIN, " "), "blank_row"),
    "a row without batch": ({"batch_id": " "}, "row_without_batch"),
    "a row with a batch that is a no-break blank": ({"batch_id": "\u00a0"}, "row_without_batch"),
    "a row with nothing but a remark": (dict.fromkeys(PLAIN, "") | {"comment": "x"}, "row_without_batch"),
    "a row without test": ({"test": "\t"}, "row_without_test"),
    "a stage outside the closed list": ({"stage": "release"}, "unknown_stage"),
    "a stage in capitals": ({"stage": "SHIPPING"}, "unknown_stage"),
    "a stage between blanks": ({"stage": " shipping "}, "none"),
    "a row without stage where none is judged": ({"stage": ""}, "unknown_stage"),
    "a status outside the closed list": ({"status": "released"}, "unknown_status"),
    "a status in capitals": ({"status": " Verified"}, "none"),
    "a date with the day first": ({"tested_at": "31/01/2026"}, "ambiguous_date"),
    "a date of the report that does not exist": ({"reported_at": "2026-02-30"}, "ambiguous_date"),
    "a revision that is no number": ({"revision": "2b"}, "unreadable_revision"),
    "a negative revision": ({"revision": "-1"}, "unreadable_revision"),
    "a revision of ten digits": ({"revision": "1234567890"}, "unreadable_revision"),
    "a revision in digits of another script": ({"revision": "٢"}, "unreadable_revision"),
    "an unknown test": ({"test": "something"}, "none"),
    "an unknown unit": ({"unit": "furlong"}, "none"),
    "an unreadable result": ({"result": "see report"}, "none"),
    "an empty result": ({"result": ""}, "none"),
}


@pytest.mark.parametrize(("row", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_row_is_refused_for_what_it_cannot_be_coded_without(row: dict[str, str], reason: str) -> None:
    assert refusals(code(row)) == [reason]


def test_a_bad_row_leaves_its_neighbours_alone() -> None:
    assert refusals(code({}, {"test": ""}, {}, {"batch_id": ""}, {})) == [
        "none", "row_without_test", "none", "row_without_batch", "none",
    ]  # fmt: skip


def test_a_refused_row_keeps_its_batch() -> None:
    coder, (coded,) = coder_of(pa.table(columns_of({}, {"batch_id": "B2", "status": "?"})))
    assert [coder.batch_ids[batch] for batch in coded.batch] == ["B1", "B2"]


def test_a_row_without_batch_has_no_batch_code() -> None:
    assert code({}, {"batch_id": ""}).batch.tolist() == [0, -1]


def test_batches_are_numbered_in_the_order_of_rows_and_without_blanks() -> None:
    coder, (coded,) = coder_of(pa.table(columns_of({"batch_id": " B2"}, {"batch_id": "B1"}, {"batch_id": "B2\u00a0"})))
    assert (list(coder.batch_ids), coded.batch.tolist()) == (["B2", "B1"], [0, 1, 0])


def test_the_line_of_a_row_is_its_stage_and_test() -> None:
    stages = [stage.value for stage in Stage]
    rows = [{"stage": stage, "test": test} for stage in stages for test in ("other", *TESTS)]
    assert code(*rows).line.tolist() == list(range(len(rows)))


def test_a_laboratory_cannot_report_what_only_the_engine_computes() -> None:
    from regenqc.intake.coding import RowCoder
    from regenqc.intake.readers.text import as_text_codes

    rows = as_text_codes(pa.table(columns_of({"test": "ph@mean", "stage": "donor"})))
    coder = RowCoder(tests=("ph", "ph@mean"), default_stage=None, superseding={})
    reported, computed = (coder.code(rows, first_row=1, computed=computed).line.tolist() for computed in (False, True))
    assert (reported, computed) == ([0], [2])


@pytest.mark.parametrize("stage", list(Stage), ids=str)
def test_a_row_without_stage_is_at_the_stage_being_judged(stage: Stage) -> None:
    coded = code({"stage": ""}, {"stage": "shipping"}, default_stage=stage)
    expected = [list(Stage).index(stage), list(Stage).index(Stage.SHIPPING)]
    assert [line // (len(TESTS) + 1) for line in coded.line.tolist()] == expected


# ---- STANDING ----

BACKING = {
    "investigation_id": "INV-1",
    "assignable_cause": "vial broke",
    "analyst": "Kim, J.",
    "invalidated_by": "qa",
}
STANDINGS = [
    ("", {}, "counts"),
    ("verified", {}, "counts"),
    ("verified", BACKING, "counts"),
    ("preliminary", {}, "preliminary"),
    ("unverified", {}, "unverified"),
    ("cancelled", {}, "cancelled"),
    ("cancelled", BACKING, "cancelled"),
    ("invalidated", {}, "counts"),
    ("invalidated", {"investigation_id": "INV-1"}, "counts"),
    ("invalidated", {"invalidated_by": "qa"}, "counts"),
    *(("invalidated", BACKING | {name: " "}, "counts") for name in BACKING),
    *(("invalidated", {key: text for key, text in BACKING.items() if key != name}, "counts") for name in BACKING),
    *(
        ("invalidated", BACKING | {"invalidated_by": name}, "counts")
        for name in ("Kim, J.", " kim, j. ", "KIM J", "Ｋｉｍ, J.", "Kim,\u200b J.")
    ),
    ("invalidated", BACKING | {"invalidated_by": "Kim, H."}, "invalidated"),
    ("invalidated", BACKING, "invalidated"),
]


@pytest.mark.parametrize("result", ["", "92.4", "ND", "see report"])
@pytest.mark.parametrize(
    ("status", "fields", "standing"),
    STANDINGS,
    ids=[f"{status or 'no status'} with {' and '.join(fields) or 'nothing'}" for status, fields, _ in STANDINGS],
)
def test_the_standing_of_a_row_follows_its_status(
    status: str, fields: dict[str, str], standing: str, result: str
) -> None:
    coded = code({"status": status, "result": result} | fields)
    assert (standings(coded), refusals(coded)) == ([standing], ["none"])


# ---- REVISIONS ----


def revised(*rows: tuple[str, str], key: str = "r1") -> list[dict[str, str]]:
    return [{"result": result, "result_id": key, "revision": revision} for result, revision in rows]


def superseded(*tables: list[dict[str, str]], rows: int = 1000) -> list[bool]:
    _, coded = coder_of(*(pa.table(columns_of(*table)) for table in tables), rows=rows)
    return [word == "superseded" for chunk in coded for word in standings(chunk)]


@pytest.mark.parametrize("rows", [1, 2, 1000])
@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        (["1", "2"], [True, False]),
        (["2", "1"], [False, True]),
        (["", "1"], [True, False]),
        (["1.0", "1"], [False, False]),
        (["1.0", "2.0", "10"], [True, True, False]),
        (["2", "2", "1"], [False, False, True]),
        (["5", "5"], [False, False]),
        (["2b", "1", "3"], [False, True, False]),
        (["3", "3", "1", "0"], [False, False, True, True]),
    ],
    ids=str,
)
def test_the_highest_revision_of_a_result_counts(revisions: list[str], expected: list[bool], rows: int) -> None:
    assert superseded(revised(*[("1", revision) for revision in revisions]), rows=rows) == expected


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_revisions_count_across_files_in_any_order(order: tuple[int, ...], tmp_path: Path) -> None:
    paths = []
    for position in order:
        name = f"{position}{['.csv', '.parquet', '.jsonl'][position]}"
        paths.append(write(tmp_path / name, columns_of(*revised(("1", str(position + 1))))))
    _, coded = coder_of(*paths)
    found = dict(zip(order, [standings(chunk)[0] for chunk in coded], strict=True))
    assert found == {0: "superseded", 1: "superseded", 2: "counts"}


def test_a_file_without_revisions_holds_revision_zero() -> None:
    first = [{"result_id": "r1"}, {"result_id": "r2"}]
    assert superseded(first, revised(("2", "1"))) == [True, False, False]


@pytest.mark.parametrize("name", ["batch_id", "test", "result_id"])
def test_a_revision_supersedes_its_own_result_only(name: str) -> None:
    rows = revised(("1", "1"), ("2", "2"))
    rows[1][name] = "endotoxin" if name == "test" else "another"
    assert superseded(rows) == [False, False]


def test_blanks_around_identities_carry_no_meaning() -> None:
    rows = revised(("1", "1"), ("2", " 2 "))
    rows[0] |= {"batch_id": " B1", "test": "viability ", "result_id": "\u00a0r1"}
    assert superseded(rows) == [True, False]


def test_rows_without_identity_never_supersede_each_other() -> None:
    assert superseded(revised(("1", "1"), ("2", "2"), key=" ")) == [False, False]


def test_a_correction_that_is_refused_still_supersedes() -> None:
    rows = revised(("1", "1"), ("2", "2"))
    rows[1]["tested_at"] = "31/01/2026"
    assert superseded(rows) == [True, False]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4)), min_size=1, max_size=12), st.integers(1, 12))
def test_revisions_agree_with_their_definition(rows: list[tuple[str, int]], chunk: int) -> None:
    table = [{"result_id": key, "revision": str(number)} for key, number in rows]
    highest = {key: max(number for other, number in rows if other == key) for key, _ in rows}
    assert superseded(table, rows=chunk) == [number < highest[key] for key, number in rows]


def test_files_without_corrections_are_not_read_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from regenqc.intake.revisions import find_superseding

    table = read_results(pa.table(columns_of({"result_id": "r1"})), pa.table(columns_of({"revision": "2"})))
    monkeypatch.setattr("regenqc.intake.revisions._collect", lambda *_: pytest.fail("read"))
    assert find_superseding(table, rows=10) == {}


# ---- DATES ----

DATES = {
    "2026-01-31T10:00:00Z": DateKind.ZONED_OR_EMPTY,
    "2026-01-31 10:00:00+09:00": DateKind.ZONED_OR_EMPTY,
    "2026-01-31T10:00+0900": DateKind.ZONED_OR_EMPTY,
    "2026-01-31 10:00:00-05": DateKind.ZONED_OR_EMPTY,
    "2026-01-31T10:00:00.123456789Z": DateKind.ZONED_OR_EMPTY,
    "2026-01-31T10:00:00,5Z": DateKind.ZONED_OR_EMPTY,
    " 2026-01-31T10:00:00Z ": DateKind.ZONED_OR_EMPTY,
    "2024-02-29T00:00Z": DateKind.ZONED_OR_EMPTY,
    "": DateKind.ZONED_OR_EMPTY,
    "  ": DateKind.ZONED_OR_EMPTY,
    "2026-01-31": DateKind.WITHOUT_ZONE,
    "2026-01-31T10:00:00": DateKind.WITHOUT_ZONE,
    "2026-01-31 10:00": DateKind.WITHOUT_ZONE,
    "1900-01-01": DateKind.WITHOUT_ZONE,
    "2026-02-29": DateKind.UNREADABLE,
    "2026-04-31T10:00Z": DateKind.UNREADABLE,
    "2026-13-01": DateKind.UNREADABLE,
    "2026-00-10": DateKind.UNREADABLE,
    "0018-08-20": DateKind.UNREADABLE,
    "2026-01-31T24:00:00Z": DateKind.UNREADABLE,
    "2026-01-31T10:60:00Z": DateKind.UNREADABLE,
    "2026-01-31T10:00:60Z": DateKind.UNREADABLE,
    "2026-01-31T10:00:00 Z": DateKind.UNREADABLE,
    "2026-01-31T10:00:00+9": DateKind.UNREADABLE,
    "2026-01-31T10:00:00 JST": DateKind.UNREADABLE,
    "2026-01-31Z": DateKind.UNREADABLE,
    "2026-01-31T10:00:00Z\n2026-01-31": DateKind.UNREADABLE,
    "2026-1-31": DateKind.UNREADABLE,
    "20260131": DateKind.UNREADABLE,
    "31-01-2026": DateKind.UNREADABLE,
    "18-08-2024": DateKind.UNREADABLE,
    "6-24-2022  14:34:52": DateKind.UNREADABLE,
    "01/31/2026": DateKind.UNREADABLE,
    "31.01.2026": DateKind.UNREADABLE,
    "01-31": DateKind.UNREADABLE,
    "10:00:00": DateKind.UNREADABLE,
    "08:46c,d": DateKind.UNREADABLE,
    "2024": DateKind.UNREADABLE,
    "41953.93508": DateKind.UNREADABLE,
    "Jan 31, 2026": DateKind.UNREADABLE,
    "２０２６-01-31": DateKind.UNREADABLE,
    "today": DateKind.UNREADABLE,
}


@pytest.mark.parametrize(("text", "kind"), DATES.items(), ids=[repr(text) for text in DATES])
def test_a_date_is_read_without_guessing(text: str, kind: DateKind) -> None:
    assert date_kinds(pa.array([text])).tolist() == [kind]


def test_dates_are_read_alike_alone_and_together() -> None:
    assert date_kinds(pa.array(list(DATES))).tolist() == list(DATES.values())
    assert date_kinds(pa.array([], pa.string())).tolist() == []


_PARTS = (
    st.sampled_from(
        ["", " ", "2026-01-31", "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "2026-04-31", "1899-12-31"]
    ),
    st.sampled_from(["", "T", " ", "t", "  "]),
    st.sampled_from(
        ["", "00:00", "23:59", "24:00", "10:60", "9:00", "10:00:00", "10:00:59", "10:00:60", "10:00:00.5", "10:0a"]
    ),
    st.sampled_from(
        ["", "Z", "z", "+09:00", "-23:59", "+24:00", "+09:60", "+0900", "+09", "+9:00", " Z", "Z ", "+0a:00", "\n"]
    ),
)
_DIGITS = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True)


def kinds_by_machine_code(texts: list[str]) -> tuple[list[int], int]:
    kinds = np.empty(len(texts), dtype=np.uint8)
    left = TELL_DATES(*text_buffers(pa.array(texts, pa.string())), kinds)
    return kinds.tolist(), left


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(st.tuples(*_PARTS).map("".join), _DIGITS, st.text(max_size=20)), max_size=40))
@example(list(DATES))
def test_machine_code_tells_plain_dates_as_they_are_read(texts: list[str]) -> None:
    kinds, left = kinds_by_machine_code(texts)
    assert left == kinds.count(OPEN)
    read = date_kinds(pa.array(texts, pa.string())).tolist()
    assert [kind for kind in kinds if kind != OPEN] == [
        kind for kind, told in zip(read, kinds, strict=True) if told != OPEN
    ]


def test_machine_code_tells_the_dates_that_laboratories_write() -> None:
    plain = {"": 0, "2026-01-31": 1, "2026-01-31T10:00": 1, "2026-01-31 10:00:59": 1, "2026-01-31T10:00Z": 0}
    plain |= {"2026-01-31T10:00:00+09:00": 0, "2024-02-29T23:59:59-05:00": 0, "2000-02-29": 1, "2199-12-31": 1}
    assert kinds_by_machine_code(list(plain)) == (list(plain.values()), 0)


def test_many_dates_are_told_as_few_are() -> None:
    load_dates()
    many = pa.array([*DATES, *(f"2026-01-31T10:{minute:02}:00Z" for minute in range(60))] * 200)
    told = date_kinds(many).tolist()
    assert told == [*DATES.values(), *[DateKind.ZONED_OR_EMPTY] * 60] * 200
    assert date_kinds(many[50:10_500]).tolist() == told[50:10_500]


@pytest.mark.parametrize("name", ["tested_at", "reported_at"])
def test_a_date_without_zone_is_marked(name: str) -> None:
    coded = code({name: "2026-01-31"}, {name: "2026-01-31T10:00Z"}, {name: ""})
    assert coded.without_zone is not None
    assert (coded.without_zone.tolist(), refusals(coded)) == ([True, False, False], ["none"] * 3)


def test_rows_without_date_columns_are_not_marked() -> None:
    assert code({}).without_zone is None


# ---- UNITS AND PERCENT ----

PERCENT = {
    "percent in both": ("93 %", "%", "%"),
    "percent in the result only": ("93 %", "", "%"),
    "percent in the unit only": ("93", "%", "%"),
    "percent in the result against another unit": ("93 %", "EU/mL", None),
    "percent in the result against parts per million": ("93 %", "ppm", None),
    "percent in the result against a text that is no unit": ("93 %", "furlong", None),
    "percent behind an operator": ("<0.1 %", "", "%"),
    "no unit at all": ("93", "", ""),
    "another spelling of a unit": ("93", " ug/ml ", "ug/mL"),
    "a unit in other case": ("93", "eu/ml", None),
}


@pytest.mark.parametrize(("result", "unit", "symbol"), PERCENT.values(), ids=PERCENT)
def test_percent_is_a_unit(result: str, unit: str, symbol: str | None) -> None:
    index = int(code({"result": result, "unit": unit}).unit[0])
    assert (UNITS[index].symbol if index < len(UNITS) else None) == symbol


# ---- CENSORED WORDS ----

CENSORED = {
    "not detected with a detection limit": ({"result": "ND", "lod": "0.1"}, "LESS", 0.1),
    "not detected without": ({"result": "ND", "lod": ""}, "WORD", 0.0),
    "not detected with a quantitation limit only": ({"result": "ND", "loq": "0.1"}, "WORD", 0.0),
    "below quantitation with a quantitation limit": ({"result": "BLQ", "loq": "0.5"}, "LESS", 0.5),
    "below quantitation with a detection limit only": ({"result": "BLQ", "lod": "0.5"}, "WORD", 0.0),
    "each word takes its own limit": ({"result": "ND", "lod": "0.1", "loq": "0.5"}, "LESS", 0.1),
    "another word with a limit": ({"result": "No growth", "lod": "0.1"}, "WORD", 0.0),
    "a number with a limit": ({"result": "7", "lod": "0.1"}, "NUMBER", 7.0),
    "a limit with an operator": ({"result": "ND", "lod": "<0.1"}, "WORD", 0.0),
    "a limit with a percent sign": ({"result": "ND", "lod": "0.1 %"}, "WORD", 0.0),
    "a limit of zero": ({"result": "ND", "lod": "0"}, "WORD", 0.0),
    "a negative limit": ({"result": "ND", "lod": "-0.1"}, "WORD", 0.0),
    "a limit that is no number": ({"result": "ND", "lod": "n/a"}, "WORD", 0.0),
    "a limit with a decimal comma": ({"result": "ND", "lod": "0,1"}, "WORD", 0.0),
    "a limit with a unit": ({"result": "ND", "lod": "0.1 EU/mL"}, "WORD", 0.0),
    "an interim word with a limit": ({"result": "not detected to date", "lod": "0.1"}, "WORD", 0.0),
}


@pytest.mark.parametrize(("row", "form", "number"), CENSORED.values(), ids=CENSORED)
def test_a_word_below_a_declared_limit_is_a_censored_number(row: dict[str, str], form: str, number: float) -> None:
    coded = code(row | {"unit": "EU/mL", "test": "endotoxin"})
    assert (forms(coded), numbers(coded)) == ([form], [number])


def test_a_censored_word_stays_known_as_the_word() -> None:
    coded = code({"result": "ND", "lod": "0.1"}, {"result": "<0.1"})
    assert [WORDS[word] if word != NO_WORD else None for word in coded.readings.word[coded.reading]] == [
        "not detected",
        None,
    ]


def test_every_row_takes_its_own_limit() -> None:
    rows = [{"result": "ND", "lod": lod} for lod in ("0.1", "", "0.2", "0.1", "x")] + [{"result": "BLQ", "loq": "3"}]
    coded = code(*rows)
    assert forms(coded) == ["LESS", "WORD", "LESS", "LESS", "WORD", "LESS"]
    assert numbers(coded) == [0.1, 0.0, 0.2, 0.1, 0.0, 3.0]


# ---- NUMBERS BELOW ZERO ----


def test_the_kinds_that_may_be_negative_exist() -> None:
    assert set(DICTIONARY) >= SIGNED_KINDS
    assert len(NEVER_NEGATIVE) == len(UNITS) + 1


@pytest.mark.parametrize("text", ["-0.0024", "<-1", "≤ -1", ">-1", "≥ -1", "< 0", "-1E3", "-1.2345678901234567"])
def test_a_number_below_zero_is_unreadable_where_it_is_impossible(text: str) -> None:
    found = forms(code(*({"result": text, "unit": unit.symbol} for unit in UNITS)))
    assert [form != "UNREADABLE" for form in found] == [unit.kind in SIGNED_KINDS for unit in UNITS]


@pytest.mark.parametrize("text", ["0", "0.0", "≤ 0", "> 0", "≥ 0", "<0.001", "1"])
def test_zero_and_above_are_read(text: str) -> None:
    assert forms(code({"result": text, "unit": "%"})) != ["UNREADABLE"]


def test_a_negative_number_with_a_percent_sign_is_unreadable() -> None:
    assert forms(code({"result": "-0.5 %", "unit": ""}, {"result": "-0.5", "unit": ""})) == ["UNREADABLE", "NUMBER"]


def test_a_negative_number_in_an_unknown_unit_stays_a_number() -> None:
    assert forms(code({"result": "-0.5", "unit": "furlong"})) == ["NUMBER"]


def test_an_impossible_number_leaves_other_rows_of_the_same_text_alone() -> None:
    rows = [{"result": "-1", "unit": unit} for unit in ("%", "°C", "EU/mL", "pH")] + [{"result": "ND", "lod": "5"}]
    coded = code(*rows)
    assert forms(coded) == ["UNREADABLE", "NUMBER", "UNREADABLE", "NUMBER", "LESS"]
    assert numbers(coded) == [0.0, -1.0, 0.0, -1.0, 5.0]


def test_a_revision_at_another_stage_supersedes_nothing():
    from regenqc.intake.revisions import find_superseding
    from regenqc.intake.table import read_results

    table = pa.table(
        {
            "batch_id": ["B1", "B1"],
            "test": ["viability", "viability"],
            "result": ["60", "90"],
            "unit": ["%", "%"],
            "stage": ["in_process", "drug_product_release"],
            "result_id": ["r1", "r1"],
            "revision": ["1", "2"],
        }
    )
    superseding = find_superseding(read_results(table), rows=10)
    assert superseding == {("B1", "viability", "drug_product_release", "r1"): 2}
