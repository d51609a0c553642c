"""Every fault of a specification is found, with its code, its place and what to do."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

import regenqc.specification
from regenqc.errors import SpecificationError
from regenqc.specification import load_specification, parse_specification

from .texts import REST, VIABILITY, faults_of, header, only_fault, requirement

PERCENT = 'limit = { min = "70", unit = "%" }'
VIABILITY_2 = VIABILITY.replace("viability", "viability_2")
INFORM = '{ action = "Inform the physician", citation = "a procedure", within = "2 d" }'
A, B = (f'{{ test = "{name}", limit = {{ min = "70", unit = "%" }} }}' for name in "ab")


def composite(keys: str) -> str:
    return requirement(keys, test="")


# ---- unknown keys ----

UNKNOWN_KEYS = [
    pytest.param('jurisdicton = "EU"\n' + VIABILITY, "jurisdiction", id="top"),
    pytest.param(requirement(f'{PERCENT}\nmehtod = "x"'), "method", id="requirement"),
    pytest.param(requirement('limit = { min = "1", unti = "%" }'), "unit", id="limit"),
    pytest.param(requirement(f'{PERCENT}\nalert = {{ mim = "1", unit = "%" }}'), "min", id="alert"),
    pytest.param(requirement('karyotype = { min_metaphase = "20" }'), "min_metaphases", id="karyotype"),
    pytest.param(requirement('identity = { equal = "@a" }'), "equals", id="identity"),
    pytest.param(requirement('agreement = { stage = "donor", relativ = "1" }'), "relative", id="agreement"),
    pytest.param(composite(f'any_of = [{A}, {{ tets = "b", one_of = ["absent"] }}]'), "test", id="any_of part"),
    pytest.param(composite(f'all_of = [{A}, {{ test = "b", oneof = ["absent"] }}]'), "one_of", id="all_of part"),
    pytest.param(composite(f'any_of = [{A}, {{ test = "b", limit = {{ maxi = "1" }} }}]'), "max", id="limit of a part"),
    pytest.param(composite(f"n_of_m = {{ nn = 1, of = [{A}, {B}] }}"), "n", id="n_of_m"),
    pytest.param(
        composite(f'n_of_m = {{ n = 1, of = [{A}, {{ test = "b", non_of = ["growth"] }}] }}'),
        "none_of",
        id="n_of_m part",
    ),
    pytest.param(requirement(f'{PERCENT}\ncontrols = [{{ tset = "a", one_of = ["pass"] }}]'), "test", id="control"),
    pytest.param(
        requirement(f"{PERCENT}\nconsequences = [{{ acton = 'a', citation = 'b' }}]"), "action", id="consequence"
    ),
    pytest.param(composite('evidence = { documnet = "@a" }'), "document", id="evidence"),
    pytest.param(VIABILITY + '[[derived]]\nid = "d"\nfunction = "dose_per_kg"\ninput = {}\n', "inputs", id="derived"),
    pytest.param(VIABILITY + '[[removed]]\nid = "d"\njustifcation = "because it is"\n', "justification", id="removed"),
]


@pytest.mark.parametrize(("body", "nearest"), UNKNOWN_KEYS)
def test_an_unknown_key_is_named_with_the_nearest_known_one(body: str, nearest: str) -> None:
    unknown = [fault for fault in faults_of(header() + body) if fault.code == "RQC-S002"]
    assert [fault.expected for fault in unknown] == [f"did you mean '{nearest}'"]


def test_an_unknown_key_like_no_other_lists_the_known_ones() -> None:
    fault = only_fault(header() + requirement('limit = { min = "1", unit = "%", zzzzzz = 1 }'))
    assert fault.expected == "max, max_exclusive, min, min_exclusive, unit"


# ---- one fault each ----

DERIVED = '\n[[derived]]\nid = "rate"\nfunction = "{}"\ninputs = {}\n'
FAULTS = [
    # form
    pytest.param(header() + requirement('limit = { min = 70, unit = "%" }'), "RQC-S004", "70", "a number as limit"),
    pytest.param(header() + requirement('limit = { min = 70.0, unit = "%" }'), "RQC-S004", "70.0", "a float as limit"),
    pytest.param(
        header() + requirement("karyotype = { min_metaphases = 20 }"), "RQC-S004", "20", "a number of metaphases"
    ),
    pytest.param(header().replace("/1", "/2") + VIABILITY, "RQC-S004", "'regenqc.specification/2'", "another schema"),
    pytest.param(header().replace('"INT"', '"UK"') + VIABILITY, "RQC-S004", "'UK'", "an unknown jurisdiction"),
    pytest.param(header(version="one") + VIABILITY, "RQC-S004", "'one'", "a version in words"),
    pytest.param(header("Product") + VIABILITY, "RQC-S004", "'Product'", "an identifier in capitals"),
    pytest.param(header(more='extends = ["../pack"]\n') + VIABILITY, "RQC-S004", "'../pack'", "a path to extend"),
    pytest.param(header(more='valid_from = "2020-01-01"\n') + VIABILITY, "RQC-S004", "'2020-01-01'", "a date as text"),
    pytest.param(header(more="valid_from = 2020\n") + VIABILITY, "RQC-S004", "2020", "a year as date"),
    pytest.param(header(more='[attributes]\nsize = [""]\n') + VIABILITY, "RQC-S004", "''", "an empty attribute value"),
    pytest.param(
        header(more='[attributes]\nsize = ["a "]\n') + VIABILITY, "RQC-S004", "'a '", "an attribute value with a blank"
    ),
    pytest.param(header(more="[attributes]\nsize = []\n") + VIABILITY, "RQC-S004", "[]", "an attribute without values"),
    pytest.param(header(more='[product]\nvector = ""\n') + VIABILITY, "RQC-S004", "''", "an empty product attribute"),
    pytest.param(header() + requirement("one_of = []"), "RQC-S004", "[]", "an empty one_of"),
    pytest.param(header() + requirement("none_of = []"), "RQC-S004", "[]", "an empty none_of"),
    pytest.param(header() + requirement(f"{PERCENT}\nmethods = ['']"), "RQC-S004", "''", "an empty method"),
    pytest.param(
        header() + requirement(f"{PERCENT}\nwhen = {{ formulation = [] }}"), "RQC-S004", "[]", "when without values"
    ),
    pytest.param(
        header() + requirement(f"{PERCENT}\nwhen = {{ formulation = [''] }}"),
        "RQC-S004",
        "''",
        "when with an empty value",
    ),
    pytest.param(header() + composite("any_of = []"), "RQC-S004", "[]", "an empty any_of"),
    pytest.param(header() + requirement("report_only = false"), "RQC-S004", "False", "report_only = false"),
    pytest.param(header() + requirement(f"{PERCENT}\naccept_preliminary = 1"), "RQC-S004", "1", "a number for true"),
    pytest.param(
        header() + requirement(f'{PERCENT}\ntiming = "after_release"\ndue = "14 days"'),
        "RQC-S004",
        "'14 days'",
        "due in words",
    ),
    pytest.param(
        header() + requirement('agreement = { stage = "donor", relative = "-5" }'),
        "RQC-S004",
        "'-5'",
        "a negative tolerance",
    ),
    pytest.param(
        header() + requirement('agreement = { stage = "donor", relative = "2 x 10^1" }'),
        "RQC-S004",
        "'2 x 10^1'",
        "a tolerance that is no plain number",
    ),
    pytest.param(
        header() + VIABILITY.replace("drug_product_release", "release"), "RQC-S004", "'release'", "an unknown stage"
    ),
    pytest.param(
        header().replace('title = "A specification of the tests"\n', "") + VIABILITY, "RQC-S003", "nothing", "no title"
    ),
    pytest.param(
        header() + VIABILITY.replace('id = "viability"\n', ""), "RQC-S003", "nothing", "a requirement without id"
    ),
    pytest.param("schema = \n", "RQC-S001", "Invalid value (at line 1, column 10)", "invalid TOML"),
    # criterion
    pytest.param(header() + requirement(""), "RQC-S010", "viability", "no criterion"),
    pytest.param(
        header() + requirement(f"{PERCENT}\nreport_only = true"), "RQC-S011", "limit, report_only", "two criteria"
    ),
    pytest.param(
        header() + requirement('one_of = ["absent"]\nnone_of = ["present"]'),
        "RQC-S011",
        "one_of, none_of",
        "words listed and excluded",
    ),
    pytest.param(
        header() + composite(f'any_of = [{A}, {{ test = "b" }}]'), "RQC-S011", "none", "a part without criterion"
    ),
    pytest.param(
        header() + requirement('one_of = ["absent"]\nalert = { min = "1" }'),
        "RQC-S012",
        "",
        "an alert limit without limit",
    ),
    pytest.param(
        header() + composite(f'any_of = [{A}, {{ test = "b", one_of = ["absent"], alert = {{ min = "1" }} }}]'),
        "RQC-S012",
        "",
        "an alert limit without limit in a part",
    ),
    pytest.param(
        header() + composite(f"n_of_m = {{ n = 3, of = [{A}, {B}] }}"), "RQC-S013", "3", "more parts needed than listed"
    ),
    pytest.param(
        header() + requirement(PERCENT, rest=REST.replace('stage = "drug_product_release"\n', "")),
        "RQC-S014",
        "viability",
        "no stage",
    ),
    pytest.param(header() + requirement(PERCENT, test=""), "RQC-S015", "viability", "no test"),
    pytest.param(header() + requirement(f"any_of = [{A}, {B}]"), "RQC-S015", "viability", "a composite with a test"),
    pytest.param(
        header() + requirement(PERCENT, identifier="result_record"),
        "RQC-S016",
        "result_record",
        "a reserved identifier",
    ),
    pytest.param(
        header() + requirement(PERCENT, identifier="expiry"), "RQC-S016", "expiry", "the identifier of the expiry check"
    ),
    pytest.param(header() + requirement(PERCENT, rest='stage = "donor"\n'), "RQC-S017", "viability", "no citation"),
    pytest.param(
        header() + requirement(PERCENT, rest='stage = "donor"\ncitation = "  "\n'),
        "RQC-S017",
        "viability",
        "a blank citation",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ndue = "14 d"'),
        "RQC-S018",
        "timing before_release, due 14 d",
        "due before release",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ntiming = "after_release"'),
        "RQC-S018",
        "timing after_release, due None",
        "after release without due",
    ),
    pytest.param(
        header() + requirement('one_of = ["absent"]\nreplicates = "mean"'), "RQC-S019", "", "the mean of words"
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\nreplicates = "n_of_m"'),
        "RQC-S019",
        "replicates n_of_m, None of None",
        "n of m replicates without numbers",
    ),
    pytest.param(
        header() + requirement(f"{PERCENT}\nreplicates_conforming = 2"),
        "RQC-S019",
        "replicates each, 2 of None",
        "a number of replicates without policy",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\nreplicates = "n_of_m"\nreplicates_conforming = 4\nreplicates_total = 3'),
        "RQC-S019",
        "replicates n_of_m, 4 of 3",
        "four of three replicates",
    ),
    pytest.param(header() + requirement("identity = {}"), "RQC-S020", "neither", "identity with nothing"),
    pytest.param(
        header() + requirement('identity = { equals = "@a", equals_stage = "donor" }'),
        "RQC-S020",
        "both",
        "identity with two things",
    ),
    pytest.param(
        header() + requirement('identity = { equals_stage = "drug_product_release" }'),
        "RQC-S020",
        "drug_product_release",
        "identity with itself",
    ),
    pytest.param(
        header() + requirement(f"{PERCENT}\nvalid_from = 2021-01-01\nvalid_to = 2020-01-01"),
        "RQC-S021",
        "2020-01-01",
        "a requirement that ends before it begins",
    ),
    pytest.param(
        header(more="valid_from = 2021-01-01\nvalid_to = 2020-01-01\n") + VIABILITY,
        "RQC-S021",
        "2020-01-01",
        "a specification that ends before it begins",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\nalert = {{ min = "75", unit = "EU/mL" }}'),
        "RQC-S022",
        "EU/mL (endotoxin concentration)",
        "an alert limit in another kind of unit",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\nalert = {{ min = "65", unit = "%" }}'),
        "RQC-S023",
        "≥ 65 %",
        "an alert limit outside the limit",
    ),
    pytest.param(
        header() + requirement('limit = { min = "1", unit = "furlong" }'), "RQC-S024", "furlong", "an unknown unit"
    ),
    pytest.param(
        header() + requirement('agreement = { stage = "donor", absolute = "1", unit = "furlong" }'),
        "RQC-S024",
        "furlong",
        "an unknown unit of agreement",
    ),
    pytest.param(header() + requirement('one_of = ["absnt"]'), "RQC-S025", "absnt", "an unknown word"),
    pytest.param(header() + requirement('none_of = ["grwth"]'), "RQC-S025", "grwth", "an unknown excluded word"),
    pytest.param(
        header() + requirement('agreement = { stage = "donor" }'), "RQC-S026", "neither", "agreement without tolerance"
    ),
    pytest.param(
        header() + requirement('agreement = { stage = "donor", relative = "1", absolute = "1" }'),
        "RQC-S026",
        "both",
        "agreement with two tolerances",
    ),
    pytest.param(
        header() + requirement('agreement = { stage = "drug_product_release", relative = "1" }'),
        "RQC-S026",
        "drug_product_release",
        "agreement with itself",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\nwhen = {{ formlation = ["fresh"] }}'),
        "RQC-S027",
        "formlation",
        "an undeclared attribute",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\nwhen = {{ formulation = ["frozen"] }}'),
        "RQC-S028",
        "frozen",
        "an undeclared value",
    ),
    pytest.param(
        header(more='[product]\nvector = "lenti"\n') + VIABILITY,
        "RQC-S028",
        "lenti",
        "a product value that no batch can state",
    ),
    pytest.param(
        header() + VIABILITY + DERIVED.format("dose_per_kilo", '{ dose = "a", weight = "@b" }'),
        "RQC-S029",
        "dose_per_kilo",
        "an unknown function",
    ),
    pytest.param(
        header() + VIABILITY + DERIVED.format("dose_per_kg", '{ dose = "a" }'), "RQC-S029", "dose", "a missing input"
    ),
    pytest.param(
        header() + VIABILITY + DERIVED.format("dose_per_kg", '{ dose = "a", weight = "@b", c = "c" }'),
        "RQC-S029",
        "dose, weight, c",
        "an input too many",
    ),
    pytest.param(
        header() + VIABILITY + DERIVED.format("dose_per_kg", '{ dose = "rate", weight = "@b" }'),
        "RQC-S054",
        "rate",
        "a derived result of itself",
    ),
    pytest.param(
        header() + VIABILITY + DERIVED.format("dose_per_kg", '{ dose = " ", weight = "@b" }'),
        "RQC-S004",
        "' '",
        "a blank input",
    ),
    # what would let anything conform
    pytest.param(
        header() + requirement('one_of = ["pending", "no growth to date"]'),
        "RQC-S033",
        "pending, no growth to date",
        "only interim words conform",
    ),
    pytest.param(
        header() + requirement('one_of = ["negative", "equivocal"]'),
        "RQC-S033",
        "equivocal",
        "an undecided word conforms",
    ),
    pytest.param(
        header() + requirement('one_of = ["negative", "POS"]'),
        "RQC-S033",
        "positive, negative",
        "a word and its opposite conform",
    ),
    pytest.param(
        header() + requirement('none_of = ["pending", "invalid"]'),
        "RQC-S033",
        "pending, invalid",
        "only undecided words are excluded",
    ),
    pytest.param(header() + composite(f"any_of = [{A}]"), "RQC-S034", "1 part", "one alternative"),
    pytest.param(header() + composite(f"any_of = [{A}, {B}, {A}]"), "RQC-S034", "a", "an alternative twice"),
    pytest.param(
        header() + composite(f'n_of_m = {{ n = 2, of = [{A}, {{ test = "a", one_of = ["pass"] }}] }}'),
        "RQC-S034",
        "a",
        "one test twice in n of m",
    ),
    pytest.param(header() + requirement('one_of = ["absent"]\nrounding = "usp"'), "RQC-S035", "", "rounding of words"),
    pytest.param(
        header() + requirement('agreement = { stage = "donor", relative = "1", unit = "%" }'),
        "RQC-S035",
        "%",
        "a unit of a relative agreement",
    ),
    pytest.param(
        header()
        + requirement(
            f'{PERCENT}\nalert = {{ min = "75", unit = "%" }}\nreplicates = "n_of_m"\nreplicates_conforming = 2\nreplicates_total = 3'
        ),
        "RQC-S035",
        "",
        "an alert limit of n of m replicates",
    ),
    # controls, retests and consequences
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ one_of = ["growth"] }}]'),
        "RQC-S055",
        "neither",
        "a control that names neither test nor column",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ test = "a", column = "b", one_of = ["growth"] }}]'),
        "RQC-S055",
        "a, b",
        "a control that names a test and a column",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ column = "status", one_of = ["pass"] }}]'),
        "RQC-S055",
        "status",
        "a control in a column of another meaning",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ test = "a" }}]'),
        "RQC-S011",
        "none",
        "a control without criterion",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ test = "a", one_of = ["grows"] }}]'),
        "RQC-S025",
        "grows",
        "a word of a control that is not in the vocabulary",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ test = "a", limit = {{ min = "1", unit = "pct" }} }}]'),
        "RQC-S024",
        "pct",
        "a unit of a control that is not in the dictionary",
    ),
    pytest.param(
        header() + requirement(f'{PERCENT}\ncontrols = [{{ test = "viability", one_of = ["pass"] }}]'),
        "RQC-S056",
        "viability",
        "a control that is the result itself",
    ),
    pytest.param(
        header() + composite(f'any_of = [{A}, {B}]\ncontrols = [{{ test = "b", one_of = ["pass"] }}]'),
        "RQC-S056",
        "b",
        "a control that is a part itself",
    ),
    pytest.param(
        header()
        + requirement(
            f'{PERCENT}\ncontrols = [{{ test = "a", one_of = ["pass"] }}, {{ test = "a", one_of = ["pass"] }}]'
        ),
        "RQC-S056",
        "a",
        "a control twice",
    ),
    pytest.param(
        header() + requirement('report_only = true\ncontrols = [{ test = "a", one_of = ["pass"] }]') + VIABILITY_2,
        "RQC-S035",
        "",
        "a control of what is only reported",
    ),
    pytest.param(
        header()
        + composite('evidence = { document = "@a" }\ncontrols = [{ test = "a", one_of = ["pass"] }]')
        + VIABILITY_2,
        "RQC-S035",
        "",
        "a control of evidence",
    ),
    pytest.param(
        header()
        + requirement(f'{PERCENT}\ncontrols = [{{ column = "spike", one_of = ["pass"] }}]', test="rate")
        + DERIVED.format("dose_per_kg", '{ dose = "a", weight = "@b" }'),
        "RQC-S058",
        "spike",
        "a column as control of a computed result",
    ),
    pytest.param(
        header() + requirement("report_only = true\nretests = 1") + VIABILITY_2,
        "RQC-S035",
        "",
        "retests of what is only reported",
    ),
    pytest.param(header() + requirement(f"{PERCENT}\nretests = -1"), "RQC-S004", "-1", "a negative number of retests"),
    pytest.param(header() + requirement(f"{PERCENT}\nretests = true"), "RQC-S004", "True", "retests as a yes"),
    pytest.param(
        header() + requirement(f"{PERCENT}\nconsequences = [{INFORM}]"),
        "RQC-S057",
        'timing = "before_release"',
        "consequences of a result that is known before release",
    ),
    pytest.param(
        header()
        + requirement(f'{PERCENT}\ntiming = "after_release"\ndue = "14 d"\nconsequences = [{INFORM}, {INFORM}]'),
        "RQC-S056",
        "Inform the physician",
        "a consequence twice",
    ),
    pytest.param(
        header()
        + requirement(
            f'{PERCENT}\ntiming = "after_release"\ndue = "14 d"\nconsequences = [{INFORM.replace("2 d", "soon")}]'
        ),
        "RQC-S004",
        "'soon'",
        "a time of a consequence that is none",
    ),
    pytest.param(
        header() + requirement(f"{PERCENT}\nvalid_from = 2999-01-01"),
        "RQC-S036",
        "no requirement at first",
        "every requirement in the future",
    ),
    pytest.param(
        header() + requirement(f"{PERCENT}\nvalid_to = 2020-06-30"),
        "RQC-S036",
        "no requirement from 2020-07-01",
        "every requirement in the past",
    ),
    pytest.param(
        header(more="valid_to = 2020-01-01\n")
        + VIABILITY
        + requirement(f"{PERCENT}\nvalid_from = 2021-01-01", identifier="b"),
        "RQC-S036",
        "2021-01-01 to …",
        "a requirement after the end of the specification",
    ),
    # karyotypes
    pytest.param(
        header() + requirement('karyotype = { min_metaphases = "20", allow = ["9qh+", "inv(9)(p12)"] }'),
        "RQC-S038",
        "inv(9)(p12)",
        "an allowed variant without its second breakpoint",
    ),
    pytest.param(
        header() + requirement('karyotype = { min_metaphases = "20", second_method = ["fish"] }'),
        "RQC-S037",
        "fish: no requirement names the test",
        "a second method that nothing requires",
    ),
    # limits
    pytest.param(header() + requirement('limit = { unit = "%" }'), "RQC-S061", "", "a limit without numbers"),
    pytest.param(header() + requirement('limit = { min = "", unit = "%" }'), "RQC-S004", "''", "an empty limit"),
    pytest.param(
        header() + requirement('limit = { min = "70 %" }'), "RQC-S061", "min = '70 %'", "a limit with its unit"
    ),
    pytest.param(
        header() + requirement('limit = { min = "nan" }'), "RQC-S061", "min = 'nan'", "a limit that is no number"
    ),
    pytest.param(header() + requirement('limit = { min = "7,5" }'), "RQC-S061", "min = '7,5'", "a limit with a comma"),
    pytest.param(
        header() + requirement('limit = { min = "1", min_exclusive = "1" }'), "RQC-S062", "1 and 1", "two minima"
    ),
    pytest.param(
        header() + requirement('limit = { min = "80", max = "70", unit = "%" }'),
        "RQC-S063",
        "≥ 80 and ≤ 70 %",
        "contradictory limits",
    ),
    pytest.param(
        header() + requirement('limit = { min = "70", max_exclusive = "70", unit = "%" }'),
        "RQC-S063",
        "≥ 70 and < 70 %",
        "limits that exclude each other",
    ),
    pytest.param(
        header() + requirement('limit = { min = "5E6", unit = "cells" }\nrounding = "usp"'),
        "RQC-S064",
        None,
        "usp rounding of a power of ten",
    ),
    # whole
    pytest.param(header(), "RQC-S040", "no [[requirement]]", "no requirement"),
    pytest.param(
        header() + requirement("report_only = true"),
        "RQC-S051",
        'only requirements with report_only or on_fail = "report"',
        "a stage at which nothing is judged",
    ),
    pytest.param(
        header() + requirement('limit = { min = "70", unit = "%" }\non_fail = "report"'),
        "RQC-S051",
        'only requirements with report_only or on_fail = "report"',
        "a stage at which no failure counts",
    ),
    pytest.param(header() + VIABILITY + VIABILITY, "RQC-S043", "viability", "two requirements with one id"),
    pytest.param(
        header(more='extends = ["no/such-pack"]\n') + VIABILITY, "RQC-S049", "no/such-pack", "a missing parent"
    ),
    pytest.param(
        header(more='removed = [{ id = "x", justification = "not applicable here" }]\n') + VIABILITY,
        "RQC-S045",
        "x",
        "a removal of nothing",
    ),
]
FAULTS = [pytest.param(*case.values[:3], id=str(case.values[3])) for case in FAULTS]
TEXTS = [pytest.param(case.values[0], id=case.id) for case in FAULTS]


@pytest.mark.parametrize(("text", "code", "got"), FAULTS)
def test_one_fault_is_reported_with_what_was_found(text: str, code: str, got: str | None) -> None:
    fault = only_fault(text)
    assert (fault.code, fault.got if got is not None else None) == (code, got)


@pytest.mark.parametrize("text", TEXTS)
def test_every_fault_says_where_and_what_to_do(text: str) -> None:
    fault = only_fault(text)
    assert re.match(r"product\.toml:[1-9][0-9]*\b", fault.where)
    assert fault.what.endswith(".")
    assert fault.action.endswith(".")


@pytest.mark.parametrize("text", TEXTS)
def test_every_error_pickles(text: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_specification(text)
    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults  # noqa: S301


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(requirement('limit = { max = "1", unit = "eu/ml" }'), "EU/mL", id="a unit"),
        pytest.param(requirement('one_of = ["absnt"]'), "absent", id="a word"),
        pytest.param(requirement(f'{PERCENT}\nwhen = {{ formlation = ["fresh"] }}'), "formulation", id="an attribute"),
        pytest.param(VIABILITY + DERIVED.format("dose_per_kilo", "{}"), "dose_per_kg", id="a function"),
    ],
)
def test_the_nearest_known_name_is_suggested_for(body: str, expected: str) -> None:
    assert expected in only_fault(header() + body).expected


def test_a_number_as_limit_is_told_to_be_a_string() -> None:
    assert "string" in only_fault(header() + requirement('limit = { min = 70, unit = "%" }')).action


def test_every_fault_code_in_the_code_has_a_test_here_or_in_the_tests_of_loading() -> None:
    package = Path(regenqc.specification.__file__).parent
    raised = set(re.findall(r"RQC-S[0-9]{3}", "".join(path.read_text() for path in package.glob("*.py"))))
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert raised - set(re.findall(r"RQC-S[0-9]{3}", tests)) == set()


# ---- all at once ----

MANY = """\
schema = "regenqc.specification/1"
id = "product"
version = "1.0.0"
title = "Many faults"
jurisdiction = "INT"
colour = "red"

[[requirement]]
id = "first"
test = "first"
stage = "nowhere"
limit = { min = 70, unit = "furlong" }
one_of = ["absnt"]
citation = "a document"

[[requirement]]
id = "second"
test = "second"
stage = "donor"
limit = { min = "70", unit = "furlong" }
alert = { mim = "75", unit = "%" }

[[requirement]]
id = "second"
test = "second"
stage = "donor"
limit = { min = "80", max = "70", unit = "%" }
citation = "a document"

[[derived]]
id = "rate"
function = "dose"
inputs = {}
"""


def test_every_fault_of_a_file_is_reported_at_once_in_the_order_of_its_lines() -> None:
    assert [(fault.code, fault.where) for fault in faults_of(MANY)] == [
        ("RQC-S002", "product.toml:6 colour"),
        ("RQC-S004", "product.toml:11 requirement[0].stage"),
        ("RQC-S004", "product.toml:12 requirement[0].limit.min"),
        ("RQC-S025", "product.toml:13 requirement[0].one_of[0]"),
        ("RQC-S024", "product.toml:20 requirement[1].limit"),
        ("RQC-S002", "product.toml:21 requirement[1].alert.mim"),
        ("RQC-S043", "product.toml:24 requirement[2].id"),
        ("RQC-S029", "product.toml:32 derived[0].function"),
    ]


def test_a_key_that_could_not_be_read_causes_no_second_fault() -> None:
    assert only_fault(header() + requirement('limt = { min = "70", unit = "%" }')).code == "RQC-S002"


# ---- files ----


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        load_specification(tmp_path / "none.toml")
    assert caught.value.code == "RQC-S049"


def test_a_mistyped_identifier_is_answered_with_the_nearest() -> None:
    with pytest.raises(SpecificationError, match="did you mean 'example/car-t-ari-0001'"):
        load_specification("example/car-t-ari-001")


@pytest.mark.parametrize("name", ["folder", "folder.toml"])
def test_a_directory_is_a_fault(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(SpecificationError) as caught:
        load_specification(str(tmp_path / name))
    assert (caught.value.code, caught.value.faults[0].got) == ("RQC-S048", "a directory")


def test_a_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(header().encode() + b"# \xe9\n")
    with pytest.raises(SpecificationError) as caught:
        load_specification(path)
    assert caught.value.code == "RQC-S048"


def test_a_file_that_cannot_be_opened_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "locked.toml"
    path.write_text(header() + VIABILITY)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SpecificationError, match="Permission denied"):
        load_specification(path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a = " + "[" * 5000 + "]" * 5000, id="nested beyond reason"),
        pytest.param("a = " + "1" * 5000, id="a number of five thousand digits"),
        pytest.param("\ufeff" + header() + VIABILITY, id="a byte order mark"),
        pytest.param(header() + "a = 2020-13-45", id="a day that does not exist"),
    ],
)
def test_toml_that_the_parser_refuses_is_a_fault(text: str) -> None:
    assert only_fault(text).code == "RQC-S001"


@pytest.mark.parametrize(
    "reference", ["", "/etc/passwd", "../x", "a\0b", "a\0b.toml", "x" * 5000, "x" * 5000 + ".toml", "@1", "a@"]
)
def test_a_reference_that_names_nothing_is_a_fault(reference: str) -> None:
    with pytest.raises(SpecificationError):
        load_specification(reference)


def test_a_later_stage_may_only_report() -> None:
    followed = requirement("report_only = true", identifier="count", test="count").replace(
        "drug_product_release", "follow_up"
    )
    assert faults_of(header() + VIABILITY + followed) == ()
