# SPDX-License-Identifier: Apache-2.0
"""The crawl against the floor that quota and latency set, by the stand-in's own clock: from the first request for a page that it received to the last
reply that it sent. A row is a dict; `case` and `ranks` say what of."""

import math
import os
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from tap import BUILD, MPIRUN, UNTIL, Hub, Run, scratch  # noqa: E402

PAGE = 1000


def population(rows, *more):
    return ["--models", rows, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--log-times", *more]


class Seen:
    """The requests for pages in the stand-in's log: when they came and were answered, in s from the first of ours, and the 429s, in s from the
    first of anybody."""

    def __init__(self, hub):
        with open(hub.log, encoding="utf-8", errors="replace") as f:
            lines = [line.rstrip("\n").split(" ", 6) for line in f]
        lines = [r for r in lines if r[4].startswith("/api/")]
        first = min(float(r[0]) for r in lines)  # of anybody: there the quota's windows begin
        ours = sorted((float(r[0]), float(r[1]), r[2]) for r in lines if "hubcensus" in r[6])
        self.n = len(ours)
        self.came = [r[0] - ours[0][0] for r in ours]
        self.ended = [r[1] - ours[0][0] for r in ours]
        self.wall = max(r[1] for r in ours) - ours[0][0]
        self.limited = [r[0] - first for r in ours if r[2] == "429"]
        # The least that the last requests need: what the slowest of those took that came in the last tenth of the crawl.
        self.slowest = max((r[1] - r[0] for r in ours if r[0] - ours[0][0] > 0.9 * self.wall), default=0)

    def tail(self, slots):
        """From the moment when all that was under way or still to come would have fitted into the slots at once, to the last reply."""
        for i, at in enumerate(self.came):
            if self.n - i - 1 + sum(1 for end in self.ended[: i + 1] if end > at) <= slots:
                return self.wall - at
        return self.wall


def crawl(n, url, in_flight, timeout=1000):
    r = Run([*MPIRUN, "-n", n, f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, "--quiet", "--kinds", "models", "--in-flight", max(1, in_flight // n), scratch()], timeout=timeout)
    if r.code != 0:
        raise RuntimeError(str(r))


def floor(requests, q, w):
    return (math.ceil(requests / q) - 1) * w


def quota_bound(case, latency, q, w, rows, ranks):
    """Wall against the floor of the requests that were made, and of those that the rows need. The floor is when the last window's tokens come: where
    replies take up to 2 s, that of the last of many is 1.05 of 36 s by itself, so the ratio with it stands beside."""
    for n in ranks:
        with Hub(*population(rows, "--quota", f"{q}/{w}", "--latency", latency, "--pages-quota", "0")) as hub:
            crawl(n, hub.url, 128)
            seen = Seen(hub)
        made, least = floor(seen.n, q, w), floor(math.ceil(rows / PAGE), q, w)
        yield {
            "case": f"{case}, {rows // PAGE} pages",
            "ranks": n,
            "wall_s": seen.wall,
            "floor_s": made,
            "of_floor": seen.wall / made,
            "floor_of_rows_s": least,
            "of_floor_of_rows": seen.wall / least,
            "slowest_last_reply_s": seen.slowest,
            "of_floor_and_last_reply": seen.wall / (made + seen.slowest),
            "requests": seen.n,
            "more": seen.n / math.ceil(rows / PAGE) - 1,
            "replies_429": len(seen.limited),
            "good": seen.wall <= 1.05 * made and not seen.limited,
        }


def one_chain(rows, latency):
    with Hub(*population(rows, "--quota", 0, "--latency", latency, "--no-gzip")) as hub:
        crawl(1, hub.url, 1)
        return Seen(hub)


def latency_bound(rows, latency, in_flight, ranks):
    """Against the same crawl as one chain. Not compressed: on a machine with few cores the stand-in would be what is measured."""
    chain = one_chain(rows, latency)
    yield {"case": "latency-bound, one chain", "ranks": 1, "wall_s": chain.wall, "requests": chain.n}
    for n in ranks:
        with Hub(*population(rows, "--quota", 0, "--latency", latency, "--no-gzip")) as hub:
            crawl(n, hub.url, in_flight)
            seen = Seen(hub)
        yield {
            "case": f"latency-bound, {in_flight} in flight",
            "ranks": n,
            "wall_s": seen.wall,
            "speedup": chain.wall / seen.wall,
            "requests": seen.n,
            "more": seen.n / math.ceil(rows / PAGE) - 1,
            "tail_latencies": 1000 * seen.tail(in_flight) / latency,
            "good": chain.wall >= 20 * seen.wall,
        }


class Other:
    """Another client of the same quota: `per_second` requests, evenly. Its own 429s are its own affair."""

    def __init__(self, url, per_second):
        self.request = urllib.request.Request(f"{url}/api/models?limit=1", headers={"User-Agent": "other"})
        self.period, self.stop = 1 / per_second, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(16)]

    def run(self, i):
        # Each waits for its replies, so several take turns.
        at = time.monotonic() + i * self.period
        while not self.stop.wait(max(0, at - time.monotonic())):
            at += len(self.threads) * self.period
            try:
                urllib.request.urlopen(self.request, timeout=10).read()
            except (urllib.error.URLError, OSError):
                pass

    def __enter__(self):
        for t in self.threads:
            t.start()

    def __exit__(self, *exc):
        self.stop.set()
        for t in self.threads:
            t.join()


def shared_quota(q, w, rows, share, ranks):
    for n in ranks:
        with Hub(*population(rows, "--quota", f"{q}/{w}", "--latency", "300")) as hub:
            with Other(hub.url, share * q / w):
                crawl(n, hub.url, 128)
            seen = Seen(hub)
        left = floor(seen.n, q * (1 - share), w)
        per_window = max((sum(1 for t in seen.limited if i * w <= t < (i + 1) * w) for i in range(int(seen.wall / w) + 9)), default=0)
        yield {
            "case": f"another client takes {share:.0%}",
            "ranks": n,
            "wall_s": seen.wall,
            "floor_s": left,
            "of_floor": seen.wall / left,
            "requests": seen.n,
            "replies_429": len(seen.limited),
            "most_429_in_a_window": per_window,
            "good": seen.wall <= 1.1 * left and per_window <= 1,
        }


def partial_pages(rows, latency, in_flight, n):
    with Hub(*population(rows, "--quota", 0, "--latency", latency, "--no-gzip")) as hub:
        crawl(n, hub.url, in_flight)
        seen = Seen(hub)
    more = seen.n / math.ceil(rows / PAGE) - 1
    yield {
        "case": f"{rows:,} rows, {in_flight} in flight",
        "ranks": n,
        "wall_s": seen.wall,
        "requests": seen.n,
        "more": more,
        "tail_latencies": 1000 * seen.tail(in_flight) / latency,
        "good": more <= 0.02 if in_flight <= 16 else None,
    }


def cases(quick):
    """Name of each case, and the rows that it yields."""
    ranks = (2,) if quick else (1, 2, 4, 8)
    few = (2,) if quick else (1, 2, 4)
    # 1,200,000 rows need 1,200 full pages, and no crawl in windows can do without a few more: they cost another window of quota. With 2 % fewer rows the
    # 1,200 requests are enough.
    rows = (280000,) if quick else (1200000, 1176000)

    def spread(rows):
        return quota_bound("quota-bound, 100 ms to 2 s", "100..2000", 100, 3, rows, ranks)

    return {
        "quota": lambda: (r for n in rows for r in quota_bound("quota-bound, 300 ms", "300", 100, 3, n, ranks)),
        "spread": lambda: spread(rows[0]),
        "latency": lambda: latency_bound(60000 if quick else 400000, 250, 32, few),
        "other": lambda: shared_quota(100, 3, 290000 if quick else 1200000, 0.3, (2,) if quick else (1, 4)),
        "partial": lambda: (r for k in ((8,) if quick else (8, 16, 32)) for r in partial_pages(100000 if quick else 1000000, 100, k, 2)),
    }
