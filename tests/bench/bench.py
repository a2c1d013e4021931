# SPDX-License-Identifier: Apache-2.0
"""All benchmarks as one table, and JSON: bench.py [--quick] [--json FILE] PART...

A part is a script bench_PART.py of this folder. It judges nothing: a row is what was measured, and its ratios are of figures of the same run."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from rows import machine, options, save

HERE = os.path.dirname(os.path.abspath(__file__))
# What a part measures only some of in a quick run.
QUICK = {"crawl": ["coordinator"]}


def wait(args, limit, **kw):
    """Exit code and output. Asked to end, or past the limit in s, a part ends what it started, for it is asked first."""
    with subprocess.Popen(args, **kw) as p:
        try:
            return p.communicate(timeout=limit)[0] or "", p.returncode
        except BaseException as e:
            p.terminate()
            try:
                p.wait(30)
            except subprocess.TimeoutExpired:
                p.kill()
            if isinstance(e, subprocess.TimeoutExpired):
                return f"not at its end after {limit} s", 1
            raise


def run(part, quick):
    """The rows of a part, and the seconds that it took; None: it failed, and what it said last is on stderr."""
    at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hubcensus-bench-") as folder:
        path = os.path.join(folder, "rows.json")
        args = [sys.executable, "-B", os.path.join(HERE, f"bench_{part}.py"), "--json", path, *(["--quick", *QUICK.get(part, [])] if quick else [])]
        out, code = wait(args, 300 if quick else 3600, **({"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"} if quick else {"stdout": sys.stderr}))
        if code:
            print("\n".join(out.splitlines()[-20:]), file=sys.stderr)
        rows = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                rows = json.load(f)
    return rows, None if code else time.monotonic() - at


def text(value):
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def show(part, row):
    figures = "  ".join(f"{k} {text(v)}" for k, v in row.items() if k not in ("case", "ranks", "name") and not isinstance(v, (list, dict, bool)) and v is not None)
    print(f"{part:<7} {row.get('case', ''):<58} {row.get('ranks', ''):>5}  {figures}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = options(__doc__)
    parser.add_argument("part", nargs="+")
    args = parser.parse_args()
    result = {"machine": machine(), "quick": args.quick, "rows": []}
    for part in args.part:
        print(f"bench: {part}", file=sys.stderr, flush=True)
        rows, seconds = run(part, args.quick)
        result["rows"] += [{"part": part, **row} for row in rows] + [{"part": part, "case": "(this part)", "seconds": seconds} if seconds else {"part": part, "case": "(failed)"}]
    print("\n".join(f"{k:<9} {v}" for k, v in result["machine"].items()))
    print(f"\n{'part':<7} {'case':<58} ranks  figures")
    for row in result["rows"]:
        show(row["part"], {k: v for k, v in row.items() if k != "part"})
    save(args, result)
    return any(row["case"] == "(failed)" for row in result["rows"] if "case" in row)


sys.exit(main())
