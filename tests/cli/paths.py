# SPDX-License-Identifier: Apache-2.0
"""Each way through the programs once, on a small population and two ranks: for `make valgrind`, which runs them thirty times as slow."""

import os

from tap import UNTIL, Hub, crawl, differing, digest, free_port, main, mpi, ok, reduce, same, scratch

SIZE = ["--models", 250, "--datasets", 60, "--spaces", 60, "--users", 200, "--seed", 3, "--until", UNTIL, "--quota", 0, "--token", "hf_ATokenThatIsNone", "--token-quota", 0, "--port", free_port()]
FAULTS = [x for f in ("504@2%", "truncate@2%", "not-json@2%", "poison@5%", "duplicate@5%") for x in ("--fault", f)]
EARLIER = "2026-10-01T00:00:00Z"
ALL = ["--kinds", "models,datasets,spaces,users"]
SCRATCH = scratch()
FIRST, SECOND, AGAIN, TOKEN = (f"{SCRATCH}/{name}" for name in ("first", "second", "again", "token"))


def a_census():
    with open(TOKEN, "w", encoding="utf-8") as f:
        f.write("hf_ATokenThatIsNone\n")
    os.chmod(TOKEN, 0o600)
    with Hub(*SIZE) as hub:
        r = mpi(1, "hubcrawl", "--dry-run", "--hub", hub.url, *ALL)
        ok(r.code == 0, "--dry-run", r)
        r = mpi(2, "hubcrawl", "--hub", hub.url, "--until", EARLIER, *ALL, "--max-requests", 12, FIRST)
        ok(r.code == 3, "a crawl that is stopped", r)
        r = mpi(2, "hubcrawl", "--token-file", TOKEN, "--user-requests", 60, FIRST)
        ok(r.code == 0, "and goes on", r)
        r = reduce(2, FIRST)
        ok(r.code == 0, "reduced", r)


def the_next():
    with Hub(*SIZE, *FAULTS) as hub:
        r = crawl(2, hub.url, SECOND, *ALL, "--archive", "--audit", 2, "--known", FIRST, "--user-requests", 60, "--seal-rows", 100, "--log-format", "json")
        ok(r.code in (0, 5), "a Hub that stumbles, archived, with a second pass and the accounts of the first", r)
    r = reduce(2, SECOND, "--previous", FIRST)
    ok(r.code in (0, 5), "reduced, and compared with the first", r)
    r = mpi(2, "hubcrawl", "--from-archive", SECOND, AGAIN, "--known", FIRST)
    ok(r.code in (0, 5), "from its archive", r)
    r = reduce(1, AGAIN, "--previous", FIRST)
    same((r.code in (0, 5), differing(digest(AGAIN), digest(SECOND))), (True, []), "to the same bytes, on one rank")


def afterwards():
    r = mpi(1, "hubreduce", "--verify", FIRST)
    ok(r.code == 0, "--verify", r)
    with open(f"{SCRATCH}/names", "w", encoding="utf-8") as f:
        f.write("ada\n")
    r = mpi(1, "hubcrawl", "--forget", f"{SCRATCH}/names", FIRST)
    ok(r.code == 0, "--forget", r)
    path = f"{FIRST}/shards/{sorted(os.listdir(f'{FIRST}/shards'))[0]}"
    with open(path, "r+b") as f:
        f.seek(2000)
        f.write(b"damage")
    r = reduce(2, FIRST)
    ok(r.code == 4 and path in r.err, "a damaged shard", r)
    r = crawl(2, "http://127.0.0.1:9", f"{SCRATCH}/x", "--retries", 0)
    ok(r.code == 4, "no Hub", r)


main(a_census, the_next, afterwards)
