"""The console's home that `regenqc demo --serve` makes: the story so far, people who can sign, and lots that wait today."""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regenqc.cli.demo_console_ledger import record_waiting_lots
from regenqc.cli.demo_office import PASSWORD, SIGNER, SIGNER_NAME, WORK_FACTOR
from regenqc.errors import DataError
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console

    from regenqc.console.settings import ConsoleSettings
    from regenqc.signing.keys import KeyFile, OpenKey

__all__ = ["DEMO_PEOPLE", "make_accounts", "make_console_home", "serve_demonstration"]

# Everybody who signs in, by role; the first two are there from the demonstration itself.
DEMO_PEOPLE: Final[dict[str, tuple[str, Role]]] = {
    SIGNER: (SIGNER_NAME, Role.QUALIFIED_PERSON),
    "ADMIN-001": ("Bo Example (synthetic)", Role.ADMINISTRATOR),
    "QP-0002": ("Wei Example (synthetic)", Role.QUALIFIED_PERSON),
    "REV-0001": ("Kim Example (synthetic)", Role.REVIEWER),
    "LAB-0001": ("Ida Example (synthetic)", Role.ANALYST),
    "INSP-0001": ("Noor Example (synthetic)", Role.HOSPITAL_INSPECTOR),
    "PHYS-0001": ("Jun Example (synthetic)", Role.PHYSICIAN),
}
# Nothing in the story is later.
_STORY_ENDS: Final = datetime(2026, 8, 1, 9, tzinfo=UTC)
_COPIED: Final = {"people": "people", "keys": "keys", "decisions": "decisions", "certificates": "certificates",
                  "ledger": "ledger-home"}  # fmt: skip
_PROFILES: Final = {
    "example/car-t-ari-0001": "ari-0001",
    "example/car-t-cd20-two-step": "cd20-car-t-two-step",
    "example/hipsc-progenitors": "hipsc-progenitors",
    "synthetic-maker/drug-track-msc": "hipsc-progenitors",
}
_DOCUMENTS: Final = (
    *(f"release_confirmation_{number}" for number in range(1, 7)), "manufacturer_release", "batch_number_and_label",
    "packaging_balance", "retention_sample", "electronic_record", "approved_standard", "traceability_mark",
    "labelled_and_traceable",
)  # fmt: skip
_GOOD: Final = (
    ("viability", "91", "%"), ("dose", "2.0E7", "cells"), ("identity", "complies", ""), ("purity", "97", "%"),
    ("potency", "64", "%"), ("sterility", "no growth", ""), ("mycoplasma", "not detected", ""),
    ("endotoxin", "0.2", "EU/mL"),
)  # fmt: skip


def make_console_home(home: Path, demonstration: Path, *, now: datetime) -> int:
    """Make the home of a console from what `regenqc demo` wrote.

    Args:
        home: new folder.
        demonstration: folder of the demonstration, with its evaluations and `signed`.
        now: the present moment.

    Returns:
        By how many seconds the console's clock is ahead: none, where the story is over.
    """
    ahead = max(0, int((_STORY_ENDS - now).total_seconds()))
    now += timedelta(seconds=ahead)
    signed = demonstration / "signed"
    home.mkdir(parents=True)
    for source, name in _COPIED.items():
        if (signed / source).is_dir():
            shutil.copytree(signed / source, home / name)
    _write_settings(home, ahead)
    _keep_evaluations(home, demonstration)
    _profiles_and_specifications(home)
    _enrol(home, now)
    _judge_what_waits(home, now)
    return ahead


def serve_demonstration(screen: Console, directory: Path, *, port: int, ward: bool = False) -> None:
    """Make the console of a demonstration, tell who can sign in, and answer until somebody ends it.

    Args:
        screen: to print on.
        directory: of the demonstration; the console gets a folder `console` in it, emptied first.
        port: to listen at.
        ward: the console of the hospital, in place of the maker's.
    """
    from regenqc.cli.demo_signed import emptied
    from regenqc.cli.serve import console_clock
    from regenqc.console.settings import read_settings

    folder = emptied(directory / "console")
    make_console_home(folder / "home", directory, now=datetime.now(UTC))
    settings = read_settings(folder / "home")
    if ward:
        people = _open_ward(screen, settings, directory)
    else:
        make_accounts(settings, clock=console_clock(settings))
        people = {person: (name, role.printed) for person, (name, role) in DEMO_PEOPLE.items()}
    screen.print(
        "\n[bold]The console[/]  [dim](synthetic people; whoever reads this screen can sign in as any of them)[/]"
    )
    for person, (name, role) in people.items():
        screen.print(f"  {person:<10} {name:<27} [dim]{role}[/]", highlight=False)
    screen.print(f"  password of each, to sign in and to sign: [bold]{PASSWORD}[/]")
    if not ward:
        screen.print("  try: release SYNTHETIC-CD20-11; release SYNTHETIC-MSC/07, which QP-0002 countersigns")
    # In place of this process, which has judged and drawn and holds the libraries for both.
    sys.stdout.flush()
    os.execv(  # noqa: S606 - this interpreter, with arguments made here
        sys.executable,
        [sys.executable, "-m", "regenqc", "serve", "--home", str(settings.home), "--port", str(port)],
    )


def _open_ward(screen: Console, settings: ConsoleSettings, directory: Path) -> dict[str, tuple[str, str]]:
    """Furnish the ward, say what may be tried there, and return its people with what they are."""
    from regenqc.cli.demo_ward import ARRIVED, COI, PACKET, RECIPIENT, STAFF, WARD_LOT, furnish_ward, shipment_of
    from regenqc.cli.serve import console_clock

    clock = console_clock(settings)
    furnish_ward(settings.home, hospital=directory / "signed" / "hospital", now=clock())
    make_accounts(settings, clock=clock, people=STAFF)
    shipment, received_at = shipment_of(settings.home, ARRIVED[0])
    label = f"patient {RECIPIENT}, identity {COI}, lot {WARD_LOT}"
    told = (
        ("receive and accept", f"{ARRIVED[0]}; its logger: {settings.home / 'loggers' / f'{ARRIVED[0]}.csv'}"),
        ("receive and refuse", f"{ARRIVED[1]}; it became warm: {settings.home / 'loggers' / f'{ARRIVED[1]}.csv'}"),
        ("on both labels", label),
        ("the shipment", f"{shipment}, received {received_at}"),
        ("release packet", str(settings.home / "packets" / PACKET)),
        (
            "who",
            "PHARM-0201 and PHARM-0202 inspect, QA-0204 decides, NURSE-0203 and PHYS-0205 check, ask the gate and give",
        ),
    )
    screen.print("\n[bold]The ward[/]")
    for what, value in told:
        screen.print(f"  {what:<19} {value}", highlight=False, soft_wrap=True)
    return {person: (name, role.printed) for person, (name, role, _) in STAFF.items()}


def make_accounts(
    settings: ConsoleSettings, *, clock: Callable[[], datetime], people: Iterable[str] = tuple(DEMO_PEOPLE)
) -> None:
    """Give everybody of the demonstration an account whose password stands on the screen.

    Args:
        settings: of the console.
        clock: returns the present moment, with zone.
        people: who gets one.
    """
    from regenqc.console.access.accounts import create_account
    from regenqc.console.access.office import open_office
    from regenqc.console.store.database import open_store

    # A password that is printed needs no second factor beside it.
    (settings.home / "access.toml").write_text("second_factor = false\n", encoding="utf-8")
    store = open_store(settings.store)
    office = open_office(settings, store, clock=clock)
    for person in people:
        create_account(office, person, password=PASSWORD, by="ADMIN-001", must_change=False)
    store.dispose()


def _write_settings(home: Path, ahead: int) -> None:
    lines = [
        'schema = "regenqc.console/1"',
        'site   = "MAKER-1"',
        'ledger = "sqlite:///ledger-home/ledger.db"',
        *([f"clock_ahead_seconds = {ahead}"] if ahead else []),
    ]
    (home / "console.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    # The console issues certificates by itself; a site keeps this file as it keeps the key.
    password = home / "keys" / "issuer.password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    password.chmod(0o600)


def _keep_evaluations(home: Path, demonstration: Path) -> None:
    for run in sorted(demonstration.glob("*/run.json")):
        kept = home / "evaluations" / run.parent.name
        shutil.copytree(run.parent, kept)
        _keep_inputs(kept)


def _keep_inputs(kept: Path) -> None:
    run = json.loads((kept / "run.json").read_bytes())
    (kept / "inputs").mkdir(exist_ok=True)
    for entry in [*run["inputs"], *([run["batches"]] if run["batches"] else [])]:
        shutil.copyfile(entry["name"], kept / "inputs" / Path(entry["name"]).name)


def _profiles_and_specifications(home: Path) -> None:
    from regenqc.resources import packaged_path

    maker = packaged_path("sample_data") / "synthetic-maker"
    (home / "profiles").mkdir()
    own = home / "specifications" / "synthetic-maker"
    own.mkdir(parents=True)
    for spec_id, product in _PROFILES.items():
        shutil.copyfile(maker / f"{product}-certificate.toml", home / "profiles" / f"{spec_id.replace('/', '~')}.toml")
    shutil.copyfile(maker / "drug-track-product.toml", own / "drug-track-msc.toml")


def _enrol(home: Path, now: datetime) -> None:
    """Enrol whoever is not yet in the registry, with a key each; those who release in the ledger too."""
    from regenqc.signing.keys import create_key, key_file_bytes, open_key, read_key_file
    from regenqc.signing.moments import moment_text
    from regenqc.signing.people_file import PeopleFile

    registry = PeopleFile(home / "people" / "people.jsonl")
    admin = open_key(read_key_file((home / "keys" / "ADMIN-001.key").read_bytes()), password=PASSWORD)
    begins = now - timedelta(hours=1)
    valid_to = moment_text(now + timedelta(days=3650))
    opened: dict[str, OpenKey] = {}
    for person, (name, role) in DEMO_PEOPLE.items():
        if registry.read().person(person) is not None:
            continue
        made: KeyFile = create_key(
            person, password=PASSWORD, random=secrets.token_bytes, made_at=begins, work_factor=WORK_FACTOR
        )
        (home / "keys" / f"{person}.key").write_bytes(key_file_bytes(made))
        opened[person] = own = open_key(made, password=PASSWORD)
        about: dict[str, Any] = {"person_id": person, "reason": "demonstration", "now": begins}
        by_admin: dict[str, Any] = {"by": "ADMIN-001", "keys": [admin]}
        registry.append("enrolled", printed_name=name, **about, **by_admin)
        registry.append("role_granted", role=role.value, **about, **by_admin)
        registry.append(
            "key_certified", by="ADMIN-001", keys=[admin, own], key_id=made.key_id, public_key=made.public_key,
            valid_to=valid_to, **about,
        )  # fmt: skip
        registry.append("first_use_certified", by=person, keys=[own], key_id=made.key_id, **about)
    record_waiting_lots(home / "ledger-home", person="QP-0002", key=opened["QP-0002"], moment=begins)


def _judge_what_waits(home: Path, now: datetime) -> None:
    """Judge lots of this week: one that waits for its last results, one held, one rejected, two of the drug track."""
    folder = home / "evaluations" / "waiting-now"
    inputs = folder / "inputs"
    inputs.mkdir(parents=True)
    _two_step(inputs, now)
    _judge(inputs, folder, "example/car-t-cd20-two-step", now)
    other = home / "evaluations" / "drug-track-now"
    (other / "inputs").mkdir(parents=True)
    _drug_track(other / "inputs", now)
    _judge(other / "inputs", other, str(home / "specifications" / "synthetic-maker" / "drug-track-msc.toml"), now)


def _judge(inputs: Path, folder: Path, specification: str, now: datetime) -> None:
    from regenqc.cli.evaluate import run_evaluation

    out = folder / "judged"
    run_evaluation(
        [str(inputs / "results.csv")],
        specifications=(specification,),
        batches=str(inputs / "batches.csv"),
        stage="drug_product_release",
        as_of=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        out=out,
        quiet=True,
    )
    for path in out.iterdir():
        path.rename(folder / path.name)
    out.rmdir()


def _two_step(inputs: Path, now: datetime) -> None:
    """Write three lots: the published two-step criteria, synthetic results of another lot moved to this week."""
    from regenqc.resources import packaged_path

    source = packaged_path("sample_data") / "published" / "cd20-car-t-two-step" / "results_day_10.csv"
    moved = now - datetime(2026, 3, 16, 12, tzinfo=UTC)
    with source.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["batch_id"] == "SYNTHETIC-CD20-02"]
    lots: dict[str, dict[str, str | None]] = {
        "SYNTHETIC-CD20-11": {},
        "SYNTHETIC-CD20-12": {"appearance": None},
        "SYNTHETIC-CD20-13": {"viability": "61.4"},
    }
    lines: list[dict[str, str]] = []
    for number, (lot, changes) in enumerate(lots.items(), start=11):
        for row in rows:
            changed = changes.get(row["test"], row["result"]) if row["stage"] != "in_process" else row["result"]
            if changed is not None:
                tested = (datetime.fromisoformat(row["tested_at"]) + moved).isoformat(timespec="seconds")
                own = {"batch_id": lot, "result": changed, "tested_at": tested}
                lines.append(row | own | {"result_id": row["result_id"].replace("R02", f"R{number}")})
    _write(inputs / "results.csv", lines)
    made, expires = now - timedelta(days=4), now + timedelta(days=180)
    _write(
        inputs / "batches.csv",
        [
            {
                "batch_id": lot, "product": "CD20 CAR-T, synthetic", "cell_source": "t_cell", "vector": "lentiviral",
                "donor_relation": "autologous", "manufactured_at": _minute(made), "expires_at": _minute(expires),
                "coi_id": f"COI-CD20-{number}",
            }
            for number, lot in enumerate(lots, start=11)
        ],
    )  # fmt: skip


def _drug_track(inputs: Path, now: datetime) -> None:
    lots = {"SYNTHETIC-MSC/07": "91", "SYNTHETIC-MSC/08": "73"}
    reported = _minute(now - timedelta(days=1))
    _write(
        inputs / "results.csv",
        [
            {
                "batch_id": lot, "test": test, "result": viability if test == "viability" else result, "unit": unit,
                "stage": "drug_product_release", "result_id": f"{lot[-2:]}-{number:02}", "revision": "1",
                "method": "", "laboratory": "LAB-QC", "analyst": "analyst-02", "reported_at": reported,
            }
            for lot, viability in lots.items()
            for number, (test, result, unit) in enumerate(_GOOD, start=1)
        ],
    )  # fmt: skip
    _write(
        inputs / "batches.csv",
        [
            {
                "batch_id": lot, "product": "SYNTHETIC-MSC", "cell_source": "msc", "donor_relation": "allogeneic",
                "vector": "none", "route": "intravenous", "release_procedure": "all_results",
                "marketing_approval": "unconditional", "manufactured_at": _minute(now - timedelta(days=20)),
                "expires_at": _minute(now + timedelta(days=300)), "recipient_weight": "70",
                "recipient_weight_unit": "kg", "dose_volume": "50", "dose_volume_unit": "mL", "infusion_hours": "1",
                "infusion_hours_unit": "h", "storage": "vapour phase of liquid nitrogen",
            }
            | {f"{name}_id": f"DOC-{lot[-2:]}-{number:02}" for number, name in enumerate(_DOCUMENTS, start=1)}
            for lot in lots
        ],
    )  # fmt: skip


def _write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    table = list(rows)
    if not table:
        raise DataError
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:00Z")
