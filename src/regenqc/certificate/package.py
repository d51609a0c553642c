"""Evidence packages: a certificate with everything on which it rests, in one zip with a manifest (RO-Crate 1.1).

`regenqc verify` and the single file take a package as they take a certificate. The same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final

from regenqc.certificate.content import certificate_bytes, certificate_digest
from regenqc.certificate.faults import data_error
from regenqc.certificate.single_file import single_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.certificate.content import Certificate

__all__ = ["MANIFEST_NAME", "evidence_package"]

MANIFEST_NAME: Final = "ro-crate-metadata.json"
# Zip files tell times; a package tells none, so that the same files give the same bytes.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_OWN: Final = ("certificate.json", "certificate.pdf", "verify_certificate.py", MANIFEST_NAME)
_FORMATS: Final = {
    "json": "application/json",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "toml": "application/toml",
    "html": "text/html",
    "py": "text/x-python",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}


def evidence_package(certificate: Certificate, *, pdf: bytes = b"", files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a package.

    Args:
        certificate: sealed.
        pdf: its pages, as issued; left out when empty.
        files: what else belongs to it, by path inside the package: inputs, specification, output of the evaluation, audit
            trail, `ledger-entry.json`, `ledger.tlog-proof`.

    Raises:
        DataError: `RQC-V092`, a path leaves the package or has a name that the package itself uses.
    """
    content = {"certificate.json": certificate_bytes(certificate), "verify_certificate.py": single_file().encode()}
    if pdf:
        content["certificate.pdf"] = pdf
    for name, data in (files or {}).items():
        parts = name.split("/")
        if name in _OWN or parts[-1] in _OWN or not all(parts) or set(parts) & {".", ".."} or "\\" in name:
            raise data_error(
                "RQC-V092",
                "A file cannot have this name in a package.",
                got=name,
                expected="a path inside the package, of another name than its own files",
                action="Name it otherwise.",
            )
        content[name] = data
    manifest = json.dumps(_manifest(certificate, content), indent=2, ensure_ascii=False) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for name, data in sorted((content | {MANIFEST_NAME: manifest.encode()}).items()):
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            package.writestr(info, data)
    return out.getvalue()


def _manifest(certificate: Certificate, content: Mapping[str, bytes]) -> dict[str, Any]:
    parts = [
        {
            "@id": name,
            "@type": "File",
            "name": name.rpartition("/")[2],
            "contentSize": str(len(data)),
            "encodingFormat": _FORMATS.get(name.rpartition(".")[2], "application/octet-stream"),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for name, data in sorted(content.items())
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Evidence of certificate {certificate.certificate_id}",
        "description": f"Batch {certificate.decision['batch_id']}, content {certificate_digest(certificate)}",
        "datePublished": certificate.issued_at,
        "license": "The issuer decides who may use this.",
        "publisher": {"@id": "#issuer"},
        "mainEntity": {"@id": "certificate.json"},
        "hasPart": [{"@id": part["@id"]} for part in parts],
    }
    description = {
        "@id": MANIFEST_NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    issuer = {"@id": "#issuer", "@type": "Organization", "name": certificate.issuer.name}
    return {
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
        ],
        "@graph": [description, root, issuer, *parts],
    }
