# SPDX-License-Identifier: Apache-2.0
"""The long forms of the tests of faults, two at a time (JOBS), and a table of what was tried at the end (make soak)."""

import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(__file__)
BUILD = os.environ.get("BUILD", "build")
MPIRUN = ["mpirun", "--quiet", "--oversubscribe"]
TESTS = [
    ["test_kills.py", 60],
    ["test_disk.py", 24],
    ["test_faults.py", 3],
    ["test_hostile.py"],
    ["test_hostile_users.py"],
    ["test_users_faults.py"],
    ["test_users_stops.py"],
    ["test_users_private.py"],
    ["test_known.py"],
    ["test_clock.py"],
    ["test_token.py"],
    ["test_tls.py"],
    ["test_outages.py", 60],
    ["test_torture.py", 200],
    ["test_archive.py", 20],
    ["test_damage.py", 200],
    ["test_mending.py"],
    ["test_signals.py", 30],
    ["test_audit.py", 100],
    ["test_users_figures.py", 100],
]


MOST = [["test_torture.py", 200], ["test_damage.py", 200]]  # which wait most of their time, begin among the first


def run(what, command, env=None):
    """What it says comes as a whole when it ends: two run at a time. Its lines of the table, and whether it failed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said, tempfile.NamedTemporaryFile("r", prefix="hubcensus-soak-", encoding="utf-8") as table:
        began = time.monotonic()
        print(f"== {what} begins", flush=True)
        code = subprocess.call([str(x) for x in command], env={**os.environ, **(env or {}), "SOAK_TABLE": table.name}, stdout=said, stderr=said)
        said.seek(0)
        print(f"{said.read()}== {what}: {'passed' if code == 0 else 'FAILED'}, {time.monotonic() - began:.0f} s", flush=True)
        return [json.loads(line) for line in table], code != 0


def main():
    jobs = {}
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 2))) as pool:
        for name, *args in sorted(TESTS, key=lambda t: t not in MOST):
            jobs[name] = pool.submit(run, " ".join(map(str, (name, *args))), [sys.executable, "-B", f"{HERE}/{name}", *args])
        for n in (1, 2, 3):
            what = f"every fallible call of io/ on {n} ranks"
            jobs[what] = pool.submit(run, what, [*MPIRUN, "-n", n, f"{BUILD}/torture/test_torture", 1], {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    order = [t[0] for t in TESTS]
    done = {what: job.result() for what, job in jobs.items()}
    lines = [line for what in sorted(done, key=lambda w: order.index(w) if w in order else len(order)) for line in done[what][0]]
    failed = [what for what, (_, bad) in done.items() if bad]
    print(f"\n{'':42}{'tried':>8}{'survived':>10}{'rows lost':>11}")
    for what, tried, survived, lost in lines:
        print(f"{what:42}{tried:>8}{survived:>10}{lost:>11}")
    print(f"{'in all':42}{sum(x[1] for x in lines):>8}{sum(x[2] for x in lines):>10}{sum(x[3] for x in lines):>11}")
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    sys.exit(bool(failed))


main()
