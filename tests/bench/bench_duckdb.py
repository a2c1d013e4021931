# SPDX-License-Identifier: Apache-2.0
"""The reduce beside a database: the same figures about models, except lineage, by hubreduce on two ranks from the shards, exchange included; by DuckDB
with two threads from a Parquet file of the same rows; by pandas from census.h5. They must be equal, or there is nothing to compare.
bench_duckdb.py [--quick] [--models N] [--json FILE]

Wall seconds, the best of three (pandas: once); no program's start counts, and all read from the page cache. Of hubreduce only the parts that these figures
need: what census.h5 takes is a row of its own."""

import csv
import json
import math
import os
import subprocess
import sys

import h5py

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import kept, node_package, options  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

import duckdb_sql  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = ("totals", "concentration", "growth", "categories", "size", "gating")
FIGURES = "totals,concentration,growth,categories,science,size,gating"
TIMES = 3


def run(args, **kw):
    p = subprocess.run([str(a) for a in args], env=ENV, capture_output=True, text=True, timeout=3600, **kw)
    if p.returncode:
        raise RuntimeError(f"{args}: exit code {p.returncode}\n{p.stderr[-2000:]}")
    return p.stdout


def crawl(models):
    folder = scratch()
    with Hub("--models", models, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0, "--no-gzip") as hub:
        run([*MPIRUN, "-n", 2, f"{BUILD}/hubcrawl", "--quiet", "--burst", "--hub", hub.url, "--until", UNTIL, "--kinds", "models", folder])
    return folder


def reduce(folder, ranks=2, figures=FIGURES):
    """Seconds by part."""
    run([*MPIRUN, "-n", ranks, f"{BUILD}/hubreduce", "--quiet", f"--figures={figures}", folder])
    with open(f"{folder}/run.json", encoding="utf-8") as f:
        return {k: ms / 1000 for k, ms in json.load(f)["run"]["reduce_wall"].items()}


def part(wall, *names):
    return sum(wall.get(n, 0) for n in names)


def columns(wall):
    """Of one run of hubreduce."""
    of = {"read, exchange": part(wall, "read", "exchange", "owners", "accounts")}
    for f in FAMILIES:
        of[f] = part(wall, f"figures.{f}", *{"size": ["figures.nodes"], "categories": ["figures.science"]}.get(f, []))
    of["figures in all"] = sum(of.values()) + part(wall, "figures.tables")
    of["census.h5"] = part(wall, *(k for k in wall if k.startswith("write.")))
    return of


def export(census, to):
    """The rows of census.h5 as CSV, lists divided by U+001F."""
    with h5py.File(census, "r") as f, open(to, "w", newline="", encoding="utf-8") as out:
        m = f["models"]
        label = {c: [x.decode() for x in m[f"labels/{c}"][:]] + [""] for c in ("author", "gated", "pipeline_tag", "library_name", "base_models", "tags")}
        numbers, coded, lists = ("disabled", "downloads", "downloads_all_time", "safetensors_total", "gguf_total"), ("author", "gated", "pipeline_tag", "library_name"), ("base_models", "tags")
        offsets = {c: m[f"{c}/offsets"][:] for c in lists}
        write = csv.writer(out)
        write.writerow(["_id", "id", "created", *numbers, *coded, *lists])
        for i in range(0, len(m["_id"]), 100000):
            j = min(i + 100000, len(m["_id"]))
            ids = [x.decode() for x in m["_id"][i:j]]
            cells = [ids, [x.decode() for x in m["id"][i:j]], [int(x[:8], 16) for x in ids]]
            cells += [["" if x < 0 else x for x in m[c][i:j].tolist()] for c in numbers]
            cells += [[label[c][x] for x in m[c][i:j].tolist()] for c in coded]
            for c in lists:
                at = offsets[c][i : j + 1]
                codes, at = m[f"{c}/codes"][at[0] : at[-1]].tolist(), (at - at[0]).tolist()
                cells.append(["\x1f".join([label[c][k] for k in codes[a:b]]) for a, b in zip(at, at[1:])])
            write.writerows(zip(*cells))


def tables(census):
    """What classified: organisations from census.h5, topics from the table that it was made with."""
    with h5py.File(census, "r") as f:
        o = {c: f[f"orgs/{c}"].asstr()[:] for c in ("namespace", "parent", "sector")}
        since, until = f["orgs/from"][:], f["orgs/to"][:]
    orgs = [(n.lower(), p, s, int(a) if a >= 0 else 0, int(b) if b >= 0 else 2**40) for n, p, s, a, b in zip(o["namespace"], o["parent"], o["sector"], since, until)]
    with open(f"{HERE}/../../jobs/topics.csv", encoding="utf-8") as f:
        rows = csv.reader(line for line in f if not line.startswith("#"))
        next(rows)
        return orgs, [(r[0], r[1], r[2].lower()) for r in rows]


def figures(census):
    """What census.json says, by statement: {key: values}."""
    with open(census, encoding="utf-8") as f:
        v = {k: x.get("value") for k, x in json.load(f)["figures"].items()}
    n = v["totals.models"]
    top = {"0.01%": -(-n // 10000), "0.1%": -(-n // 1000), "1%": -(-n // 100)}
    want = {"totals.all": {(): (n, v["totals.owners"]["models"])}}
    want["totals.by_period"] = {(t, p): (x["new"], x["cumulative"]) for t, by in v["totals.by_period"]["models"].items() for p, x in by.items()}
    for c in ("downloads", "downloads_all_time"):
        w = want[f"concentration.{c}"] = {("rows", ""): (v["concentration.rows"]["models"][c],), ("sum", ""): (v["concentration.sum"]["models"][c],), ("gini", ""): (v["concentration.gini"]["models"][c],)}
        w.update({("top", str(top.get(k, k))): (x,) for k, x in v["concentration.shares"]["models"][c].items()})
        w.update({("below", k): (x,) for k, x in v["concentration.below"]["models"][c].items()})
        w.update({("decile", str(int(k[:-1]) // 10)): (x,) for k, x in v["concentration.deciles"]["models"][c].items() if k != "100%"})
    want["growth.orgs"] = {(p, m): (x,) for p, by in v["growth.orgs_monthly"].items() for m, x in by["models"].items()}
    want["growth.orgs"].update({(p, "before"): (by["models"]["before"],) for p, by in v["growth.orgs"].items() if by["models"]["before"]})
    want["growth.top"] = {(by, str(int(i))): (x["organisation"], x["base"], x["new"]) for by, kinds in v["growth.top"].items() for i, x in kinds["models"].items()}
    c = {(f, k): (x["repositories"], x["downloads"], x["downloads_all_time"]) for f, of in v["categories.models"].items() for k, x in of.items()}
    for f in ("pipeline_tag", "library"):
        want[f"categories.{f}"] = {k: x for k, x in c.items() if k[0] == f}
    want["categories.tags"] = {k: x for k, x in c.items() if k[0] not in ("pipeline_tag", "library")}
    want["categories.tags"].update({("science", t): (x["models"],) for t, x in v["science"].items()})
    want["size.buckets"] = {}
    for b, x in v["size.buckets"].items():
        s = x["sources"]
        want["size.buckets"][(b,)] = (x["repositories"], x["downloads"], x["median_top10"], s.get("base", 0), s.get("safetensors", 0) + s.get("gguf", 0), s.get("name", 0))
    want["size.mean"] = {(y,): (x["mean"], x["median"], x["repositories"]) for y, x in v["size.mean_downloaded"].items()}
    g = v["gating"]["models"]
    want["gating"] = {("gated", k): (x,) for k, x in g["gated"].items()}
    want["gating"].update({("disabled", k): (x,) for k, x in g["disabled"].items()})
    return want


KEYS = {"totals.all": 0, "size.buckets": 1, "size.mean": 1}


def answers(name, rows):
    if name != "gating":
        k = KEYS.get(name, 2)
        return {tuple(str(x) for x in r[:k]): tuple(r[k:]) for r in rows}
    said = {None: "absent", False: "false", True: "true"}
    out = {}
    for gated, disabled, n in rows:
        for key in (("gated", gated or "absent"), ("disabled", said[disabled])):
            out[key] = (out.get(key, (0,))[0] + int(n),)
    return out


def same(a, b):
    if isinstance(a, str):
        return a == b
    return math.isclose(a, float(b), rel_tol=1e-7, abs_tol=1e-9) if isinstance(a, float) else a == int(float(b))


def compare(who, want, got):
    """Raise where a number differs."""
    for name, expect in want.items():
        have = answers(name, got[name]["rows"])
        # Of a topic that is no category only the repositories are a figure.
        wrong = [k for k in expect.keys() | have.keys() if k not in expect or k not in have or not all(same(x, y) for x, y in zip(expect[k], have[k]))]
        if wrong:
            k = sorted(wrong)[0]
            raise RuntimeError(f"{who}, {name}: {len(wrong)} of {len(expect)} numbers differ, as {k}: census {expect.get(k)}, {who} {have.get(k)}")


def by_family(got):
    of = {"read, exchange": got.get("read", {}).get("seconds", 0.0)}
    for f in FAMILIES:
        of[f] = sum(x["seconds"] for name, x in got.items() if name.split(".")[0] == f)
    of["figures in all"] = sum(of.values())
    return of


def duckdb(statements):
    return json.loads(run(["node", f"{HERE}/duckdb/run.mjs", 2], input=json.dumps(list(statements))))


def best(runs):
    """Of the run that took least in all."""
    return min(runs, key=lambda r: r["figures in all"])


def measure(folder):
    census, work = f"{folder}/census.h5", scratch()
    ours = {n: best(columns(reduce(folder, n)) for _ in range(TIMES)) for n in (2, 1)}
    want = figures(f"{folder}/census.json")
    orgs, topics = tables(census)
    export(census, f"{work}/models.csv")
    duckdb(duckdb_sql.load(f"{work}/models.csv", f"{work}/models.parquet"))
    peers = []
    for i in range(TIMES):
        got = duckdb(duckdb_sql.statements(f"{work}/models.parquet", orgs, topics))
        compare("DuckDB", want, got)
        peers.append(by_family(got))
    for name, x in (("orgs", orgs), ("topics", topics)):
        with open(f"{work}/{name}.json", "w", encoding="utf-8") as f:
            json.dump(x, f)
    got = json.loads(run([sys.executable, f"{HERE}/bench_pandas.py", census, f"{work}/orgs.json", f"{work}/topics.json"]))
    compare("pandas", want, got)
    return ours, best(peers), by_family(got), len(want), want["totals.all"][()][0]


def show(ours, database, pandas, models):
    print(f"Figures of {models:,} models, s{'':<14} hubreduce, 2 ranks  1 rank  1 -> 2   DuckDB  pandas   hubreduce / DuckDB")
    for name, two in ours[2].items():
        one, d, p = ours[1][name], database.get(name), pandas.get(name)
        ratio = two / d if d else None
        print(f"  {name:<30} {two:>17.3f} {one:>8.3f} {one / two if two else 0:>6.2f}x " + (f"{d:>8.3f} {p:>7.3f}" if d is not None else f"{'-':>8} {'-':>7}") + (f"  {ratio:>10.2f}" if ratio else ""), flush=True)
        yield {"case": f"figures: {name}", "models": models, "hubreduce_s": two, "hubreduce_1_rank_s": one, "speedup": one / two if two else None, "duckdb_s": d, "pandas_s": p, "ratio": ratio}


def main():
    parser = options(__doc__)
    parser.add_argument("--models", type=int)
    args = parser.parse_args()
    missing = node_package(f"{HERE}/duckdb", "@duckdb/node-api")
    with kept(args) as rows:
        if missing:
            print(f"reduce beside a database: skipped, {missing}")
            rows.append({"case": "reduce beside a database", "skipped": missing})
            return
        ours, database, pandas, nstatements, models = measure(crawl(args.models or (100000 if args.quick else 3100000)))
        rows += show(ours, database, pandas, models)
        print(f"  every number of {nstatements} statements is the same in all three")


main()
