"""Exchange a specification in the shape of the HL7 PQ-CMC quality specification (FHIR R5 `PlanDefinition`).

A goal is an acceptance criterion, an action is the test that it belongs to. Limits keep their digits: a limit that comes
back is character by character the one that went out. What the shape cannot say is named and not bent into it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.measurement.units import find_unit
from regenqc.specification.model import LimitText, Requirement
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regenqc.specification.model import Specification

__all__ = ["Exported", "export_quality_specification", "read_quality_specification"]

_NCIT: Final = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
_RANGE: Final = "http://hl7.org/fhir/us/pq-cmc-fda/StructureDefinition/pq-target-range"
_RELEASE: Final = {"coding": [{"system": _NCIT, "code": "C134029", "display": "Release"}]}
_DRUG_PRODUCT: Final = {"coding": [{"system": _NCIT, "code": "C134021", "display": "Drug Product"}]}
# Comparator of an end of a limit, by its key.
_COMPARATORS: Final = {"min": ">=", "min_exclusive": ">", "max": "<=", "max_exclusive": "<"}
_KEYS: Final = {comparator: key for key, comparator in _COMPARATORS.items()}
_BETWEEN_WORDS: Final = " or "
_NUMBER: Final = re.compile(r'"\\u0001(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"')
_PLAIN: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was exported.

    Args:
        text: JSON of one `PlanDefinition`.
        left_out: identifiers of requirements that the shape cannot say, with the reason.
    """

    text: str
    left_out: tuple[tuple[str, str], ...]


def export_quality_specification(specification: Specification) -> Exported:
    """Return the release requirements of a specification as a PQ-CMC quality specification.

    Requirements of other stages, criteria over several results or documents, and requirements for some batches only have
    no place in the shape; they are listed in `left_out`.

    Example:
        >>> from regenqc.specification import load_specification
        >>> exported = export_quality_specification(load_specification("example/car-t-ari-0001"))
        >>> json.loads(exported.text)["goal"][1]["target"]
        [{'detailQuantity': {'value': 35, 'comparator': '>', 'unit': '10^6 cells'}}]
    """
    goals: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []
    left_out: list[tuple[str, str]] = []
    for entry in specification.requirements:
        if (reason := _why_not(entry)) is not None:
            left_out.append((entry.id, reason))
            continue
        goals.append(
            {
                "id": f"goal-{entry.id}",
                "description": {"text": _original_text(entry)},
                "addresses": [_RELEASE],
                "target": list(_targets(entry)),
            }
        )
        actions.append(_action(entry))
    document = {
        "resourceType": "PlanDefinition",
        "identifier": [{"value": specification.id}],
        "version": specification.version,
        "title": specification.title,
        "type": _DRUG_PRODUCT,
        "status": "draft",
        "goal": goals,
        "action": actions,
    }
    return Exported(text=_dump(document), left_out=tuple(left_out))


def read_quality_specification(text: str, *, source: str = "<text>") -> tuple[Requirement, ...]:
    """Read the acceptance criteria of a PQ-CMC quality specification.

    Units are looked up in the dictionary and kept as written; nothing is converted. Citation and mark are not part of the
    shape: requirements come back unverified, and a person has to cite the source.

    Args:
        text: JSON of one `PlanDefinition`.
        source: how to name it in faults.

    Returns:
        One requirement for each action with a goal, at the release stage.

    Raises:
        SpecificationError: RQC-S090, with every criterion that is not understood.

    Example:
        >>> from regenqc.specification import load_specification
        >>> exported = export_quality_specification(load_specification("example/car-t-ari-0001"))
        >>> read_quality_specification(exported.text)[1].limit
        LimitText(min=None, max=None, min_exclusive='35', max_exclusive=None, unit='10^6 cells')
    """
    faults: list[Fault] = []
    try:
        # Digits are significant: numbers stay text.
        document = json.loads(text, parse_float=_Digits, parse_int=_Digits)
    except (ValueError, RecursionError) as error:
        raise SpecificationError(_fault("It is no JSON.", source, str(error))) from error
    if not isinstance(document, dict) or document.get("resourceType") != "PlanDefinition":
        raise SpecificationError(_fault("It is no PlanDefinition.", source, str(document)[:80]))
    goals = {goal.get("id"): goal for goal in document.get("goal", ()) if isinstance(goal, dict)}
    found: dict[str, Requirement] = {}
    for action in _actions(document):
        for goal_id in action.get("goalId", ()):
            where = f"{source} goal {goal_id}"
            try:
                entry = _requirement(action, goals[goal_id], several=len(action["goalId"]) > 1)
            except (KeyError, TypeError, ValueError) as error:
                faults.append(_fault("A criterion is not understood.", where, str(error)))
                continue
            if entry.id in found:
                faults.append(_fault("Two criteria have one identifier.", where, entry.id))
            found[entry.id] = entry
    if not found and not faults:
        faults.append(_fault("No action refers to a goal.", source, "no criterion"))
    if faults:
        raise SpecificationError(*faults)
    return tuple(found.values())


# ---- out -------------------------------------------------------------------------------------------------------------


class _Digits(str):
    """A number of JSON by its digits."""

    __slots__ = ()


def _why_not(entry: Requirement) -> str | None:
    if entry.stage is not Stage.DRUG_PRODUCT_RELEASE:
        return f"stage {entry.stage}"
    if entry.criterion not in {"limit", "one_of"}:
        return f"criterion {entry.criterion}"
    if entry.when:
        return "applies to some batches only"
    if entry.limit is not None and entry.one_of is not None:
        return "numbers and words together"
    if entry.valid_from or entry.valid_to:
        return "applies for some time only"
    if entry.replicates.value != "each" or entry.controls or entry.methods or entry.rounding:
        return "rounding, replicates, controls or methods"
    return None


def _original_text(entry: Requirement) -> str:
    if entry.limit is None:
        return _BETWEEN_WORDS.join(entry.one_of or ())
    ends = [f"{_COMPARATORS[key]} {value}" for key, value in _ends(entry.limit)]
    return f"{' and '.join(ends)} {entry.limit.unit}".strip()


def _ends(limit: LimitText) -> Iterator[tuple[str, str]]:
    for key in ("min", "min_exclusive", "max", "max_exclusive"):
        if (value := getattr(limit, key)) is not None:
            yield key, value


def _targets(entry: Requirement) -> Iterator[dict[str, Any]]:
    if entry.limit is None:
        yield {"detailString": _BETWEEN_WORDS.join(entry.one_of or ())}
        return
    ends = list(_ends(entry.limit))
    if len(ends) == 1:
        yield {"detailQuantity": _quantity(*ends[0], unit=entry.limit.unit)}
        return
    sides = [
        {
            "url": "low" if key.startswith("min") else "high",
            "valueQuantity": _quantity(key, value, unit=entry.limit.unit),
        }
        for key, value in ends
    ]
    yield {"modifierExtension": [{"url": _RANGE, "extension": sides}]}


def _quantity(key: str, value: str, *, unit: str) -> dict[str, Any]:
    found: dict[str, Any] = {"value": f"\u0001{value}", "comparator": _COMPARATORS[key]}
    return found | ({"unit": unit} if unit else {})


def _action(entry: Requirement) -> dict[str, Any]:
    method = {"code": {"text": entry.method}} if entry.method else {}
    cited = {"documentation": [{"type": "documentation", "label": entry.citation}]} if entry.citation else {}
    return {
        "id": entry.id,
        "prefix": "Single Stage",
        "title": entry.test or entry.id,
        **method,
        **cited,
        "goalId": [f"goal-{entry.id}"],
    }


def _dump(document: Mapping[str, Any]) -> str:
    """Return JSON in which numbers have the digits that the specification wrote."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _NUMBER.sub(lambda found: _as_json(found[1]), text) + "\n"


def _as_json(digits: str) -> str:
    if _PLAIN.fullmatch(digits) is None:
        raise SpecificationError(_fault("A limit cannot be written as a number of JSON.", "export", digits))
    return digits


# ---- in --------------------------------------------------------------------------------------------------------------


def _actions(container: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for action in container.get("action", ()):
        if isinstance(action, dict):
            yield action
            yield from _actions(action)


def _requirement(action: Mapping[str, Any], goal: Mapping[str, Any], *, several: bool) -> Requirement:
    title = str(action.get("title") or action.get("id"))
    name = str(goal["id"] if several or "id" not in action else action["id"])
    targets = goal["target"]
    if len(targets) != 1:
        raise ValueError(f"{len(targets)} targets where one is understood")
    code = action.get("code")
    fields: dict[str, Any] = {
        "id": _identifier(name),
        "test": _identifier(title),
        "stage": Stage.DRUG_PRODUCT_RELEASE,
        "title": "" if _identifier(title) == title else title,
        "method": str(code.get("text", "")) if isinstance(code, dict) else "",
    }
    return Requirement.model_validate(fields | _criterion(targets[0]))


def _criterion(target: Mapping[str, Any]) -> dict[str, Any]:
    if "detailString" in target:
        return {"one_of": tuple(str(target["detailString"]).lower().split(_BETWEEN_WORDS))}
    if "detailQuantity" in target:
        return {"limit": _limit([target["detailQuantity"]])}
    (extension,) = (entry for entry in target["modifierExtension"] if entry["url"] == _RANGE)
    sides = {part["url"]: part["valueQuantity"] for part in extension["extension"]}
    if set(sides) != {"low", "high"}:
        raise ValueError(f"a range of {', '.join(sides)}")
    return {"limit": _limit([sides["low"], sides["high"]])}


def _limit(quantities: list[Mapping[str, Any]]) -> LimitText:
    units = {_unit(quantity) for quantity in quantities}
    if len(units) != 1:
        raise ValueError(f"units {' and '.join(sorted(units))}")
    (unit,) = units
    ends: dict[str, str] = {}
    for quantity in quantities:
        if "comparator" not in quantity:
            raise ValueError("a quantity without comparator")
        key = _KEYS[quantity["comparator"]]
        if not isinstance(quantity["value"], _Digits) or key in ends:
            raise ValueError(f"value {quantity['value']!r}")
        ends[key] = str(quantity["value"])
    return LimitText.model_validate(ends | {"unit": unit})


def _unit(quantity: Mapping[str, Any]) -> str:
    """Return the unit by its name, or by its UCUM code, of which the brackets are no part of ours."""
    for text in (
        str(quantity.get("unit", "")),
        str(quantity.get("code", "")),
        str(quantity.get("code", "")).strip("[]"),
    ):
        if (text or not quantity.get("unit")) and find_unit(text) is not None:
            return text
    raise ValueError(f"unit {quantity.get('unit')!r}, code {quantity.get('code')!r} is not in the dictionary")


def _identifier(text: str) -> str:
    """Return text as an identifier: lower case, everything else an underscore."""
    return re.sub(r"[^a-z0-9_.-]+", "_", text.lower()).strip("_")


def _fault(what: str, where: str, got: str) -> Fault:
    return Fault(
        code="RQC-S090",
        what=what,
        where=where,
        got=got,
        expected="a PQ-CMC quality specification: goals with one target each, actions that refer to them",
        action="Correct it there, or write the requirement by hand.",
    )
