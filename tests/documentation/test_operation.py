"""What docs/operation.md says of the server: its commands run, its table is the policy, its files are fit to be installed."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from regenqc.console.access.policy import AccessPolicy, read_policy

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
CONTAINER = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
UNIT = ROOT / "deploy" / "regenqc.service"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", DOCUMENT, re.DOTALL)


def test_the_commands_of_the_first_administrator_lead_to_a_sign_in(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "ADMIN-001").write_text("a long sentence\n")
    commands = blocks("text")[0].replace("\\\n", " ").strip().splitlines()
    done = None
    for command in commands:
        program = command.replace("regenqc ", f"{sys.executable} -m regenqc ", 1)
        done = subprocess.run(program, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S602
        assert done.returncode == 0, done.stderr
    assert done is not None
    from fastapi.testclient import TestClient

    from regenqc.console.application import create_application
    from regenqc.console.settings import ConsoleSettings

    application = create_application(ConsoleSettings(home=tmp_path / "console", site="SITE-A", is_secure=False))
    said = {"name": "ADMIN-001", "password": done.stdout.split()[-1]}
    answer = TestClient(application, follow_redirects=False).post("/sign-in", data=said)
    assert answer.headers["location"] == "/sign-in/password"


def test_the_table_of_access_is_the_policy_with_its_defaults() -> None:
    section = DOCUMENT.split("## What the site decides")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", section, re.MULTILINE)
    stated = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    policy = AccessPolicy()
    assert list(stated) == [each.name for each in dataclasses.fields(AccessPolicy)]
    for name, default in stated.items():
        value = getattr(policy, name)
        expected = "none" if value is None else f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"
        assert default == expected, name


@pytest.mark.parametrize("text", blocks("toml"), ids=["by file", "behind a proxy", "identity provider"])
def test_the_examples_of_access_are_taken(tmp_path: Path, text: str) -> None:
    (tmp_path / "access.toml").write_text(text, encoding="utf-8")
    stated, policy = tomllib.loads(text), read_policy(tmp_path)
    assert policy.public_url == stated["public_url"]
    assert ("oidc" in stated) == (policy.oidc is not None)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_service_is_understood_and_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / "regenqc.service"
    # The program is where it was installed; everything else is as it is shipped.
    unit.write_text(UNIT.read_text().replace("/opt/regenqc/bin/regenqc serve", f"{shutil.which('true')} serve"))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-300:]


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in CONTAINER.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_container_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
    assert [rest for word, rest in instructions() if word == "USER"] == ["10001:10001"]
    assert json.loads(next(rest for word, rest in instructions() if word == "ENTRYPOINT")) == ["regenqc"]
    assert not re.search(r"password|secret|token", CONTAINER, re.IGNORECASE)


def test_the_container_has_every_folder_that_the_wheel_carries() -> None:
    copied = {source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["force-include"]) <= copied
    assert {"pyproject.toml", "README.md", "LICENSE", "constraints.txt", "src"} <= copied


@pytest.mark.long
def test_the_commands_that_build_the_container_run(tmp_path: Path) -> None:
    """Every COPY and RUN of the first stage, with its folders below a scratch folder; needs the package index."""
    first = CONTAINER.split("\nFROM ")[0]
    build, opt = tmp_path / "build", tmp_path / "opt"
    build.mkdir()
    for line in first.splitlines():
        word, _, rest = line.partition(" ")
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                place = build / target if target != "./" else build / source
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, place)
        elif word == "RUN":
            command = rest.replace("/opt/regenqc", str(opt)).replace("python -m venv", f"{sys.executable} -m venv", 1)
            done = subprocess.run(command, shell=True, cwd=build, capture_output=True, text=True, check=False)  # noqa: S602
            if done.returncode and "No matching distribution" in done.stderr + done.stdout:
                pytest.skip("the package index is out of reach")
            assert done.returncode == 0, done.stderr
    done = subprocess.run([opt / "bin" / "regenqc", "console", "--help"], capture_output=True, text=True, check=True)
    assert "journal" in done.stdout
