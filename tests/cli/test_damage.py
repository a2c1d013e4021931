# SPDX-License-Identifier: Apache-2.0
"""Shards that are damaged on disk: found, named, set aside, crawled again, and the census is the undisturbed one. Two jobs on one folder: the second refuses.

With a number N: N single damages instead of two of each sort, half of them of shards of accounts, for `make soak`."""

import fcntl
import glob
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

from disturb import tally
from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, Run, crawl, diag, differing, digest, free_port, main, mpi, ok, same, scratch, spawn

SIZE = ["--models", 6000, "--datasets", 2500, "--spaces", 2500, "--seed", 31, "--until", UNTIL]
SOAK = len(sys.argv) > 1
ROUNDS = int(sys.argv[1]) // 2 if SOAK else 2
SEED = int(os.environ.get("SEED", os.getpid()))
RANDOM = random.Random(SEED)


def alone(program, *args, **kw):
    """One rank without mpirun, which takes its time over an exit code."""
    return Run([f"{BUILD}/{program}", *args], **kw)


def shards(folder, part="shards"):
    return sorted(glob.glob(f"{folder}/{part}/*.h5"))


def figures(folder):
    r = alone("hubreduce", folder)
    ok(r.code == 0, "reduced", r)
    return digest(folder)


def damage(path):
    """A flipped bit, another byte, a cut, a hole, zeros. Returns what was done."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = RANDOM.randrange(len(data))
    how = RANDOM.choice(("bit", "byte", "cut", "hole", "other"))
    if how == "bit":
        data[at] ^= 1 << RANDOM.randrange(8)
    elif how == "byte":
        data[at] = (data[at] + RANDOM.randrange(1, 256)) % 256
    elif how == "cut":
        del data[at:]
    elif how == "hole":
        del data[at : at + RANDOM.randrange(1, 5000)]
    else:
        data[at : at + 512] = bytes(b ^ 0x55 for b in data[at : at + 512])
    with open(path, "wb") as f:
        f.write(data)
    return f"{how} at byte {at} of '{os.path.basename(path)}'"


def found(folder, names, n=1):
    """--verify names these, and no others, and touches nothing."""
    before = {p: os.stat(p).st_mtime_ns for p in glob.glob(f"{folder}/**", recursive=True)}
    v = alone("hubreduce", "--verify", folder) if n == 1 else mpi(n, "hubreduce", "--verify", folder)
    bad = [line for line in v.out.splitlines() if "'" in line]
    same([line.split("'")[1] for line in bad], sorted(names), f"--verify on {n} ranks names what is damaged, a line each")
    whole = f"{sum(len(shards(folder, sub)) for sub in ('shards', 'audit', 'users.private'))} shards, "
    ok(v.code == (4 if names else 0) and whole in v.out and ("run hubcrawl" in v.err) == bool(names), f"and ends with {4 if names else 0}", v)
    after = {p: os.stat(p).st_mtime_ns for p in glob.glob(f"{folder}/**", recursive=True)}
    same(after, before, "and has changed nothing")


def mended(hub, folder, names, want, n=2):
    numbers = {os.path.basename(p) for p in shards(folder)}
    c = crawl(n, hub.url, folder)
    ok(c.code == 0 and all(f"'{p}' is damaged: set aside as" in c.err for p in names), f"the next crawl on {n} ranks says so, a line each, and goes on", c)
    aside = [f"{os.path.dirname(p)}/damaged/{os.path.basename(p)}" for p in names]
    ok(all(os.path.exists(p) for p in aside), "they are kept in shards/damaged", os.listdir(f"{folder}/shards"))
    new = {os.path.basename(p) for p in shards(folder)} - numbers
    lost = {os.path.basename(p).split("-r")[0] for p in names}
    ok(lost <= {name.split("-r")[0] for name in new} and not new & {os.path.basename(p) for p in names}, "what they held is in new shards, of names that no shard had", new, names)
    found(folder, [])
    census(folder)
    return same(differing(figures(folder), want), [], "the census is the undisturbed one, byte for byte")


def census(folder):
    """census.h5 is looked at, too, and nothing is said of shards where it alone is damaged."""
    path = f"{folder}/census.h5"
    whole = open(path, "rb").read()
    what = damage(path)
    v = alone("hubreduce", "--verify", folder)
    ok(v.code == 4 and f"'{path}' is cut, damaged" in v.err and "run hubreduce to make it anew" in v.err, f"--verify names census.h5: {what}", v)
    with open(path, "wb") as f:
        f.write(whole)
    found(folder, [])


def one_at_a_time():
    diag(f"SEED={SEED}")
    whole = f"{scratch()}/whole"
    with Hub(*SIZE, "--quota", "0") as hub:
        ok(crawl(2, hub.url, whole, "--seal-rows", 1000).code == 0, f"a census of {len(shards(whole))} shards")
        want = figures(whole)
        found(whole, [], n=2)
        folder = f"{scratch()}/folder"
        shutil.copytree(whole, folder)
        healed = 0
        for i in range(ROUNDS):
            path = RANDOM.choice(shards(folder))
            what = damage(path)
            ok(True, f"{i + 1} of {ROUNDS}: {what}")
            found(folder, [path])
            if i == 0:
                r = alone("hubreduce", folder)
                ok(r.code == 4 and path in r.err and "hubcrawl sets it aside" in r.err, "hubreduce refuses: one line, exit 4", r)
                d = alone("hubcrawl", "--dry-run", folder)
                ok(d.code == 0 and "1 shards are damaged" in d.err and os.path.exists(path), "--dry-run counts its part as missing, and moves nothing", d)
            healed += mended(hub, folder, [path], want, n=1 + i % 3)
        many = RANDOM.sample(shards(folder), 5)
        for path in many:
            damage(path)
        found(folder, many, n=3)
        last = mended(hub, folder, many, want, n=3)
        for path in shards(folder):
            damage(path)
        tally("shards damaged", ROUNDS + len(many), healed + len(many) * last, 0 if healed == ROUNDS and last else 1)
        c = crawl(2, hub.url, folder)
        ok(c.code == 0, "with all damaged, all is crawled again", c)
        same(differing(figures(folder), want), [], "the same bytes")


USERS = ["--models", 60, "--datasets", 20, "--spaces", 20, "--users", 300, "--seed", 3, "--until", UNTIL, "--list-page", 3, "--quota", 0]
KINDS = ["--kinds", "models,datasets,spaces,users", "--seal-rows", 60]


def of_accounts(folder):
    """With hashes, those with the names that the discovery still needs, too."""
    return shards(folder, "users.private") + sorted(glob.glob(f"{folder}/shards/users-*.h5"))


def begun(hub, *args):
    """A census that was stopped twice among its accounts, the same once it is complete, and its figures."""
    folder, whole = f"{scratch()}/begun", f"{scratch()}/whole"
    for n, stop in ((3, 150), (2, 300)):
        c = crawl(n, hub.url, folder, *KINDS, *args, "--max-requests", stop)
        ok(c.code == 3 and of_accounts(folder), f"{len(of_accounts(folder))} shards of accounts {' '.join(args)}", c)
    shutil.copytree(folder, whole)
    c = crawl(2, hub.url, whole, *KINDS, *args)
    ok(c.code == 0, f"and {len(of_accounts(whole))} in the end", c)
    return folder, whole, figures(whole)


def says(hub, folder, paths, *args):
    n = RANDOM.choice((1, 2, 3))
    c = crawl(n, hub.url, folder, *args)
    ok(c.code in ((0, 3) if args else (0,)) and all(f"'{p}' is damaged: set aside as" in c.err for p in paths), f"the next crawl on {n} ranks {' '.join(map(str, args))} says so, a line each, and goes on", c)


def mended_accounts(hub, folder, want):
    """One to three of them, now and then a shard of repositories, too; half the time another once more on the way."""
    paths = RANDOM.sample(of_accounts(folder), RANDOM.choice((1, 1, 2, 3)))
    if RANDOM.random() < 0.2:
        paths.append(RANDOM.choice(shards(folder)[:3]))
    ok(True, "; ".join(map(damage, paths)))
    found(folder, paths)
    if RANDOM.random() < 0.5:
        says(hub, folder, paths, "--max-requests", RANDOM.randrange(1, 40))
        paths = RANDOM.sample(of_accounts(folder), 1)
        ok(True, f"on the way {damage(paths[0])}")
    says(hub, folder, paths)
    found(folder, [])
    return same(differing(figures(folder), want), [], "the census is the undisturbed one, byte for byte")


def accounts():
    diag(f"SEED={SEED}")
    with Hub(*USERS) as hub:
        args = RANDOM.sample(([], ["--no-user-names"]), 2 if SOAK else 1)
        censuses = [(folder, want) for a in args for *folders, want in [begun(hub, *a)] for folder in folders]
        healed = 0
        for i in range(ROUNDS):
            folder = f"{scratch()}/folder"
            from_, want = censuses[i % len(censuses)]
            shutil.copytree(from_, folder)
            ok(True, f"{i + 1} of {ROUNDS}, {os.path.basename(from_)}:")
            healed += mended_accounts(hub, folder, want)
            shutil.rmtree(folder)
        tally("shards of accounts damaged", ROUNDS, healed, ROUNDS - healed)


def few_requests():
    """With the only shard of a kind goes what the Hub said it has of it: asked anew, also by a session of few requests, which may be the last that finds a gap."""
    whole = f"{scratch()}/whole"
    with Hub("--models", 300, "--datasets", 100, "--spaces", 100, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, whole).code == 0, "a census of a shard of each kind")
        want = figures(whole)
        for n in (2, 3, 5):
            folder = f"{scratch()}/folder"
            shutil.copytree(whole, folder)
            damage(glob.glob(f"{folder}/shards/models-*.h5")[0])
            codes = [crawl(1, hub.url, folder, "--max-requests", n).code, crawl(2, hub.url, folder).code]
            ok(codes[0] in (0, 3) and codes[1] == 0, f"{n} requests, and the rest", codes)
            same(differing(figures(folder), want), [], "the same bytes, the Hub's own total too")


def no_shards():
    """A folder that has lost all its shards, and the folder that they lay in: it is crawled again."""
    folder = f"{scratch()}/folder"
    with Hub("--models", 300, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(2, hub.url, folder).code == 0, "a census")
        shutil.rmtree(f"{folder}/shards")
        c = crawl(2, hub.url, folder)
        ok(c.code == 0 and len(shards(folder)) > 0, "without its shards it is taken again", c)


def second_pass():
    folder = f"{scratch()}/folder"
    with Hub(*SIZE, "--quota", "0") as hub:
        ok(crawl(2, hub.url, folder, "--audit", 2).code == 0, "a census with a second pass")
        path = shards(folder, "audit")[0]
        damage(path)
        found(folder, [path])
        c = crawl(1, hub.url, folder, "--audit", 2)
        ok(c.code == 0 and path in c.err and "asked anew" in c.err, "a damaged sample is set aside and asked anew", c)
        found(folder, [])


def from_its_archive():
    """What was damaged comes back out of the folder's own archive, without a request."""
    folder = f"{scratch()}/folder"
    with Hub(*SIZE, "--quota", "0") as hub:
        ok(crawl(2, hub.url, folder, "--archive", "--seal-rows", 1000).code == 0, "a census with an archive")
    want = figures(folder)
    path = RANDOM.choice(shards(folder))
    damage(path)
    c = alone("hubcrawl", "--from-archive", folder, folder)
    ok(c.code == 0 and path in c.err, "mended from its own archive, the Hub being gone", c)
    same(differing(figures(folder), want), [], "the same bytes")


class Holder:
    """A process that holds bytes of the folder's lock, as a rank does."""

    def __init__(self, folder, at, kind):
        self.fd = os.open(f"{folder}/.lock", os.O_RDWR | os.O_CREAT)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                fcntl.fcntl(self.fd, fcntl.F_SETLK, struct.pack("hhqqi", kind, 0, at, 1, 0))
                time.sleep(60)
            finally:
                os._exit(0)
        time.sleep(0.2)

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def two_jobs():
    folder = f"{scratch()}/folder"
    port = free_port()
    with Hub(*SIZE, "--models", 60000, "--quota", f"2/{SLOW}", "--pages-quota", "0", "--port", port) as hub:
        first = spawn([*MPIRUN, "-n", 3, f"{BUILD}/hubcrawl", "--hub", hub.url, "--until", UNTIL, "--archive", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30 * SLOW
        while not (os.path.exists(f"{folder}/.lock") and "process" in open(f"{folder}/.lock", encoding="utf-8").read()) and time.monotonic() < end:
            time.sleep(0.02)
        for name, args in (
            ("hubcrawl", ["--hub", hub.url, folder]),
            ("hubcrawl", ["--from-archive", folder, f"{scratch()}/new"]),
            ("hubreduce", [folder]),
            ("hubreduce", ["--verify", folder]),
            ("hubreduce", ["--unclassified", "5", folder]),
        ):
            r = alone(name, *args)
            ok(r.code == 2 and f"another job works on '{folder}'" in r.err and f"on {os.uname().nodename} since" in r.err, f"{name} {args[0]} while a crawl runs: refused, exit 2, and says who", r)
        first.send_signal(signal.SIGUSR1)  # mpirun passes it on
        out, err = first.communicate(timeout=60 * SLOW)
        ok(first.returncode == 3, "the first is not disturbed, and stops when asked", out, err)
    with Hub(*SIZE, "--models", 60000, "--port", port) as hub:
        r = alone("hubcrawl", "--hub", hub.url, folder)
        ok(r.code == 0, "it goes on to its end", r)
    held = Holder(folder, 1, fcntl.F_RDLCK)
    waiting = spawn([f"{BUILD}/hubreduce", folder], stderr=subprocess.PIPE, text=True)
    said = waiting.stderr.readline()
    ok("waiting for their end" in said and waiting.poll() is None, "a rank of a job that died still works: it is waited for", said)
    held.end()
    err = waiting.communicate(timeout=60 * SLOW)[1]
    ok(waiting.returncode == 0, "and once it is gone, on goes the next", err)


main(*([one_at_a_time, accounts] if SOAK else [one_at_a_time, accounts, few_requests, no_shards, second_pass, from_its_archive, two_jobs]))
