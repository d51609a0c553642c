"""Uploaded evaluations are never lost and never run to an end twice: twins, kills, restarts, limits."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from tests.console.api.conftest import SPECIFICATION, ended, new_key, sample_form

from regenqc.console.jobs.child import Limits, run_evaluation
from regenqc.console.jobs.runner import upload_folder
from regenqc.console.jobs.table import JOBS, JobState, find_job, start_job
from regenqc.console.lifespan import job_runner
from regenqc.console.store.tables import EVALUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from tests.console.api.conftest import Clock

URL = "/api/v1/evaluations"
ROW = {"batch_id": "B-1", "test": "viability", "result": "92.4", "unit": "%"}
BODY = {"specifications": [SPECIFICATION], "results": [ROW], "as_of": "2026-06-30T00:00:00Z"}


def test_the_same_request_is_done_once_and_answered_alike(lims: TestClient) -> None:
    key = new_key()
    first = lims.post(URL, headers=key, **sample_form()).json()["evaluation_id"]
    # The form is put together anew, by another boundary.
    assert lims.post(URL, headers=key, **sample_form()).json()["evaluation_id"] == first
    ended(lims, first)
    assert lims.post(URL, headers=key, **sample_form()).json()["state"] == "done"
    assert len(lims.get(URL).json()["evaluations"]) == 1


def test_another_request_with_the_same_key_is_refused_by_name(lims: TestClient) -> None:
    key = new_key()
    first = lims.post(URL, headers=key, json=BODY).json()["evaluation_id"]
    answer = lims.post(URL, headers=key, json=BODY | {"stage": "shipping"})
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (409, "RQC-W409")
    assert first in answer.json()["faults"][0]["expected"]


def test_a_key_belongs_to_its_account(lims: TestClient, as_person: Callable[[str], TestClient]) -> None:
    key = new_key()
    own = BODY | {"batches": [{"batch_id": "B-1", "site": "SITE-B"}]}
    first = lims.post(URL, headers=key, json=own).json()
    other = as_person("LIMS-0002").post(URL, headers=key, json=own).json()
    assert first["evaluation_id"] != other["evaluation_id"]


def test_a_key_is_forgotten_after_thirty_days(lims: TestClient, clock: Clock) -> None:
    key = new_key()
    first = lims.post(URL, headers=key, json=BODY).json()["evaluation_id"]
    clock.pass_by(days=29)
    assert lims.post(URL, headers=key, json=BODY).json()["evaluation_id"] == first
    clock.pass_by(days=2)
    assert lims.post(URL, headers=key, json=BODY).json()["evaluation_id"] != first


def test_of_twins_that_arrive_together_one_is_done(lims: TestClient, application: FastAPI) -> None:
    key = new_key()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: lims.post(URL, headers=key, json=BODY).json(), range(8)))
    assert len({answer["evaluation_id"] for answer in answers}) == 1
    uploads = application.state.console.settings.home / "uploads"
    assert [path.name for path in uploads.iterdir()] == [answers[0]["evaluation_id"]]
    with application.state.console.store.connect() as connection:
        (row,) = connection.execute(select(JOBS)).all()
    assert row.attempts == 1


def _waiting(application: FastAPI, name: str = "20260803T090000Z-00000001") -> Path:
    """Put an upload among those that wait, as a server leaves it that is killed before it begins."""
    console = application.state.console
    folder = upload_folder(console.settings, name)
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / "results.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    request = {
        "arguments": [
            str(folder / "inputs" / "results.jsonl"),
            "--spec",
            SPECIFICATION,
            "--as-of=2026-06-30T00:00:00Z",
        ],
        "sites": [],
    }
    with console.store.begin() as connection:
        connection.execute(
            JOBS.insert().values(
                evaluation_id=name, person_id="LIMS-0001", state="queued", request=json.dumps(request), created_at="x"
            )
        )
    return folder


def _run_all(application: FastAPI) -> None:
    runner = job_runner(application.state.console)
    runner.start()
    for name in _names(application):
        job = runner.wait_for(name, seconds=60)
        assert job is not None
        assert job.state not in {JobState.QUEUED, JobState.RUNNING}
    runner.stop()


def _names(application: FastAPI) -> list[str]:
    with application.state.console.store.connect() as connection:
        return list(connection.execute(select(JOBS.c.evaluation_id)).scalars())


def _job(application: FastAPI, name: str) -> object:
    with application.state.console.store.connect() as connection:
        return find_job(connection, name)


def test_an_upload_that_a_killed_server_left_waiting_is_run(application: FastAPI) -> None:
    folder = _waiting(application)
    _run_all(application)
    job = _job(application, folder.name)
    assert (job.state, job.attempts, job.exit_code) == (JobState.DONE, 1, 1)


def test_an_upload_that_a_killed_server_had_begun_is_run_again(application: FastAPI) -> None:
    folder = _waiting(application)
    with application.state.console.store.begin() as connection:
        start_job(connection, folder.name, at="then")
    _run_all(application)
    job = _job(application, folder.name)
    assert (job.state, job.attempts) == (JobState.DONE, 2)


def test_an_output_that_was_whole_when_the_server_was_killed_is_taken_as_it_is(application: FastAPI) -> None:
    folder = _waiting(application)
    arguments = ["evaluate", str(folder / "inputs" / "results.jsonl"), "--spec", SPECIFICATION]
    subprocess.run(
        [sys.executable, "-m", "regenqc", *arguments, "--as-of=2026-06-30T00:00:00Z", "--out", str(folder / "output")],
        check=False,
        capture_output=True,
    )
    run = (folder / "output" / "run.json").read_bytes()
    _run_all(application)
    console = application.state.console
    assert (console.settings.evaluations / folder.name / "run.json").read_bytes() == run
    job = _job(application, folder.name)
    assert (job.state, job.attempts, job.exit_code) == (JobState.DONE, 0, 1)
    # Killed once more, after it was loaded and before that was noted.
    with console.store.begin() as connection:
        connection.execute(update(JOBS).values(state="running"))
    _run_all(application)
    with console.store.connect() as connection:
        assert len(connection.execute(select(EVALUATIONS)).all()) == 1


def test_what_is_interrupted_again_and_again_is_said_to_have_failed(application: FastAPI) -> None:
    folder = _waiting(application)
    with application.state.console.store.begin() as connection:
        connection.execute(update(JOBS).values(state="running", attempts=3))
    _run_all(application)
    job = _job(application, folder.name)
    assert (job.state, job.faults[0]["code"]) == (JobState.FAILED, "RQC-W512")


def test_nobody_begins_anew_while_an_orphan_still_works(application: FastAPI) -> None:
    folder = _waiting(application)
    holder = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=[holder]
    )
    fcntl.flock(holder, fcntl.LOCK_EX)
    os.close(holder)
    runner = job_runner(application.state.console)
    runner.start()
    assert runner.wait_for(folder.name, seconds=2).state is JobState.QUEUED
    orphan.communicate()
    assert runner.wait_for(folder.name, seconds=60).state is JobState.DONE
    runner.stop()


def test_a_server_that_is_told_to_leave_leaves_the_upload_for_the_next_one(application: FastAPI) -> None:
    folder = _waiting(application)
    rows = "".join(f"{json.dumps(ROW | {'batch_id': f'B-{number}'})}\n" for number in range(150_000))
    (folder / "inputs" / "results.jsonl").write_text(rows, encoding="utf-8")
    runner = job_runner(application.state.console)
    runner.start()
    while _job(application, folder.name).state is not JobState.RUNNING:
        time.sleep(0.02)
    runner.stop()
    job = _job(application, folder.name)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert not (application.state.console.settings.evaluations / folder.name).exists()


def test_limits_of_time_and_of_memory_are_said_by_name(application: FastAPI) -> None:
    folder = _waiting(application)
    rows = "".join(f"{json.dumps(ROW | {'batch_id': f'B-{number}'})}\n" for number in range(50_000))
    (folder / "inputs" / "results.jsonl").write_text(rows, encoding="utf-8")
    arguments = [str(folder / "inputs" / "results.jsonl"), "--spec", SPECIFICATION]
    for limits, code in (
        (Limits(seconds=0), "RQC-W513"),
        (Limits(seconds=60, megabytes=60), "RQC-W514"),
        (Limits(seconds=60, megabytes=150), "RQC-W514"),
    ):
        found = run_evaluation(arguments, folder=folder, out=folder / "out", limits=limits, stop=Event())
        assert (found.state, found.exit_code, found.faults[0]["code"]) == (JobState.FAILED, None, code)
        assert not (folder / "out").exists()


SERVER = """
import sys
from pathlib import Path
from regenqc.console.access.person import SignedIn
from regenqc.console.application import create_application
from regenqc.console.settings import ConsoleSettings
from regenqc.signing.words import Role
import uvicorn
person = SignedIn(person_id="LIMS-0001", printed_name="LIMS", roles=frozenset({Role.SERVICE}))
settings = ConsoleSettings(home=Path(sys.argv[1]), site="SITE-A")
application = create_application(settings, identify=lambda _: person)
uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


@pytest.mark.parametrize("after_seconds", [0.05, 0.6, 1.2])
def test_a_server_that_is_killed_while_it_judges_neither_loses_nor_doubles(
    after_seconds: float, tmp_path: Path
) -> None:
    import httpx

    home, key = tmp_path / "home", new_key()
    home.mkdir()
    rows = [ROW | {"batch_id": f"B-{number}"} for number in range(4_000)]
    server, url = _started(home)
    with httpx.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(client.post, URL, headers=key, json=BODY | {"results": rows})
        uploads = home / "uploads"
        while not any(not path.name.startswith(".") for path in uploads.glob("*")):
            time.sleep(0.01)
        time.sleep(after_seconds)
        server.send_signal(signal.SIGKILL)
        server.wait()
        assert sent.exception(timeout=30) is not None or sent.result().status_code in {200, 202}
    server, url = _started(home)
    with httpx.Client(base_url=url, timeout=60) as client:
        answer = client.post(URL, headers=key, json=BODY | {"results": rows})
        found = ended(client, answer.json()["evaluation_id"])
        assert (found["state"], found["counts"]["dispositions"]["hold"]) == ("done", 4_000)
        assert len(client.get(URL).json()["evaluations"]) == 1
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=30) in {0, -signal.SIGTERM}
    assert [path.name for path in (home / "evaluations").iterdir() if path.is_dir()] == [found["evaluation_id"]]


def _started(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(home), str(port)])
    for _ in range(600):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return server, f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    server.kill()
    pytest.fail("the server does not start")


def test_nothing_in_the_folder_of_an_upload_is_taken_for_a_part_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "regenqc.py").write_text("raise SystemExit(77)")
    out = run_evaluation(["nothing.csv"], folder=tmp_path, out=tmp_path / "out", limits=Limits(), stop=Event())
    assert out.exit_code != 77
