"""docs/specification-format.md is true: its examples load, and it names every key, function and fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import regenqc.measurement.limits
import regenqc.specification
from regenqc.specification import Specification, load_specification, parse_specification
from regenqc.specification.derived_functions import FUNCTIONS, Direction, Input
from regenqc.specification.schema import KEY_MEANINGS
from regenqc.vocabulary import INTERIM_WORDS, RESULT_WORDS, UNDECIDED_WORDS, Stage

from .texts import header

PAGE = (Path(__file__).parents[2] / "docs" / "specification-format.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def _load(block: str, root: Path) -> Specification:
    for other in BLOCKS:  # what a block extends stands in another block
        if found := re.search(r'^id +\= "(manual/[^"]+)"', other, flags=re.MULTILINE):
            path = root / f"{found[1]}.toml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(other, encoding="utf-8")
    if "schema " not in block:
        return parse_specification(header() + block)
    return load_specification(re.findall(r'^id +\= "([^"]+)"', block, flags=re.MULTILINE)[0], roots=[root])


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=f"example {number}") for number, block in enumerate(BLOCKS, 1)]
)
def test_every_example_loads(block: str, tmp_path: Path) -> None:
    assert _load(block, tmp_path).requirements


def test_the_product_of_the_page_inherits_what_the_page_says(tmp_path: Path) -> None:
    product = _load(next(block for block in BLOCKS if "manual/product" in block), tmp_path)
    assert [(entry.id, entry.limit and (entry.limit.min or entry.limit.max)) for entry in product.requirements] == [
        ("viability", "80"),
        ("residual_undifferentiated", "0.01"),
    ]


@pytest.mark.parametrize("name", sorted(KEY_MEANINGS))
def test_every_key_is_named(name: str) -> None:
    assert [key for key in KEY_MEANINGS[name] if not re.search(rf"`(\[+)?{key}\b", PAGE)] == []


ARROWS = {Direction.RISES: "↑", Direction.FALLS: "↓", Direction.NEITHER: "·"}


def _input(entry: Input) -> str:
    units = ["any unit" if entry.unit is None else entry.unit, *(unit for unit, _ in entry.also)]
    return f"`{entry.name}` {' or '.join(unit or 'no unit' for unit in units)} {ARROWS[entry.direction]}"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_described_as_it_is_declared(name: str) -> None:
    function = FUNCTIONS[name]
    inputs = ", ".join(_input(entry) for entry in function.inputs)
    cells = (f"`{name}`", inputs, function.unit or "no unit", function.formula, function.source)
    assert f"| {' | '.join(cells)} |" in re.sub(r"\\([<>|])", r"\1", PAGE)


def test_every_input_that_may_be_a_number_is_named() -> None:
    named = PAGE[PAGE.index("Numbers may be stated for") : PAGE.index("### Functions")]
    allowed = {entry.name for function in FUNCTIONS.values() for entry in function.inputs if entry.may_be_constant}
    assert set(re.findall(r"`([a-z_]+)`", named)) == allowed


@pytest.mark.parametrize("word", [*RESULT_WORDS, *(stage.value for stage in Stage)])
def test_every_word_is_named(word: str) -> None:
    assert f"`{word}`" in re.sub(r"\s+", " ", PAGE)


def test_words_that_decide_nothing_are_named_as_such() -> None:
    paragraph = re.sub(r"\s+", " ", PAGE[PAGE.index("`indeterminate`") : PAGE.index("A word and its opposite")])
    assert set(re.findall(r"`([a-z ]+)`", paragraph)) == {*UNDECIDED_WORDS, *INTERIM_WORDS}


def test_every_fault_code_is_listed_once() -> None:
    package = Path(regenqc.specification.__file__).parent
    files = [*package.glob("*.py"), *Path(regenqc.measurement.limits.__file__).parent.glob("*.py")]
    raised = set(re.findall(r"RQC-S[0-9]{3}", "".join(path.read_text(encoding="utf-8") for path in files)))
    assert sorted(raised) == re.findall(r"^\| (RQC-S[0-9]{3}) \|", PAGE, flags=re.MULTILINE)


def test_columns_of_the_input_cannot_report_a_control() -> None:
    from regenqc.intake.contracts import RESULT_COLUMNS
    from regenqc.specification.control_checks import INPUT_COLUMNS

    assert {column.name for column in RESULT_COLUMNS} == INPUT_COLUMNS
