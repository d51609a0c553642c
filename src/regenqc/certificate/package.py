"""Evidence packages: a certificate with everything on which it rests, in one zip with a manifest (RO-Crate 1.1).

`regenqc verify` and the single file take a package as they take a certificate. The same files give the same bytes. Whoever
opens it without regenqc finds in `README.txt` what to do, and in `SHA256SUMS` the digest of every file.

Source: RO-Crate Metadata Specification 1.1, sections "Root Data Entity" and "Data Entities".
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

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
_SUMS_NAME: Final = "SHA256SUMS"
_README_NAME: Final = "README.txt"
_OWN: Final = (
    "certificate.json",
    "certificate.pdf",
    "verify_certificate.py",
    MANIFEST_NAME,
    _SUMS_NAME,
    _README_NAME,
)
_SAID: Final = {
    "certificate.json": "The record of the certificate: sealed by its issuer, with the signed decision inside",
    "certificate.pdf": "The pages of the certificate, with the record inside",
    "verify_certificate.py": "Programme that checks the certificate offline; needs Python and the package cryptography",
    "ledger-entry.json": "Entry of the ledger that names the decision or the certificate",
    "ledger.tlog-proof": "Proof that the entry is in the ledger",
    _SUMS_NAME: "SHA-256 of every file but itself and the manifest, for sha256sum -c",
    _README_NAME: "What this is, and how to check it without regenqc",
}
_README: Final = """\
Evidence of certificate {number}
{underline}

Batch     {batch}
Decision  {kind} {decision}
Issued    {issued_at} by {issuer}
Content   {content}

To check that no file was damaged, in this folder:

    sha256sum -c SHA256SUMS          (Windows: certutil -hashfile FILE SHA256)

To check who decided and issued, and that nothing was changed, with Python 3.11 or later and the package cryptography:

    python verify_certificate.py certificate.{ending} --trust TRUST --evidence FILE ...

TRUST is a folder that you got from the issuer by another way than this package: issuer.pem, people.jsonl, people.root and,
where there is a ledger, policy.txt. A key that came with the package shows nothing. A copy of the programme that you had
before is better than the one inside. Exit code 0: verified; 5: not verified, and what exactly failed is printed.
{proof}
The files on which the decision rests, as it names them; the programme compares each one that is given with --evidence:

{files}

It was judged by specification {specification}; `regenqc spec show FILE` prints
the same three of a file.

Everything else in this package was put beside it by the issuer, and no signature vouches for it.
ro-crate-metadata.json says the same for programmes (RO-Crate 1.1).
"""
_TERMS: Final = "The issuer decides who may use this."
_FORMATS: Final = {
    "txt": "text/plain",
    "pem": "application/x-pem-file",
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
        if (
            name in _OWN
            or parts[-1] in _OWN
            or not all(parts)
            or set(parts) & {".", ".."}
            or "\\" in name
            or not name.isprintable()
        ):
            raise data_error(
                "RQC-V092",
                "A file cannot have this name in a package.",
                got=name,
                expected="a path inside the package, of another name than its own files",
                action="Name it otherwise.",
            )
        content[name] = data
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    content[_README_NAME] = _readme(certificate, digests).encode()
    digests[_README_NAME] = hashlib.sha256(content[_README_NAME]).hexdigest()
    content[_SUMS_NAME] = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()
    manifest = json.dumps(_manifest(certificate, content), indent=2, ensure_ascii=False) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for name, data in sorted((content | {MANIFEST_NAME: manifest.encode()}).items()):
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            package.writestr(info, data)
    return out.getvalue()


def _rests_on(certificate: Certificate) -> dict[str, str]:
    """Return what the decision calls each file on which it rests, by digest."""
    evaluation = certificate.decision["evaluation"]
    inputs = {str(entry["digest"]): f"input of the evaluation: {entry['name']}" for entry in evaluation["inputs"]}
    outputs = {
        str(digest): f"output of the evaluation: {name}"
        for name, digest in sorted(evaluation.items())
        if isinstance(digest, str) and digest.startswith("sha256:")
    }
    return outputs | inputs


def _readme(certificate: Certificate, digests: Mapping[str, str]) -> str:
    decision = certificate.decision
    here = {f"sha256:{digest}": name for name, digest in sorted(digests.items())}
    title = f"Evidence of certificate {certificate.certificate_id}"
    has_proof = {"ledger-entry.json", "ledger.tlog-proof"} <= {name.rpartition("/")[2] for name in digests}
    return _README.format(
        number=certificate.certificate_id,
        underline="=" * len(title),
        batch=_one_line(str(decision["batch_id"])),
        kind=str(decision["kind"]).replace("_", " "),
        decision=decision["decision_id"],
        issued_at=certificate.issued_at,
        specification=_one_line("{id} {version} {fingerprint}".format(**decision["spec"])),
        issuer=_one_line(certificate.issuer.name),
        content=certificate_digest(certificate),
        ending="pdf" if "certificate.pdf" in digests else "json",
        proof="\nThe proof of the ledger is checked when the whole package (zip) is named instead of the certificate.\n"
        if has_proof
        else "",
        files="\n".join(
            f"  {_one_line(what)}\n    {digest}\n    {here.get(digest, 'NOT in this package')}"
            for digest, what in _rests_on(certificate).items()
        )
        or "  none",
    )


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else f"[U+{ord(character):04X}]" for character in text)


def _manifest(certificate: Certificate, content: Mapping[str, bytes]) -> dict[str, Any]:
    rests_on = _rests_on(certificate)
    parts = []
    for name, data in sorted(content.items()):
        digest, base = hashlib.sha256(data).hexdigest(), name.rpartition("/")[2]
        said = _SAID.get(base) or rests_on.get(f"sha256:{digest}", "Put beside the certificate by its issuer")
        parts.append(
            {
                "@id": quote(name),
                "@type": "File",
                "name": base,
                "description": said[:1].upper() + said[1:],
                "contentSize": str(len(data)),
                "encodingFormat": _FORMATS.get(base.rpartition(".")[2], "application/octet-stream"),
                "sha256": digest,
            }
        )
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Evidence of certificate {certificate.certificate_id}",
        "description": f"Batch {certificate.decision['batch_id']}, content {certificate_digest(certificate)}",
        "datePublished": certificate.issued_at,
        "license": {"@id": "#terms"},
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
    terms = {"@id": "#terms", "@type": "CreativeWork", "name": "Terms of the issuer", "description": _TERMS}
    return {
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
        ],
        "@graph": [description, root, issuer, terms, *parts],
    }
