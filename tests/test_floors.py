"""The floors of the house: who may import whom, and which library lives where."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "regenqc"

FLOORS = {
    "vocabulary": 0,
    "errors": 0,
    "canonical": 0,
    "compiled": 1,
    "garbage": 0,
    "kept": 0,
    "resources": 0,
    "toml_places": 0,
    "typesetting": 1,
    "measurement": 1,
    "karyotype": 2,
    "statistics": 2,
    "signing": 2,
    "ledger": 3,
    "specification": 3,
    "intake": 3,
    "simulation": 3,
    "evaluation": 4,
    "custody": 4,
    "regulation": 4,
    "spark": 5,
    "decision": 5,
    "trends": 5,
    "outcomes": 5,
    "certificate": 6,
    "reinspection": 7,
    "review": 7,
    "plots": 8,
    "console": 8,
    "cli": 8,
    "__main__": 9,
}
# Rooms of one floor that may not use each other.
APART = {
    ("specification", "intake"),
    ("intake", "specification"),
    ("simulation", "specification"),
    ("simulation", "intake"),
}
HOMES = {
    "typst": {"typesetting"},
    "pyhanko": {"certificate"},
    "pyhanko_certvalidator": {"certificate"},
    "asn1crypto": {"certificate"},
    "zxingcpp": {"certificate", "console"},
    "PIL": {"console"},
    "cryptography": {"ledger", "signing", "certificate", "console"},
    "pkcs11": {"signing"},
    "psycopg": {"ledger"},
    "pint": {"measurement"},
    "pydantic": {"specification", "intake", "console"},
    "pandera": {"intake"},
    "openpyxl": {"intake"},
    "pandas": {"intake"},
    "numba": {"compiled"},
    "llvmlite": {"compiled"},
    "jinja2": {"evaluation", "certificate", "console"},
    "fastapi": {"console"},
    "starlette": {"console"},
    "uvicorn": {"console"},
    "sqlalchemy": {"console"},
    "argon2": {"console"},
    "pyotp": {"console"},
    "authlib": {"console"},
    "joserfc": {"console"},
    "h11": {"console"},
    "prometheus_client": {"console"},
    "scipy": {"statistics"},
    "matplotlib": {"plots"},
    "typer": {"cli"},
    "rich": {"cli"},
    "httpx": {"intake", "console"},
    "pyspark": {"spark"},
    "py4j": {"spark"},
    "biip": {"custody"},
    "msgspec": {"canonical", "custody", "karyotype", "signing", "decision", "certificate", "reinspection", "outcomes"},
    "stdnum": {"custody"},
    "pyarrow": {
        "intake",
        "simulation",
        "evaluation",
        "spark",
        "decision",
        "trends",
        "outcomes",
        "reinspection",
        "review",
        "console",
        "cli",
    },
}
MODULES = sorted(SOURCE.rglob("*.py"))


def room_of(module: Path) -> str:
    first = module.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imports_of(module: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "regenqc"}
    return found


@pytest.mark.parametrize("module", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_a_room_imports_only_from_floors_below_it(module: Path) -> None:
    room = room_of(module)
    if room == "__init__":
        return
    for name in imports_of(module):
        parts = name.split(".")
        if parts[0] != "regenqc" or len(parts) < 2 or parts[1] == room or parts[1] not in FLOORS:
            continue
        assert FLOORS[parts[1]] <= FLOORS[room], f"{module.name} imports {name} from a floor above"
        assert (room, parts[1]) not in APART, f"{module.name} imports {name} from the room beside"


@pytest.mark.parametrize("module", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_a_heavy_library_is_imported_only_in_its_home(module: Path) -> None:
    for name in imports_of(module):
        library = name.split(".")[0]
        if library in HOMES:
            assert room_of(module) in HOMES[library], f"{module.name} imports {library}"


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(module) for module in MODULES} - {"__init__"}
    assert rooms == set(FLOORS)


def test_importing_regenqc_imports_no_heavy_library() -> None:
    heavy = sorted({*HOMES, "numpy", "scipy"})
    script = f"import sys, regenqc; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_tables_of_rules_import_no_engine() -> None:
    script = "import sys, regenqc.regulation; print([name for name in ('numba', 'pandas', 'pyarrow', 'scipy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_no_engine() -> None:
    script = (
        "import sys; sys.argv = ['regenqc', '--help']\n"
        "from regenqc.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'pyarrow', 'pandas', 'pint', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_importing_the_evaluation_imports_no_pandas() -> None:
    # Arrow imports it with the first array that it makes of a list, so no module makes one when it is imported.
    script = (
        "import sys, regenqc.evaluation; print([name for name in ('pandas', 'pint', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_small_evaluation_on_the_command_line_imports_neither_pandas_nor_pint_nor_numba(tmp_path: Path) -> None:
    samples = SOURCE.parents[1] / "sample_data" / "published" / "ari-0001"
    script = (
        "import sys\n"
        f"sys.argv = ['regenqc', 'evaluate', {str(samples / 'results.csv')!r}, '--batches', "
        f"{str(samples / 'batches.csv')!r}, '--spec', 'example/car-t-ari-0001', '--out', {str(tmp_path / 'out')!r}]\n"
        "from regenqc.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('pandas', 'pandera', 'pint', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("module", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_no_module_is_longer_than_500_lines(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 500
