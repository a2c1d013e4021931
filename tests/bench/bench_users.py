# SPDX-License-Identifier: Apache-2.0
"""The discovery of accounts: time, requests and memory from one to thirteen million. bench_users.py [--quick] [--deep SHARE] [--json FILE]

The stand-in makes every account reachable, and all must be found, to the account: where organisations lead to all of them (--deep 0%), and where the followers of 32,410 users out of
13 million are the only way to a tenth of them (--deep 10%, the stand-in's default). Bytes per account are the peak of all ranks together, above that of a crawl without accounts, by the accounts known: table, frontier,
buffers, everything.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import kept, options  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

RANKS = 2
# What a rank has in any case, buffers and the code of libraries, weighs on few accounts: the limit is one for many.
SECONDS, BYTES, LARGE = 300, 64, 10000000
# The peak of each rank, in KiB, by the kernel's own accounting: every rank adds its line.
PEAK = "import os, resource, subprocess, sys; c = subprocess.call(sys.argv[2:]); open(sys.argv[1] + '/' + os.environ['OMPI_COMM_WORLD_RANK'], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); sys.exit(c)"
CLOCK = "import subprocess, sys, time; t = time.monotonic(); c = subprocess.call(sys.argv[1:]); print(c, time.monotonic() - t)"


def crawl(url, folder, *options):
    """Seconds, and KiB of all ranks."""
    peaks = scratch()
    args = [*MPIRUN, "-n", str(RANKS), sys.executable, "-c", PEAK, peaks, f"{BUILD}/hubcrawl", "--quiet", "--hub", url, "--until", UNTIL, "--budget", "1000000000/300", "--burst", "--in-flight", "16", *options, folder]
    out = subprocess.run([sys.executable, "-c", CLOCK, *args], env=ENV, capture_output=True, text=True, check=True, timeout=3600)
    code, seconds = out.stdout.split()[-2:]
    if code != "0":
        raise RuntimeError(out.stdout + out.stderr)
    return float(seconds), sum(int(open(f"{peaks}/{r}", encoding="ascii").read()) for r in range(RANKS))


def measure(users, repositories, requests, deep):
    """The repositories first, for what the crawl takes without accounts."""
    folder = scratch()
    args = ["--models", repositories, "--datasets", 0, "--spaces", 0, "--users", users, "--deep", deep]
    want = json.loads(subprocess.run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *map(str, args)], capture_output=True, text=True, check=True).stdout)["accounts"]["observable"]["all"]
    with Hub(*args, "--until", UNTIL, "--quota", 0, "--no-gzip") as hub:
        _, base = crawl(hub.url, folder)
        seconds, peak = crawl(hub.url, folder, "--kinds", "users", "--user-requests", str(requests))
    with open(f"{folder}/users.json", encoding="utf-8") as f:
        end = json.load(f)
    known = end["accounts"]
    row = {"case": "users", "deep": deep, "ranks": RANKS, "accounts": want, "known": known, "share": known / want, "requests": end["requests"], "seconds": seconds, "accounts_per_s": known / seconds, "bytes_per_account": 1024 * (peak - base) / known, "peak_mb": 1024 * peak / 1e6, "base_mb": 1024 * base / 1e6}
    row["good"] = known == want and (row["bytes_per_account"] <= BYTES or want < LARGE) and seconds <= SECONDS
    print(f"{want:>10,} accounts, deep {deep:<3}  {RANKS} ranks  {known:>10,} known ({100 * row['share']:.3f} %)  {end['requests']:>9,} requests  {seconds:6.1f} s  {row['bytes_per_account']:5.1f} bytes an account  {'good' if row['good'] else 'MISSED'}", flush=True)
    return row


def main():
    parser = options(__doc__)
    parser.add_argument("--deep", help="these cases only: 0%% or 10%%")
    args = parser.parse_args()
    cases = [(100000, 5000, 30000, "0%")] if args.quick else [(1000000, 20000, 40000, "0%"), (13000000, 200000, 320000, "0%"), (1000000, 20000, 250000, "10%"), (13000000, 200000, 2000000, "10%")]
    with kept(args) as rows:
        for case in cases:
            if args.deep in (None, case[3]):
                rows.append(measure(*case))
    for a, b in zip(rows[::2], rows[1::2]):
        print(f"deep {a['deep']}, from {a['known']:,} to {b['known']:,} accounts ({b['known'] / a['known']:.1f} times): requests {b['requests'] / a['requests']:.1f} times, seconds {b['seconds'] / a['seconds']:.1f} times, memory above the base {b['bytes_per_account'] * b['known'] / a['bytes_per_account'] / a['known']:.1f} times")


main()
