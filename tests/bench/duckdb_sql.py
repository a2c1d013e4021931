# SPDX-License-Identifier: Apache-2.0
"""The figures of hubreduce about models in DuckDB's SQL: (name, statement), and a file that it reads once. What a statement gives is what figures() of
bench_duckdb.py makes of census.json. Written to be fast: one walk over the tags for all that rests on them, sizes by one table, counters by their
distinct values."""

LUMP_END = 1646265600  # 2022-03-03
YEARS = (1704067200, 1735689600, 1767225600)  # 2024, 2025, 2026: the years of growth.top where t0 lies in 2026


def text(s):
    return "'" + str(s).replace("'", "''") + "'"


def load(csv, parquet):
    lists = ", ".join(f"CASE WHEN {c} IS NULL THEN []::VARCHAR[] ELSE string_split({c}, chr(31)) END AS {c}" for c in ("base_models", "tags"))
    return [
        (
            "load",
            f"""COPY (SELECT _id, id, created::INTEGER AS created, disabled::BOOLEAN AS disabled, downloads::BIGINT AS downloads,
  downloads_all_time::BIGINT AS downloads_all_time, safetensors_total::BIGINT AS safetensors_total, gguf_total::BIGINT AS gguf_total,
  author, gated, pipeline_tag, library_name, {lists}
FROM read_csv({text(csv)}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')) TO {text(parquet)} (FORMAT parquet)""",
        )
    ]


def setup(parquet, orgs, topics):
    """orgs: (namespace in lower case, parent, sector, from, to); topics: (group, topic, tag in lower case)."""
    yield "setup.models", f"CREATE VIEW m AS SELECT * FROM read_parquet({text(parquet)})"
    rows = ", ".join(f"({text(n)}, {text(p)}, {text(s)}, {a}, {b})" for n, p, s, a, b in orgs)
    yield "setup.orgs", f"CREATE TEMP TABLE orgs AS SELECT * FROM (VALUES {rows}) t(ns, parent, sector, since, until)"
    rows = ", ".join(f"({text(g)}, {text(t)}, {text(tag)})" for g, t, tag in topics)
    yield "setup.topics", f"CREATE TEMP TABLE topics AS SELECT * FROM (VALUES {rows}) t(facet, category, tag)"


def totals():
    yield "totals.all", "SELECT count(*), count(DISTINCT lower(author)) FROM m"
    yield "totals.by_period", """WITH d AS (SELECT DATE '1970-01-01' + (created // 86400)::INTEGER AS day, count(*) AS n FROM m GROUP BY 1),
 p AS (SELECT 'day' AS type, strftime(day, '%Y-%m-%d') AS period, n FROM d UNION ALL SELECT 'month', strftime(day, '%Y-%m'), n FROM d
  UNION ALL SELECT 'year', strftime(day, '%Y'), n FROM d),
 g AS (SELECT type, period, sum(n) AS new FROM p GROUP BY ALL)
SELECT type, period, new, sum(new) OVER (PARTITION BY type ORDER BY period) FROM g"""


def concentration(counter):
    return (
        f"concentration.{counter}",
        f"""WITH runs AS MATERIALIZED (SELECT {counter}::HUGEINT AS v, count(*)::HUGEINT AS n FROM m WHERE {counter} IS NOT NULL GROUP BY 1),
 r AS MATERIALIZED (SELECT v, n, sum(n) OVER (ORDER BY v) AS upto FROM runs), t AS (SELECT sum(n) AS rows, sum(v * n) AS whole FROM runs),
 top AS (SELECT k, sum(v * greatest(0, least(n, upto - (rows - least(k, rows))))) AS s FROM r, t,
  (SELECT DISTINCT unnest([10, 50, 200, 1000, 10000, (rows + 9999) // 10000, (rows + 999) // 1000, (rows + 99) // 100]) AS k FROM t) GROUP BY k),
 decile AS (SELECT p, min(v) AS v FROM r, t, (SELECT unnest(range(1, 10)) AS p) WHERE upto >= (rows * p + 9) // 10 GROUP BY p)
SELECT 'rows', '', rows::DOUBLE FROM t UNION ALL SELECT 'sum', '', whole::DOUBLE FROM t
UNION ALL SELECT 'top', k::VARCHAR, s::DOUBLE / whole::DOUBLE FROM top, t UNION ALL SELECT 'decile', p::VARCHAR, v::DOUBLE FROM decile
UNION ALL SELECT 'below', b::VARCHAR, (SELECT coalesce(sum(n), 0) FROM r WHERE v < b)::DOUBLE / rows::DOUBLE FROM t, (SELECT unnest([1, 10, 100, 200, 1000]) AS b)
UNION ALL SELECT 'gini', '', (sum(v * n * (2 * (upto - n) + n + 1)) - (any_value(rows) + 1) * any_value(whole))::DOUBLE
 / (any_value(rows) * any_value(whole))::DOUBLE FROM r, t""",
    )


def growth():
    owner = "lower(author) = ns AND created >= since AND created < until"
    yield "growth.orgs", f"""SELECT parent, CASE WHEN created < {LUMP_END} THEN 'before' ELSE strftime(make_timestamp(created::BIGINT * 1000000), '%Y-%m') END, count(*)
FROM m JOIN orgs ON {owner} GROUP BY ALL"""
    yield "growth.top", f"""WITH g AS (SELECT CASE WHEN sector <> 'individual' THEN parent ELSE lower(author) END AS name,
  count(*) FILTER (created < {YEARS[1]}) AS base, count(*) FILTER (created >= {YEARS[1]}) AS new
 FROM m LEFT JOIN orgs ON {owner} WHERE created >= {YEARS[0]} AND created < {YEARS[2]} AND author IS NOT NULL GROUP BY 1),
 a AS (SELECT * FROM g WHERE new > base)
SELECT 'absolute', row_number() OVER (ORDER BY new - base DESC, name) AS i, * FROM a QUALIFY i <= 100
UNION ALL SELECT 'relative', row_number() OVER (ORDER BY new / base DESC, name) AS i, * FROM a WHERE base >= 10 QUALIFY i <= 100"""


def categories(parquet):
    for facet, column in (("pipeline_tag", "pipeline_tag"), ("library", "library_name")):
        yield f"categories.{facet}", f"SELECT '{facet}', coalesce({column}, '(none)'), count(*), sum(downloads), sum(downloads_all_time) FROM m GROUP BY ALL"
    walk = f"""(SELECT file_row_number AS row, downloads AS d, downloads_all_time AS a, unnest(tags) AS tag
 FROM read_parquet({text(parquet)}, file_row_number = true))"""
    # A repository counts once for a key, whatever number of its tags say so.
    yield "categories.keys", f"""CREATE TEMP TABLE keys AS WITH n AS (SELECT DISTINCT tag FROM {walk}),
 k AS (SELECT n.tag, facet, category FROM n JOIN topics ON lower(n.tag) = topics.tag WHERE facet IN ('language', 'format', 'science')
  UNION ALL SELECT tag, split_part(tag, ':', 1), substr(tag, strpos(tag, ':') + 1) FROM n WHERE starts_with(tag, 'license:') OR starts_with(tag, 'region:'))
SELECT *, dense_rank() OVER (ORDER BY facet, category) AS key FROM k"""
    yield "categories.tags", f"""WITH c AS (SELECT key, count(*) AS n, sum(d) AS d, sum(a) AS a FROM (SELECT row * 65536 + key AS rk, any_value(key) AS key, any_value(d) AS d,
 any_value(a) AS a FROM {walk} JOIN keys USING (tag) GROUP BY 1) GROUP BY 1)
SELECT DISTINCT facet, category, n, d, a FROM c JOIN keys USING (key)"""


def sizes():
    # A count in a name is a word of its own; billions and millions count before trillions, and years are none.
    yield "size.word", "CREATE MACRO number(w) AS list_product(list_transform(string_split(regexp_extract(lower(w), '^[0-9xp.]*[0-9]'), 'x'), f -> TRY_CAST(replace(f, 'p', '.') AS DOUBLE)))"
    yield "size.count", """CREATE MACRO parameters(w) AS CASE lower(regexp_extract(w, '[bBmMtT]')) WHEN 'm' THEN round(number(w) * 1e6) WHEN 't' THEN round(number(w) * 1e12)
 ELSE CASE WHEN number(w) >= 1990 AND number(w) < 2040 AND number(w) = floor(number(w)) THEN 0 ELSE round(number(w) * 1e9) END END"""
    # Mostly the first word that looks like one is the count: only where it is none, or there is none, all words are looked at.
    first = "(?:^|[^0-9A-Za-z.])((?:[0-9]+[xX])?[0-9]+(?:[.p][0-9]+)?[bBmM])(?:[^0-9A-Za-z]|$)"
    yield "size.table", f"""CREATE TEMP TABLE s AS WITH own AS (SELECT _id, lower(id) AS name, created, downloads, base_models,
  CASE WHEN safetensors_total > 0 THEN safetensors_total WHEN gguf_total > 0 THEN gguf_total END AS told,
  CASE WHEN told IS NULL THEN split_part(id, '/', -1) END AS last, regexp_extract(last, '{first}', 1) AS small,
  CASE WHEN small <> '' THEN parameters(small) END AS likely,
  list_filter(tags, x -> starts_with(x, 'base_model:quantized:'))[1] AS q FROM m),
 words AS (SELECT *, CASE WHEN likely BETWEEN 1e5 AND 1e13 THEN [small] WHEN regexp_matches(last, '[0-9][bBmMtT]([^0-9A-Za-z]|$)')
   THEN list_filter(list_filter(string_split_regex(last, '[^0-9A-Za-z.]+'), w -> regexp_matches(w, '^([0-9]+[xX])?[0-9]+([.p][0-9]+)?[bBmMtT]([.].*)?$')),
    w -> parameters(w) BETWEEN 1e5 AND 1e13) END AS words FROM own),
 said AS (SELECT * EXCLUDE (words), coalesce(list_filter(words, w -> NOT regexp_matches(w, '[0-9][tT]'))[1], words[1]) AS word FROM words),
 n AS MATERIALIZED (SELECT _id, name, created, downloads, CASE WHEN q IS NOT NULL AND len(base_models) = 1 THEN base_models[1] END AS base_id,
  lower(substr(q, 22)) AS base_name, CASE WHEN told IS NOT NULL THEN 'told' WHEN word IS NOT NULL THEN 'name' ELSE 'unknown' END AS source,
  coalesce(told, CASE WHEN word = small THEN likely WHEN word IS NOT NULL THEN parameters(word) END::BIGINT, 0) AS count FROM said),
 b AS (SELECT q._id, CASE WHEN i.count > 0 THEN i.count WHEN i._id IS NULL AND j.count > 0 THEN j.count END AS base
  FROM (SELECT _id, base_id, base_name FROM n WHERE base_name IS NOT NULL) q LEFT JOIN n i ON i._id = q.base_id LEFT JOIN n j ON j.name = q.base_name)
SELECT year(make_timestamp(created::BIGINT * 1000000)) AS year, downloads, coalesce(base, count) AS count, CASE WHEN base IS NOT NULL THEN 'base' ELSE source END AS source FROM n LEFT JOIN b USING (_id)"""
    yield "size.buckets", """SELECT CASE WHEN count <= 0 THEN 'unknown' WHEN count < 1000000000 THEN '<1B' WHEN count < 9000000000 THEN '1-9B' WHEN count < 20000000000 THEN '9-20B'
  WHEN count < 70000000000 THEN '20-70B' WHEN count < 100000000000 THEN '70-100B' ELSE '>=100B' END AS bucket, count(*), sum(downloads),
 list_sort(max(downloads, 10))[(least(count(downloads), 10) + 1) // 2], count(*) FILTER (source = 'base'), count(*) FILTER (source = 'told'), count(*) FILTER (source = 'name') FROM s GROUP BY 1"""
    yield "size.mean", """WITH y AS (SELECT year, count, sum(downloads)::HUGEINT AS weight, count(*) AS n FROM s WHERE count > 0 AND downloads > 0 GROUP BY ALL),
 z AS (SELECT year::VARCHAR AS year, count, weight, n FROM y UNION ALL SELECT 'all', count, sum(weight), sum(n) FROM y GROUP BY count),
 c AS (SELECT *, sum(weight) OVER (PARTITION BY year ORDER BY count) AS upto, sum(weight) OVER (PARTITION BY year) AS whole FROM z)
SELECT year, sum(count * weight)::DOUBLE / any_value(whole)::DOUBLE, min(count) FILTER (2 * upto >= whole), sum(n) FROM c GROUP BY 1"""


def statements(parquet, orgs, topics):
    yield from setup(parquet, orgs, topics)
    yield from totals()
    yield concentration("downloads")
    yield concentration("downloads_all_time")
    yield from growth()
    yield from categories(parquet)
    yield from sizes()
    yield "gating", "SELECT gated, disabled, count(*) FROM m GROUP BY ALL"
