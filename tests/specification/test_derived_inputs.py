"""The inputs of derived results: every form that a file can state, and every fault."""

from __future__ import annotations

import pytest

from regenqc.specification import parse_specification
from regenqc.specification.attributes import attributes_used
from regenqc.specification.derived_functions import FUNCTIONS
from regenqc.specification.model import RowInput

from .texts import VIABILITY, faults_of, header, only_fault, requirement

VIRUS = {"positives": '"rcl"', "amount": '"@amount"', "dose": '"@dose"', "efficiency": '"50 %"'}
RESIDUAL = {"fraction": '"residual"', "uncertainty": '"@u"', "detection_limit": '"0.001 %"', "dose": '"@dose"'}


def derived(function: str, inputs: dict[str, str], *, identifier: str = "derived_result", rest: str = "") -> str:
    written = ", ".join(f"{name} = {source}" for name, source in inputs.items())
    return f'\n[[derived]]\nid = "{identifier}"\nfunction = "{function}"\ninputs = {{ {written} }}\n{rest}'


def virus(**changes: str) -> str:
    return header() + VIABILITY + derived("virus_upper_bound_per_dose", VIRUS | changes)


def residual(**changes: str) -> str:
    return header() + VIABILITY + derived("residual_cells_bound_by_fraction", RESIDUAL | changes)


# ---- forms ----


@pytest.mark.parametrize(
    "source",
    [
        '"rcl"',
        '"4711"',
        '"@amount"',
        '{ test = "rcl", column = "sample_amount" }',
        '{ test = "rcl", method = "PCR, 5\'" }',
    ],
)
def test_an_input_may_be(source: str) -> None:
    assert faults_of(virus(amount=source)) == ()


def test_a_table_that_says_no_more_than_its_test_is_that_test() -> None:
    texts = [virus(amount=source) for source in ('"rcl"', '{ test = "rcl" }', '{ test = "rcl", column = "result" }')]
    assert len({parse_specification(text).fingerprint for text in texts}) == 1


def test_everything_else_that_a_table_says_is_part_of_the_fingerprint() -> None:
    sources = [
        '"rcl"',
        '{ test = "rcl", column = "lod" }',
        '{ test = "rcl", method = "PCR" }',
        '{ test = "rcr", method = "PCR" }',
    ]
    assert len({parse_specification(virus(amount=source)).fingerprint for source in sources}) == len(sources)


def test_tables_and_dotted_keys_are_inline_tables() -> None:
    inline = virus(amount='{ test = "rcl", column = "lod" }')
    dotted = (
        header()
        + VIABILITY
        + (
            '\n[[derived]]\nid = "derived_result"\nfunction = "virus_upper_bound_per_dose"\n'
            'inputs.positives = "rcl"\ninputs.dose = "@dose"\ninputs.efficiency = "50 %"\n'
            '[derived.inputs.amount]\ntest = "rcl"\ncolumn = "lod"\n'
        )
    )
    assert parse_specification(inline).fingerprint == parse_specification(dotted).fingerprint


def test_a_table_is_read() -> None:
    (entry,) = parse_specification(virus(amount='{ test = "rcl", column = "sample_amount" }')).derived
    assert entry.inputs["amount"] == RowInput(test="rcl", column="sample_amount")


def test_the_attributes_of_inputs_are_asked_for_with_their_units() -> None:
    used = attributes_used([parse_specification(virus())])
    assert {"amount", "amount_unit", "dose", "dose_unit"} <= used


# ---- faults of form ----


@pytest.mark.parametrize(
    ("source", "code", "where", "expected"),
    [
        pytest.param(
            '{ test = "rcl", colum = "lod" }', "RQC-S002", "colum", "did you mean 'column'", id="an unknown key"
        ),
        pytest.param('{ column = "lod" }', "RQC-S003", "test", "test", id="a table without test"),
        pytest.param(
            '{ test = "rcl", column = "unit" }', "RQC-S004", "column", "'result', 'sample_amount'", id="a column"
        ),
        pytest.param('{ test = "rcl", method = " " }', "RQC-S004", "method", "not empty", id="a blank method"),
        pytest.param("50", "RQC-S004", "", "string", id="a bare number"),
        pytest.param('["rcl"]', "RQC-S004", "", "string", id="a list"),
        pytest.param('"50  %"', "RQC-S004", "", "a number with its unit", id="two blanks before the unit"),
        pytest.param('"about 50 %"', "RQC-S004", "", "a number with its unit", id="an estimate"),
        pytest.param('"-5 %"', "RQC-S004", "", "a number with its unit", id="a number below zero"),
        pytest.param('"<5 %"', "RQC-S004", "", "a number with its unit", id="an operator"),
    ],
)
def test_an_input_of_another_form_is_refused(source: str, code: str, where: str, expected: str) -> None:
    fault = only_fault(virus(efficiency=source))
    assert (fault.code, expected in fault.expected) == (code, True)
    assert fault.where.endswith("derived[0].inputs.efficiency" + (f".{where}" if where else ""))


# ---- faults of meaning ----

OTHER_INPUTS = {key: value for key, value in VIRUS.items() if key != "efficiency"} | {"efficency": '"50 %"'}
FAULTS = [
    pytest.param(
        header() + VIABILITY + derived("virus_upper_bound", VIRUS),
        "RQC-S029",
        "did you mean 'virus_upper_bound_per_dose'",
        id="a mistyped function",
    ),
    pytest.param(
        header() + VIABILITY + derived("virus_upper_bound_per_dose", OTHER_INPUTS),
        "RQC-S029",
        "positives, amount, dose, efficiency; did you mean 'efficiency' for 'efficency'",
        id="a mistyped input",
    ),
    pytest.param(
        virus(amount='{ test = "derived_result", column = "sample_amount" }'),
        "RQC-S054",
        "a reported test or an attribute",
        id="a table over a derived result",
    ),
    pytest.param(virus(amount='"300 mL"'), "RQC-S039", "a test or an attribute", id="an amount tested as a constant"),
    pytest.param(virus(positives='"0 cells"'), "RQC-S039", "a test or an attribute", id="positives as a constant"),
    pytest.param(virus(efficiency='"50 mL"'), "RQC-S039", "% (percentage)", id="a constant of another kind"),
    pytest.param(virus(efficiency='"50 percents"'), "RQC-S024", "did you mean", id="a constant in no unit"),
    pytest.param(virus(efficiency='"0 %"'), "RQC-S039", "above 0 and at most 100 %", id="an efficiency of nothing"),
    pytest.param(virus(efficiency='"101 %"'), "RQC-S039", "at most 100 %", id="an efficiency of more than all"),
    pytest.param(virus(efficiency='"5E-300 %"'), "RQC-S039", "at most 15 digits", id="a constant out of range"),
    pytest.param(virus(efficiency='"1.000000000000001 %"'), "RQC-S039", "at most 15 digits", id="too many digits"),
    pytest.param(residual(detection_limit='"0 %"'), "RQC-S039", "above 0", id="a detection limit of nothing"),
    pytest.param(
        residual(detection_limit='"2E6 cells/10^6 cells"'), "RQC-S039", "at most 100 %", id="a limit above everything"
    ),
    pytest.param(
        header() + VIABILITY + derived("out_of_storage_time", {"interval": '"@minutes"'}),
        "RQC-S039",
        "a test",
        id="a sum of an attribute",
    ),
    pytest.param(
        header() + VIABILITY + derived("excluded_mosaicism", {"karyotype": '{ test = "karyotype", column = "lod" }'}),
        "RQC-S039",
        "sample_amount in metaphases",
        id="metaphases from a detection limit",
    ),
    pytest.param(
        virus() + requirement('limit = { max = "1", unit = "%" }', identifier="virus", test="derived_result"),
        "RQC-S059",
        "no unit (number)",
        id="a limit in another kind of unit than the derived result",
    ),
    pytest.param(
        virus() + requirement('limit = { min = "1", unit = "" }', identifier="virus", test="derived_result"),
        "RQC-S084",
        "max or max_exclusive alone",
        id="a minimum of an upper bound",
    ),
    pytest.param(
        virus()
        + requirement(
            'any_of = [{ test = "derived_result", limit = { min_exclusive = "0", max = "1", unit = "" } }, { test = "b", one_of = ["absent"] }]',
            identifier="either",
            test="",
        ),
        "RQC-S084",
        "max or max_exclusive alone",
        id="a minimum of an upper bound in a part",
    ),
    pytest.param(
        residual() + requirement('limit = { max = "1", unit = "mL" }', identifier="residual", test="residual"),
        "RQC-S059",
        "percentage",
        id="an input that is limited in another kind of unit",
    ),
    pytest.param(
        residual()
        + requirement(
            'any_of = [{ test = "residual", limit = { max = "1", unit = "mL" } }, { test = "b", one_of = ["absent"] }]',
            identifier="either",
            test="",
        ),
        "RQC-S059",
        "percentage",
        id="an input that is limited in a part",
    ),
]


@pytest.mark.parametrize(("text", "code", "expected"), FAULTS)
def test_what_could_never_be_computed_is_refused(text: str, code: str, expected: str) -> None:
    fault = only_fault(text)
    assert (fault.code, expected in fault.expected) == (code, True), str(fault)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(residual(detection_limit='"10 cells/10^6 cells"'), id="a constant in a further unit of the input"),
        pytest.param(virus(dose='"1E8 cells"'), id="a dose of any unit"),
        pytest.param(residual(dose='"100 10^6 cells"'), id="a multiple of the unit"),
        pytest.param(
            residual(fraction='{ test = "residual", method = "ddPCR" }')
            + requirement('limit = { max = "1", unit = "cells" }', identifier="residual", test="residual"),
            id="rows of one method, of a test that another method reports in another unit",
        ),
        pytest.param(
            virus(amount='{ test = "rcl", column = "sample_amount" }')
            + requirement('limit = { max = "0", unit = "" }', identifier="rcl", test="rcl"),
            id="an amount in another unit than the result",
        ),
        pytest.param(
            virus() + requirement('limit = { max = "1" }', identifier="virus", test="derived_result"),
            id="the unit of the result",
        ),
    ],
)
def test_what_can_be_computed_is_accepted(text: str) -> None:
    assert faults_of(text) == ()


def test_every_constant_can_be_tried_against_its_input() -> None:
    constants = [entry for function in FUNCTIONS.values() for entry in function.inputs if entry.may_be_constant]
    assert all(not entry.every_result for entry in constants)
