"""Decisions and profiles for tests: everything in them is made up."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

import msgspec

from regenqc.canonical import canonical_json, digest_of
from regenqc.certificate.profile import parse_profile
from regenqc.decision.checklist import find_checklist
from regenqc.decision.model import Decision, decision_id_of
from regenqc.signing.keys import OpenKey

QP_SEED: Final = bytes(range(32))
ANALYST_SEED: Final = bytes(range(32, 64))
ADMIN_SEED: Final = bytes(range(64, 96))

ISSUED_AT = "2026-03-16T15:30:00+01:00"
PROFILE = """\
schema = "regenqc.certificate-profile/1"
languages = {languages}
[issuer]
name = "Example Cell Therapies B.V."
address = ["1 Synthetic Street", "2333 ZZ Nowhere, Netherlands"]
[fields]
product_name = "Synthetic hiPSC progenitors"
dosage_form = "Suspension for injection"
strength = "1 × 10⁸ viable cells in 10 mL"
package = "1 bag of 10 mL"
gtin = "09506000134352"
manufacturer = "Example Cell Therapies B.V."
manufacturer_address = "1 Synthetic Street, 2333 ZZ Nowhere, Netherlands"
manufacturing_authorisation = "EX-0001 (made up)"
gmp_certificate = "EX/2026/01 (made up)"
laboratory = "Example Quality Control"
laboratory_address = "2 Synthetic Street, 2333 ZZ Nowhere"
authorisation_number = "EX-CTA-0001 (made up)"
importing_country = "Nowhere"
container_count = "1"
dose_basis = "viable cells, fixed dose"
genetically_modified = "no"
[results]
viability_at_release = "viability"
"""
TESTS = [
    ("appearance", "visual inspection", "complies", "", "complies", "conforms"),
    ("viability", "flow cytometry, 7-AAD", "92.4", "%", "≥ 70 %", "conforms"),
    ("cell_count", "automated counter", "1.02E8", "cells", "0.9 × 10⁸ to 1.1 × 10⁸ cells", "conforms"),
    ("identity_str", "STR profile", "matches", "", "matches the donor", "conforms"),
    ("karyotype", "G-banding", "46,XY[20]", "", "normal, at least 20 metaphases", "conforms"),
    ("endotoxin", "LAL, kinetic", "< 0.05", "EU/mL", "≤ 0.5 EU/mL", "conforms"),
    ("mycoplasma", "NAT", "not detected", "", "not detected", "conforms"),
    ("sterility", "Ph. Eur. 2.6.27", "no growth", "", "no growth", "conforms"),
    ("residual_undifferentiated", "flow cytometry", "0.004", "%", "≤ 0.01 %", "alert"),
    ("purity_marker", "flow cytometry", "96.1", "%", "≥ 90 %", "conforms"),
]


def profile(*languages: str) -> Any:
    return parse_profile(PROFILE.format(languages=list(languages or ("en",))))


def result(
    test: str, method: str, reported: str, unit: str, limit: str, verdict: str, **changes: Any
) -> dict[str, Any]:
    return {
        "requirement_id": test,
        "title": "",
        "test": test,
        "reported": reported,
        "unit": unit,
        "limit": limit,
        "method": method,
        "verdict": verdict,
        "reason_code": "",
        "result_id": f"R-{test}",
        "revision": "0",
        "status": "verified",
        "analyst": "A-0001",
        "laboratory": "Example Quality Control",
        "tested_at": "2026-03-10T09:00:00Z",
        "reported_at": "2026-03-11T09:00:00Z",
        "source": "results.csv",
        "row_number": 1,
        "computed": False,
        "counts": True,
        "changed": "",
    } | changes


def requirement(test: str, method: str, reported: str, unit: str, limit: str, verdict: str) -> dict[str, Any]:
    del reported, unit
    return {
        "requirement_id": test,
        "title": "",
        "test": test,
        "limit": limit,
        "method": method,
        "citation": "made up",
        "force": "sponsor",
        "mark": "verified",
        "verdict": verdict,
        "pending": False,
    }


ALERT = "Within the limit, above the alert limit of 0.003 %."
CHECKLIST = find_checklist(jurisdiction="INT", specification="example/hipsc-progenitors", extends=())
LOT = {
    "product": "SYNTHETIC-HIPSC-PROGENITORS",
    "manufactured_at": "2026-03-01T02:00:00Z",
    "expires_at": "2026-03-19T18:00:00+01:00",
    "coi_id": "COI-00000001",
    "dose_cells": "1.0E8",
    "dose_cells_unit": "cells",
    "dose_volume": "10",
    "dose_volume_unit": "mL",
    "storage": "2-8 degC",
}


def unsigned_decision(batch: str = "HP-00000001", kind: str = "release", **changes: Any) -> dict[str, Any]:
    return identified(_content(batch, kind) | changes)


def identified(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content under the identifier that follows from it."""
    return content | {"decision_id": decision_id_of(msgspec.convert(content, Decision))}


def _content(batch: str, kind: str) -> dict[str, Any]:
    from certificate.site import registry

    people = registry().people
    meaning = {"reject": "rejection", "withdrawal": "withdrawal"}.get(kind, "certification")
    return {
        "schema": "regenqc.decision/1",
        "decision_id": "",
        "batch_id": batch,
        "stage": "drug_product_release",
        "kind": kind,
        "site": "Example Cell Therapies",
        "registry": {"root": people.root, "head": people.head},
        "spec": {
            "id": "example/hipsc-progenitors",
            "version": "1.0.0",
            "fingerprint": "sha256:" + 64 * "a",
            "title": "Synthetic progenitors",
            "jurisdiction": "INT",
            "pathway": "",
            "extends": [],
        },
        "disposition": "reject" if kind == "reject" else "eligible",
        "reasons": "",
        "counts": {"fails": 0, "inconclusive": 0, "missing": 0, "pending": 0, "alerts": 1},
        "evaluation": {
            "as_of": "2026-03-16T12:00:00Z",
            "engine": "0.1.0",
            "inputs": [{"name": "results.csv", "digest": "sha256:" + 64 * "0"}],
            "run": "sha256:" + 64 * "b",
            "dispositions": "sha256:" + 64 * "c",
            "findings": "sha256:" + 64 * "d",
            "results": "sha256:" + 64 * "e",
            "verdicts": "sha256:" + 64 * "f",
        },
        "lot": [{"name": name, "value": value} for name, value in LOT.items()],
        "requirements": [requirement(*row) for row in TESTS],
        "results": [result(*row) for row in TESTS],
        "findings": [
            {
                "requirement_id": "residual_undifferentiated",
                "verdict": "alert",
                "reason_code": "outside_alert",
                "test": "residual_undifferentiated",
                "reported": "0.004",
                "unit": "%",
                "limit": "≤ 0.01 %",
                "explanation": ALERT,
            }
        ],
        "removed": [],
        "pending": [],
        "checklist_id": CHECKLIST.name,
        "checklist": [
            {
                "id": item.id,
                "text": item.text,
                "citation": item.citation,
                "mark": item.mark.value,
                "answer": "yes",
                "comment": "",
                "by": "QP-0001",
            }
            for item in CHECKLIST.items_of(kind)
        ],
        "acknowledged": [
            {
                "id": "residual_undifferentiated",
                "kind": "alert",
                "text": ALERT,
                "by": "QP-0001",
            }
        ],
        "justification": "",
        "exceptional": [],
        "audit": {"entries": 0, "digest": "sha256:" + 64 * "9"},
        "supersedes": None,
        "reason": "",
        "prepared_by": "QP-0001",
        "made_at": "2026-03-16T13:05:00Z",
        "required_signatures": [
            {
                "meaning": meaning,
                "roles": ["qualified_person"],
                "text": "The authorised person signs.",
                "citation": "Directive 2001/83/EC, Art. 51",
                "mark": "unverified",
            }
        ],
    }


def signature(content: dict[str, Any], *, seed: bytes = QP_SEED, **changes: Any) -> dict[str, Any]:
    key = OpenKey(seed)
    blank = {
        "schema": "regenqc.signature/1",
        "printed_name": "Dr. Ada Example",
        "person_id": "QP-0001",
        "role": "qualified_person",
        "meaning": content["required_signatures"][0]["meaning"],
        "signed_at": "2026-03-16T14:06:00+01:00",
        "digest": digest_of(canonical_json(content)),
        "document_id": content["decision_id"],
        "document_schema": "regenqc.decision/1",
        "ceremony": {"sequence": 1, "components": "person_id+password"},
        "key_id": key.key_id,
        "algorithm": "Ed25519",
    } | changes
    return blank | {"value": b64encode(key.sign(canonical_json(blank))).decode()}


def decision(batch: str = "HP-00000001", kind: str = "release", **changes: Any) -> dict[str, Any]:
    content = unsigned_decision(batch, kind, **changes)
    return content | {"signatures": [signature(content)]}
