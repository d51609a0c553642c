"""What administrators state about people, and people about their own key: each a signed line of the registry, confirmed first."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from regenqc.console.access.journal import Event, Outcome, record
from regenqc.console.access.permissions import Permission
from regenqc.console.access.person import allow, signed_in
from regenqc.console.refusals import NotFound
from regenqc.console.rendering import page
from regenqc.console.site_ledger import key_file_of, people_of
from regenqc.errors import DataError, Fault, RegenqcError
from regenqc.signing.words import BINDING, KeyEnd, Role

if TYPE_CHECKING:
    from regenqc.console.application import Console
    from regenqc.signing.people import People, Person

__all__ = ["CHANGES", "router"]

router = APIRouter()
Text = Annotated[str, Form(max_length=400)]
Asked = Annotated[str, Query(max_length=400)]
Password = Annotated[str, Form(max_length=1000)]
# What may be stated, and which fields it takes beside person and reason.
CHANGES: Final[dict[str, tuple[str, ...]]] = {
    "enrolled": ("printed_name",),
    "role_granted": ("role",),
    "role_withdrawn": ("role",),
    "key_certified": ("valid_to",),
    "key_revoked": ("key_id", "basis"),
    "unlocked": (),
    "person_withdrawn": (),
}
_ADMINISTRATORS: Final = [allow(Permission.ADMINISTER)]
_ANYBODY: Final = [allow(Permission.OPEN)]


@router.get("/people/change", dependencies=_ADMINISTRATORS)
def change_form(request: Request, person_id: Asked = "") -> Response:
    """Show what may be changed about a person; without one, ask who is to be enrolled."""
    _check_site(request)
    return _change_page(
        request, person_id, dict.fromkeys(("kind", "person_id", "printed_name", "reason"), ""), faults=()
    )


@router.post("/people/confirm", dependencies=_ADMINISTRATORS)
def confirm(
    request: Request,
    kind: Text = "",
    person_id: Text = "",
    printed_name: Text = "",
    role: Text = "",
    key_id: Text = "",
    basis: Text = "",
    valid_to: Text = "",
    reason: Text = "",
) -> Response:
    """Say what would be recorded, before anybody signs it."""
    typed = {
        "kind": kind, "person_id": person_id.strip(), "printed_name": printed_name.strip(), "role": role,
        "key_id": key_id.strip(), "basis": basis, "valid_to": valid_to.strip(), "reason": reason.strip(),
    }  # fmt: skip
    _check_site(request)
    try:
        _said(request, typed)
    except RegenqcError as error:
        return _change_page(request, typed["person_id"], typed, faults=error.faults)
    return _confirm_page(request, typed, faults=())


@router.post("/people/state", dependencies=_ADMINISTRATORS)
def state(
    request: Request,
    kind: Text = "",
    person_id: Text = "",
    printed_name: Text = "",
    role: Text = "",
    key_id: Text = "",
    basis: Text = "",
    valid_to: Text = "",
    reason: Text = "",
    seen: Text = "",
    password: Password = "",
    own_password: Password = "",
) -> Response:
    """Add the statement, signed by the administrator; a new key's owner, who is present, opens it as well."""
    typed = {
        "kind": kind, "person_id": person_id, "printed_name": printed_name, "role": role, "key_id": key_id,
        "basis": basis, "valid_to": valid_to, "reason": reason,
    }  # fmt: skip
    _check_site(request)
    try:
        members = _said(request, typed)
        passwords = [(signed_in(request).person_id, password)]
        if kind == "key_certified":
            passwords.append((person_id, own_password))
        _state(request, kind, members, passwords=passwords, seen=seen)
    except RegenqcError as error:
        record(
            request, Event.PEOPLE, subject=person_id, outcome=Outcome.REFUSED, detail=f"{kind}: {error.faults[0].what}"
        )
        return _confirm_page(request, typed, faults=error.faults)
    record(request, Event.PEOPLE, subject=person_id, detail=" ".join(filter(None, (kind, role, key_id, basis))))
    return RedirectResponse("/people", status_code=303)


@router.get("/account/key", dependencies=_ANYBODY)
def own_key(request: Request) -> Response:
    """Show somebody their own key, and what is certified before its first use."""
    return _own_page(request, faults=())


@router.post("/account/key", dependencies=_ANYBODY)
def accept(request: Request, seen: Text = "", password: Password = "") -> Response:
    """Certify the first use of one's own key."""
    person_id = signed_in(request).person_id
    try:
        file = key_file_of(request.app.state.console, person_id)
        members = {"person_id": person_id, "key_id": file.key_id, "reason": BINDING}
        _state(request, "first_use_certified", members, passwords=[(person_id, password)], seen=seen)
    except RegenqcError as error:
        record(request, Event.PEOPLE, subject=person_id, outcome=Outcome.REFUSED, detail=error.faults[0].what)
        return _own_page(request, faults=error.faults)
    record(request, Event.PEOPLE, subject=person_id, detail="first_use_certified")
    return RedirectResponse("/account/key", status_code=303)


def _said(request: Request, typed: dict[str, str]) -> dict[str, Any]:
    """Return the members of a statement.

    Raises:
        DataError: `RQC-U167` there is no such change, or something of it is not said; `RQC-U168`, it is about oneself.
        SignatureError: the person has no key file here.
    """
    kind, person_id = typed["kind"], typed["person_id"]
    if kind not in CHANGES:
        raise DataError(_wrong("RQC-U167", "There is no such change.", "kind", kind, ", ".join(CHANGES)))
    if person_id == signed_in(request).person_id:
        raise DataError(
            _wrong("RQC-U168", "Nobody changes their own standing.", "person_id", person_id, "another administrator")
        )
    missing = [name for name in ("person_id", *CHANGES[kind], "reason") if not typed[name].strip()]
    known: dict[str, set[str]] = {"role": {*Role}, "basis": {*KeyEnd}}
    wrong = [name for name in CHANGES[kind] if typed[name] and name in known and typed[name] not in known[name]]
    if missing or wrong:
        raise DataError(
            *(
                _wrong("RQC-U167", "Something is not said yet.", name, "nothing", name.replace("_", " "))
                for name in missing
            ),
            *(_wrong("RQC-U167", "This is none of the list.", name, typed[name], "one of the list") for name in wrong),
        )
    console: Console = request.app.state.console
    members: dict[str, Any] = {name: typed[name] for name in ("person_id", *CHANGES[kind], "reason")}
    if kind == "key_certified":
        file = key_file_of(console, person_id)
        members |= {"key_id": file.key_id, "public_key": file.public_key, "valid_to": _last_moment(typed["valid_to"])}
    elif kind == "key_revoked":
        from regenqc.signing.moments import moment_text  # noqa: PLC0415

        members["since"] = moment_text(console.clock())
    return members


def _state(
    request: Request, kind: str, members: dict[str, Any], *, passwords: list[tuple[str, str]], seen: str
) -> None:
    """Add a statement, opened by the passwords of whoever makes it; nothing when the registry went on since it was shown."""
    from regenqc.signing.attempts import AttemptLog  # noqa: PLC0415
    from regenqc.signing.people_file import PeopleFile  # noqa: PLC0415
    from regenqc.signing.session import check_clock, unlocked_key  # noqa: PLC0415

    console: Console = request.app.state.console
    place = PeopleFile(console.settings.people / "people.jsonl", root=console.settings.people_root)
    registry, now = place.read(), console.clock()
    if registry.head != seen:
        raise DataError(
            Fault(
                code="RQC-U169",
                what="The registry went on since this page was opened; the statement may stand there already.",
                where="people.jsonl",
                action="Open the person again, and look at what stands there now.",
            )
        )
    attempts = AttemptLog(console.settings.people / "attempts.jsonl")
    check_clock(registry, attempts, now)
    opened = [
        unlocked_key(
            key_file_of(console, person_id),
            password=password,
            people=registry,
            attempts=attempts,
            purpose=kind,
            now=now,
        )
        for person_id, password in passwords
    ]
    place.append(kind, by=passwords[0][0], now=now, keys=opened, **members)


def _change_page(request: Request, person_id: str, typed: dict[str, str], *, faults: tuple[Fault, ...]) -> Response:
    console: Console = request.app.state.console
    registry, now = people_of(console), console.clock()
    person = registry.person(person_id)
    if person_id and person is None and not faults:
        raise NotFound("person", person_id)
    held = person.roles_at(now) if person is not None else frozenset()
    return page(
        request,
        "ward/people_change.html.jinja",
        status=422 if faults else 200,
        subject=person,
        typed=typed,
        held=sorted(held),
        free=[role for role in Role if role not in held],
        open_keys=[key for key in person.keys if key.revoked_since is None] if person is not None else [],
        has_new_key=person is not None and _new_key_of(console, person) is not None,
        ends=list(KeyEnd),
        faults=faults,
    )


def _confirm_page(request: Request, typed: dict[str, str], *, faults: tuple[Fault, ...]) -> Response:
    registry = people_of(request.app.state.console)
    return page(
        request,
        "ward/people_confirm.html.jinja",
        status=422 if faults else 200,
        typed=typed,
        subject=registry.person(typed["person_id"]),
        role=Role(typed["role"]) if typed["role"] in set(Role) else None,
        seen=registry.head,
        faults=faults,
    )


def _own_page(request: Request, *, faults: tuple[Fault, ...]) -> Response:
    console: Console = request.app.state.console
    registry = _registry(console)
    person = registry.person(signed_in(request).person_id) if registry is not None else None
    return page(
        request,
        "own_key.html.jinja",
        status=422 if faults else 200,
        keys=[key for key in person.keys if key.revoked_since is None] if person is not None else [],
        statement=BINDING,
        seen=registry.head if registry is not None else "",
        faults=faults,
    )


def _registry(console: Console) -> People | None:
    try:
        return people_of(console)
    except RegenqcError:
        return None


def _new_key_of(console: Console, person: Person) -> str | None:
    """Return the name of a key that lies here and was never certified."""
    try:
        found = key_file_of(console, person.person_id)
    except RegenqcError:
        return None
    return found.key_id if person.key(found.key_id) is None else None


def _last_moment(day: str) -> str:
    """Return the last moment of a day in UTC.

    Example:
        >>> _last_moment("2028-12-31")
        '2028-12-31T23:59:59+00:00'
    """
    from regenqc.signing.moments import moment_text  # noqa: PLC0415

    try:
        found = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise DataError(_wrong("RQC-U167", "This is no day.", "valid_to", day, "as 2028-12-31")) from error
    return moment_text(datetime.combine(found, time(23, 59, 59), UTC))


def _check_site(request: Request) -> None:
    console: Console = request.app.state.console
    if not signed_in(request).sees(console.settings.site):
        raise NotFound("registry", console.settings.site)


def _wrong(code: str, what: str, where: str, got: str, expected: str) -> Fault:
    return Fault(code=code, what=what, where=where, got=got or "nothing", expected=expected)
