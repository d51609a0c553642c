"""The questions that a trace must answer, each a pure query over the projection as of a moment.

| question | function |
|---|---|
| 1 what came of it | `forward` |
| 2 what it came from | `backward` |
| 3 what shared a place or equipment with it | `sideways` |
| 4 as known at, as true at | `Asking`, with every function; `holdings` |
| 5 is the sum right | `reconcile`, `items_of_lot` |
| 6 who held it, without gap | `custody_spans`, `custody_findings` |
| 7 what it went through | `condition_of` |
| 8 whose it is, at every point | `identity_points` |
| 9 evidence | `evidence_packet` |
| 10 nothing else used it | `completeness` |
| 11 what a partner may know | `partner_extract` |
"""

from regenqc.custody.trace.answer import answer_document
from regenqc.custody.trace.beginnings import Beginning, recent_beginnings
from regenqc.custody.trace.completeness import Completeness, completeness
from regenqc.custody.trace.condition_chain import ChannelSummary, condition_of
from regenqc.custody.trace.custody_chain import CustodyFinding, CustodySpan, custody_findings, custody_spans
from regenqc.custody.trace.evidence import events_of_items, evidence_packet, trace_document
from regenqc.custody.trace.holdings import Balance, holdings, items_of_lot, reconcile
from regenqc.custody.trace.identity_chain import IdentityPoint, identity_points
from regenqc.custody.trace.legs import LEG_FINDINGS, Leg, legs_of
from regenqc.custody.trace.lineage import Link, Trace, TracedItem, backward, forward
from regenqc.custody.trace.partner_extract import PassedItem, partner_extract
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader
from regenqc.custody.trace.several import JoinedItem, JoinedTrace, trace_over
from regenqc.custody.trace.sharing import Stay, sideways

__all__ = [
    "ALWAYS",
    "LEG_FINDINGS",
    "Asking",
    "Balance",
    "Beginning",
    "ChannelSummary",
    "Completeness",
    "CustodyFinding",
    "CustodySpan",
    "IdentityPoint",
    "JoinedItem",
    "JoinedTrace",
    "Leg",
    "Link",
    "PassedItem",
    "Reader",
    "Stay",
    "Trace",
    "TracedItem",
    "answer_document",
    "backward",
    "completeness",
    "condition_of",
    "custody_findings",
    "custody_spans",
    "events_of_items",
    "evidence_packet",
    "forward",
    "holdings",
    "identity_points",
    "items_of_lot",
    "legs_of",
    "partner_extract",
    "recent_beginnings",
    "reconcile",
    "sideways",
    "trace_document",
    "trace_over",
]
