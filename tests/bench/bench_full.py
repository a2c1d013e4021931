# SPDX-License-Identifier: Apache-2.0
"""The whole Hub of late 2026 by two ranks on this machine, the stand-in that serves it included: seconds, CPU and memory over rows: a table, and JSON.
bench_full.py [--quick] [--json FILE]

Not compressed on the wire and without latency or quota, so that the machine is what binds. CPU and memory per row are without what a census of almost
nothing takes; memory is the peak of the larger rank. Of each size the least of three, figure by figure: what else a machine does only adds. `limit` is
what was promised, for 5.7 M rows on two cores. The reduce of one rank is beside that of two."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import kept, options  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

RANKS = 2
HUB = {"models": 3100000, "datasets": 1200000, "spaces": 1400000}
TIMES = 3
LIMIT_S = 1800  # of one program: none hangs for ever
LIMIT = {"wall_s": 120, "crawl_peak_mb": 512, "census_mb": 1200, "shards_mb": 2500}
# Each rank leaves its peak, by the kernel's own accounting.
PEAK = "import os, resource, subprocess, sys; c = subprocess.call(sys.argv[2:]); open(sys.argv[1] + '/' + os.environ['OMPI_COMM_WORLD_RANK'], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); sys.exit(c)"


def run(ranks, program, *args):
    """Wall in s, CPU in s, and the peak of the larger rank in MB."""
    peaks = scratch()
    before, at = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([*MPIRUN, "-n", str(ranks), sys.executable, "-c", PEAK, peaks, f"{BUILD}/{program}", *map(str, args)], env=ENV, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)
    wall, after = time.monotonic() - at, resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = max(int(open(f"{peaks}/{r}", encoding="ascii").read()) for r in range(ranks)) * 1024 / 1e6
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def used(pid):
    """CPU of a process that still runs, in s."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        t = f.read().rpartition(")")[2].split()
    return (int(t[11]) + int(t[12])) / os.sysconf("SC_CLK_TCK")


def nbytes(path):
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files)


def census(rows, times=TIMES):
    seen = [once(rows) for _ in range(times)]
    return {k: v if isinstance(v, (int, str)) else min(s[k] for s in seen) for k, v in seen[0].items()}


def once(rows):
    n = {k: max(1, v * rows // sum(HUB.values())) for k, v in HUB.items()}
    folder = scratch()
    with Hub(*(a for k, v in n.items() for a in (f"--{k}", v)), "--until", UNTIL, "--quota", 0, "--no-gzip") as hub:
        crawl = run(RANKS, "hubcrawl", "--quiet", "--burst", "--hub", hub.url, "--until", UNTIL, folder)
        served = used(hub.process.pid)
    reduce, alone = (run(n, "hubreduce", "--quiet", folder) for n in (RANKS, 1))
    with open(f"{folder}/census.json", encoding="utf-8") as f:
        figures = json.load(f)["figures"]
    row = {
        "case": f"{sum(n.values()):,} rows, crawl and reduce",
        "ranks": RANKS,
        "rows": sum(n.values()),
        "wall_s": crawl[0] + reduce[0],
        "crawl_s": crawl[0],
        "reduce_s": reduce[0],
        "reduce_1_rank_s": alone[0],
        "stand_in_cpu_s": served,
        "crawl_cpu_s": crawl[1],
        "reduce_cpu_s": reduce[1],
        "crawl_peak_mb": crawl[2],
        "reduce_peak_mb": reduce[2],
        "shards_mb": nbytes(f"{folder}/shards") / 1e6,
        "census_mb": os.path.getsize(f"{folder}/census.h5") / 1e6,
    }
    check(figures, n)
    shutil.rmtree(folder)
    return row


def check(figures, n):
    """Every row must be there, or nothing was measured."""
    got = {k: figures[f"totals.{k}"]["value"] for k in n}
    if got != n:
        raise RuntimeError(f"the census has {got} of {n}")


def per_row(row, start):
    for what in ("crawl", "reduce"):
        row[f"{what}_us_a_row"] = 1e6 * (row[f"{what}_cpu_s"] - start[f"{what}_cpu_s"]) / row["rows"]
        row[f"{what}_bytes_a_row"] = 1e6 * RANKS * (row[f"{what}_peak_mb"] - start[f"{what}_peak_mb"]) / row["rows"]


def show(row):
    print(f"{row['case']:<56} {row['ranks']:>2} ranks  " + "  ".join(f"{k} {v:,.2f}" for k, v in row.items() if isinstance(v, float)), flush=True)


def growth(rows):
    """Over the sizes: the farthest from their mean."""
    for what in ("crawl", "reduce"):
        us = [r[f"{what}_us_a_row"] for r in rows]
        mean = sum(us) / len(us)
        yield {"case": f"CPU a row over all sizes, {what}, by their mean", "ranks": RANKS, "least": min(us) / mean, "largest": max(us) / mean}
        memory = [r[f"{what}_bytes_a_row"] for r in rows]
        yield {"case": f"memory a row, {what}, of the largest by the smallest", "ranks": RANKS, "ratio": memory[-1] / memory[0]}


def main():
    args = options(__doc__).parse_args()
    sizes = (100000, 300000) if args.quick else (100000, 1000000, sum(HUB.values()))
    with kept(args) as rows:

        def tell(row):
            show(row)
            rows.append(row)

        start = census(3)
        for n in sizes:
            row = census(n, 1 if args.quick else TIMES)
            per_row(row, start)
            tell(row)
        last = rows[-1]
        for row in list(growth(rows)):
            tell(row)
        tell({"case": f"reduce of {last['rows']:,} rows, 1 -> 2 ranks", "ranks": RANKS, "speedup": last["reduce_1_rank_s"] / last["reduce_s"]})
        if not args.quick:
            for k, v in LIMIT.items():
                tell({"case": f"{k} of the whole Hub by its limit of {v}", "ranks": RANKS, "ratio": last[k] / v})


main()
