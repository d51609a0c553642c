"""Nothing that is not known makes a batch eligible: every way found so far, and random damage to a conforming batch."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import regenqc
from regenqc import DataError, SpecificationError, UsageError
from strategies import (
    ENDOTOXIN,
    STAGE,
    STERILITY,
    VIABILITY,
    disposition,
    dispositions,
    evaluate,
    reasons,
    rows,
    specification,
)

GOOD = {"test": "viability", "result": "90", "unit": "%"}
BAD = GOOD | {"result": "10", "result_id": "R1"}
INVALIDATED = {
    "status": "invalidated",
    "investigation_id": "I",
    "assignable_cause": "vial broke",
    "analyst": "Kim",
    "invalidated_by": "Park",
}
BLANK = {"test": "blank", "result": "not detected"}
CONTROLLED = VIABILITY | {"controls": [{"test": "blank", "one_of": ["not detected"]}]}
LATE_STERILITY = STERILITY | {"timing": "after_release", "due": "14 d"}
KARYOTYPE = {"id": "karyotype", "karyotype": {"min_metaphases": "20", "expected_sex": "@donor_sex"}}
MEAN = VIABILITY | {"replicates": "mean"}
TWO_OF_THREE = VIABILITY | {"replicates": "n_of_m", "replicates_conforming": 2, "replicates_total": 3}
POTENCY = {
    "id": "potency",
    "any_of": [
        {"test": "potency_a", "limit": {"max_exclusive": "70", "unit": "%"}},
        {"test": "potency_b", "limit": {"min_exclusive": "50", "unit": "%"}},
    ],
}
RATE = {"id": "rate", "limit": {"max": "5", "unit": "EU/kg/h"}}
RATE_DERIVED = {
    "id": "rate",
    "function": "endotoxin_per_kg_hour",
    "inputs": {"concentration": "endotoxin", "volume": "@volume", "weight": "@weight", "duration": "@hours"},
}
RECIPIENT = {"volume": "50", "volume_unit": "mL", "weight": "70", "weight_unit": "kg", "hours": "1", "hours_unit": "h"}
DOSE = {"test": "endotoxin", "result": "0.5", "unit": "EU/mL"}
ETHICS = {"id": "ethics", "evidence": {"document": "@approval", "valid_until": "@approval_until"}}
FROZEN_ONLY = VIABILITY | {"when": {"formulation": ["cryopreserved"]}}


def replicates(*results):
    return [GOOD | {"result": result, "replicate": str(number)} for number, result in enumerate(results, start=1)]


def case(name, results, requirements, wanted="hold", **options):
    return pytest.param(results, requirements, wanted, options, id=name)


CASES = [
    case("a batch only in the batch table has no results", [GOOD | {"batch_id": "B2"}], [VIABILITY], batches={}),
    case("a batch whose only row is empty has no results", [GOOD | {"result": ""}], [VIABILITY]),
    case("a batch that the batch table does not list", [GOOD], [VIABILITY], batches={"batch_id": "B2"}),
    case(
        "a batch that no specification speaks about",
        [GOOD],
        [VIABILITY],
        product={"vector": "aav"},
        batches={"vector": "none"},
    ),
    case("no requirement at the wanted stage", [GOOD], [VIABILITY], stage="shipping"),
    case("no requirement at the stage of the results", [GOOD | {"stage": "shipping"}], [VIABILITY]),
    case("no requirement applies to the batch", [GOOD], [FROZEN_ONLY], batches={"formulation": "fresh"}),
    case("a row without batch beside a good one", [GOOD, GOOD | {"batch_id": ""}], [VIABILITY]),
    case("a row without test", [GOOD, GOOD | {"test": ""}], [VIABILITY]),
    case("a row with an unknown stage word", [GOOD | {"stage": STAGE}, GOOD | {"stage": "release"}], [VIABILITY]),
    case(
        "a row with an unknown stage word and no test",
        [GOOD | {"stage": STAGE}, GOOD | {"stage": "release", "test": ""}],
        [VIABILITY],
    ),
    case(
        "a row with an unknown stage word where one stage is wanted",
        [GOOD | {"stage": STAGE}, GOOD | {"stage": "release"}],
        [VIABILITY],
        stage=STAGE,
    ),
    case("a row with an unknown status word", [GOOD, GOOD | {"status": "checked?"}], [VIABILITY]),
    case("a row with an ambiguous date", [GOOD, GOOD | {"tested_at": "06/05/2026"}], [VIABILITY]),
    case("a row with an unreadable revision", [GOOD, GOOD | {"result_id": "r", "revision": "2b"}], [VIABILITY]),
    case("a row with a cell of 70,000 characters", [GOOD, GOOD | {"sample_id": "x" * 70_000}], [VIABILITY]),
    case("a test that no requirement names", [GOOD, GOOD | {"test": "viabilty"}], [VIABILITY]),
    case("a required test without row", [GOOD], [VIABILITY, STERILITY]),
    case("a test name in other case", [GOOD | {"test": "Viability"}], [VIABILITY]),
    case("a limit that the sponsor has not set", [GOOD], [{"id": "viability", "sponsor_must_set": True}]),
    case("a limit that no one has verified, met", [GOOD], [VIABILITY | {"mark": "unverified"}]),
    case("a limit that no one has verified, failed", [GOOD | {"result": "1"}], [VIABILITY | {"mark": "unverified"}]),
    case("an unverified alternative", [GOOD | {"test": "potency_a"}], [POTENCY | {"mark": "unverified"}]),
    case(
        "unverified evidence",
        [GOOD],
        [VIABILITY, ETHICS | {"mark": "unverified"}],
        batches={"approval": "E-1", "approval_until": "2030-01-01"},
    ),
    case("an expired batch", [GOOD], [VIABILITY], batches={"expires_at": "2026-06-29"}),
    case("a batch that expired a second ago", [GOOD], [VIABILITY], batches={"expires_at": "2026-06-29T23:59:59Z"}),
    case("an expiry date that cannot be read", [GOOD], [VIABILITY], batches={"expires_at": "30.06.2027"}),
    case("an expiry date without zone", [GOOD], [VIABILITY], batches={"expires_at": "2027-06-30T12:00:00"}),
    case("a specification that is not yet valid", [GOOD], [VIABILITY], valid_from=date(2026, 7, 1)),
    case(
        "a specification that was no longer valid when the batch was made",
        [GOOD],
        [VIABILITY],
        valid_to=date(2020, 1, 1),
        batches={"manufactured_at": "2020-01-02"},
    ),
    case(
        "a validity that depends on a date which cannot be read",
        [GOOD],
        [VIABILITY],
        valid_from=date(2026, 1, 1),
        batches={"manufactured_at": "06/05/2026"},
    ),
    case(
        "a requirement whose validity depends on a date which cannot be read",
        [GOOD],
        [VIABILITY, STERILITY | {"valid_to": date(2020, 12, 31)}],
        batches={"manufactured_at": "06/05/2020"},
    ),
    case("a number without unit", [GOOD | {"unit": ""}], [VIABILITY]),
    case("an unknown unit", [GOOD | {"unit": "percentage"}], [VIABILITY]),
    case("a unit in other case", [DOSE | {"unit": "eu/ml"}], [ENDOTOXIN]),
    case("a unit of another kind", [GOOD | {"unit": "EU/mL"}], [VIABILITY]),
    case("international units are not endotoxin units", [DOSE | {"unit": "IU/mL"}], [ENDOTOXIN]),
    case("a percent sign that contradicts the unit", [DOSE | {"result": "0.1%"}], [ENDOTOXIN]),
    case("a word where a number is required", [GOOD | {"result": "complies"}], [VIABILITY]),
    case("a word outside the vocabulary", [{"test": "sterility", "result": "looks sterile"}], [STERILITY]),
    case("a word inside a sentence", [{"test": "sterility", "result": "no growth after 14 days"}], [STERILITY]),
    case("a number where a word is required", [{"test": "sterility", "result": "0"}], [STERILITY]),
    case("an interim word", [{"test": "sterility", "result": "No growth to date"}], [STERILITY]),
    case(
        "an interim word for a result that is only reported",
        [GOOD, {"test": "count", "result": "pending"}],
        [VIABILITY, {"id": "count", "report_only": True}],
    ),
    case(
        "an interim word as identity",
        [{"test": "code", "result": "pending"}],
        [{"id": "code", "identity": {"equals": "@code"}}],
        batches={"code": "pending"},
    ),
    case("an invalid test", [{"test": "sterility", "result": "invalid"}], [STERILITY]),
    *(
        case(f"the unreadable number {text!r}", [GOOD | {"result": text}], [VIABILITY])
        for text in (
            "85-95",
            "~90",
            "90 %%",
            "9_0",
            "nan",
            "inf",
            "1e400",
            "-0",
            "90,5",
            "90.",
            "9O",
            "90 (n=3)",
            "90*",
            "&lt; 90",
            "10⁶",
        )
    ),
    case("a preliminary result", [GOOD | {"status": "preliminary"}], [VIABILITY]),
    case("a preliminary word", [{"test": "sterility", "result": "no growth", "status": "preliminary"}], [STERILITY]),
    case(
        "an unverified result beside a verified one",
        [GOOD, GOOD | {"result": "91", "status": "unverified"}],
        [VIABILITY],
    ),
    case("an unverified result", [GOOD | {"status": "unverified"}], [VIABILITY]),
    case("a cancelled result that says something", [GOOD, GOOD | {"result": "10", "status": "cancelled"}], [VIABILITY]),
    case("a cancelled result without text", [GOOD | {"result": "", "status": "cancelled"}], [VIABILITY]),
    case(
        "a result invalidated by an investigation, without another",
        [GOOD | INVALIDATED],
        [VIABILITY],
    ),
    case(
        "a failure that was invalidated, and retested although no retest is allowed",
        [BAD | INVALIDATED, GOOD],
        [VIABILITY],
    ),
    case("a failure that was invalidated, and not retested", [BAD | INVALIDATED], [VIABILITY | {"retests": 1}]),
    case(
        "a failure that was invalidated, not retested, and may be waited for",
        [BAD | INVALIDATED],
        [VIABILITY | {"retests": 1, "timing": "after_release", "due": "14 d"}],
        batches={"manufactured_at": "2026-06-29"},
    ),
    case("a retest whose first result is not reported", [GOOD | {"retest_of": "R0"}], [VIABILITY | {"retests": 1}]),
    case(
        "two retests where one is allowed",
        [BAD | INVALIDATED, *(GOOD | {"result_id": name, "retest_of": "R1"} for name in ("R2", "R3"))],
        [VIABILITY | {"retests": 1}],
    ),
    case(
        "a failure that its analyst has invalidated",
        [BAD | INVALIDATED | {"invalidated_by": "Kim"}, GOOD],
        [VIABILITY | {"retests": 1}],
        "reject",
    ),
    case("a result without its control", [GOOD], [CONTROLLED]),
    case("a result whose control failed", [GOOD, {"test": "blank", "result": "detected"}], [CONTROLLED]),
    case("a result whose control is preliminary", [GOOD, BLANK | {"status": "preliminary"}], [CONTROLLED]),
    case("a result whose control was reported for another batch", [GOOD, BLANK | {"batch_id": "B2"}], [CONTROLLED]),
    case(
        "a result without the column of its control",
        [GOOD],
        [VIABILITY | {"controls": [{"column": "spike", "one_of": ["pass"]}]}],
    ),
    case(
        "a failure that was invalidated without investigation",
        [GOOD, GOOD | {"result": "10", "status": "invalidated"}],
        [VIABILITY],
        "reject",
    ),
    case(
        "a failure that was invalidated by no one",
        [GOOD, GOOD | {"result": "10", "status": "invalidated", "investigation_id": "I"}],
        [VIABILITY],
        "reject",
    ),
    case("a failure beside a good result", [GOOD, GOOD | {"result": "69.9"}], [VIABILITY], "reject"),
    case(
        "a good result that a failing revision supersedes",
        [GOOD | {"result_id": "r", "revision": "1"}, GOOD | {"result": "1", "result_id": "r", "revision": "2"}],
        [VIABILITY],
        "reject",
    ),
    case(
        "a good result that an empty revision supersedes",
        [GOOD | {"result_id": "r", "revision": "1"}, GOOD | {"result": "", "result_id": "r", "revision": "2"}],
        [VIABILITY],
    ),
    case("another method than those listed", [GOOD | {"method": "trypan blue"}], [VIABILITY | {"methods": ["7-AAD"]}]),
    case("no method where methods are listed", [GOOD], [VIABILITY | {"methods": ["7-AAD"]}]),
    *(
        case(
            f"the karyotype {text!r} shows no single normal cell line",
            [{"test": "karyotype", "result": text}],
            [KARYOTYPE],
            batches={"donor_sex": "female"},
        )
        for text in (
            "46,XX",
            "47,XX,+12",
            "46,XX[19]/47,XX,+8[1]",
            "46,XX[10]/46,XY[10]",
            "46,XX,+8[20]",
            "46,XX[19]",
            "46,XX[20].nuc ish(BCL2L1x3)[150/200]",
            "nuc ish(BCL2L1x2)[200]",
            "normal",
            "46,XX[20] normal",
            "46,XX,inv(9)(p12q13)[20]",
            "46, XX[20]",
            "46,XX[2O]",
            "46,xx[20]",
        )
    ),
    *(
        case(
            f"the karyotype {text!r} shows an abnormal clone",
            [{"test": "karyotype", "result": text}],
            [KARYOTYPE],
            "reject",
            batches={"donor_sex": "female"},
        )
        for text in ("47,XX,+12[20]", "46,XX[10]/47,XX,+8[10]", "47,XX,+12[2]/46,XX[3]", "45,X[20]")
    ),
    case(
        "a karyotype where the sex is not stated",
        [{"test": "karyotype", "result": "46,XX[20]"}],
        [KARYOTYPE],
        batches={"donor_sex": ""},
    ),
    case(
        "a karyotype of the other sex",
        [{"test": "karyotype", "result": "46,XY[20]"}],
        [KARYOTYPE],
        "reject",
        batches={"donor_sex": "female"},
    ),
    case(
        "a derived result whose input is missing", [GOOD], [VIABILITY, RATE], derived=[RATE_DERIVED], batches=RECIPIENT
    ),
    case("a derived result without batch table", [DOSE], [RATE], derived=[RATE_DERIVED]),
    case("a derived result without weight", [DOSE], [RATE], derived=[RATE_DERIVED], batches=RECIPIENT | {"weight": ""}),
    case(
        "a derived result with a weight of zero",
        [DOSE],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT | {"weight": "0"},
    ),
    case(
        "a derived result with a negative weight",
        [DOSE],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT | {"weight": "-70"},
    ),
    case(
        "a derived result with a weight without unit",
        [DOSE],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT | {"weight_unit": ""},
    ),
    case(
        "a derived result with a weight in millilitres",
        [DOSE],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT | {"weight_unit": "mL"},
    ),
    case(
        "a derived result with an unreadable volume",
        [DOSE],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT | {"volume": "about 50"},
    ),
    case(
        "a derived result of an unverified input",
        [DOSE | {"status": "unverified"}],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT,
    ),
    case(
        "a derived result beside an unverified input",
        [DOSE, DOSE | {"result": "500", "status": "unverified"}],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT,
    ),
    case(
        "a derived result beside a cancelled input that says something",
        [DOSE, DOSE | {"result": "500", "status": "cancelled"}],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT,
    ),
    case(
        "a derived result of a preliminary input",
        [DOSE | {"status": "preliminary"}],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT,
    ),
    case(
        "a derived result of a pending input",
        [DOSE | {"result": "pending"}],
        [RATE],
        derived=[RATE_DERIVED],
        batches=RECIPIENT,
    ),
    case("replicates without identities", [GOOD, GOOD | {"result": "91"}], [MEAN]),
    case(
        "replicates with one identity", [GOOD | {"replicate": "1"}, GOOD | {"result": "91", "replicate": "1"}], [MEAN]
    ),
    case("a mean with an unreadable replicate", replicates("90", "see report"), [MEAN]),
    case("a mean with a pending replicate", replicates("90", "pending"), [MEAN]),
    case(
        "a mean with a replicate in another unit",
        [GOOD | {"replicate": "1"}, GOOD | {"replicate": "2", "unit": "mL"}],
        [MEAN],
    ),
    case("a mean of a preliminary replicate", [GOOD | {"status": "preliminary"}], [MEAN]),
    case("a median of censored replicates", replicates("90", ">80"), [VIABILITY | {"replicates": "median"}]),
    case("two replicates where three are required", replicates("90", "90"), [TWO_OF_THREE]),
    case("two conforming replicates of five", replicates("90", "90", "1", "1", "1"), [TWO_OF_THREE]),
    case("three replicates of which one conforms", replicates("90", "1", "1"), [TWO_OF_THREE], "reject"),
    case(
        "one alternative undecided, the other failed",
        [GOOD | {"test": "potency_a", "result": "90"}, GOOD | {"test": "potency_b", "result": "?"}],
        [POTENCY],
    ),
    case("one alternative failed, the other missing", [GOOD | {"test": "potency_a", "result": "90"}], [POTENCY]),
    case("no alternative reported", [GOOD], [VIABILITY, POTENCY]),
    case(
        "every alternative failed",
        [GOOD | {"test": "potency_a", "result": "90"}, GOOD | {"test": "potency_b", "result": "1"}],
        [POTENCY],
        "reject",
    ),
    case(
        "a document that is not stated",
        [GOOD],
        [VIABILITY, ETHICS],
        batches={"approval": "", "approval_until": "2030-01-01"},
    ),
    case("a document without batch table", [GOOD], [VIABILITY, ETHICS]),
    case(
        "a document that is pending",
        [GOOD],
        [VIABILITY, ETHICS],
        batches={"approval": "Pending", "approval_until": "2030-01-01"},
    ),
    case(
        "a document out of date",
        [GOOD],
        [VIABILITY, ETHICS],
        batches={"approval": "E-1", "approval_until": "2026-06-29"},
    ),
    case(
        "a document whose date is missing",
        [GOOD],
        [VIABILITY, ETHICS],
        batches={"approval": "E-1", "approval_until": ""},
    ),
    case(
        "a document whose date cannot be read",
        [GOOD],
        [VIABILITY, ETHICS],
        batches={"approval": "E-1", "approval_until": "soon"},
    ),
    case(
        "a deferred result that is pending",
        [GOOD],
        [VIABILITY, LATE_STERILITY],
        "conditional",
        batches={"manufactured_at": "2026-06-20"},
    ),
    case(
        "a deferred result whose due date is unknown",
        [GOOD],
        [VIABILITY, LATE_STERILITY],
        batches={"manufactured_at": ""},
    ),
    case(
        "a deferred result whose due date cannot be read",
        [GOOD],
        [VIABILITY, LATE_STERILITY],
        batches={"manufactured_at": "20/06/26"},
    ),
    case("a deferred result without batch table", [GOOD], [VIABILITY, LATE_STERILITY]),
    case(
        "a deferred result that is overdue",
        [GOOD],
        [VIABILITY, LATE_STERILITY],
        batches={"manufactured_at": "2026-06-01"},
    ),
    case(
        "a deferred result that failed early",
        [GOOD, {"test": "sterility", "result": "growth", "status": "preliminary"}],
        [VIABILITY, LATE_STERILITY],
        "reject",
        batches={"manufactured_at": "2026-06-20"},
    ),
    case(
        "a failure where it is unknown whether the requirement applies",
        [GOOD | {"result": "1"}],
        [FROZEN_ONLY],
        batches={"formulation": ""},
    ),
    case(
        "nothing reported where it is unknown whether the requirement applies",
        [GOOD],
        [VIABILITY, STERILITY | {"when": {"formulation": ["fresh"]}}],
        batches={"formulation": ""},
    ),
    case(
        "a selecting attribute in another spelling",
        [GOOD],
        [VIABILITY, STERILITY | {"when": {"formulation": ["fresh"]}}],
        batches={"formulation": "Cryopreserved"},
    ),
    case(
        "a selecting attribute without batch table",
        [GOOD],
        [VIABILITY, STERILITY | {"when": {"formulation": ["fresh"]}}],
    ),
    case(
        "agreement without the other stage",
        [GOOD],
        [
            VIABILITY | {"limit": {"min": "70", "unit": "%"}},
            {"id": "stable", "test": "viability", "agreement": {"stage": "cell_bank", "relative": "20"}},
        ],
    ),
    case(
        "identity without the attribute",
        [{"test": "code", "result": "A"}],
        [{"id": "code", "identity": {"equals": "@code"}}],
    ),
]


@pytest.mark.parametrize(("results", "requirements", "wanted", "options"), CASES)
def test_what_is_not_known_to_conform_is_never_eligible(results, requirements, wanted, options):
    found = evaluate(rows(*results), *requirements, **options)
    assert "B1" not in set(found.dispositions.query("disposition == 'eligible'")["batch_id"])
    assert wanted in set(found.dispositions.query("batch_id == 'B1'")["disposition"])
    assert not found.is_all_eligible
    assert found.rows_read == found.rows_judged + found.rows_refused == len(results)


def test_an_empty_export_is_refused():
    with pytest.raises(DataError):
        evaluate(rows(GOOD).iloc[:0], VIABILITY)


def test_an_empty_batch_table_is_refused():
    with pytest.raises(DataError):
        evaluate(rows(GOOD), VIABILITY, batches=pd.DataFrame({"batch_id": []}, dtype="str"))


def test_an_export_of_blank_rows_makes_nothing_eligible():
    found = evaluate(rows({"batch_id": "", "test": "", "result": ""}), VIABILITY)
    assert (len(found.dispositions), found.is_all_eligible, found.rows_refused) == (0, False, 1)


def test_an_export_without_any_batch_makes_nothing_eligible():
    assert not evaluate(rows(GOOD | {"batch_id": " "}), VIABILITY).is_all_eligible


def test_an_empty_specification_is_refused():
    with pytest.raises(SpecificationError):
        specification()


def test_no_specification_is_refused():
    with pytest.raises(UsageError):
        regenqc.evaluate(rows(GOOD), [])


def test_an_unknown_stage_is_refused():
    with pytest.raises(UsageError):
        evaluate(rows(GOOD), VIABILITY, stage="release")


def test_results_without_stage_are_refused_where_several_are_possible():
    with pytest.raises(UsageError):
        evaluate(rows(GOOD), VIABILITY, STERILITY | {"stage": "cell_bank"})


def test_a_row_without_stage_holds_its_batch_where_several_are_possible():
    results = rows(GOOD | {"stage": STAGE}, {"test": "sterility", "result": "no growth", "stage": "cell_bank"}, GOOD)
    assert dispositions(evaluate(results, VIABILITY, STERILITY | {"stage": "cell_bank"})) == {"hold"}


@pytest.mark.parametrize("word", ["TNTC", "does not comply", "not sterile", "positive"])
def test_a_bad_word_that_none_of_does_not_name_is_not_good(word):
    assert disposition(evaluate(rows(("colonies", word, "")), {"id": "colonies", "none_of": ["growth"]})) != "eligible"


def test_a_specification_is_not_switched_off_by_a_spelling_of_its_product():
    vector = specification(VIABILITY, STERILITY, id="example/vector", product={"vector": "lentiviral"})
    core = specification(VIABILITY, id="example/core")
    assert "hold" in dispositions(evaluate(rows(GOOD), vector, core, batches={"vector": "Lentiviral"}))


# ---- random damage ---------------------------------------------------------------------------------------------------

REQUIREMENTS = [
    VIABILITY,
    STERILITY,
    ENDOTOXIN | {"methods": ["LAL"]},
    KARYOTYPE,
    MEAN | {"id": "recovery"},
    POTENCY,
    RATE,
    ETHICS,
]
CONFORMING = [
    GOOD | {"result_id": "r1"},
    {"test": "sterility", "result": "no growth", "result_id": "r2"},
    DOSE | {"result_id": "r3", "method": "LAL"},
    {"test": "karyotype", "result": "46,XX[20]", "result_id": "r4"},
    {"test": "recovery", "result": "71", "unit": "%", "result_id": "r5"},
    {"test": "potency_a", "result": "14.9", "unit": "%", "result_id": "r7"},
]
CONFORMING = [{"stage": STAGE, "status": "verified", "revision": "1", "method": ""} | row for row in CONFORMING]
BATCH = RECIPIENT | {
    "donor_sex": "female",
    "approval": "E-1",
    "approval_until": "2026-06-30",
    "expires_at": "2026-07-01",
}
DAMAGE = {
    "batch_id": ["", " ", "B1 ?"],
    "test": ["", "Viability", "sterilitee", "viability "[:4]],
    "result": [
        "",
        "pending",
        "?",
        "5-10",
        "nan",
        "1e999",
        "-0",
        "invalid",
        "< 1e9",
        "9" * 20 + "e280",
        "\ufeff",
        "70;71",
        "no  growth!",
        "46,XX[1]",
    ],
    "unit": ["furlong", "kg", "EU", "percent%", "10^6"],
    "stage": ["Release", "hospital receipt", "cell_bank", "donor"],
    "status": ["preliminary", "unverified", "cancelled", "rejected", "VERIFIED?"],
    "revision": ["first", "-1", "1.5"],
    "method": ["gel clot", "L A L"],
}
BATCH_DAMAGE = {
    "volume": ["", "0x10", "50-60", "-50", "5E9"],
    "weight": ["", "0", "70 kg", "<70", "heavy"],
    "weight_unit": ["", "lb", "mL"],
    "hours": ["", "1:30"],
    "hours_unit": ["", "%"],
    "donor_sex": ["", "male", "unknown"],
    "approval": ["", "pending"],
    "approval_until": ["", "2026-06-29", "2026-06-29T23:59:59Z", "31.12.2030"],
    "expires_at": ["2026-06-29", "not stated", "2026-06-30T12:00:00"],
}


def judge(results, batch):
    return evaluate(rows(*results), *REQUIREMENTS, derived=[RATE_DERIVED], batches=batch)


def test_the_batch_that_the_damage_starts_from_is_eligible():
    found = judge(CONFORMING, BATCH)
    assert found.is_all_eligible, found.findings["explanation"].tolist()


@st.composite
def damages(draw):
    """Draw one damaged cell of a row, a removed row, or a damaged attribute of the batch."""
    kind = draw(st.sampled_from(["cell", "cell", "cell", "row", "batch"]))
    results, batch = [dict(row) for row in CONFORMING], dict(BATCH)
    if kind == "batch":
        name = draw(st.sampled_from(sorted(BATCH_DAMAGE)))
        batch[name] = draw(st.sampled_from(BATCH_DAMAGE[name]))
    elif kind == "row":
        del results[draw(st.integers(0, len(results) - 1))]
    else:
        name = draw(st.sampled_from(sorted(DAMAGE)))
        # Only the endotoxin requirement lists methods.
        row = results[2] if name == "method" else draw(st.sampled_from(results))
        words = [word for word in DAMAGE[name] if word != row.get(name)]
        row[name] = draw(st.sampled_from(words))
        if name == "unit" and row["test"] in {"sterility", "karyotype"}:
            row["result"] = "?"  # a word needs no unit, so a wrong one damages nothing
    return results, batch


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(damages())
def test_one_damage_of_any_kind_is_never_eligible(damage):
    results, batch = damage
    found = judge(results, batch)
    assert disposition(found) != "eligible", (results, batch, reasons(found))


@pytest.mark.long
@settings(max_examples=3000, suppress_health_check=[HealthCheck.too_slow])
@given(damages())
def test_one_damage_of_any_kind_is_never_eligible_at_length(damage):
    assert disposition(judge(*damage)) != "eligible"
