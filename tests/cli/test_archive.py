# SPDX-License-Identifier: Apache-2.0
"""--archive keeps every reply without the token, sealed before its rows; --from-archive makes the same census of it without a network.

With a number N: N crawls that are killed at random moments, for `make soak`."""

import collections
import glob
import gzip
import os
import random
import shutil
import signal
import sys
import time

import h5py

from disturb import tally
from tap import BUILD, MPIRUN, SLOW, UNTIL, WRAP, Hub, Run, crawl, diag, differing, digest, main, mpi, ok, same, scratch, spawn
from warc import notes, records

SIZE = ["--models", 9000, "--datasets", 3000, "--spaces", 4000, "--seed", 21, "--until", UNTIL]
FREE = [*SIZE, "--quota", "0"]
SECRET = "hf_StrictlySecretSecretSecret"


def alone(program, *args, **kw):
    """One rank without mpirun, which takes its time over an exit code."""
    return Run([f"{BUILD}/{program}", *args], **kw)


def again(n, source, *args, **kw):
    """The census of an archive: its folder and the run."""
    folder = f"{scratch()}/again"
    args = ["--from-archive", source, *args, folder]
    return folder, alone("hubcrawl", *args, **kw) if n == 1 else mpi(n, "hubcrawl", *args, **kw)


def figures(folder, code=0):
    r = alone("hubreduce", folder)
    ok(r.code == code, f"reduced: exit {code}", r)
    return digest(folder)


def segments(folder):
    return sorted(glob.glob(f"{folder}/archive/*.warc.gz"))


def replies(folder):
    return [x for path in segments(folder) for x in records(path) if x[0]["warc-type"] == "response"]


def whole():
    """Every reply is there, the token nowhere, and the census is the same on any number of ranks."""
    folder, place = f"{scratch()}/census", scratch()
    with open(f"{place}/token", "w", encoding="utf-8") as f:
        f.write(SECRET)
    os.chmod(f"{place}/token", 0o600)
    with Hub(*SIZE, "--token", SECRET, "--token-quota", "0") as hub:
        c = crawl(3, hub.url, folder, "--archive", "--seal-rows", 3000, "--audit", 2, "--token-file", f"{place}/token")
        ok(c.code == 0, "a crawl with --archive and a second pass", c)
        asked = collections.Counter(hub.url + q[3] for q in hub.requests() if not q[3].startswith("/.hubsim"))
        ok(all(q[4].endswith("yes") for q in hub.requests()), "with a token")
    kept = collections.Counter(f["warc-target-uri"] for f, _ in replies(folder))
    same(sorted((kept - asked).items()) + sorted((asked - kept).items()), [], f"each of {sum(asked.values())} requests has its reply in the archive, once")
    names = {os.path.basename(p).split("-")[1] for p in segments(folder)}
    ok(names == {"r0000", "r0001", "r0002"} and len(segments(folder)) > 6, f"{len(segments(folder))} segments of three ranks")
    ok(not glob.glob(f"{folder}/archive/*.tmp"), "all are sealed")
    plain = b"".join(gzip.open(p).read() for p in segments(folder)).lower()
    ok(SECRET.lower().encode() not in plain and b"\r\nauthorization:" not in plain, "no token in any record")
    same(Run(["grep", "-rl", SECRET, folder]).out, "", "and in no file of the folder")
    want = figures(folder)
    for n in (1, 5):
        again_folder, c = again(n, folder)
        ok(c.code == 0 and "pages taken" in c.err, f"from the archive on {n} ranks, the Hub being gone", c)
        same(differing(figures(again_folder), want), [], "  the same bytes")
    r = alone("hubcrawl", "--from-archive", folder, again_folder)
    ok(r.code == 0 and "is complete" in r.out, "a second time it says that it is complete", r)
    moved = f"{scratch()}/moved"
    shutil.copytree(f"{folder}/archive", moved)
    again_folder, c = again(2, moved, env={"HF_ENDPOINT": "http://127.0.0.1:9"})
    ok(c.code == 0, "the archive folder alone is enough, whatever $HF_ENDPOINT says", c)
    same(differing(figures(again_folder), want), [], "  the same bytes")
    joined = scratch()
    with open(f"{joined}/all.warc.gz", "wb") as f:
        for path in segments(folder):
            f.write(open(path, "rb").read())
    shutil.copy(f"{moved}/snapshot.json", joined)
    again_folder, c = again(2, joined)
    ok(c.code == 0 and not differing(figures(again_folder), want), "and so are its segments put together", c)
    cover(folder)


def cover(folder):
    """What is in a sealed shard is in a sealed segment: the windows of each shard lie in those of the replies."""
    taken = collections.defaultdict(list)
    for field, _ in replies(folder):
        note = notes(field)
        if note and note[0] == "page":
            taken[note[1]].append(note)
    bad = 0
    for path in glob.glob(f"{folder}/shards/*.h5"):
        with h5py.File(path, "r") as f:
            kind = os.path.basename(path).split("-")[0]
            starts = {bytes(x).hex() for x in f["pieces/lo"][()]}
            bad += sum(not any(n[3] == lo for n in taken[kind]) for lo in starts)
    same(bad, 0, "each piece of a shard begins where the note of an archived reply does")


def troubled():
    """Replies that were refused, broken or cut are kept too, and make no difference."""
    folder = f"{scratch()}/census"
    faults = [x for f in ("504@every:9", "truncate@5%", "not-json@5%", "out-of-order@5%", "duplicate@5%", "html@5%", "reset@every:7") for x in ("--fault", f)]
    # Ten at once on a quota that was announced too late: some are 429, also where valgrind makes a second of what takes a tenth.
    with Hub(*SIZE, "--quota", "4/2" if WRAP else "12/1", "--pages-quota", "0", *faults, "--fault", "poison@1%") as hub:
        c = crawl(2, hub.url, folder, "--archive", "--burst", "--budget", "100/1", "--timeout", "5s")
        ok(c.code in (0, 5), "a crawl with every fault at 5 %", c)
    got = collections.Counter(block.split(b" ", 2)[1].decode() for _, block in replies(folder))
    ok(got["429"] and got["504"] and got["200"], f"replies by status: {dict(got)}")
    cut = [f for f, _ in replies(folder) if "warc-truncated" in f]
    ok(cut and not any(notes(f) for f in cut), f"{len(cut)} that broke off are kept as truncated, and not read as pages")
    want = figures(folder, code=5)
    again_folder, c = again(3, folder)
    ok(c.code == 0, "from the archive", c)
    same(differing(figures(again_folder, code=5), want), [], "the same bytes, the quarantine too")


def fallbacks():
    for faults in (["reject-cursor"], ["no-direction"], ["reject-cursor", "no-direction"]):
        folder = f"{scratch()}/census"
        with Hub("--models", 4000, "--datasets", 1500, "--spaces", 1000, "--until", UNTIL, "--quota", "0", *[x for f in faults for x in ("--fault", f)]) as hub:
            c = crawl(2, hub.url, folder, "--archive", "--seal-rows", 1500)
        again_folder, d = again(2, folder)
        ok(c.code == 0 and d.code == 0, f"a Hub with {' and '.join(faults)}", c, d)
        same(differing(figures(again_folder), figures(folder)), [], "  the same bytes")


class Crawl:
    """One in the background, in a process group of its own."""

    def __init__(self, n, url, folder, *args, env=None):
        command = [*MPIRUN, "-n", n, f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, *args, folder]
        self.process = spawn(command, env=env, start_new_session=True)

    def kill(self):
        """mpirun and all ranks at once."""
        pids = [self.process.pid]
        for pid in pids:
            for path in glob.glob(f"/proc/{pid}/task/*/children"):
                with open(path, encoding="ascii") as f:
                    pids += [int(p) for p in f.read().split()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def killed():
    """A crawl that is killed, and goes on with other ranks on a Hub whose counters have changed: what counts is what is in the shards."""
    folder = f"{scratch()}/census"
    with Hub(*SIZE, "--quota", f"8/{SLOW}", "--pages-quota", "0") as hub:
        port = hub.url.rsplit(":", 1)[1]
        run = Crawl(3, hub.url, folder, "--archive", "--seal-rows", 2500)
        shards = lambda: len(glob.glob(f"{folder}/shards/*.h5"))
        left = lambda: glob.glob(f"{folder}/archive/*.tmp")
        size = lambda path: os.path.getsize(path) if os.path.exists(path) else 0
        ok(wait_for(lambda: shards() >= 2 and any(size(p) > 100000 for p in left())), "a crawl with sealed shards and more under way")
        run.kill()
    ok(left() and segments(folder), f"killed: {len(segments(folder))} segments are sealed, {len(left())} are not")
    for path in left():
        # One that was begun just now may hold its first record only.
        os.truncate(path, os.path.getsize(path) - min(5000, os.path.getsize(path) // 2))
    part, c = again(1, folder)
    ok(c.code == 5 and "stops within a record" in c.err and "missing" in c.out, "what it left makes a census with gaps, and says so", c)
    figures(part, code=5)
    with Hub(*FREE, "--no-all-time", "--port", port) as hub:
        c = crawl(2, hub.url, folder)
        ok(c.code == 0, "it goes on", c)
        ok(not left() and len({os.path.basename(p)[:17] for p in segments(folder)}) == 2, "with the archive too, though --archive was not said again; the older segments have their names")
        want = figures(folder)
        for n in (1, 4):
            again_folder, c = again(n, folder)
            ok(c.code == 0, f"from the archive on {n} ranks", c)
            same(differing(figures(again_folder), want), [], "  of two replies about the same rows that counts which is in a shard: the same bytes")
        c = crawl(2, hub.url, part)
        ok(c.code == 0, "the census with gaps is filled from the Hub", c)
        same(h5py.File(f"{part}/census.h5")["models/id"].shape if alone("hubreduce", part).code == 0 else None, (9000,), "  to the last row")


def damaged():
    """Cut, flipped, doubled, foreign: what is lost is a gap, said, and nothing else changes."""
    folder = f"{scratch()}/census"
    with Hub(*FREE) as hub:
        ok(crawl(2, hub.url, folder, "--archive", "--seal-rows", 3000).code == 0, "a census with an archive")
        want = figures(folder)

        def broken(name, damage, code, says):
            copy = f"{scratch()}/copy"
            shutil.copytree(folder, copy)
            damage(sorted(segments(copy), key=os.path.getsize)[-1])
            new, c = again(1 if code else 2, copy)
            ok(c.code == code and says in c.err, f"{name}: exit {code}", c)
            if code == 5:
                ok("missing" in c.out, "  and says what is missing", c)
                c = alone("hubcrawl", new)
                ok(c.code == 0, "  the Hub has it", c)
            same(differing(figures(new), want), [], "  the same bytes")

        def flip(path):
            with open(path, "r+b") as f:
                f.seek(os.path.getsize(path) // 2)
                byte = f.read(1)[0]
                f.seek(-1, 1)
                f.write(bytes([byte ^ 4]))

        def add(text):
            def to(path):
                with open(path, "ab") as f:
                    f.write(text)

            return to

        def foreign(path):
            """Pages of another census, whose notes claim the whole axis, in front of the others."""
            with Hub("--models", 300, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", "0") as other:
                stranger = f"{scratch()}/stranger"
                crawl(1, other.url, stranger, "--archive", "--kinds", "models")
            for p in segments(stranger):
                shutil.copy(p, f"{os.path.dirname(path)}/99991122221501123-r0000-000000.warc.gz")

        broken("cut within a record", lambda p: os.truncate(p, os.path.getsize(p) - 10000), 5, "stops within a record")
        broken("a flipped bit", flip, 5, "are damaged")
        broken("noise behind the end", add(b"noise" * 100), 0, "are damaged")
        broken("a segment twice", lambda p: shutil.copy(p, p.replace("-r", "-r9")), 0, "")
        broken("one of another census", foreign, 0, "asked for by another census")
    empty = scratch()
    for what, says in ((f"{empty}/nowhere", "nowhere"), (empty, "holds no archive")):
        c = again(1, what)[1]
        ok(c.code == 2 and says in c.err, f"exit 2: {says}", c)
    c = again(1, folder, "--audit", 2)[1]
    ok(c.code == 2 and "asks the Hub for nothing" in c.err, "options that ask for requests are refused", c)
    c = again(1, folder, "--kinds", "models")[1]
    ok(c.code == 2 and "--kinds" in c.err, "and those of another census", c)


def soak():
    """Killed again and again, with other ranks each time and other counters on the Hub: the archive's census is that of the shards."""
    seed = int(os.environ.get("SEED", os.getpid()))
    rng = random.Random(seed)
    diag(f"SEED={seed}")
    n, kills, cut, survived = int(sys.argv[1]), 0, 0, 0
    for i in range(n):
        folder, port = f"{scratch()}/census", "0"
        for _ in range(rng.randrange(1, 4)):
            with Hub(*SIZE, "--quota", "8/1", "--pages-quota", "0", "--port", port, *rng.choice(([], ["--no-all-time"]))) as hub:
                port = hub.url.rsplit(":", 1)[1]
                run = Crawl(rng.randrange(1, 5), hub.url, folder, "--archive", "--seal-rows", rng.choice((1000, 3000, 50000)))
                time.sleep(rng.uniform(0.3, 3))
                kills += run.process.poll() is None
                run.kill()
        cut += len(glob.glob(f"{folder}/archive/*.tmp"))
        with Hub(*FREE, "--port", port) as hub:
            c = crawl(2, hub.url, folder, "--archive")
        again_folder, d = again(rng.randrange(1, 5), folder)
        ok(c.code == 0 and d.code == 0, f"{i + 1} of {n}: killed, finished, taken from the archive", c, d)
        survived += same(differing(figures(again_folder), figures(folder)), [], "the same bytes")
    diag(f"{kills} crawls killed, {cut} segments left unsealed")
    tally("censuses of archives of killed crawls", n, survived, 0 if survived == n else 1)


main(*([soak] if len(sys.argv) > 1 else [whole, troubled, fallbacks, killed, damaged]))
