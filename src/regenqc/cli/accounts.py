"""`regenqc console`: who may sign in to the console, which machines may call it, and the journal of who had access to what."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import AsJson  # noqa: TC001 - typer reads it when the command runs
from regenqc.cli.ledger_screen import print_facts, print_json, print_line, print_table
from regenqc.cli.serve import console_clock
from regenqc.cli.signing_place import PasswordFile, new_password, stated_moment
from regenqc.errors import LedgerError, fault_value

if TYPE_CHECKING:
    from regenqc.console.access.office import Office

__all__ = ["app"]

app = typer.Typer(
    help="Accounts, keys of service accounts and the journal of the console.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Home = Annotated[Path, typer.Option("--home", help="Folder of the console.", envvar="REGENQC_CONSOLE_HOME")]
Who = Annotated[str, typer.Argument(help="Identifier of a person of the registry, as QP-0001.")]
Machine = Annotated[str, typer.Argument(help="Identifier with the role service, as LIMS-0001.")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Sites that may be seen; none means every one.")]
By = Annotated[str, typer.Option("--by", help="Who does it, for the journal.")]
_HOME = Path("console")
_BY = "command line"


@app.command("add")
def add_command(
    person: Who, home: Home = _HOME, site: Sites = None, password_file: PasswordFile = None, by: By = _BY
) -> None:
    """Create the account of a person of the registry; the first one is that of an administrator.

    Prints a password for the first sign-in, which is changed there. With --password-file its owner has chosen it.

    Example: regenqc console add ADMIN-001 --home console
    """
    from regenqc.console.access.accounts import create_account, one_time_password

    office = _office(home)
    password = (
        new_password(person, file=password_file, shortest=office.shortest_password)
        if password_file is not None
        else one_time_password()
    )
    create_account(office, person, password=password, by=by, sites=site or (), must_change=password_file is None)
    print_line(f"{person} may sign in.", good=True)
    if password_file is None:
        _print_password(password)


@app.command("reset")
def reset_command(
    person: Who,
    home: Home = _HOME,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Take the second factor away as well; another one is enrolled.")
    ] = False,
    by: By = _BY,
) -> None:
    """Give an account a password for one sign-in; its sessions end, and a closed account is open again.

    Example: regenqc console reset QP-0001 --home console --second-factor
    """
    from regenqc.console.access.accounts import one_time_password, reset_account

    password = one_time_password()
    reset_account(_office(home), person, password=password, by=by, second_factor=second_factor)
    print_line(f"{person} may sign in again.", good=True)
    _print_password(password)


@app.command("close")
def close_command(person: Who, home: Home = _HOME, by: By = _BY) -> None:
    """Close an account; its sessions end at once.

    Example: regenqc console close QP-0001 --home console
    """
    from regenqc.console.access.accounts import close_account

    close_account(_office(home), person, by=by)
    print_line(f"{person} may not sign in.", good=True)


@app.command("unlock")
def unlock_command(person: Who, home: Home = _HOME, by: By = _BY) -> None:
    """Let a name that was locked out after failures try again.

    Example: regenqc console unlock QP-0001 --home console
    """
    from regenqc.console.access.lockout import unlock

    unlock(_office(home), name=person, by=by)
    print_line(f"{person} may try again.", good=True)


@app.command("sites")
def sites_command(person: Who, home: Home = _HOME, site: Sites = None, by: By = _BY) -> None:
    """State whose lots and chains an account may see; without --site, those of every one.

    Example: regenqc console sites INSP-0001 --site HOSPITAL-1 --home console
    """
    from regenqc.console.access.accounts import restrict_to_sites

    restrict_to_sites(_office(home), person, sites=site or (), by=by)
    print_line(f"{person} sees {', '.join(site) if site else 'every site'}.", good=True)


@app.command("link")
def link_command(
    person: Who,
    home: Home = _HOME,
    subject: Annotated[
        str, typer.Option("--subject", help="Subject (`sub`) as the identity provider states it; empty for none.")
    ] = "",
    by: By = _BY,
) -> None:
    """Tie an account to a subject of the identity provider; none is ever tied or made by itself.

    Example: regenqc console link QP-0001 --subject 248289761001 --home console
    """
    from regenqc.console.access.accounts import link_subject

    link_subject(_office(home), person, subject=subject, by=by)
    print_line(f"{person} is {'tied to' if subject else 'no longer tied to'} the identity provider.", good=True)


@app.command("list")
def list_command(home: Home = _HOME, as_json: AsJson = False) -> None:
    """List accounts with the roles that their owners hold now.

    Example: regenqc console list --home console
    """
    from regenqc.console.access.accounts import accounts

    office = _office(home)
    rows = []
    for account in accounts(office):
        roles = office.registry.roles(account.person_id, now=office.clock())
        state = "closed" if account.closed_at is not None else "open"
        if state == "open" and account.must_change:
            state = "password to be changed"
        factor = "second factor" if account.secret else ""
        provider = "identity provider" if account.subject else ""
        rows.append(
            {
                "person": account.person_id,
                "roles": ", ".join(sorted(role.value for role in roles)) or "none",
                "sites": ", ".join(sorted(account.sites)) or "every one",
                "state": state,
                "sign-in": ", ".join(each for each in ("password", factor, provider) if each),
            }
        )
    if as_json:
        print_json(rows)
        return
    titles = ("person", "roles", "sites", "state", "sign-in")
    print_table(titles, ([row[title] for title in titles] for row in rows), empty="No account; regenqc console add")


@app.command("key")
def key_command(
    machine: Machine,
    expires: Annotated[str, typer.Option("--expires", help="Moment at which the key ends, with zone.")],
    home: Home = _HOME,
    note: Annotated[str, typer.Option("--note", help="What it is for.")] = "",
    site: Sites = None,
    by: By = _BY,
) -> None:
    """Make a key of a service account, and print it this once. A LIMS sends it as `Authorization: Bearer KEY`.

    Example: regenqc console key LIMS-0001 --expires 2027-12-31T23:59:59Z --note "LIMS of the laboratory" --home console
    """
    from regenqc.console.access.service_keys import create_service_key
    from regenqc.signing.moments import read_moment

    key = create_service_key(
        _office(home),
        machine,
        by=by,
        expires_at=read_moment(stated_moment(expires, "--expires")),
        note=note,
        sites=site or (),
    )
    print_line(f"{machine} has a key until {expires}.", good=True, detail="shown this once")
    typer.echo(key)


@app.command("keys")
def keys_command(home: Home = _HOME, as_json: AsJson = False) -> None:
    """List the keys of service accounts by their first characters.

    Example: regenqc console keys --home console
    """
    from regenqc.console.access.service_keys import service_keys

    office = _office(home)
    now = int(office.clock().timestamp())
    rows = [
        {
            "key": each.key_id,
            "machine": each.person_id,
            "note": each.note,
            "sites": ", ".join(sorted(each.sites)) or "every one",
            "ends": _day(each.expires_at),
            "last used": _day(each.used_at) if each.used_at else "never",
            "state": "revoked" if each.revoked_at else ("ended" if each.expires_at <= now else "counts"),
        }
        for each in service_keys(office)
    ]
    if as_json:
        print_json(rows)
        return
    titles = ("key", "machine", "note", "sites", "ends", "last used", "state")
    print_table(titles, ([row[title] for title in titles] for row in rows), empty="No key; regenqc console key")


@app.command("revoke")
def revoke_command(
    key_id: Annotated[str, typer.Argument(help="First characters of the key, as the list shows them.")],
    home: Home = _HOME,
    by: By = _BY,
) -> None:
    """End a key of a service account at once.

    Example: regenqc console revoke rqc_0123456789 --home console
    """
    from regenqc.console.access.service_keys import revoke_service_key

    revoke_service_key(_office(home), key_id, by=by)
    print_line(f"{key_id} counts no more.", good=True)


@app.command("journal")
def journal_command(
    home: Home = _HOME,
    head: Annotated[
        str, typer.Option("--head", help="Digest of a line that was the last one once, as an export printed it.")
    ] = "",
    person: Annotated[str, typer.Option("--person", help="Only lines about this person.")] = "",
    count: Annotated[int, typer.Option("--count", min=0, help="Show so many of the last lines.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Check the chain of the journal, and show its last lines. Exit code 5 when it was changed.

    Example: regenqc console journal --home console
    """
    from regenqc.console.access.journal import every_line, journal_faults, lines

    store = _office(home).store
    faults = list(journal_faults(every_line(store), head=head))
    found = lines(store, person_id=person, count=count)
    newest = lines(store, count=1)
    if as_json:
        shown = [{name: getattr(line, name) for name in line.__dataclass_fields__} for line in found]
        print_json({"faults": [fault_value(each) for each in faults], "lines": shown})
    else:
        titles = ("line", "when", "who", "event", "outcome", "what", "from", "more")
        rows = (
            (x.number, x.at, x.person_id, x.event, x.outcome, x.subject, x.address, x.detail) for x in reversed(found)
        )
        print_table(titles, rows, empty="No line.")
    if faults:
        raise LedgerError(*faults)
    if newest and not as_json:
        print_line(f"{newest[0].number} lines, each with the digest of the one before.", good=True)
        print_facts([("head", newest[0].digest)])


def _office(home: Path) -> Office:
    from regenqc.console.access.office import open_office
    from regenqc.console.settings import read_settings
    from regenqc.console.store.database import open_store

    settings = read_settings(home)
    return open_office(settings, open_store(settings.store), clock=console_clock(settings))


def _print_password(password: str) -> None:
    print_line("", detail="password for the first sign-in, shown this once:")
    typer.echo(password)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().date().isoformat()
