"""The pipelines of docs/pipeline.md run: a LIMS export becomes dispositions and, once people have signed, certificates."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from tests.certificate import site
from tests.console.api.conftest import identified

from regenqc.console.access.person import SignedIn
from regenqc.console.application import create_application
from regenqc.console.settings import ConsoleSettings
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "pipeline"
SAMPLES = ROOT / "sample_data" / "published" / "ari-0001"
SPECIFICATION = "example/car-t-ari-0001"


def program(name: str) -> str:
    """Return where a tool is: on the path, or in the folder that REGENQC_PIPELINE_TOOLS names; skip the test without it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("REGENQC_PIPELINE_TOOLS", ""), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return the folder of a pipeline, with a decision that was signed, and `regenqc` on its path."""
    folder = tmp_path / "work"
    for name in ("inbox", "exports"):
        (folder / name).mkdir(parents=True)
        shutil.copy(SAMPLES / "results.csv", folder / name / "march.csv")
    shutil.copy(SAMPLES / "batches.csv", folder / "batches.csv")
    shutil.copy(EXAMPLES / "cron" / "pipeline.conf", folder / "pipeline.conf")
    site.write_site(folder)
    shim = tmp_path / "bin" / "regenqc"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m regenqc "$@"\n')
    shim.chmod(0o755)
    return folder


def run(*words: str, work: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{work.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "REGENQC_WORK": str(work),
    }
    return subprocess.run(words, cwd=work, env=environment | more, capture_output=True, text=True, check=False)


def dispositions(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["batch_id"]: row["disposition"] for row in csv.DictReader(file)}


ELIGIBLE = {f"ARI0001/0{number}": "eligible" for number in (1, 2, 3)}


def certificates(work: Path) -> list[str]:
    return sorted(path.suffix for path in (work / "certificates").iterdir() if path.suffix in {".json", ".pdf"})


def test_cron_judges_and_certifies_and_a_second_run_does_nothing_twice(work: Path) -> None:
    (work / "inbox" / "broken.csv").write_text("nothing\n")
    done = run(str(EXAMPLES / "cron" / "release.sh"), work=work)
    assert done.returncode == 0, done.stderr
    assert dispositions(work / "judged" / "march.csv" / "dispositions.csv") == ELIGIBLE
    assert done.stderr == f"refused, see {work}/log/broken.csv.txt: broken.csv\n"
    assert "RQC-D" in (work / "log" / "broken.csv.json").read_text()
    assert sorted(path.name for path in (work / "inbox").iterdir()) == []
    assert certificates(work) == [".json", ".pdf"]
    before = {path: path.stat().st_mtime_ns for path in (work / "certificates").iterdir()}
    again = run(str(EXAMPLES / "cron" / "release.sh"), work=work)
    assert (again.returncode, again.stderr) == (0, "")
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_cron_leaves_an_export_where_it_is_when_the_specification_is_wrong(work: Path) -> None:
    (work / "pipeline.conf").write_text("SPECIFICATION=nobodys/product\n")
    done = run(str(EXAMPLES / "cron" / "release.sh"), work=work)
    assert done.returncode == 4
    assert [path.name for path in (work / "inbox").iterdir()] == ["march.csv"]


def test_cron_runs_one_at_a_time(work: Path) -> None:
    command = ["flock", "--nonblock", ".lock", str(EXAMPLES / "cron" / "release.sh")]
    done = run(program("flock"), *command[1:], work=work)
    assert (done.returncode, done.stderr) == (0, "another run is at work\n")
    assert [path.name for path in (work / "inbox").iterdir()] == ["march.csv"]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Return where a console answers that knows one key."""
    person = SignedIn(person_id="LIMS-0001", printed_name="LIMS", roles=frozenset({Role.SERVICE}))

    def by_key(request: Request) -> SignedIn | None:
        return person if request.headers.get("authorization") == "Bearer rqc_synthetic" else identified(request)

    (tmp_path / "home").mkdir()
    application = create_application(ConsoleSettings(home=tmp_path / "home", site="SITE-A"), identify=by_key)
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
    application.state.console.store.dispose()


def test_the_script_of_the_interface_uploads_once_and_leaves_with_what_came_of_it(work: Path, address: str) -> None:
    program("curl")
    (work / "key").write_text("rqc_synthetic\n")
    stated = {"REGENQC_URL": address, "REGENQC_KEY_FILE": str(work / "key")}
    words = [str(EXAMPLES / "api" / "upload.sh"), "exports/march.csv", "batches.csv", SPECIFICATION, "out"]
    for _ in range(2):
        done = run(*words, work=work, **stated)
        assert done.returncode == 0, done.stderr
        assert dispositions(work / "out" / "dispositions.csv") == ELIGIBLE
    (work / "exports" / "march.csv").write_text("batch_id,test,result,unit\nARI0001/01,viability,12,%\n")
    assert run(*words, work=work, **stated).returncode == 1
    (work / "exports" / "march.csv").write_text("nothing\n")
    refused = run(*words, work=work, **stated)
    assert refused.returncode == 3
    assert "RQC-D" in refused.stderr
    (work / "key").write_text("rqc_other\n")
    assert run(*words, work=work, **stated).returncode == 2
    (work / "key").write_text("rqc_synthetic\n")
    assert run(*words, work=work, **stated | {"REGENQC_URL": "http://127.0.0.1:9"}).returncode == 75


def test_snakemake_judges_and_certifies_and_goes_on_beside_what_is_refused(work: Path) -> None:
    snakemake = program("snakemake")
    words = [snakemake, "--cores", "1", "--keep-going", "--snakefile", str(EXAMPLES / "snakemake" / "Snakefile")]
    done = run(*words, work=work)
    assert done.returncode == 0, done.stderr
    assert dispositions(work / "judged" / "march" / "dispositions.csv") == ELIGIBLE
    assert certificates(work) == [".json", ".pdf"]
    assert "Nothing to be done" in (again := run(*words, work=work)).stdout + again.stderr
    (work / "exports" / "broken.csv").write_text("nothing\n")
    refused = run(*words, work=work)
    assert refused.returncode == 1
    assert "RQC-D" in (work / "log" / "broken.txt").read_text()


def test_the_dag_of_airflow_judges_and_certifies(work: Path) -> None:
    airflow = program("airflow")
    home = work.parent / "airflow"
    home.mkdir()
    stated = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }
    assert run(airflow, "db", "migrate", work=work, **stated).returncode == 0
    done = run(airflow, "dags", "test", "regenqc_release", "2026-01-02", work=work, **stated)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert dispositions(work / "judged" / "march.csv" / "dispositions.csv") == ELIGIBLE
    assert certificates(work) == [".json", ".pdf"]


def test_the_document_names_every_example() -> None:
    text = (ROOT / "docs" / "pipeline.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\]\(\.\./examples/pipeline/([^)]+)\)", text))
    assert named == {
        str(path.relative_to(EXAMPLES))
        for path in EXAMPLES.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
