# SPDX-License-Identifier: Apache-2.0
"""The reduce: seconds and peak memory of a rank over rows and ranks, alone and beside an earlier census. bench_reduce.py [--quick] [--json FILE]

The limit is 300 bytes per repository, or 110 per account, divided by the number of ranks, plus 200 MB.
"""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, Run, scratch  # noqa: E402

# The peak of the largest process below mpirun, in MB, by the kernel's own accounting.
PEAK = "import resource, subprocess, sys, time; t = time.monotonic(); c = subprocess.call(sys.argv[1:]); print(c, time.monotonic() - t, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000)"


def measure(ranks, folder, *options):
    args = [*MPIRUN, "-n", str(ranks), f"{BUILD}/hubreduce", "--quiet", *options, folder]
    out = subprocess.run([sys.executable, "-c", PEAK, *args], env=ENV, capture_output=True, text=True, check=True).stdout
    code, seconds, peak = out.split()[-3:]
    if code != "0":
        raise RuntimeError(out)
    return float(seconds), float(peak)


def accounts(n, ranks_list, rows):
    """Accounts in the place of repositories, and the sketch of their names."""
    folder = scratch()
    r = Run([f"{BUILD}/tests/bench/bench_accounts", folder, n], timeout=3600)
    if r.code:
        raise RuntimeError(str(r))
    for ranks in ranks_list:
        seconds, peak = measure(ranks, folder)
        limit = 110 * n / ranks / 1e6 + 200
        with open(f"{folder}/census.json", encoding="utf-8") as f:
            value = json.load(f)["figures"]["totals.users"]["value"]
        if value["observed"]["all"] != n or abs(value["sketch"] / n - 1) > 0.025:
            raise RuntimeError(f"{n} accounts: {value}")
        rows.append({"case": "accounts", "accounts": n, "ranks": ranks, "seconds": seconds, "peak_mb": peak, "limit_mb": limit, "ratio": peak / limit, "sketch_error": value["sketch"] / n - 1})
        print(f"reduce of {n:>10,} accounts  {ranks} ranks  {seconds:6.2f} s  peak of a rank {peak:6.1f} MB, limit {limit:6.1f} MB, ratio {peak / limit:.2f}; sketch {value['sketch'] / n - 1:+.2%}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    rows = []
    for models in (100000,) if args.quick else (100000, 1000000):
        now, then = scratch(), scratch()
        with Hub("--models", models, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
            for folder, until in ((now, UNTIL), (then, "2026-10-25")):
                r = Run([*MPIRUN, "-n", 2, f"{BUILD}/hubcrawl", "--quiet", "--burst", "--hub", hub.url, "--until", until, "--kinds", "models", folder])
                if r.code:
                    raise RuntimeError(str(r))
        measure(2, then)
        for case, options in (("reduce", []), ("compare", ["--previous", then])):
            for ranks in (1, 2):
                seconds, peak = measure(ranks, now, *options)
                limit = 300 * models / ranks / 1e6 + 200
                rows.append({"case": case, "models": models, "ranks": ranks, "seconds": seconds, "peak_mb": peak, "limit_mb": limit, "ratio": peak / limit})
                print(f"{case:7} of {models:>9,} models  {ranks} ranks  {seconds:6.2f} s  peak of a rank {peak:6.1f} MB, limit {limit:6.1f} MB, ratio {peak / limit:.2f}", flush=True)
    for n in (1000, 1000000) if args.quick else (1000, 1000000, 13000000):
        accounts(n, (1, 2), rows)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
            f.write("\n")


main()
