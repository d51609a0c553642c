"""Make the content of a certificate from a decision and a profile; what is required and not stated is an error by name."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from regenqc.canonical import canonical_json
from regenqc.certificate.content import AnnexRow, Certificate, Issuer
from regenqc.certificate.faults import data_error
from regenqc.certificate.profile import USUAL_COLUMNS
from regenqc.certificate.wording import field_lists, heading, kinds_of, known_types, statement
from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.certificate.profile import Profile

__all__ = ["certificate_number", "decision_digest", "draft_certificate", "file_stem", "make_certificate", "usual_type"]

_USUAL_TYPES: Final = {
    "release": "release_certificate",
    "exceptional_release": "release_certificate",
    "conditional_release": "conditional_certificate",
    "reject": "rejection_notice",
    "accept": "receipt_certificate",
    "accept_for_infusion": "receipt_certificate",
    "exceptional": "receipt_certificate",
    "quarantine": "receipt_certificate",
    "refuse": "receipt_certificate",
}
_SHORT: Final = {
    "certificate_of_analysis": "CA",
    "batch_certificate": "BC",
    "release_certificate": "RC",
    "conditional_certificate": "CC",
    "receipt_certificate": "HR",
    "rejection_notice": "RN",
}
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,119}")


def usual_type(kind: str) -> str:
    """Return the type of certificate that a kind of decision usually gets.

    Raises:
        DataError: `RQC-V040`, no certificate is made of such a decision.

    Example:
        >>> usual_type("conditional_release")
        'conditional_certificate'
    """
    if kind not in _USUAL_TYPES:
        raise data_error(
            "RQC-V040",
            "No certificate is made of a decision of this kind.",
            got=kind,
            expected=", ".join(_USUAL_TYPES),
            action="Decide on the batch first.",
        )
    return _USUAL_TYPES[kind]


def certificate_number(decision_id: str, certificate_type: str, *, profile: Profile) -> str:
    """Return the number of the certificate of a decision, which follows from both.

    Raises:
        DataError: `RQC-V042`, a number that no file could have.
    """
    number = profile.number.format(decision=decision_id, type=_SHORT[certificate_type])
    if not _NUMBER.fullmatch(number):
        raise data_error(
            "RQC-V042",
            "The number of the certificate has characters that it cannot have.",
            where=f"decision {decision_id}",
            got=number,
            expected="letters, digits and . _ / + - of ASCII, at most 120",
            action="Change the pattern of the profile or the number of the decision.",
        )
    return number


def file_stem(number: str) -> str:
    """Return the name of the files of a certificate; numbers that differ get names that differ.

    Example:
        >>> file_stem("MAKER/2026-1")
        'MAKER~2026-1'
    """
    return number.replace("/", "~")


def decision_digest(decision: Mapping[str, Any]) -> str:
    """Return the digest of a decision without its signatures: what the signers signed."""
    content = {name: value for name, value in decision.items() if name != "signatures"}
    return f"sha256:{hashlib.sha256(canonical_json(content)).hexdigest()}"


def make_certificate(
    decision: Mapping[str, Any],
    *,
    profile: Profile,
    issued_at: str,
    certificate_type: str | None = None,
    annex: Sequence[AnnexRow] = (),
    supersedes: str = "",
) -> Certificate:
    """Return the unsealed certificate of a decision.

    Args:
        decision: document `regenqc.decision/1`, signed.
        profile: of the product.
        issued_at: moment of issue, RFC 3339 with zone.
        certificate_type: by the kind of decision when not stated.
        annex: what the data allow by the rules of other jurisdictions.
        supersedes: number of the certificate that is replaced.

    Raises:
        DataError: `RQC-V040` the type does not fit the decision; `RQC-V041` required fields that neither the profile
            nor the batch states, each by name; `RQC-V042` a number that no file could have; `RQC-V043` an unsigned decision.
    """
    if not decision["signatures"] or len(decision["signatures"]) != len(decision["required_signatures"]):
        raise data_error(
            "RQC-V043",
            "The decision is not signed by everyone who has to sign it.",
            where=f"batch {decision['batch_id']}",
            got=f"{len(decision['signatures'])} signatures",
            expected=f"{len(decision['required_signatures'])} signatures",
            action="Sign it with `regenqc decide`.",
        )
    return draft_certificate(
        decision,
        profile=profile,
        issued_at=issued_at,
        certificate_type=certificate_type,
        annex=annex,
        supersedes=supersedes,
    )


def draft_certificate(
    decision: Mapping[str, Any],
    *,
    profile: Profile,
    issued_at: str,
    certificate_type: str | None = None,
    annex: Sequence[AnnexRow] = (),
    supersedes: str = "",
) -> Certificate:
    """Return what the certificate of a decision would say, signed or not: to be looked at, never to be sealed.

    Args and errors as `make_certificate`, but for the signatures.
    """
    kind, batch = str(decision["kind"]), str(decision["batch_id"])
    chosen = certificate_type or usual_type(kind)
    if chosen not in known_types() or kind not in kinds_of(chosen):
        raise data_error(
            "RQC-V040",
            "This type of certificate does not say what was decided.",
            where=f"batch {batch}",
            got=f"{chosen} of a decision `{kind}`",
            expected=", ".join(name for name in known_types() if kind in kinds_of(name)),
            action="Leave the type out, or take one of these.",
        )
    return Certificate(
        certificate_id=certificate_number(decision["decision_id"], chosen, profile=profile),
        type=chosen,  # type: ignore[arg-type]  # one of known_types, checked above
        issued_at=issued_at,
        languages=profile.languages,
        issuer=Issuer(name=normalize("NFC", profile.issuer_name), address=_normal(profile.issuer_address)),
        fields=_fields(decision, profile, chosen),
        statement=statement(chosen, profile.languages) | dict(profile.statements.get(chosen, {})),
        remarks=normalize("NFC", profile.remarks),
        annex=tuple(annex),
        supersedes=supersedes,
        decision=dict(decision),
    )


def _normal(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(normalize("NFC", line) for line in lines)


def _fields(decision: Mapping[str, Any], profile: Profile, chosen: str) -> dict[str, str]:
    lot = {"batch_id": decision["batch_id"]} | {entry["name"]: entry["value"] for entry in decision["lot"]}
    lists = field_lists(chosen)
    wanted = dict.fromkeys(name for entry in lists for name in (*entry.required, *entry.stated, *entry.optional))
    found: dict[str, str] = {}
    for name in wanted:
        value = _stated(name, lot=lot, decision=decision, profile=profile)
        if value:
            found[name] = normalize("NFC", value)
    missing = [(name, entry) for entry in lists for name in entry.required if name not in found]
    if missing:
        raise DataError(
            *(
                Fault(
                    code="RQC-V041",
                    what=f"The certificate has to state {name}, and nothing states it.",
                    where=f"batch {decision['batch_id']}, {heading('types', chosen, ('en',))[0].lower()}",
                    expected=f"{name}, asked for by {entry.citation}",
                    action=f"State it in [fields] of the profile, or as {_columns(name, profile)} of the batch.",
                )
                for name, entry in missing
            )
        )
    return found


def _stated(name: str, *, lot: Mapping[str, Any], decision: Mapping[str, Any], profile: Profile) -> str:
    """Return the value of a field; what the profile says by name comes before the columns that are usual."""
    for source in (profile.attributes, profile.results, profile.fields, USUAL_COLUMNS):
        if name not in source:
            continue
        if source is profile.results:
            own = [entry for entry in decision["results"] if entry["test"] == profile.results[name] and entry["counts"]]
            return "; ".join(f"{entry['reported']} {entry.get('unit') or ''}".strip() for entry in own)
        if source is profile.fields:
            return profile.fields[name]
        columns = source[name]
        return " ".join(str(lot.get(column) or "").strip() for column in columns).strip() if lot.get(columns[0]) else ""
    return ""


def _columns(name: str, profile: Profile) -> str:
    columns = profile.attributes.get(name) or USUAL_COLUMNS.get(name)
    return f"column {' and '.join(columns)}" if columns else "a column named under [attributes]"
