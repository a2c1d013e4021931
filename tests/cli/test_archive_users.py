# SPDX-License-Identifier: Apache-2.0
"""Accounts in the archive: every reply about them is kept, and --from-archive makes the same census of it, also after kills and with a limit of requests."""

import collections
import glob
import json
import os
import shutil
import signal
import time

from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, Run, crawl, differing, digest, main, mpi, ok, same, scratch, spawn
from warc import notes, records

ALL = ["--kinds", "models,datasets,spaces,users"]
POPULATION = ["--models", 200, "--datasets", 60, "--spaces", 60, "--users", 900, "--quota", "0/300"]


def again(n, source, *args):
    folder = f"{scratch()}/again"
    return folder, mpi(n, "hubcrawl", "--from-archive", source, *args, folder)


def figures(folder, code=0):
    r = Run([f"{BUILD}/hubreduce", "--quiet", folder])
    ok(r.code == code, f"reduced: exit {code}", r)
    return digest(folder)


def replies(folder):
    return [x for path in sorted(glob.glob(f"{folder}/archive/*.warc.gz")) for x in records(path) if x[0]["warc-type"] == "response"]


def equal(folder, want, name, *args, n=(1, 3), code=0, reduced=0):
    for ranks in n:
        new, c = again(ranks, folder, *args)
        ok(c.code == code, f"{name}: from the archive on {ranks} ranks", c)
        same(differing(figures(new, reduced), want), [], "  the same bytes")
        ok(not glob.glob(f"{new}/users.replay") and not glob.glob(f"{new}/users.taken"), "  and nothing left over")
    return new


def whole():
    folder = f"{scratch()}/census"
    faults = [x for f in ("504@2%", "truncate@2%", "not-json@2%", "reset@1%", "poison@2%", "duplicate@5%", "vanish@10%") for x in ("--fault", f)]
    with Hub(*POPULATION, *faults) as hub:
        c = crawl(3, hub.url, folder, *ALL, "--archive", "--seal-rows", 500)
        asked = collections.Counter(hub.url + q[3] for q in hub.requests() if not q[3].startswith("/.hubsim"))
        ok(c.code == 0, "every account, with every sort of accident", c)
        kept = collections.Counter(f["warc-target-uri"] for f, _ in replies(folder))
        missing = asked - kept  # a connection that was reset before a byte came leaves nothing to keep
        ok(not kept - asked and sum(missing.values()) < sum(asked.values()) / 20, f"each of {sum(asked.values())} requests has its reply in the archive, but for {sum(missing.values())} that got none", sorted(missing)[:3])
        want = figures(folder, code=5)
    new = equal(folder, want, "all lists", code=0, reduced=5)
    same(json.load(open(f"{new}/users.json"))["ended"], "every list was asked", "it knows that nothing is left")
    c = mpi(1, "hubcrawl", new)
    ok(c.code == 0 and "is complete" in c.out, "a crawl of it has nothing to ask, the Hub being gone", c)
    c = mpi(1, "hubcrawl", "--from-archive", folder, new)
    ok(c.code == 0 and "is complete" in c.out, "nor has the archive anything new", c)


def limited():
    """With a limit: what is counted is what was shown; and a larger limit goes on."""
    folder = f"{scratch()}/census"
    with Hub(*POPULATION) as hub:
        ok(crawl(2, hub.url, folder, *ALL, "--archive", "--user-requests", 120).code == 0, "120 requests for accounts")
        new = equal(folder, figures(folder), "120 requests")
        c = crawl(2, hub.url, new, "--user-requests", 200)
        d = crawl(3, hub.url, folder, "--user-requests", 200)
        ok(c.code == 0 and d.code == 0 and "200 in all sessions" in c.out, "80 more, of both", c)
        equal(folder, figures(folder), "two sessions", n=(2,))
        plain = f"{scratch()}/census"
        crawl(2, hub.url, plain, "--archive")
        c = crawl(2, hub.url, plain, "--kinds", "users", "--user-requests", 100)
        ok(c.code == 0, "accounts added to a census with an archive", c)
        equal(plain, figures(plain), "  they are in it", n=(2,))


def kill(p):
    with open(f"/proc/{p.pid}/task/{p.pid}/children", encoding="ascii") as f:
        pids = [int(x) for x in f.read().split()]
    for pid in [*pids, p.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    p.wait()


def killed():
    """Kills, and then a limit: lists that were asked and not sealed are not asked again, and do not count."""
    folder = f"{scratch()}/census"
    with Hub(*POPULATION, "--latency", "3") as hub:
        for n, shards in ((3, 5), (2, 12)):
            args = [*MPIRUN, "-n", str(n), f"{BUILD}/hubcrawl", "--hub", hub.url, "--until", UNTIL, *ALL, "--archive", "--seal-rows", "60", "--in-flight", "4", folder]
            p = spawn(args)
            for _ in range(3000 * SLOW):
                if len(glob.glob(f"{folder}/shards/users-*.h5")) >= shards or p.poll() is not None:
                    break
                time.sleep(0.01)
            ok(p.poll() is None, f"killed with {shards} shards")
            kill(p)
        part, c = again(2, folder)
        ok(c.code == 5 and "not in the archive" in c.out, "what it left makes a census that is not whole, and says so", c)
        spent = json.load(open(f"{folder}/archive/users.json"))
        done = sum(notes(f)[:1] == ["list"] for f, _ in replies(folder))
        c = crawl(1, hub.url, folder, "--user-requests", done + 20)
        ok(c.code == 0 and "request limit" in c.out and not spent["ended"], "a limit that leaves most lists alone", c)
        want = figures(folder)
        equal(folder, want, "killed twice")
        c = crawl(2, hub.url, part)
        ok(c.code == 0 and "every list was asked" in c.out, "the one that was not whole is filled from the Hub", c)


def incomplete():
    """A segment that is gone, accounts of an earlier census that are not given again, and hashes: said, exit 5."""
    folder, first = f"{scratch()}/census", f"{scratch()}/first"
    with Hub(*POPULATION) as hub:
        crawl(1, hub.url, first, *ALL)
        figures(first)
        ok(crawl(2, hub.url, folder, *ALL, "--archive", "--seal-rows", 300, "--user-requests", 80, "--known", first).code == 0, "a census that begins with the accounts of another")
        want = figures(folder)
        equal(folder, want, "with --known", "--known", first, n=(2,))
        new, c = again(1, folder)
        ok(c.code == 5 and "not in the archive" in c.out, "without --known it is not whole, and says so", c)
        copy = f"{scratch()}/copy"
        shutil.copytree(folder, copy)
        os.remove(sorted(glob.glob(f"{copy}/archive/*.warc.gz"))[-1])
        new, c = again(1, copy, "--known", first)
        ok(c.code == 5 and "not in the archive" in c.out, "nor is it without a segment", c)
        hashed = f"{scratch()}/hashed"
        c = crawl(2, hub.url, hashed, *ALL, "--archive", "--no-user-names")
        ok(c.code == 0 and "are not archived" in c.err, "with hashes for names no reply about accounts is archived, and that is said", c)
        same([f["warc-target-uri"] for f, _ in replies(hashed) if "/api/users/" in f["warc-target-uri"] or "/likers" in f["warc-target-uri"]], [], "there is none")
        new, c = again(1, hashed)
        ok(c.code == 5 and "names are hashed" in c.err, "so its archive makes a census without accounts, and says so", c)


def names_stay():
    folder, names = f"{scratch()}/census", f"{scratch()}/names"
    with Hub(*POPULATION) as hub:
        crawl(1, hub.url, folder, *ALL, "--archive", "--user-requests", 20)
    with open(names, "w", encoding="utf-8") as f:
        f.write("ada\n")
    r = mpi(1, "hubcrawl", "--forget", names, folder)
    ok(r.code == 0 and f"{folder}/archive" in r.err, "--forget says that the archive still holds what the Hub said", r)


main(whole, limited, killed, incomplete, names_stay)
