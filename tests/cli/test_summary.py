# SPDX-License-Identifier: Apache-2.0
"""What hubreduce prints: the summary in four formats, and the namespaces that nobody has classified, against census.h5."""

import csv
import io
import json
import re

import h5py
import numpy as np

from tap import UNTIL, Hub, crawl, load, main, ok, reduce, same, scratch

POPULATION = ["--models", 12000, "--datasets", 4000, "--spaces", 3000, "--users", 5000, "--seed", 11, "--until", UNTIL, "--quota", "0"]
FOLDER = scratch()


def take():
    with Hub(*POPULATION) as hub:
        ok(crawl(2, hub.url, FOLDER).code == 0, "crawl")


def text():
    r = reduce(2, FOLDER)
    ok(r.code == 0, "reduce", r)
    lines = r.out.splitlines()
    long = [line for line in lines if len(line) > 80]
    same(long, [], "no line is wider than a screen")
    same([line for line in lines if line != line.rstrip()], [], "no blanks at the end of a line")
    ok(len(lines) <= 66, f"{len(lines)} lines")
    for word in ("Baidu", "ByteDance", "Tencent", "largest growth:", "unclassified", "coverage", "12,000", "industry"):
        ok(word in r.out, f"it shows {word}", r.out)
    ok(reduce(2, FOLDER, "--quiet").out == "", "--quiet prints nothing")


def formats():
    values = load(FOLDER)["figures"]
    doc = json.loads(reduce(2, FOLDER, "--format=json").out)
    blocks = {b["title"]: {r["name"]: r["values"] for r in b["rows"]} for b in doc["sections"]}
    same(blocks["Repositories"]["total"], [12000, 4000, 3000], "json: totals")
    same(blocks["Downloads from"]["US"][0], values["geography.share"]["value"]["downloads"]["all"]["US"], "json: a share as in census.json")
    rows = list(csv.DictReader(io.StringIO(reduce(2, FOLDER, "--format", "csv").out, newline="")))
    shares = [float(r["value"]) for r in rows if r["section"] == "Sector" and r["column"] == "models"]
    ok(len(shares) == 7 and abs(sum(shares) - 1) < 1e-6, "csv: seven sectors, 1 in all", shares)
    out = reduce(2, FOLDER, "--format=markdown").out
    tables = [line for line in out.splitlines() if line.startswith("| :---")]
    ok(out.startswith("## Census of") and len(tables) >= 6, "markdown: a heading and tables", out)
    r = reduce(1, FOLDER, "--format=xml")
    ok(r.code == 2 and "'xml'" in r.err, "an unknown format is refused", r)
    part = reduce(2, FOLDER, "--figures=totals")
    ok(part.code == 0 and "Repositories" in part.out and "Sector" not in part.out, "some figures only: what is there is shown", part)
    part = load(FOLDER) if reduce(2, FOLDER, "--figures=geography.share").code == 0 else {}
    same(list(part["figures"]), ["geography.share"], "--figures geography.share")
    same(part["figures"]["geography.share"]["coverage"], values["geography.coverage"]["value"], "with its coverage beside it")
    ok(reduce(2, FOLDER, "--quiet").code == 0, "all figures again")


def above():
    """China above the United States: from the cumulative sums."""
    figures = load(FOLDER)["figures"]
    for counter, by_country in figures["geography.cumulative"]["value"].items():
        cn, us = by_country["CN"], by_country["US"]
        months = sorted(cn)
        up = [m for m in months if cn[m] > us[m]]
        down = [m for m in months if cn[m] <= us[m]]
        since = [m for m in months if not down or m > down[-1]]
        want = {"first": up[0] if up else None, "since": since[0] if since else None}
        same(figures["geography.china_above_us"]["value"][counter]["cumulative"], want, f"China above the US, {counter}")


def engagement():
    """The same from the rows."""
    figures = load(FOLDER)["figures"]
    t0 = 1795305600
    with h5py.File(f"{FOLDER}/census.h5") as f:
        m = f["models"]
        seconds = np.array([int(i[:8], 16) for i in m["_id"].asstr()[:]])
        recent, life = m["downloads"][:], m["downloads_all_time"][:]
    use = (seconds >= 1646265600) & (recent >= 0) & (life >= 1)
    week = (t0 - seconds) // 604800
    want = {}
    for w in range(105):
        rows = use & (week == w)
        if rows.any():
            d, n = int(recent[rows].sum()), int(life[rows].sum())
            want[str(w)] = {"downloads": d, "downloads_all_time": n, "rate": round(7 * d / (30 * n), 9), "repositories": int(rows.sum())}
    same(figures["engagement.weeks"]["value"], {"cross_section": want}, "engagement.weeks")
    peak = max(want.values(), key=lambda x: x["downloads"] / x["downloads_all_time"])
    half = figures["engagement.half_peak"]["value"]["cross_section"]
    same(want[str(half["peak_week"])]["rate"], peak["rate"], "the peak")
    below = [int(w) for w, x in want.items() if int(w) > half["peak_week"] and 2 * x["rate"] < peak["rate"]]
    same(half["week"], min(below, default=None), "the first week below half of it")


def wanted():
    """The list from the rows of census.h5, and the namespaces that the table knows for a time only."""
    sums = {}
    with h5py.File(f"{FOLDER}/census.h5") as f:
        known = [n.lower() for n in f["orgs/namespace"].asstr()[:]]
        dated = {n for n, since, to in zip(known, f["orgs/from"][:], f["orgs/to"][:]) if since >= 0 or to >= 0}
        for k, kind in enumerate(("models", "datasets", "spaces")):
            names, codes, ids = f[f"{kind}/labels/author"].asstr()[:], f[f"{kind}/author"][:], f[f"{kind}/id"].asstr()[:]
            downloads = f["models/downloads"][:] if kind == "models" else np.zeros(len(codes), int)
            for code, name, n in zip(codes, ids, downloads):
                owner = (names[code] if code >= 0 else name.rpartition("/")[0]).lower()
                if owner and owner not in known:
                    x = sums.setdefault(owner, [0, 0, 0, 0])
                    x[0] += max(int(n), 0)
                    x[1 + k] += 1
    return dated, sorted(sums.items(), key=lambda x: (-x[1][0], x[0].encode()))


def unclassified():
    dated, want = wanted()
    outs = [reduce(n, FOLDER, "--unclassified", 300, "--format=csv") for n in (1, 2, 3)]
    ok(all(r.code == 0 for r in outs), "--unclassified on 1, 2 and 3 ranks", outs[0])
    same(len({r.out for r in outs}), 1, "the same for any number of ranks")
    rows = list(csv.DictReader(io.StringIO(outs[0].out, newline="")))
    rows = [r for r in rows if r["Namespace"] not in dated]
    got = [(r["Namespace"], [int(r[c]) for c in ("30 days", "models", "datasets", "spaces")]) for r in rows]
    ok(len(got) > 250, f"{len(got)} namespaces")
    same(got, want[: len(got)], "the most downloaded ones, in their order")
    with open(f"{FOLDER}/mine.csv", "w", encoding="utf-8") as f:
        f.write(f"namespace,parent,country,sector,source\n{got[0][0].upper()},Mine,IS,industry,me\n")
    r = reduce(2, FOLDER, "--unclassified", 1, "--orgs", f"{FOLDER}/mine.csv", "--format=csv")
    same(r.out.splitlines()[1].split(",")[0], got[1][0], "what --orgs tells is no longer there")
    r = reduce(1, FOLDER, "--unclassified", 0)
    ok(r.code == 2, "--unclassified 0 is refused", r)
    r = reduce(2, FOLDER, "--unclassified", 3)
    ok(r.code == 0 and len(r.out.splitlines()) == 8, "as text", r.out)


def many_ranks():
    with open(f"{FOLDER}/census.json", "rb") as f:
        before = f.read()
    few, many = reduce(16, FOLDER), reduce(18, FOLDER)
    with open(f"{FOLDER}/census.json", "rb") as f:
        ok(few.code == many.code == 0 and f.read() == before, "18 ranks take the same census", few, many)
    said = "18 ranks for 19000 rows: more than 1 make it no faster"
    ok(many.err.count(said) == 1 and "no faster" not in few.err, "and are told that they are more than it can use", many.err, few.err)


def gaps():
    """What was not listed is not known, neither 0 nor new; what was listed in part has a mark."""
    folder = scratch()
    with Hub(*POPULATION) as hub:
        c = crawl(1, hub.url, folder, "--max-requests=6", "--seal-rows=1000")
    ok(c.code == 3, "a crawl that is stopped", c)
    r = reduce(2, folder, "--format=csv")
    ok(r.code == 5, "reduce a census with gaps", r)
    shown = {(x["section"], x["row"], x["column"]): x["value"] for x in csv.DictReader(io.StringIO(r.out, newline=""))}
    f, marks = load(folder)["figures"], []
    missing = {kind: float(share) for kind, share in re.findall(r"^missing +(\w+): .* ([0-9.]+) % of the time since 2022-03-02$", c.out, re.M)}
    covered = {kind: 100 - 100 * x["covered"] for kind, x in f["completeness"]["value"].items() if x["gaps"]}
    ok(missing.keys() == covered.keys() and all(abs(missing[k] - covered[k]) < 0.01 for k in covered), "hubcrawl and hubreduce mean the same by what is missing", missing, covered)
    with h5py.File(f"{folder}/census.h5") as h:
        for kind in ("models", "datasets", "spaces"):
            born = np.array([int(x[:8], 16) for x in h[f"{kind}/_id"].asstr()[:]])
            gap = [[int(x[:8], 16) for x in (lo, hi)] for k, lo, hi, state in zip(*(h[f"windows/{c}"].asstr()[:] for c in ("kind", "lo", "hi", "state"))) if k == kind and state == "gap"]
            listed = {}
            for year in range(2022, 2027):
                first, end = (int(np.datetime64(f"{y}-01-01", "s").astype(int)) for y in (year, year + 1))
                first, end = max(first, 1646179200), min(end, 1795305601)  # 2022-03-02, and behind t0
                listed[year] = round(1 - sum(max(0, min(hi, end) - max(lo, first)) for lo, hi in gap) / (end - first), 3)
                n, at = int(np.sum((born >= first) & (born < end))), f["totals.by_period"]["value"][kind]["year"].get(str(year))
                want = (None if listed[year] == 0 else n, None if listed[year] == 1 else listed[year])
                got = at and (at["new"], None if "covered" not in at else round(at["covered"], 3))
                ok(got == want or (at is None and n == 0 and listed[year] == 1), f"{kind}, {year}: {want}", got)
                if year > 2023:
                    marks.append(0 < listed[year] < 1)
                    rows = {v for (_, row, column), v in shown.items() if row.startswith(f"new in {year}") and column == kind}
                    same(rows, {"" if listed[year] == 0 else str(n)}, f"{kind}, {year}: as it is printed")
            orgs = [x[kind] for x in f["growth.orgs"]["value"].values() if kind in x]
            for year in range(2023, 2027):
                same({x[str(year)] is None for x in orgs}, {listed[year] == 0}, f"{kind}, {year}: known of organisations as of all")
                if 0 in (listed[year], listed[year - 1]):
                    same({x[f"ratio_{year}"] for x in orgs}, {None}, f"{kind}, {year}: no growth from what is not known")
                elif listed[year - 1] < 1:
                    ok("from none" not in {x[f"ratio_{year}"] for x in orgs}, f"{kind}, {year}: nobody grows from none that may have been some")
            top = f["growth.top"].get("value", {}).get("absolute", {})
            ok((kind in top) <= (0 not in (listed[2024], listed[2025])), f"{kind}: growth.top")
    ok(any(marks) and any(v == "" for (_, row, _), v in shown.items() if row.startswith("new in 202")), "both are there")
    same(sorted({row for _, row, _ in shown if row.startswith("new in") and row.endswith("*")}) != [], True, "a year in part is marked")
    ok("* a year that was listed in part" in reduce(1, folder).out, "and the mark is explained")


main(take, text, many_ranks, formats, above, engagement, unclassified, gaps)
