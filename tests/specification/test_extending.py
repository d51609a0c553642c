"""Files that extend files: where they are found, what is inherited, and which combinations are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.errors import Fault, SpecificationError
from regenqc.specification import list_specifications, load_specification

from .texts import REST, VIABILITY, extend, header, requirement, store

if TYPE_CHECKING:
    from pathlib import Path

PERCENT = 'limit = { min = "70", unit = "%" }'
DOSE = requirement('limit = { min = "1", unit = "10^6 cells" }', identifier="dose", test="dose")
RATE = (
    '\n[[derived]]\nid = "per_kg"\nfunction = "dose_per_kg"\ninputs = { dose = "dose", weight = "@recipient_weight" }\n'
)


def faults_of_file(path: Path) -> list[Fault]:
    try:
        load_specification(path)
    except SpecificationError as error:
        return list(error.faults)
    return []


def codes(path: Path) -> list[str]:
    return [fault.code for fault in faults_of_file(path)]


def refusal(tmp_path: Path, inherited: str, own: str, *, more: str = "", more_of_pack: str = "") -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        extend(tmp_path, inherited, own, more=more, more_of_pack=more_of_pack)
    return [fault.code for fault in caught.value.faults]


# ---- what is inherited ----


def test_requirements_are_inherited_before_own_ones(tmp_path: Path) -> None:
    assert [entry.id for entry in extend(tmp_path, VIABILITY, DOSE).requirements] == ["viability", "dose"]


def test_what_is_extended_is_named_with_version_and_fingerprint(tmp_path: Path) -> None:
    product = extend(tmp_path, VIABILITY, DOSE)
    pack = load_specification(tmp_path / "pack.toml")
    assert product.extends == (f"pack@1.0.0 {pack.fingerprint}",)


def test_a_change_of_the_pack_changes_the_fingerprint_of_the_product(tmp_path: Path) -> None:
    before = extend(tmp_path, VIABILITY, DOSE).fingerprint
    assert extend(tmp_path, VIABILITY, DOSE, more_of_pack='pathway = "marketing"\n').fingerprint != before


def test_packs_of_packs_are_inherited(tmp_path: Path) -> None:
    store(tmp_path, "base", VIABILITY)
    store(tmp_path, "pack", DOSE, more='extends = ["base"]\n')
    product = load_specification(store(tmp_path, "product", "", more='extends = ["pack"]\n'))
    assert [line.partition(" ")[0] for line in product.extends] == ["base@1.0.0", "pack@1.0.0"]


def test_a_pack_that_is_reached_twice_counts_once(tmp_path: Path) -> None:
    store(tmp_path, "base", VIABILITY)
    store(tmp_path, "left", DOSE, more='extends = ["base"]\n')
    store(tmp_path, "right", "", more='extends = ["base"]\n')
    product = load_specification(store(tmp_path, "product", "", more='extends = ["left", "right"]\n'))
    assert [entry.id for entry in product.requirements] == ["viability", "dose"]


def test_a_pack_is_found_in_a_directory_that_is_named(tmp_path: Path) -> None:
    store(tmp_path / "packs", "eu/pack", VIABILITY)
    path = store(tmp_path / "a/b/c/d/e", "product", "", more='extends = ["eu/pack"]\n')
    assert load_specification(path, roots=[tmp_path / "packs"]).requirements[0].id == "viability"


def test_the_packaged_specifications_are_listed_after_those_of_a_directory(tmp_path: Path) -> None:
    store(tmp_path, "mine/pack", VIABILITY)
    identifiers = [identifier for identifier, _ in list_specifications(roots=[tmp_path])]
    assert "mine/pack" in identifiers
    assert "example/car-t-ari-0001" in identifiers


def test_product_attributes_and_derived_results_are_inherited(tmp_path: Path) -> None:
    more = '[product]\nvector = "aav"\n[attributes]\nsize = ["small", "large"]\n'
    product = extend(tmp_path, VIABILITY + RATE, DOSE, more_of_pack=more)
    assert (product.product, product.attributes["size"], product.derived[0].id) == (
        {"vector": "aav"},
        frozenset({"small", "large"}),
        "per_kg",
    )


# ---- versions ----


@pytest.mark.parametrize("wanted", ["1", "1.2", "1.2.0"])
def test_a_line_of_versions_accepts_its_versions(wanted: str, tmp_path: Path) -> None:
    store(tmp_path, "pack", VIABILITY, version="1.2.0")
    assert load_specification(store(tmp_path, "product", "", more=f'extends = ["pack@{wanted}"]\n')).requirements


@pytest.mark.parametrize("wanted", ["2", "1.20", "1.2.1", "1.2.0.0"])
def test_another_version_is_refused(wanted: str, tmp_path: Path) -> None:
    store(tmp_path, "pack", VIABILITY, version="1.2.0")
    expected = ["RQC-S042"] if wanted.count(".") < 3 else ["RQC-S004"]
    assert codes(store(tmp_path, "product", DOSE, more=f'extends = ["pack@{wanted}"]\n')) == expected


def test_a_specification_named_with_another_version_is_refused() -> None:
    with pytest.raises(SpecificationError) as caught:
        load_specification("example/car-t-ari-0001@2")
    assert caught.value.code == "RQC-S042"


# ---- circles ----


def test_a_file_that_extends_itself_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of_file(store(tmp_path, "a", VIABILITY, more='extends = ["a"]\n'))
    assert (fault.code, fault.got) == ("RQC-S041", "a → a")


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_files_that_extend_each_other_are_refused(names: str, tmp_path: Path) -> None:
    for name, other in zip(names, names[1:] + names[0], strict=True):
        store(tmp_path, name, VIABILITY, more=f'extends = ["{other}"]\n')
    (fault,) = faults_of_file(tmp_path / "a.toml")
    assert (fault.code, fault.got) == ("RQC-S041", " → ".join([*names, names[0]]))


def test_a_circle_is_found_behind_an_identifier_that_is_not_its_place(tmp_path: Path) -> None:
    store(tmp_path, "a", VIABILITY, more='extends = ["b"]\n')
    path = tmp_path / "b.toml"
    path.write_text(header("other", more='extends = ["b"]\n') + VIABILITY)
    assert set(codes(tmp_path / "a.toml")) == {"RQC-S041", "RQC-S050"}


# ---- faults of what is extended ----


def test_a_fault_of_a_pack_is_reported_at_its_file_after_those_of_the_product(tmp_path: Path) -> None:
    pack = store(tmp_path, "pack", requirement('limit = { min = "70", unit = "furlong" }'))
    product = store(
        tmp_path, "product", requirement('one_of = ["absnt"]', identifier="b", test="b"), more='extends = ["pack"]\n'
    )
    assert [(fault.code, fault.where.partition(" ")[0]) for fault in faults_of_file(product)] == [
        ("RQC-S025", f"{product}:14"),
        ("RQC-S024", f"{pack}:13"),
    ]


def test_a_faulty_pack_that_is_reached_twice_is_reported_once(tmp_path: Path) -> None:
    store(tmp_path, "base", "colour = 1\n" + VIABILITY)
    for name in ("left", "right"):
        store(tmp_path, name, DOSE, more='extends = ["base"]\n')
    assert codes(store(tmp_path, "product", "", more='extends = ["left", "right"]\n')) == ["RQC-S002"]


def test_a_missing_pack_causes_no_second_fault(tmp_path: Path) -> None:
    own = '\n[[requirement]]\nid = "viability"\nwhen = { size = ["small"] }\n'
    assert codes(store(tmp_path, "product", own, more='extends = ["pack"]\n')) == ["RQC-S049"]


def test_a_pack_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_bytes(b"\xff")
    assert codes(store(tmp_path, "product", VIABILITY, more='extends = ["pack"]\n')) == ["RQC-S048"]


def test_a_pack_under_another_identifier_than_its_own_is_refused(tmp_path: Path) -> None:
    store(tmp_path, "eu/pack", VIABILITY).rename(tmp_path / "pack.toml")
    assert codes(store(tmp_path, "product", DOSE, more='extends = ["pack"]\n')) == ["RQC-S050"]


# ---- two packs ----


def both(tmp_path: Path, left: str, right: str, own: str, *, left_more: str = "", right_more: str = "") -> Path:
    store(tmp_path, "left", left, more=left_more)
    store(tmp_path, "right", right, more=right_more)
    return store(tmp_path, "product", own, more='extends = ["left", "right"]\n')


SEVENTY, EIGHTY, NINETY = (requirement(f'limit = {{ min = "{number}", unit = "%" }}') for number in (70, 80, 90))
OWN = '\n[[requirement]]\nid = "viability"\n{}\n'


def test_two_packs_that_agree_are_merged(tmp_path: Path) -> None:
    assert codes(both(tmp_path, SEVENTY, SEVENTY, DOSE)) == []


def test_two_packs_that_differ_need_a_definition(tmp_path: Path) -> None:
    assert codes(both(tmp_path, SEVENTY, EIGHTY, DOSE)) == ["RQC-S044"]


@pytest.mark.parametrize(("first", "second"), [(SEVENTY, EIGHTY), (EIGHTY, SEVENTY)])
def test_a_definition_at_least_as_strict_as_both_packs_is_accepted(first: str, second: str, tmp_path: Path) -> None:
    assert codes(both(tmp_path, first, second, OWN.format('limit = { min = "80", unit = "%" }'))) == []


@pytest.mark.parametrize(("first", "second"), [(SEVENTY, EIGHTY), (EIGHTY, SEVENTY)])
def test_a_definition_stricter_than_only_one_pack_is_refused(first: str, second: str, tmp_path: Path) -> None:
    assert codes(both(tmp_path, first, second, OWN.format('limit = { min = "75", unit = "%" }'))) == ["RQC-S030"]


@pytest.mark.parametrize("swapped", [False, True])
def test_what_the_definition_leaves_open_is_compared_with_both_packs(swapped: bool, tmp_path: Path) -> None:  # noqa: FBT001
    milder = requirement(f'{PERCENT}\non_fail = "hold"')
    first, second = (milder, SEVENTY) if swapped else (SEVENTY, milder)
    merged = codes(both(tmp_path, first, second, OWN.format('limit = { min = "80", unit = "%" }')))
    assert merged == (["RQC-S030"] if swapped else [])


def test_two_packs_about_different_products_are_refused(tmp_path: Path) -> None:
    more = '[product]\nvector = "{}"\n'
    path = both(tmp_path, SEVENTY, DOSE, "", left_more=more.format("aav"), right_more=more.format("none"))
    assert codes(path) == ["RQC-S047"]


def test_two_packs_that_declare_an_attribute_differently_are_refused(tmp_path: Path) -> None:
    more = '[attributes]\nsize = ["small", "{}"]\n'
    path = both(tmp_path, SEVENTY, DOSE, "", left_more=more.format("large"), right_more=more.format("medium"))
    assert codes(path) == ["RQC-S052"]


def test_two_packs_with_different_derived_results_of_one_name_are_refused(tmp_path: Path) -> None:
    other = RATE.replace("@recipient_weight", "@weight")
    assert codes(both(tmp_path, SEVENTY + RATE, DOSE + other, "")) == ["RQC-S046"]


# ---- removal ----

REMOVED = 'removed = [{{ id = "{}", justification = "{}" }}]\n'


def test_a_removal_with_justification_stays_visible(tmp_path: Path) -> None:
    product = extend(
        tmp_path, VIABILITY, DOSE, more=REMOVED.format("viability", "frozen product, tested after thawing")
    )
    assert [entry.id for entry in product.requirements] == ["dose"]
    assert [entry.id for entry in product.removed] == ["viability"]


def test_a_removal_by_a_pack_stays_visible_in_the_product(tmp_path: Path) -> None:
    store(tmp_path, "base", VIABILITY)
    store(tmp_path, "pack", DOSE, more='extends = ["base"]\n' + REMOVED.format("viability", "tested after thawing"))
    product = load_specification(store(tmp_path, "product", "", more='extends = ["pack"]\n'))
    assert [entry.id for entry in product.removed] == ["viability"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param(REMOVED.format("viabilty", "tested after thawing"), ["RQC-S045"], id="an unknown identifier"),
        pytest.param(REMOVED.format("dose", "tested after thawing"), ["RQC-S045"], id="a requirement of the same file"),
        pytest.param(REMOVED.format("viability", "no"), ["RQC-S004"], id="a justification of two letters"),
        pytest.param(REMOVED.format("viability", " " * 20), ["RQC-S045"], id="a blank justification"),
        pytest.param('removed = [{ id = "viability" }]\n', ["RQC-S003"], id="no justification"),
        pytest.param(
            'removed = [{ id = "viability", justification = "because it is so" }, '
            '{ id = "viability", justification = "because it is so" }]\n',
            ["RQC-S043"],
            id="the same removal twice",
        ),
    ],
)
def test_a_removal_is_refused_with(more: str, expected: list[str], tmp_path: Path) -> None:
    assert refusal(tmp_path, VIABILITY, DOSE, more=more) == expected


def test_a_removal_of_everything_leaves_no_specification(tmp_path: Path) -> None:
    more = REMOVED.format("viability", "tested after thawing")
    assert refusal(tmp_path, VIABILITY, "", more=more) == ["RQC-S040"]


# ---- the rest of the file ----


def test_another_product_than_that_of_the_pack_is_refused(tmp_path: Path) -> None:
    pack, own = '[product]\nvector = "aav"\n', '[product]\nvector = "none"\n'
    assert refusal(tmp_path, VIABILITY, DOSE, more=own, more_of_pack=pack) == ["RQC-S047"]


def test_a_further_product_attribute_is_accepted(tmp_path: Path) -> None:
    product = extend(
        tmp_path, VIABILITY, DOSE, more='[product]\nvector = "aav"\n', more_of_pack='[product]\ncell_source = "msc"\n'
    )
    assert product.product == {"cell_source": "msc", "vector": "aav"}


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param('formulation = ["fresh", "cryopreserved", "Cryopreserved"]', id="a built-in attribute"),
        pytest.param('size = ["small", "large", "Small"]', id="an attribute of the pack"),
    ],
)
def test_further_values_of_an_inherited_attribute_are_refused(declared: str, tmp_path: Path) -> None:
    pack = '[attributes]\nsize = ["small", "large"]\n'
    own = f"[attributes]\n{declared}\n"
    assert refusal(tmp_path, VIABILITY, DOSE, more=own, more_of_pack=pack) == ["RQC-S052"]


def test_fewer_values_of_an_inherited_attribute_are_accepted(tmp_path: Path) -> None:
    pack, own = ('[attributes]\nsize = ["small", "large"]\n', '[attributes]\nsize = ["small"]\n')
    product = extend(tmp_path, VIABILITY, DOSE, more=own, more_of_pack=pack)
    assert product.attributes["size"] == frozenset({"small"})


def test_only_reporting_unlisted_tests_is_refused_where_the_pack_holds(tmp_path: Path) -> None:
    assert refusal(tmp_path, VIABILITY, DOSE, more='unlisted_tests = "report"\n') == ["RQC-S053"]


def test_holding_for_unlisted_tests_is_accepted_where_the_pack_reports(tmp_path: Path) -> None:
    assert extend(tmp_path, VIABILITY, DOSE, more_of_pack='unlisted_tests = "report"\n').unlisted_tests == "hold"


def test_a_derived_result_that_differs_from_the_inherited_one_is_refused(tmp_path: Path) -> None:
    other = RATE.replace("@recipient_weight", "@weight")
    assert refusal(tmp_path, VIABILITY + RATE, DOSE + other) == ["RQC-S046"]


def test_two_derived_results_of_one_name_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, VIABILITY, DOSE + RATE + RATE) == ["RQC-S043"]


def test_a_derived_result_of_an_inherited_derived_result_is_refused(tmp_path: Path) -> None:
    further = '\n[[derived]]\nid = "again"\nfunction = "dose_per_kg"\ninputs = { dose = "per_kg", weight = "@w" }\n'
    assert refusal(tmp_path, VIABILITY + RATE, DOSE + further) == ["RQC-S054"]


def test_an_inherited_requirement_needs_nothing_but_its_change(tmp_path: Path) -> None:
    assert REST not in OWN
    product = extend(tmp_path, VIABILITY, OWN.format('limit = { min = "80", unit = "%" }'))
    assert product.requirements[0].stage is not None
