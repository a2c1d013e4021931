#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The crawl against the floor that quota and latency set, and what the coordinator costs: a table, and JSON. bench_crawl.py [--quick] [--json FILE]
[CASE...]

They need a machine with nothing else to do, and are no tests: `good` says whether a figure is what was promised."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
import crawl_cases  # noqa: E402
from rows import kept, machine, options  # noqa: E402

BUILD = crawl_cases.BUILD
SHOWN = ("of_floor", "of_floor_of_rows", "of_floor_and_last_reply", "speedup", "more", "requests", "replies_429", "tail_latencies", "wall_s", "floor_s")


def coordinator(quick):
    program = f"{BUILD}/tests/bench/bench_coordinator"
    if not os.path.exists(program):
        sys.exit(f"'{program}' is not there: make {program}")
    args = [program] + (["--quick"] if quick else [])
    out = subprocess.run(args, capture_output=True, text=True, check=True).stdout
    for row in map(json.loads, out.splitlines()):
        at_quota = row["share_of_a_core"] * (100000 / 300) / row["requests_per_s"]
        yield {**row, "share_at_largest_quota": at_quota, "good": row["good"] and at_quota < 0.01}


def shown(key, value):
    if key in ("more", "share_at_largest_quota", "share_of_a_core"):
        return f"{100 * value:.2f} %"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def show(row):
    keys = [k for k in SHOWN if k in row] if "wall_s" in row else [k for k in row if k not in ("case", "ranks", "good")]
    mark = {True: "good", False: "MISSED"}.get(row.get("good"), "")
    print(f"{row['case']:<44} {row['ranks']:>4} ranks  {mark:<6}  " + "  ".join(f"{k} {shown(k, row[k])}" for k in keys), flush=True)


def main():
    parser = options(__doc__)
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    cases = {"coordinator": lambda: coordinator(args.quick), **crawl_cases.cases(args.quick)}
    unknown = [c for c in args.case if c not in cases]
    if unknown:
        parser.error(f"no case '{unknown[0]}': {', '.join(cases)}")
    print(machine())
    with kept(args) as rows:
        for name in args.case or cases:
            for row in cases[name]():
                if args.quick:
                    row.pop("good", None)  # too small to be judged
                show(row)
                rows.append({"name": name, **row})


main()
