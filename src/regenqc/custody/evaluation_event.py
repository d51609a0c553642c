"""The events that say that a batch was evaluated: by which specification, from which inputs, with which disposition.

What is recorded is a word and digests, so the log learns no result and no limit, and whoever holds the files can show that
they are the ones. The event_id follows from what was evaluated and what came of it: the same evaluation, run again, is the
same event.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from regenqc.canonical import canonical_json
from regenqc.custody.digest_names import digest_name
from regenqc.custody.projection.source import TableSource
from regenqc.custody.record import SCHEMA, Blob, Event, Item
from regenqc.custody.trace.holdings import items_of_lot
from regenqc.custody.versions import procedure_documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.custody.site import Site
    from regenqc.ledger import Snapshot

__all__ = ["MADE_ANEW", "evaluation_events", "items_of_batch"]

# Members in which the same evaluation, run again, may differ: when and by whom it was run.
MADE_ANEW: Final = ("event_time", "record_time", "zone", "actor")
# Says when it was evaluated, which is not what was found.
_NOT_FOUND: Final = "evaluated_at"
# So many codes of the greatest length fit into one event.
_ITEMS_PER_EVENT: Final = 400


def items_of_batch(view: Snapshot, batch: str) -> tuple[str, ...]:
    """Return the codes of the items that came into being under a batch; none when the log never names it.

    Args:
        view: of the ledger.
        batch: lot number, as events state it.
    """
    if batch not in TableSource(view).numbers([batch]):
        return ()
    return items_of_lot(view, batch)


def evaluation_events(
    disposition: Mapping[str, object],
    *,
    items: Sequence[str],
    inputs: Sequence[str],
    site: Site,
    evaluated_at: str,
    recorded_at: str,
) -> tuple[Event, ...]:
    """Return the events of one evaluation: one, or several for a batch of more than 400 items.

    Args:
        disposition: one row as `evaluate` writes it: `batch_id`, `stage`, `disposition`, `spec_id`, `spec_version`,
            `spec_fingerprint` and what else it says; its digest is recorded, `evaluated_at` left out.
        items: codes of the items of the batch in the log; the batch itself when empty.
        inputs: digests of the input files, `sha256:` and 64 hexadecimal digits.
        site: who records.
        evaluated_at: moment of evaluation.
        recorded_at: the present moment.

    Returns:
        Events of kind `evaluation`, in which `documents` name the specification, as `id#version`, and the procedures of
        the site, and `blobs` the digests; both without specification when none speaks about the batch. Whether the rules admit them, the book says.

    Example:
        >>> from regenqc.custody.site import parse_site, site_text
        >>> site = parse_site(site_text(code="MAKER-1", system="SYSTEM-0001", zone="+01:00"))
        >>> row = {"batch_id": "LOT-1", "stage": "drug_product_release", "disposition": "eligible", "spec_id": "a/b",
        ...     "spec_version": "1", "spec_fingerprint": "sha256:" + 64 * "0"}
        >>> (event,) = evaluation_events(row, items=["DP-1"], inputs=["sha256:" + 64 * "1"], site=site,
        ...     evaluated_at="2026-03-16T12:00:00.000Z", recorded_at="2026-03-16T12:00:01.000Z")
        >>> event.outcome, [blob.name for blob in event.blobs]
        ('eligible', ['specification', 'input', 'disposition'])
    """
    found = {name: _plain(value) for name, value in disposition.items() if name != _NOT_FOUND}
    digest = f"sha256:{hashlib.sha256(canonical_json(found)).hexdigest()}"
    codes = tuple(dict.fromkeys(items)) or (str(disposition["batch_id"]),)
    fingerprint = str(disposition["spec_fingerprint"] or "")
    blobs = (
        *([Blob(fingerprint, "specification")] if fingerprint else []),
        *(Blob(each, "input") for each in sorted(set(inputs))),
        Blob(digest, "disposition"),
    )
    procedures = procedure_documents(site.procedures)
    said = {"disposition": digest, "inputs": sorted(set(inputs)), "site": site.code}
    if procedures:  # the same data judged by another procedure is another evaluation
        said["procedures"] = list(procedures)
    named = (f"{disposition['spec_id']}#{disposition['spec_version']}",) if fingerprint else ()
    return tuple(
        Event(
            schema=SCHEMA,
            kind="evaluation",
            event_id=digest_name("EVALUATION", canonical_json(said | {"items": list(some)})),
            event_time=evaluated_at,
            record_time=recorded_at,
            zone=site.zone,
            actor=site.system,
            role="system",
            site=site.code,
            items=tuple(Item(code) for code in some),
            lot=str(disposition["batch_id"]),
            stage=str(disposition["stage"] or ""),
            outcome=str(disposition["disposition"]),
            documents=(*named, *procedures),
            blobs=blobs,
        )
        for some in (codes[start : start + _ITEMS_PER_EVENT] for start in range(0, len(codes), _ITEMS_PER_EVENT))
    )


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int)) else str(value)
