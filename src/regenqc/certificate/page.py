"""The page of a certificate as data: what is printed, in which order, with which heading; no layout.

Everything is derived from the record alone, so that the same record always gives the same page, and whoever has the
record can make the page again and compare. Texts of others are shown as text: characters that cannot be seen, or that
turn the direction of others, stand as their code points.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from regenqc.certificate.content import Certificate, certificate_digest
from regenqc.certificate.faults import data_error
from regenqc.certificate.symbols import batch_barcode, qr_svg
from regenqc.certificate.verification_text import verification_text
from regenqc.certificate.wording import field_lists, heading, section_of, texts
from regenqc.decision.hospital import SCHEMA as HOSPITAL_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["make_page", "visible"]

_TONES: Final = {
    "release": "good",
    "accept": "good",
    "accept_for_infusion": "good",
    "conditional_release": "warn",
    "exceptional_release": "warn",
    "exceptional": "warn",
    "quarantine": "warn",
    "reject": "bad",
    "refuse": "bad",
}
_VERDICT_TONES: Final = {"conforms": "plain", "alert": "warn", "fails": "bad"}
_SECTIONS: Final = ("product", "batch", "receipt", "sites")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_WORD: Final = re.compile(r"\S+")
_LONGEST_WORD: Final = 22
_LONGEST_UNBROKEN: Final = 800
_LONGEST_NUMBER: Final = 40
_PART_OF_WORD: Final = 11
# Broken between day and time, never inside of the zone.
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})")
_UNITLESS: Final = frozenset({"", "1"})
_WITH_OTHERS: Final = "judged_with_others"
# A whole part and zeros that count nothing, digits that a reader needs, and so many more that they say nothing to one.
_LONG_DECIMAL: Final = re.compile(r"([0-9]*[1-9][0-9]*\.[0-9]{4}|0\.0*[1-9][0-9]{5})[0-9]{4,}$")
_POWER_OF_TEN: Final = re.compile(r"(?<=[0-9]) [x×]? ?10\^([0-9]{1,2})(?![0-9])")
_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def make_page(certificate: Certificate, *, digest: str | None = None) -> dict[str, Any]:
    """Return the page of a certificate as data for templates.

    Args:
        certificate: sealed.
        digest: of its content, where it is known already.

    Returns:
        Titles, facts, tables, paragraphs, signatures, drawings of the barcode and of the QR code, footer; texts in the
        languages of the certificate, in their order.

    Raises:
        DataError: `RQC-V011`, the decision lacks what the page has to say.
    """
    decision = _as_read(certificate.decision)
    try:
        return _page(certificate, decision, certificate.languages, digest or certificate_digest(certificate))
    except (KeyError, TypeError, AttributeError) as error:
        raise data_error(
            "RQC-V011",
            "The decision lacks something that the certificate has to say.",
            where=certificate.certificate_id,
            got=repr(error),
            expected="a decision document",
            action="Make the decision again with `regenqc decide`.",
        ) from error


def visible(text: str, *, keep: str = "", longest: int = _LONGEST_WORD) -> str:
    r"""Return a text of others as it is to be shown: unseen characters as code points, long words breakable.

    Example:
        >>> visible("A\u202eB")
        'A[U+202E]B'
    """
    if not text.isascii() or not text.isprintable():
        text = "".join(
            character
            if character in keep or unicodedata.category(character) not in _UNSEEN
            else f"[U+{ord(character):04X}]"
            for character in text
        )
    if len(text) <= longest:
        return text
    return _WORD.sub(lambda found: _breakable(found[0], longest), text)


def _breakable(word: str, longest: int) -> str:
    if len(word) <= longest:
        return word
    if _MOMENT.fullmatch(word):
        return word.replace("T", "T\u200b")
    return "\u200b".join(word[at : at + _PART_OF_WORD] for at in range(0, len(word), _PART_OF_WORD))


def _as_read(decision: dict[str, Any]) -> dict[str, Any]:
    """Return a hospital's decision with the members that every decision has; that of a manufacturer as it is."""
    if decision.get("schema") != HOSPITAL_SCHEMA:
        return decision
    answered = {entry["test"] for entry in decision["results"]}
    # What the receipt itself answers, and the specification did not ask, is told like every other finding.
    told = [
        {
            "requirement_id": entry["test"],
            "verdict": "fails" if entry["found"] else "inconclusive" if entry["codes"] else "missing",
            "reason_code": entry["found"] or "not shown",
            "explanation": entry["why"],
        }
        for entry in decision["checks"]
        if entry["found"] != "complies" and entry["test"] not in answered
    ]
    return decision | {
        "acknowledged": [],
        "justification": decision["reason"],
        "findings": [*decision["findings"], *told],
    }


def _page(
    certificate: Certificate, decision: dict[str, Any], languages: tuple[str, ...], digest: str
) -> dict[str, Any]:
    number, batch = visible(certificate.certificate_id, longest=_LONGEST_NUMBER), visible(decision["batch_id"])
    title = heading("types", certificate.type, languages)

    def words(name: str) -> list[str]:
        return texts("words", name, languages)

    barcode = batch_barcode(
        decision["batch_id"], gtin=certificate.fields.get("gtin", ""), expiry_date=_six_digits(certificate)
    )
    return {
        "languages": list(languages),
        "date": _moment(certificate.issued_at),
        "document_title": f"{title[0]} {number}",
        "title": title,
        "number": {"label": words("certificate_number"), "value": number},
        "issuer": {
            "name": visible(certificate.issuer.name),
            "lines": [visible(line) for line in certificate.issuer.address] or [""],
        },
        "barcode": None
        if barcode is None
        else {"svg": barcode.svg, "text": barcode.text, "alt": f"Barcode of the batch: {barcode.text}"},
        "conclusion": _conclusion(certificate, decision, languages),
        "facts": _facts(certificate, languages),
        "tables": [
            table
            for table in (
                _results(decision, languages),
                _pending(decision, languages),
                _findings(decision, languages),
                _annex(certificate, languages),
            )
            if table["rows"]
        ],
        "paragraphs": _paragraphs(certificate, decision, languages),
        "signatures": {
            "heading": words("signatures"),
            "blocks": [_signature(entry, languages) for entry in decision["signatures"]],
        },
        "qr": {
            "svg": qr_svg(verification_text(certificate, digest)),
            "alt": f"QR code with the verification data of certificate {number}",
            "heading": words("verification"),
            "lines": [
                "The record is certificate.json inside this document; this page shows it.",
                "The code holds its digest and the seal of the issuer.",
                "Check offline: regenqc verify FILE, or python verify_certificate.py FILE, with the keys that you had before.",
            ],
        },
        "footer": {
            "left": f"{title[0]} {number} · {words('lot')[0]} {_short(batch)}",
            "page": words("page")[0],
            "of": words("of")[0],
            "digest": f"Content {digest}",
        },
    }


def _conclusion(certificate: Certificate, decision: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    stage = decision["stage"].replace("_", " ")
    at_hospital = "item" in decision
    allowed = texts("receipt_dispositions" if at_hospital else "dispositions", decision["disposition"], languages)[
        0
    ].lower()
    specification = decision["spec"]
    facts = [
        (
            texts("words", "receipt_decision" if at_hospital else "decision", languages),
            visible(decision["decision_id"], longest=_LONGEST_NUMBER),
        ),
        (texts("words", "made_at", languages), decision["made_at"]),
        (texts("words", "issued", languages), certificate.issued_at),
    ]
    if certificate.supersedes:
        facts.append((texts("words", "supersedes", languages), visible(certificate.supersedes)))
    return {
        "tone": _TONES[decision["kind"]],
        "texts": texts("kinds", decision["kind"], languages),
        "sentence": f"Stage: {stage}. By specification {visible(specification['id'])}, version "
        f"{visible(specification['version'])}, the data allow: {allowed}.",
        "facts": [{"label": label, "value": value} for label, value in facts],
    }


def _facts(certificate: Certificate, languages: Sequence[str]) -> list[dict[str, Any]]:
    wanted: dict[str, bool] = {}
    for entry in field_lists(certificate.type):
        for name in (*entry.required, *entry.stated):
            wanted[name] = True
        for name in entry.optional:
            wanted.setdefault(name, False)
    for name in certificate.fields:
        wanted.setdefault(name, False)
    absent = " · ".join(texts("words", "not_stated", languages))
    sections: dict[str, list[dict[str, Any]]] = {name: [] for name in _SECTIONS}
    for name, shown in wanted.items():
        value = certificate.fields.get(name, "")
        if value or shown:
            sections[section_of(name)].append(
                {
                    "label": heading("fields", name, languages),
                    "value": visible(_with_powers(value)) or absent,
                    "stated": bool(value),
                }
            )
    return [{"heading": heading("sections", name, languages), "rows": rows} for name, rows in sections.items() if rows]


def _results(decision: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    specification = decision["spec"]
    rows = []
    for entry in decision["results"]:
        # A replicate of a mean has no verdict of its own; the row of the mean has.
        is_judged = entry["counts"] and entry["reason_code"] != _WITH_OTHERS
        verdict = entry["verdict"] if is_judged else ""
        notes = [] if is_judged else [visible(entry["reason_code"].replace("_", " ") or entry["status"])]
        if entry["changed"]:
            notes.append(f"{texts('words', 'changed', languages)[0]}: {visible(entry['changed'])}")
        if entry["computed"]:
            notes.append("computed from other results")
        rows.append(
            [
                _cell(_title(entry)),
                _cell(visible(entry["method"])),
                _cell(_quantity(entry["reported"], entry["unit"], computed=entry["computed"]), note=" · ".join(notes)),
                _cell(visible(_with_powers(entry["limit"]))),
                _cell(*texts("verdicts", verdict, languages), tone=_VERDICT_TONES.get(verdict, "warn"))
                if verdict
                else _cell("–"),
            ]
        )
    columns = {"test": 26, "method": 24, "result": 20, "criterion": 24, "verdict": 18}
    if not any(entry["method"] for entry in decision["results"]):
        columns["test"] += columns.pop("method")
        rows = [[row[0], *row[2:]] for row in rows]
    return _table(
        languages,
        "results",
        tuple(columns),
        tuple(columns.values()),
        rows,
        lead=f"Specification {visible(specification['id'])} · version {visible(specification['version'])} · "
        f"{specification['fingerprint']}",
    )


def _pending(decision: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    rows = [[_cell(_title(entry), tone="warn"), _cell(visible(entry["due"]))] for entry in decision["pending"]]
    return _table(languages, "pending", ("test", "due"), (60, 40), rows)


def _findings(decision: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    said_below = {entry["text"] for entry in decision["acknowledged"]}
    titles = {entry["requirement_id"]: entry["title"] for entry in decision["requirements"]}
    rows = [
        [
            _cell(visible(titles.get(entry["requirement_id"], "")) or _name(entry["requirement_id"])),
            _cell(
                *texts("verdicts", entry["verdict"], languages),
                tone=_VERDICT_TONES.get(entry["verdict"], "warn"),
                note=entry["reason_code"].replace("_", " "),
            ),
            _cell(visible(entry["explanation"])),
        ]
        for entry in decision["findings"]
        if entry["reason_code"] != "pending" and entry["explanation"] not in said_below
    ]
    rows += [
        [
            _cell(_name(entry["requirement_id"])),
            _cell(*texts("words", "removed", languages), tone="warn"),
            _cell(visible(entry["justification"])),
        ]
        for entry in decision["removed"]
        if entry["justification"] not in said_below
    ]
    return _table(languages, "findings", ("test", "verdict", "remarks"), (26, 22, 62), rows)


def _acknowledged(decision: dict[str, Any]) -> list[list[str]]:
    """Return what the signers acknowledged by name, and the documents of the exceptional path."""
    said = [
        [
            f"{_name(entry['id'])} ({entry['kind'].replace('_', ' ')}, by {visible(entry['by'])}): {visible(entry['text'])}"
        ]
        for entry in decision["acknowledged"]
    ]
    said += [
        [f"{visible(entry['text'])} {visible(entry['reference'])} [{visible(entry['citation'])}]"]
        for entry in decision["exceptional"]
    ]
    return said


def _annex(certificate: Certificate, languages: Sequence[str]) -> dict[str, Any]:
    rows = []
    for entry in certificate.annex:
        tone = {"eligible": "good", "conditional": "warn", "hold": "warn"}.get(entry.disposition, "bad")
        rows.append(
            [
                _cell(visible(entry.specification), note=f"version {visible(entry.version)}"),
                _cell(*texts("dispositions", entry.disposition, languages), tone=tone),
                _cell(", ".join(_name(name) for name in entry.obstacles)),
            ]
        )
    return _table(languages, "annex", ("jurisdiction", "disposition", "obstacles"), (34, 26, 50), rows)


def _paragraphs(certificate: Certificate, decision: dict[str, Any], languages: Sequence[str]) -> list[dict[str, Any]]:
    statement = [certificate.statement[language] for language in languages if language in certificate.statement]
    found = [
        ("acknowledged", _acknowledged(decision)),
        ("justification", [[visible(decision["justification"], keep="\n")]]),
        ("remarks", [[visible(certificate.remarks, keep="\n")]]),
        ("statement", [[visible(text, keep="\n") for text in statement]]),
    ]
    return [
        {"heading": texts("words", name, languages), "texts": paragraphs}
        for name, paragraphs in found
        if any(any(paragraph) for paragraph in paragraphs)
    ]


def _signature(entry: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    def row(name: str, value: str) -> dict[str, Any]:
        return {"label": texts("words", name, languages), "value": value}

    return {
        "name": visible(entry["printed_name"]),
        "role": texts("roles", entry["role"], languages),
        "rows": [
            row("meaning", visible(entry["meaning"].replace("_", " "))),
            row("signed_at", visible(entry["signed_at"], longest=_LONGEST_NUMBER)),
            row("key", visible(entry["key_id"], longest=_LONGEST_NUMBER)),
        ],
    }


def _table(
    languages: Sequence[str],
    name: str,
    columns: Iterable[str],
    widths: Sequence[int],
    rows: Sequence[Sequence[dict[str, Any]]],
    *,
    lead: str = "",
) -> dict[str, Any]:
    return {
        "heading": texts("words", name, languages),
        "lead": lead,
        "columns": [texts("words", column, languages) for column in columns],
        "widths": list(widths),
        "rows": [{"cells": list(row), "is_long": any(map(_is_long, row))} for row in rows],
    }


def _is_long(cell: dict[str, Any]) -> bool:
    """Return whether a cell may not fit on a page, so that its row must be allowed to break."""
    return any(len(words) > _LONGEST_UNBROKEN for words in (*cell["texts"], cell["note"]))


def _cell(*words: str, tone: str = "plain", note: str = "") -> dict[str, Any]:
    return {"texts": list(words) or [""], "tone": tone, "note": note}


def _name(code: str) -> str:
    """Return a code of the specification as words."""
    return visible(code.replace("_", " ").capitalize() if code.islower() else code)


def _title(entry: dict[str, Any]) -> str:
    """Return what a row is about: the title of its requirement, or else the code of the test."""
    return visible(entry["title"]) or _name(entry.get("test") or entry["requirement_id"])


def _quantity(reported: str, unit: str, *, computed: bool = False) -> str:
    r"""Return a value with its unit: digits as reported; of a computed one no more than a reader needs, the record has all.

    Example:
        >>> _quantity("<0.0120192307692308", "EU/kg/h", computed=True), _quantity("1495", "10^6 cells")
        ('<0.0120192… EU/kg/h', '1495 × 10⁶ cells')
    """
    text = _LONG_DECIMAL.sub(lambda found: f"{found[1]}…", reported) if computed else reported
    return visible(_with_powers(text if unit in _UNITLESS else f"{text} {unit}"))


def _with_powers(text: str) -> str:
    """Return a text in which a power of ten behind a number is written as one.

    Example:
        >>> _with_powers("> 35 10^6 cells")
        '> 35 × 10⁶ cells'
    """
    return _POWER_OF_TEN.sub(lambda found: f" × 10{found[1].translate(_RAISED)}", text) if "10^" in text else text


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _moment(text: str) -> dict[str, int]:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    names = ("year", "month", "day", "hour", "minute", "second")
    return {name: getattr(moment, name) for name in names}


def _six_digits(certificate: Certificate) -> str:
    """Return the day of expiry as GS1 writes it, where it is stated as a date."""
    found = re.match(r"\d\d(\d\d)-(\d\d)-(\d\d)", certificate.fields.get("expiry", ""))
    return "".join(found.groups()) if found else ""
