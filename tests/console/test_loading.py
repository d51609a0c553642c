"""Evaluations are loaded whole and once; files that contradict each other are refused; the newest judgement is the current one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from regenqc.console.settings import read_settings
from regenqc.console.store.current_lots import Regrouping, lot_key
from regenqc.console.store.database import open_store
from regenqc.console.store.loading import load_evaluation
from regenqc.console.store.tables import (
    BATCHES,
    CELLS,
    DECISIONS,
    EVALUATIONS,
    FINDINGS,
    GROUPS,
    JUDGEMENTS,
    LOTS,
    RESULTS,
)
from regenqc.console.store.upkeep import take_decisions
from regenqc.errors import DataError

ALL = (EVALUATIONS, BATCHES, JUDGEMENTS, CELLS, FINDINGS, RESULTS, LOTS)


@pytest.fixture
def store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def judged(demo_home, tmp_path):
    return Path(shutil.copytree(demo_home / "evaluations" / "synthetic-hipsc", tmp_path / "judged"))


def load(store, folder):
    return load_evaluation(store, folder, site="MAKER-1", loaded_at="2026-08-03T09:00:00Z")


def counted(store):
    with store.connect() as connection:
        return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in ALL}


def rewrite(folder, name, change):
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.Table.from_pylist(change(table.to_pylist()), schema=table.schema), path)


def test_what_was_judged_is_in_the_store_row_by_row(store, judged):
    assert load(store, judged).is_new
    counts = counted(store)
    for table, name in (
        (JUDGEMENTS, "dispositions"),
        (CELLS, "verdicts"),
        (FINDINGS, "findings"),
        (RESULTS, "results"),
    ):
        assert counts[table.name] == pq.read_metadata(judged / f"{name}.parquet").num_rows
    assert counts["lots"] == counts["judgements"]
    with store.connect() as connection:
        row = connection.execute(select(FINDINGS).where(FINDINGS.c.reported == "51.9")).first()
    assert (row.unit, row.limit, row.row_number) == ("%", "≥ 70 %", 195)


def test_the_same_evaluation_is_loaded_once(store, judged):
    load(store, judged)
    before = counted(store)
    assert not load(store, judged).is_new
    assert counted(store) == before


def test_groups_count_every_lot(store, judged, demo_home):
    load(store, judged)
    load(store, demo_home / "evaluations" / "two-step-day-10")
    load(store, demo_home / "evaluations" / "two-step-late-positive")
    with store.connect() as connection:
        kept = {row.id: row.lots for row in connection.execute(select(GROUPS)) if row.lots}
        real = dict(connection.execute(select(LOTS.c.group_id, func.count()).group_by(LOTS.c.group_id)).all())
    assert kept == real


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["early first", "late first"])
def test_the_newest_judgement_is_the_current_one_in_whatever_order_they_come(store, demo_home, order):
    names = ("two-step-day-10", "two-step-late-positive")
    for at in order:
        load(store, demo_home / "evaluations" / names[at])
    key = lot_key("SYNTHETIC-CD20-01", "drug_product_release", "example/car-t-cd20-two-step")
    with store.connect() as connection:
        lot = connection.execute(select(LOTS).where(LOTS.c.key == key)).one()
        judgements = connection.execute(select(func.count()).where(JUDGEMENTS.c.key == key)).scalar_one()
    assert (lot.disposition, judgements) == ("reject", 2)


def test_a_lot_is_decided_until_the_data_say_something_else(demo_home):
    settings = read_settings(demo_home)
    store = open_store(settings.store)
    with store.connect() as connection:
        states = {
            (row.batch_id, row.spec_id): row.state
            for row in connection.execute(select(LOTS).where(LOTS.c.stage == "drug_product_release"))
        }
        decided = connection.execute(select(func.count()).select_from(DECISIONS)).scalar_one()
    assert decided == 7
    assert states["ARI0001/01", "example/car-t-ari-0001"] == "decided"
    assert states["ARI0001/01", "eu/atmp"] == "open"
    assert states["HP-00000048", "example/hipsc-progenitors"] == "decided"
    assert take_decisions(store, settings) == []
    store.dispose()


def test_a_decision_made_before_the_late_positive_leaves_the_lot_open(store, home):
    settings = read_settings(home)
    load(store, home / "evaluations" / "two-step-late-positive")
    key = lot_key("SYNTHETIC-CD20-01", "drug_product_release", "example/car-t-cd20-two-step")
    for path in settings.decisions.glob("*.json"):
        decision = json.loads(path.read_bytes())
        if decision["batch_id"] != "SYNTHETIC-CD20-01" or decision["kind"] != "conditional_release":
            path.unlink()
    take_decisions(store, settings)
    with store.connect() as connection:
        lot = connection.execute(select(LOTS).where(LOTS.c.key == key)).one()
    assert lot.state == "open"
    assert lot.decision_id.startswith("DECISION-")


CHANGES = {
    "a reject made eligible": (
        "dispositions",
        lambda rows: [row | {"disposition": "eligible"} if row["disposition"] == "reject" else row for row in rows],
    ),
    "one reject made eligible and another eligible made reject": (
        "dispositions",
        lambda rows: [
            row | {"fails": 1, "disposition": "reject"} if row["batch_id"] == "HP-00000057" else row for row in rows
        ],
    ),
    "two dispositions exchanged": (
        "dispositions",
        lambda rows: [
            row
            | {"disposition": {"conditional": "eligible", "eligible": "conditional"}.get(row["disposition"], "hold")}
            if row["disposition"] == "conditional" or row["batch_id"] in {"HP-00000057", "HP-00000058"}
            else row
            for row in rows
        ],
    ),
    "a failing cell made conforming": (
        "verdicts",
        lambda rows: [row | {"verdict": "conforms"} if row["verdict"] == "fails" else row for row in rows],
    ),
    "a failing cell left out": ("verdicts", lambda rows: [row for row in rows if row["verdict"] != "fails"]),
    "a lot twice": ("dispositions", lambda rows: [*rows, rows[0]]),
    "a finding about no lot": ("findings", lambda rows: [*rows, rows[0] | {"batch_id": "NOBODY"}]),
    "another specification": (
        "dispositions",
        lambda rows: [row | {"spec_fingerprint": "sha256:0"} for row in rows],
    ),
}


@pytest.mark.parametrize(("name", "change"), CHANGES.values(), ids=list(CHANGES))
def test_files_that_contradict_each_other_are_refused_and_leave_nothing(store, judged, name, change):
    rewrite(judged, name, change)
    with pytest.raises(DataError) as refused:
        load(store, judged)
    assert refused.value.faults[0].code == "RQC-W101"
    assert set(counted(store).values()) == {0}


def test_a_run_that_counts_otherwise_is_refused(store, judged):
    run = json.loads((judged / "run.json").read_bytes())
    run["counts"]["rows_judged"] -= 1
    (judged / "run.json").write_text(json.dumps(run))
    with pytest.raises(DataError, match="RQC-W101"):
        load(store, judged)


@pytest.mark.parametrize(
    "run", [b"", b"{}", b"[]", b"null", b"\xff", b'{"schema": "regenqc.run/2"}', b"[" * 100_000], ids=range(7)
)
def test_what_is_no_run_is_refused_by_name(store, judged, run):
    (judged / "run.json").write_bytes(run)
    with pytest.raises(DataError, match="RQC-W100"):
        load(store, judged)


@pytest.mark.parametrize("name", ["dispositions", "findings", "results", "verdicts"])
def test_a_file_that_is_damaged_or_not_there_is_refused_and_leaves_nothing(store, judged, name):
    path = judged / f"{name}.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="RQC-W100"):
        load(store, judged)
    path.unlink()
    with pytest.raises(DataError, match="RQC-W100"):
        load(store, judged)
    assert set(counted(store).values()) == {0}


def test_another_batch_table_is_refused(store, judged):
    with (judged / "inputs" / "batches.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(DataError, match="RQC-W102"):
        load(store, judged)


_KILLED = """
import os, signal, sys
from pathlib import Path
from regenqc.console.store import loading
from regenqc.console.store.database import open_store

steps = {"cells": "_cells", "findings": "_findings", "results": "_results", "publish": "_publish"}
name = steps[sys.argv[3]]
real = getattr(loading._Load, name)

def killed(self, *arguments):
    if name != "_publish":
        real(self, *arguments)
    else:
        loading.CurrentLots.finish = lambda self: os.kill(os.getpid(), signal.SIGKILL)
        real(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(loading._Load, name, killed)
loading.load_evaluation(open_store(sys.argv[1]), Path(sys.argv[2]), site="A", loaded_at="")
"""


@pytest.mark.parametrize("step", ["cells", "findings", "results", "publish"])
def test_a_load_that_was_killed_shows_nothing_and_is_done_again_whole(tmp_path, judged, step):
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    done = subprocess.run([sys.executable, "-c", _KILLED, url, judged, step], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    store = open_store(url)
    assert counted(store)["lots"] == 0
    assert load(store, judged).is_new
    counts = counted(store)
    assert (counts["evaluations"], counts["lots"], counts["results"]) == (1, 114, 2598)
    store.dispose()


def test_whoever_moves_lots_waits_for_who_is_just_moving_some(store):
    with store.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout = 0")
        with store.begin() as first:
            Regrouping(first)  # before it has looked at any lot
            with pytest.raises(OperationalError, match="locked"):
                Regrouping(other)
            other.rollback()
        Regrouping(other)
