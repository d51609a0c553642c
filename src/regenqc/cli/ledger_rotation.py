"""`regenqc ledger rotate`: another key for the log, said by the log itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import (
    Home,
    HomeOption,
    Ledger,
    moment_now,
    open_book,
    read_file,
    read_policy,
    read_secret_key,
    read_site,
    seconds_now,
    write_file,
)
from regenqc.cli.ledger_screen import print_facts, print_line

if TYPE_CHECKING:
    from regenqc.custody import Event
    from regenqc.custody.site import Site
    from regenqc.ledger import Policy
    from regenqc.ledger.note import Signer, Verifier

__all__ = ["rotate_command"]


def rotate_command(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is recorded.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    old_is_lost: Annotated[
        bool, typer.Option("--old-is-lost", help="The old key is lost or stolen: it does not sign once more.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the checkpoint into this file.")] = None,
) -> None:
    """Give the log another key: recorded as events, signed by the old and the new key, and followed by the new one alone.

    A command that was interrupted is completed by calling it again.

    Example: regenqc ledger rotate --reason "yearly change" --out rotated.checkpoint
    """
    from regenqc.ledger import CheckpointMemory, parse_public_key

    place, site, trust = Home(home), read_site(home), read_policy(None, home)
    old = parse_public_key(read_file(place.public_key).decode(errors="replace"))
    with open_book(ledger, site=site) as book:
        new = _next_key(place, book.log.origin)
        if new.verifier.text != old.text:
            for event in _events(site, old, new.verifier, reason=reason):
                if book.log.find(event.event_id.encode()) is None:
                    book.append_one(event)
        # With the old key once more: whoever has pinned that one sees by it which is the next.
        present = new if old_is_lost or not place.key.exists() else read_secret_key(place.key)
        signers = [new] if present.verifier == new.verifier else [present, new]
        signed = book.log.checkpoint(*signers, memory=CheckpointMemory(place.signed), now=seconds_now())
    retired = _put_in_place(place, old, new.verifier, trust)
    if out is not None:
        write_file(out, signed.encoded, replace=True)
    print_line(f"{signed.origin} signs with another key from {signed.size:,} entries on.", good=True)
    print_facts(
        [
            ("new key", f"{place.key}, secret: keep a copy elsewhere"),
            ("public key", new.verifier.text),
            ("policy", f"{place.policy}, to be handed to whoever verifies, by another way than the network"),
            ("old key", f"{retired}: destroy it and its copies" if retired else None),
            ("signed by", ", ".join(f"{each.name}+{each.key_id.hex()}" for each in signed.note.signatures)),
            ("written to", out),
        ]
    )


def _next_key(place: Home, origin: str) -> Signer:
    """Return the key that is to follow; made once, so that a command that was interrupted goes on with it."""
    import secrets

    from regenqc.ledger import make_key

    if not place.next_key.exists():
        secret = make_key(origin, purpose="log", random=secrets.token_bytes)
        write_file(place.next_key, f"{secret}\n".encode(), mode=0o600)
    return read_secret_key(place.next_key)


def _events(site: Site, old: Verifier, new: Verifier, *, reason: str) -> tuple[Event, Event]:
    from regenqc.custody.digest_names import digest_name
    from regenqc.custody.privacy import LOG_ACTOR

    now = moment_now()
    return (
        site.recorded(
            "actor_enrolled", now=now, event_id=digest_name("LOG-KEY-IN-FORCE", new.text.encode()), person=LOG_ACTOR,
            roles=("system",), keys=(new.text,),
        ),
        site.recorded(
            "key_revoked", now=now, event_id=digest_name("LOG-KEY-REVOKED", old.text.encode()), person=LOG_ACTOR,
            keys=(old.text,), reason=reason,
        ),
    )  # fmt: skip


def _put_in_place(place: Home, old: Verifier, new: Verifier, trust: Policy) -> Path | None:
    """Change the files of the home, the staged key last; return where the old secret key is now."""
    if new.text not in {key.text for key in trust.logs}:
        logs = (new, *trust.logs)
        write_file(place.policy, replace(trust, logs=logs).text.encode(), replace=True)
    retired = place.folder / f"log-{old.key_id.hex()}.retired.key"
    secret = read_file(place.next_key)
    if place.key.exists() and read_file(place.key) != secret:
        write_file(retired, read_file(place.key), mode=0o600, replace=True)
    write_file(place.key, secret, mode=0o600, replace=True)
    write_file(place.public_key, f"{new.text}\n".encode(), replace=True)
    place.next_key.unlink()
    return retired if retired.exists() else None
