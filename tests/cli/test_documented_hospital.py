"""Every command that the document on the hospital shows is run, in the order in which it shows them, and its picture is drawn."""

from __future__ import annotations

import io
import shlex
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tests.custody.story import COI, PATIENT
from tests.reinspection.bedside import BEDSIDE, DOSE, PLAN, ready
from tests.reinspection.test_aftermath import SCHEDULE
from tests.reinspection.test_thaw_window import RIGHT as CLOCKS

from regenqc.custody import Book
from regenqc.reinspection.condition import ChannelRequirement, Traces, judge_traces, trace_picture
from regenqc.vocabulary import Mark

from .custody_site import regenqc
from .test_agreement_command import lots, values
from .test_documented_commands import DOCUMENTS, commands_of
from .test_hospital_decision_command import inspector_signs
from .test_reinspect_command import CONDITION, SITE, answers, logged, packet_was_verified

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from .custody_site import Done

__all__ = ["regenqc"]  # fixture

MINUTE = 60_000
BEGAN = 1_773_619_200_000


def test_every_command_of_the_document_on_the_hospital_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regenqc: Callable[..., Done]
) -> None:
    monkeypatch.chdir(tmp_path)
    story = ready().drop("reinspect", "decision", "check").bend("plan", measurements=(*PLAN, *SCHEDULE))
    story.book(tmp_path).close()
    home = tmp_path / "ledger-home"
    home.mkdir()
    (home / "site.toml").write_text(SITE)
    (home / "gate.toml").write_text(toml_of("hospital.md")[1])
    (tmp_path / "condition.toml").write_text(CONDITION)
    (tmp_path / "logger.csv").write_text(logged(story))
    (tmp_path / "window.toml").write_text(CLOCKS)
    values(tmp_path, *lots(12))
    inspector_signs(tmp_path, story)
    codes = {}
    for command in commands_of("hospital.md"):
        name = " ".join(command[:2]) if command[0] != "gate" else "gate"
        for module in ("gate", "reinspect", "reinspect_decision"):
            monkeypatch.setattr(f"regenqc.cli.{module}.moment_now", lambda: story.now)
        if name == "gate":
            story.add(
                "check", "bedside_check", items=(DOSE,), outcome="conformant", coi=COI, recipient=PATIENT, **BEDSIDE
            )
            with Book.open("sqlite:///ledger.db", policy=None, now=lambda: story.now) as book:
                book.append_one(story.events["check"])
        monkeypatch.setattr("sys.stdin", io.StringIO(answers(story)))
        done = regenqc(*command)
        codes[name] = done.code
        assert done.err == "", shlex.join(command)
        if name == "reinspect form":
            Path("DP-0001-1.json").rename("receipt.json")
            packet_was_verified(tmp_path)
            Path("receipt.json").rename("DP-0001-1.json")
    # The lot reaches containers that nothing stops, which is said by leaving with 1; all the others are good.
    assert codes.pop("aftermath reaches") == 1
    assert set(codes.values()) == {0}


def toml_of(document: str) -> list[str]:
    text = (DOCUMENTS / document).read_text(encoding="utf-8")
    return [part.partition("```")[0] for part in text.split("```toml\n")[1:]]


def test_the_file_of_conditions_that_the_document_shows_is_valid() -> None:
    from regenqc.reinspection.condition import parse_condition

    assert parse_condition(toml_of("hospital.md")[0]).channels["temperature"].high == Decimal(-120)


def test_the_picture_of_the_document_is_the_one_that_is_drawn() -> None:
    """Golden: write it anew with `python -m tests.cli.test_documented_hospital`."""
    assert (DOCUMENTS / "hospital" / "trace.svg").read_text(encoding="utf-8") == picture()


def picture() -> str:
    """Return the trace of the document: a spike, an hour too warm, and a logger that was silent in the middle."""
    minutes = np.concatenate([np.arange(600), np.arange(690, 1190)])
    values = np.round(-152 + np.sin(minutes / 3.7) + 0.6 * np.cos(minutes / 1.3), 1)
    values[100] = -110.0
    values[300:330] = np.round(-100 + 20 * np.sin(np.arange(30) / 8), 1)
    traces = Traces(
        names=("LOGGER-55",),
        channel="temperature",
        unit="°C",
        moments=BEGAN + minutes * MINUTE,
        values=values,
        offsets=np.asarray([0, minutes.size]),
    )
    permitted = ChannelRequirement(
        name="temperature",
        unit="°C",
        low=None,
        high=Decimal(-120),
        longest_minutes=Decimal(5),
        total_minutes=Decimal(8),
        gap_minutes=Decimal(10),
        citation="synthetic",
        mark=Mark.UNVERIFIED,
    )
    began, ended = BEGAN - 20 * MINUTE, BEGAN + 1200 * MINUTE
    ways = {"began": np.asarray([began]), "ended": np.asarray([ended])}
    found = judge_traces(traces, permitted, **ways, now=ended)
    return trace_picture(traces, found, 0, permitted, began=began, ended=ended, title="Shipment of a synthetic dose")


if __name__ == "__main__":
    (DOCUMENTS / "hospital" / "trace.svg").write_text(picture(), encoding="utf-8")
