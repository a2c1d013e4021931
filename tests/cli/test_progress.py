# SPDX-License-Identifier: Apache-2.0
"""The progress line on a terminal: what it counts, and that the time left comes true. (How exactly it does, tests/unit/test_progress.c asks with a clock
of its own: here the machine may be busy, so the limit is wide.)"""

import os
import pty
import re
import time

from tap import BUILD, UNTIL, Hub, main, ok, same, scratch, spawn

LINE = re.compile(
    r"(\d+) rows, (\d+) requests, (\d+) of (\d+) tokens left, (\d+) % of floor, (\d+) rows/s, (\d+) windows, (?:(\d+) min|(\d+) s|\?) to go"
)


def watch(args, **kw):
    """Run with a terminal as stderr. The exit code, the time it took, each live line with its second, and all that was written."""
    ours, theirs = pty.openpty()
    began = time.monotonic()
    p = spawn(args, wrap=False, stderr=theirs, **kw)  # how long it says that it takes, and takes
    os.close(theirs)
    lines, said = [], ""
    try:
        while data := os.read(ours, 65536):
            said += data.decode(errors="replace")
            at = time.monotonic() - began
            lines += [(at, m) for m in LINE.finditer(data.decode(errors="replace"))]
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return p.wait(60), time.monotonic() - began, lines, said


def test_quota_bound():
    rows, quota, window = 350000, 50, 2
    with Hub("--models", rows, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", f"{quota}/{window}", "--pages-quota", 0, "--latency", 150) as hub:
        args = [f"{BUILD}/hubcrawl", "--hub", hub.url, "--until", UNTIL, "--kinds", "models", "--in-flight", 32, scratch()]
        code, wall, lines, _ = watch(args)
    same(code, 0, "crawled")
    if not ok(len(lines) > 20, "a line a few times a second", len(lines)):
        return
    counts = [[int(m[i]) for i in (1, 2)] for _, m in lines]
    ok(counts == sorted(counts), "rows and requests only rise")
    ok(counts[-1][0] <= rows and counts[-1][0] > rows / 2, "rows", lines[-1][1][0])
    ok(all(int(m[3]) <= quota and int(m[4]) == quota for _, m in lines[5:]), "tokens of the quota that the Hub told")
    late = [(at, m) for at, m in lines if at > wall / 5]
    ok(all(int(m[5]) >= 70 for _, m in late), "near the floor", late[0][1][0])
    off = [(abs(at + int(m[9] or 60 * int(m[8] or 0)) - wall), m[0]) for at, m in late]
    ok(max(off)[0] < 0.25 * wall + 1, "the end is foretold from a fifth of the way on", f"{max(off)} of {wall:.1f} s")


def test_behind_mpirun():
    """By jobs/census, where the ranks write into mpirun's pipe. Each of them begins its lines anew: what stays is whole lines."""
    with Hub("--models", 30000, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", "10/1", "--pages-quota", 0, "--latency", 60) as hub:
        args = ["jobs/census", "--ranks", 2, "--hub", hub.url, f"--until={UNTIL}", "--kinds=models", f"{scratch()}/census"]
        code, _, lines, said = watch(args, env={"BUILD": os.path.abspath(BUILD)})
    ok(code == 0 and len(lines) > 4, "a live line through mpirun", code, said)
    ok(all(said[: m.start()].endswith("\r\033[K") for m in re.finditer(f"{LINE.pattern}|hub(crawl|reduce): ", said)), "each begins at the left, on an empty line", repr(said))
    left = [line.rpartition("\033[K")[2] for line in said.split("\r\n")]
    ok(len(left) > 2 and all(line.startswith(("hubcrawl: ", "hubreduce: ")) or not line for line in left), "and none is left over", left)


main(test_quota_bound, test_behind_mpirun)
