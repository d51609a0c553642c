"""A certificate as FHIR R5 Bundle: batch, results, report and decision, as far as FHIR has places for them.

Shaped after the batch analysis of HL7 FHIR for pharmaceutical quality (industry): a `Bundle` with a `DiagnosticReport` about
a `Medication` batch, and one `Observation` for each result. No profile is claimed; the record travels inside as attachment, and
it is what counts.
"""

from __future__ import annotations

import uuid
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from regenqc.certificate.content import certificate_bytes, certificate_digest
from regenqc.certificate.wording import heading

if TYPE_CHECKING:
    from regenqc.certificate.content import Certificate

__all__ = ["certificate_bundle"]

_NAMESPACE: Final = uuid.UUID("6f1b6d0e-6a0e-5d1c-9d6a-0f1d5c6e7a10")
_INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
# Verdict -> code of HL7's interpretation of observations; those without one stand as text alone.
_CODES: Final = {"conforms": "N", "fails": "A", "inconclusive": "IND"}


def certificate_bundle(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate as a FHIR R5 Bundle of type `collection`, as plain values of JSON.

    Identifiers follow from the content, so the same certificate gives the same bundle.

    Args:
        certificate: sealed.
    """
    decision = certificate.decision
    digest = certificate_digest(certificate)

    def name_of(kind: str) -> str:
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{digest} {kind}')}"

    issuer: dict[str, Any] = {"resourceType": "Organization", "name": certificate.issuer.name}
    medication: dict[str, Any] = {
        "resourceType": "Medication",
        "code": {"text": certificate.fields.get("product_name") or decision["spec"]["title"] or decision["spec"]["id"]},
        "batch": {"lotNumber": decision["batch_id"]},
    }
    entries = [(name_of("issuer"), issuer), (name_of("batch"), medication)]
    observations = []
    for number, row in enumerate(decision["results"]):
        address = name_of(f"result {number}")
        observations.append({"reference": address})
        entries.append((address, _observation(row, batch=name_of("batch"))))
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:regenqc:certificate", "value": certificate.certificate_id}],
        "status": "partial" if decision["pending"] else "final",
        "code": {"text": heading("types", certificate.type, ("en",))[0]},
        "subject": {"reference": name_of("batch")},
        "issued": certificate.issued_at,
        "performer": [{"reference": name_of("issuer")}],
        "result": observations,
        "conclusion": f"{decision['kind'].replace('_', ' ')}, decision {decision['decision_id']}",
        "presentedForm": [
            {
                "contentType": "application/json",
                "data": b64encode(certificate_bytes(certificate)).decode(),
                "title": f"Record of the certificate, content {digest}",
            }
        ],
    }
    if not observations:
        del report["result"]
    entries.insert(0, (name_of("report"), report))
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:regenqc:content-digest", "value": digest},
        "type": "collection",
        "timestamp": certificate.issued_at,
        "entry": [{"fullUrl": address, "resource": resource} for address, resource in entries],
    }


def _observation(row: dict[str, Any], *, batch: str) -> dict[str, Any]:
    reported = f"{row['reported']} {row['unit']}".strip()
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final" if row["counts"] else "entered-in-error" if row["status"] == "cancelled" else "preliminary",
        "code": {"text": row["title"] or row["test"]},
        "subject": {"reference": batch},
        # As reported: FHIR quantities would drop the digits and the operators of a laboratory.
        "valueString": reported or "not stated",
    }
    if row["counts"] and row["verdict"]:
        known = _CODES.get(row["verdict"])
        coding = {"coding": [{"system": _INTERPRETATION, "code": known}]} if known else {}
        observation["interpretation"] = [coding | {"text": row["verdict"]}]
    if row["method"]:
        observation["method"] = {"text": row["method"]}
    if row["limit"]:
        observation["referenceRange"] = [{"text": row["limit"]}]
    if row["changed"]:
        observation["note"] = [{"text": f"Changed after entry: {row['changed']}"}]
    return observation
