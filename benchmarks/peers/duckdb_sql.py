"""DuckDB: the rules as SQL over the files.

Distinct texts and distinct (stage, test, unit, status) are looked at once; the rows then need three joins on dictionary
coded columns and one on integers. They are judged in one scan, which feeds an aggregate that collects the cells of a batch
as bits of a mask, and two filters: for rows that have to be shown, and for replicates and dose rates.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.peers.duckdb_rows import FOUND, LINES, UNZONED
from benchmarks.peers.duckdb_settle import COMPUTED, DISPOSITIONS, EVENTS, FINDINGS, SETTLED
from benchmarks.peers.duckdb_text import LOTS, READINGS, SEXES
from benchmarks.peers.task import RESULT_COLUMNS, Outcome

if TYPE_CHECKING:
    from benchmarks.peers.task import Task

__all__ = ["NOTES", "judge", "load"]

NOTES = (
    "karyotypes by regular expression: the normal one, and one with a chromosome more in at least two metaphases",
    "means and dose rates in doubles, rounded to nine decimals",
)

_TABLES = (
    "specifications", "columns", "stages", "slots", "bounds", "units", "factors", "words", "word_verdicts", "selectors",
    "declared", "karyotypes", "identities", "averages", "dose_rates",
)  # fmt: skip


def load(task: Task) -> duckdb.DuckDBPyConnection:
    """Return a connection that holds the rule tables."""
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    for name in _TABLES:
        connection.execute(f"CREATE TABLE {name} AS FROM '{task.rules}/{name}.parquet'")
    return connection


def judge(task: Task, rules: duckdb.DuckDBPyConnection) -> Outcome:
    """Judge the files."""
    run = rules.execute
    lists = json.loads((Path(task.rules) / "lists.json").read_text(encoding="utf-8"))
    run("SET VARIABLE as_of = TIMESTAMP '" + task.as_of.rstrip("Z").replace("T", " ") + "'")
    run("SET VARIABLE stages = ?", [lists["stages"]])
    run("SET VARIABLE statuses = ?", [["", *lists["statuses"]]])
    if task.is_csv:
        columns = ", ".join(RESULT_COLUMNS)
        names = ", ".join(f"'{name}'" for name in RESULT_COLUMNS)
        source = f"read_csv('{task.results}', all_varchar = true, header = true, delim = ',', quote = '\"', {{}})"
        run(f"CREATE TABLE results AS SELECT {columns} FROM {source.format(f'force_not_null = [{names}]')}")
        run(
            f"CREATE TABLE batches AS SELECT coalesce(COLUMNS(*), '') FROM read_csv('{task.batches}', all_varchar = true)"
        )
    else:
        run(f"CREATE VIEW results AS FROM read_parquet('{task.results}')")
        run(f"CREATE VIEW batches AS FROM read_parquet('{task.batches}')")
    run(READINGS)
    selecting = ", ".join(f"coalesce({name}, '') AS {name}" for name in lists["selecting"])
    values = " ".join(f"WHEN '{name}' THEN {name}" for name in lists["selecting"])
    names = ", ".join(lists["selecting"])
    run(LOTS.format(product=lists["product"], selecting=selecting, names=names, answers=values, sexes=SEXES))
    run(LINES)
    unreadable, unzoned = _odd_dates(rules)
    dates = ("tested_at", "reported_at")
    refused = _any_in({**dict.fromkeys(dates, unreadable), "revision": _odd_revisions(rules)})
    # The joins are written in the order in which they are quickest: small tables while texts still are dictionary coded.
    run("SET disabled_optimizers = 'join_order'")
    run(FOUND.format(refused=refused))
    run("SET disabled_optimizers = ''")
    run(UNZONED.format(unzoned=_any_in(dict.fromkeys(dates, unzoned)), refused=refused))
    for statement in (COMPUTED, EVENTS, SETTLED):
        run(statement)
    dispositions = rules.sql(DISPOSITIONS).to_arrow_table()
    return Outcome(dispositions, rules.sql(FINDINGS).to_arrow_table())


def _any_in(texts: dict[str, list[str]]) -> str:
    """Return the condition that a row has in some column one of the texts listed for it."""
    conditions = []
    for name, values in texts.items():
        literals = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        conditions += [f"r.{name} IN ({literals})"] if values else []
    return " OR ".join(conditions) or "false"


def _odd_dates(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """Return the dates that cannot be read without guessing, and those without zone."""
    found = connection.execute(_ODD_DATES).fetchall()
    return [text for text, kind in found if kind], [text for text, kind in found if not kind]


def _odd_revisions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute("SELECT DISTINCT revision FROM results").fetchall()
    return [text for (text,) in found if re.fullmatch("([0-9]{1,9}(\\.0)?)?", text) is None]


_ODD_DATES = """
WITH dates AS (SELECT DISTINCT tested_at AS text FROM results UNION ALL SELECT DISTINCT reported_at FROM results)
SELECT DISTINCT text, NOT coalesce(
    regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?')
    AND TRY_CAST(text AS TIMESTAMP) IS NOT NULL, false)
FROM dates
WHERE text <> '' AND NOT (
    regexp_full_match(
        text, '(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-5][0-9])?)'
    ) AND TRY_CAST(left(text, 10) AS DATE) IS NOT NULL AND TRY_CAST(substr(text, 12, 5) AS TIME) IS NOT NULL
)
"""
