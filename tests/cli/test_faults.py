# SPDX-License-Identifier: Apache-2.0
"""Every fault of a Hub alone, and all together at 5 %: the census is the true one, or says exactly what is missing (exit 5).

test_faults.py [SEEDS]: each fault with so many seeds; by default some of them with one, all together, and one run of those that no other test has. `make soak` takes 3.
"""

import sys

import h5py

from disturb import lost, tally, truth_of
from meddle import Meddler
from tap import UNTIL, Hub, crawl, load, main, ok, reduce, same, scratch, value

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 0
SIZE = ["--models", 9000, "--datasets", 3000, "--spaces", 3000, "--until", UNTIL, "--quota", 0]
ROWS = {"models": 9000, "datasets": 3000, "spaces": 3000}
PATIENT = ["--timeout", "2s", "--retries", 9]
# Faults of single replies; the last three change what a page says, so that a census with a doubt in it may be all there is.
REPLIES = ["504", "502", "500", "html", "not-json", "truncate", "reset", "stall", "drip", "redirect"]
HEADERS = ["stale-ratelimit", "no-ratelimit", "nonsense-ratelimit"]
LISTS = ["loop", "circle", "foreign-next", "foreign-scheme", "foreign-port", "empty-page", "duplicate", "out-of-order"]
QUICK = ["504", "truncate", "stale-ratelimit", "foreign-next", "duplicate", "out-of-order"]  # those that take no patience
count = {"tried": 0, "survived": 0, "lost": 0}


def rows_of(folder):
    """Of each kind _id and name, as the Hub has them for good."""
    with h5py.File(f"{folder}/census.h5", "r") as f:
        return {k: dict(zip(f[f"{k}/_id"].asstr()[:], f[f"{k}/id"].asstr()[:])) for k in ROWS}


def doubts(folder):
    """Of each kind the spans that the census calls gaps or suspect: behind the first _id, up to the second."""
    with h5py.File(f"{folder}/census.h5", "r") as f:
        windows = list(zip(*(f[f"windows/{c}"].asstr()[:] for c in ("kind", "lo", "hi", "state"))))
    return {k: [(lo, hi) for kind, lo, hi, state in windows if kind == k and state != "covered"] for k in ROWS}


def unsaid(folder, want):
    """Rows that are missing outside of what the census doubts, rows that are not the Hub's, and how many are missing in all."""
    have, spans, bad, missing = rows_of(folder), doubts(folder), [], 0
    for k, rows in want["named"].items():
        lacks = rows.keys() - have[k].keys()
        missing += len(lacks)
        bad += [f"{k} {at} is missing" for at in lacks if not any(lo < at <= hi for lo, hi in spans[k])]
        bad += [f"{k} {at} is {name!r}" for at, name in have[k].items() if rows.get(at) != name]
    return bad, missing


def truth(seed):
    folder = scratch()
    with Hub(*SIZE, "--seed", seed) as hub:
        c, r = crawl(2, hub.url, folder), reduce(1, folder)
        ok(c.code == 0 and r.code == 0, f"the true census of seed {seed}", c, r)
        return {**truth_of(folder), "named": rows_of(folder)}


def judge(name, folder, c, r, want):
    """Complete: the true bytes. Exit 5: what is there is true, and what is missing lies where the census says that something may be."""
    count["tried"] += 1
    if c.code == 0 and r.code == 0:
        rows, differ = lost(folder, want)
        good = same([d for d in differ if d != "census.json"], [], f"{name}: the true census")
    else:
        said = value(load(folder), "completeness") if r.code == 5 else None
        bad, rows = unsaid(folder, want) if said else (["everything"], sum(ROWS.values()))
        whole = sum(said[k]["rows"] for k in ROWS) + rows == sum(ROWS.values()) if said else False
        good = ok(c.code == 5 and whole and not bad, f"{name}: exit 5, {rows} rows are missing, where the census says so", bad[:5], c, r, said)
    count["survived"] += bool(good)
    count["lost"] += rows


def with_faults(name, faults, want, seed, n=2):
    folder = scratch()
    with Hub(*SIZE, "--seed", seed, *[word for f in faults for word in ("--fault", f)]) as hub:
        c = crawl(n, hub.url, folder, *PATIENT)
        r = reduce(n, folder)
        judge(name, folder, c, r, want)
        same([q for q in hub.requests() if not q[3].startswith(("/api/", "/models-json", "/datasets-json", "/spaces-json"))], [], f"{name}: nothing else was asked for")


def alone():
    for seed in range(1, max(SEEDS, 1) + 1):
        want = truth(seed)
        for fault in REPLIES + HEADERS + LISTS if SEEDS else QUICK:
            with_faults(f"{fault} at 10 %, seed {seed}", [f"{fault}@10%"], want, seed)


def new_ones():
    want = truth(7)
    with_faults("links to other places, redirects, empty pages", ["foreign-scheme@20%", "foreign-port@20%", "redirect@10%", "empty-page@20%"], want, 7)
    with_faults("a next link that leads nowhere new", ["loop@50%", "html@5%"], want, 7)
    with_faults("slow and silent connections", ["stall@4%", "drip@1%", "502@4%"], want, 7)


def together():
    want = truth(8)
    with_faults("all at 5 %", [f"{f}@5%" for f in REPLIES + HEADERS + LISTS if f != "drip"] + ["drip@1%"], want, 8, 3)


def chains_astray():
    """Where the Hub's own cursors are all there is, a wrong next link ends the walk: said, and counted as missing."""
    want, folder = truth(9), scratch()
    with Hub(*SIZE, "--seed", 9, "--fault", "reject-cursor", "--fault", "foreign-next@every:7") as hub:
        c = crawl(1, hub.url, folder, *PATIENT, "--in-flight", 1)
        ok(c.code in (0, 5) and "not followed" in c.err, "one walk by the Hub's own links, of which some lead elsewhere: said", c)
        r = reduce(1, folder)
        bad, missing = unsaid(folder, want)
        ok(r.code == c.code and not bad, f"and where the {missing} rows are that it lacks", bad[:5], doubts(folder))


def chains():
    """Every fault of lists where the Hub takes its own cursors only, oldest or newest first: none is followed for ever."""
    want = truth(12)
    for fault in LISTS if SEEDS else ["circle"]:
        for name, more in (("oldest", []), ("newest", ["no-direction"])):
            with_faults(f"{fault}, one walk, {name} first", ["reject-cursor", *more, f"{fault}@every:4"], want, 12)


def hole():
    """A page that never comes: its rows are missing, and only they; and this test would notice one that is missing elsewhere."""
    want, folder = truth(11), scratch()
    ids = sorted(want["named"]["models"])
    middle = ids[len(ids) // 2]

    def hook(path, n, body):
        return (lambda handler: handler.send_error(504)) if middle.encode() in body else None

    with Hub(*SIZE, "--seed", 11) as hub, Meddler(hub.url, hook) as m:
        c, r = crawl(2, m.url, folder, "--retries", 1), reduce(1, folder)
    bad, missing = unsaid(folder, want)
    ok(c.code == 5 and r.code == 5 and 0 < missing <= 2000 and not bad, f"a page that never comes: {missing} rows are missing, where the census says so", bad[:5], doubts(folder), c)
    want["named"]["models"][ids[0][:-1] + "x"] = "a/b"
    bad, _ = unsaid(folder, want)
    same(bad, [f"models {ids[0][:-1]}x is missing"], "one more outside of it would not go unnoticed")


def renamed():
    folder = scratch()
    with Hub(*SIZE, "--seed", 10, "--fault", "rename@20%", "--fault", "504@10%") as hub:
        c, r = crawl(3, hub.url, folder), reduce(2, folder)
        ok(c.code == 0 and r.code == 0, "repositories renamed while they are listed", c, r)
        same({k: value(load(folder), f"totals.{k}") for k in ROWS}, ROWS, "each counts once, by its _id")


def table():
    tally("faults of the Hub", count["tried"], count["survived"], count["lost"])


main(alone, new_ones, together, chains_astray, chains, hole, renamed, table)
