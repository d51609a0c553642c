"""What laboratories and instruments really write, each with the canonical row or the refusal that it must lead to.

The numbers are those of the collection of quirks that the strings were taken from.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regenqc.errors import DataError, SpecificationError
from regenqc.intake.profiles import load_profile, parse_profile
from regenqc.intake.profiles.source import check_coverage
from regenqc.intake.readers.allotrope import allotrope_rows
from regenqc.intake.table import read_results
from regenqc.measurement.reported import Form, read_reported
from regenqc.measurement.units import find_unit

from .mapped import COLUMNS, HEAD, one_result, profile_of, read_text, rows_of

FLAGS = '[[qualifier]]\ncolumn = "Flag"\naccept = ["p"]\nbelow = ["< TEST RNG"]\nabove = ["OVR"]\n'
FLAGGED = profile_of(tables=FLAGS)
OPERATORS = profile_of(tables='[operator]\ncolumn = "Op"\n')
COMMA = profile_of(tables='[numbers]\ndecimal_mark = ","\nthousands_mark = "."\n')
SAMPLES = Path(__file__).parents[2] / "sample_data" / "exports"


def flagged(tmp_path: Path, result: str, flag: str) -> dict[str, str]:
    return one_result(tmp_path, result, profile=FLAGGED, more=[("Flag", flag)])


def test_1_a_flag_below_the_range_beside_a_censored_number_keeps_it_censored(tmp_path: Path) -> None:
    assert flagged(tmp_path, "< 0.100", "< TEST RNG")["result"] == "<0.100"


def test_1_a_flag_below_the_range_beside_a_bare_number_makes_it_the_limit(tmp_path: Path) -> None:
    assert flagged(tmp_path, "0.100", "< TEST RNG")["result"] == "<0.100"


def test_2_a_negative_zero_is_never_read_as_zero(tmp_path: Path) -> None:
    for result, flag in (("-0.0", "< TEST RNG"), ("-0.0", ""), ("-0.0", "< 0.100")):
        assert "mapping_fault" in flagged(tmp_path, result, flag)


def test_3_a_flag_that_has_lost_its_unit_refuses_its_number() -> None:
    analyte = {
        "analyte name": "calcium",
        "mass concentration": {"value": "-0.0", "unit": "g/L"},
        "custom information document": {"flag": "< 8.02"},
    }
    (row,) = allotrope_rows({"$asm.manifest": "m", "measurement document": [{"analyte document": [analyte]}]})
    assert (row["quantity"], row["value"], row["unit"], row["flag"]) == (
        "calcium: mass concentration", "-0.0", "g/L", "< 8.02",
    )  # fmt: skip


def test_3_so_does_the_shipped_profile_whatever_the_number_is(tmp_path: Path) -> None:
    measurement = {"analyte document": [{"analyte name": "calcium", "mass concentration": {"value": 8.02, "unit": "g/L"}, "flag": "< 8.02"}]}  # fmt: skip
    path = tmp_path / "asm.json"
    path.write_text(json.dumps({"$asm.manifest": "m", "measurement document": [measurement]}))
    rows, tally = rows_of(path, load_profile("allotrope-asm"))
    assert tally.refused == 1
    assert rows[0]["mapping_fault"] == "the flag '< 8.02' in 'flag' is not listed"


def test_4_blanks_are_trimmed_and_an_unknown_flag_refuses_the_row(tmp_path: Path) -> None:
    assert read_reported("  3.933").number is not None
    assert flagged(tmp_path, "  3.933", " ")["result"].strip() == "3.933"
    assert flagged(tmp_path, "6.174", "v")["mapping_fault"] == "the flag 'v' in 'Flag' is not listed"


def test_5_two_spellings_of_a_unit_in_one_file_are_one_unit() -> None:
    assert find_unit("mmol/L") == find_unit("mmol/l") is not None


def test_6_a_line_break_inside_a_value_without_quotes_breaks_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="RQC-D004"):
        read_text(tmp_path, "Lot,Test,Result,Unit\nL1,d,13.2 (Uncertain\ndetermination),um\n", profile_of())


def test_6_inside_quotes_it_refuses_the_row(tmp_path: Path) -> None:
    row = one_result(tmp_path, "13.2 (Uncertain\ndetermination)", unit="um")
    assert row["mapping_fault"] == "the text holds a line break"


def test_7_a_blank_as_thousands_mark_is_refused_unless_declared(tmp_path: Path) -> None:
    row = one_result(tmp_path, "274 000")
    assert row["mapping_fault"] == "the number has a thousands mark that the profile does not declare"
    declared = profile_of(tables='[numbers]\nthousands_mark = " "\n')
    assert one_result(tmp_path, "274 000", profile=declared)["result"] == "274000"


def test_8_a_warning_beside_a_normal_number_is_a_flag(tmp_path: Path) -> None:
    assert "mapping_fault" in flagged(tmp_path, "1.2", "Warning: Foreign object detected")


def test_9_the_factor_in_a_title_is_put_behind_the_digits(tmp_path: Path) -> None:
    wide = profile_of(
        columns='[columns]\nbatch_id = "Lot"\n',
        tables='[[result_column]]\nname = "(x10^6) cells/mL"\ntest = "cells"\nunit = "cells/mL"\npower_of_ten = 6\n',
    )
    for text, became in (("2.45", "2.45E+6"), ("2.45E6", "2.45E+12"), ("< 0.5", "<5E+5"), ("1.10", "1.10E+6")):
        (row,) = read_text(tmp_path, f"Lot,(x10^6) cells/mL\nL1,{text}\n", wide)
        assert (row["result"], row["unit"], row["result_as_exported"]) == (became, "cells/mL", text)


def test_9_what_is_no_number_is_not_multiplied(tmp_path: Path) -> None:
    units = profile_of(tables='[units]\n"Mio/ml" = { unit = "cells/mL", power_of_ten = 6 }\n')
    assert one_result(tmp_path, "1.5", profile=units, unit="Mio/ml")["result"] == "1.5E+6"
    assert "mapping_fault" in one_result(tmp_path, "about 1.5", profile=units, unit="Mio/ml")
    assert "mapping_fault" in one_result(tmp_path, "5 %", profile=units, unit="Mio/ml")


@pytest.mark.parametrize("micro", ["\u00b5", "\u03bc"], ids=["micro sign", "greek mu"])
def test_10_both_micro_signs_of_a_title_are_one(tmp_path: Path, micro: str) -> None:
    profile = profile_of(columns=COLUMNS.replace('"Result"', '"Conc. [copies/\u00b5L]"'))
    (row,) = read_text(tmp_path, f"Lot,Test,Conc. [copies/{micro}L],Unit\nL1,vcn,1.2,\n", profile)
    assert row["result"] == "1.2"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gb18030", "shift_jis"])
def test_11_a_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    declared = profile_of(tables=f'[dialect]\nencoding = "{"utf-8" if encoding == "utf-8-sig" else encoding}"\n')
    lot = {"cp1252": "Prüfung", "gb18030": "批号", "shift_jis": "検体"}.get(encoding, "HeLa (😢)")
    (row,) = read_text(tmp_path, f"Lot,Test,Result,Unit\n{lot},ph,7.2,pH\n".encode(encoding), declared)
    assert (row["batch_id"], row["result"]) == (lot, "7.2")


def test_11_a_byte_order_mark_that_contradicts_the_declaration_is_refused(tmp_path: Path) -> None:
    text = "Lot,Test,Result,Unit\nL1,ph,7.2,pH\n"
    for encoding, declared in (("utf-16", "utf-8"), ("utf-8-sig", "cp1252"), ("utf-8", "utf-16")):
        with pytest.raises(DataError, match="RQC-D002"):
            read_text(tmp_path, text.encode(encoding), profile_of(tables=f'[dialect]\nencoding = "{declared}"\n'))


@pytest.mark.parametrize("hint", ["sep=,", "sep=,,,,,"])
def test_12_the_hint_of_spreadsheet_programs_is_passed_over_where_it_is_declared(tmp_path: Path, hint: str) -> None:
    text = f"{hint}\nLot,Test,Result,Unit\nL1,ph,7.2,pH\n"
    assert read_text(tmp_path, text, profile_of(tables="[dialect]\nseparator_line = true\n"))[0]["result"] == "7.2"
    with pytest.raises(DataError):
        read_text(tmp_path, text, profile_of())


def test_13_a_percent_sign_in_a_value_is_its_unit(tmp_path: Path) -> None:
    assert one_result(tmp_path, "4.60%")["result"] == "4.60%"
    assert read_reported("4.60%").unit == "%"


MEANS = "Lot,Test,Result,Unit,Rep #\nL1,fat,2.0,%,1\nL1,fat,2.1,%,2\nL1,fat,{mean},%,Mean\nL1,fat,{sd},%,Sd\n"
STATISTICS = profile_of(
    'carried = ["Rep #"]\n',
    tables='[[statistic]]\ncolumn = "Rep #"\ntext = "Mean"\nfunction = "mean"\n'
    '[[statistic]]\ncolumn = "Rep #"\ntext = "Sd"\nfunction = "sd"\n',
)


@pytest.mark.parametrize("number", [14, 18])
def test_statistics_are_computed_again_and_never_judged(tmp_path: Path, number: int) -> None:
    del number
    path = tmp_path / "means.csv"
    path.write_text(MEANS.format(mean="2.05", sd="0.071"))
    rows, tally = rows_of(path, STATISTICS)
    assert [row.get("result") for row in rows] == ["2.0", "2.1", None, None]
    assert (tally.mapped, tally.not_data, tally.refused) == (2, 2, 0)


def test_14_an_average_that_its_results_do_not_give_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "means.csv"
    path.write_text(MEANS.format(mean="2.50", sd="0.071"))
    rows, tally = rows_of(path, STATISTICS)
    assert (tally.mapped, tally.not_data, tally.refused) == (2, 1, 1)
    assert rows[2]["mapping_fault"] == "the mean is reported as 2.50, and its 2 results give 2.05"


def test_14_an_average_of_a_censored_result_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "means.csv"
    path.write_text(MEANS.replace("2.1", "<2.1").format(mean="2.05", sd="0.071"))
    assert rows_of(path, STATISTICS)[1].refused == 2


def test_15_day_and_month_in_two_orders_in_one_row_are_refused(tmp_path: Path) -> None:
    columns = COLUMNS + 'tested_at = "Date & Time"\nreported_at = "Sample Time"\n'
    tables = '[dates]\nformat = "M-D-YYYY hh:mm:ss"\nzone = "+00:00"\n'
    more = [("Date & Time", "6-24-2022  14:34:52"), ("Sample Time", "24-6-2022  14:34:52")]
    row = one_result(tmp_path, "7.4", profile=profile_of(columns=columns, tables=tables), more=more)
    assert row["tested_at"] == "2022-06-24T14:34:52+00:00"
    assert "'24-6-2022  14:34:52' is not written as M-D-YYYY hh:mm:ss" in row["mapping_fault"]


def test_15_each_column_may_have_its_own_order(tmp_path: Path) -> None:
    columns = COLUMNS + (
        'tested_at = { name = "Date & Time", format = "M-D-YYYY hh:mm:ss" }\n'
        'reported_at = { name = "Sample Time", format = "D-M-YYYY hh:mm:ss" }\n'
    )
    more = [("Date & Time", "6-24-2022  14:34:52"), ("Sample Time", "24-6-2022  14:34:52")]
    row = one_result(tmp_path, "7.4", profile=profile_of(columns=columns), more=more)
    assert row["tested_at"] == row["reported_at"] == "2022-06-24T14:34:52"


def test_16_an_empty_column_behind_a_trailing_comma_is_recorded_and_must_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('Lot,Test,Result,"Unit",\nL1,ph,7.2,pH,\nL1,ph,7.3,pH,?\n')
    rows, tally = rows_of(path, profile_of())
    assert rows[0]["result"] == "7.2"
    assert rows[1]["mapping_fault"] == "a cell in a column without title holds text"
    assert tally.refused == 1
    assert check_coverage(path, profile_of()).columns[-1] == ("", 5, "without title, must be empty")


@pytest.fixture
def hidden_row(tmp_path: Path) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (("Lot", "Test", "Result", "Unit"), ("L1", "ph", 7.2, "pH"), ("L1", "ph", 9.9, "pH")):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["D"].hidden = True
    workbook.save(tmp_path / "hidden.xlsx")
    return tmp_path / "hidden.xlsx"


def test_17_hidden_rows_and_columns_are_refused_or_said(hidden_row: Path) -> None:
    with pytest.raises(DataError, match="RQC-D017") as caught:
        rows_of(hidden_row, profile_of())
    assert [fault.got for fault in caught.value.faults] == [
        "hidden rows of the sheet: 3", "hidden columns of the sheet: D",
    ]  # fmt: skip
    workbook = openpyxl.load_workbook(hidden_row)
    for cell, name in zip(workbook.active[1], ("batch_id", "test", "result", "unit"), strict=True):
        cell.value = name
    workbook.save(canonical := hidden_row.with_name("canonical.xlsx"))
    assert read_results(canonical).sources[0].notes == ("hidden rows of the sheet: 3", "hidden columns of the sheet: D")
    read = profile_of(tables='[sheet]\nhidden = "read"\n')
    assert [row["result"] for row in rows_of(hidden_row, read)[0]] == ["7.2", "9.9"]
    assert check_coverage(hidden_row, read).notes == ("hidden rows of the sheet: 3", "hidden columns of the sheet: D")


def test_18_a_byte_of_another_code_page_is_refused_with_its_offset(tmp_path: Path) -> None:
    text = b"Lot,Test,Result,Unit\nDro\x9d Witwyn,fat,2.0,%\n"
    with pytest.raises(DataError, match="line 2, byte 24 of the file"):
        read_text(tmp_path, text, profile_of())
    with pytest.raises(DataError, match="byte 24"):
        read_text(tmp_path, text, profile_of(tables='[dialect]\nencoding = "cp1252"\n'))


def test_18_a_text_that_was_damaged_before_refuses_its_row(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, "Lot,Test,Result,Unit\nDro\ufffd Witwyn,fat,2.0,%\n", profile_of())
    assert row["mapping_fault"] == "a text of 'Lot' was damaged before: it holds \ufffd"


@pytest.mark.parametrize(("declared", "became"), [("serial", "2014-11-10T22:26:31+00:00"), ("ISO", None)])
def test_19_a_serial_number_is_a_date_only_where_that_is_declared(
    tmp_path: Path, declared: str, became: str | None
) -> None:
    columns = COLUMNS + f'tested_at = {{ name = "Date", format = "{declared}", zone = "+00:00" }}\n'
    row = one_result(tmp_path, "1", profile=profile_of(columns=columns), more=[("Date", "41953.93508")])
    assert row["tested_at"] == (became or "41953.93508")  # which the engine refuses as ambiguous


def test_20_an_operator_in_a_column_of_its_own_comes_before_its_number(tmp_path: Path) -> None:
    assert one_result(tmp_path, "0.04", profile=OPERATORS, more=[("Op", "<")])["result"] == "<0.04"
    assert "mapping_fault" in one_result(tmp_path, "> 0.04", profile=OPERATORS, more=[("Op", "<")])
    assert "mapping_fault" in one_result(tmp_path, "0.04", profile=OPERATORS, more=[("Op", "~")])
    assert "mapping_fault" in one_result(tmp_path, "", profile=OPERATORS, more=[("Op", "<")])


def test_20_a_comma_for_thousands_is_read_where_it_is_declared(tmp_path: Path) -> None:
    declared = profile_of(tables='[numbers]\nthousands_mark = ","\n')
    assert one_result(tmp_path, "6,240.398 ", profile=declared)["result"] == "6240.398"
    assert "mapping_fault" in one_result(tmp_path, "6,240.398 ")


def test_21_over_the_range_is_right_censored_and_not_verified_does_not_count(tmp_path: Path) -> None:
    assert flagged(tmp_path, ">822.00", "OVR")["result"] == ">822.00"
    assert flagged(tmp_path, "822.00", "OVR")["result"] == ">822.00"
    assert "mapping_fault" in flagged(tmp_path, "<822.00", "OVR")
    states = profile_of(columns=COLUMNS + 'status = "State"\n', tables='[statuses]\n"Not Verified" = "unverified"\n')
    assert one_result(tmp_path, "5", profile=states, more=[("State", "Not Verified")])["status"] == "unverified"
    assert "mapping_fault" in one_result(tmp_path, "5", profile=states, more=[("State", "Not Sent")])
    assert "mapping_fault" in one_result(tmp_path, "5", profile=states, more=[("State", "")])


@pytest.mark.parametrize(
    ("text", "word"),
    [("Non-React.", "non-reactive"), ("Reactive", "reactive"), ("NON-REACTIVE", "non-reactive"), ("POS", "positive"), ("NEG", "negative")],
)  # fmt: skip
def test_22_words_belong_to_a_closed_vocabulary_or_to_the_profile(tmp_path: Path, text: str, word: str) -> None:
    declared = profile_of(tables='[words]\n"Non-React." = "non-reactive"\n')
    assert read_reported(one_result(tmp_path, text, profile=declared)["result"]).word == word


def test_22_an_unknown_word_is_shown_and_stays_unknown(tmp_path: Path) -> None:
    assert read_reported(one_result(tmp_path, "Weakly odd")["result"]).form is Form.UNREADABLE
    report = check_coverage(tmp_path / "export.csv", profile_of())
    assert report.met("result")[0].problem == "neither number nor word of the vocabulary"
    assert not report.is_whole


def test_23_not_measured_and_not_detected_are_two_things(tmp_path: Path) -> None:
    declared = profile_of('not_measured = ["-----"]\n')
    assert "result" not in one_result(tmp_path, "-----", profile=declared)
    assert read_reported(one_result(tmp_path, "ND", profile=declared)["result"]).word == "not detected"
    with pytest.raises(SpecificationError, match="RQC-S204"):
        profile_of('not_measured = ["ND"]\n')


def test_24_a_title_that_stands_twice_is_told_apart_by_its_position(tmp_path: Path) -> None:
    text = "Lot,Test,Unit,Result,Unit\nL1,dna,ng,5,ng/mL\n"
    with pytest.raises(DataError, match="columns 3, 5"):
        read_text(tmp_path, text, profile_of())
    columns = COLUMNS.replace('unit = "Unit"', 'unit = { name = "Unit", position = 5 }')
    carried = 'carried = [{ name = "Unit", position = 3 }]\n'
    assert read_text(tmp_path, text, profile_of(carried, columns))[0]["unit"] == "ng/mL"
    with pytest.raises(DataError, match="RQC-D031"):
        read_text(tmp_path, text, profile_of(carried, columns.replace("5", "4")))


def test_25_free_text_decides_nothing(tmp_path: Path) -> None:
    row = one_result(tmp_path, "10.85", profile=profile_of('carried = ["Remark"]\n'), more=[("Remark", "Good sample ")])
    assert (row["result"], row["Remark"]) == ("10.85", "Good sample ")


def test_26_a_number_below_zero_stays_what_it_is(tmp_path: Path) -> None:
    assert one_result(tmp_path, "-0.83", unit="mg/L")["result"] == "-0.83"  # which the engine reads in no such unit


def test_27_censored_results_stay_and_full_width_forms_are_folded(tmp_path: Path) -> None:
    for text in ("<2", ">100", "＜2"):
        assert read_reported(one_result(tmp_path, text)["result"]).form in {Form.LESS, Form.GREATER}
    criterion = "Négatif：<5 | Indeterminate：5≤X≤25 | Positif：>25"
    assert read_reported(one_result(tmp_path, criterion)["result"]).form is Form.UNREADABLE


def test_28_semicolons_say_nothing_about_the_decimal_mark(tmp_path: Path) -> None:
    declared = profile_of(tables='[dialect]\ndelimiter = ";"\n')
    assert read_text(tmp_path, "Lot;Test;Result;Unit\nL1;ph;7.2;pH\n", declared)[0]["result"] == "7.2"
    (row,) = read_text(tmp_path, "Lot;Test;Result;Unit\nL1;ph;7,2;pH\n", declared)
    assert row["mapping_fault"] == "the number has a mark that the profile does not declare"


def test_29_rows_with_another_number_of_fields_break_the_file(tmp_path: Path) -> None:
    text = "Lot,Test,Result,Unit\nL1,ph,7.2\nL1,ph,7.2,pH,a,b,c\nL1,ph,7.2,pH\nL1,ph\n"
    with pytest.raises(DataError, match="rows 1-2, 4"):
        read_text(tmp_path, text, profile_of())


def test_30_a_word_inside_a_sentence_is_no_result(tmp_path: Path) -> None:
    assert read_reported(one_result(tmp_path, "SARS-CoV-2 NEGATIVE")["result"]).form is Form.UNREADABLE


def test_30_blocks_above_the_header_are_passed_over_where_that_is_declared(tmp_path: Path) -> None:
    text = "ASSAY INFORMATION\nAssay,Xpert\n\nLot,Test,Result,Unit\nL1,ph,7.2,pH\n"
    declared = profile_of(tables="[dialect]\nskip_lines = 3\n")
    assert read_text(tmp_path, text, declared)[0]["result"] == "7.2"
    with pytest.raises(DataError):
        read_text(tmp_path, text, profile_of())


def test_31_comments_are_no_rows_where_that_is_declared(tmp_path: Path) -> None:
    text = "# ====\nLot,Test,Result,Unit\n# ---- one\nL1,ph,7.2,pH\n# a,b,c,d\n"
    path = tmp_path / "export.csv"
    path.write_text(text)
    rows, tally = rows_of(path, profile_of(tables='[dialect]\ncomment = "#"\n'))
    assert [row["result"] for row in rows if row] == ["7.2"]
    assert (tally.mapped, tally.refused) == (1, 0)
    with pytest.raises(DataError):
        rows_of(path, profile_of())


def test_31_a_joined_cell_is_one_text(tmp_path: Path) -> None:
    assert one_result(tmp_path, "Whole Blood|Serum")["result"] == "Whole Blood|Serum"


@pytest.mark.parametrize(
    ("text", "unit"),
    [("cells/μL", "cells/uL"), ("million/μL", "10^6/uL"), ("mille/mm3", "10^3/uL"), ("10*3/uL", "10^3/uL"), ("/mm3", "/uL")],
)  # fmt: skip
def test_32_units_are_those_of_the_dictionary_or_of_the_profile(tmp_path: Path, text: str, unit: str) -> None:
    known = find_unit(text)
    if known is not None:
        assert known.symbol == unit
        return
    declared = profile_of(
        tables=f'[units]\n"{text}" = {{ unit = "/uL", power_of_ten = {3 if "mille" in text else 6} }}\n'
    )
    row = one_result(tmp_path, "5.0", profile=declared, unit=text)
    assert (row["unit"], row["unit_as_exported"]) == ("/uL", text)
    assert row["result"] in {"5.0E+3", "5.0E+6"}


def test_33_a_reference_range_is_carried_and_decides_nothing(tmp_path: Path) -> None:
    row = one_result(tmp_path, "4.8", profile=profile_of('carried = ["Range"]\n'), more=[("Range", "<5.2")])
    assert (row["result"], row["Range"]) == ("4.8", "<5.2")


def test_34_markup_is_taken_out_only_where_that_is_declared(tmp_path: Path) -> None:
    assert one_result(tmp_path, "&lt; 5")["mapping_fault"] == "the text holds markup that the profile does not take out"
    declared = profile_of('unescape = "html"\n')
    row = one_result(tmp_path, "&lt; 5", profile=declared)
    assert (row["result"], row["result_as_exported"]) == ("< 5", "&lt; 5")
    assert "mapping_fault" in one_result(tmp_path, "positive<br/>negative", profile=declared)
    assert "mapping_fault" in one_result(tmp_path, "&amp;lt; 5", profile=declared)  # once, not twice


@pytest.mark.parametrize("text", ["['2', '1']", '["1"]'])
def test_35_a_list_of_options_is_no_result(tmp_path: Path, text: str) -> None:
    assert one_result(tmp_path, text)["mapping_fault"] == "the text is a list"


@pytest.mark.parametrize("text", ["*Present", "Not Reported", "Trace", "Detected Not Quantified", "Value Decensored"])
def test_36_conditions_that_others_take_for_not_detected_are_not(text: str) -> None:
    assert read_reported(text).form is Form.UNREADABLE


def test_37_a_flag_that_is_not_listed_refuses_the_row(tmp_path: Path) -> None:
    for code in ("$", "&", "(", "J", "U", "B"):
        assert "is not listed" in flagged(tmp_path, "5", code)["mapping_fault"]


@pytest.mark.parametrize("text", ["5-10", "~5", "1)"])
def test_38_a_range_is_never_averaged_and_nothing_is_stripped(tmp_path: Path, text: str) -> None:
    row = one_result(tmp_path, text)
    assert row["result"] == text
    assert read_reported(row["result"]).form is Form.UNREADABLE


def test_40_too_many_to_count_and_over_the_range_are_results(tmp_path: Path) -> None:
    assert read_reported(one_result(tmp_path, "TNTC")["result"]).word == "too numerous to count"
    for text in (">2420", ">80", ">17.1"):
        assert read_reported(one_result(tmp_path, text)["result"]).form is Form.GREATER


def test_41_a_date_is_read_from_its_first_to_its_last_character(tmp_path: Path) -> None:
    for declared in ("YYYY-MM-DD", "MM-DD-YYYY"):
        columns = COLUMNS + f'tested_at = {{ name = "Date", format = "{declared}" }}\n'
        row = one_result(tmp_path, "5", profile=profile_of(columns=columns), more=[("Date", "18-08-2024")])
        assert "the date '18-08-2024'" in row["mapping_fault"]
    columns = COLUMNS + 'tested_at = { name = "Date", format = "DD-MM-YYYY" }\n'
    row = one_result(tmp_path, "5", profile=profile_of(columns=columns), more=[("Date", "18-08-2024")])
    assert row["tested_at"] == "2024-08-18"


def test_42_a_spreadsheet_under_a_text_name_is_read_as_what_it_is(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (("Lot", "Test", "Result", "Unit"), ("L1", "ph", 7.2, "pH")):
        workbook.active.append(row)
    workbook.save(tmp_path / "export.xlsx")
    (tmp_path / "export.xlsx").rename(tmp_path / "export.csv")
    assert rows_of(tmp_path / "export.csv", profile_of())[0][0]["result"] == "7.2"
    with pytest.raises(DataError, match="RQC-D009"):
        rows_of(tmp_path / "export.csv", profile_of('format = "delimited"\n'))


def test_43_a_code_that_is_not_listed_is_never_another_test(tmp_path: Path) -> None:
    listed = profile_of(tables='[tests]\n"EPH" = "extractables"\n"pH" = "ph"\n')
    for code in ("LEPH", "eph", "dl", "PH", "Effluent"):
        (row,) = read_text(tmp_path, f"Lot,Test,Result,Unit\nL1,{code},5,\n", listed)
        assert row["mapping_fault"] == f"the test '{code}' is not listed"


def test_44_a_column_is_found_by_its_exact_title_only(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="RQC-D031") as caught:
        read_text(tmp_path, "lot,Test,Result,Unit\nL1,ph,5,\n", profile_of())
    assert any("nearest title is 'lot'" in fault.action for fault in caught.value.faults)


def test_45_rows_of_limits_inside_the_data_are_no_data(tmp_path: Path) -> None:
    limits = profile_of(
        'carried = ["Type"]\n', tables='[[not_data]]\ncolumn = "Type"\ntexts = ["Permit limit"]\nbecause = "limits of the permit"\n'
    )  # fmt: skip
    path = tmp_path / "export.csv"
    path.write_text("Lot,Test,Result,Unit,Type\nL1,ph,9,pH,Permit limit\nL1,ph,7.2,pH,Sample\n")
    rows, tally = rows_of(path, limits)
    assert [row.get("result") for row in rows] == [None, "7.2"]
    assert (tally.mapped, tally.not_data) == (1, 1)


@pytest.mark.parametrize("text", ["08:46c,d", "2024"])
def test_46_a_footnote_and_a_bare_year_are_no_dates(tmp_path: Path, text: str) -> None:
    columns = COLUMNS + 'tested_at = { name = "Date", format = "YYYY-MM-DD hh:mm" }\n'
    assert "mapping_fault" in one_result(tmp_path, "5", profile=profile_of(columns=columns), more=[("Date", text)])


@pytest.mark.parametrize("profile", ["generic-long-comma", "senaite-json"])
def test_47_an_export_without_rows_is_refused(tmp_path: Path, profile: str) -> None:
    path = tmp_path / ("export.json" if "json" in profile else "export.csv")
    path.write_text('{"count": 0, "items": []}' if "json" in profile else "Batch,Test,Result,Unit\n")
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "evaluate", path, "--profile", profile, "--spec", "example/car-t-ari-0001"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "RQC-D001" in done.stderr


def test_48_two_conditions_have_no_order(tmp_path: Path) -> None:
    for text in ("n.d.", "< 10"):
        assert read_reported(one_result(tmp_path, text)["result"]).form in {Form.WORD, Form.LESS}


def test_a_row_that_is_not_explained_holds_its_batch(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    text = (SAMPLES / "generic-long-semicolon.csv").read_text(encoding="utf-8")
    path.write_text(text.replace("92,4", "92.4"), encoding="utf-8")
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "evaluate", path, "--profile", "generic-long-semicolon", "--spec",
         "example/car-t-ari-0001", "--stage", "drug_product_release", "--out", out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "4 rows in file = 3 mapped + 0 declared no data + 1 refused" in " ".join(done.stdout.split())
    assert "not_mapped" in (out / "refused.csv").read_text(encoding="utf-8")
    run = json.loads((out / "run.json").read_text())
    assert run["profile"] == "generic-long-semicolon"
    assert run["profile_fingerprint"] == load_profile("generic-long-semicolon").fingerprint
    assert run["inputs"][0]["rows"] == {"read": 4, "mapped": 3, "not_data": 0, "refused": 1, "results": 3}


def test_a_number_in_another_writing_than_declared_is_refused(tmp_path: Path) -> None:
    for text in ("92.4", "1.5", "6.24"):
        assert "mapping_fault" in one_result(tmp_path, text, profile=COMMA)
    assert one_result(tmp_path, "6.240", profile=COMMA)["result"] == "6240"


def test_a_draft_never_runs() -> None:
    with pytest.raises(SpecificationError, match="RQC-S208"):
        parse_profile("draft = true\n" + HEAD + 'other_tests = "keep"\n' + COLUMNS)


def test_error_values_and_long_numbers_of_a_workbook_stay_what_they_are(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (
        ("Lot", "Test", "Result", "Unit"),
        (12345678901234567, "ph", "E", "pH"),
        (12345678901234568, "ph", 7.0, "pH"),
    ):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as source, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = re.sub(rb'<c r="C2".*?</c>', b'<c r="C2" t="e"><v>#DIV/0!</v></c>', content)
                for cell, digits in ((b"A2", b"12345678901234567"), (b"A3", b"12345678901234568")):
                    content = re.sub(
                        rb'<c r="' + cell + rb'".*?</c>', b'<c r="' + cell + b'"><v>' + digits + b"</v></c>", content
                    )
            target.writestr(name, content)
    rows, _ = rows_of(tmp_path / "b.xlsx", profile_of())
    assert [(row["batch_id"], row["result"]) for row in rows] == [
        ("12345678901234567", "#DIV/0!"),
        ("12345678901234568", "7"),
    ]


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_24_a_name_that_stands_twice_in_a_columnar_file_is_refused(tmp_path: Path, suffix: str) -> None:
    table = pa.table([["L1"], ["ph"], ["7.2"], ["pH"], ["x"]], names=["Lot", "Test", "Result", "Unit", "Unit"])
    path = tmp_path / f"export.{suffix}"
    if suffix == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    with pytest.raises(DataError, match="RQC-D011"):
        rows_of(path, profile_of())


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "jsonl", "xlsx"])
def test_a_profile_reads_every_kind_of_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "export.csv"  # the content decides, not the name
    columns = {"Lot": ["L1", "L1"], "Test": ["ph", "ph"], "Result": ["7.2", "<7"], "Unit": ["pH", "pH"]}
    if suffix == "parquet":
        pq.write_table(pa.table(columns), path)
    elif suffix == "arrow":
        with pa.ipc.new_stream(path, pa.table(columns).schema) as writer:
            writer.write_table(pa.table(columns))
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in pa.table(columns).to_pylist()))
    else:
        workbook = openpyxl.Workbook()
        for row in (list(columns), *zip(*columns.values(), strict=True)):
            workbook.active.append(row)
        workbook.save(path.with_suffix(".xlsx"))
        path.with_suffix(".xlsx").rename(path)
    assert [row["result"] for row in rows_of(path, profile_of())[0]] == ["7.2", "<7"]
