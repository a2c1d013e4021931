# SPDX-License-Identifier: Apache-2.0
"""The crawl against the floor that quota and latency set. Ratios, side by side, in one run: bench_crawl.py [--quick] [--json FILE] [CASE...]

Times are the stand-in's own: from the first request for a page that it received to the last reply that it sent.
"""

import argparse
import json
import math
import os
import platform
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from tap import MPIRUN, UNTIL, BUILD, Hub, Run, scratch  # noqa: E402

ROWS = []


def row(case, ranks, **figures):
    ROWS.append({"case": case, "ranks": ranks, **figures})
    text = "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
    print(f"{case:<34} {ranks:>2} ranks  {text}", flush=True)


def pages(hub):
    """Seconds and status of what was asked of /api/, in order."""
    return [(float(r[0]), r[1], r[5]) for r in hub.requests() if r[3].startswith("/api/")]


def crawl(n, url, *args, timeout=1000):
    start = time.monotonic()
    r = Run([*MPIRUN, "-n", n, f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, "--quiet", *args, scratch()], timeout=timeout)
    if r.code != 0:
        raise RuntimeError(str(r))
    return time.monotonic() - start


def ours(seen):
    return [s for s in seen if "hubcensus" in s[2]]


def quota_bound(case, latency, q, w, requests, ranks):
    """Wall against the floor (ceil(requests / q) - 1) * w."""
    for n in ranks:
        with Hub("--models", requests * 1000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", f"{q}/{w}", "--latency", latency, "--pages-quota", "0") as hub:
            crawl(n, hub.url, "--kinds", "models", "--in-flight", max(1, 128 // n))
            seen = ours(pages(hub))
        wall = seen[-1][0] - seen[0][0]
        floor = (math.ceil(len(seen) / q) - 1) * w
        row(case, n, wall=wall, floor=float(floor), ratio=wall / floor, requests=len(seen), extra=len(seen) / requests - 1, replies_429=sum(s[1] == "429" for s in seen))


def latency_bound(rows, latency, in_flight, ranks):
    """Against the same crawl as one chain."""
    # Compression is the server's work: here it would take the two cores from the crawl.
    population = ["--models", rows, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0, "--latency", latency, "--no-gzip"]
    with Hub(*population) as hub:
        crawl(1, hub.url, "--kinds", "models", "--in-flight", 1)
        seen = pages(hub)
        chain = seen[-1][0] - seen[0][0]
    row("latency-bound, one chain", 1, wall=chain, requests=len(seen))
    for n in ranks:
        with Hub(*population) as hub:
            crawl(n, hub.url, "--kinds", "models", "--in-flight", in_flight // n)
            seen = pages(hub)
        wall = seen[-1][0] - seen[0][0]
        row("latency-bound, 32 in flight", n, wall=wall, speedup=chain / wall, requests=len(seen))


def other_client(url, per_second, stop):
    """Spends a part of the quota evenly; its own 429s are its own affair."""
    while not stop.wait(1 / per_second):
        try:
            urllib.request.urlopen(urllib.request.Request(f"{url}/api/models?limit=1", headers={"User-Agent": "other"}), timeout=10).read()
        except (urllib.error.URLError, OSError):
            pass


def shared_quota(q, w, requests, share, ranks):
    for n in ranks:
        with Hub("--models", requests * 1000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", f"{q}/{w}", "--latency", "300") as hub:
            stop = threading.Event()
            thread = threading.Thread(target=other_client, args=(hub.url, share * q / w, stop))
            thread.start()
            try:
                crawl(n, hub.url, "--kinds", "models", "--in-flight", max(1, 128 // n))
            finally:
                stop.set()
                thread.join()
            seen = ours(pages(hub))
        wall = seen[-1][0] - seen[0][0]
        floor = (math.ceil(len(seen) / (q * (1 - share))) - 1) * w
        windows = wall / w
        row(f"another client takes {share:.0%}", n, wall=wall, floor=float(floor), ratio=wall / floor, replies_429=sum(s[1] == "429" for s in seen), windows=windows)


def partial_pages(rows):
    with Hub("--models", rows, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        wall = crawl(2, hub.url, "--kinds", "models", "--in-flight", 16)
        seen = pages(hub)
    row(f"requests for {rows:,} models", 2, wall=wall, requests=len(seen), extra=len(seen) / math.ceil(rows / 1000) - 1)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def main():
    cases = {
        "quota": lambda q: quota_bound("quota-bound, latency 300 ms", "300", 100, 3, 300 if q else 1200, (2,) if q else (1, 2, 4, 8)),
        "spread": lambda q: quota_bound("quota-bound, latency 100..2000 ms", "100..2000", 100, 3, 300 if q else 1200, (2,) if q else (1, 2, 4, 8)),
        "latency": lambda q: latency_bound(40000 if q else 400000, "250", 32, (2,) if q else (1, 2, 4)),
        "other": lambda q: shared_quota(100, 3, 300 if q else 1200, 0.3, (2,) if q else (1, 4)),
        "partial": lambda q: partial_pages(100000 if q else 1000000),
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("case", nargs="*", choices=[*cases, []])
    args = parser.parse_args()
    print(machine())
    for name in args.case or cases:
        cases[name](args.quick)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"machine": machine(), "rows": ROWS}, f, indent=1)
            f.write("\n")


main()
