"""Small exports and what becomes of them, for the tests of intake."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from regenqc.intake.coding import CodedRows, Refusal, RowCoder, Standing
from regenqc.intake.readers.text import as_text_codes
from regenqc.intake.revisions import find_superseding
from regenqc.intake.table import read_results
from regenqc.measurement.reported import Form
from regenqc.measurement.units import UNITS

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.vocabulary import Stage

TESTS = ("viability", "endotoxin", "sterility", "ph")
PLAIN = {
    "batch_id": "B1",
    "test": "viability",
    "result": "92.4",
    "unit": "%",
    "stage": "drug_product_release",
}


def columns_of(*rows: dict[str, Any]) -> dict[str, list[Any]]:
    """Return rows as columns; every row starts as a plain one."""
    full = [PLAIN | row for row in rows]
    names = dict.fromkeys(name for row in full for name in row)
    return {name: [row.get(name, "") for row in full] for name in names}


def coder_of(*inputs: Any, default_stage: Stage | None = None, rows: int = 1000) -> tuple[RowCoder, list[CodedRows]]:
    """Return the coder and the coded chunks of a run over all inputs."""
    table = read_results(*inputs)
    coder = RowCoder(tests=TESTS, default_stage=default_stage, superseding=find_superseding(table, rows=rows))
    coded = []
    for source in table.sources:
        first_row = 1
        for batch in source.read(rows, None):
            for start in range(0, batch.num_rows, rows):
                part = batch.slice(start, rows)
                coded.append(coder.code(part, first_row=first_row))
                first_row += part.num_rows
    return coder, coded


def code(*rows: dict[str, Any], default_stage: Stage | None = None) -> CodedRows:
    """Return one chunk of coded rows."""
    batch = as_text_codes(pa.table({name: pa.array(v, pa.string()) for name, v in columns_of(*rows).items()}))
    coder = RowCoder(tests=TESTS, default_stage=default_stage, superseding={})
    return coder.code(batch, first_row=1)


def facts(coder: RowCoder, coded: list[CodedRows]) -> list[tuple[Any, ...]]:
    """Return everything the kernel is told about every row, free of the numbering of dictionaries."""
    found: list[tuple[Any, ...]] = []
    for chunk in coded:
        for row in range(chunk.rows.num_rows):
            reading, unit, batch = chunk.reading[row], int(chunk.unit[row]), int(chunk.batch[row])
            found.append(
                (
                    chunk.first_row + row,
                    coder.batch_ids[batch] if batch >= 0 else None,
                    batch,
                    int(chunk.line[row]),
                    Form(chunk.readings.form[reading]).name,
                    float(chunk.readings.number[reading]),
                    int(chunk.readings.word[reading]),
                    UNITS[unit].symbol if unit < len(UNITS) else None,
                    Standing(chunk.standing[row]).name,
                    Refusal(chunk.refusal[row]).name,
                    None if chunk.without_zone is None else bool(chunk.without_zone[row]),
                    tuple(chunk.text(name, row) for name in chunk.rows.schema.names),
                )
            )
    return found


def forms(coded: CodedRows) -> list[str]:
    """Return the form of every row's result."""
    return [Form(form).name for form in coded.readings.form[coded.reading]]


def numbers(coded: CodedRows) -> list[float]:
    """Return the number of every row's result."""
    return list(coded.readings.number[coded.reading].astype(np.float64).tolist())


def refusals(coded: CodedRows) -> list[str]:
    """Return the refusal of every row."""
    return [Refusal(code).name.lower() for code in coded.refusal]


def standings(coded: CodedRows) -> list[str]:
    """Return the standing of every row."""
    return [Standing(code).name.lower() for code in coded.standing]


def csv_text(columns: dict[str, list[str]]) -> str:
    """Return the columns as comma-separated text."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue()


def write(path: Path, columns: dict[str, list[Any]]) -> Path:
    """Write the columns in the format that the ending of the name says."""
    if path.suffix == ".xlsx":
        workbook = openpyxl.Workbook()
        workbook.active.append(list(columns))
        for row in zip(*columns.values(), strict=True):
            workbook.active.append([None if value == "" else value for value in row])
        workbook.save(path)
        return path
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    if path.suffix == ".csv":
        path.write_text(csv_text(columns), encoding="utf-8", newline="")
    elif path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=3)
    elif path.suffix == ".arrow":
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    elif path.suffix == ".arrows":
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    elif path.suffix == ".jsonl":
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    else:
        raise ValueError(path.suffix)
    return path
