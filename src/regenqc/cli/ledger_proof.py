"""`regenqc ledger verify`, `checkpoint`, `prove`, `check`: what makes a ledger believable, and who checks it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from regenqc.cli.ledger_place import (
    AsJson,
    Home,
    HomeOption,
    Ledger,
    PolicyFile,
    open_book,
    open_log,
    read_file,
    read_files,
    read_policy,
    read_policy_if_any,
    read_secret_key,
    read_site,
    seconds_now,
    write_file,
)
from regenqc.cli.ledger_screen import print_facts, print_json, print_line, print_table
from regenqc.errors import Fault, UsageError, fault_value

if TYPE_CHECKING:
    from regenqc.ledger import Log, StoredEntry, Verification

__all__ = [
    "check_command",
    "checkpoint_command",
    "entry_named",
    "print_verification",
    "prove_command",
    "stamp_command",
    "verification_value",
    "verify_command",
]

# Below this a second process would take longer to start than it saves.
_WORTH_A_SECOND_PROCESS: Final = 50_000
# One process follows the log from event to event; more than these would only wait for it.
_MOST_PROCESSES: Final = 3


def verify_command(
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    outside: Annotated[
        list[Path] | None, typer.Option("--outside", help="Checkpoint or proof held elsewhere; several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the tree, judge every event again, derive every table again; compare with everything that was signed.

    Leaves with 5 when anything differs. Without --outside, a whole ledger made anew with the log's own key passes.

    Example: regenqc ledger verify --outside cosigned.checkpoint
    """
    trust = read_policy(policy, home)
    rules = read_site(home).policy
    held = [_checkpoint_in(data) for data in read_files(outside or [])]
    with open_book(ledger, rules=rules, read_only=True) as book:
        processes = min(os.cpu_count() or 1, _MOST_PROCESSES) if book.log.size >= _WORTH_A_SECOND_PROCESS else 1
        found = book.verify(trust=trust, outside=held, processes=processes)
    if as_json:
        print_json(verification_value(found))
    else:
        print_verification(found, has_outside=bool(held))
    raise typer.Exit(0 if found.ok else 5)


def checkpoint_command(
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    key: Annotated[
        list[Path] | None, typer.Option("--key", help="Secret key of the log; several sign together.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the checkpoint into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sign what the ledger is now; refused when it is smaller than, or no continuation of, what was signed before.

    Example: regenqc ledger checkpoint --out ledger.checkpoint
    """
    from regenqc.custody.log_keys import check_may_sign
    from regenqc.ledger import CheckpointMemory, Log

    place = Home(home)
    signers = [read_secret_key(path) for path in key or [place.key]]
    # For reading first: what is not there is not made.
    with open_book(ledger, read_only=True) as book, book.read() as view:
        check_may_sign(view, [signer.verifier for signer in signers], origin=book.log.origin)
    with Log.open(ledger) as log:
        signed = log.checkpoint(*signers, memory=CheckpointMemory(place.signed), now=seconds_now())
    if out is not None:
        write_file(out, signed.encoded, replace=True)
    if as_json:
        print_json(
            {"origin": signed.origin, "size": signed.size, "root": signed.root.hex(), "note": signed.encoded.decode()}
        )
        return
    print_line(f"{signed.size:,} entries are signed.", good=True, detail=f"root {signed.root.hex()[:16]}…")
    if out is not None:
        print_facts([("written to", out)])


def prove_command(
    what: Annotated[list[str], typer.Argument(help="Event_ids, or indices of entries.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")] = Path(),
) -> None:
    """Write events with their proofs: two small files each, to be checked anywhere without a network.

    Example: regenqc ledger prove 17 --out packet
    """
    trust = read_policy_if_any(policy, home)
    with open_log(ledger) as log:
        entries = [entry_named(log, each) for each in what]
        proofs = log.proofs([entry.index for entry in entries], policy=trust)
    for entry, proof in zip(entries, proofs, strict=True):
        write_file(out / f"event-{entry.index}.json", entry.body, replace=True)
        write_file(out / f"event-{entry.index}.tlog-proof", proof, replace=True)
        size = len(entry.body) + len(proof)
        print_line(f"{out / f'event-{entry.index}.tlog-proof'}", detail=f"with event-{entry.index}.json {size:,} bytes")


def check_command(
    event: Annotated[Path, typer.Argument(help="File of the event, exactly as it was handed over.")],
    proof: Annotated[Path, typer.Argument(help="Its .tlog-proof file.")],
    policy: Annotated[Path, typer.Option("--policy", help="Whom you believe: keys that you had before.")],
    as_json: AsJson = False,
) -> None:
    """Check offline that an event is in a log: no network, no database, no trust in the sender.

    Leaves with 5 when it is not shown.

    Example: regenqc ledger check event-17.json event-17.tlog-proof --policy policy.txt
    """
    from regenqc.ledger.policy import parse_policy
    from regenqc.ledger.proof import verify_proof

    trust = parse_policy(read_file(policy).decode(errors="replace"))
    found = verify_proof(read_file(proof), read_file(event), policy=trust, now=seconds_now())
    signed = found.trusted.signed
    witnesses = [witness.name for witness in found.trusted.witnesses]
    if as_json:
        print_json(
            {
                "verified": True,
                "origin": signed.origin,
                "index": found.index,
                "size": signed.size,
                "leaf": found.leaf.hex(),
                "witnesses": witnesses,
                "witnessed_at": found.trusted.witnessed_at,
            }
        )
        return
    print_line(f"This event is entry {found.index:,} of {signed.origin}.", good=True)
    print_facts(
        [
            ("under", f"a checkpoint of {signed.size:,} entries"),
            ("signed by", found.trusted.log.name),
            ("cosigned by", ", ".join(witnesses) or "nobody: only the log itself says so"),
            ("not shown", "that nothing else was recorded; that takes the whole log"),
        ]
    )


def stamp_command(
    checkpoint: Annotated[Path, typer.Argument(help="File of a checkpoint.")],
    url: Annotated[str, typer.Option("--url", help="Authority to be asked, over HTTP (RFC 3161).")] = "",
    request: Annotated[Path | None, typer.Option("--request", help="Or: write the request into this file.")] = None,
    response: Annotated[
        Path | None, typer.Option("--response", help="File of the authority's response; checked when it is there.")
    ] = None,
    root: Annotated[
        list[Path] | None, typer.Option("--root", help="Trusted root certificate, PEM; several times.")
    ] = None,
) -> None:
    """Have a checkpoint time-stamped by an authority, or check a stamp: when it had been signed at the latest.

    Leaves with 5 when the stamp is not one of this checkpoint by a trusted authority.

    Example: regenqc ledger stamp ledger.checkpoint --request to-authority.tsq
    """
    from regenqc.ledger import parse_signed_checkpoint
    from regenqc.ledger.timestamps import fetch_timestamp, timestamp_request, verify_timestamp

    signed = parse_signed_checkpoint(read_file(checkpoint))
    if request is not None:
        write_file(request, timestamp_request(signed), replace=True)
        print_line(f"The request is written: {request}", good=True)
        return
    if response is None or not root:
        raise UsageError(
            Fault(
                code="RQC-U108",
                what="A stamp is kept in a file and checked with a certificate that is trusted.",
                got="neither --request nor both of --response and --root",
                expected="--request FILE, or --response FILE --root PEM, with --url to fetch it first",
                action="Pin the root certificate that the authority publishes.",
            )
        )
    data = fetch_timestamp(signed, url) if url else read_file(response)
    stamped_at = verify_timestamp(signed, data, roots=read_files(root))
    if url:
        write_file(response, data)
    print_line(f"{signed.size:,} entries of {signed.origin} were signed by {stamped_at.isoformat()}.", good=True)


def entry_named(log: Log, what: str) -> StoredEntry:
    """Return an entry by its event_id, or by its index.

    Raises:
        UsageError: `RQC-U103`, there is none.
    """
    found = log.find(what.encode()) if what else None
    if found is None and what.isascii() and what.isdigit() and int(what) < log.size:
        found = log.entry(int(what))
    if found is None:
        raise UsageError(
            Fault(
                code="RQC-U103",
                what="The ledger has no such entry.",
                got=what,
                expected=f"an event_id, or an index from 0 to {log.size - 1}" if log.size else "an entry; it has none",
                action="Check the spelling.",
            )
        )
    return found


def verification_value(found: Verification) -> dict[str, object]:
    """Return the outcome of a verification as values of JSON."""
    return {
        "ok": found.ok,
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "unsigned_tail": found.unsigned_tail,
        "unwitnessed_tail": found.unwitnessed_tail,
        "counts": dict(found.counts),
        "detections": [{"detector": each.detector, **fault_value(each.fault)} for each in found.detections],
    }


def print_verification(found: Verification, *, has_outside: bool) -> None:
    """Print the outcome of a verification: what is wrong, and what nobody could have seen."""
    total = sum(count for _, count in found.counts)
    if found.ok:
        print_line(f"{found.size:,} entries verify.", good=True, detail=f"root {found.root.hex()[:16]}…")
    else:
        print_line(f"The ledger does not verify: {total:,} differences.", good=False)
        print_table(
            ("detector", "code", "what", "where", "got", "expected"),
            [
                (each.detector, each.fault.code, each.fault.what, each.fault.where, each.fault.got, each.fault.expected)
                for each in found.detections
            ],
            empty="",
        )
    unseen = f"{found.unwitnessed_tail:,} entries" if has_outside else "no checkpoint from elsewhere was compared"
    print_facts([("not yet signed", f"{found.unsigned_tail:,} entries"), ("not seen by others", unseen)])


def _checkpoint_in(data: bytes) -> bytes:
    """Return the checkpoint of a file, which may be a proof that was handed out."""
    from regenqc.ledger.proof import parse_proof

    return parse_proof(data).checkpoint if data.startswith(b"c2sp.org/tlog-proof@v1") else data
