"""DuckDB: reading of distinct texts and of the batch table, as SQL."""

from __future__ import annotations

__all__ = ["LOTS", "READINGS", "SEXES"]

_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_NARROW = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)).replace("'", "''")
_BLANKS = "\t\u00a0\u2007\u2009\u202f\u3000"

# Forms: 0 empty, 1 word, 2 number, 3 number of more than 15 digits, 4 <, 5 ≤, 6 >, 7 ≥, 8 unreadable.
READINGS = f"""
CREATE TABLE readings AS
WITH folds AS (
    SELECT result, trim(regexp_replace(
        translate(result, '{_BLANKS}−{_WIDE}', '{" " * len(_BLANKS)}-{_NARROW}'), ' {{2,}}', ' ', 'g')) AS fold
    FROM (SELECT DISTINCT result FROM results)
),
matches AS (
    SELECT result, fold, regexp_extract(fold,
        '^(<=|>=|[<>=≤≥≦≧])? ?([+-]?(?:[0-9]+(?:[.][0-9]+)?|[.][0-9]+))(?:[eE]([+-]?[0-9]+)| ?[xX×] ?10\\^([+-]?[0-9]+))?( ?%)?$',
        ['operator', 'mantissa', 'exponent', 'power', 'percent']) AS m
    FROM folds
),
numbers AS (
    SELECT result, fold, m.operator AS operator, m.percent <> '' AS percent,
           CASE WHEN m.mantissa <> '' THEN TRY_CAST(m.mantissa || 'e' || CASE WHEN m.exponent <> '' THEN m.exponent
                WHEN m.power <> '' THEN m.power ELSE '0' END AS DOUBLE) END AS number,
           length(trim(regexp_replace(m.mantissa, '[+.-]', '', 'g'), '0')) AS digits, m.mantissa[1] = '-' AS is_negative
    FROM matches
)
SELECT result, (row_number() OVER ())::INTEGER AS reading, lower(fold) AS folded, percent, number, coalesce(word, 63)::UTINYINT AS word, standing AS word_standing,
       CASE WHEN fold = '' THEN 0 WHEN word IS NOT NULL THEN 1
            WHEN number IS NULL OR (is_negative AND number = 0) OR (number <> 0 AND abs(number) NOT BETWEEN 1e-290 AND 1e290) THEN 8
            WHEN digits > 15 THEN CASE WHEN operator IN ('', '=') THEN 3 ELSE 8 END
            WHEN operator IN ('', '=') THEN 2 WHEN operator = '<' THEN 4 WHEN operator IN ('<=', '≤', '≦') THEN 5
            WHEN operator = '>' THEN 6 ELSE 7 END::UTINYINT AS form,
       CASE WHEN word = (SELECT word FROM words WHERE spelling = 'not detected') THEN 'lod'
            WHEN word = (SELECT word FROM words WHERE spelling = 'below quantitation limit') THEN 'loq' END AS censored_by,
       TRY_CAST(regexp_extract(fold, '^46,X[XY]\\[([1-9][0-9]{{0,3}})\\]$', 1) AS INTEGER) AS metaphases,
       CASE fold[:5] WHEN '46,XX' THEN 'female' WHEN '46,XY' THEN 'male' END AS karyotype_sex,
       regexp_full_match(fold, '47,(X[XY],\\+[0-9XY]+|XXX|XXY|XYY)\\[([2-9]|[1-9][0-9]+)\\](/46,X[XY]\\[[0-9]+\\])?') AS is_clone
FROM numbers LEFT JOIN words ON spelling = lower(fold)
"""

SEXES = """CASE lower(trim(donor_sex)) WHEN 'female' THEN 'female' WHEN 'f' THEN 'female' WHEN 'xx' THEN 'female'
           WHEN 'male' THEN 'male' WHEN 'm' THEN 'male' WHEN 'xy' THEN 'male' END"""

# The batches: what each is, which requirements apply to it, which of its results were revised, and its amounts.
LOTS = """
CREATE TABLE products AS SELECT value, (row_number() OVER ())::INTEGER AS product FROM (SELECT DISTINCT value FROM specifications);
CREATE TABLE revised AS
WITH lowest AS (SELECT min(coalesce(TRY_CAST(revision AS INTEGER), 0)) AS lowest FROM (SELECT DISTINCT revision FROM results)),
latest AS (
    SELECT batch_id, stage || chr(31) || test || chr(31) || result_id AS result, max(TRY_CAST(revision AS INTEGER)) AS revision
    FROM results WHERE revision IN (SELECT DISTINCT revision FROM results, lowest WHERE TRY_CAST(revision AS INTEGER) > lowest)
    AND result_id <> '' GROUP BY ALL
)
SELECT batch_id, list(result) AS revised_results, list(revision) AS revised_to FROM latest GROUP BY batch_id;
CREATE TABLE lot AS
SELECT batch_id, (row_number() OVER ())::INTEGER AS b, product, {sexes} AS sex, lower(trim(donor_str_profile)) AS identity,
       revised_results, revised_to, {selecting},
       TRY_CAST(rtrim(manufactured_at, 'Z') AS TIMESTAMP) AS manufactured_at,
       CASE WHEN expires_at <> '' THEN TRY_CAST(rtrim(expires_at, 'Z') AS TIMESTAMP)
            + CASE WHEN length(expires_at) = 10 THEN INTERVAL '86399 seconds' ELSE INTERVAL '0 seconds' END END AS expires_at,
       expires_at <> '' AND TRY_CAST(rtrim(expires_at, 'Z') AS TIMESTAMP) IS NULL AS is_expiry_unreadable,
       dose_volume <> '' AND recipient_weight <> '' AND infusion_hours <> '' AS has_amounts,
       TRY_CAST(dose_volume AS DOUBLE) * v.factor AS volume, TRY_CAST(recipient_weight AS DOUBLE) * w.factor AS weight,
       TRY_CAST(infusion_hours AS DOUBLE) * h.factor AS duration
FROM (SELECT * EXCLUDE (product), {product} AS value FROM batches)
JOIN products USING (value) LEFT JOIN revised USING (batch_id)
LEFT JOIN (SELECT spelling, factor FROM units JOIN factors USING (unit) WHERE target = 'mL') AS v ON v.spelling = dose_volume_unit
LEFT JOIN (SELECT spelling, factor FROM units JOIN factors USING (unit) WHERE target = 'kg') AS w ON w.spelling = recipient_weight_unit
LEFT JOIN (SELECT spelling, factor FROM units JOIN factors USING (unit) WHERE target = 'h') AS h ON h.spelling = infusion_hours_unit;
CREATE TABLE lot_specifications AS
WITH stated AS (SELECT * FROM lot JOIN products USING (product) JOIN specifications USING (value)),
conditions AS (
    SELECT spec, bit, attribute, list(value) AS listed, any_value(known) AS known
    FROM selectors JOIN (SELECT attribute, list(value) AS known FROM declared GROUP BY attribute) USING (attribute)
    GROUP BY spec, bit, attribute
),
asked AS (
    SELECT spec, {names}, bit, listed, known, CASE attribute {answers} END AS answer
    FROM (SELECT DISTINCT spec, {names} FROM stated) JOIN conditions USING (spec)
),
masks AS (
    SELECT spec, {names},
           bit_or(CASE WHEN NOT list_contains(listed, answer) AND list_contains(known, answer) THEN 1::BIGINT << bit ELSE 0 END) AS off,
           bit_or(CASE WHEN NOT list_contains(known, answer) THEN 1::BIGINT << bit ELSE 0 END) AS uncertain
    FROM asked GROUP BY spec, {names}
),
whole AS (SELECT spec, bit_or(required) AS required, bit_or(expiry) AS expiry FROM stages GROUP BY spec),
cells AS (
    SELECT spec, bit_or(CASE WHEN role = 'part' THEN mask ELSE 0 END) AS inner_cells,
           bit_or(CASE WHEN due_seconds IS NOT NULL THEN mask ELSE 0 END) AS late
    FROM columns GROUP BY spec
)
SELECT b, spec, ~coalesce(off, 0) AS applies, coalesce(uncertain, 0) AS uncertain, required, expiry, inner_cells, late,
       manufactured_at, expires_at, is_expiry_unreadable
FROM stated LEFT JOIN masks USING (spec, {names}) JOIN whole USING (spec) JOIN cells USING (spec)
"""
