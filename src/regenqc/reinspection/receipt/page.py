"""The printable record of a receipt: one HTML page that opens offline and prints on paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from regenqc.canonical import digest_of
from regenqc.reinspection.receipt.model import receipt_bytes
from regenqc.reinspection.receipt.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regenqc.reinspection.receipt.judging import JudgedReceipt

__all__ = ["receipt_page"]

_STYLE: Final = """
body{font:14px/1.45 "Liberation Sans",Arial,sans-serif;color:#1d2733;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #dfe5ea}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0}
th{font-weight:600;color:#66727f}.checks td:nth-child(-n+2){white-space:nowrap}.word{font-size:1.1rem;font-weight:600}.eligible,.conditional{color:#2f7a3b}
.hold{color:#9a6a00}.reject{color:#b3261e}.sign td{height:2.6rem;border-bottom:1px solid #1d2733}
small{color:#66727f;word-break:break-all}svg{max-width:100%;height:auto}
@media print{body{margin:0}h2{break-after:avoid}tr,svg{break-inside:avoid}}
"""
_SIGNED: Final = "<tr><th>inspected by</th><td></td><th>date, time</th><td></td></tr>"
_MARKS: Final = {"eligible": "✔", "conditional": "◔", "hold": "■", "reject": "✘"}


def receipt_page(judged: JudgedReceipt, *, pictures: Sequence[str] = ()) -> str:
    """Return the record of a receipt as one HTML page without links to anything else.

    Args:
        judged: the receipt and what its data allow.
        pictures: SVG documents of the loggers' traces.
    """
    receipt = judged.receipt
    word = judged.disposition.value
    facts = (
        ("Container", receipt.item),
        ("Site", receipt.site),
        ("Shipment", receipt.shipment),
        ("Received", f"{receipt.received_at} by {receipt.received_by} ({receipt.received_as})"),
        ("Containers counted", receipt.containers),
        ("Expiry on the label", receipt.expires_at),
        ("Shipper", f"{receipt.shipper}, qualified until {receipt.requalified_until}" if receipt.shipper else ""),
        ("Thawed", receipt.thawed_at),
        ("Specification", judged.specification),
    )
    packet = receipt.packet
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>Receipt of {escape(receipt.item)}</title><style>{_STYLE}</style>",
        f"<h1>Receipt of {escape(receipt.item)}</h1>",
        f'<p class="word {word}">{_MARKS[word]} {word}, recorded as {escape(judged.outcome)}</p>',
        "<p>This is what the data allow. A named person who did not receive it decides.</p>",
        _table((), facts),
        "<h2>Identity, read by two people</h2>",
        _table(
            ("by", "role", "recipient", "chain of identity", "lot"),
            [(each.by, each.role, each.recipient, each.coi, each.lot) for each in receipt.readings],
        ),
        '<h2>What was looked at</h2><div class="checks">',
        _table(
            ("check", "found", "why"),
            [
                (
                    found.test.removeprefix("receipt_"),
                    found.word or ("cannot be told" if found.faults else "not looked at"),
                    " ".join(f"{fault.code} {fault.what} {fault.got}" for fault in found.faults),
                )
                for found in judged.findings
            ],
        ),
        "</div>",
        _table(
            ("question", "answer", "by", "remark"),
            [
                (each.text, answer.answer, answer.by, answer.remark)
                for each in QUESTIONS
                if (answer := receipt.answer_to(each.test)) is not None
            ],
        ),
        "<h2>Release packet</h2>",
        _table(
            ("certificate", "lot", "decision", "verified", "pending"),
            [
                (
                    packet.certificate,
                    packet.batch,
                    packet.decision,
                    "yes" if packet.verified else f"no: {'; '.join(packet.faults)}",
                    "; ".join(packet.pending),
                )
            ]
            if packet is not None
            else [],
        ),
        "<h2>On the way</h2>",
        _table(
            ("channel", "logger", "verdict", "what was seen"),
            [(each.channel, each.logger, each.verdict, " ".join(each.explanation)) for each in receipt.way],
        ),
        *pictures,
        "<h2>Tests at the hospital</h2>",
        _table(
            ("test", "result", "unit", "method", "tested"),
            [(each.test, each.result, each.unit, each.method, each.tested_at) for each in receipt.results],
        ),
        "<h2>What does not simply conform</h2>",
        _table((), [(each,) for each in judged.explanations]),
        "<h2>Signatures on paper</h2>",
        f'<table class="sign">{2 * _SIGNED}</table>',
        f"<p><small>receipt {digest_of(receipt_bytes(receipt))}<br>specification {escape(judged.fingerprint)}</small></p></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    found = [row for row in rows if any(row[1:]) or (len(row) == 1 and row[0])]
    if not found:
        return "<p>Nothing.</p>" if titles else ""
    head = f"<tr>{''.join(f'<th>{escape(title)}</th>' for title in titles)}</tr>" if titles else ""
    first = "td" if titles or all(len(row) == 1 for row in found) else "th"
    body = "".join(
        f"<tr><{first}>{escape(row[0])}</{first}>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in found
    )
    return f"<table>{head}{body}</table>"
