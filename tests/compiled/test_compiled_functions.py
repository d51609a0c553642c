"""Functions as machine code: the same answers, kept between runs, and never called as they were not compiled."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from regenqc.compiled import CompiledFunction
from regenqc.compiled.dependencies import code_fingerprint
from regenqc.compiled.signature import leaves_of
from regenqc.errors import InternalError
from regenqc.evaluation.kernel import judge_rows
from regenqc.kept import read_kept, write_kept

if TYPE_CHECKING:
    from pathlib import Path

LEAST = 2
STEPS = np.array([1, 10, 100])


class Pair(NamedTuple):
    first: Any
    second: Any


def step(at: int) -> int:
    return STEPS[at]


def weigh(pair: Pair, table: Any, factor: int, found: Any) -> int:
    total = 0
    for row in range(table.shape[0]):
        for column in range(table.shape[1]):
            if table[row, column] >= LEAST:
                total += pair.first[row] * step(column) * factor
                found[row] = pair.second[column]
    return total


def arguments(rows: int = 4) -> tuple[Any, ...]:
    table = np.arange(3 * rows, dtype=np.uint8).reshape(rows, 3)
    return Pair(np.arange(rows, dtype=np.uint32), np.array([0.5, 1.5, 2.5])), table, 7, np.zeros(rows)


@pytest.fixture
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("kept_in")
def test_machine_code_gives_what_the_function_gives() -> None:
    compiled = CompiledFunction(weigh, like=arguments)
    for rows in (0, 1, 4, 1_000):
        plain, fast = arguments(rows), arguments(rows)
        assert compiled(*fast) == weigh(*plain)
        assert fast[3].tolist() == plain[3].tolist()


@pytest.mark.parametrize(
    ("changed", "got"),
    [
        ((0, Pair(np.zeros(4, dtype=np.uint64), np.zeros(3))), "argument 0 of another type: uint64"),
        ((1, np.zeros((4, 3), dtype=np.int8)), "argument 2 of another type: int8"),
        ((1, np.zeros(12, dtype=np.uint8)), "argument 2 of another type: uint8"),
        ((1, np.zeros((3, 4), dtype=np.uint8).T), "argument 2 of another type"),
        ((1, np.zeros((4, 6), dtype=np.uint8)[:, ::2]), "argument 2 of another type"),
        ((2, np.float64(7)), "argument 3 of another type: float64"),
        ((2, 7.0), "argument 3 of another type: float"),
        ((3, np.zeros(4).astype(">f8")), "argument 4 of another type"),
        ((3, np.zeros(5, dtype=np.uint8)[1:].view(np.uint8)), "argument 4 of another type: uint8"),
        ((3, [0.0]), "argument 4 of another type: list"),
        ((0, (np.zeros(4, dtype=np.uint32),)), "another number of arguments"),
    ],
)
def test_a_call_that_was_not_compiled_is_refused_before_any_address_is_read(
    changed: tuple[int, Any], got: str, kept_in: Path
) -> None:
    del kept_in
    compiled = CompiledFunction(weigh, like=arguments)
    given = list(arguments())
    given[changed[0]] = changed[1]
    with pytest.raises(InternalError) as caught:
        compiled(*given)
    assert caught.value.faults[0].code == "RQC-X062"
    assert got in caught.value.faults[0].got


def test_what_one_run_has_compiled_the_next_one_loads_without_numba(kept_in: Path) -> None:
    script = (
        "import sys, pathlib; from regenqc import kept as store;"
        f"store._folders = lambda: [pathlib.Path({str(kept_in)!r})];"
        "from regenqc.evaluation.kernel import _COMPILED; kept = _COMPILED.is_kept; _COMPILED.load();"
        "print(kept, 'numba' in sys.modules)"
    )
    told = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert told == [["False", "True"], ["True", "False"]]
    assert len(list(kept_in.iterdir())) == 1


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: data[:0], lambda data: data[:-1] + b"\0\0"])
def test_damaged_code_is_compiled_again(damage: Any, kept_in: Path) -> None:
    CompiledFunction(weigh, like=arguments).load()
    (kept,) = kept_in.iterdir()
    sound = kept.read_bytes()
    kept.write_bytes(damage(sound))
    again = CompiledFunction(weigh, like=arguments)
    assert not again.is_kept
    assert again(*arguments()) == weigh(*arguments())
    assert read_kept(kept.name) is not None


def test_where_nothing_can_be_kept_every_run_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "below"
    monkeypatch.setattr("regenqc.kept._folders", lambda: iter([folder]))
    compiled = CompiledFunction(weigh, like=arguments)
    assert compiled(*arguments()) == weigh(*arguments())
    assert not CompiledFunction(weigh, like=arguments).is_kept


def test_code_is_kept_in_the_next_folder_where_the_first_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("regenqc.kept._folders", lambda: iter([tmp_path / "file", tmp_path / "second"]))
    write_kept("name", b"code")
    assert read_kept("name") == b"code"
    assert (tmp_path / "second" / "name").exists()


@pytest.mark.parametrize(("name", "value"), [("LEAST", 3), ("STEPS", np.array([1, 10, 1000])), ("step", lambda at: at)])
def test_another_constant_or_function_that_is_read_is_another_code(
    name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = leaves_of(arguments())
    before = code_fingerprint(weigh, leaves)
    assert code_fingerprint(weigh, leaves) == before
    monkeypatch.setitem(globals(), name, value)
    assert code_fingerprint(weigh, leaves) != before


def test_a_verdict_of_another_number_is_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_fingerprint(judge_rows, ())
    for name in ("_FAILS", "_R_BELOW", "DELEGATED", "_BLOCK_ROWS"):
        with monkeypatch.context() as changed:
            changed.setitem(judge_rows.__globals__, name, 77)
            assert code_fingerprint(judge_rows, ()) != before
    assert code_fingerprint(judge_rows, ()) == before


@pytest.mark.usefixtures("kept_in")
def test_a_function_that_needs_numba_to_run_is_refused() -> None:
    def grow(values: Any) -> int:
        return np.empty(values.size).size + len(np.sort(values))

    with pytest.raises(TypeError, match="grow calls what only numba provides"):
        CompiledFunction(grow, like=lambda: (np.zeros(3),)).load()
