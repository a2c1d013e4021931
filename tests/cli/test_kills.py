# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: of one rank, of mpirun, of all, while crawling and while reducing. What is found afterwards is whole, and a run with another
number of ranks comes to the same bytes as if nothing had been.

test_kills.py [KILLS [SEED]]: 6 for `make check`, 60 in `make soak`; the seed is printed.
"""

import random
import sys
import time

from disturb import Job, lost, tally, trouble, truth_of
from tap import UNTIL, Hub, crawl, diag, main, ok, reduce, same, scratch

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1000000
# What is crawled, and how its crawl is called; of the second most requests are about accounts. One after the other.
POPULATIONS = (
    (["--models", 24000, "--datasets", 6000, "--spaces", 6000, "--seed", 5, "--latency", "30..90"], ["--seal-rows", 1000]),
    (["--models", 900, "--datasets", 200, "--spaces", 200, "--users", 900, "--seed", 5, "--latency", "3..9"], ["--kinds", "models,datasets,spaces,users", "--seal-rows", 100, "--in-flight", 4]),
)
RANKS = (1, 2, 3, 5)
draw = random.Random(SEED)
count = {"tried": 0, "survived": 0, "lost": 0}
last_n = 0


def other_n():
    global last_n
    last_n = draw.choice([n for n in RANKS if n != last_n])
    return last_n


def strike(program, args, folder, longest_s):
    """Start it, kill it somewhere on the way, look at what is left. Returns None if it was killed, else its exit code: it was faster."""
    n, whom, delay = other_n(), draw.choice(("rank", "mpirun", "all")), draw.uniform(0.05, longest_s)
    job = Job(n, program, *args)
    time.sleep(delay)
    job.ranks()
    if not job.kill(whom, draw.randrange(n)):
        return job.end()
    what = f"{program} on {n} ranks, {whom} killed after {delay:.2f} s"
    gone = job.end() is not None
    why = trouble(folder)
    count["tried"] += 1
    count["survived"] += gone and why is None
    if not gone or why:
        ok(False, what, "ranks stayed" if not gone else why, job.said())
    return None


def censuses():
    diag(f"seed {SEED}")
    while count["tried"] < KILLS:
        for population, words in POPULATIONS:
            if count["tried"] < KILLS:
                with Hub(*population, "--until", UNTIL, "--quota", 0) as hub:
                    censuses_of(hub, words)


def censuses_of(hub, words):
    undisturbed = scratch()
    c, r = crawl(2, hub.url, undisturbed, *words), reduce(2, undisturbed)
    ok(c.code == 0 and r.code == 0, "the undisturbed census", c, r)
    want = truth_of(undisturbed)
    for _ in range(2):
        if count["tried"] < KILLS:
            folder, before, done = scratch(), count["tried"], None
            crawl_args = ["--hub", hub.url, "--until", UNTIL, *words, "--seal-time", "300ms", folder]
            for _ in range(draw.randrange(2, 5)):
                if count["tried"] < KILLS and done is None:
                    done = strike("hubcrawl", crawl_args, folder, 2.5)
            c = crawl(other_n(), hub.url, folder, *words)
            ok(c.code == 0, f"and crawled to the end on {last_n} ranks", c)
            for _ in range(draw.randrange(2, 5)):
                if count["tried"] < KILLS:
                    strike("hubreduce", ["--quiet", folder], folder, 1.6)
            r = reduce(other_n(), folder)
            ok(r.code == 0, f"and reduced on {last_n} ranks", r)
            rows, differ = lost(folder, want)
            count["lost"] += rows
            same(differ, [], f"{count['tried'] - before} kills: the same bytes")


def table():
    same((count["survived"], count["lost"]), (count["tried"], 0), f"{count['tried']} kills, nothing lost")
    tally("kill -9 of a rank, mpirun, all", count["tried"], count["survived"], count["lost"])


main(censuses, table)
