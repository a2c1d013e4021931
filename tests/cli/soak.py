# SPDX-License-Identifier: Apache-2.0
"""The long forms of the tests of faults, one after the other, and a table of what was tried at the end (make soak)."""

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
    ["test_signals.py", 30],
    ["test_audit.py", 100],
    ["test_users_figures.py", 100],
]


def main():
    failed = []
    with tempfile.NamedTemporaryFile(prefix="hubcensus-soak-", mode="r", encoding="utf-8") as table:
        env = {**os.environ, "SOAK_TABLE": table.name}
        for name, *args in TESTS:
            began = time.monotonic()
            print(f"== {name} {' '.join(map(str, args))}", flush=True)
            code = subprocess.call([sys.executable, "-B", f"{HERE}/{name}", *map(str, args)], env=env)
            print(f"== {name}: {'passed' if code == 0 else 'FAILED'}, {time.monotonic() - began:.0f} s", flush=True)
            failed += [name] if code else []
        for n in (1, 2, 3):
            print(f"== every fallible call of io/, {n} ranks", flush=True)
            code = subprocess.call([*MPIRUN, "-n", str(n), f"{BUILD}/torture/test_torture", "1"], env={**env, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
            failed += [f"torture on {n} ranks"] if code else []
        lines = [json.loads(line) for line in table]
    print(f"\n{'':42}{'tried':>8}{'survived':>10}{'rows lost':>11}")
    for what, tried, survived, lost in lines:
        print(f"{what:42}{tried:>8}{survived:>10}{lost:>11}")
    print(f"{'in all':42}{sum(x[1] for x in lines):>8}{sum(x[2] for x in lines):>10}{sum(x[3] for x in lines):>11}")
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    sys.exit(bool(failed))


main()
