# SPDX-License-Identifier: Apache-2.0
"""Same input, same bytes: whatever the ranks, the shards and the restarts."""

import glob
import os
import shutil
import tempfile

from tap import UNTIL, Hub, crawl, differing, digest, main, ok, reduce, same, scratch

POPULATION = ["--models", 30000, "--datasets", 9000, "--spaces", 12000, "--seed", 5, "--until", UNTIL, "--quota", "0"]
WANT = None


def shards(folder):
    return len(glob.glob(f"{folder}/shards/*.h5"))


def take(hub, n, *args, reduce_n=None):
    folder = scratch()
    c = crawl(n, hub.url, folder, *args)
    r = reduce(reduce_n or n, folder)
    ok(c.code == 0 and r.code == 0, f"crawl on {n}, reduce on {reduce_n or n} {' '.join(map(str, args))}: {shards(folder)} shards", c, r)
    return folder


def check(folder, name):
    global WANT
    got = digest(folder)
    if WANT is None:
        WANT = got
    same(differing(got, WANT), [], f"{name}: {len(got)} objects, same bytes")


def ranks_and_shards():
    with Hub(*POPULATION) as hub:
        for n in (1, 2, 3, 5):
            check(take(hub, n), f"{n} ranks")
        check(take(hub, 2, "--seal-rows", 1000), "sealed every 1,000 rows")
        check(take(hub, 2, "--seal-rows", 50000), "sealed every 50,000 rows")
        folder = take(hub, 3, "--seal-rows", 1000, reduce_n=1)
        check(folder, "many shards, one rank")
        for n in (2, 3, 5):
            ok(reduce(n, folder).code == 0, f"reduce again on {n}")
            check(folder, f"the same shards reduced on {n}")
        stopped_and_resumed(hub)
        shards_disordered(hub, folder)


def stopped_and_resumed(hub):
    folder = scratch()
    before = 0
    for n, more in ((2, 17), (3, 15)):
        c = crawl(n, hub.url, folder, "--max-requests", more, "--seal-rows", 2000)
        ok(c.code == 3, f"stopped after {more} requests on {n} ranks: exit 3", c)
        ok(shards(folder) > before, f"{shards(folder)} shards are sealed")
        before = shards(folder)
        partial = reduce(2, folder)
        ok(partial.code == 5, "the census of a part is one with gaps: exit 5", partial)
    c = crawl(1, hub.url, folder)
    ok(c.code == 0, "resumed on one rank to the end", c)
    again = crawl(2, hub.url, folder)
    ok(again.code == 0 and "complete" in again.out + again.err, "once more: says that it is complete", again)
    ok(reduce(3, folder).code == 0, "reduce")
    check(folder, "stopped twice, resumed with other rank counts")
    asked = sum(1 for r in hub.requests() if r[3].startswith("/api/models?"))
    ok(asked > 0, f"{asked} requests for models in all runs")


def shards_disordered(hub, folder):
    """The order in which a folder lists its shards plays no part: in memory the newest file comes first."""
    with tempfile.TemporaryDirectory(prefix="hubcensus-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as other:
        shutil.copytree(folder, other, dirs_exist_ok=True, ignore=lambda path, names: [n for n in names if path.endswith("/shards")])
        for path in sorted(glob.glob(f"{folder}/shards/*.h5"), reverse=True):
            shutil.copy(path, f"{other}/shards")
        listed = [[n for n in os.listdir(f"{f}/shards") if n.endswith(".h5")] for f in (folder, other)]
        ok(sorted(listed[0]) == sorted(listed[1]), f"{len(listed[0])} shards, listed in {'the same' if listed[0] == listed[1] else 'another'} order")
        ok(reduce(3, other).code == 0, "reduce of shards in another order")
        check(other, "shards in another order")


main(ranks_and_shards)
