# SPDX-License-Identifier: Apache-2.0
"""The reduce: seconds, CPU and peak memory of a rank over rows and ranks, alone and beside an earlier census. bench_reduce.py [--quick] [--json FILE]

The limit is 300 bytes per repository, or 110 per account, divided by the number of ranks, plus 200 MB. Of the growth CPU is that of all ranks beyond
what a census of 1,000 rows takes, and memory what a rank takes beyond it; bench_full.py goes up to the whole Hub.
"""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import kept, options  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, Run, scratch  # noqa: E402

# Wall, the peak of the largest process below mpirun in MB, and CPU of all, by the kernel's own accounting.
PEAK = "import resource, subprocess, sys, time; t = time.monotonic(); c = subprocess.call(sys.argv[1:]); t = time.monotonic() - t; u = resource.getrusage(resource.RUSAGE_CHILDREN); print(c, t, u.ru_maxrss * 1024 / 1e6, u.ru_utime + u.ru_stime)"
HUB = {"models": 3100000, "datasets": 1200000, "spaces": 1400000}  # late 2026


def measure_all(ranks, folder, *options, code="0"):
    """Seconds, MB, seconds of CPU."""
    args = [*MPIRUN, "-n", str(ranks), f"{BUILD}/hubreduce", "--quiet", *options, folder]
    out = subprocess.run([sys.executable, "-c", PEAK, *args], env=ENV, capture_output=True, text=True, check=True, timeout=3600).stdout
    ended, *numbers = out.split()[-4:]
    if ended != code:
        raise RuntimeError(out)
    return [float(x) for x in numbers]


def measure(ranks, folder, *options, code="0"):
    return measure_all(ranks, folder, *options, code=code)[:2]


def take(n):
    """A census of about n repositories of all kinds, in the proportions of the Hub."""
    folder = scratch()
    size = {k: n * x // sum(HUB.values()) for k, x in HUB.items()}
    with Hub(*[a for k, x in size.items() for a in (f"--{k}", x)], "--until", UNTIL, "--quota", 0, "--no-gzip") as hub:
        r = Run([*MPIRUN, "-n", 2, f"{BUILD}/hubcrawl", "--quiet", "--burst", "--hub", hub.url, "--until", UNTIL, folder], timeout=1200)
        if r.code:
            raise RuntimeError(str(r))
    return folder, sum(size.values())


def growth(sizes, rows):
    """What a row more costs, and a rank more saves."""
    floor = None
    for n in (1000, *sizes):
        folder, n = take(n)
        seen = {ranks: [min(x) for x in zip(*(measure_all(ranks, folder) for _ in range(2)))] for ranks in (1, 2)}
        shutil.rmtree(folder)
        floor = floor or seen
        if floor is seen:
            continue
        for ranks, (seconds, peak, cpu) in seen.items():
            row = {"case": "growth", "rows": n, "ranks": ranks, "seconds": seconds, "cpu_us_per_row": 1e6 * (cpu - floor[ranks][2]) / n, "bytes_per_row": 1e6 * (peak - floor[ranks][1]) / n, "peak_mb": peak, "speedup": seen[1][0] / seconds}
            rows.append(row)
            print(f"reduce of {n:>10,} rows  {ranks} ranks  {seconds:6.2f} s ({row['speedup']:.2f}x of 1 rank)  CPU {row['cpu_us_per_row']:5.2f} us a row  {row['bytes_per_row']:4.0f} bytes a row and rank  peak {peak:6.1f} MB", flush=True)


def accounts(n, ranks_list, rows):
    """Accounts in the place of repositories, and the sketch of their names."""
    folder = scratch()
    r = Run([f"{BUILD}/tests/bench/bench_accounts", folder, n], timeout=3600)
    if r.code:
        raise RuntimeError(str(r))
    for ranks in ranks_list:
        seconds, peak = measure(ranks, folder, code="5")  # no discovery made these accounts, so none says that it is over
        limit = 110 * n / ranks / 1e6 + 200
        with open(f"{folder}/census.json", encoding="utf-8") as f:
            value = json.load(f)["figures"]["totals.users"]["value"]
        if value["observed"]["all"] != n or abs(value["sketch"] / n - 1) > 0.025:
            raise RuntimeError(f"{n} accounts: {value}")
        rows.append({"case": "accounts", "accounts": n, "ranks": ranks, "seconds": seconds, "peak_mb": peak, "limit_mb": limit, "ratio": peak / limit, "sketch_error": value["sketch"] / n - 1})
        print(f"reduce of {n:>10,} accounts  {ranks} ranks  {seconds:6.2f} s  peak of a rank {peak:6.1f} MB, limit {limit:6.1f} MB, ratio {peak / limit:.2f}; sketch {value['sketch'] / n - 1:+.2%}", flush=True)


def compared(models, rows):
    now, then = scratch(), scratch()
    with Hub("--models", models, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        for folder, until in ((now, UNTIL), (then, "2026-10-25")):
            r = Run([*MPIRUN, "-n", 2, f"{BUILD}/hubcrawl", "--quiet", "--burst", "--hub", hub.url, "--until", until, "--kinds", "models", folder])
            if r.code:
                raise RuntimeError(str(r))
    measure(2, then)
    for case, more in (("reduce", []), ("compare", ["--previous", then])):
        for ranks in (1, 2):
            seconds, peak = measure(ranks, now, *more)
            limit = 300 * models / ranks / 1e6 + 200
            rows.append({"case": case, "models": models, "ranks": ranks, "seconds": seconds, "peak_mb": peak, "limit_mb": limit, "ratio": peak / limit})
            print(f"{case:7} of {models:>9,} models  {ranks} ranks  {seconds:6.2f} s  peak of a rank {peak:6.1f} MB, limit {limit:6.1f} MB, ratio {peak / limit:.2f}", flush=True)


def main():
    args = options(__doc__).parse_args()
    with kept(args) as rows:
        for models in (100000,) if args.quick else (100000, 1000000):
            compared(models, rows)
        for n in (1000, 1000000) if args.quick else (1000, 1000000, 13000000):
            accounts(n, (1, 2), rows)
        growth((100000,) if args.quick else (100000, 1000000), rows)


main()
