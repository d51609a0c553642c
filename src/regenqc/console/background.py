"""What the console does beside answering: load evaluations that appear in its home, issue the certificates that follow.

Both run in processes of their own, one after the other, so that the server stays small and answers while they work.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from regenqc.certificate.making import certificate_number, file_stem, usual_type
from regenqc.certificate.profile import load_profile
from regenqc.console.store.evaluation_folder import run_digest
from regenqc.console.store.tables import DECISIONS, EVALUATIONS
from regenqc.console.store.upkeep import take_decisions
from regenqc.decision.folder import DecisionFolder
from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from regenqc.console.settings import ConsoleSettings

__all__ = ["Background", "certificate_files", "issue_outstanding", "unloaded"]

_LOG: Final = logging.getLogger("regenqc.console")
_SECONDS_BETWEEN: Final = 1.0
# The folders are looked through less often than the table of decisions.
_ROUNDS_BETWEEN_FOLDERS: Final = 10
_LONGEST_ISSUE_SECONDS: Final = 600


class Background:
    """Do what is outstanding, again and again, until it is told to stop.

    Args:
        settings: of the console.
        store: of the console.
        clock: returns the present moment, with zone.
    """

    def __init__(self, settings: ConsoleSettings, store: Engine, clock: Callable[[], datetime]) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._stop = Event()
        self._refused: set[Path] = set()
        self._thread = Thread(target=self._run, name="console-background", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is just being done."""
        self._stop.set()
        self._thread.join(timeout=_LONGEST_ISSUE_SECONDS)

    def _run(self) -> None:
        rounds = 0
        while not self._stop.is_set():
            try:
                if rounds % _ROUNDS_BETWEEN_FOLDERS == 0:
                    self._load()
                issue_outstanding(self._store, self._settings, now=self._clock())
            except Exception:  # noqa: BLE001 - a round that fails is said and tried again; the server goes on answering
                _LOG.exception("the console's upkeep failed")
            rounds += 1
            self._stop.wait(_SECONDS_BETWEEN)

    def _load(self) -> None:
        for fault in take_decisions(self._store, self._settings):
            _LOG.warning("%s", fault)
        new = [folder for folder in unloaded(self._store, self._settings) if folder not in self._refused]
        if not new:
            return
        done = _regenqc("serve", "--home", str(self._settings.home), "--load-only")
        if done.returncode:
            # Said once: whoever corrects an evaluation writes it into another folder, or starts the server again.
            self._refused |= set(unloaded(self._store, self._settings))
            _LOG.warning("not every evaluation was loaded: %s", done.stderr.strip() or done.stdout.strip())


def unloaded(store: Engine, settings: ConsoleSettings) -> list[Path]:
    """Return the folders of evaluations in the home that the store does not have."""
    with store.connect() as connection:
        known = set(connection.execute(select(EVALUATIONS.c.digest).where(EVALUATIONS.c.state == "loaded")).scalars())
    found = []
    for path in sorted(settings.evaluations.glob("*/run.json")):
        try:
            if run_digest(path.parent) not in known:
                found.append(path.parent)
        except RegenqcError:
            found.append(path.parent)  # refused by name where it is loaded
    return found


def certificate_files(
    settings: ConsoleSettings, decision_id: str, *, kind: str, spec_id: str
) -> tuple[Path, Path] | None:
    """Return where record and PDF of the certificate of a decision are, or will be; `None` where none follows."""
    profile = settings.profile_of(spec_id)
    if kind == "withdrawal" or not profile.is_file():
        return None
    number = certificate_number(decision_id, usual_type(kind), profile=load_profile(profile))
    stem = file_stem(number)
    return settings.certificates / f"{stem}.json", settings.certificates / f"{stem}.pdf"


def issue_outstanding(store: Engine, settings: ConsoleSettings, *, now: datetime) -> int:
    """Issue the certificates of decisions in force that have none yet, and return how many were looked at.

    Without a key of the issuer and its password in the home nothing is issued: `regenqc certify` does it then.

    Args:
        store: of the console.
        settings: of the console.
        now: moment of issue.
    """
    key = settings.issuer_key
    if not (key.is_file() and key.with_suffix(".password").is_file()):
        return 0
    query = select(DECISIONS).where(DECISIONS.c.certificate == "", DECISIONS.c.is_complete == 1)
    with store.connect() as connection:
        outstanding = connection.execute(query.order_by(DECISIONS.c.made_at).limit(50)).all()
        superseded = set(
            connection.execute(
                select(DECISIONS.c.supersedes).where(
                    DECISIONS.c.supersedes.in_([row.decision_id for row in outstanding]), DECISIONS.c.is_complete == 1
                )
            ).scalars()
        )
    for row in outstanding:
        state = (
            "none" if row.decision_id in superseded else _issue(settings, row.decision_id, row.kind, row.spec_id, now)
        )
        with store.begin() as connection:
            connection.execute(
                update(DECISIONS).where(DECISIONS.c.decision_id == row.decision_id).values(certificate=state)
            )
    return len(outstanding)


def _issue(settings: ConsoleSettings, decision_id: str, kind: str, spec_id: str, now: datetime) -> str:
    try:
        files = certificate_files(settings, decision_id, kind=kind, spec_id=spec_id)
    except RegenqcError as error:
        _LOG.warning("%s: no certificate: %s", decision_id, error)
        return "refused"
    if files is None:
        return "none"
    if all(path.exists() for path in files):
        return "issued"
    key = settings.issuer_key
    done = _regenqc(
        "certify", str(DecisionFolder(settings.decisions).file_of(decision_id)),
        "--profile", str(settings.profile_of(spec_id)), "--people", str(settings.people / "people.jsonl"),
        "--key", str(key), "--issuer", str(key.with_suffix(".pem")),
        "--password-file", str(key.with_suffix(".password")), "--out", str(settings.certificates),
        "--now", now.isoformat(timespec="seconds"),
    )  # fmt: skip
    if all(path.exists() for path in files):
        return "issued"
    _LOG.warning("%s: no certificate: %s", decision_id, done.stderr.strip() or done.stdout.strip())
    return "refused"


def _regenqc(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter, with arguments that the console made
        [sys.executable, "-m", "regenqc", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=_LONGEST_ISSUE_SECONDS,
    )
