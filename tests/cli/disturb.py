# SPDX-License-Identifier: Apache-2.0
"""What the tests of faults share: jobs in the background that are killed, folders that are checked, and the soak's table."""

import glob
import json
import os
import signal
import subprocess
import time

import h5py

from tap import BUILD, MPIRUN, SLOW, Run, diag, differing, digest, load, scratch, spawn, value


class Job:
    """A program under mpirun in the background."""

    def __init__(self, n, program, *args, env=None, **kw):
        place = scratch()
        self.paths = [f"{place}/out", f"{place}/err"]
        command = [*MPIRUN, "-n", n, program if "/" in program else f"{BUILD}/{program}", *args]
        with open(self.paths[0], "wb") as out, open(self.paths[1], "wb") as err:
            self.process = spawn(command, stdout=out, stderr=err, env=env, **kw)
        self.known = set()

    def ranks(self):
        """The processes that mpirun has started, as far as they live."""
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="ascii", errors="replace") as f:
                    state, parent = f.read().rsplit(")", 1)[1].split()[:2]
            except (OSError, IndexError):
                continue
            if int(parent) == self.process.pid and state != "Z":
                self.known.add(int(path.split("/")[2]))
        return sorted(pid for pid in self.known if alive(pid))

    def kill(self, whom, which=0):
        """kill -9 of 'rank', 'mpirun' or 'all'. Returns whether somebody was there."""
        ranks = self.ranks()
        if self.process.poll() is not None:
            return False
        victims = {"rank": ranks[which % len(ranks) :][:1] if ranks else [self.process.pid], "mpirun": [self.process.pid], "all": [self.process.pid, *ranks]}[whom]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return True

    def end(self, seconds=120):
        """Wait until mpirun and all ranks are gone. Returns the exit code, None if they had to be ended."""
        code = None
        try:
            code = self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for _ in range(300 * SLOW):
            if not any(alive(pid) for pid in self.known):
                return code
            time.sleep(0.1)
        for pid in self.known:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        return None

    def said(self):
        return "".join(open(path, encoding="utf-8", errors="replace").read() for path in self.paths)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def lines_of(run):
    """What a run said on stderr, without the lines that hwloc, libevent and HDF5's MPI layer add."""
    return [line for line in run.err.splitlines() if line.strip() and not line.startswith("[")]


def trouble(folder):
    """What under a final name does not open and verify, as text; None if all does. The programs' own readers look at the shards, h5py at the rest."""
    path = f"{folder}/census.h5"
    if os.path.exists(path):
        try:
            with h5py.File(path, "r") as f:
                f.visititems(lambda name, x: x[()] if isinstance(x, h5py.Dataset) else None)
        except (OSError, RuntimeError) as why:
            return f"census.h5: {why}"
    for name in ("census.json", "run.json", "snapshot.json"):
        if os.path.exists(f"{folder}/{name}"):
            try:
                json.load(open(f"{folder}/{name}", encoding="utf-8"))
            except ValueError as why:
                return f"{name}: {why}"
    if not os.path.exists(f"{folder}/snapshot.json"):
        return None
    if glob.glob(f"{folder}/shards/*.h5"):
        r = Run([f"{BUILD}/hubreduce", "--verify", "--quiet", folder])
        if r.code:
            return f"hubreduce --verify does not hold: {r}"
    return None


def lost(folder, want):
    """Rows of the undisturbed census that this one lacks, and what differs from it."""
    rows = sum(abs((value(load(folder), f"totals.{k}") or 0) - n) for k, n in want["rows"].items())
    return rows, differing(digest(folder), want["digest"])


def truth_of(folder):
    return {"digest": digest(folder), "rows": {k: value(load(folder), f"totals.{k}") for k in ("models", "datasets", "spaces")}}


def tally(what, tried, survived, rows_lost):
    """A line of the soak's table, in the file $SOAK_TABLE if there is one."""
    diag(f"{what}: {tried} tried, {survived} survived, {rows_lost} rows lost")
    if os.environ.get("SOAK_TABLE"):
        with open(os.environ["SOAK_TABLE"], "a", encoding="utf-8") as f:
            f.write(json.dumps([what, tried, survived, rows_lost]) + "\n")
