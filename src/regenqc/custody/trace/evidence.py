"""Evidence for an answer: the events it stands on, each with a proof that anybody can check (question 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from regenqc.canonical import canonical_json
from regenqc.custody.projection.tables import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.custody.trace.lineage import Trace
    from regenqc.custody.trace.reader import Reader
    from regenqc.ledger import Log
    from regenqc.ledger import Policy as TrustPolicy

__all__ = ["events_of_items", "evidence_packet", "trace_document"]

_PROOFS_AT_ONCE: Final = 1_000
_THINGS: Final = (Part.ITEM, Part.INPUT, Part.OUTPUT, Part.CONTAINER)

_README: Final = """\
Evidence packet of a chain-of-custody ledger

question.json   what was asked, and as of when
answer.json     the answer
checkpoint      signed and cosigned head of the log; signed note, C2SP tlog-checkpoint
events/N.json   event N of the log, exactly the bytes that were hashed
events/N.proof  proof that event N is in the log under the checkpoint, C2SP tlog-proof

To check an event without any network: compute its leaf hash, SHA-256 over a zero byte and the bytes of N.json; combine it with
the hashes of N.proof (RFC 6962); compare the root with the checkpoint; check the signatures of the checkpoint with the keys
that you had before you got this packet. A key that comes with a packet proves nothing.

The packet proves what is in the log. That nothing is missing from the answer can be shown only by deriving it again from the
whole log; the last projection digest named in answer.json is what whoever does so must arrive at.
"""


def events_of_items(reader: Reader, codes: Sequence[str]) -> list[int]:
    """Return the indices of all counted events that name any of these items.

    Args:
        reader: of the ledger.
        codes: of the items.
    """
    numbers = list(reader.source.numbers(codes).values())
    return [index for index, _ in reader.events_naming(numbers, parts=_THINGS)]


def trace_document(trace: Trace) -> dict[str, Any]:
    """Return a trace as values of JSON: what it reached, the standing of everything, and the links."""
    return {
        "start": trace.start,
        "sorts": list(trace.sorts),
        "direction": trace.direction,
        "items": [
            {
                "item": item.code,
                "in_time": item.in_time,
                **({} if item.state is None else msgspec.to_builtins(item.state)),
                **({"lot_recalled": True} if item.lot_recalled else {}),
                **({} if item.where is None else {"held_by": item.where.holder, "on_its_way_to": item.where.heading}),
            }
            for item in trace.items
        ],
        "links": [{"event": link.event, "source": link.source, "target": link.target} for link in trace.links],
    }


def evidence_packet(
    log: Log,
    indices: Sequence[int],
    *,
    question: dict[str, Any],
    answer: dict[str, Any],
    trust: TrustPolicy | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an evidence packet: name and content.

    Args:
        log: in which the events stand.
        indices: of the events that the answer stands on.
        question: what was asked; values of the canonical subset.
        answer: the answer; the last projection digest is added.
        trust: take the newest checkpoint that this policy trusts, instead of simply the newest.

    Raises:
        LedgerError: `RQC-L061`, no checkpoint covers the events yet.
    """
    wanted = sorted(set(indices))
    with log.read() as view:
        digests = view.execute("SELECT through, digest FROM custody_digest ORDER BY through DESC LIMIT 1")
        digest = {"through": int(digests[0][0]), "digest": bytes(digests[0][1]).hex()} if digests else None
        yield "README.txt", _README.encode()
        yield "question.json", canonical_json(question)
        yield "answer.json", canonical_json(answer | {"events": wanted, "projection_digest": digest})
        least = wanted[-1] + 1 if wanted else 0
        yield "checkpoint", log.latest_checkpoint(least_size=least, policy=trust).encoded
        for start in range(0, len(wanted), _PROOFS_AT_ONCE):
            some = wanted[start : start + _PROOFS_AT_ONCE]
            for index, proof in zip(some, log.proofs(some, policy=trust), strict=True):
                yield f"events/{index}.json", view.entry(index).body
                yield f"events/{index}.proof", proof
