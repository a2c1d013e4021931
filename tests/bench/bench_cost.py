# SPDX-License-Identifier: Apache-2.0
"""What the crawl costs in CPU, beside what of it cannot be avoided and beside the Hub's own JavaScript client: a table, and JSON.
bench_cost.py [--quick] [--json FILE]

ms of user and system time per 1,000 rows, of all ranks, sealing included. The cost of starting is taken off: the slope between a small and a large
crawl. Nothing here waits, so a machine with something else to do tells more than is true."""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

CLIENTS = os.path.join(os.path.dirname(__file__), "..", "clients")


def population(rows):
    """Pages of 0.7 MB."""
    return ["--models", rows, "--datasets", 0, "--spaces", 0, "--more-tags", 4, "--until", UNTIL, "--quota", 0]


def cpu(args):
    """User and system ms of a command with all its children, and its wall time in s."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([str(a) for a in args], env=ENV, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), time.monotonic() - started


def crawl(n, url, in_flight=8):
    folder = scratch()
    start = [*MPIRUN, "-n", n] if n > 1 else []
    ms, wall = cpu([*start, f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, "--quiet", "--kinds", "models", "--in-flight", max(1, in_flight // n), folder])
    shutil.rmtree(folder)
    return ms, wall


def parts(rounds):
    """A page as the crawler asks for it, part by part."""
    with Hub(*population(60000)) as hub:
        crawl(1, hub.url)
        path = max((r[3] for r in hub.requests() if "cursor=" in r[3]), key=len)
        out = subprocess.run([f"{BUILD}/tests/bench/bench_page", hub.url + path, str(rounds)], capture_output=True, text=True, check=True).stdout
    page = json.loads(out)
    unavoidable = page["receive"] + page["parse"] + page["seal"]
    for name in ("receive", "inflate", "parse", "seal", "take"):
        yield {"case": f"a page, {name}", "ms": page[name]}
    yield {"case": "a page, receive + parse + seal", "ms": unavoidable, "mb": page["bytes"] / 1e6}


def per_thousand(rows, n, *more, in_flight=8):
    """The slope between a tenth of the rows and all of them."""
    seen = {}
    for r in (rows // 10, rows):
        with Hub(*population(r), *more) as hub:
            seen[r] = min(crawl(n, hub.url, in_flight) for _ in range(2))
    (few_ms, few_s), (all_ms, all_s) = seen[rows // 10], seen[rows]
    return 1000 * (all_ms - few_ms) / (0.9 * rows), rows * 0.9 / (all_s - few_s)


def crawls(rows):
    for label, more in (("not compressed", ["--no-gzip"]), ("gzip", [])):
        for n in (1, 2):
            ms, speed = per_thousand(rows, n, *more)
            yield {"case": f"hubcrawl, {label}", "ranks": n, "ms": ms, "rows_per_s": speed}


def javascript(rows):
    if not os.path.isdir(f"{CLIENTS}/node_modules/@huggingface/hub") or not shutil.which("node"):
        print("the JavaScript client is not there: make check-clients installs it")
        return
    with Hub(*population(rows), "--no-gzip") as hub:
        script = os.path.join(os.path.dirname(__file__), "list_models.mjs")
        out = subprocess.run(["node", script, hub.url, str(rows)], capture_output=True, text=True, check=True).stdout
    yield {"case": "@huggingface/hub listModels, not compressed", "ms": json.loads(out)["ms"]}


def many_ranks(rows):
    """More ranks than cores: what waits must not cost."""
    two = None
    for n in (2, 4, 8, 16, 32):
        ms, speed = per_thousand(rows, n, "--no-gzip", in_flight=32)
        two = two or ms
        yield {"case": "hubcrawl, 32 in flight", "ranks": n, "ms": ms, "of_two_ranks": ms / two, "rows_per_s": speed}


def stand_in(seconds):
    """The stand-in's own rate, to two plain clients at once."""
    with Hub(*population(100000), "--no-gzip") as hub:
        url = f"{hub.url}/api/models?limit=1000&sort=createdAt&direction=1&expand[]=author&expand[]=createdAt&expand[]=downloads&expand[]=tags&expand[]=safetensors"
        until = time.monotonic() + seconds
        script = 'n=0; while [ "$(date +%s)" -lt "$2" ]; do curl -sg "$1" "$1" "$1" "$1" >/dev/null && n=$((n + 4)); done; echo $n'
        clients = [subprocess.Popen(["sh", "-c", script, "sh", url, str(int(time.time() + seconds))], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        pages = sum(int(c.communicate()[0]) for c in clients)
        size = len(subprocess.run(["curl", "-sg", url], capture_output=True, check=True).stdout)
        seconds += time.monotonic() - until
    yield {"case": "the stand-in, to two plain clients", "pages_per_s": pages / seconds, "mb_per_s": pages * size / 1e6 / seconds}


def show(row):
    print(f"{row['case']:<46}" + (f" {row['ranks']:>2} ranks" if "ranks" in row else " " * 9) + "".join(f"  {k} {v:,.2f}" for k, v in row.items() if isinstance(v, float)), flush=True)


def ratios(rows):
    ms = {(r["case"], r.get("ranks", 1)): r["ms"] for r in rows if "ms" in r}
    ours = ms[("hubcrawl, not compressed", 1)]
    yield {"case": "hubcrawl by its unavoidable parts", "ratio": ours / ms[("a page, receive + parse + seal", 1)]}
    client = ms.get(("@huggingface/hub listModels, not compressed", 1))
    if client:
        yield {"case": "@huggingface/hub by hubcrawl", "ratio": client / ours}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    rows = []
    size = 100000 if args.quick else 400000
    for part in (parts(200 if args.quick else 1000), crawls(size), javascript(20000 if args.quick else 50000), many_ranks(size), stand_in(3)):
        for row in part:
            show(row)
            rows.append(row)
    for row in ratios(rows):
        show(row)
        rows.append(row)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
            f.write("\n")


main()
