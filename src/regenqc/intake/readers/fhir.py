"""Observations of an HL7 FHIR bundle (JSON), such as a batch analysis of the pharmaceutical quality guide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from regenqc.intake.readers.documents import Row, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["TITLES", "fhir_rows"]

TITLES: Final = (
    "batch",
    "subject",
    "id",
    "status",
    "code",
    "code system",
    "code text",
    "value",
    "comparator",
    "unit",
    "value type",
    "data absent reason",
    "interpretation",
    "method",
    "effective",
    "issued",
    "performer",
)

_MOST_LEVELS: Final = 30
_NUMBERED: Final = ("valueInteger", "valueBoolean")


def fhir_rows(content: Any) -> Iterator[Row]:
    """Yield one row per observation, and one per component of an observation that has them.

    The batch is the lot number of the medication, substance or device that the observation is about.

    Raises:
        ValueError: no bundle, no observations in it, or a value of a type that is no reported text.

    Example:
        >>> entry = {"resource": {"resourceType": "Observation", "status": "final", "code": {"text": "Appearance"}, "valueString": "Complies"}}
        >>> [(row["code text"], row["value"]) for row in fhir_rows({"resourceType": "Bundle", "entry": [entry]})]
        [('Appearance', 'Complies')]
    """
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        raise ValueError("$ is no Bundle")
    entries = content.get("entry")
    if not isinstance(entries, list):
        raise ValueError("$.entry is no list")  # noqa: TRY004 - a fault of the document
    lots: dict[str, str] = {}
    found = []
    for number, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            raise ValueError(f"$.entry[{number}] holds no resource")  # noqa: TRY004 - as above
        place = f"$.entry[{number}].resource"
        for key in ("modifierExtension", "implicitRules"):
            if key in resource:
                raise ValueError(f"{place} has a {key}, which may change what it says")
        lot = _lot(resource, place)
        kind, identifier = str(resource.get("resourceType", "")), str(resource.get("id", ""))
        for reference in (str(entry.get("fullUrl", "")), f"{kind}/{identifier}", f"#{identifier}"):
            lots[reference] = lot
        if kind == "Observation":
            found.append((resource, place))
    if not found:
        raise ValueError("$ holds no Observation")
    for resource, place in found:
        yield from _observation(resource, place, lots)


def _lot(resource: Mapping[str, Any], place: str) -> str:
    batch = resource.get("batch")
    if isinstance(batch, dict):
        return text_of(batch.get("lotNumber"), f"{place}.batch.lotNumber")
    return text_of(resource.get("lotNumber"), f"{place}.lotNumber")


def _observation(resource: Mapping[str, Any], place: str, lots: Mapping[str, str]) -> Iterator[Row]:
    subject = next(
        (_reference(resource[key]) for key in ("subject", "focus", "specimen", "device") if resource.get(key)), ""
    )
    row = {
        "batch": lots.get(subject, ""),
        "subject": subject,
        "id": text_of(resource.get("id"), f"{place}.id"),
        "status": text_of(resource.get("status"), f"{place}.status"),
        "method": _concept(resource.get("method"))["text"],
        "effective": text_of(resource.get("effectiveDateTime"), f"{place}.effectiveDateTime"),
        "issued": text_of(resource.get("issued"), f"{place}.issued"),
        "performer": "; ".join(_reference(entry) for entry in _list(resource.get("performer"))),
    }
    components = _list(resource.get("component"))
    if components:
        for number, component in enumerate(components):
            yield row | _stated(component, f"{place}.component[{number}]")
        if any(key.startswith("value") for key in resource):
            yield row | _stated(resource, place)
    else:
        yield row | _stated(resource, place)


def _stated(node: Any, place: str) -> Row:
    if not isinstance(node, dict):
        raise ValueError(f"{place} is no table")  # noqa: TRY004 - a fault of the document
    code = _concept(node.get("code"))
    row = {
        "code": code["code"],
        "code system": code["system"],
        "code text": code["text"],
        "data absent reason": _concept(node.get("dataAbsentReason"))["text"],
        "interpretation": "; ".join(_concept(entry)["text"] for entry in _list(node.get("interpretation"))),
    }
    values = [key for key in node if key.startswith("value") and not key.startswith("_")]
    if len(values) > 1:
        raise ValueError(f"{place} has several values: {', '.join(values)}")
    if not values:
        return row
    (key,) = values
    value = node[key]
    row["value type"] = key
    if key == "valueQuantity" and isinstance(value, dict):
        unit = text_of(value.get("unit", value.get("code")), f"{place}.{key}.unit")
        return row | {
            "value": text_of(value.get("value"), f"{place}.{key}.value"),
            "comparator": text_of(value.get("comparator"), f"{place}.{key}.comparator"),
            "unit": unit,
        }
    if key == "valueCodeableConcept":
        return row | {"value": _concept(value)["text"]}
    if key == "valueString" or key in _NUMBERED:
        return row | {"value": text_of(value, f"{place}.{key}")}
    raise ValueError(f"{place}.{key} is of a type that is no reported text")


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _reference(value: Any) -> str:
    for entry in _list(value)[:1]:
        if isinstance(entry, dict):
            return str(entry.get("reference", entry.get("display", "")))
    return ""


def _concept(value: Any) -> dict[str, str]:
    """Return code, system and text of a concept; its text, or the display of its first code, or the code."""
    if not isinstance(value, dict):
        return {"code": "", "system": "", "text": ""}
    coding = next((entry for entry in _list(value.get("coding")) if isinstance(entry, dict)), {})
    code, system = str(coding.get("code", "")), str(coding.get("system", ""))
    return {"code": code, "system": system, "text": str(value.get("text") or coding.get("display") or code)}
