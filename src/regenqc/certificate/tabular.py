"""Certificates for other programmes: results as CSV, the whole as XML. Both restate the record; neither replaces it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from regenqc.certificate.content import certificate_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.certificate.content import Certificate

__all__ = ["CSV_COLUMNS", "XML_NAMESPACE", "certificate_xml", "results_csv"]

XML_NAMESPACE: Final = "urn:regenqc:certificate:1"
CSV_COLUMNS: Final = (
    "certificate_id", "certificate_type", "content_digest", "issued_at", "batch_id", "decision_id", "decision",
    "spec_id", "spec_version", "requirement_id", "test", "method", "reported", "unit", "limit", "verdict", "counts",
    "changed",
)  # fmt: skip
# A cell that begins so is a formula to a spreadsheet program.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER: Final = re.compile(r"[+-][0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ROW: Final = ("requirement_id", "test", "method", "reported", "unit", "limit", "verdict")


def results_csv(certificates: Sequence[Certificate]) -> str:
    """Return the results of certificates, one row for each result, comma-separated with a header.

    Text that a spreadsheet program would take for a formula gets an apostrophe before it, as those programs write text.

    Args:
        certificates: in the order of their rows.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for certificate in certificates:
        decision = certificate.decision
        head = [
            certificate.certificate_id,
            certificate.type,
            certificate_digest(certificate),
            certificate.issued_at,
            decision["batch_id"],
            decision["decision_id"],
            decision["kind"],
            decision["spec"]["id"],
            decision["spec"]["version"],
        ]
        for row in decision["results"]:
            cells = [*head, *(row[name] for name in _ROW), "yes" if row["counts"] else "no", row["changed"]]
            writer.writerow([_no_formula(str(cell)) for cell in cells])
    return out.getvalue()


def certificate_xml(certificate: Certificate) -> bytes:
    """Return a certificate as XML, UTF-8: its fields, its results, who decided, and the digest of the record.

    Characters that XML cannot hold stand as their code points.

    Args:
        certificate: sealed.
    """
    decision = certificate.decision
    ET.register_namespace("", XML_NAMESPACE)
    root = _element(
        None,
        "certificate",
        {
            "id": certificate.certificate_id,
            "type": certificate.type,
            "issuedAt": certificate.issued_at,
            "contentDigest": certificate_digest(certificate),
        },
    )
    issuer = _element(root, "issuer", {"name": certificate.issuer.name})
    for line in certificate.issuer.address:
        _element(issuer, "line", {}, line)
    for name, value in certificate.fields.items():
        _element(root, "field", {"name": name}, value)
    _element(
        root,
        "decision",
        {name: str(decision[key]) for name, key in (("id", "decision_id"), ("kind", "kind"), ("madeAt", "made_at"))}
        | {"stage": decision["stage"], "disposition": decision["disposition"]},
    )
    _element(root, "specification", {name: decision["spec"][name] for name in ("id", "version", "fingerprint")})
    for row in decision["results"]:
        cells = {name: row[name] for name in _ROW if name != "requirement_id"} | {"counts": str(row["counts"]).lower()}
        _element(root, "result", {"requirement": row["requirement_id"]} | cells, row["changed"])
    for row in decision["pending"]:
        _element(root, "pending", {"requirement": row["requirement_id"], "due": row["due"]})
    for entry in decision["signatures"]:
        names = {"name": "printed_name", "role": "role", "meaning": "meaning", "at": "signed_at", "key": "key_id"}
        _element(root, "signature", {name: entry[key] for name, key in names.items()})
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _element(parent: ET.Element | None, name: str, attributes: Mapping[str, Any], text: str = "") -> ET.Element:
    tag = f"{{{XML_NAMESPACE}}}{name}"
    plain = {key: _for_xml(str(value)) for key, value in attributes.items()}
    element = ET.Element(tag, plain) if parent is None else ET.SubElement(parent, tag, plain)
    element.text = _for_xml(text) or None
    return element


def _for_xml(text: str) -> str:
    return "".join(
        character
        if unicodedata.category(character) not in {"Cc", "Cs", "Cn"} or character == "\n"
        else f"[U+{ord(character):04X}]"
        for character in text
    )


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text) else text
