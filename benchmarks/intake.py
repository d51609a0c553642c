"""How quickly exports are read: canonical and mapped CSV beside pyarrow.csv alone, workbooks beside nothing.

Times are of the processor, of one pass over all columns into dictionary-coded text, the best of several.

    python -m benchmarks.intake --rows 5000000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from regenqc.intake.profiles import parse_profile
from regenqc.intake.table import read_results

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMA = """
schema = "regenqc.profile/1"
id = "benchmark/comma"
version = "1"
title = "Titles, codes, words and statuses of a laboratory"
[columns]
batch_id = "Lot"
test = "Code"
result = "Value"
unit = "Unit"
sample_id = "Sample"
method = "Method"
tested_at = "Tested"
status = "State"
[tests]
"VIA" = "viability"
"ENDO" = "endotoxin"
"STER" = "sterility"
[words]
"o.B." = "no growth"
[statuses]
"released" = "verified"
[units]
"Prozent" = "%"
"""
_SEMICOLON = (
    _COMMA.replace("benchmark/comma", "benchmark/semicolon")
    + '[dialect]\ndelimiter = ";"\n[numbers]\ndecimal_mark = ","\nthousands_mark = "."\n'
)


def _columns(rows: int, *, seed: int) -> dict[str, pa.Array]:
    draw = np.random.default_rng(seed)
    test = draw.integers(0, 3, rows).astype(np.int32)
    numbers = np.char.mod("%.1f", np.arange(600, 1000) / 10)
    result = np.where(test == 2, 400, draw.integers(0, 400, rows)).astype(np.int32)
    coded = pa.DictionaryArray.from_arrays
    return {
        "Lot": pa.array(np.arange(rows) // 20).cast(pa.string()),
        "Code": coded(pa.array(test), pa.array(["VIA", "ENDO", "STER"])),
        "Value": coded(pa.array(result), pa.array([*numbers.tolist(), "o.B."])),
        "Unit": coded(pa.array(test), pa.array(["Prozent", "EU/mL", ""])),
        "Sample": pa.array(np.arange(rows) // 4).cast(pa.string()),
        "Method": coded(pa.array(test), pa.array(["flow cytometry", "LAL", "membrane filtration"])),
        "Tested": coded(pa.array((np.arange(rows) // 1000 % 28).astype(np.int32)), pa.array([f"2026-02-{day:02d}T10:00:00+00:00" for day in range(1, 29)])),
        "State": pa.array(np.full(rows, "released")),
    }  # fmt: skip


def _write(path: Path, columns: dict[str, pa.Array], *, delimiter: str, decimal_mark: str = ".") -> None:
    texts = {
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in columns.items()
    }
    if decimal_mark == ",":
        name = "Value" if "Value" in texts else "result"
        words = pa.array(texts[name].to_numpy(zero_copy_only=False)).dictionary_encode()
        changed = pa.array([text if "o" in text else text.replace(".", ",") for text in words.dictionary.to_pylist()])
        texts[name] = pa.DictionaryArray.from_arrays(words.indices, changed).cast(pa.string())
    pacsv.write_csv(pa.table(texts), path, write_options=pacsv.WriteOptions(delimiter=delimiter, quoting_style="none"))


def _seconds(work: Callable[[], int], *, rows: int, repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        found = work()
        best = min(best, time.process_time() - started)
        assert found == rows  # noqa: S101 - a count of the benchmark itself
    return best


def _plain(path: Path, delimiter: str) -> int:
    with path.open("rb") as stream:
        names = stream.readline().decode().strip().split(delimiter)
    options = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string())))
    read = pacsv.ReadOptions(block_size=8 << 20, use_threads=False)
    with pacsv.open_csv(
        path, read_options=read, parse_options=pacsv.ParseOptions(delimiter=delimiter), convert_options=options
    ) as reader:
        return sum(batch.num_rows for batch in reader)


def _through(path: Path, profile: object) -> int:
    (source,) = read_results(str(path), profile=profile).sources  # type: ignore[arg-type]
    return sum(batch.num_rows for batch in source.read(262_144, None))


def main() -> None:
    """Write the files, read them, and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sheet-rows", type=int, default=100_000)
    options = parser.parse_args()
    rows, repeats = options.rows, options.repeats
    with tempfile.TemporaryDirectory() as folder:
        columns = _columns(rows, seed=1)
        titles = dict(
            zip(
                columns,
                ("batch_id", "test", "result", "unit", "sample_id", "method", "tested_at", "status"),
                strict=True,
            )
        )
        place = Path(folder)
        _write(place / "canonical.csv", {titles[name]: column for name, column in columns.items()}, delimiter=",")
        _write(place / "comma.csv", columns, delimiter=",")
        _write(place / "semicolon.csv", columns, delimiter=";", decimal_mark=",")
        del columns
        comma, semicolon = parse_profile(_COMMA), parse_profile(_SEMICOLON)
        plain = _seconds(lambda: _plain(place / "canonical.csv", ","), rows=rows, repeats=repeats)
        print(f"{rows:,} rows, seconds of the processor, the best of {repeats}")
        print(f"pyarrow.csv alone            {plain:6.2f}")
        for name, profile in (("canonical", "canonical"), ("comma", comma), ("semicolon", semicolon)):
            seconds = _seconds(lambda: _through(place / f"{name}.csv", profile), rows=rows, repeats=repeats)  # noqa: B023 - called at once
            print(f"regenqc, {name:<19} {seconds:6.2f}   {seconds / plain:.2f} times pyarrow.csv alone")
        if options.sheet_rows:
            _workbook(place / "sheet.xlsx", options.sheet_rows)
            seconds = _seconds(lambda: _through(place / "sheet.xlsx", "canonical"), rows=options.sheet_rows, repeats=1)
            print(f"regenqc, workbook of {options.sheet_rows:,} rows  {seconds:.2f}")


def _workbook(path: Path, rows: int) -> None:
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("results")
    sheet.append(["batch_id", "test", "result", "unit", "sample_id", "method", "analyst", "status"])
    for row in range(rows):
        sheet.append(
            [f"L{row // 20}", "viability", 90 + (row % 100) / 10, "%", f"S{row}", "flow", "analyst 1", "verified"]
        )
    workbook.save(path)


if __name__ == "__main__":
    main()
