# SPDX-License-Identifier: Apache-2.0
"""The second pass: against stand-ins that hide a part of their rows from the walk by creation time, the interval holds the truth.

A few seeds here; `test_audit.py 100` takes a hundred of each share (make soak).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from meddle import Meddler
from tap import BUILD, ENV, MPIRUN, SLOW, UNTIL, Hub, crawl, diag, load, main, ok, reduce, same, scratch, value

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
MODELS = 8000


def one(share, seed):
    """Lower end, upper end and truth of one census."""
    folder = scratch()
    with Hub("--models", MODELS, "--datasets", 0, "--spaces", 0, "--seed", seed, "--until", UNTIL, "--quota", 0, "--fault", f"hide@{share}%") as hub:
        c = crawl(1, hub.url, folder, "--kinds", "models", "--audit", 3)
        r = reduce(1, folder, "--figures", "totals,completeness")
    if c.code or r.code:
        raise RuntimeError(f"{c}\n{r}")
    census = load(folder)
    audit = value(census, "completeness.audit")["models"]
    return audit["low"], audit["high"], (MODELS - value(census, "totals.models")) / MODELS


def intervals():
    for share in (0, 0.1, 1, 5):
        seen = [one(share, seed) for seed in range(1, SEEDS + 1)]
        held = sum(low <= truth <= high for low, high, truth in seen)
        diag(f"hidden {share} %: {held} of {SEEDS} intervals hold the truth; the first {seen[0]}")
        ok(held >= (0.9 * SEEDS if SEEDS >= 50 else SEEDS - 2), f"{share} % hidden: {held} of {SEEDS}")


def resumed():
    folder = scratch()
    with Hub("--models", 3000, "--datasets", 1000, "--spaces", 1000, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, folder).code == 0 and reduce(2, folder).code == 0, "a census without a second pass")
        figure = load(folder)["figures"]["completeness.audit"]
        ok(figure["status"] == "not available" and "--audit" in figure["why"], "says so", figure)
        before = len(hub.requests())
        c = crawl(2, hub.url, folder, "--audit", 2)
        ok(c.code == 0, "a second pass over a complete census", c)
        same(len(hub.requests()) - before, 6, "asks two pages per kind and nothing else")
        ok(crawl(1, hub.url, folder, "--audit", 2).code == 0 and len(hub.requests()) - before == 6, "once is enough")
        ok(crawl(3, hub.url, folder, "--audit", 3).code == 0 and len(hub.requests()) - before == 9, "more pages add to it")
        ok(reduce(3, folder).code == 0, "reduce")
        audit = value(load(folder), "completeness.audit")
        ok(all(audit[k]["missed"] == 0 and audit[k]["low"] == 0 and audit[k]["sampled"] > 100 for k in audit), "nothing is missing", audit)
        one_rank = open(f"{folder}/census.json", "rb").read()
        ok(reduce(1, folder).code == 0 and open(f"{folder}/census.json", "rb").read() == one_rank, "the same on one rank")
        ok(sorted(os.listdir(f"{folder}/audit"))[0].endswith(".h5"), "the sample is kept apart")


def asked(hub, folder, *args, code=0):
    """What a second pass asks for, in order."""
    before = len(hub.requests())
    c = crawl(1, hub.url, folder, *args)
    ok(c.code == code, f"a second pass, {' '.join(str(a) for a in args)}: exit {code}", c)
    return [path for _, _, _, path, *_ in hub.requests()[before:]]


def enlarged():
    """Of 20 places the first 10 that are drawn are the 10 of before: in two steps nothing is asked twice, and nothing is left out."""
    at_once, in_steps = f"{scratch()}/census", f"{scratch()}/census"
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, at_once, "--kinds", "models").code == 0, "a census")
        shutil.copytree(at_once, in_steps)
        want = asked(hub, at_once, "--audit", 20)
        got = asked(hub, in_steps, "--audit", 10) + asked(hub, in_steps, "--audit", 20)
    same(len(want), 20, "20 places are asked for")
    same(sorted(got), sorted(want), "10, then 20, are the same 20 places")


def limited():
    """The second pass is part of its session: its requests and its time are bounded as those of the crawl, and it goes on."""
    at_once, in_steps = f"{scratch()}/census", f"{scratch()}/census"
    size = ["--models", 3000, "--datasets", 500, "--spaces", 0, "--until", UNTIL]
    with Hub(*size, "--quota", 0) as hub:
        ok(crawl(2, hub.url, at_once, "--kinds", "models,datasets").code == 0, "a census")
        shutil.copytree(at_once, in_steps)
        want = asked(hub, at_once, "--audit", 6)
        steps = [asked(hub, in_steps, "--audit", 6, "--max-requests", 5, code=code) for code in (3, 3, 0)]
        same([len(s) for s in steps], [5, 5, 2], "--max-requests in the middle: five, five and the rest")
        same(sum(steps, []), want, "together they are what is asked at once")
        more = [asked(hub, in_steps, "--audit", 16, "--budget", f"2/{SLOW}", "--max-time", f"{2 * SLOW}s", code=3), asked(hub, in_steps, "--audit", 16)]
        ok(0 < len(more[0]) < 15, f"--max-time in the middle: {len(more[0])} requests")
        same(len(more[0]) + len(more[1]), 20, "and the rest")
    folder = f"{scratch()}/census"
    with Hub(*size, "--users", 300, "--quota", 0) as hub:
        c = crawl(3, hub.url, folder, "--kinds", "models,users", "--in-flight", 1, "--audit", 5, "--max-requests", 20)
        ok(c.code == 3 and sum("sort=downloads" in r[3] for r in hub.requests()) == 5, "a crawl, a second pass, accounts", c)
        same(len(hub.requests()), 20, "of all three so many requests")


def killed():
    """What a kill takes is what was not sealed."""
    folder, n = f"{scratch()}/census", 12
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, folder, "--kinds", "models").code == 0, "a census")
        before = len(hub.requests())
        args = [*MPIRUN, "-n", "1", f"{BUILD}/hubcrawl", "--audit", str(n), "--seal-rows", "1", "--budget", "5/1", folder]
        job = subprocess.Popen(args, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while len(sealed(folder)) < 4 and job.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        job.send_signal(signal.SIGKILL)
        job.wait()
        # The rank notices a little later that mpirun is gone.
        ok(crawl(1, hub.url, folder, "--audit", n).code == 0, "run again it goes on")
        total = len(hub.requests()) - before
        ok(4 <= len(sealed(folder)) and n <= total <= n + 1, f"{total} requests for {n} pages: at most one of them again")


def sealed(folder):
    return [f for f in os.listdir(f"{folder}/audit") if f.endswith(".h5")] if os.path.isdir(f"{folder}/audit") else []


def crowded():
    """Pages with thousands of records that are none: the sample is sealed each time that it is full."""

    def hook(path, n, body):
        return json.dumps(json.loads(body) + [7] * 6000).encode() if "sort=downloads" in path else None

    folder = scratch()
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub, Meddler(hub.url, hook) as m:
        c = crawl(1, m.url, folder, "--kinds", "models", "--audit", 3)
        same(len(os.listdir(f"{folder}/audit")), 3, "three full pages are three files")
        before = len(hub.requests())
        ok(c.code == 0 and crawl(1, m.url, folder, "--kinds", "models", "--audit", 3).code == 0 and len(hub.requests()) == before, "and the whole sample", c)
    r = reduce(2, folder)
    audit = value(load(folder), "completeness.audit")["models"]
    ok(r.code == 0 and audit["missed"] == 0 and audit["sampled"] > 100, "of which nothing is missing", r, audit)


main(intervals, resumed, enlarged, limited, killed, crowded)
