"""Lots that satisfy a pack in everything, to take one thing away from; and a product that sets what the pack leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

import regenqc
from regenqc.specification.attributes import attributes_used

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.specification import Requirement, Specification

AS_OF = "2027-12-31T00:00:00Z"
PRODUCT = {
    "cell_source": "hipsc",
    "donor_relation": "allogeneic",
    "vector": "none",
    "modification_step": "none",
    "formulation": "cryopreserved",
    "release_procedure": "all_results",
    "route": "other",
    "cell_bank_tier": "master",
    "mycoplasma_method": "culture",
    "bank_received": "no",
    "arm_route": "research",
    "recipient_age": "adult",
    "study_design": "exploratory",
    "study_sites": "multiple",
    "marketing_approval": "conditional",
    "manufactured_at": "2026-10-01",
    "dose_volume": "10",
    "dose_volume_unit": "mL",
    "recipient_weight": "70",
    "recipient_weight_unit": "kg",
    "infusion_hours": "1",
    "infusion_hours_unit": "h",
    "recipient_code": "R-1",
    "donor_str_profile": "13,14",
}


def filled(pack: str) -> Specification:
    """Return a product that extends the pack, sets what the sponsor must set and cites what nobody has verified."""
    whole = regenqc.load_specification(pack)
    lines = [
        'schema = "regenqc.specification/1"',
        'id = "example/filled"',
        'version = "1"',
        'title = "A product of the tests"',
        f'jurisdiction = "{whole.jurisdiction}"',
        f'extends = ["{pack}"]',
        'unlisted_tests = "report"',
    ]
    if whole.valid_from:
        lines.append(f"valid_from = {whole.valid_from}")
    for entry in whole.requirements:
        if entry.sponsor_must_set:
            lines += _restated(entry.id, 'one_of = ["complies"]')
        elif entry.mark == "unverified":
            lines += _restated(entry.id, _criterion(entry))
    return regenqc.parse_specification("\n".join(lines))


def _restated(identifier: str, criterion: str) -> list[str]:
    return [
        "[[requirement]]",
        f'id = "{identifier}"',
        criterion,
        'citation = "a report of the sponsor"',
        'mark = "verified"',
    ]


def _criterion(entry: Requirement) -> str:
    if entry.evidence is not None:
        dated = f', valid_until = "{entry.evidence.valid_until}"' if entry.evidence.valid_until else ""
        return f'evidence = {{ document = "{entry.evidence.document}"{dated} }}'
    assert entry.any_of is not None
    parts = [
        f'{{ test = "{part.test}", limit = {{ min = "{part.limit.min}", unit = "{part.limit.unit}" }} }}'
        for part in entry.any_of
        if part.limit is not None
    ]
    return f"any_of = [{', '.join(parts)}]"


def results_of(specification: Specification) -> pd.DataFrame:
    """Return one conforming result for every test that the specification names, at each of its stages."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    computed = {entry.id for entry in specification.derived}
    for entry in specification.requirements:
        for test, part in [(entry.test, entry), *((part.test, part) for part in entry.any_of or ())]:
            if test is not None and test not in computed:
                found.setdefault((str(entry.stage), test), _conforming(part))
    table = [
        {"batch_id": "B1", "stage": stage, "test": test, "result": result, "unit": unit}
        for (stage, test), (result, unit) in found.items()
    ]
    return pd.DataFrame(table).astype("str")


def _conforming(entry: Any) -> tuple[str, str]:
    if getattr(entry, "karyotype", None):
        return f"46,XX[{entry.karyotype.min_metaphases}]", ""
    if getattr(entry, "identity", None):
        return PRODUCT[entry.identity.equals[1:]], ""
    if entry.limit is not None:
        inside = entry.limit.min or entry.limit.max
        if inside is None:
            inside = str(int(entry.limit.min_exclusive) + 1) if entry.limit.min_exclusive else "1"
        return inside, entry.limit.unit
    if entry.one_of:
        return entry.one_of[-1], ""
    return "0.5", "EU/mL"


def batches_of(specification: Specification, **changes: str) -> pd.DataFrame:
    """Return the batch with every attribute that the specification asks for: documents in date, words as in PRODUCT."""
    stated: Mapping[str, str] = PRODUCT | specification.product | changes
    row = {"batch_id": "B1"} | dict(stated)
    for name in attributes_used([specification]):
        if name not in row:
            row[name] = "2030-01-01" if name.endswith("_valid_until") else "" if name == "expires_at" else f"DOC {name}"
    return pd.DataFrame([row])


def judge(
    specification: Specification, results: pd.DataFrame | None = None, *, as_of: str = AS_OF, **changes: str
) -> Any:
    """Judge the lot, with some attributes changed."""
    lot = results_of(specification) if results is None else results
    return regenqc.evaluate(lot, specification, batches=batches_of(specification, **changes), as_of=as_of)


def stages(evaluation: Any) -> dict[str, str]:
    """Return the disposition by stage."""
    return dict(zip(evaluation.dispositions["stage"], evaluation.dispositions["disposition"], strict=True))


def open_cells(evaluation: Any) -> dict[str, str]:
    """Return the reason by requirement, for everything that does not conform."""
    return dict(zip(evaluation.findings["requirement_id"], evaluation.findings["reason_code"], strict=True))
