# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, SIGINT and SIGUSR1, to a rank or to mpirun: sealed and stopped within 10 s, exit 3; SIGINT twice stops at once. Run again, the census is the undisturbed one.

With a number N: N signals at random moments, for `make soak`."""

import glob
import os
import pty
import random
import signal
import subprocess
import sys
import time

import h5py

from disturb import tally
from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, Run, crawl, diag, differing, digest, main, ok, same, scratch, spawn

SIZE = ["--models", 9000, "--datasets", 3000, "--spaces", 3000, "--seed", 51, "--until", UNTIL]
SPARING = ["--quota", "8/1", "--pages-quota", "0"]
SEED = int(os.environ.get("SEED", os.getpid()))
RANDOM = random.Random(SEED)
WANT = None
PORT = None


def figures(folder):
    r = Run([f"{BUILD}/hubreduce", folder])
    ok(r.code == 0, "reduced", r)
    return digest(folder)


def shards(folder):
    return glob.glob(f"{folder}/shards/*.h5")


def children(pid):
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path, encoding="ascii") as f:
            found += [int(p) for p in f.read().split()]
    return found


def ranks(pid):
    """Of an mpirun: its children that run the program."""
    found = []
    for p in children(pid):
        try:
            if os.path.basename(os.readlink(f"/proc/{p}/exe")).startswith(("hubcrawl", "memcheck")):  # as it is, or valgrind's
                found.append(p)
        except OSError:
            pass  # it has ended
    return found


def catching(pid, number):
    """Has it come to its first lines? Before, a signal does what it does to any program."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("SigCgt")).split()[1], 16) >> number - 1 & 1
    except (OSError, StopIteration):
        return 0


def is_at_start(job, n):
    return len(ranks(job.process.pid)) == n and all(catching(p, signal.SIGUSR1) for p in ranks(job.process.pid))


def has_started(job, n):
    return wait_for(lambda: is_at_start(job, n))


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


class Job:
    """wrap=False where it is looked at when a signal comes: valgrind catches every one from the start, and hands it on later."""

    def __init__(self, n, *args, wrap=True):
        self.out = open(f"{scratch()}/out", "w+", encoding="utf-8")
        command = [*MPIRUN, "-n", n, f"{BUILD}/hubcrawl", *args]
        self.process = spawn(command, wrap=wrap, stdout=self.out, stderr=subprocess.STDOUT, start_new_session=True)

    def send(self, number, to):
        """to: a rank's place among mpirun's children, or "mpirun"."""
        self.sent = time.monotonic()
        os.kill(self.process.pid if to == "mpirun" else ranks(self.process.pid)[to], number)

    def finish(self):
        """The exit code, and how long after the signal."""
        code = self.process.wait(60 * SLOW)
        return code, time.monotonic() - self.sent

    def said(self):
        self.out.seek(0)
        return self.out.read()


def whole(folder):
    """What is sealed holds, and no half file is left but for the segments of a killed crawl."""
    v = Run([f"{BUILD}/hubreduce", "--verify", folder])
    return ok(v.code == 0 and shards(folder), f"{len(shards(folder))} shards, all as they were sealed", v)


def counted(folder):
    n = 0
    for path in shards(folder):
        with h5py.File(path, "r") as f:
            n += int(f["counters"][0])  # requests
    return n


def resumed(folder):
    global PORT
    with Hub(*SIZE, "--quota", "0", "--port", PORT) as hub:
        c = crawl(2, hub.url, folder)
    ok(c.code == 0, "run again it goes on to the end", c)
    return same(differing(figures(folder), WANT), [], "the census is the undisturbed one")


def undisturbed():
    global WANT, PORT
    with Hub(*SIZE, "--quota", "0") as hub:
        PORT = hub.url.rsplit(":", 1)[1]
        c = crawl(2, hub.url, f"{scratch()}/census")
    ok(c.code == 0, "the undisturbed census", c)
    WANT = figures(c.args[-1])


def begun(folder, hub, n=3, wrap=True):
    job = Job(n, "--hub", hub.url, "--until", UNTIL, "--seal-rows", 2000, "--archive", folder, wrap=wrap)
    ok(wait_for(lambda: len(shards(folder)) >= 2 and len(ranks(job.process.pid)) == n), "a crawl in the middle")
    return job


def stopped(number, to, go_on=False):
    name = f"{signal.Signals(number).name} to {'mpirun' if to == 'mpirun' else f'rank {to}'}"
    folder = f"{scratch()}/census"
    # mpirun ends ranks on its own SIGTERM and SIGINT a second after it has told them, and has an exit code of its own.
    harsh = to == "mpirun" and number != signal.SIGUSR1
    with Hub(*SIZE, *SPARING, "--port", PORT) as hub:
        job = begun(folder, hub, wrap=not harsh)
        before = len(shards(folder))
        job.send(number, to)
        code, took = job.finish()
        asked = len([q for q in hub.requests() if not q[3].startswith("/.hubsim")])
    ok(code == (1 if harsh else 3) and took < 10 * SLOW, f"{name}: stopped after {took:.1f} s, exit {code}", job.said())
    ok(len(shards(folder)) > before, "what there was is sealed")
    if harsh:
        ok(counted(folder) > 0, f"{counted(folder)} of {asked} requests are accounted for: those on their way are asked again")
    else:
        same(counted(folder), asked, "every request is accounted for")
        same(glob.glob(f"{folder}/*/*.tmp"), [], "no half file is left")
    whole(folder)
    if go_on:
        resumed(folder)


def to_a_rank():
    stopped(signal.SIGTERM, 2)
    stopped(signal.SIGINT, 1)
    stopped(signal.SIGUSR1, 0, go_on=True)


def to_one_that_waits():
    """Rank 0 asks the first requests and the second pass alone: a signal to another rank reaches it."""
    folder = f"{scratch()}/census"
    with Hub(*SIZE, "--quota", "0", "--port", PORT) as hub:
        hub.process.send_signal(signal.SIGSTOP)
        job = Job(3, "--hub", hub.url, "--until", UNTIL, "--timeout", "20s", "--retries", 0, folder, wrap=False)
        ok(has_started(job, 3), "a crawl whose first requests are not answered")
        time.sleep(1)
        job.send(signal.SIGUSR1, 2)
        code, took = job.finish()
        hub.process.send_signal(signal.SIGCONT)
        ok(code == 3 and took < 10 * SLOW, f"SIGUSR1 to rank 2 then: exit {code} after {took:.1f} s", job.said())
        ok(crawl(2, hub.url, folder).code == 0, "run again it goes on to the end")
        sample = glob.glob(f"{folder}/audit/*.h5")
        for number, to in ((signal.SIGTERM, 1), (signal.SIGINT, 2)):
            before = len(sample)
            job = Job(3, "--audit", 12, "--budget", "2/1", "--seal-rows", 1, folder)
            wait_for(lambda: len(glob.glob(f"{folder}/audit/*.h5")) > before)
            job.send(number, to)
            code, took = job.finish()
            sample = glob.glob(f"{folder}/audit/*.h5")
            ok(code == 3 and took < 10 * SLOW and len(sample) > before, f"{signal.Signals(number).name} to rank {to} in the second pass: exit {code} after {took:.1f} s, {len(sample)} pages sealed", job.said())
        ok(crawl(2, hub.url, folder, "--audit", 12).code == 0, "run again it goes on to its end")
        same(len(glob.glob(f"{folder}/audit/*.h5")), len(sample) + 3, "with what was missing")
    whole(folder)


def to_mpirun():
    stopped(signal.SIGUSR1, "mpirun")
    stopped(signal.SIGTERM, "mpirun", go_on=True)


def terminal():
    """Ctrl-C under jobs/census: the terminal sends it to mpirun as well, which would end the ranks."""
    folder = f"{scratch()}/census"
    with Hub(*SIZE, "--quota", f"2/{SLOW}", "--pages-quota", "0", "--port", PORT) as hub:
        args = ["jobs/census", "--ranks=2", "--hub", hub.url, f"--until={UNTIL}", "--in-flight=4", "--seal-rows=1000", "--seal-time=1s", folder]
        pid, screen = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # of what was started in the background it is ignored, and no shell can trap it
            os.execvpe(args[0], args, {**os.environ, "BUILD": os.path.abspath(BUILD)})
        end, said = time.monotonic() + 60 * SLOW, b""
        while not shards(folder) and time.monotonic() < end:
            time.sleep(0.05)
        began = time.monotonic()
        os.write(screen, b"\x03")
        try:
            while data := os.read(screen, 65536):
                said += data
        except OSError:  # the other end is closed
            pass
        code, took = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), time.monotonic() - began
        os.close(screen)
        asked = len([q for q in hub.requests() if not q[3].startswith("/.hubsim")])
    ok(code == 3 and took < 10 * SLOW and b"killed" not in said, f"Ctrl-C to jobs/census: stopped after {took:.1f} s, exit {code}", said.decode(errors="replace"))
    ok(shards(folder), "what there was is sealed")
    same(counted(folder), asked, "every request is accounted for")


def early():
    """While MPI starts: nothing is crawled, and it can be run again."""
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        folder = f"{scratch()}/census"
        with Hub(*SIZE, *SPARING, "--port", PORT) as hub:
            job = Job(3, "--hub", hub.url, "--until", UNTIL, folder, wrap=False)
            ok(has_started(job, 3), "a crawl at its first lines")
            job.send(number, 1)
            code, took = job.finish()
        ok(code == 3 and took < 10 * SLOW, f"{signal.Signals(number).name} before its first request: exit {code} after {took:.1f} s", job.said())
    resumed(folder)


def twice():
    """As of a user who does not want to wait: on a Hub that has stopped answering, for whose replies the first one waits."""
    for to in (1, "mpirun"):
        folder = f"{scratch()}/census"
        with Hub(*SIZE, *SPARING, "--port", PORT) as hub:
            job = begun(folder, hub, wrap=False)
            hub.process.send_signal(signal.SIGSTOP)
            time.sleep(0.6)
            pids = ranks(job.process.pid)
            job.send(signal.SIGINT, to)
            time.sleep(0.3)
            sealed = len(shards(folder))
            try:
                job.send(signal.SIGINT, to)
            except (IndexError, ProcessLookupError):
                pass
            code, took = job.finish()
            hub.process.send_signal(signal.SIGCONT)
        ok(code not in (0, 5) and took < 5, f"SIGINT twice to {to}: at once ({took:.1f} s), exit {code}", job.said())
        # mpirun dies of the second one before its ranks do; until then the folder is theirs.
        ok(wait_for(lambda: not any(os.path.exists(f"/proc/{p}") for p in pids), 10), "and so are its ranks")
        ok(len(shards(folder)) >= sealed, "nothing that was sealed is lost")
        whole(folder)
        resumed(folder)


def from_archive():
    folder = f"{scratch()}/census"
    with Hub(*SIZE, "--quota", "0", "--port", PORT) as hub:
        ok(crawl(3, hub.url, folder, "--archive").code == 0, "a census with an archive")
    for number, to, codes in ((signal.SIGUSR1, "mpirun", (0, 3)), (signal.SIGKILL, 0, (0, 137))):
        again = f"{scratch()}/again"
        job = Job(2, "--from-archive", folder, "--seal-rows", 1, again)
        wait_for(lambda: len(shards(again)) >= 2 or job.process.poll() is not None)
        n = len(shards(again))
        try:
            job.send(number, to)
        except (IndexError, ProcessLookupError):
            diag("it was over already")
        code = job.process.wait(60 * SLOW)
        ok(code in codes, f"{signal.Signals(number).name} while it is taken from an archive, at {n} shards: exit {code}", job.said())
    r = Run([f"{BUILD}/hubcrawl", "--from-archive", folder, again])
    ok(r.code == 0, "run again it goes on", r)
    same(differing(figures(again), WANT), [], "the census is the undisturbed one")


def signalled_early(n, to, *args, stopped):
    """A job that has a signal before it reads anything; again where it was faster than the signal. What it said, and its code."""
    for _ in range(5):
        job = Job(n, *args, wrap=False)
        wait_for(lambda: job.process.poll() is not None or is_at_start(job, n))
        try:
            job.send(signal.SIGUSR1, to)
        except (IndexError, ProcessLookupError):
            pass
        code = job.process.wait(60 * SLOW)
        if stopped(code, job.said()):
            break
    return job.said(), code


def reading():
    """Folders may be large, and file systems slow: whatever only reads one stops in between, too."""
    again = "run the same command again"
    folder = f"{scratch()}/census"
    with Hub("--models", 900, "--datasets", 0, "--spaces", 0, "--users", 400, "--seed", 51, "--until", UNTIL, "--quota", "0") as hub:
        crawl(2, hub.url, folder, "--kinds", "models,users", "--max-requests", 40)
        said, code = signalled_early(2, 0, folder, stopped=lambda code, said: again in said)
        ok(code == 3 and again in said, "what was crawled before: exit 3", said)
        said, code = signalled_early(2, 1, "--max-requests", 1, folder, stopped=lambda code, said: "accounts known" not in said)
        ok(code == 3 and "accounts known" not in said, "accounts that are known, by one rank: exit 3", said)
        ok(crawl(2, hub.url, folder, "--kinds", "models,users").code == 0, "run again it goes on to the end")
    names = f"{scratch()}/names"
    with open(names, "w", encoding="ascii") as f:
        f.write("nobody-of-this-name\n")
    said, code = signalled_early(1, 0, f"--forget={names}", folder, stopped=lambda code, said: code == 3)
    ok(code == 3 and "forgotten" not in said, "accounts that are to be forgotten: exit 3", said)
    r = Run([f"{BUILD}/hubcrawl", f"--forget={names}", folder])
    ok(r.code == 0 and "forgotten" in r.out, "and again", r)


def soak():
    n = int(sys.argv[1])
    diag(f"SEED={SEED}")
    kinds = [(s, to) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1) for to in (0, 1, 2, "mpirun")]
    worst, survived = 0, 0
    for i in range(n):
        number, to = RANDOM.choice(kinds)
        folder = f"{scratch()}/census"
        with Hub(*SIZE, *SPARING, "--port", PORT) as hub:
            job = Job(3, "--hub", hub.url, "--until", UNTIL, "--seal-rows", 2000, folder)
            has_started(job, 3)
            at = RANDOM.uniform(0.3, 2.5)
            time.sleep(at)
            try:
                job.send(number, to)
            except (IndexError, ProcessLookupError):
                job.sent = time.monotonic()
            code, took = job.finish()
        worst = max(worst, took)
        ok(code in (0, 1, 3, 4) and took < 10 * SLOW, f"{i + 1} of {n}: {signal.Signals(number).name} to {to} after {at:.2f} s: exit {code} in {took:.1f} s", job.said())
        survived += resumed(folder)
    diag(f"the slowest stop took {worst:.1f} s")
    tally("signals at random moments", n, survived, 0 if survived == n else 1)


if len(sys.argv) > 1:
    main(undisturbed, soak)
main(undisturbed, early, reading, to_a_rank, to_one_that_waits, to_mpirun, terminal, twice, from_archive)
