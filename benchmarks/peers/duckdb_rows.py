"""DuckDB: the verdict about every row, as SQL.

Verdicts: 0 no evidence, 1 conforms, 2 alert, 3 inconclusive, 4 fails; 8 counts only together with others, 9 says nothing.
`form` is that of `benchmarks.peers.duckdb_text.READINGS`.
"""

from __future__ import annotations

__all__ = ["FOUND", "LINES", "UNZONED", "VERDICT_OF_NUMBER"]

# One line for every distinct (stage, test, unit, status), and for each of them and every product the
# slots that judge it.
LINES = """
CREATE TYPE kinds AS ENUM ('unlisted', 'value', 'report_only', 'karyotype', 'identity', 'replicates', 'input');
CREATE TABLE lines AS
WITH seen AS (SELECT DISTINCT stage, test, unit, status FROM results),
spelled AS (
    SELECT *, coalesce(code, CASE WHEN trim(unit) = '' THEN 0 ELSE -1 END) AS unit_code
    FROM seen LEFT JOIN (SELECT spelling, unit AS code FROM units) ON spelling = trim(unit)
)
SELECT stage, test, unit, status, unit_code, (row_number() OVER ())::INTEGER AS line,
       CASE WHEN unit_code IN (0, percent) THEN percent ELSE -1 END AS percent_code
FROM spelled, (SELECT unit AS percent FROM units WHERE spelling = '%');
CREATE TABLE sets AS
SELECT words,
       bit_or(CASE verdict WHEN 1 THEN 1::BIGINT << word ELSE 0 END) AS conforming_words,
       bit_or(CASE verdict WHEN 3 THEN 1::BIGINT << word ELSE 0 END) AS open_words,
       bit_or(CASE verdict WHEN 4 THEN 1::BIGINT << word ELSE 0 END) AS failing_words
FROM word_verdicts GROUP BY words;
CREATE TABLE rules AS
WITH coded AS (
    SELECT line, stage, test, lower(trim(status)) AS status, unit_code AS code, false AS with_percent FROM lines
    UNION ALL SELECT line, stage, test, lower(trim(status)), percent_code, true FROM lines
),
strays AS (SELECT spec, bit_or(record) AS strays FROM stages WHERE has_requirements GROUP BY spec)
SELECT line, with_percent, product, s.spec, l.slot, coalesce(kind, 'unlisted')::kinds AS kind, coalesce(c.mask, record) AS mask,
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

# A name without what two spellings of it may differ in.
_PERSON = "regexp_replace(lower({0}), '[^\\pL\\pM\\pN]', '', 'g')"

# Every row with every slot that judges it. `declared` is the limit of detection or quantitation beside such a word, `alone` the
# verdict that the result would have if it counted.
_JUDGED = f"""
SELECT *, CASE
         WHEN is_refused THEN 3
         WHEN superseded THEN 9
         -- A failing result that was invalidated is explained as such, and not once more as no evidence.
         WHEN is_set_aside THEN CASE WHEN alone = 4 OR kind = 'input' THEN 9 ELSE 0 END
         WHEN form = 0 THEN CASE WHEN kind = 'input' THEN 9 ELSE 0 END
         WHEN is_undecided OR kind = 'unlisted' THEN 3
         WHEN kind IN ('replicates', 'input') THEN 8
         WHEN is_early AND alone IN (1, 2) THEN 0
         ELSE alone END AS verdict
FROM (
    SELECT * EXCLUDE (mask), CASE WHEN is_refused THEN record ELSE mask END AS mask,
           is_invalidated AND NOT superseded AND CASE WHEN is_invalidated THEN is_investigated AND assignable_cause <> ''
               AND {_PERSON.format("analyst")} <> '' AND {_PERSON.format("invalidated_by")} <> ''
               AND {_PERSON.format("analyst")} <> {_PERSON.format("invalidated_by")} END AS is_set_aside
    FROM (
        SELECT *, CASE WHEN form = 0 THEN 0 ELSE CASE kind
            WHEN 'value' THEN {_VALUE}
            WHEN 'replicates' THEN {_VALUE}
            WHEN 'report_only' THEN CASE WHEN word_standing = 'interim' THEN 0 ELSE 1 END
            WHEN 'karyotype' THEN {_TEXT}
            WHEN 'identity' THEN {_TEXT} END END AS alone
        FROM (
            SELECT r.*, rules.* EXCLUDE (is_refused), d.* EXCLUDE (result), lot.b, sex, identity,
                   is_refused OR {{refused}} AS is_refused, investigation_id <> '' AS is_investigated,
                   revised_results IS NOT NULL AND coalesce(TRY_CAST(revision AS INTEGER), 0) < coalesce(revised_to[
                       list_position(revised_results, r.stage || chr(31) || r.test || chr(31) || result_id)], 0) AS superseded,
                   CASE censored_by WHEN 'lod' THEN nullif(TRY_CAST(lod AS DOUBLE), 0)
                                    WHEN 'loq' THEN nullif(TRY_CAST(loq AS DOUBLE), 0) END AS declared
            FROM results AS r
            JOIN lines ON lines.stage = r.stage AND lines.test = r.test AND lines.unit = r.unit AND lines.status = r.status
            JOIN readings AS d ON d.result = r.result
            JOIN lot ON lot.batch_id = r.batch_id
            JOIN rules ON rules.product = lot.product AND rules.line = lines.line AND rules.with_percent = d.percent
        )
    )
)
"""

# One scan gives the cells of every batch, and beside them the rows that do not simply conform: those that fail or are open, that
# an investigation concerns, that a revision replaced, or that count only together: replicates of a mean, and the
# concentration behind a dose rate.
FOUND = f"""
CREATE TABLE found AS
WITH judged AS (
    SELECT b, spec, mask, verdict::UTINYINT AS verdict, alone::UTINYINT AS alone, slot, kind, reading, line, unit_code, declared,
           result_id, replicate, superseded, is_set_aside, is_invalidated, is_investigated, is_preliminary, is_refused
    FROM ({_JUDGED})
)
SELECT b, spec,
       bit_or(CASE verdict WHEN 1 THEN mask ELSE 0 END) AS conforms, bit_or(CASE verdict WHEN 2 THEN mask ELSE 0 END) AS alert,
       bit_or(CASE verdict WHEN 3 THEN mask ELSE 0 END) AS inconclusive, bit_or(CASE verdict WHEN 4 THEN mask ELSE 0 END) AS fails
FROM judged GROUP BY b, spec
UNION ALL BY NAME
FROM judged WHERE verdict NOT IN (1, 9) OR superseded OR is_invalidated OR is_investigated;
CREATE VIEW cells AS SELECT b, spec, conforms, alert, inconclusive, fails FROM found WHERE verdict IS NULL;
CREATE VIEW listed AS
SELECT found.*, result AS reported, form = 0 AS is_empty FROM found JOIN readings USING (reading);
CREATE VIEW together AS
SELECT b, spec, slot, kind, result_id, replicate, is_preliminary, unit_code, reading, line,
       CASE WHEN declared IS NOT NULL THEN 4 ELSE form END AS form, coalesce(declared, number) AS number,
       coalesce(word_standing = 'interim', false) AS is_interim
FROM found JOIN readings USING (reading) WHERE verdict = 8
"""

UNZONED = """
CREATE TABLE unzoned AS
SELECT lot.b, s.spec, record AS mask, 2 AS verdict, result AS reported
FROM results AS r JOIN lot ON lot.batch_id = r.batch_id JOIN products USING (product)
JOIN specifications AS s ON s.value = products.value JOIN stages AS t ON t.spec = s.spec AND t.stage = r.stage
WHERE ({unzoned}) AND NOT ({refused})
      AND list_contains(getvariable('statuses'), lower(trim(r.status)))
"""
