# SPDX-License-Identifier: Apache-2.0
"""The Test Anything Protocol for the tests of the programs, and what they share: a stand-in Hub, runs under mpirun, digests of results.

Everything that a test starts it ends, by its own process id; servers listen on loopback only.
"""

import atexit
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback

BUILD = os.environ.get("BUILD", "build")
RECORDED = os.environ.get("RECORDED", "../shared/hub-recorded")
MPIRUN = ["mpirun", "--quiet", "--oversubscribe"]
WRAP = os.environ.get("WRAP", "").split()  # what our programs are started by, as valgrind
SLOW = int(os.environ.get("SLOW", "1"))  # by how much that takes longer
PLAIN = not WRAP and "ASAN_OPTIONS" not in os.environ  # memory and time are the program's own
UNTIL = "2026-11-22T00:00:00Z"

# What WRAP is put before, wherever it stands in a command.
OURS = {os.path.abspath(f"{BUILD}/{program}") for program in ("hubcrawl", "hubreduce", "torture/hubcrawl", "torture/hubreduce")}

_count = 0
_failed = 0
_scratch = []
_ports = []  # names that are held

# A token of the machine's user has no business in a test.
ENV = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE_"))}
ENV.update(HF_HUB_DISABLE_IMPLICIT_TOKEN="1", OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", HUBCENSUS_REPORT="no")


def ok(good, name, *why):
    """One test. `why` is told when it fails, on stderr, for prove(1) shows nothing else. Returns whether it held."""
    global _count, _failed
    _count += 1
    print(f"{'' if good else 'not '}ok {_count} - {name}".replace("#", "\\#"), flush=True)
    if not good:
        _failed += 1
        lines = [f"# not ok {_count} of {os.path.basename(sys.argv[0])}: {name}", *(f"#   {line[:400]}" for line in "\n".join(str(w) for w in why).splitlines()[:40])]
        print("\n".join(lines), file=sys.stderr, flush=True)
    return bool(good)


def same(got, want, name):
    return ok(got == want, name, f"got  {got!r}", f"want {want!r}")


def diag(text):
    for line in str(text).splitlines():
        print(f"# {line}")


def skip(name, why):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {why}")


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def need_recorded():
    if not os.path.exists(f"{RECORDED}/known.json"):
        skip_all(f"'{RECORDED}' is not there")


def main(*tests):
    """Run each function, print the plan, exit."""
    for test in tests:
        try:
            test()
        except Exception:  # a test that breaks is a test that failed
            ok(False, test.__name__, traceback.format_exc())
    print(f"1..{_count}")
    sys.exit(_failed != 0)


# Asked to end, a test ends what it started, too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@atexit.register
def _clean():
    for path in _scratch:
        shutil.rmtree(path, ignore_errors=True)


def scratch():
    """A folder that is gone at the end."""
    path = tempfile.mkdtemp(prefix="hubcensus-test-")
    _scratch.append(path)
    return path


def free_port():
    """A port of this test until it ends: below those that the kernel gives away (a connection of another test may get any of them while a stand-in restarts), and of tests that run at once the first to take its name has it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        low, high = map(int, f.read().split())
    for port in random.SystemRandom().choices(range(max(1024, low // 2), low) or range(high + 1, 65536), k=1000):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0hubcensus-test-port-{port}")
            with socket.socket() as s:
                s.bind(("0.0.0.0", port))
        except OSError:
            name.close()
            continue
        _ports.append(name)
        return port
    raise RuntimeError("no free port")


class Hub:
    """The stand-in, as a context: `with Hub("--models", 100) as hub: hub.url`."""

    def __init__(self, *args):
        self.args = [str(a) for a in args]

    def __enter__(self):
        self.log = os.path.join(scratch(), "requests.log")
        self.process = subprocess.Popen([f"{BUILD}/hubsim", "--log", self.log, *self.args], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://127.0.0.1:"):
            self.__exit__()
            raise RuntimeError(f"hubsim did not start: {self.url!r}")
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def requests(self):
        """The lines of the requests that it saw: seconds, status, method, path, authorized, user-agent."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return [line.rstrip("\n").split(" ", 5) for line in f]


def wrapped(args):
    """The words of a command, with WRAP before our programs: behind mpirun's arguments, too."""
    return [word for a in map(str, args) for word in ([*WRAP, a] if os.path.abspath(a) in OURS else [a])]


def spawn(args, env=None, wrap=True, **kw):
    """A program in the background, its output nowhere unless asked for. wrap=False where the time that it takes is looked at."""
    kw = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **kw}
    return subprocess.Popen(wrapped(args) if wrap else list(map(str, args)), env={**ENV, **(env or {})}, **kw)


class Run:
    """A finished program: code, out, err."""

    def __init__(self, args, env=None, timeout=300, **kw):
        self.args = wrapped(args)
        p = subprocess.run(self.args, capture_output=True, text=True, errors="replace", timeout=timeout * SLOW, env={**ENV, **(env or {})}, stdin=subprocess.DEVNULL, **kw)
        self.code, self.out, self.err = p.returncode, p.stdout, p.stderr

    def __str__(self):
        return f"{' '.join(self.args)}\nexit code {self.code}\nstdout:\n{self.out}\nstderr:\n{self.err}"


def mpi(n, program, *args, **kw):
    return Run([*MPIRUN, "-n", n, f"{BUILD}/{program}", *args], **kw)


def crawl(n, url, folder, *args, **kw):
    return mpi(n, "hubcrawl", "--hub", url, "--until", UNTIL, *args, folder, **kw)


def reduce(n, folder, *args, **kw):
    return mpi(n, "hubreduce", *args, folder, **kw)


def census(n, url, folder, *args, codes=(0,)):
    """Crawl and reduce; the census as read from census.json."""
    c = crawl(n, url, folder, *args)
    ok(c.code in codes, f"crawl on {n} ranks {' '.join(str(a) for a in args)}", c)
    r = reduce(n, folder)
    ok(r.code in codes, f"reduce on {n} ranks", r)
    return load(folder)


def load(folder):
    with open(f"{folder}/census.json", encoding="utf-8") as f:
        return json.load(f)


def value(census, key):
    return census["figures"].get(key, {}).get("value")


def truth(*args):
    """Every figure of a population, by the stand-in's own loop."""
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *args])
    if r.code:
        raise RuntimeError(str(r))
    return json.loads(r.out)["figures"]


def differences(got, want, path=""):
    """The places where two JSON values differ, as lines."""
    if isinstance(got, dict) and isinstance(want, dict):
        for key in sorted(set(got) | set(want)):
            if key not in got:
                yield f"{path}/{key}: missing, want {want[key]!r}"[:300]
            elif key not in want:
                yield f"{path}/{key}: got {got[key]!r}, not wanted"[:300]
            else:
                yield from differences(got[key], want[key], f"{path}/{key}")
    elif type(got) is not type(want) or got != want:
        yield f"{path}: got {got!r}, want {want!r}"[:300]


def digest(folder):
    """census.json's digest, and one for each dataset of census.h5 outside /run: type, shape, bytes."""
    import h5py

    sums = {"census.json": hashlib.sha256(open(f"{folder}/census.json", "rb").read()).hexdigest()}
    with h5py.File(f"{folder}/census.h5", "r") as f:

        def visit(name, obj):
            attrs = sorted((k, str(v)) for k, v in obj.attrs.items())
            if name.split("/")[0] == "run":
                return
            if isinstance(obj, h5py.Dataset):
                data = obj[()].tobytes() if obj.size else b""
                sums[name] = hashlib.sha256(repr((str(obj.dtype), obj.shape, attrs)).encode() + data).hexdigest()
            else:
                sums[name] = hashlib.sha256(repr(attrs).encode()).hexdigest()

        f.visititems(visit)
    return sums


def differing(a, b):
    return [key for key in sorted(set(a) | set(b)) if a.get(key) != b.get(key)]
