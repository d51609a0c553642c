"""What a specification may change in a requirement that it inherits: everything stricter, nothing looser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.errors import SpecificationError
from regenqc.vocabulary import Mark

from .texts import extend, requirement

if TYPE_CHECKING:
    from pathlib import Path

OWN = '\n[[requirement]]\nid = "viability"\n{}\n'
SOURCE = 'citation = "another document"\nmark = "verified"\n'
COMPOSITE_REST = 'stage = "drug_product_release"\ncitation = "a document"\nmark = "verified"\n'


def inherited(keys: str) -> str:
    composite = any(kind in keys for kind in ("any_of =", "all_of =", "n_of_m =", "evidence ="))
    return requirement(keys, test="" if composite else "viability")


PERCENT = 'limit = { min = "70", unit = "%" }'
CELLS = 'limit = { max = "5", unit = "10^6 cells" }'
CENTURY = 'limit = { min = "70", unit = "%" }\nalert = { min = "80", unit = "%" }'
NO_GROWTH = 'one_of = ["no growth", "negative"]'
KARYOTYPE = 'karyotype = { min_metaphases = "20", expected_sex = "@donor_sex", allow = ["inv(9)(p12q13)"] }'
RELATIVE = 'agreement = { stage = "cell_bank", relative = "20" }'
ABSOLUTE = 'agreement = { stage = "cell_bank", absolute = "2", unit = "mg" }'
ANY_OF = (
    'any_of = [{ test = "a", limit = { min = "70", unit = "%" } }, { test = "b", one_of = ["absent", "negative"] }]'
)
ALL_OF = ANY_OF.replace("any_of", "all_of")
A, B, C, D = (f'{{ test = "{name}", limit = {{ min = "70", unit = "%" }} }}' for name in "abcd")
TWO_OF_THREE = f"n_of_m = {{ n = 2, of = [{A}, {B}, {C}] }}"
LATE = 'one_of = ["no growth"]\ntiming = "after_release"\ndue = "14 d"'
BOTH = 'when = { formulation = ["fresh"], vector = ["aav", "none"] }'
GROWTH = '{ test = "growth_promotion", one_of = ["growth", "positive"] }'
SPIKE = '{ column = "spike", limit = { min = "50", max = "200", unit = "%" } }'
CONTROLS = f'one_of = ["no growth"]\ncontrols = [{GROWTH}, {SPIKE}]'
RETESTS = f"{PERCENT}\nretests = 1"
INFORM = '{ action = "Inform the physician", citation = "a procedure", within = "2 d" }'
IDENTIFY = '{ action = "Identify the organism", citation = "a procedure" }'
INFORM_AT_ANY_TIME = '{ action = "Inform the physician", citation = "a procedure" }'
IDENTIFY_IN_A_WEEK = '{ action = "Identify the organism", citation = "a procedure", within = "7 d" }'
LATE_ACTIONS = f"{LATE}\nconsequences = [{INFORM}, {IDENTIFY}]"
EVIDENCE = 'evidence = { document = "@ethics_approval_id", valid_until = "@ethics_approval_valid_until" }'
REPLICATES = f'{PERCENT}\nreplicates = "n_of_m"\nreplicates_conforming = 2\nreplicates_total = 3'

ACCEPTED = [
    pytest.param(PERCENT, 'limit = { min = "71", unit = "%" }', id="a higher minimum"),
    pytest.param(PERCENT, 'limit = { min = "70", unit = "%" }', id="the same limit again"),
    pytest.param(PERCENT, 'limit = { min = "70.0", unit = "%" }', id="the same limit with more digits"),
    pytest.param(
        PERCENT, 'limit = { min_exclusive = "70", unit = "%" }', id="an exclusive minimum for an inclusive one"
    ),
    pytest.param(PERCENT, 'limit = { min = "70", max = "95", unit = "%" }', id="a second side"),
    pytest.param(CELLS, 'limit = { max = "5000000", unit = "cells" }', id="the same limit in another unit"),
    pytest.param(CELLS, 'limit = { max = "4999999", unit = "cells" }', id="a tighter limit in another unit"),
    pytest.param(f'{PERCENT}\nrounding = "usp"', PERCENT, id="no rounding where it was usp"),
    pytest.param(f'{PERCENT}\nrounding = "usp"', 'limit = { min = "69.5", unit = "%" }', id="the rounded limit itself"),
    pytest.param(
        'limit = { min_exclusive = "70", unit = "%" }',
        'limit = { min_exclusive = "70", unit = "%" }\nrounding = "usp"',
        id="usp rounding of an exclusive minimum, which it raises",
    ),
    pytest.param(CENTURY, 'alert = { min = "85", unit = "%" }', id="a tighter alert limit"),
    pytest.param(CENTURY, 'limit = { min = "75", unit = "%" }', id="a tighter limit inside the alert limit"),
    pytest.param(CENTURY, 'limit = { min = "85", unit = "%" }', id="a limit tighter than the alert limit"),
    pytest.param(PERCENT, 'alert = { min = "85", unit = "%" }', id="an alert limit where there was none"),
    pytest.param(NO_GROWTH, 'one_of = ["no growth"]', id="fewer words conform"),
    pytest.param(NO_GROWTH, 'one_of = ["No  Growth", "neg"]', id="other spellings of the same words"),
    pytest.param('none_of = ["growth"]', 'one_of = ["no growth"]', id="listed words where only some were excluded"),
    pytest.param(f'{PERCENT}\none_of = ["complies"]', PERCENT, id="a limit restated beside words"),
    pytest.param(f'{PERCENT}\none_of = ["complies", "pass"]', 'one_of = ["pass"]', id="fewer words beside a limit"),
    pytest.param(KARYOTYPE, KARYOTYPE.replace('"20"', '"30"'), id="more metaphases"),
    pytest.param(KARYOTYPE, KARYOTYPE.replace(', allow = ["inv(9)(p12q13)"]', ""), id="fewer allowed variants"),
    pytest.param(
        'karyotype = { min_metaphases = "20" }',
        KARYOTYPE.replace(', allow = ["inv(9)(p12q13)"]', ""),
        id="an expected sex",
    ),
    pytest.param(RELATIVE, RELATIVE.replace('"20"', '"15.5"'), id="a smaller relative difference"),
    pytest.param(
        ABSOLUTE, ABSOLUTE.replace('"2"', '"1500"').replace('"mg"', '"ug"'), id="a smaller difference in another unit"
    ),
    pytest.param(ANY_OF, f'any_of = [{A}, {{ test = "b", one_of = ["absent"] }}]', id="a tighter alternative"),
    pytest.param(ANY_OF, ALL_OF, id="all parts where any was enough"),
    pytest.param(ANY_OF.removesuffix("]") + f", {C}]", f"any_of = [{A}, {C}]", id="fewer alternatives"),
    pytest.param(ALL_OF, ALL_OF.replace('"70"', '"75"'), id="a tighter part of all"),
    pytest.param(ALL_OF, ALL_OF.removesuffix("]") + f", {C}]", id="one part more of all"),
    pytest.param(TWO_OF_THREE, TWO_OF_THREE.replace("n = 2", "n = 3"), id="three of three instead of two"),
    pytest.param(TWO_OF_THREE, TWO_OF_THREE.replace('"70"', '"71"'), id="tighter parts of n of m"),
    pytest.param(
        TWO_OF_THREE, f"n_of_m = {{ n = 3, of = [{A}, {B}, {C}, {D}] }}", id="one part more, one more must conform"
    ),
    pytest.param(TWO_OF_THREE, f"all_of = [{A}, {B}]", id="two named parts for two of three"),
    pytest.param(LATE, 'timing = "before_release"', id="a result before release instead of after"),
    pytest.param(LATE, 'due = "10 d"', id="an earlier due date"),
    pytest.param(LATE, 'due = "336 h"', id="the same due date in hours"),
    pytest.param(f'{PERCENT}\non_fail = "report"', 'on_fail = "hold"', id="hold instead of report"),
    pytest.param(f'{PERCENT}\non_fail = "hold"', 'on_fail = "reject"', id="reject instead of hold"),
    pytest.param(EVIDENCE, 'on_fail = "reject"', id="reject for evidence, which holds by itself"),
    pytest.param(
        f"{PERCENT}\n{BOTH}", 'when = { formulation = ["fresh"], vector = ["aav", "none"] }', id="the same batches"
    ),
    pytest.param(
        f"{PERCENT}\n{BOTH}",
        'when = { formulation = ["fresh", "cryopreserved"], vector = ["none", "aav"] }',
        id="more values of an attribute",
    ),
    pytest.param(f"{PERCENT}\n{BOTH}", 'when = { formulation = ["fresh"] }', id="one attribute dropped"),
    pytest.param(f"{PERCENT}\n{BOTH}", "when = {}", id="when dropped"),
    pytest.param(
        f"{PERCENT}\naccept_preliminary = true", "accept_preliminary = false", id="preliminary results no longer count"
    ),
    pytest.param(PERCENT, 'methods = ["flow"]', id="listed methods where any counted"),
    pytest.param(f'{PERCENT}\nmethods = ["flow", "dye"]', 'methods = ["dye"]', id="fewer methods"),
    pytest.param(REPLICATES, "replicates_conforming = 3", id="more replicates must conform"),
    pytest.param(
        REPLICATES, "replicates_conforming = 3\nreplicates_total = 4", id="one replicate more, one more must conform"
    ),
    pytest.param("sponsor_must_set = true", f"{PERCENT}\n{SOURCE}", id="a limit where the sponsor had to set one"),
    pytest.param("sponsor_must_set = true", "sponsor_must_set = true", id="still to be set"),
    pytest.param("report_only = true", f"{PERCENT}\n{SOURCE}", id="a limit where the result was only reported"),
    pytest.param("report_only = true", "sponsor_must_set = true", id="to be set where the result was only reported"),
    pytest.param(
        EVIDENCE.replace(', valid_until = "@ethics_approval_valid_until"', ""),
        EVIDENCE,
        id="a date of validity for evidence",
    ),
    pytest.param(f"{PERCENT}\nvalid_to = 2030-01-01", "valid_to = 2040-01-01", id="a longer validity"),
    pytest.param(PERCENT, 'title = "Viable cells"', id="another title"),
    pytest.param(NO_GROWTH, f"controls = [{GROWTH}]", id="a control where there was none"),
    pytest.param(CONTROLS, f"controls = [{SPIKE}, {GROWTH}]", id="the same controls in another order"),
    pytest.param(
        CONTROLS,
        f'controls = [{{ test = "growth_promotion", one_of = ["growth"] }}, {SPIKE}]',
        id="a control with fewer words",
    ),
    pytest.param(CONTROLS, f"controls = [{GROWTH}, {SPIKE.replace('50', '70')}]", id="a control with a tighter limit"),
    pytest.param(CONTROLS, 'one_of = ["no growth"]', id="words restated beside controls, which are kept"),
    pytest.param(RETESTS, "retests = 0", id="no retest where one was allowed"),
    pytest.param(LATE, f"consequences = [{INFORM}]", id="a consequence where there was none"),
    pytest.param(
        LATE_ACTIONS, f"consequences = [{IDENTIFY}, {INFORM.replace('2 d', '48 h')}]", id="the same time in hours"
    ),
    pytest.param(
        LATE_ACTIONS,
        f"consequences = [{INFORM.replace('2 d', '24 h')}, {IDENTIFY_IN_A_WEEK}]",
        id="consequences within a shorter time",
    ),
    pytest.param(LATE_ACTIONS, 'timing = "before_release"', id="nothing can follow from a result before release"),
]

REFUSED = [
    pytest.param(PERCENT, 'limit = { min = "69.9", unit = "%" }', "limit", id="a lower minimum"),
    pytest.param(
        'limit = { min_exclusive = "70", unit = "%" }', PERCENT, "limit", id="an inclusive minimum for an exclusive one"
    ),
    pytest.param('limit = { min = "70", max = "95", unit = "%" }', PERCENT, "limit", id="one side dropped"),
    pytest.param(CELLS, 'limit = { max = "5000001", unit = "cells" }', "limit", id="a wider limit in another unit"),
    pytest.param(CELLS, 'limit = { max = "5", unit = "mL" }', "limit", id="a limit in another kind of unit"),
    pytest.param(PERCENT, f'{PERCENT}\nrounding = "usp"', "limit", id="usp rounding where there was none"),
    pytest.param(PERCENT, 'rounding = "usp"', "limit", id="rounding alone"),
    pytest.param(PERCENT, 'rounding = "ph_eur"', "limit", id="pharmacopoeial rounding alone"),
    pytest.param(
        'limit = { min_exclusive = "70", unit = "%" }\nrounding = "usp"',
        'limit = { min_exclusive = "70", unit = "%" }',
        "limit",
        id="no rounding of an exclusive minimum, which had raised it",
    ),
    pytest.param(CENTURY, 'alert = { min = "75", unit = "%" }', "alert", id="a wider alert limit"),
    pytest.param(NO_GROWTH, 'one_of = ["no growth", "absent"]', "one_of", id="another word conforms"),
    pytest.param(NO_GROWTH, 'none_of = ["growth"]', "none_of", id="excluded words where words were listed"),
    pytest.param('none_of = ["growth", "positive"]', 'none_of = ["growth"]', "none_of", id="fewer words fail"),
    pytest.param(
        'none_of = ["growth"]',
        'none_of = ["growth", "positive"]',
        "none_of",
        id="the opposite of one more word conforms",
    ),
    pytest.param(PERCENT, 'one_of = ["complies"]', "one_of", id="words beside a limit"),
    pytest.param(NO_GROWTH, PERCENT, "limit", id="numbers beside words"),
    pytest.param(PERCENT, KARYOTYPE, "karyotype", id="a criterion of another kind"),
    pytest.param(KARYOTYPE, KARYOTYPE.replace('"20"', '"19"'), "karyotype", id="fewer metaphases"),
    pytest.param(KARYOTYPE, KARYOTYPE.replace('"inv', '"9qh+", "inv'), "karyotype", id="another allowed variant"),
    pytest.param(KARYOTYPE, 'karyotype = { min_metaphases = "20" }', "karyotype", id="the expected sex dropped"),
    pytest.param(
        KARYOTYPE,
        'karyotype = { min_metaphases = "20", expected_sex = "male" }',
        "karyotype",
        id="another expected sex",
    ),
    pytest.param(RELATIVE, RELATIVE.replace('"20"', '"20.1"'), "agreement", id="a larger relative difference"),
    pytest.param(RELATIVE, ABSOLUTE, "agreement", id="an absolute difference for a relative one"),
    pytest.param(RELATIVE, RELATIVE.replace("cell_bank", "in_process"), "agreement", id="agreement with another stage"),
    pytest.param(
        ABSOLUTE,
        ABSOLUTE.replace('"2"', '"2001"').replace('"mg"', '"ug"'),
        "agreement",
        id="a larger difference in another unit",
    ),
    pytest.param(ABSOLUTE, ABSOLUTE.replace('"mg"', '"mL"'), "agreement", id="a difference in another kind of unit"),
    pytest.param(
        'identity = { equals = "@a" }', 'identity = { equals = "@b" }', "identity", id="identity with another attribute"
    ),
    pytest.param(
        'identity = { equals = "@a" }',
        'identity = { equals_stage = "donor" }',
        "identity",
        id="identity with a stage instead of an attribute",
    ),
    pytest.param(ANY_OF, ANY_OF.removesuffix("]") + f", {C}]", "any_of", id="one alternative more"),
    pytest.param(ANY_OF, ANY_OF.replace('"70"', '"60"'), "any_of", id="a looser alternative"),
    pytest.param(ANY_OF, 'rounding = "usp"', "any_of", id="rounding of alternatives"),
    pytest.param(ALL_OF, ANY_OF, "any_of", id="any part where all were needed"),
    pytest.param(ALL_OF, f"all_of = [{A}, {C}]", "all_of", id="another part instead of one"),
    pytest.param(ALL_OF, ALL_OF.replace('"70"', '"60"'), "all_of", id="a looser part of all"),
    pytest.param(TWO_OF_THREE, TWO_OF_THREE.replace("n = 2", "n = 1"), "n_of_m", id="one of three instead of two"),
    pytest.param(
        TWO_OF_THREE, f"n_of_m = {{ n = 2, of = [{A}, {B}, {C}, {D}] }}", "n_of_m", id="two of four instead of three"
    ),
    pytest.param(TWO_OF_THREE, TWO_OF_THREE.replace('"70"', '"69"'), "n_of_m", id="looser parts of n of m"),
    pytest.param(PERCENT, 'timing = "after_release"\ndue = "14 d"', "timing", id="a result after release"),
    pytest.param(LATE, 'due = "15 d"', "due", id="a later due date"),
    pytest.param(LATE, 'due = "337 h"', "due", id="a later due date in hours"),
    pytest.param(PERCENT, 'on_fail = "hold"', "on_fail", id="hold instead of reject"),
    pytest.param(f'{PERCENT}\non_fail = "hold"', 'on_fail = "report"', "on_fail", id="report instead of hold"),
    pytest.param(EVIDENCE, 'on_fail = "report"', "on_fail", id="report for evidence"),
    pytest.param(PERCENT, 'when = { formulation = ["fresh"] }', "when", id="only some batches"),
    pytest.param(
        f"{PERCENT}\n{BOTH}",
        'when = { formulation = ["fresh"], vector = ["aav"] }',
        "when",
        id="fewer values of an attribute",
    ),
    pytest.param(
        f"{PERCENT}\n{BOTH}",
        'when = { formulation = ["cryopreserved"], vector = ["aav", "none"] }',
        "when",
        id="other values of an attribute",
    ),
    pytest.param(
        f"{PERCENT}\n{BOTH}",
        'when = { formulation = ["fresh"], donor_relation = ["autologous"] }',
        "when",
        id="another attribute instead",
    ),
    pytest.param(PERCENT, "accept_preliminary = true", "accept_preliminary", id="preliminary results count"),
    pytest.param(f'{PERCENT}\nmethods = ["flow"]', 'methods = ["flow", "dye"]', "methods", id="another method"),
    pytest.param(PERCENT, 'replicates = "mean"', "replicates", id="the mean instead of each replicate"),
    pytest.param(REPLICATES, "replicates_conforming = 1", "replicates_conforming", id="fewer replicates must conform"),
    pytest.param(REPLICATES, "replicates_total = 4", "replicates_conforming", id="one replicate more may fail"),
    pytest.param(REPLICATES, "replicates_total = 2", "replicates_conforming", id="fewer replicates must be reported"),
    pytest.param(PERCENT, "report_only = true", "report_only", id="a limit became report only"),
    pytest.param(PERCENT, "sponsor_must_set = true", "sponsor_must_set", id="a limit became one to be set"),
    pytest.param(
        "sponsor_must_set = true",
        f"report_only = true\n{SOURCE}",
        "report_only",
        id="a limit to be set became report only",
    ),
    pytest.param(EVIDENCE, 'evidence = { document = "@consent_id" }', "evidence", id="other evidence"),
    pytest.param(
        EVIDENCE, 'evidence = { document = "@ethics_approval_id" }', "evidence", id="evidence without its date"
    ),
    pytest.param(PERCENT, "valid_from = 2020-01-01", "valid_from", id="a later begin"),
    pytest.param(f"{PERCENT}\nvalid_to = 2030-01-01", "valid_to = 2029-12-31", "valid_to", id="an earlier end"),
    pytest.param(PERCENT, 'test = "viability_2"', "test", id="another test"),
    pytest.param(PERCENT, 'stage = "shipping"', "stage", id="another stage"),
    pytest.param(
        f'one_of = ["no growth"]\ncontrols = [{GROWTH}]',
        "controls = []",
        "controls",
        id="no control where there was one",
    ),
    pytest.param(CONTROLS, f"controls = [{GROWTH}]", "controls", id="one control fewer"),
    pytest.param(
        CONTROLS, f"controls = [{GROWTH}, {SPIKE.replace('50', '49')}]", "controls", id="a control with a wider limit"
    ),
    pytest.param(
        CONTROLS,
        f"controls = [{GROWTH.replace('positive', 'negative')}, {SPIKE}]",
        "controls",
        id="a control with another word",
    ),
    pytest.param(
        CONTROLS, f"controls = [{GROWTH}, {SPIKE.replace('column', 'test')}]", "controls", id="rows instead of a column"
    ),
    pytest.param(PERCENT, "retests = 1", "retests", id="a retest where none was allowed"),
    pytest.param(RETESTS, "retests = 2", "retests", id="a second retest"),
    pytest.param(LATE_ACTIONS, f"consequences = [{INFORM}]", "consequences", id="one consequence fewer"),
    pytest.param(
        LATE_ACTIONS,
        f"consequences = [{INFORM.replace('2 d', '49 h')}, {IDENTIFY}]",
        "consequences",
        id="a consequence an hour later",
    ),
    pytest.param(
        LATE_ACTIONS,
        f"consequences = [{INFORM_AT_ANY_TIME}, {IDENTIFY}]",
        "consequences",
        id="a consequence at any time",
    ),
]

# A dated requirement alone would leave the pack without any at other times.
UNDATED = requirement('limit = { min = "1", unit = "cells" }', identifier="dose", test="dose")


@pytest.mark.parametrize(("before", "own"), ACCEPTED)
def test_stricter_is_accepted(before: str, own: str, tmp_path: Path) -> None:
    extend(tmp_path, inherited(before) + UNDATED, OWN.format(own))


@pytest.mark.parametrize(("before", "own", "key"), REFUSED)
def test_looser_is_refused_at_its_key(before: str, own: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        extend(tmp_path, inherited(before) + UNDATED, OWN.format(own))
    loosened = [fault for fault in caught.value.faults if fault.code == "RQC-S030"]
    assert [fault.where.rpartition(" ")[2] for fault in loosened] == [f"requirement[0].{key}"]


def test_keys_that_are_not_stated_are_kept(tmp_path: Path) -> None:
    product = extend(
        tmp_path, inherited(f'{CENTURY}\nmethods = ["flow"]'), OWN.format('limit = { min = "75", unit = "%" }')
    )
    merged = product.requirements[0]
    assert (merged.citation, merged.methods, merged.alert and merged.alert.min) == ("a document", ("flow",), "80")


def test_an_alert_limit_that_the_limit_has_reached_is_dropped(tmp_path: Path) -> None:
    product = extend(tmp_path, inherited(CENTURY), OWN.format('limit = { min = "85", unit = "%" }'))
    assert product.requirements[0].alert is None


def test_a_result_moved_before_release_has_no_due_date(tmp_path: Path) -> None:
    product = extend(tmp_path, inherited(LATE), OWN.format('timing = "before_release"'))
    assert product.requirements[0].due is None


def test_a_result_moved_before_release_has_no_consequences(tmp_path: Path) -> None:
    product = extend(tmp_path, inherited(LATE_ACTIONS), OWN.format('timing = "before_release"'))
    assert product.requirements[0].consequences == ()


def test_controls_and_retests_that_are_not_stated_are_kept(tmp_path: Path) -> None:
    product = extend(tmp_path, inherited(f"{CONTROLS}\nretests = 2"), OWN.format('one_of = ["no growth"]'))
    assert ([control.name for control in product.requirements[0].controls], product.requirements[0].retests) == (
        ["growth_promotion", "spike"],
        2,
    )


def test_rounding_of_the_file_does_not_reach_inherited_limits(tmp_path: Path) -> None:
    product = extend(
        tmp_path, inherited(PERCENT), requirement(CELLS, identifier="dose", test="dose"), more='rounding = "usp"\n'
    )
    assert [entry.rounding for entry in product.requirements] == [None, "usp"]


def test_rounding_of_the_file_loosens_a_limit_that_is_stated_again(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="its limit is wider"):
        extend(tmp_path, inherited(PERCENT), OWN.format(PERCENT), more='rounding = "usp"\n')


def test_rounding_none_in_a_requirement_wins_over_the_file(tmp_path: Path) -> None:
    product = extend(
        tmp_path, inherited(PERCENT), OWN.format(f'{PERCENT}\nrounding = "none"'), more='rounding = "usp"\n'
    )
    assert product.requirements[0].rounding is None


# ---- sources and marks ----


@pytest.mark.parametrize(
    "own",
    [
        pytest.param('mark = "verified"', id="mark alone"),
        pytest.param('mark = "verified"\ncitation = "another document"', id="mark with a citation and no criterion"),
        pytest.param(f'{PERCENT}\nmark = "verified"', id="mark with the criterion and no citation"),
        pytest.param('citation = "another document"', id="citation alone"),
        pytest.param('edition = "2nd"', id="edition alone"),
    ],
)
def test_an_unverified_limit_does_not_become_verified_by(own: str, tmp_path: Path) -> None:
    pack = inherited(PERCENT).replace('"verified"', '"unverified"')
    with pytest.raises(SpecificationError) as caught:
        extend(tmp_path, pack, OWN.format(own))
    assert {fault.code for fault in caught.value.faults} == {"RQC-S031"}


def test_an_unverified_limit_becomes_verified_with_criterion_and_source(tmp_path: Path) -> None:
    pack = inherited(PERCENT).replace('"verified"', '"unverified"')
    product = extend(tmp_path, pack, OWN.format(f"{PERCENT}\n{SOURCE}"))
    assert (product.requirements[0].mark, product.requirements[0].citation) == (Mark.VERIFIED, "another document")


def test_a_tighter_limit_keeps_the_mark_of_the_inherited_one(tmp_path: Path) -> None:
    pack = inherited(PERCENT).replace('"verified"', '"unverified"')
    product = extend(tmp_path, pack, OWN.format('limit = { min = "80", unit = "%" }'))
    assert product.requirements[0].mark is Mark.UNVERIFIED


@pytest.mark.parametrize("left_open", ["sponsor_must_set = true", "report_only = true"])
def test_a_criterion_that_was_left_open_needs_a_source(left_open: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        extend(tmp_path, inherited(left_open), OWN.format(PERCENT))
    assert [fault.code for fault in caught.value.faults] == ["RQC-S032"]


def test_a_limit_that_the_sponsor_sets_without_mark_is_unverified(tmp_path: Path) -> None:
    product = extend(
        tmp_path, inherited("sponsor_must_set = true"), OWN.format(f'{PERCENT}\ncitation = "validation report"')
    )
    assert product.requirements[0].mark is Mark.UNVERIFIED
