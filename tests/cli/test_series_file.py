# SPDX-License-Identifier: Apache-2.0
"""hubreduce --series: a row per number and snapshot, against a plain walk over every census.json; missing snapshots and figures have rows, too."""

import hashlib
import json
import math
import os
import re
import shutil
from datetime import datetime, timedelta, timezone

import h5py

from tap import UNTIL, Hub, main, mpi, ok, same, scratch

POPULATION = ["--models", 1200, "--datasets", 400, "--spaces", 300, "--users", 400, "--seed", 4, "--until", UNTIL, "--edits", 8]
LEAST = -(2**63)
WITHOUT = {"totals.by_period", "growth.orgs_monthly", "growth.top", "geography.cumulative", "geography.china_above_us", "lineage.trees"}
ORGANISATION = {"growth.orgs": 0, "compare.orgs": 1, "lineage.derivatives": 0}
SERIES = scratch()
PORT = []


def day(weeks):
    return datetime(2026, 11, 22, tzinfo=timezone.utc) - timedelta(weeks=weeks)


def folder(weeks):
    return f"{SERIES}/{day(weeks):%Y-%m-%d}"


def take(weeks, *reduce_args, crawl_args=(), reduced=True):
    with Hub(*POPULATION, "--ago", weeks, "--quota", "0", "--port", PORT[0] if PORT else 0) as hub:
        if not PORT:
            PORT.append(hub.url.rsplit(":", 1)[1])
        c = mpi(2, "hubcrawl", "--hub", hub.url, "--until", f"{day(weeks):%Y-%m-%d}", "--burst", *crawl_args, folder(weeks))
    r = mpi(2, "hubreduce", "--quiet", *reduce_args, folder(weeks)) if reduced else c
    ok(c.code in (0, 3) and r.code in (0, 3), f"the snapshot of {day(weeks):%Y-%m-%d}", c, r)


def make(n=2, *args, where=SERIES):
    r = mpi(n, "hubreduce", "--series", where, *args)
    ok(r.code == 0, f"series on {n} ranks {' '.join(args)}", r)
    return r


def snapshots():
    take(6)
    take(5, f"--previous={folder(6)}")
    take(4, crawl_args=["--max-requests", 2], reduced=False)
    # Three weeks before the end there was none.
    take(2, f"--previous={folder(5)}", f"--previous={folder(6)}")
    take(1, "--figures=totals,growth.orgs")
    os.symlink(os.path.basename(folder(1)), f"{SERIES}/latest")
    os.mkdir(f"{SERIES}/notes")


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, x in value.items():
            yield from leaves(x, (*path, key))
    elif not isinstance(value, str) or value == "from none":
        yield path, value


def expected(weeks):
    """{(figure, organisation, item): {t0: (status, value)}} of the snapshots, None for those that are missing."""
    docs, numbers = {}, {}
    for w in weeks:
        path = f"{folder(w)}/census.json"
        docs[int(day(w).timestamp())] = json.load(open(path, encoding="utf-8"))["figures"] if os.path.exists(path) else None
    for t0, figures in docs.items():
        for figure, x in (figures or {}).items():
            if figure in WITHOUT:
                continue
            numbers.setdefault((figure, "", ""), {})
            for path, value in leaves(x.get("value", "")):
                if figure.startswith("compare."):
                    if path[0] != "1":
                        continue
                at = ORGANISATION.get(figure)
                organisation = path[at] if at is not None else ""
                item = "/".join(p for i, p in enumerate(path) if i != at)
                numbers.setdefault((figure, organisation, item), {})[t0] = (x["status"], value)
    for key in [k for k in numbers if k[1:] == ("", "") and not numbers[k]]:
        if any(k[0] == key[0] and v for k, v in numbers.items()):
            del numbers[key]
    for key, known in numbers.items():
        for t0, figures in docs.items():
            if t0 in known:
                continue
            known[t0] = ("no census" if figures is None else "not computed" if key[0] not in figures else "not available" if figures[key[0]]["status"] == "not available" else "absent", None)
    return numbers


def rows(path):
    with h5py.File(path) as f:
        s = f["series"]
        text = {c: [*s[f"labels/{c}"].asstr()[:], ""] for c in ("figure", "organisation", "item", "status")}
        columns = [[text[c][i] for i in s[c][:]] for c in ("figure", "organisation", "item", "status")]
        return list(zip(*columns, s["t0"][:].tolist(), s["value"][:].tolist(), s["count"][:].tolist()))


def every_row(weeks):
    want = expected(weeks)
    got = rows(f"{SERIES}/series.h5")
    same(len(got), len(want) * len(weeks), f"{len(want)} numbers times {len(weeks)} snapshots")
    order = [(r[0].encode(), r[1].encode(), r[2].encode(), r[4]) for r in got]
    ok(order == sorted(order), "in order")
    bad = []
    for figure, organisation, item, status, t0, value, count in got:
        expect = want.get((figure, organisation, item), {}).get(t0)
        x = expect and expect[1]
        number = math.nan if x is None else math.inf if x == "from none" else float(x)
        if not expect or status != expect[0] or not (value == number or math.isnan(value) and math.isnan(number)):
            bad.append(((figure, organisation, item, t0), (status, value), expect))
        if count != (int(x) if isinstance(x, int) else LEAST):
            bad.append(((figure, organisation, item, t0), count, x))
    ok(not bad, "every row", f"{len(bad)} differ", *bad[:10])
    return {r[3] for r in got}


def cadence():
    r = make(2, "--every=7d")
    statuses = every_row([6, 5, 4, 3, 2, 1])
    same(statuses, {"ok", "partial", "absent", "not available", "not computed", "no census"}, "each kind of row occurs")
    with h5py.File(f"{SERIES}/series.h5") as f:
        s = f["snapshots"]
        same(s["state"].asstr()[:].tolist(), ["census", "census", "unfinished", "missing", "census", "census"], "the snapshots")
        same(s["models"][:].tolist()[2:4], [-1, -1], "and how many models, if that is known")
    ok("missing" in r.out and "unfinished" in r.out and "of 2 snapshots there is no census" in r.out, "it says what is missing", r)
    make(1)
    every_row([6, 5, 4, 2, 1])


def every_rank_count():
    sums = set()
    for n in (1, 2, 3, 5):
        make(n, "--every=7d")
        sums.add(hashlib.sha256(repr(rows(f"{SERIES}/series.h5")).encode()).hexdigest())
    same(len(sums), 1, "the same rows for any number of ranks")


def grown():
    """One snapshot more: as if it had been there from the beginning."""
    take(0, f"--previous={folder(2)}")
    make(2, "--every=7d")
    every_row([6, 5, 4, 3, 2, 1, 0])
    other = scratch()
    shutil.copytree(SERIES, other, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("series.h5"))
    make(2, "--every=7d", where=other)
    a, b = (open(f"{x}/series.h5", "rb").read() for x in (SERIES, other))
    ok(a == b, "the same bytes as a series made at once")


def refused():
    def one_line(code, word, where=SERIES, *args):
        r = mpi(2, "hubreduce", "--series", where, *args)
        ok(r.code == code and len(r.err.splitlines()) == 1 and word in r.err, f"refused: {word}", r)

    before = open(f"{SERIES}/series.h5", "rb").read()
    census = f"{folder(5)}/census.json"
    shutil.copy(census, f"{SERIES}/keep.json")
    text = open(census, encoding="utf-8").read()
    deep = '{"schema":1,"figures":{"totals.models":{"status":"ok","value":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}},\"snapshot\":{}}"
    long = json.dumps({"schema": 1, "figures": {"gating": {"status": "ok", "value": {"x" * 5000: 1}}}, "snapshot": {}})
    for bad, word in ((text[: len(text) // 2], "census.json"), ("[]", "census.json"), ("", "census.json"), (deep, "census.json"), (long, "too long"), (re.sub('"schema": *1', '"schema": 7', text, count=1), "census.json' has schema 7, this version reads 1; reduce")):
        with open(census, "w", encoding="utf-8") as f:
            f.write(bad)
        one_line(4, word)
    shutil.copy(f"{SERIES}/keep.json", census)
    ok(open(f"{SERIES}/series.h5", "rb").read() == before, "the last good series stays")
    shutil.copytree(folder(5), f"{SERIES}/again")
    one_line(2, "same time")
    path = f"{SERIES}/again/snapshot.json"
    doc = open(path, encoding="utf-8").read().replace("127.0.0.1", "127.0.0.2")
    open(path, "w", encoding="utf-8").write(doc)
    one_line(2, "of the series are of")
    shutil.rmtree(f"{SERIES}/again")
    one_line(2, "no snapshot", scratch())
    one_line(2, "nowhere", f"{SERIES}/nowhere")
    one_line(2, "one too many", SERIES, folder(5))
    one_line(2, "--every", SERIES, "--every=soon")


main(snapshots, cadence, every_rank_count, grown, refused)
