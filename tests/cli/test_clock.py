# SPDX-License-Identifier: Apache-2.0
"""The clock set back five days, in the middle of a crawl and between two: nothing waits, nothing is refused, nothing is mistaken for older.

The time of day that the ranks see is really another one (libfaketime: time(2), gettimeofday, clock_gettime of every library in the process); the monotonic clock goes on, as it does
when somebody sets a machine's clock."""

import glob
import json
import os
import shutil
import subprocess
import time

import h5py

from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, Run, crawl, differing, digest, main, ok, same, scratch, skip_all, spawn

SIZE = ["--models", 9000, "--datasets", 2000, "--spaces", 2000, "--seed", 41, "--until", UNTIL]
FAKETIME = [p for p in glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") + glob.glob("/usr/lib*/faketime/libfaketimeMT.so.1") if os.path.exists(p)]
DAY = 86400


class Clock:
    """A time of day that can be set while programs run."""

    def __init__(self):
        self.file = f"{scratch()}/clock"
        self.set(0)

    def set(self, seconds):
        with open(f"{self.file}.tmp", "w", encoding="ascii") as f:
            f.write(f"{seconds:+d}\n")
        os.rename(f"{self.file}.tmp", self.file)

    def args(self):
        """For mpirun: the ranks alone see it."""
        env = {"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return [x for k, v in env.items() for x in ("-x", f"{k}={v}")]

    def crawl(self, n, url, folder, *args):
        return [str(a) for a in (*MPIRUN, *self.args(), "-n", n, f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, *args, folder)]


def figures(folder, code=0):
    r = Run([f"{BUILD}/hubreduce", folder])
    ok(r.code == code, "reduced", r)
    return digest(folder)


def sessions(folder):
    """Of the shards: kind, number, session, latest row; in the order of their numbers, which in a kind is that of their sessions."""
    found = []
    for path in glob.glob(f"{folder}/shards/*.h5"):
        with h5py.File(path, "r") as f:
            kind, _, number = os.path.basename(path).split("-")
            found.append((kind, int(number[:-3]), int(f.attrs["session"]), int(f["rows/observed_at"][()].max(initial=0))))
    return sorted(found)


def set_back():
    clock = Clock()
    folder = f"{scratch()}/census"
    with Hub(*SIZE, "--quota", "0") as hub:
        port = hub.url.rsplit(":", 1)[1]
        c = crawl(2, hub.url, f"{scratch()}/undisturbed")
        ok(c.code == 0, "an undisturbed census", c)
        want = figures(c.args[-1])
    with Hub(*SIZE, "--quota", "4/1", "--pages-quota", "0", "--port", port) as hub:
        command = clock.crawl(2, hub.url, folder, "--archive", "--seal-rows", 1000)
        process = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30 * SLOW
        while len(glob.glob(f"{folder}/shards/*.h5")) < 3 and time.monotonic() < end:
            time.sleep(0.02)
        clock.set(-5 * DAY)
        before = time.monotonic()
        out, err = process.communicate(timeout=120 * SLOW)
        took = time.monotonic() - before
        ok(process.returncode == 0, "the clock is set back five days in the middle: the crawl goes on to its end", out, err)
        ok("warning" not in err, "and there is nothing to warn of", err)
        limited = [q for q in hub.requests() if q[1] == "429"]
        ok(took < 20 * SLOW and not limited, f"in the time that the quota takes ({took:.1f} s, {len(limited)} replies of 429): the budget goes by another clock", err)
        seen = [s[3] for s in sessions(folder) if s[3]]
        ok(min(seen) < max(seen) - 4 * DAY, "the rows say when they were seen, by the clock as it was then")
    same(differing(figures(folder), want), [], "the census is the undisturbed one: the youngest repositories are not taken for made up")
    run = json.load(open(f"{folder}/run.json", encoding="utf-8"))["run"]["crawl"]
    ok(run["wall_ms"] >= 0 and run["sessions"] == 1, "run.json has no negative time", run)
    again = f"{scratch()}/again"
    c = Run([f"{BUILD}/hubcrawl", "--from-archive", folder, again])
    ok(c.code == 0 and not differing(figures(again), want), "and from the archive it is the same", c)


def between():
    """Of two sessions the second is the later one, whatever the clock says: its replies count."""
    clock = Clock()
    folder = f"{scratch()}/census"
    with Hub(*SIZE, "--quota", "0") as hub:
        port = hub.url.rsplit(":", 1)[1]
        c = Run(clock.crawl(3, hub.url, folder, "--archive", "--max-requests", 9, "--seal-rows", 1000))
        ok(c.code == 3, "a crawl that stops", c)
        # The rows of one shard are lost: the archive has them twice in the end.
        os.remove(max(glob.glob(f"{folder}/shards/models-*.h5"), key=os.path.getsize))
    clock.set(-400 * DAY)
    with Hub(*SIZE, "--quota", "0", "--no-all-time", "--port", port) as hub:
        c = Run(clock.crawl(2, hub.url, folder))
        ok(c.code == 0, "and goes on a year before, on a Hub whose counters have changed", c)
    found = sessions(folder)
    ok(all(a[2] <= b[2] for a, b in zip(found, found[1:]) if a[0] == b[0]) and len({s[2] for s in found}) == 2, "its session is the later one all the same", found)
    want = figures(folder)
    again = f"{scratch()}/again"
    c = Run([f"{BUILD}/hubcrawl", "--from-archive", folder, again])
    ok(c.code == 0, "from the archive", c)
    same(differing(figures(again), want), [], "the replies of the later session count: the same bytes")


def accounts():
    """Of three sessions that sealed nothing but accounts the last is the latest, whatever the clock says: what counts on a damaged shard is known by it."""
    clock = Clock()
    folder = f"{scratch()}/census"
    with Hub("--models", 60, "--datasets", 20, "--spaces", 20, "--users", 300, "--seed", 3, "--until", UNTIL, "--list-page", 3, "--quota", 0) as hub:
        for n, stop in ((3, 150), (1, 300), (4, None)):
            clock.set(0 if stop else -DAY)
            c = Run(clock.crawl(n, hub.url, folder, "--kinds", "models,datasets,spaces,users", "--seal-rows", 60, *(["--max-requests", stop] if stop else [])))
            ok(c.code == (3 if stop else 0), f"a session on {n} ranks", c)
        want, found = figures(folder), {}
        for path in glob.glob(f"{folder}/shards/users-*.h5"):
            with h5py.File(path, "r") as f:
                found.setdefault(int(f.attrs["session"]), []).append((int(path[-9:-3]), path))
        order = sorted(found, key=lambda s: min(found[s]))
        ok(len(order) == 3 and order == sorted(order), "sessions go up with the numbers of their shards", order)
        middle = sorted(found[order[1]])
        for _, path in (middle[0], middle[len(middle) // 2], middle[-1]):
            copy = f"{scratch()}/copy"
            shutil.copytree(folder, copy)
            with open(f"{copy}/shards/{os.path.basename(path)}", "r+b") as f:
                f.truncate(3000)
            c = crawl(2, hub.url, copy)
            ok(c.code == 0 and os.path.basename(path) in c.err, f"of the middle one {os.path.basename(path)} is damaged", c)
            same(differing(figures(copy), want), [], "the same bytes")


if not FAKETIME:
    skip_all("libfaketime is not there (Debian: faketime)")
main(set_back, between, accounts)
