"""A second method beside the karyotype is a requirement of its own that can stop the same batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.specification import parse_specification

from .texts import faults_of, header, only_fault, requirement, store

if TYPE_CHECKING:
    from pathlib import Path

KARYOTYPE = requirement(
    'karyotype = { min_metaphases = "20", second_method = ["fish_20q11_21"] }', identifier="karyotype", test="karyotype"
)


def fish(keys: str = 'one_of = ["not detected"]', **more: str) -> str:
    return requirement(keys, identifier="fish", **({"test": "fish_20q11_21"} | more))


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(fish(), id="words"),
        pytest.param(fish('limit = { max = "5", unit = "%" }'), id="a limit"),
        pytest.param(fish('one_of = ["not detected"]\non_fail = "hold"'), id="a failure that holds"),
        pytest.param(fish("sponsor_must_set = true"), id="a limit that the sponsor has to set, which holds"),
        pytest.param(
            fish(
                'all_of = [{ test = "fish_20q11_21", one_of = ["not detected"] },'
                ' { test = "fish_12p13", one_of = ["not detected"] }]',
                test="",
            ),
            id="one of several that must all conform",
        ),
    ],
)
def test_a_requirement_of_the_same_stage_makes_sure_of_the_second_method(second: str) -> None:
    assert faults_of(header() + KARYOTYPE + second) == ()


OTHER_STAGE = 'stage = "cell_bank"\ncitation = "a document"\nmark = "verified"\n'


@pytest.mark.parametrize(
    ("second", "why"),
    [
        pytest.param(fish(test="fish_12p13"), "no requirement names the test", id="another test"),
        pytest.param(fish(rest=OTHER_STAGE), "fish is judged at stage cell_bank", id="another stage"),
        pytest.param(fish("report_only = true"), "fish is only reported", id="only reported"),
        pytest.param(
            fish('one_of = ["not detected"]\non_fail = "report"'),
            "a failure of fish is only reported",
            id="a failure without consequence",
        ),
        pytest.param(
            fish('one_of = ["not detected"]\ntiming = "after_release"\ndue = "14 d"'),
            "the result of fish may come after release",
            id="after release",
        ),
        pytest.param(
            fish('one_of = ["not detected"]\nwhen = { formulation = ["fresh"] }'),
            "fish: it applies to fewer batches by formulation (fresh)",
            id="fewer batches",
        ),
        pytest.param(
            fish('one_of = ["not detected"]\nvalid_from = 2026-01-01'),
            "fish: it is valid for a shorter time (2026-01-01 to None)",
            id="a shorter time",
        ),
        pytest.param(
            fish(
                'any_of = [{ test = "fish_20q11_21", one_of = ["not detected"] },'
                ' { test = "qpcr", one_of = ["not detected"] }]',
                test="",
            ),
            "no requirement names the test",
            id="one alternative of several",
        ),
    ],
)
def test_what_does_not_make_sure_of_it_is_a_fault(second: str, why: str) -> None:
    fault = only_fault(header() + KARYOTYPE + second)
    assert (fault.code, fault.got) == ("RQC-S037", f"fish_20q11_21: {why}")
    assert "karyotype.second_method" in fault.where


def test_a_karyotype_is_no_second_method_of_itself() -> None:
    fault = only_fault(header() + KARYOTYPE.replace("fish_20q11_21", "karyotype"))
    assert fault.code == "RQC-S037"


def test_an_inherited_second_method_may_not_be_dropped(tmp_path: Path) -> None:
    store(tmp_path, "pack", KARYOTYPE + fish())
    own = '\n[[requirement]]\nid = "karyotype"\nkaryotype = { min_metaphases = "20" }\n'
    fault = only_fault(header(more='extends = ["pack"]\n') + own, roots=(tmp_path,))
    assert (fault.code, fault.expected) == ("RQC-S030", "at least as strict as inherited: fish_20q11_21")


def test_a_second_method_may_be_added_with_its_requirement(tmp_path: Path) -> None:
    store(tmp_path, "pack", KARYOTYPE.replace(', second_method = ["fish_20q11_21"]', ""))
    own = KARYOTYPE.replace('test = "karyotype"\n', "") + fish()
    assert faults_of(header(more='extends = ["pack"]\n') + own, roots=(tmp_path,)) == ()


def test_the_requirement_of_an_inherited_second_method_cannot_be_removed_alone(tmp_path: Path) -> None:
    store(tmp_path, "pack", KARYOTYPE + fish())
    removed = '[[removed]]\nid = "fish"\njustification = "no probe is available"\n'
    fault = only_fault(header(more='extends = ["pack"]\n') + removed, roots=(tmp_path,))
    assert fault.code == "RQC-S037"


def test_the_second_method_is_part_of_the_requirement() -> None:
    specification = parse_specification(header() + KARYOTYPE + fish())
    karyotype = specification.requirements[0].karyotype
    assert karyotype is not None
    assert karyotype.second_method == ("fish_20q11_21",)
