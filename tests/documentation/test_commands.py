"""Every command and every Python example of the documents runs, and says what the documents show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from regenqc.certificate.content import certificate_bytes
from regenqc.certificate.package import evidence_package

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files that the documents speak of."""
    place = tmp_path_factory.mktemp("documents")
    published = ROOT / "sample_data" / "published" / "ari-0001"
    (place / "sample_data").symlink_to(ROOT / "sample_data")
    shutil.copy(published / "results.csv", place / "results.csv")
    shutil.copy(published / "batches.csv", place / "batches.csv")
    shutil.copy(ROOT / "specs" / "example" / "car-t-ari-0001.toml", place / "my-product.toml")
    (place / "exports").mkdir()
    import pyarrow.csv
    import pyarrow.parquet

    table = pyarrow.csv.read_csv(
        published / "results.csv", convert_options=pyarrow.csv.ConvertOptions(column_types={"result": pyarrow.string()})
    )
    pyarrow.parquet.write_table(table, place / "exports" / "one.parquet")
    _make_maker_and_hospital(place)
    return place


def _make_maker_and_hospital(place: Path) -> None:
    """A maker with a signed decision, and a hospital that received its certificate and had its keys before."""
    from certificate import site
    from certificate.lots import decision

    (place / "maker").mkdir()
    (place / "hospital").mkdir()
    site.write_site(place / "maker")
    site.write_trust(place / "hospital" / "trust")
    certificate = site.certificate(made=decision())
    (place / "hospital" / "received.pdf").write_bytes(site.pdf(certificate))
    (place / "hospital" / "received.json").write_bytes(certificate_bytes(certificate))
    (place / "hospital" / "evidence.zip").write_bytes(evidence_package(certificate))


def commands() -> list[tuple[str, str]]:
    found = []
    for document in DOCUMENTS:
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
            joined = block.replace("\\\n", " ")
            for line in joined.splitlines():
                command = line.removeprefix("$ ").split("  #")[0].strip()
                if command.startswith("regenqc "):
                    found.append((document.name, command))
    return found


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = command.replace("regenqc ", f"{sys.executable} -m regenqc ", 1)
    environment = os.environ | {"COLUMNS": "118"}
    return subprocess.run(program, shell=True, cwd=folder, capture_output=True, text=True, env=environment, check=False)  # noqa: S602


@pytest.mark.parametrize(("document", "command"), commands(), ids=[f"{name}: {line}" for name, line in commands()])
def test_a_documented_command_runs(document: str, command: str, folder: Path) -> None:
    done = run(command, folder)
    assert done.returncode in {0, 1}, f"{document}: {done.stderr}"
    assert done.stderr == ""


def test_the_readme_shows_what_the_command_prints(folder: Path) -> None:
    block = re.search(r"```console\n\$ (.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    lines = block[1].replace("\\\n", " ").splitlines()
    assert run(lines[0], folder).stdout.splitlines() == lines[1:]


def test_the_readme_names_the_two_commands_that_the_makefile_has() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("demo", "test"):
        assert f"make {name}" in (ROOT / "README.md").read_text(encoding="utf-8")
        assert f"\n{name}: " in makefile


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_python_examples_of_the_documents_run(document: Path, folder: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
        done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_command_has_help_with_an_example() -> None:
    for name in (
        "evaluate",
        "demo",
        "simulate",
        "spec lint",
        "spec show",
        "spec schema",
        "spec list",
        "certify",
        "verify",
    ):
        done = subprocess.run(
            [sys.executable, "-m", "regenqc", *name.split(), "--help"], capture_output=True, text=True, check=True
        )
        assert "Example: regenqc" in done.stdout
