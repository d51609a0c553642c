"""DuckDB: the rules as SQL over the files.

Distinct texts and distinct (stage, test, unit, status) are looked at once; the rows then need three joins on dictionary
coded columns and one on integers, and one aggregate that collects the cells of a batch as bits of a mask. Rows that do
not conform ride along in lists, so that the results are scanned once for verdicts and once, in part, for replicates and
dose rates.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.peers.duckdb_text import LOTS, READINGS, SEXES
from benchmarks.peers.task import RESULT_COLUMNS, Outcome

if TYPE_CHECKING:
    from benchmarks.peers.task import Task

__all__ = ["NOTES", "VERDICT_OF_NUMBER", "judge", "load"]

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
    run(_LINES)
    unreadable, unzoned = _odd_dates(rules)
    refused = " OR ".join(
        f"r.{name} IN ({_literals(texts)})"
        for name, texts in (("tested_at", unreadable), ("reported_at", unreadable), ("revision", _odd_revisions(rules)))
        if texts
    )
    # The joins are written in the order in which they are quickest: small tables while texts still are dictionary coded.
    run("SET disabled_optimizers = 'join_order'")
    run(_OPEN.format(judged=_JUDGED.format(refused=refused or "false", slots="true")))
    run(_TOGETHER.format(judged=_JUDGED.format(refused=refused or "false", slots="kind IN ('replicates', 'input')")))
    run("SET disabled_optimizers = ''")
    if unzoned:
        run(_UNZONED.format(dates=_literals(unzoned), refused=refused or "false"))
    run(_COMPUTED)
    run(_SETTLED)
    dispositions = rules.sql(_DISPOSITIONS).to_arrow_table()
    return Outcome(dispositions, rules.sql(_FINDINGS).to_arrow_table())


def _literals(values: list[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


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

# One line for every distinct (stage, test, unit, status), and for each of them and every product the slots that judge it.
_LINES = """
CREATE TABLE lines AS
WITH seen AS (SELECT DISTINCT stage, test, unit, status FROM results),
spelled AS (
    SELECT *, coalesce(code, CASE WHEN trim(unit) = '' THEN 0 ELSE -1 END) AS unit_code
    FROM seen LEFT JOIN (SELECT spelling, unit AS code FROM units) ON spelling = trim(unit)
)
SELECT stage, test, unit, status, unit_code, (row_number() OVER ())::INTEGER AS line,
       CASE WHEN unit_code IN (0, percent) THEN percent ELSE -1 END AS percent_code
FROM spelled, (SELECT unit AS percent FROM units WHERE spelling = '%');
CREATE TABLE rules AS
WITH sets AS (
    SELECT words,
           bit_or(CASE verdict WHEN 1 THEN 1::BIGINT << word ELSE 0 END) AS conforming_words,
           bit_or(CASE verdict WHEN 3 THEN 1::BIGINT << word ELSE 0 END) AS open_words,
           bit_or(CASE verdict WHEN 4 THEN 1::BIGINT << word ELSE 0 END) AS failing_words
    FROM word_verdicts GROUP BY words
),
coded AS (
    SELECT line, stage, test, lower(trim(status)) AS status, unit_code AS code, false AS with_percent FROM lines
    UNION ALL SELECT line, stage, test, lower(trim(status)), percent_code, true FROM lines
),
strays AS (SELECT spec, bit_or(record) AS strays FROM stages WHERE has_requirements GROUP BY spec)
SELECT line, with_percent, product, s.spec, l.slot, coalesce(kind, 'unlisted') AS kind, coalesce(c.mask, record) AS mask,
       coalesce(record, strays) AS record,
       record IS NULL OR NOT list_contains(getvariable('statuses'), status) AS is_refused,
       status = 'invalidated' AS is_invalidated, status = 'preliminary' AND NOT coalesce(accept_preliminary, false) AS is_early,
       status = 'preliminary' AS is_preliminary, status IN ('unverified', 'cancelled') AS is_undecided,
       has_limit, code AS unit_code, coalesce(never_negative, false) AS never_negative, b.* EXCLUDE (slot, unit),
       conforming_words, open_words, failing_words, min_metaphases, clone_verdict, attribute AS identity_attribute
FROM coded
CROSS JOIN specifications AS s
LEFT JOIN stages AS t ON t.spec = s.spec AND t.stage = coded.stage
LEFT JOIN slots AS l ON l.spec = s.spec AND l.stage = coded.stage AND l.test = coded.test AND l.reported
LEFT JOIN columns AS c ON c.spec = s.spec AND c.bit = l.bit
LEFT JOIN (SELECT DISTINCT unit, never_negative FROM units) AS u ON u.unit = code
LEFT JOIN bounds AS b ON b.slot = l.slot AND b.unit = code
LEFT JOIN sets USING (words)
LEFT JOIN karyotypes AS k ON k.slot = l.slot
LEFT JOIN identities AS i ON i.slot = l.slot
LEFT JOIN strays ON strays.spec = s.spec
JOIN products ON products.value = s.value
"""

# Verdicts: 0 no evidence, 1 conforms, 2 alert, 3 inconclusive, 4 fails; 8 counts
# only together with others, 9 says nothing. `form` is that of READINGS.
_INSIDE = """CASE form WHEN 2 THEN number BETWEEN {0}_lo AND {0}_hi
      WHEN 3 THEN number > {0}_lo_open AND number < {0}_hi_open
      WHEN 4 THEN {0}_lo = '-inf'::DOUBLE AND number <= {0}_hi_closed
      WHEN 5 THEN {0}_lo = '-inf'::DOUBLE AND number <= {0}_hi
      WHEN 6 THEN {0}_hi = 'inf'::DOUBLE AND number >= {0}_lo_closed
      WHEN 7 THEN {0}_hi = 'inf'::DOUBLE AND number >= {0}_lo END"""
_OUTSIDE = """CASE form WHEN 2 THEN number < limit_lo OR number > limit_hi
      WHEN 3 THEN number < limit_lo_closed OR number > limit_hi_closed
      WHEN 4 THEN number < limit_lo_open WHEN 5 THEN number < limit_lo
      WHEN 6 THEN number > limit_hi_open WHEN 7 THEN number > limit_hi END"""
VERDICT_OF_NUMBER = f"""CASE WHEN limit_lo IS NULL THEN 3
      WHEN form = 2 AND number BETWEEN alert_lo AND alert_hi AND NOT (number < 0 AND never_negative) THEN 1
      WHEN never_negative AND (number < 0 OR (number = 0 AND form = 4)) THEN 3
      WHEN {_INSIDE.format("limit")} THEN CASE WHEN {_INSIDE.format("alert")} THEN 1 ELSE 2 END
      WHEN {_OUTSIDE} THEN 4 ELSE 3 END"""
_DECLARED = """CASE WHEN limit_lo IS NULL THEN 3
      WHEN limit_lo = '-inf'::DOUBLE AND declared <= limit_hi_closed THEN
        CASE WHEN alert_lo = '-inf'::DOUBLE AND declared <= alert_hi_closed THEN 1 ELSE 2 END
      WHEN declared < limit_lo_open THEN 4 ELSE 3 END"""
_VALUE = f"""CASE
    WHEN form BETWEEN 2 AND 7 AND has_limit THEN {VERDICT_OF_NUMBER}
    WHEN form = 1 THEN CASE
      WHEN (conforming_words >> word) & 1 = 1 THEN 1
      WHEN has_limit AND declared IS NOT NULL THEN {_DECLARED}
      WHEN (failing_words >> word) & 1 = 1 THEN 4
      WHEN (open_words >> word) & 1 = 1 THEN 3 ELSE 0 END
    ELSE 3 END"""
_TEXT = """CASE
    WHEN word_standing = 'interim' THEN 0
    WHEN word_standing = 'undecided' THEN 3
    WHEN kind = 'identity' THEN CASE WHEN identity = '' THEN 3 WHEN folded = identity THEN 1 ELSE 4 END
    WHEN metaphases >= min_metaphases THEN CASE WHEN sex IS NULL THEN 3 WHEN sex = karyotype_sex THEN 1 ELSE 4 END
    WHEN metaphases IS NULL AND is_clone THEN clone_verdict
    ELSE 3 END"""

# Every row with every slot that judges it. `declared` is the limit of detection or quantitation beside such a word.
_JUDGED = f"""
SELECT b, spec, slot, result, reading, line, result_id, replicate, kind, is_preliminary, unit_code, form, number,
       declared, word_standing,
       CASE WHEN is_refused THEN record ELSE mask END AS mask,
       CASE
         WHEN is_refused THEN 3
         WHEN superseded THEN 9
         WHEN is_invalidated AND investigation_id <> '' AND invalidated_by <> '' OR form = 0 THEN CASE WHEN kind = 'input' THEN 9 ELSE 0 END
         WHEN is_undecided OR kind = 'unlisted' THEN 3
         WHEN kind IN ('replicates', 'input') THEN 8
         WHEN is_early AND verdict IN (1, 2) THEN 0
         ELSE verdict END AS verdict
FROM (
    SELECT *, CASE kind
        WHEN 'value' THEN {_VALUE}
        WHEN 'report_only' THEN CASE WHEN word_standing = 'interim' THEN 0 ELSE 1 END
        WHEN 'karyotype' THEN {_TEXT}
        WHEN 'identity' THEN {_TEXT} END AS verdict
    FROM (
        SELECT r.*, rules.* EXCLUDE (is_refused), d.* EXCLUDE (result), lot.b, sex, identity,
               is_refused OR {{refused}} AS is_refused,
               revised_results IS NOT NULL AND coalesce(TRY_CAST(revision AS INTEGER), 0) < coalesce(revised_to[
                   list_position(revised_results, r.stage || chr(31) || r.test || chr(31) || result_id)], 0) AS superseded,
               CASE censored_by WHEN 'lod' THEN nullif(TRY_CAST(lod AS DOUBLE), 0)
                                WHEN 'loq' THEN nullif(TRY_CAST(loq AS DOUBLE), 0) END AS declared
        FROM results AS r
        JOIN (FROM lines SEMI JOIN (FROM rules WHERE {{slots}}) AS s USING (line)) AS lines ON lines.stage = r.stage AND lines.test = r.test AND lines.unit = r.unit AND lines.status = r.status
        JOIN readings AS d ON d.result = r.result
        JOIN lot ON lot.batch_id = r.batch_id
        JOIN (FROM rules WHERE {{slots}}) AS rules ON rules.product = lot.product AND rules.line = lines.line AND rules.with_percent = d.percent
    )
)
"""

_OPEN = """
CREATE TABLE open AS
SELECT b, spec,
       bit_or(CASE verdict WHEN 1 THEN mask ELSE 0 END) AS conforms, bit_or(CASE verdict WHEN 2 THEN mask ELSE 0 END) AS alert,
       bit_or(CASE verdict WHEN 3 THEN mask ELSE 0 END) AS inconclusive, bit_or(CASE verdict WHEN 4 THEN mask ELSE 0 END) AS fails,
       list({{mask: mask, verdict: verdict, reported: result}}) FILTER (verdict NOT IN (1, 8, 9)) AS rows
FROM ({judged}) GROUP BY b, spec
"""

# The results that count only together: replicates of a mean, and the concentration behind a dose rate.
_TOGETHER = """
CREATE TABLE together AS
SELECT b, spec, slot, kind, result_id, replicate, is_preliminary, unit_code, reading, line,
       CASE WHEN declared IS NOT NULL THEN 4 ELSE form END AS form, coalesce(declared, number) AS number,
       coalesce(word_standing = 'interim', false) AS is_interim
FROM ({judged}) WHERE verdict = 8
"""

_UNZONED = """
INSERT INTO open
SELECT lot.b, s.spec, 0, bit_or(record), 0, 0, list({{mask: record, verdict: 2, reported: result}})
FROM results AS r JOIN lot ON lot.batch_id = r.batch_id JOIN products USING (product)
JOIN specifications AS s ON s.value = products.value JOIN stages AS t ON t.spec = s.spec AND t.stage = r.stage
WHERE (r.tested_at IN ({dates}) OR r.reported_at IN ({dates})) AND NOT ({refused})
      AND list_contains(getvariable('statuses'), lower(trim(r.status))) GROUP BY lot.b, s.spec
"""

# Means and dose rates are judged like reported results, in the unit of their limit. A value that cannot be computed is
# open, as are replicates that cannot be told apart and a value censored in both directions.
_COMPUTED = f"""
CREATE TABLE computed AS
WITH selections AS (
    SELECT *, false AS is_early FROM together WHERE NOT is_preliminary
    UNION ALL SELECT *, true FROM together SEMI JOIN (FROM together WHERE is_preliminary) AS p USING (b, slot)
),
replicates AS (
    SELECT b, slot, is_early, result_id || replicate = '' AS is_nameless, any_value(spec) AS spec, any_value(form) AS form,
           any_value(number) AS number, any_value(unit_code) AS unit_code, bool_and(is_interim) AS is_interim,
           min(reading) = max(reading) AND min(line) = max(line) AS is_one
    FROM selections WHERE kind = 'replicates' GROUP BY b, slot, is_early, result_id, replicate
),
means AS (
    SELECT b, any_value(spec) AS spec, any_value(computed_slot) AS slot, is_early,
           bool_and(factor IS NOT NULL AND form BETWEEN 2 AND 7 AND number >= 0 AND is_one) AND min(nullif(form, 2)) IS NOT DISTINCT FROM max(nullif(form, 2))
           AND (count(*) = 1 OR NOT bool_or(is_nameless)) AS is_known,
           round(sum(number * factor) / count(*), 9) AS number, max(form) AS form
    FROM replicates AS r JOIN averages AS a ON a.slot = r.slot LEFT JOIN factors AS f ON f.target = a.target AND f.unit = r.unit_code
    GROUP BY b, r.slot, is_early HAVING NOT bool_and(is_interim)
),
rates AS (
    SELECT b, s.spec, computed_slot AS slot, s.is_early,
           factor IS NOT NULL AND form BETWEEN 2 AND 7 AND number >= 0 AND volume >= 0 AND weight > 0 AND duration >= 0 AS is_known,
           round(number * factor * volume / (weight * greatest(duration, 1)), 9) AS number, form
    FROM selections AS s JOIN (SELECT slot, computed_slot FROM dose_rates) AS d ON d.slot = s.slot
    JOIN (FROM lot WHERE has_amounts) USING (b) LEFT JOIN factors AS f ON f.target = 'EU/mL' AND f.unit = s.unit_code
    WHERE NOT is_interim
),
judged AS (
    SELECT b, v.spec, mask, accept_preliminary, is_early, CASE WHEN is_known THEN {VERDICT_OF_NUMBER} ELSE 3 END AS verdict
    FROM (FROM means UNION ALL FROM rates) AS v
    JOIN slots AS s ON s.slot = v.slot JOIN columns AS c ON c.spec = s.spec AND c.bit = s.bit
    JOIN bounds ON bounds.slot = v.slot CROSS JOIN (SELECT false AS never_negative)
)
SELECT b, spec, mask, CASE WHEN is_early AND NOT accept_preliminary AND verdict IN (1, 2) THEN 0 ELSE verdict END AS verdict
FROM judged
"""

# Composite requirements, capped ones, expiry, and what is missing or still pending.
_SETTLED = """
CREATE TABLE settled AS
WITH own AS (
    SELECT b, spec, bit_or(CASE verdict WHEN 1 THEN mask ELSE 0 END) AS conforms,
           bit_or(CASE verdict WHEN 2 THEN mask ELSE 0 END) AS alert, bit_or(CASE verdict WHEN 3 THEN mask ELSE 0 END) AS inconclusive,
           bit_or(CASE verdict WHEN 4 THEN mask ELSE 0 END) AS fails
    FROM computed GROUP BY b, spec
),
reported AS (
    SELECT b, spec, bit_or(conforms) AS conforms, bit_or(alert) AS alert, bit_or(inconclusive) AS inconclusive, bit_or(fails) AS fails
    FROM (SELECT * EXCLUDE (rows) FROM open UNION ALL FROM own) GROUP BY b, spec
),
worst AS (
    SELECT l.*, coalesce(fails, 0) & applies AS f, coalesce(inconclusive, 0) & ~f & applies AS i,
           coalesce(alert, 0) & ~(f | i) & applies AS a, coalesce(conforms, 0) & ~(f | i | a) & applies AS c
    FROM lot_specifications AS l LEFT JOIN reported AS r USING (b, spec)
),
counted AS (
    SELECT b, w.spec, mask, needed, bit_count(parts) - bit_count(f & parts) AS possible, bit_count((a | c) & parts) AS met,
           bit_count(c & parts) AS plain, ((f | i) & parts) <> 0 AS is_open
    FROM worst AS w JOIN columns AS k ON k.spec = w.spec AND k.role = 'composite' AND (k.mask & applies) <> 0
),
composites AS (
    SELECT b, spec, bit_or(CASE WHEN met >= needed AND plain >= needed THEN mask ELSE 0 END) AS c,
           bit_or(CASE WHEN met >= needed AND plain < needed THEN mask ELSE 0 END) AS a,
           bit_or(CASE WHEN met < needed AND possible >= needed AND is_open THEN mask ELSE 0 END) AS i,
           bit_or(CASE WHEN met < needed AND possible < needed THEN mask ELSE 0 END) AS f
    FROM counted GROUP BY b, spec
),
whole AS (
    SELECT w.* EXCLUDE (f, i, a, c), w.c | coalesce(k.c, 0) AS c, w.a | coalesce(k.a, 0) AS raw_a, w.f | coalesce(k.f, 0) | CASE
               WHEN expires_at < getvariable('as_of') THEN expiry ELSE 0 END AS raw_f,
           (raw_f | raw_a) & uncertain & ~all_parts AS capped,
           w.i | coalesce(k.i, 0) | capped | CASE WHEN is_expiry_unreadable THEN expiry ELSE 0 END AS i,
           raw_f & ~capped AS f, raw_a & ~capped AS a, coalesce(k.f, 0) & ~capped | coalesce(k.i, 0) AS undecided_whole
    FROM worst AS w LEFT JOIN composites AS k ON k.b = w.b AND k.spec = w.spec
)
SELECT *, required & applies & ~(f | i | a | c) AS missing, CASE WHEN (missing & late) <> 0 THEN coalesce((
           SELECT bit_or(mask) FROM columns AS k WHERE k.spec = whole.spec AND k.due_seconds IS NOT NULL
           AND manufactured_at + to_seconds(k.due_seconds) >= getvariable('as_of')), 0) & missing ELSE 0 END AS pending
FROM whole
"""

_DISPOSITIONS = """
SELECT batch_id, spec_id, stage, CASE WHEN (f & reject) <> 0 THEN 'reject'
           WHEN (f & hold) <> 0 OR ((i | missing & ~pending) & t.mask) <> 0 OR NOT has_requirements THEN 'hold'
           WHEN (pending & t.mask) <> 0 THEN 'conditional' ELSE 'eligible' END AS disposition
FROM settled AS s JOIN lot USING (b) JOIN stages AS t ON t.spec = s.spec JOIN specifications AS n ON n.spec = s.spec
WHERE has_requirements OR ((f | i | a) & t.record) <> 0
"""

_FINDINGS = """
WITH row_findings AS (
    SELECT o.b, o.spec, c.mask, c.owner, row.verdict, row.reported
    FROM (
        SELECT b, spec, unnest(rows) AS row FROM open WHERE rows IS NOT NULL
        UNION ALL
        SELECT b, spec, {mask: mask, verdict: verdict, reported: ''} FROM computed WHERE verdict <> 1
    ) AS o JOIN columns AS c ON c.spec = o.spec AND (c.mask & row.mask) <> 0
),
shown AS (
    SELECT s.b, s.spec, r.mask, CASE WHEN verdict = 0 THEN 0 WHEN (i & r.owner) <> 0
               AND (verdict = 4 OR verdict = 2 AND (uncertain & r.mask) <> 0) THEN 3 ELSE verdict END AS verdict, reported
    FROM row_findings AS r JOIN settled AS s ON s.b = r.b AND s.spec = r.spec
    WHERE (r.mask & applies) <> 0 AND CASE WHEN verdict = 0 THEN (missing & r.owner) <> 0 ELSE ((f | i | a) & r.owner) <> 0 END
    UNION
    SELECT b, s.spec, c.mask, CASE WHEN (f & c.mask) <> 0 THEN 4 WHEN (missing & c.mask) <> 0 THEN 0 ELSE 3 END, ''
    FROM settled AS s JOIN columns AS c ON c.spec = s.spec
         AND ((missing | capped | undecided_whole | ((f | i) & expiry)) & c.mask) <> 0
)
SELECT DISTINCT batch_id, spec_id, stage, requirement_id, ['missing', 'conforms', 'alert', 'inconclusive', 'fails'][verdict + 1] AS verdict,
       reported
FROM shown JOIN columns AS c ON c.spec = shown.spec AND c.mask = shown.mask
JOIN specifications AS n ON n.spec = shown.spec JOIN lot USING (b)
"""
