"""The office of `regenqc demo`: invented people with keys, who decide about lots and sign, by the code of `regenqc decide`."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from regenqc.cli.decision_desk import KeyHolder, checklist_of, decide_on
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from regenqc.decision.model import Decision
    from regenqc.signing.keys import KeyFile

__all__ = ["PASSWORD", "SIGNER", "SIGNER_NAME", "WORK_FACTOR", "Office"]

PASSWORD: Final = "for the demonstration only"  # noqa: S105 - opens keys that the demonstration makes for itself
SIGNER: Final = "QP-0001"
SIGNER_NAME: Final = "Ana Example (synthetic)"
_ADMINISTRATOR: Final = "ADMIN-001"
# The least that a key file may ask for: nobody waits for keys that protect nothing.
WORK_FACTOR: Final = 2**14
_KINDS: Final = {"eligible": "release", "conditional": "conditional_release", "reject": "reject"}


class Office:
    """Found a registry of people, and decide.

    Args:
        folder: in which people, keys and decisions are kept.
        founded_at: moment of founding, with zone; the clock goes on a second with every look at it.
        site: whose people they are.
        signer: identifier of who signs.
        signer_name: as printed.
        role: in which they sign.
    """

    def __init__(
        self,
        folder: Path,
        *,
        founded_at: datetime,
        site: str = "MAKER-1",
        signer: str = SIGNER,
        signer_name: str = SIGNER_NAME,
        role: Role = Role.QUALIFIED_PERSON,
    ) -> None:
        from regenqc.decision.folder import DecisionFolder
        from regenqc.signing.attempts import AttemptLog
        from regenqc.signing.people_file import PeopleFile

        self.folder = folder
        self.now = founded_at
        self.role = role
        self.decisions = DecisionFolder(folder / "decisions")
        self.people = PeopleFile(folder / "people" / "people.jsonl")
        self.attempts = AttemptLog(folder / "people" / "attempts.jsonl")
        (folder / "keys").mkdir(parents=True)
        self._found(site, signer, signer_name)

    def clock(self) -> datetime:
        """Return the moment at which the story is."""
        self.now += timedelta(seconds=1)
        return self.now

    def decide(
        self,
        judged: Path,
        batch: str,
        *,
        specification: str,
        stage: str,
        supersedes: str | None = None,
        reason: str = "",
    ) -> Decision:
        """Return the signed decision that follows the disposition, with everything confirmed and acknowledged.

        Args:
            judged: directory that an evaluation wrote.
            batch: about which.
            specification: by which it was judged.
            stage: at which.
            supersedes: decision whose place it takes.
            reason: why it does.
        """
        from regenqc.decision.answers import Answers, Confirmation
        from regenqc.decision.desk import Desk
        from regenqc.decision.evaluation_files import EvaluationFiles
        from regenqc.decision.rules import required_acknowledgements
        from regenqc.signing.session import SigningSession
        from regenqc.specification import load_specification

        people, loaded = self.people.read(), load_specification(specification)
        desk = Desk(
            judged=EvaluationFiles(judged, only=[batch]),
            specification=loaded,
            batches=None,
            folder=self.decisions,
            people=people,
            checklist=checklist_of(
                jurisdiction=loaded.jurisdiction.value, specification=loaded.id, extends=loaded.extends, file=None
            ),
            person=SIGNER,
            clock=self.clock,
        )
        open_one = desk.draft(desk.lay_out(batch, stage=stage), "reject")
        kind = _KINDS[open_one.disposition]
        is_release = kind != "reject"
        items = desk.checklist.items_of(kind) if is_release else ()
        answers = Answers(
            batch_id=batch,
            kind=kind,  # type: ignore[arg-type] # one of the three above
            checklist={item.id: Confirmation(answer="yes") for item in items},
            acknowledged=tuple(f"{each.kind}:{each.id}" for each in required_acknowledgements(open_one))
            if is_release
            else (),
            supersedes=supersedes,
            reason=reason,
        )
        session = SigningSession(people, attempts=self.attempts, clock=self.clock)
        keyed = KeyHolder(self.key_of(SIGNER), SIGNER, self.folder / "password.txt", None)
        decision, _ = decide_on(
            desk,
            batch,
            stage=stage,
            answers=answers,
            session=session,
            keyed=keyed,
            role=self.role,
            quiet=True,
        )
        return decision

    def _found(self, site: str, signer: str, signer_name: str) -> None:
        from regenqc.signing.keys import create_key, key_file_bytes, open_key
        from regenqc.signing.moments import moment_text
        from regenqc.signing.statement import Settings

        (self.folder / "password.txt").write_text(f"{PASSWORD}\n", encoding="utf-8")
        opened = {}
        for person in (_ADMINISTRATOR, signer):
            made = create_key(
                person, password=PASSWORD, random=secrets.token_bytes, made_at=self.now, work_factor=WORK_FACTOR
            )
            (self.folder / "keys" / f"{person}.key").write_bytes(key_file_bytes(made))
            opened[person] = (made, open_key(made, password=PASSWORD))
        (first, admin), (file, own) = opened[_ADMINISTRATOR], opened[signer]
        valid_to = moment_text(self.now + timedelta(days=3650))
        by_admin: dict[str, Any] = {"by": _ADMINISTRATOR, "keys": [admin]}
        self.people.append(
            "founded", found=True, now=self.clock(), site=site,
            settings=Settings(
                lockout_after=5, session_seconds=900, clock_tolerance_seconds=60, shortest_password=12, review_required=False
            ),
            person_id=_ADMINISTRATOR, printed_name="Bo Example (synthetic)", key_id=first.key_id,
            public_key=first.public_key, valid_to=valid_to, reason="demonstration", **by_admin,
        )  # fmt: skip
        about: dict[str, Any] = {"person_id": signer, "reason": "demonstration"}
        self.people.append("enrolled", now=self.clock(), printed_name=signer_name, **about, **by_admin)
        self.people.append("role_granted", now=self.clock(), role=self.role.value, **about, **by_admin)
        self.people.append(
            "key_certified", by=_ADMINISTRATOR, keys=[admin, own], now=self.clock(), key_id=file.key_id,
            public_key=file.public_key, valid_to=valid_to, **about,
        )  # fmt: skip
        self.people.append("first_use_certified", by=signer, keys=[own], now=self.clock(), key_id=file.key_id, **about)

    def key_of(self, person: str) -> KeyFile:
        """Return the key file of a person."""
        from regenqc.signing.keys import read_key_file

        return read_key_file((self.folder / "keys" / f"{person}.key").read_bytes())
