# SPDX-License-Identifier: Apache-2.0
"""The second pass: against stand-ins that hide a part of their rows from the walk by creation time, the interval holds the truth.

A few seeds here; `test_audit.py 100` takes a hundred of each share (make soak).
"""

import json
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter

from disturb import Job
from meddle import Meddler
from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, crawl, diag, differing, digest, free_port, load, main, ok, reduce, same, scratch, spawn, value

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


def numbers(run):
    """Requests of the session, and in all sessions, of the table."""
    return [int(x) for x in re.search(r"^requests +(\d+) .*, (\d+) in all sessions", run.out, re.M).groups()]


def in_file(path, name):
    with open(path, encoding="utf-8") as f:
        return float(re.search(rf"^{name} (\S+)$", f.read(), re.M)[1])


def counted():
    """One number of requests, the second pass among them: in the table, the JSON summary, the metrics, run.json, and from an archive; also of a second pass on its own."""
    place = scratch()
    folder, metrics, name = f"{place}/a", f"{place}/m.prom", "hubcensus_crawl_requests_total"
    size = ["--models", 3000, "--datasets", 500, "--spaces", 0, "--until", UNTIL, "--quota", 0]

    def of_run(at):
        ok(reduce(1, at).code == 0, "reduced")
        with open(f"{at}/run.json", encoding="utf-8") as f:
            return json.load(f)["run"]["crawl"]

    with Hub(*size) as hub:
        c = crawl(2, hub.url, folder, "--kinds", "models,datasets", "--archive", "--audit", 3, "--metrics-file", metrics)
        total = len(hub.requests())
        ok(c.code == 0 and "sort=downloads" in hub.requests()[-1][3], "a crawl and its second pass", c)
        same((numbers(c), in_file(metrics, name), of_run(folder)["requests"]), ([total, total], total, total), f"{total} requests everywhere")
        least, most = (int(x) for x in re.search(r"least busy (\d+) requests.* most (\d+) ", c.out).groups())
        same(least + most, total, "and of the two ranks together")
        c = crawl(1, hub.url, folder, "--audit", 5, "--metrics-file", metrics)
        ok(c.code == 0 and re.search(r"^second pass +4 requests \(0 retries\), 4 pages$", c.out, re.M), "on a complete census it tells of itself", c)
        run = of_run(folder)
        same((in_file(metrics, name), run["requests"], run["sessions"]), (4, total + 4, 2), "metrics, run.json")
        c = crawl(1, hub.url, f"{place}/j", "--kinds", "datasets", "--audit", 1, "--log-format", "json")
        same(json.loads(c.out)["session"]["requests"], len(hub.requests()) - total - 4, "the JSON summary")
    c = crawl(2, hub.url, f"{place}/b", "--from-archive", folder)
    of_a, of_b = of_run(folder), of_run(f"{place}/b")
    same((c.code, numbers(c), of_b["requests"], of_b["replies_ok"]), (0, [total + 4] * 2, of_a["requests"], of_a["replies_ok"]), "the same from the archive")


def unfinished():
    """A second pass that was stopped is told of, in the order in which it happened, until it is finished."""
    folder = f"{scratch()}/a"
    with Hub("--models", 3000, "--datasets", 500, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        c = crawl(2, hub.url, folder, "--kinds", "models,datasets", "--audit", 6, "--max-requests", 12)
        ok(c.code == 3 and re.search(rf"^next +hubcrawl --audit=6 {folder} goes on$", c.out, re.M), "stopped after a crawl: how it goes on", c)
        c = crawl(1, hub.url, folder, "--audit", 6, "--max-requests", 2)
        goes_on = f"second pass  not finished: hubcrawl --audit=6 {folder} goes on with it"
        ok(c.code == 3 and c.out.index("2 requests") < c.out.index(goes_on) < c.out.index("is complete") and "next " not in c.out, "stopped on a complete census: no other advice", c)
        ok("hubcrawl: --max-requests is reached in the second pass" in c.err and "error" not in c.err, "which is a note and no error", c)
        before = len(hub.requests())
        c = crawl(1, hub.url, folder)
        ok(c.code == 0 and goes_on in c.out and "is complete" in c.out and len(hub.requests()) == before, "a plain hubcrawl says that it is not finished", c)
        c = crawl(1, hub.url, folder, "--audit", 6)
        ok(c.code == 0 and "not finished" not in c.out and "next         hubreduce" in c.out, "finished", c)
        c = crawl(1, hub.url, folder)
        ok(c.code == 0 and "second pass" not in c.out, "and then nothing is said of it", c)


def of_one_kind():
    """Of one kind no other tells how many pages there were to be."""
    folder = f"{scratch()}/a"
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, folder, "--kinds", "models").code == 0, "a census of models")
        for args, code, status, why in ((["--max-requests", 2], 3, "partial", "2 of 6 pages of models: hubcrawl --audit=6 goes on"), ([], 0, "ok", "")):
            c = crawl(1, hub.url, folder, "--audit", 6, *args)
            ok(c.code == code and reduce(2, folder).code == 0, f"its second pass, {' '.join(map(str, args)) or 'to the end'}", c)
            figure = load(folder)["figures"]["completeness.audit"]
            ok(figure["status"] == status and why in figure.get("why", ""), f"{status}: {why}", figure)


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


def audit_of(folder, n=2):
    ok(reduce(n, folder).code == 0, f"reduce on {n} ranks")
    f = load(folder)["figures"]["completeness.audit"]
    return f["status"], f.get("why"), sorted(f.get("value") or {})


def partial():
    """A second pass that was stopped says so in the census, and so does one that could draw no random places."""
    folder, bare = f"{scratch()}/census", f"{scratch()}/census"
    with Hub("--models", 3000, "--datasets", 500, "--spaces", 500, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, folder).code == 0, "a census")
        asked(hub, folder, "--audit", 6, "--max-requests", 9, code=3)
        same(audit_of(folder), ("partial", "the second pass has 3 of 6 pages of datasets: hubcrawl --audit=6 goes on", ["datasets", "models"]), "stopped among the datasets: partial, and why")
        asked(hub, folder, "--audit", 6, "--max-requests", 3, code=3)
        same(audit_of(folder), ("partial", "the second pass has 0 of 6 pages of spaces: hubcrawl --audit=6 goes on", ["datasets", "models"]), "nothing of the Spaces: partial, and why")
        asked(hub, folder, "--audit", 6)
        same(audit_of(folder), ("ok", None, ["datasets", "models", "spaces"]), "when it is over: ok")
        ok(crawl(2, hub.url, bare, "--fields=-downloads").code == 0, "a census without downloads")
        same(len(asked(hub, bare, "--audit", 6)), 1 + 1 + 6, "without the counter that tells the places one page is asked for")
        same(asked(hub, bare, "--audit", 6), [], "and once is enough")
        same(audit_of(bare, 1)[:2], ("partial", "downloads was not asked for: the second pass took the models with most of them, no random sample"), "and that is no random sample")


def killed():
    """What a kill takes is what was not sealed."""
    folder, n = f"{scratch()}/census", 12
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, folder, "--kinds", "models").code == 0, "a census")
        before = len(hub.requests())
        args = [*MPIRUN, "-n", "1", f"{BUILD}/hubcrawl", "--audit", str(n), "--seal-rows", "1", "--budget", "5/1", folder]
        job = spawn(args)
        end = time.monotonic() + 60 * SLOW
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


class Away:
    """A census, and a second pass over a copy of it, in the background, that is in the middle when the Hub goes away."""

    PAGES = 6

    def __init__(self):
        self.port, self.whole, self.folder = free_port(), f"{scratch()}/census", f"{scratch()}/census"
        self.size = ["--models", 3000, "--datasets", 500, "--spaces", 0, "--until", UNTIL, "--quota", 0, "--port", self.port]
        with Hub(*self.size) as hub:
            ok(crawl(2, hub.url, self.whole, "--kinds", "models,datasets").code == 0, "a census")
            shutil.copytree(self.whole, self.folder)
            self.want = asked(hub, self.whole, "--audit", self.PAGES)
        ok(reduce(1, self.whole).code == 0, "and its second pass, undisturbed")

    def begin(self, *args):
        with Hub(*self.size) as hub:
            job = Job(2, "hubcrawl", "--hub", hub.url, "--audit", self.PAGES, "--budget", "7/1", "--timeout", "1s", "--retries", 0, *args, self.folder)
            end = time.monotonic() + 30
            while len(self.seen(hub)) < 3 and time.monotonic() < end:
                time.sleep(0.05)
            ok(job.process.poll() is None, "a second pass in the middle")
        self.before = self.seen(hub)
        return job

    def seen(self, hub):
        """The places that it was asked for."""
        return [r[3] for r in hub.requests() if "sort=" in r[3] and "sort=createdAt" not in r[3]] if os.path.exists(hub.log) else []

    def equal(self, hub, name):
        got = self.before + self.seen(hub)
        ok(not Counter(self.want) - Counter(got) and len(got) <= len(self.want) + 1, f"{name}: the same places, none but that on its way twice", *got)
        r = reduce(1, self.folder)
        ok(r.code == 0, "reduced", r)
        same(differing(digest(self.folder), digest(self.whole)), [], "the census is the undisturbed one")


def outage():
    """As in the crawl: it waits with growing pauses, says so once, and goes on; or stops by --max-outage."""
    away = Away()
    job = away.begin()
    time.sleep(3)
    ok(job.process.poll() is None, "it is away for 3 s, and waited for", job.said())
    with Hub(*away.size) as hub:
        code, said = job.end(60), job.said()
    ok(code == 0, "then the second pass goes on to its end", code, said)
    ok(said.count("no page from the Hub for") == 1 and said.count("the Hub answers again") == 1, "both are said, once", said)
    away.equal(hub, "after an outage")
    shutil.rmtree(f"{away.folder}/audit")
    job = away.begin("--max-outage", "1s")
    began = time.monotonic()
    code, said = job.end(60), job.said()
    ok(code == 3 and "has not answered for too long" in said and time.monotonic() - began < 8 * SLOW, f"for good: exit {code} by --max-outage", said)
    ok(sealed(away.folder), "what was asked is sealed")
    r = crawl(1, f"http://127.0.0.1:{away.port}", away.folder, "--audit", away.PAGES, "--retries", 0)
    ok(r.code == 4 and "no page of the second pass" in r.err, "a Hub that was not there at all is an error", r)
    with Hub(*away.size) as hub:
        ok(crawl(2, hub.url, away.folder, "--audit", away.PAGES).code == 0, "run again when it is back, it goes on")
    away.equal(hub, "after --max-outage")


def limited_for_good():
    """429 from some page on: waited for as the Hub says, but no longer than it may take. And a page that never comes, of a Hub that is there."""
    folder, pages = f"{scratch()}/census", []

    def reply(status, *headers):
        def write(h):
            h.send_response(status)
            for name, value_ in [*headers, ("content-length", "0")]:
                h.send_header(name, value_)
            h.end_headers()

        return write

    def hook(path, n, body):
        if "sort=downloads" not in path and not (everything and pages[3:]):
            return None
        pages.append(path)
        return other if len(pages) > 3 else None

    everything = True
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub, Meddler(hub.url, hook) as m:
        ok(crawl(2, m.url, folder, "--kinds", "models").code == 0, "a census")
        for other, limit, by in ((reply(429, ("retry-after", "1")), ("--max-outage", "1s"), "too long"), (reply(429, ("retry-after", "86400")), ("--max-time", f"{SLOW}s"), "--max-time")):
            pages.clear()
            shutil.rmtree(f"{folder}/audit", ignore_errors=True)
            began = time.monotonic()
            c = crawl(2, m.url, folder, "--audit", 9, *limit, timeout=60)
            took = time.monotonic() - began
            ok(c.code == 3 and by in c.err and took < 15 * SLOW, f"429 for good, and {limit[0]}: exit {c.code} after {took:.1f} s", c)
            ok(c.err.count("429") == 1 and len(pages) < 9 and sealed(folder), f"said once, {len(pages)} requests, the pages before are sealed", c)
        everything, other = False, reply(504)
        pages.clear()
        shutil.rmtree(f"{folder}/audit")
        c = crawl(2, m.url, folder, "--audit", 9, "--retries", 0, timeout=60)
        ok(c.code == 4 and "no page of the second pass" in c.err and "no page from the Hub" not in c.err, "a page that never comes, of a Hub that is there, is no outage: exit 4", c)


main(intervals, resumed, counted, unfinished, of_one_kind, enlarged, limited, partial, killed, crowded, outage, limited_for_good)
