# SPDX-License-Identifier: Apache-2.0
"""Every fault of a Hub alone, and all together at 5 %: the census is the true one, or says exactly what is missing (exit 5).

test_faults.py [SEEDS]: each fault with so many seeds; by default all together, and one run of those that no other test has. `make soak` takes 3.
"""

import sys

from disturb import lost, tally, truth_of
from tap import UNTIL, Hub, crawl, load, main, ok, reduce, same, scratch, value

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 0
SIZE = ["--models", 9000, "--datasets", 3000, "--spaces", 3000, "--until", UNTIL, "--quota", 0]
ROWS = {"models": 9000, "datasets": 3000, "spaces": 3000}
PATIENT = ["--timeout", "2s", "--retries", 9]
# Faults of single replies; the last three change what a page says, so that a census with a doubt in it may be all there is.
REPLIES = ["504", "502", "500", "html", "not-json", "truncate", "reset", "stall", "drip", "redirect"]
HEADERS = ["stale-ratelimit", "no-ratelimit", "nonsense-ratelimit"]
LISTS = ["loop", "foreign-next", "foreign-scheme", "foreign-port", "empty-page", "duplicate", "out-of-order"]
count = {"tried": 0, "survived": 0, "lost": 0}


def truth(seed):
    folder = scratch()
    with Hub(*SIZE, "--seed", seed) as hub:
        c, r = crawl(2, hub.url, folder), reduce(1, folder)
        ok(c.code == 0 and r.code == 0, f"the true census of seed {seed}", c, r)
        return truth_of(folder)


def judge(name, folder, c, r, want):
    """Complete: the true bytes. Exit 5: what is there and what is said to be missing are the whole."""
    count["tried"] += 1
    if c.code == 0 and r.code == 0:
        rows, differ = lost(folder, want)
        good = same([d for d in differ if d != "census.json"], [], f"{name}: the true census")
    else:
        said = value(load(folder), "completeness") if r.code == 5 else None
        good = ok(
            c.code == 5 and r.code == 5 and all(said[k]["rows"] == n or said[k]["gaps"] or said[k]["suspect_windows"] for k, n in ROWS.items()),
            f"{name}: exit 5, and the census says what is missing",
            c,
            r,
            said,
        )
        rows = 0 if good else sum(ROWS.values())
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
    for seed in range(1, SEEDS + 1):
        want = truth(seed)
        for fault in REPLIES + HEADERS + LISTS:
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
    folder = scratch()
    with Hub(*SIZE, "--seed", 9, "--fault", "reject-cursor", "--fault", "foreign-next@every:7") as hub:
        c = crawl(1, hub.url, folder, *PATIENT, "--in-flight", 1)
        ok(c.code in (0, 5) and "not followed" in c.err, "one walk by the Hub's own links, of which some lead elsewhere: said", c)
        r = reduce(1, folder)
        rows = value(load(folder), "completeness")
        ok(r.code == c.code and all(rows[k]["rows"] == n or rows[k]["gaps"] for k, n in ROWS.items()), "and what it lacks is said", rows)


def renamed():
    folder = scratch()
    with Hub(*SIZE, "--seed", 10, "--fault", "rename@20%", "--fault", "504@10%") as hub:
        c, r = crawl(3, hub.url, folder), reduce(2, folder)
        ok(c.code == 0 and r.code == 0, "repositories renamed while they are listed", c, r)
        same({k: value(load(folder), f"totals.{k}") for k in ROWS}, ROWS, "each counts once, by its _id")


def table():
    tally("faults of the Hub", count["tried"], count["survived"], count["lost"])


main(alone, new_ones, together, chains_astray, renamed, table)
