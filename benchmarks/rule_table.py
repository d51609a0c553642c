"""The rules of the benchmark's specifications as plain tables, so that every engine gets the same limits by a lookup.

Everything is computed from the compiled specification: limits converted into the reported units, rounding applied, words
folded, requirements numbered as bits of a 64-bit mask. A peer joins its rows with these tables and needs to know nothing
of regenqc. What a peer gets here for nothing is work that regenqc does inside its measured time.

Results are parsed by each peer by its own means from the reported text; only the closed lists (spellings of words and
units) are given, because a lookup is how an expert would fold them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.rule_slots import ENDS, SlotTable, unit_named
from regenqc.evaluation.slots import composite_parts
from regenqc.intake.reading import NEVER_NEGATIVE
from regenqc.measurement.reported import WORDS, fold_word
from regenqc.measurement.units import UNITS, conversion_factor, find_unit, unit_code
from regenqc.specification.inheritance import due_hours
from regenqc.vocabulary import INTERIM_WORDS, RESULT_WORDS, UNDECIDED_WORDS, Mark, Replicates, Stage, Status, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from regenqc.specification.model import Karyotype, Requirement, Specification

__all__ = ["RuleTable", "build_rule_table", "write_rule_table"]

# Stages at which something that can expire is handed on; the others know no expiry.
_EXPIRING = ("cell_bank", "drug_substance", "drug_product_release", "shipping", "hospital_receipt", "administration")
_MOST_BITS = 63
_STAGES = tuple(stage.value for stage in Stage)

_SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "specifications": {"spec": pa.int32(), "spec_id": pa.string(), "value": pa.string()},
    "columns": {
        "spec": pa.int32(),
        "bit": pa.uint8(),
        "mask": pa.int64(),
        "requirement_id": pa.string(),
        "stage": pa.string(),
        "role": pa.string(),
        "owner": pa.int64(),
        "needed": pa.int32(),
        "parts": pa.int64(),
        "consequence": pa.string(),
        "due_seconds": pa.int64(),
    },
    "stages": {
        "spec": pa.int32(),
        "stage": pa.string(),
        "has_requirements": pa.bool_(),
        "mask": pa.int64(),
        "reject": pa.int64(),
        "hold": pa.int64(),
        "required": pa.int64(),
        "record": pa.int64(),
        "expiry": pa.int64(),
    },
    "slots": {
        "spec": pa.int32(),
        "stage": pa.string(),
        "test": pa.string(),
        "slot": pa.int32(),
        "bit": pa.uint8(),
        "kind": pa.string(),
        "words": pa.int32(),
        "has_limit": pa.bool_(),
        "accept_preliminary": pa.bool_(),
        "reported": pa.bool_(),
    },
    "bounds": {
        "slot": pa.int32(),
        "unit": pa.int16(),
        **{f"{kind}_{end}": pa.float64() for kind in ("limit", "alert") for end in ENDS},
    },
    "units": {"spelling": pa.string(), "unit": pa.int16(), "never_negative": pa.bool_()},
    "factors": {"target": pa.string(), "unit": pa.int16(), "factor": pa.float64()},
    "words": {"spelling": pa.string(), "word": pa.int16(), "standing": pa.string()},
    "word_verdicts": {"words": pa.int32(), "word": pa.int16(), "verdict": pa.uint8()},
    "selectors": {"spec": pa.int32(), "bit": pa.uint8(), "attribute": pa.string(), "value": pa.string()},
    "declared": {"attribute": pa.string(), "value": pa.string()},
    "karyotypes": {"slot": pa.int32(), "min_metaphases": pa.int32(), "sex": pa.string(), "clone_verdict": pa.uint8()},
    "identities": {"slot": pa.int32(), "attribute": pa.string()},
    "averages": {"slot": pa.int32(), "target": pa.string(), "computed_slot": pa.int32()},
    "dose_rates": {
        "spec": pa.int32(),
        "slot": pa.int32(),
        "volume": pa.string(),
        "weight": pa.string(),
        "duration": pa.string(),
        "computed_slot": pa.int32(),
    },
}


@dataclass(slots=True)
class RuleTable:
    """The rules as rows.

    Args:
        rows: rows by table, in the columns of `_SCHEMAS`.
        lists: short lists and names: `stages`, `statuses`, `selecting` and `product` attributes.
    """

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {name: [] for name in _SCHEMAS})
    lists: dict[str, Any] = field(default_factory=dict)

    def add(self, table: str, *values: Any) -> None:
        """Append one row."""
        self.rows[table].append(values)

    def table(self, name: str) -> pa.Table:
        """Return one of the tables."""
        columns = list(zip(*self.rows[name], strict=True)) or [()] * len(_SCHEMAS[name])
        arrays = [pa.array(column, type=kind) for column, kind in zip(columns, _SCHEMAS[name].values(), strict=True)]
        return pa.table(arrays, names=list(_SCHEMAS[name]))


def write_rule_table(rules: RuleTable, folder: Path) -> None:
    """Write every table as Parquet and the lists as JSON, for processes of any library."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SCHEMAS:
        pq.write_table(rules.table(name), folder / f"{name}.parquet", store_schema=False)
    (folder / "lists.json").write_text(json.dumps(rules.lists, indent=1), encoding="utf-8")


def build_rule_table(specifications: Sequence[Specification], *, units: Iterable[str]) -> RuleTable:
    """Return the rules of some specifications.

    Args:
        specifications: all of them speak about batches by one product attribute, and use the kinds of criteria that the
            synthetic product has.
        units: unit texts that the results show; limits are converted into these and no others.

    Raises:
        NotImplementedError: a specification uses a kind of criterion that the peers have no form for.
    """
    rules = RuleTable()
    seen = sorted({unit_code(unit.symbol) for text in units if (unit := find_unit(text)) is not None})
    _add_lists(rules, specifications)
    _add_words(rules)
    _add_units(rules)
    slots = SlotTable(rules, seen)
    for index, specification in enumerate(specifications):
        _check(specification)
        (value,) = specification.product.values()
        rules.add("specifications", index, specification.id, value)
        slots.add_specification(index, specification, _add_columns(rules, index, specification))
    # A computed result comes in the unit of its limit, whether or not a laboratory reports in it.
    for target in sorted(slots.targets):
        goal = unit_named(target)
        for code, unit in enumerate(UNITS):
            if unit.kind == goal.kind:
                rules.add("factors", target, code, float(conversion_factor(unit, goal)))
    return rules


def _check(specification: Specification) -> None:
    unlike = [
        requirement.id
        for requirement in specification.requirements
        if requirement.evidence or requirement.agreement or requirement.methods or requirement.sponsor_must_set
        or requirement.mark is Mark.UNVERIFIED or requirement.valid_from or requirement.valid_to
        or requirement.replicates not in {Replicates.EACH, Replicates.MEAN}
        or requirement.controls or requirement.retests
        or (requirement.karyotype is not None and not _is_plain(requirement.karyotype))
        or (requirement.identity is not None and requirement.identity.equals is None)
    ]  # fmt: skip
    functions = {
        derived.function
        for derived in specification.derived
        if derived.function != "endotoxin_per_kg_hour" or derived.stage is None
    }
    if unlike or functions or len(specification.product) != 1 or specification.valid_from or specification.valid_to:
        named = ", ".join([*unlike, *functions, *specification.product])
        raise NotImplementedError(f"the peers have no form for something in {specification.id}: {named}")
    if specification.unlisted_tests != "hold":
        raise NotImplementedError(f"the peers hold for unlisted tests; {specification.id} does not")


def _is_plain(karyotype: Karyotype) -> bool:
    return not karyotype.allow and (karyotype.expected_sex or "").startswith("@")


def _add_lists(rules: RuleTable, specifications: Sequence[Specification]) -> None:
    attributes = sorted(
        {name for entry in specifications for requirement in entry.requirements for name in requirement.when}
    )
    (product_attribute,) = {name for entry in specifications for name in entry.product}
    rules.lists = {
        "stages": list(_STAGES),
        "statuses": [status.value for status in Status],
        "selecting": attributes,
        "product": product_attribute,
    }
    for name in attributes:
        (values,) = {entry.attributes[name] for entry in specifications if name in entry.attributes}
        for value in sorted(values):
            rules.add("declared", name, value)


def _add_words(rules: RuleTable) -> None:
    for word, spellings in RESULT_WORDS.items():
        for spelling in sorted({fold_word(text) for text in (word, *spellings)}):
            rules.add("words", spelling, WORDS.index(word), _standing(word))


def _standing(word: str) -> str:
    return "interim" if word in INTERIM_WORDS else "undecided" if word in UNDECIDED_WORDS else "final"


def _add_units(rules: RuleTable) -> None:
    """List every unit in the spellings that exports show: micro signs, litres, powers of ten."""
    known: dict[str, int] = {}
    for unit in UNITS:
        for spelling in unit.spellings:
            for text in _written(spelling):
                found = find_unit(text)
                if found is not None:
                    known[text] = unit_code(found.symbol)
    for text, code in known.items():
        rules.add("units", text, code, bool(NEVER_NEGATIVE[code]))


def _written(spelling: str) -> Iterator[str]:
    micro = [spelling, *(spelling.replace("u", sign) for sign in "µμ")]
    for text, litre, power in product(micro, ("L", "l"), ("10^", "x10^", "×10^", "10*", "1e", "1E", "E", "10**")):
        yield text.replace("L", litre).replace("10^", power)


def _add_columns(rules: RuleTable, index: int, specification: Specification) -> dict[tuple[int, int], int]:
    """Number the cells of a batch as bits; return the bit of each (requirement, part), and of (-1 - stage) records."""
    bits: dict[tuple[int, int], int] = {}
    for stage_index, word in enumerate(_STAGES):
        of_stage = dict.fromkeys(("mask", "reject", "hold", "required", "record", "expiry"), 0)

        def column(
            key: tuple[int, int],
            name: str,
            role: str,
            consequence: str,
            *,
            word: str = word,
            of_stage: dict[str, int] = of_stage,
            owner: int = 0,
            needed: int = 0,
            due: int | None = None,
            parts: int = 0,
        ) -> int:
            bits[key] = len(bits)
            mask = 1 << bits[key]
            owner = owner or mask
            rules.add("columns", index, bits[key], mask, name, word, role, owner, needed, parts, consequence, due)
            if role == "part":
                return mask
            of_stage["mask"] |= mask
            if consequence in of_stage:
                of_stage[consequence] |= mask
            group = "required" if role in {"single", "composite"} else role
            of_stage[group] |= mask
            return mask

        column((-1 - stage_index, -1), "result_record", "record", "hold")
        named = [
            (number, requirement)
            for number, requirement in enumerate(specification.requirements)
            if requirement.stage == word
        ]
        if named and word in _EXPIRING:
            column((-1 - stage_index, 0), "expiry", "expiry", "hold")
        for number, requirement in named:
            parts = composite_parts(requirement)
            owner = 1 << (len(bits) + len(parts))  # the requirement itself follows its parts
            masks = [
                column((number, part), requirement.id, "part", requirement.consequence.value, owner=owner)
                for part in range(len(parts))
            ]
            late = requirement.timing is Timing.AFTER_RELEASE
            column(
                (number, -1),
                requirement.id,
                "composite" if parts else "single",
                requirement.consequence.value,
                needed=_needed(requirement),
                due=due_hours(requirement.due) * 3600 if late else None,
                parts=sum(masks),
            )
        rules.add("stages", index, word, bool(named), *of_stage.values())
        for number, requirement in named:
            for attribute, values in requirement.when.items():
                own = [key for key in bits if key[0] == number]
                for key, value in product(own, values):
                    rules.add("selectors", index, bits[key], attribute, value)
    if len(bits) > _MOST_BITS:
        raise NotImplementedError(f"{specification.id} has more than {_MOST_BITS} cells, one mask does not hold them")
    return bits


def _needed(requirement: Requirement) -> int:
    if requirement.n_of_m is not None:
        return requirement.n_of_m.n
    return 1 if requirement.any_of is not None else len(composite_parts(requirement))
