"""A LIMS uploads results: what it is answered, what is refused and how it is told, and what it fetches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.console.api.conftest import SAMPLES, SPECIFICATION, ended, identified, new_key, sample_form

from regenqc.console.application import create_application
from regenqc.console.jobs.table import JOBS
from regenqc.console.settings import ConsoleSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

URL = "/api/v1/evaluations"
ROW = {"batch_id": "B-1", "test": "viability", "result": "92.4", "unit": "%"}


def asked(**changed: object) -> dict[str, object]:
    return {"specifications": [SPECIFICATION], "results": [ROW], "as_of": "2026-06-30T00:00:00Z"} | changed


def test_files_are_judged_and_the_dispositions_can_be_fetched(lims: TestClient) -> None:
    answer = lims.post(URL, headers=new_key(), **sample_form())
    assert answer.status_code in {200, 202}
    found = ended(lims, answer.json()["evaluation_id"])
    assert answer.headers["location"] == f"{URL}/{found['evaluation_id']}"
    assert (found["state"], found["exit_code"]) == ("done", 0)
    assert found["counts"]["dispositions"] == {"eligible": 3, "conditional": 0, "hold": 0, "reject": 0}
    assert [file["name"] for file in found["files"]] == ["results.csv", "batches.csv"]
    files = {name: lims.get(f"{URL}/{found['evaluation_id']}/files/{name}") for name in found["output"]}
    assert all(file.status_code == 200 for file in files.values())
    assert files["dispositions.csv"].text.count("eligible") == 3
    assert files["report.html"].headers["content-disposition"].startswith("attachment")
    lots = lims.get("/api/v1/dispositions", params={"evaluation_id": found["evaluation_id"]}).json()
    assert {lot["batch_id"]: lot["disposition"] for lot in lots["dispositions"]} == {
        f"ARI0001/0{number}": "eligible" for number in (1, 2, 3)
    }


def test_a_home_that_is_stated_from_where_the_server_was_started_is_one_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    application = create_application(ConsoleSettings(home=Path("home"), site="SITE-A"), identify=identified)
    with TestClient(application, headers={"x-person": "LIMS-0001"}) as client:
        found = ended(client, client.post(URL, headers=new_key(), **sample_form()).json()["evaluation_id"])
    assert (found["state"], found["exit_code"]) == ("done", 0), found["faults"]
    application.state.console.store.dispose()


def test_rows_are_judged_as_they_were_written(lims: TestClient) -> None:
    answer = lims.post(URL, headers=new_key(), json=asked(results=[ROW | {"result": "69.90"}]))
    found = ended(lims, answer.json()["evaluation_id"])
    assert (found["state"], found["exit_code"]) == ("done", 1)
    (lot,) = lims.get("/api/v1/dispositions").json()["dispositions"]
    whole = lims.get(f"/api/v1/lots/{lot['lot_id']}").json()
    (fails,) = [each for each in whole["findings"] if each["verdict"] == "fails"]
    assert (whole["disposition"], fails["reported"], fails["source"], fails["row_number"]) == (
        "reject", "69.90", "results.jsonl", 1,
    )  # fmt: skip


def test_an_upload_that_is_not_understood_is_refused_with_file_and_row(lims: TestClient) -> None:
    form = sample_form()
    form["files"] = [("results", ("march.jsonl", b'{"batch_id": "B1"}\n{"batch_id": \n'))]
    answer = lims.post(URL, headers=new_key(), **form)
    if answer.status_code == 202:
        answer = lims.post(URL, headers=dict(answer.request.headers), content=answer.request.content)
    found = ended(lims, answer.json()["evaluation_id"])
    assert (found["state"], found["exit_code"]) == ("refused", 3)
    (fault,) = found["faults"]
    assert (fault["code"], fault["where"]) == ("RQC-D006", "march.jsonl line 2")


def test_the_same_refused_upload_is_answered_by_its_faults(lims: TestClient) -> None:
    form, key = sample_form(), new_key()
    form["files"] = [("results", ("march.csv", b"nothing\n"))]
    ended(lims, lims.post(URL, headers=key, **form).json()["evaluation_id"])
    answer = lims.post(URL, headers=key, **form)
    assert answer.status_code == 422
    assert answer.json()["evaluation_id"]
    assert all(fault["code"].startswith("RQC-D") and fault["action"] for fault in answer.json()["faults"])


REFUSED_AT_ONCE = {
    "a number that is no text": (asked(results=[ROW | {"result": 92.40}]), 422, "body.results.0.result"),
    "no results": (asked(results=[]), 422, "body.results"),
    "a member that is not known": (asked(stages="x"), 422, "body.stages"),
    "a moment without zone": (asked(as_of="2026-06-30T00:00:00"), 422, "body.as_of"),
    "a specification that is a file": (asked(specifications=["/etc/passwd"]), 422, "specifications"),
    "a specification that nobody has": (asked(specifications=["example/car-t-ari-001"]), 422, "specifications"),
    "a specification with a way out": (asked(specifications=["../../secret"]), 422, "specifications"),
    "a profile that nobody has": (asked(profile="nobodys"), 422, "profile"),
}


@pytest.mark.parametrize(("body", "status", "where"), REFUSED_AT_ONCE.values(), ids=REFUSED_AT_ONCE)
def test_what_can_be_seen_at_once_is_refused_at_once(
    body: dict[str, object], status: int, where: str, lims: TestClient
) -> None:
    answer = lims.post(URL, headers=new_key(), json=body)
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (status, where)
    assert lims.get(URL).json()["evaluations"] == []


def test_a_body_that_is_neither_rows_nor_a_form_is_refused_by_name(lims: TestClient) -> None:
    answer = lims.post(URL, headers=new_key() | {"content-type": "text/csv"}, content=b"a,b")
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (415, "RQC-W415")
    answer = lims.post(URL, headers=new_key() | {"content-type": "application/json"}, content=b"{")
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (400, "RQC-W400")
    answer = lims.post(URL, headers=new_key() | {"content-type": "multipart/form-data"}, content=b"a")
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (400, "RQC-W400")


def test_nothing_is_taken_without_an_idempotency_key(lims: TestClient) -> None:
    answer = lims.post(URL, json=asked())
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, "header.Idempotency-Key")


@pytest.mark.parametrize(
    "name",
    ["../../../../etc/passwd", "..\\..\\x.csv", "a\x00b.csv", "*.csv", "--spec", "", "名前.csv", f"{'名前' * 80}.csv"],
)
def test_the_name_of_a_file_leads_nowhere_else(name: str, lims: TestClient, application: FastAPI) -> None:
    form = sample_form()
    form["files"] = [("results", (name, (SAMPLES / "results.csv").read_bytes()))]
    answer = lims.post(URL, headers=new_key(), **form)
    if answer.status_code == 422 and "evaluation_id" not in answer.json():
        return  # without a name it is no file, and the form says so
    found = ended(lims, answer.json()["evaluation_id"])
    home = application.state.console.settings.home / "uploads" / found["evaluation_id"] / "inputs"
    assert [path.name for path in home.iterdir()] == [found["files"][0]["name"]]


def test_several_files_with_one_name_are_all_judged(lims: TestClient) -> None:
    form = sample_form()
    header, *rows = (SAMPLES / "results.csv").read_bytes().splitlines(keepends=True)
    form["files"] = [
        ("results", ("export.csv", header + b"".join(rows[:20]))),
        ("results", ("export.csv", header + b"".join(rows[20:]))),
        ("batches", ("batches.csv", (SAMPLES / "batches.csv").read_bytes())),
    ]
    found = ended(lims, lims.post(URL, headers=new_key(), **form).json()["evaluation_id"])
    assert found["counts"]["rows_read"] == len(rows)
    assert [file["name"] for file in found["files"]] == ["export.csv", "2-export.csv", "batches.csv"]


def test_an_account_that_is_restricted_to_sites_changes_no_lot_of_another(
    lims: TestClient, as_person: Callable[[str], TestClient]
) -> None:
    other = as_person("LIMS-0002")
    ended(lims, lims.post(URL, headers=new_key(), json=asked()).json()["evaluation_id"])
    for batches in ([], [{"batch_id": "B-1", "site": "SITE-B"}]):
        found = ended(other, other.post(URL, headers=new_key(), json=asked(batches=batches)).json()["evaluation_id"])
        assert found["state"] == "refused"
        assert {fault["code"] for fault in found["faults"]} == {"RQC-W424"}
    (lot,) = lims.get("/api/v1/dispositions").json()["dispositions"]
    assert lot["site"] == "SITE-A"
    own = asked(results=[ROW | {"batch_id": "B-2"}], batches=[{"batch_id": "B-2", "site": "SITE-B"}])
    assert ended(other, other.post(URL, headers=new_key(), json=own).json()["evaluation_id"])["state"] == "done"
    assert [lot["batch_id"] for lot in other.get("/api/v1/dispositions").json()["dispositions"]] == ["B-2"]
    assert len(other.get(URL).json()["evaluations"]) == 3
    assert len(lims.get(URL).json()["evaluations"]) == 4


def test_what_another_account_uploaded_is_not_there_for_one_that_is_restricted(
    lims: TestClient, as_person: Callable[[str], TestClient]
) -> None:
    evaluation_id = lims.post(URL, headers=new_key(), json=asked()).json()["evaluation_id"]
    other = as_person("LIMS-0002")
    (lot,) = lims.get("/api/v1/dispositions").json()["dispositions"] if ended(lims, evaluation_id) else ()
    for path in (
        f"evaluations/{evaluation_id}",
        f"evaluations/{evaluation_id}/files/run.json",
        f"lots/{lot['lot_id']}",
    ):
        answer = other.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["faults"][0]["code"]) == (404, "RQC-W404")


def test_lists_come_in_pages_that_hold_everything_once(lims: TestClient) -> None:
    names = {lims.post(URL, headers=new_key(), json=asked()).json()["evaluation_id"] for _ in range(3)}
    seen, after = [], ""
    while after is not None:
        page = lims.get(URL, params={"limit": 2, "after": after}).json()
        seen += [each["evaluation_id"] for each in page["evaluations"]]
        after = page["next"]
    assert (len(seen), set(seen)) == (3, names)


def test_who_may_not_upload_leaves_nothing_behind(as_person: Callable[[str], TestClient], application: FastAPI) -> None:
    answer = as_person("PHYS-0001").post(URL, headers=new_key(), **sample_form())
    assert (answer.status_code, answer.json()["faults"][0]["code"]) == (403, "RQC-W403")
    assert as_person("nobody").post(URL, headers=new_key(), **sample_form()).status_code == 401
    with application.state.console.store.connect() as connection:
        assert connection.execute(select(JOBS)).all() == []
    assert not (application.state.console.settings.home / "uploads").exists()


def test_what_does_not_exist_is_said_by_faults(lims: TestClient) -> None:
    for method, path, status in (
        ("GET", f"{URL}/nothing", 404),
        ("GET", f"{URL}/nothing/files/run.json", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("PUT", URL, 405),
        ("GET", "/api/v1/lots/abc", 422),
        ("GET", "/api/v1/dispositions?after=x", 400),
    ):
        answer = lims.request(method, path)
        assert answer.status_code == status
        assert answer.json()["faults"][0]["code"].startswith("RQC-W")
