"""DuckDB: from verdicts about rows to dispositions and findings, as SQL."""

from __future__ import annotations

from benchmarks.peers.duckdb_rows import VERDICT_OF_NUMBER

__all__ = ["COMPUTED", "DISPOSITIONS", "EVENTS", "FINDINGS", "SETTLED"]

# Means and dose rates are judged like reported results, in the unit of their limit. A value that cannot be computed is
# open, as are replicates that cannot be told apart and a value censored in both directions.
COMPUTED = f"""
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

# What is to be noted about cells: failing results that were revised or invalidated stay visible, an invalidation without proof
# takes no effect, and an average hides no result. A failing result that was invalidated leaves its cell open, even where the
# revision that invalidates it is empty.
EVENTS = """
CREATE TABLE events AS
WITH records AS (
    SELECT *, CASE WHEN result_id <> '' THEN result_id ELSE chr(31) || reported END AS identity
    FROM listed
    WHERE NOT is_refused AND kind NOT IN ('unlisted', 'input') AND (superseded OR is_invalidated OR is_investigated)
)
SELECT b, spec, mask, 2 AS verdict, reported, true AS is_aside, false AS is_individual
FROM records WHERE alone = 4 AND (superseded OR is_set_aside)
UNION SELECT b, spec, mask, 2, reported, false, false
FROM records WHERE is_invalidated AND NOT is_set_aside AND NOT superseded AND NOT is_empty
UNION SELECT b, spec, mask, 2, reported, false, true
FROM listed WHERE verdict = 8 AND alone = 4 AND kind = 'replicates' AND NOT is_preliminary
UNION SELECT b, spec, mask, 3, reported, false, false
FROM records SEMI JOIN (FROM records WHERE alone = 4) AS failing USING (b, slot, identity) WHERE is_set_aside
"""

_BITS = """bit_or(CASE verdict WHEN 1 THEN mask ELSE 0 END) AS conforms, bit_or(CASE verdict WHEN 2 THEN mask ELSE 0 END) AS alert,
           bit_or(CASE verdict WHEN 3 THEN mask ELSE 0 END) AS inconclusive, bit_or(CASE verdict WHEN 4 THEN mask ELSE 0 END) AS fails"""

# Composite requirements, capped cells, expiry, and what is missing or still pending.
SETTLED = f"""
CREATE TABLE settled AS
WITH further AS (
    SELECT b, spec, {_BITS}
    FROM (
        SELECT b, spec, mask, verdict FROM computed
        UNION ALL SELECT b, spec, mask, verdict FROM unzoned
        UNION ALL SELECT b, spec, mask, verdict FROM events WHERE verdict = 3
    ) GROUP BY b, spec
),
reported AS (
    SELECT b, spec, bit_or(conforms) AS conforms, bit_or(alert) AS alert, bit_or(inconclusive) AS inconclusive, bit_or(fails) AS fails
    FROM (FROM cells UNION ALL FROM further) GROUP BY b, spec
),
noted AS (
    SELECT b, e.spec, bit_or(owner) AS noted, bit_or(CASE WHEN is_aside THEN owner ELSE 0 END) AS aside
    FROM events AS e JOIN columns AS c ON c.spec = e.spec AND c.mask = e.mask WHERE verdict = 2 GROUP BY b, e.spec
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
    SELECT w.* EXCLUDE (f, i, a, c), w.f | coalesce(k.f, 0) AS f, w.i | coalesce(k.i, 0) AS i, w.a | coalesce(k.a, 0) AS a,
           w.c | coalesce(k.c, 0) AS c, coalesce(k.f, 0) | coalesce(k.i, 0) AS undecided, coalesce(noted, 0) AS noted,
           coalesce(aside, 0) AS aside
    FROM worst AS w LEFT JOIN composites AS k ON k.b = w.b AND k.spec = w.spec
    LEFT JOIN noted AS n ON n.b = w.b AND n.spec = w.spec
),
certain AS (
    SELECT (w.f | w.a | (w.c & noted)) & uncertain & ~inner_cells AS capped,
           * REPLACE ((w.f | CASE WHEN expires_at < getvariable('as_of') THEN expiry ELSE 0 END) & ~capped AS f,
                      w.i | capped | CASE WHEN is_expiry_unreadable THEN expiry ELSE 0 END AS i,
                      (w.a | (w.c & noted)) & ~capped AS a, w.c & ~noted AS c)
    FROM whole AS w
)
SELECT *, required & applies & ~(f | i | a | c) AS missing,
       -- A known failure is not carried into a release by waiting for what may take its place.
       CASE WHEN (missing & late & ~aside) <> 0 THEN coalesce((
           SELECT bit_or(mask) FROM columns AS k WHERE k.spec = certain.spec AND k.due_seconds IS NOT NULL
           AND manufactured_at + to_seconds(k.due_seconds) >= getvariable('as_of')), 0) & missing & ~aside ELSE 0 END AS pending
FROM certain
"""

DISPOSITIONS = """
SELECT batch_id, spec_id, stage, CASE WHEN (f & reject) <> 0 THEN 'reject'
           WHEN (f & hold) <> 0 OR ((i | missing & ~pending) & t.mask) <> 0 OR NOT has_requirements THEN 'hold'
           WHEN (pending & t.mask) <> 0 THEN 'conditional' ELSE 'eligible' END AS disposition
FROM settled AS s JOIN lot USING (b) JOIN stages AS t ON t.spec = s.spec JOIN specifications AS n ON n.spec = s.spec
WHERE has_requirements OR ((f | i | a) & t.record) <> 0
"""

FINDINGS = """
WITH row_findings AS (
    SELECT o.b, o.spec, c.mask, c.owner, verdict, reported, is_individual
    FROM (
        SELECT b, spec, mask, verdict, reported, false AS is_individual FROM listed WHERE verdict NOT IN (1, 8, 9)
        UNION ALL SELECT b, spec, mask, verdict, '', false FROM computed WHERE verdict <> 1
        UNION ALL SELECT b, spec, mask, verdict, reported, false FROM unzoned
        UNION ALL SELECT b, spec, mask, verdict, reported, is_individual FROM events
    ) AS o JOIN columns AS c ON c.spec = o.spec AND (c.mask & o.mask) <> 0
),
shown AS (
    -- A failed part of an undecided whole is no failure of the batch.
    SELECT s.b, s.spec, r.mask, CASE WHEN verdict = 0 THEN 0 WHEN (i & r.owner) <> 0
               AND (verdict = 4 OR verdict = 2 AND (uncertain & r.mask) <> 0) THEN 3 ELSE verdict END AS verdict, reported
    FROM row_findings AS r JOIN settled AS s ON s.b = r.b AND s.spec = r.spec
    WHERE (r.mask & applies) <> 0 AND CASE
          WHEN verdict = 0 THEN (missing & r.owner) <> 0
          WHEN is_individual THEN (a & r.owner) <> 0
          ELSE ((f | i | a | missing) & r.owner) <> 0 END
    UNION
    SELECT b, s.spec, c.mask, CASE WHEN (f & c.mask) <> 0 THEN 4 WHEN (missing & c.mask) <> 0 THEN 0 ELSE 3 END, ''
    FROM settled AS s JOIN columns AS c ON c.spec = s.spec
         AND ((missing | capped | undecided | ((f | i) & expiry)) & c.mask) <> 0
)
SELECT DISTINCT batch_id, spec_id, stage, requirement_id, ['missing', 'conforms', 'alert', 'inconclusive', 'fails'][verdict + 1] AS verdict,
       reported
FROM shown JOIN columns AS c ON c.spec = shown.spec AND c.mask = shown.mask
JOIN specifications AS n ON n.spec = shown.spec JOIN lot USING (b)
"""
