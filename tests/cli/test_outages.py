# SPDX-License-Identifier: Apache-2.0
"""A Hub that goes away in the middle, or asks to wait: it is waited for, for so long as was said, and nothing is lost."""

import json
import re
import os
import signal
import sys
import time

from disturb import Job, tally
from meddle import Meddler
from tap import SLOW, UNTIL, Hub, crawl, differing, digest, free_port, load, main, ok, reduce, same, scratch, value

SIZE = ["--models", 20000, "--datasets", 4000, "--spaces", 4000, "--seed", 8, "--until", UNTIL, "--quota", "12/2"]
PATIENT = ["--timeout", "2s", "--retries", "3", "--seal-rows", "1000"]
WANT = None
OUTAGE_S = int(sys.argv[1]) if len(sys.argv) > 1 else 6  # 60 in `make soak`


def begin(url, folder, *args):
    """A crawl in the background."""
    return Job(2, "hubcrawl", "--hub", url, "--until", UNTIL, *PATIENT, *args, folder)


def after(hub, n):
    """Wait until the Hub has seen n requests; at most 30 s."""
    for _ in range(300):
        if os.path.exists(hub.log) and len(hub.requests()) >= n:
            return True
        time.sleep(0.1)
    return False


def equal(folder, name):
    r = reduce(1, folder)
    ok(r.code == 0, f"{name}: reduced", r)
    if r.code == 0:
        same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], f"{name}: the census is the undisturbed one")


def undisturbed():
    global WANT
    folder = scratch()
    with Hub(*SIZE[:-2], "--quota", "0") as hub:
        c = crawl(1, hub.url, folder)
    r = reduce(1, folder)
    ok(c.code == 0 and r.code == 0, "the undisturbed census", c, r)
    WANT = digest(folder)


def frozen():
    folder = scratch()
    with Hub(*SIZE) as hub:
        run = begin(hub.url, folder)
        ok(after(hub, 12), "a Hub in the middle of a census")
        hub.process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        hub.process.send_signal(signal.SIGCONT)
        code = run.end()
        ok(code == 0, "it is frozen for 5 s, then all goes on", code, run.said())
        equal(folder, "frozen")


def restarted():
    folder = scratch()
    port = free_port()
    with Hub(*SIZE, "--port", port) as hub:
        run = begin(hub.url, folder)
        ok(after(hub, 12), "a Hub in the middle of a census")
    time.sleep(4)
    ok(run.process.poll() is None, "it ends, and is waited for")
    with Hub(*SIZE, "--port", port):
        code = run.end()
        ok(code == 0, "started again 4 s later it is crawled to the end", code, run.said())
    equal(folder, "restarted")


def long_outage():
    """An outage longer than all attempts of a request: it waits with growing pauses, says so once, and goes on."""
    folder = scratch()
    port = free_port()
    with Hub(*SIZE, "--port", port) as hub:
        run = begin(hub.url, folder, "--retries", "1", "--timeout", "1s")
        ok(after(hub, 12), "a Hub in the middle of a census")
    time.sleep(OUTAGE_S)
    ok(run.process.poll() is None, f"it is away for {OUTAGE_S} s, and waited for")
    with Hub(*SIZE, "--port", port) as hub:
        code = run.end(240)
        said = run.said()
        ok(code == 0, "then it is crawled to the end", code, said)
    ok(said.count("no page from the Hub for") == 1 and said.count("the Hub answers again") == 1, "both are said, once", said)
    ok(len([line for line in said.splitlines() if "gave up" in line]) <= 2, "and not for each window", said)
    equal(folder, "after an outage")
    tally("an outage of the Hub", 1, int(code == 0), 0)


def chains():
    """A Hub that takes no cursors but its own: after an outage longer than all attempts each walk goes on where it was, with no page twice."""
    folder = scratch()
    port = free_port()
    hub_args = [*SIZE, "--fault", "reject-cursor", "--port", port]
    with Hub(*hub_args) as hub:
        run = begin(hub.url, folder, "--retries", "0", "--timeout", "1s")
        ok(after(hub, 20), "a Hub in the middle of a census along its own cursors")
        before = len([q for q in hub.requests() if q[1] == "200" and "/api/" in q[3]])
    time.sleep(OUTAGE_S)
    ok(run.process.poll() is None, f"it is away for {OUTAGE_S} s, and waited for")
    with Hub(*hub_args) as hub:
        code = run.end(240)
        said = run.said()
        pages = before + len([q for q in hub.requests() if q[1] == "200" and "/api/" in q[3]])
    ok(code == 0 and "suspect" not in said, "then it is crawled to the end", code, said)
    ok(pages <= 28 + 3 + 3 + 6, f"{pages} pages were served for 28 and the probe's")
    equal(folder, "chains, after an outage")


def stale_cursor():
    """A walk's own cursor that the Hub takes no more, days later: it begins anew."""
    folder, refused = scratch(), []

    def hook(path, n, body):
        if not begun or refused or "cursor=" not in path:
            return None
        refused.append(path)
        return lambda h: (h.send_response(400), h.send_header("content-length", "0"), h.end_headers())

    begun = False
    with Hub(*SIZE[:-2], "--quota", "0", "--fault", "reject-cursor") as hub, Meddler(hub.url, hook) as m:
        c = crawl(1, m.url, folder, "--kinds", "models", "--max-requests", 15)
        begun = True
        ok(c.code == 3, "a census along the Hub's own cursors, stopped", c)
        c = crawl(2, m.url, folder, "--kinds", "models", "--retries", "1")
        ok(c.code == 0 and len(refused) == 1 and "begins anew" in c.err, "its cursor is refused: the walk begins anew", c, *refused)
    r = reduce(1, folder)
    ok(r.code == 0, "reduced", r)
    same([d for d in differing(digest(folder), WANT) if d.startswith("models/")], [], "the models are those of the undisturbed census")


def gone():
    folder = scratch()
    port = free_port()
    with Hub(*SIZE, "--port", port) as hub:
        run = begin(hub.url, folder, "--max-outage", "4s")
        ok(after(hub, 12), "a Hub in the middle of a census")
    code = run.end(60)
    ok(code == 3 and "has not answered for too long" in run.said(), "it ends for good: exit 3 after --max-outage", code, run.said())
    with Hub(*SIZE[:-2], "--quota", "0", "--port", port) as hub:
        c = crawl(1, hub.url, folder)
        ok(c.code == 0, "run again when it is back, the census completes", c)
    equal(folder, "gone")


def one_page():
    """One page that the Hub never gives, the last of all: that is a gap and no outage, though nothing else comes any more."""
    folder, victim = scratch(), []

    def hook(path, n, body):
        rows = json.loads(body)
        if not victim and len(rows) > 500:
            victim.append(rows[400]["_id"])
        if victim and any(r["_id"] == victim[0] for r in rows):
            return lambda h: (h.send_response(504), h.send_header("content-length", "0"), h.end_headers())
        return None

    with Hub(*SIZE[:-2], "--quota", "0") as hub, Meddler(hub.url, hook) as m:
        began = time.monotonic()
        c = crawl(1, m.url, folder, "--kinds", "models", "--retries", "2", "--max-outage", "60s", timeout=100)
        seconds = time.monotonic() - began
        ok(c.code == 5 and seconds < 55, f"a page that never comes is a gap: exit {c.code} after {seconds:.0f} s", c)
        ok("has not answered" not in c.out + c.err and "missing" in c.out, "and is told as one", c)
        r = reduce(1, folder)
        gaps = value(load(folder), "completeness")["models"]
        ok(r.code == 5 and gaps["gaps"] and gaps["rows"] > 18000, "the rest is there", gaps)
        began = time.monotonic()
        c = crawl(2, m.url, folder, "--retries", "2", "--max-outage", "60s", timeout=100)
        seconds = time.monotonic() - began
        ok(c.code == 5 and seconds < 55, f"asked again, it is one again: exit {c.code} after {seconds:.0f} s", c)
        victim[:] = ["none"]
        c = crawl(2, m.url, folder)
        ok(c.code == 0, "and once the Hub gives it the census is complete", c)


def too_many(seconds):
    """A reply of 429 for every page from now on."""

    def reply(h):
        h.send_response(429)
        h.send_header("retry-after", str(seconds))
        h.send_header("content-length", "0")
        h.end_headers()

    return lambda path, n, body: reply


def limited_at_once():
    """429 from the first request on. The wait is told, and ends by --max-time and --max-outage."""
    with Hub(*SIZE[:-2], "--quota", "0") as hub:
        with Meddler(hub.url, too_many(86400)) as m:
            began = time.monotonic()
            c = crawl(2, m.url, scratch(), "--max-time", f"{3 * SLOW}s", timeout=60)
            seconds = time.monotonic() - began
        told = [line for line in c.err.splitlines() if re.search(r"\b429\b", line)]  # a port may hold the digits, too
        ok(c.code == 3 and "--max-time" in c.err and seconds < 20 * SLOW, f"Retry-After: 86400 and --max-time: exit {c.code} after {seconds:.0f} s", c)
        ok(len(told) == 1 and re.search(r"until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told[0]), "one line says that it waits, and until when", c)
        for wait in (1, "soon"):
            with Meddler(hub.url, too_many(wait)) as m:
                began = time.monotonic()
                c = crawl(2, m.url, scratch(), "--max-outage", "3s", timeout=60)
                seconds = time.monotonic() - began
                asked = len([path for path, _ in m.seen if path.startswith("/api/")])
            ok(c.code == 3 and "--max-outage" in c.err and seconds < 40 * SLOW, f"429 for ever, Retry-After: {wait}, and --max-outage: exit {c.code} after {seconds:.0f} s", c)
            ok(asked <= 3 * 6 and c.err.count("429") == 1, f"{asked} requests, one line", c)


def limited():
    """429 from some page on, for good: so long as a page is missing it is an outage, however often it asks to wait."""
    folder, good = scratch(), [12]

    def hook(path, n, body):
        return too_many(1)(path, n, body) if n > good[0] else None

    with Hub(*SIZE[:-2], "--quota", "0") as hub, Meddler(hub.url, hook) as m:
        began = time.monotonic()
        c = crawl(2, m.url, folder, "--max-outage", "4s", timeout=60)
        seconds = time.monotonic() - began
        ok(c.code == 3 and "has not answered for too long" in c.out and seconds < 30 * SLOW, f"429 from a page on: exit {c.code} after {seconds:.0f} s", c)
        good[0] = 10**9
        c = crawl(2, m.url, folder)
        ok(c.code == 0, "run again when there is a quota, the census completes", c)
    equal(folder, "limited")


main(one_page, limited_at_once, undisturbed, frozen, restarted, long_outage, chains, stale_cursor, gone, limited)
