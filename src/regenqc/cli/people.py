"""`regenqc people`: who may sign, in which role, with which key, and who tried to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import AsJson, write_file
from regenqc.cli.ledger_screen import print_facts, print_json, print_line, print_table
from regenqc.cli.signing_place import (
    Key,
    PasswordFile,
    PeopleFolder,
    Root,
    attempt_log,
    key_file,
    new_password,
    people_file,
    present,
    read_password,
    stated_moment,
)
from regenqc.errors import Fault, UsageError
from regenqc.signing.words import BINDING, KeyEnd, Role

if TYPE_CHECKING:
    from datetime import datetime

    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people import CertifiedKey, People
    from regenqc.signing.people_file import PeopleFile

__all__ = ["app"]

app = typer.Typer(
    help="People who sign: enrolment, roles, keys, attempts.", no_args_is_help=True, rich_markup_mode="rich"
)

Who = Annotated[str, typer.Argument(help="Pseudonym, as QP-0001.")]
By = Annotated[str, typer.Option("--by", help="Pseudonym of the administrator.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays on record.")]
_PEOPLE = Path("people")


@app.command("found")
def found_command(
    site: Annotated[str, typer.Option("--site", help="Name of the site, as decisions state it.")],
    person: Annotated[str, typer.Option("--person", help="Pseudonym of the first administrator.")],
    name: Annotated[str, typer.Option("--name", help="Their printed name.")],
    key: Key,
    valid_to: Annotated[str, typer.Option("--valid-to", help="Moment at which their key expires.")],
    lockout_after: Annotated[int, typer.Option("--lockout-after", min=1, help="Failed attempts in a row.")],
    session_seconds: Annotated[int, typer.Option("--session-seconds", min=1, help="A session ends when idle so long.")],
    clock_tolerance_seconds: Annotated[
        int, typer.Option("--clock-tolerance-seconds", min=0, help="How far two clocks may differ.")
    ],
    shortest_password: Annotated[int, typer.Option("--shortest-password", min=1, help="Characters.")],
    review_required: Annotated[
        bool, typer.Option("--review-required", help="Every decision needs an author and a reviewer as well.")
    ] = False,
    people: PeopleFolder = _PEOPLE,
    password_file: PasswordFile = None,
) -> None:
    """Found a registry of people. The numbers are the site's own: no regulation names them, so there is no default.

    Example: regenqc people found --site MAKER-1 --person ADMIN-001 --name "B. Example" --key keys/admin.key --valid-to 2028-12-31T23:59:59Z --lockout-after 5 --session-seconds 900 --clock-tolerance-seconds 60 --shortest-password 12
    """
    from regenqc.signing.opening import open_any_key
    from regenqc.signing.statement import Settings

    file = key_file(key)
    opened = open_any_key(file, password=read_password(person, file=password_file))
    registry = people_file(people).append(
        "founded",
        found=True,
        by=person,
        now=present(),
        keys=[opened],
        site=site,
        settings=Settings(
            lockout_after=lockout_after,
            session_seconds=session_seconds,
            clock_tolerance_seconds=clock_tolerance_seconds,
            shortest_password=shortest_password,
            review_required=review_required,
        ),
        person_id=person,
        printed_name=name,
        key_id=file.key_id,
        public_key=file.public_key,
        valid_to=stated_moment(valid_to, "--valid-to"),
        reason="first administrator",
    )
    print_line(f"The registry of people of {site} is founded.", good=True)
    print_facts([("folder", people), ("administrator", f"{person} {name}"), ("root", f"{registry.root}, to be pinned")])


@app.command("settings")
def settings_command(
    by: By,
    key: Key,
    reason: Why,
    lockout_after: Annotated[
        int | None, typer.Option("--lockout-after", min=1, help="Failed attempts in a row.")
    ] = None,
    session_seconds: Annotated[
        int | None, typer.Option("--session-seconds", min=1, help="A session ends when idle so long.")
    ] = None,
    clock_tolerance_seconds: Annotated[
        int | None, typer.Option("--clock-tolerance-seconds", min=0, help="How far two clocks may differ.")
    ] = None,
    shortest_password: Annotated[int | None, typer.Option("--shortest-password", min=1, help="Characters.")] = None,
    review_required: Annotated[
        bool | None, typer.Option("--review-required/--no-review", help="Whether decisions need author and reviewer.")
    ] = None,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
) -> None:
    """Change what the site decided about signing; decisions made before keep the rules of their time.

    Example: regenqc people settings --review-required --reason "CC-12" --by ADMIN-001 --key keys/admin.key
    """
    from regenqc.signing.statement import Settings

    known = people_file(people, root).read().settings
    if known is None:
        raise UsageError(Fault(code="RQC-U129", what="Nothing was decided yet.", action="Run: regenqc people found"))
    stated = {
        "lockout_after": lockout_after,
        "session_seconds": session_seconds,
        "clock_tolerance_seconds": clock_tolerance_seconds,
        "shortest_password": shortest_password,
        "review_required": review_required,
    }
    changed: dict[str, Any] = {name: getattr(known, name) if value is None else value for name, value in stated.items()}
    _state(people, root, "settings_changed", by, key, password_file, settings=Settings(**changed), reason=reason)
    print_line("From now on:", good=True, detail=reason)
    print_facts([(name.replace("_", " "), str(value)) for name, value in changed.items()])


@app.command("key")
def key_command(
    person: Who,
    out: Annotated[Path, typer.Option("--out", "-o", help="Key file; FILE.pub is the line for `ledger enrol`.")],
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
    work_factor: Annotated[
        int, typer.Option("--work-factor", help="Cost of scrypt, a power of two from 16384 to 1048576.")
    ] = 2**17,
    token: Annotated[
        str, typer.Option("--token", help="Label of a token (PKCS#11) on which the key is; the PIN is the password.")
    ] = "",
) -> None:
    """Make a key of your own, in a file that only your password opens, or on a token.

    REGENQC_PKCS11_MODULE names the library that talks to the token.

    Example: regenqc people key QP-0001 --out keys/qp.key
    """
    from base64 import b64decode

    from regenqc.ledger.note import ED25519_TYPE, key_text
    from regenqc.signing.keys import key_file_bytes

    if token:
        from regenqc.signing.tokens import create_token_key

        pin = read_password(person, file=password_file)
        on_token = create_token_key(person, token=token, pin=pin, made_at=present())
        data, key_id, public_key, detail = (
            key_file_bytes(on_token),
            on_token.key_id,
            on_token.public_key,
            f"on token {token}",
        )
    else:
        made = _file_key(person, people_file(people, root), password_file, work_factor)
        data, key_id, public_key = key_file_bytes(made), made.key_id, made.public_key
        detail = "encrypted; only its owner knows the password"
    write_file(out, data, mode=0o600)
    public = key_text(person, ED25519_TYPE, b64decode(public_key))
    write_file(out.with_name(f"{out.name}.pub"), f"{public}\n".encode())
    print_line(f"{out} is the key of {person}.", good=True, detail=detail)
    print_facts([("key", key_id), ("for the ledger", f"{out}.pub")])


def _file_key(person: str, place: PeopleFile, password_file: Path | None, work_factor: int) -> KeyFile:
    import secrets

    from regenqc.signing.keys import create_key

    if work_factor.bit_count() != 1 or not 2**14 <= work_factor <= 2**20:
        raise UsageError(
            Fault(
                code="RQC-U123",
                what="scrypt has no such cost.",
                where="--work-factor",
                got=str(work_factor),
                expected="a power of two from 16384 to 1048576",
            )
        )
    settings = place.read().settings if place.path.exists() else None
    shortest = settings.shortest_password if settings is not None else 1
    password = new_password(person, file=password_file, shortest=shortest)
    return create_key(person, password=password, random=secrets.token_bytes, made_at=present(), work_factor=work_factor)


@app.command("enrol")
def enrol_command(
    person: Who,
    name: Annotated[str, typer.Option("--name", help="Name as it is printed under signatures.")],
    identity: Annotated[str, typer.Option("--identity", help="How the identity was verified.")],
    by: By,
    key: Key,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
) -> None:
    """Enrol a person, after verifying who they are.

    Example: regenqc people enrol QP-0001 --name "A. Example" --identity "passport seen" --by ADMIN-001 --key keys/admin.key
    """
    _state(people, root, "enrolled", by, key, password_file, person_id=person, printed_name=name, reason=identity)
    print_line(f"{person} {name} is enrolled.", good=True, detail="no role and no key yet")


@app.command("grant")
def grant_command(
    person: Who,
    role: Annotated[Role, typer.Argument(help="Role.")],
    by: By,
    key: Key,
    reason: Why,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
) -> None:
    """Grant a role. Administrators and service accounts hold no other, and sign no document.

    Example: regenqc people grant QP-0001 qualified_person --reason "appointed 2026-01-15" --by ADMIN-001 --key keys/admin.key
    """
    _state(people, root, "role_granted", by, key, password_file, person_id=person, role=role.value, reason=reason)
    print_line(f"{person} is {role.printed}.", good=True)


@app.command("certify-key")
def certify_key_command(
    person: Who,
    own_key: Annotated[Path, typer.Argument(help="Key file of the person, who is present.")],
    valid_to: Annotated[str, typer.Option("--valid-to", help="Moment at which the key expires.")],
    by: By,
    key: Key,
    reason: Why,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
    own_password_file: Annotated[
        Path | None, typer.Option("--own-password-file", help="File with the person's password; asked for otherwise.")
    ] = None,
) -> None:
    """Certify the key of a person. It takes both: the administrator, and the owner who opens the key.

    Example: regenqc people certify-key QP-0001 keys/qp.key --valid-to 2028-12-31T23:59:59Z --reason "first key" --by ADMIN-001 --key keys/admin.key
    """
    from regenqc.signing.session import check_clock, unlocked_key

    place, attempts, now = people_file(people, root), attempt_log(people), present()
    registry = place.read()
    check_clock(registry, attempts, now)
    files = (key_file(key), key_file(own_key))
    passwords = (read_password(by, file=password_file), read_password(person, file=own_password_file))
    opened = [
        unlocked_key(file, password=password, people=registry, attempts=attempts, purpose="key_certified", now=now)
        for file, password in zip(files, passwords, strict=True)
    ]
    place.append(
        "key_certified",
        by=by,
        now=now,
        keys=opened,
        person_id=person,
        key_id=files[1].key_id,
        public_key=files[1].public_key,
        valid_to=stated_moment(valid_to, "--valid-to"),
        reason=reason,
    )
    print_line(f"The key of {person} is certified until {valid_to}.", good=True, detail=files[1].key_id)
    print_line("", detail=f"before the first use: regenqc people accept {person} --key {own_key}")


@app.command("accept")
def accept_command(
    person: Who,
    key: Key,
    statement: Annotated[str, typer.Option("--statement", help="What the person certifies.")] = BINDING,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
) -> None:
    """Certify the first use of your own key (21 CFR 11.100(c)); without it nothing is signed.

    Example: regenqc people accept QP-0001 --key keys/qp.key
    """
    file = key_file(key)
    _state(
        people,
        root,
        "first_use_certified",
        person,
        key,
        password_file,
        person_id=person,
        key_id=file.key_id,
        reason=statement,
    )
    print_line(f"{person} may sign with {file.key_id}.", good=True, detail=statement)


@app.command("revoke")
def revoke_command(
    person: Who,
    by: By,
    key: Key,
    reason: Why,
    role: Annotated[Role | None, typer.Option("--role", help="Withdraw this role.")] = None,
    key_id: Annotated[str, typer.Option("--key-id", help="Revoke this key.")] = "",
    as_: Annotated[KeyEnd, typer.Option("--as", help="Why the key ends.")] = KeyEnd.SUPERSEDED,
    since: Annotated[str, typer.Option("--since", help="Moment from which the key does not count; default now.")] = "",
    everything: Annotated[bool, typer.Option("--person-left", help="Withdraw the person with all roles.")] = False,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
) -> None:
    """Withdraw a role, revoke a key, or withdraw a person. What they signed before stays signed.

    Example: regenqc people revoke QP-0001 --key-id ed25519:… --as lost --reason "INC-7" --by ADMIN-001 --key keys/admin.key
    """
    if [role is not None, bool(key_id), everything].count(True) != 1:
        raise UsageError(
            Fault(
                code="RQC-U124",
                what="One of --role, --key-id and --person-left is needed.",
                action="Revoke one thing at a time: each is a statement of its own.",
            )
        )
    if role is not None:
        kind, members = "role_withdrawn", {"role": role.value}
    elif key_id:
        moment = stated_moment(since, "--since") if since else stated_moment(present().isoformat(), "--since")
        kind, members = "key_revoked", {"key_id": key_id, "basis": as_.value, "since": moment}
    else:
        kind, members = "person_withdrawn", {}
    _state(people, root, kind, by, key, password_file, person_id=person, reason=reason, **members)
    what = role.printed if role is not None else (f"key {key_id}" if key_id else "everything")
    print_line(f"{person}: {what} is revoked.", good=True, detail=reason)


@app.command("unlock")
def unlock_command(
    person: Who,
    by: By,
    key: Key,
    reason: Why,
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    password_file: PasswordFile = None,
) -> None:
    """Let a person sign again who was locked out by failed attempts.

    Example: regenqc people unlock QP-0001 --reason "forgot the password, identity verified" --by ADMIN-001 --key keys/admin.key
    """
    _state(people, root, "unlocked", by, key, password_file, person_id=person, reason=reason)
    print_line(f"{person} may try again.", good=True)


@app.command("list")
def list_command(
    people: PeopleFolder = _PEOPLE,
    root: Root = "",
    attempts: Annotated[bool, typer.Option("--attempts", help="Show the attempts to sign instead.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Show every statement instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who may sign now, in which roles, until when.

    Example: regenqc people list --people people
    """
    registry = people_file(people, root).read()
    if attempts:
        tried = attempt_log(people).read()
        if as_json:
            print_json(
                [{"at": one.at, "who": one.person_id, "for": one.purpose, "outcome": one.outcome} for one in tried]
            )
        else:
            told = [(one.at, one.person_id, one.outcome, one.purpose) for one in tried]
            print_table(("when", "who", "outcome", "for"), told, empty="Nobody tried to sign yet.")
        return
    if history:
        lines = [
            (each.made_at, each.by, each.kind.replace("_", " "), each.person_id, each.role or each.key_id, each.reason)
            for each in registry.statements
        ]
        if as_json:
            print_json(lines)
        else:
            print_table(("when", "by", "what", "who", "role or key", "why"), lines, empty="Nothing is stated yet.")
        return
    now = present()
    rows = [
        (
            person.person_id,
            person.printed_name,
            ", ".join(sorted(person.roles_at(now))) or "no role",
            "; ".join(_key_words(key, now, person.roles_at(now)) for key in person.keys) or "no key",
        )
        for person in registry.people.values()
    ]
    if as_json:
        print_json([dict(zip(("person", "name", "roles", "keys"), row, strict=True)) for row in rows])
        return
    print_table(("person", "name", "roles", "keys"), rows, empty="Nobody is enrolled yet.")
    print_line("", detail=f"site {registry.site}, root {registry.root}")


def _key_words(key: CertifiedKey, now: datetime, roles: frozenset[Role]) -> str:
    from regenqc.signing.moments import moment_text
    from regenqc.signing.words import SIGNING_ROLES

    name = key.key_id.removeprefix("ed25519:")[:8]
    if key.revoked_since is not None:
        return f"{name} {key.revoked_as} since {moment_text(key.revoked_since)}"
    if now >= key.valid_to:
        return f"{name} expired {moment_text(key.valid_to)}"
    used = ", first use not certified" if key.first_used is None and roles & SIGNING_ROLES else ""
    return f"{name} until {moment_text(key.valid_to)}{used}"


def _state(
    people: Path, root: str, kind: str, by: str, key: Path, password_file: Path | None, **members: Any
) -> People:
    """Make one statement with the key of whoever makes it."""
    from regenqc.signing.session import check_clock, unlocked_key

    place, attempts, now = people_file(people, root), attempt_log(people), present()
    registry = place.read()
    check_clock(registry, attempts, now)
    file = key_file(key)
    opened = unlocked_key(
        file,
        password=read_password(by, file=password_file),
        people=registry,
        attempts=attempts,
        purpose=kind,
        now=now,
    )
    return place.append(kind, by=by, now=now, keys=[opened], **members)
