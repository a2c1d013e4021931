# SPDX-License-Identifier: Apache-2.0
"""The token goes to the Hub's own scheme, host and port, and nowhere else: not into a file, a log, an argument list, a core dump, an error, or to a second host."""

import base64
import fcntl
import glob
import gzip
import http.server
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from disturb import Job
from meddle import Meddler
from tap import BUILD, ENV, SLOW, UNTIL, WRAP, Hub, crawl, main, mpi, ok, reduce, same, scratch, skip

TOKEN = "hf_QmVuY2hUb2tlbk5vdEFTZWNyZXQ"
SIZE = ["--models", 8000, "--datasets", 1000, "--spaces", 1000, "--seed", 4, "--until", UNTIL, "--quota", 0, "--token", TOKEN, "--token-quota", 0]
FEW = ["--models", 1500, "--datasets", 300, "--spaces", 300, *SIZE[6:]]
PEOPLE = ["--users", 1500]
ALL = ["--kinds", "models,datasets,spaces,users", "--archive"]  # whatever there is to ask, and every reply kept
AT_HAND = {"HF_TOKEN": TOKEN, "HF_HUB_DISABLE_IMPLICIT_TOKEN": ""}
NEEDLES = [TOKEN.encode(), TOKEN.encode("utf-16-le"), base64.b64encode(TOKEN.encode())]


def token_file(mode=0o600):
    path = f"{scratch()}/token"
    with open(path, "w", encoding="utf-8") as f:
        f.write(TOKEN + "\n")
    os.chmod(path, mode)
    return path


def has_token(data):
    return any(n in data for n in NEEDLES)


def files_with_token(folder):
    """As they lie there, and as they are once inflated."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            with open(f"{where}/{name}", "rb") as f:
                data = f.read()
            if has_token(data) or (name.endswith(".gz") and has_token(gzip.decompress(data))):
                found.append(name)
    return found


def archived(folder, words):
    """How often the replies that were kept have these words."""
    return sum(gzip.open(path).read().count(words) for path in glob.glob(f"{folder}/archive/*.warc.gz"))


def replies_about_accounts(folder):
    return archived(folder, b"\r\nHubcensus-Note: list ")


class Second(http.server.BaseHTTPRequestHandler):
    """Another host, as far as a port makes one."""

    seen = []

    def do_GET(self):
        Second.seen.append((self.path, dict(self.headers)))
        self.send_response(404)
        self.end_headers()

    def log_message(self, *args):
        pass


def left_behind():
    folder, save = scratch(), f"{scratch()}/probe.warc.gz"
    with Hub(*SIZE, *PEOPLE, "--latency", 20) as hub:
        job = Job(3, "hubcrawl", "--hub", hub.url, "--until", UNTIL, *ALL, "--audit", 2, "--user-requests", 400, "--token-file", token_file(), "--save-probe", save, "--seal-rows", 1000, folder)
        seen = 0
        for _ in range(60):
            for pid in [job.process.pid, *job.ranks()]:
                for what in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{pid}/{what}", "rb") as f:
                            data = f.read()
                    except OSError:
                        continue
                    seen += 1
                    if has_token(data):
                        return ok(False, f"the token is in /proc/PID/{what}")
            if job.process.poll() is not None:
                break
            time.sleep(0.05)
        ok(job.end() == 0, "a crawl with a token", job.said())
        ok(seen > 20, f"it is in no command line and no environment ({seen} looks while it ran)")
        ok(all(q[4].endswith("yes") for q in hub.requests() if q[3].startswith("/api/")), "the Hub was shown it")
    r = reduce(2, folder)
    ok(r.code == 0, "reduced", r)
    replay(folder)
    out = subprocess.run(["zcat", save], capture_output=True, check=True).stdout
    ok(len(out) > 1000 and not has_token(out), "it is not in the saved replies")
    n = replies_about_accounts(folder)
    ok(n > 300, f"its archive holds {n} replies about accounts")
    same(files_with_token(folder), [], "it is in no file of the census, inflated or not")
    ok(not has_token((job.said() + r.out + r.err).encode()), "nor in anything printed")


def replay(folder):
    again = f"{scratch()}/again"
    r = mpi(2, "hubcrawl", "--from-archive", folder, again, env=AT_HAND)
    ok(r.code == 0 and not has_token((r.out + r.err).encode()), "the same census from its archive, with a token at hand", r)
    same(files_with_token(again), [], "it is in none of its files")


def second_host():
    """A Hub that sends its readers elsewhere, by redirects and by links, and that repeats the token in what it says."""
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Second)
    thread = threading.Thread(target=other.serve_forever)
    thread.start()
    there = f"http://127.0.0.1:{other.server_port}"

    def hook(path, n, body):
        def reply(handler):
            handler.send_response((301, 302, 307, 308)[n % 4])
            handler.send_header("location", there + path)
            handler.send_header("content-length", "0")
            handler.end_headers()

        def astray(handler):
            handler.send_response(200)
            handler.send_header("content-type", "application/json")
            handler.send_header("link", f'<{there}{path}>; rel="next"')
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        def repeats(handler):
            text = f"bad token {TOKEN}".encode()
            handler.send_response(500, TOKEN)
            handler.send_header("content-length", str(len(text)))
            handler.send_header("x-seen", f"authorization: Bearer {TOKEN}")
            handler.send_header("set-cookie", f"token={TOKEN}")
            handler.end_headers()
            handler.wfile.write(text)

        # Every sort of request meets every sort of accident: lists of accounts come after those of repositories.
        return {1: reply, 2: astray, 3: repeats, 0: None}[n % 4] if n < 24 or 100 < n < 140 else None

    folder = scratch()
    try:
        with Hub(*SIZE, *PEOPLE) as hub, Meddler(hub.url, hook) as m:
            r = crawl(2, m.url, folder, *ALL, "--user-requests", 200, "--token-file", token_file(), "--retries", 9)
            ok(r.code in (0, 5), "a Hub that sends its readers elsewhere", r)
            n = replies_about_accounts(folder)
            ok(m.pages > 150 and n > 100, f"{m.pages} replies, {n} of them in the archive and about accounts")
            ok(any("Authorization" in h for _, h in m.seen), "the token was sent to it")
            astray = [path for path, _ in Second.seen]
            refused = crawl(1, there, f"{folder}/x", "--token-file", token_file(), "--retries", 0)
    finally:
        other.shutdown()
        thread.join()
        other.server_close()
    same(astray, [], "nobody came to the second host")
    ok(refused.code == 4 and any("Authorization" in h for _, h in Second.seen), "which sees whoever comes, and what with", refused)
    n = archived(folder, b"bad token " + len(TOKEN) * b"x")
    ok(n > 10, f"where the Hub repeats it, {n} times, there is an x for each letter of it in the archive")
    same(files_with_token(folder), [], "and it is in no file")
    ok(not has_token((r.out + r.err + refused.out + refused.err).encode()), "nor printed")


def in_records():
    """A Hub that repeats the token in good replies: in names, tags, what is refused, what is told of accounts."""

    def hook(path, n, body):
        told = json.loads(body)
        if isinstance(told, dict):
            told["fullname"] = f"seen {TOKEN}"
        for i, record in enumerate(told if isinstance(told, list) else []):
            record["fullname"] = f"{i} {TOKEN}"
            record.setdefault("tags", []).append(f"tag:{TOKEN}" if i % 2 else TOKEN)
            if i == 5 and "createdAt" in record:
                record["createdAt"] = TOKEN
            if i == 7 and "id" in record:
                record["id"] = f"{record['id'].split('/')[0]}/{TOKEN}-{n}"
        return json.dumps(told).encode()

    folder = scratch()
    with Hub(*SIZE, *PEOPLE) as hub, Meddler(hub.url, hook) as m:
        r = crawl(2, m.url, folder, *ALL, "--user-requests", 200, "--token-file", token_file())
        ok(r.code in (0, 5), "a Hub that repeats the token in its records", r)
        ok(m.pages > 150, f"in {m.pages} replies")
    masked = len(TOKEN) * b"x"
    shards = [open(path, "rb").read() for path in glob.glob(f"{folder}/shards/*.h5")]
    ok(sum(b"tag:" + masked in s for s in shards) >= 3, "shards have an x for each letter of it")
    ok(any(b"/" + masked + b"-" in s for s in shards) and any(b'"' + masked + b'"' in s for s in shards), "in names and in what was refused, too")
    again = reduce(2, folder)
    ok(again.code in (0, 5), "reduced", again)
    replay(folder)
    same(files_with_token(folder), [], "it is in no file")
    ok(not has_token((r.out + r.err + again.out + again.err).encode()), "nor printed")


def where_to():
    """https only, loopback excepted."""
    for url in ("http://hub.invalid", "http://192.0.2.1", "http://127.0.0.1.example.invalid", "http://localhost.example.invalid"):
        r = crawl(1, url, f"{scratch()}/x", "--token-file", token_file(), "--retries", 0)
        ok(r.code == 2 and "plain http" in r.err and not has_token(r.err.encode()), f"no token to {url}", r)
    r = crawl(1, "https://user:secret@hub.invalid", f"{scratch()}/x")
    ok(r.code == 2, "no password in the Hub's address", r)


def foreign_folder():
    """A folder that somebody else began does not tell where the token goes."""
    folder, path = scratch(), token_file()
    with Hub(*SIZE) as hub:
        r = crawl(2, hub.url, folder, "--max-requests", 3)
        ok(r.code == 3, "a census that somebody began", r)
        r = mpi(1, "hubcrawl", "--dry-run", folder, env=AT_HAND)
        ok(r.code == 0 and "not sent" in r.err, "--dry-run says that the Hub of the folder does not get the token", r)
        r = mpi(2, "hubcrawl", "--max-requests", 3, "--token-file", path, folder)
        ok(r.code == 2 and path in r.err and f"--hub={hub.url}" in r.err, "nor does it get one from --token-file, in one line", r)
        r = mpi(2, "hubcrawl", "--max-requests", 3, folder, env=AT_HAND)
        ok(r.code == 3 and f"--hub={hub.url}" in r.err and not has_token(r.err.encode()), "and goes on without it", r)
        same(shown(hub), 0, "it was not sent")
        r = mpi(2, "hubcrawl", "--max-requests", 3, folder, env={**AT_HAND, "HF_ENDPOINT": hub.url})
        ok(r.code == 3 and shown(hub) == 3, "but where $HF_ENDPOINT names the Hub, too", r)
        r = mpi(2, "hubcrawl", "--hub", hub.url, "--token-file", path, folder)
        ok(r.code == 0 and shown(hub) > 6, "or --hub", r)


def readable():
    with Hub(*SIZE) as hub:
        for mode, warned in ((0o600, False), (0o640, True), (0o604, True)):
            path = token_file(mode)
            r = mpi(2, "hubcrawl", "--hub", hub.url, "--until", UNTIL, "--max-requests", 3, "--token-file", path, scratch())
            ok(r.code == 3 and (("warning" in r.err and path in r.err) == warned), f"mode {mode:o}: {'warned of' if warned else 'nothing to say'}", r)


def core_dump():
    """A rank that is aborted in the middle leaves no core, however large one may be; without a token it may."""
    if WRAP:
        return skip("core dumps", f"{WRAP[0]} makes its own")
    pattern = open("/proc/sys/kernel/core_pattern", encoding="ascii").read().strip()
    if "/" in pattern:
        return skip("core dumps", f"here they go to '{pattern}'")
    for args, dumps in ((["--token-file", token_file()], False), ([], True)):
        place = scratch()
        with Hub(*SIZE, "--latency", 150) as hub:
            job = Job(2, os.path.abspath(f"{BUILD}/hubcrawl"), "--hub", hub.url, "--until", UNTIL, *args, f"{place}/census", cwd=place, preexec_fn=unlimited)
            for _ in range(200):
                if os.path.exists(hub.log) and len(hub.requests()) > 6:
                    break
                time.sleep(0.05)
            ranks = job.ranks()
            for pid in ranks:
                os.kill(pid, signal.SIGABRT)
            job.end()
        cores = glob.glob(f"{place}/core*")
        if dumps:
            ok(len(ranks) == 2 and len(cores) > 0, "aborted without a token a rank leaves a core", cores, job.said())
        else:
            ok(len(ranks) == 2 and not cores, "aborted with a token it leaves none", cores)
    without_use()


def without_use():
    """Nor do those that have no use for a token that is at hand, here while they wait for a lock."""
    source, names = scratch(), f"{scratch()}/names"
    with Hub("--models", 300, "--seed", 4, "--until", UNTIL) as hub:
        r = crawl(1, hub.url, source, "--archive", "--kinds", "models")
        ok(r.code == 0, "a small census", r)
    with open(names, "w", encoding="utf-8") as f:
        f.write("somebody\n")
    jobs = []
    for program, *args in (["hubreduce"], ["hubcrawl", "--from-archive", source], ["hubcrawl", "--forget", names]):
        place, folder = scratch(), f"{scratch()}/census"
        shutil.copytree(source, folder)
        lock = open(f"{folder}/.lock", "a+b")
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)  # the byte that ranks hold
        jobs.append((" ".join([program, *args[:1]]), lock, place, Job(1, os.path.abspath(f"{BUILD}/{program}"), *args, folder, cwd=place, env=AT_HAND, preexec_fn=unlimited)))
    for what, lock, place, job in jobs:
        waits = until(lambda: any(holds(pid, lock.name) for pid in job.ranks()), 20)
        blank = not any(has_token(of_process(pid, "environ")) for pid in job.ranks())
        for pid in job.ranks():
            os.kill(pid, signal.SIGABRT)
        job.end()
        cores = glob.glob(f"{place}/core*")
        ok(waits and not cores, f"nor does {what}, which has no use for it", cores, job.said())
        ok(blank, "whose environment has it no more")
        lock.close()


def until(condition, seconds):
    """Wait for it. Returns whether it came."""
    for _ in range(20 * seconds * SLOW):
        if condition():
            return True
        time.sleep(0.05)
    return False


def of_process(pid, what):
    """What /proc says of it, nothing if it is gone."""
    try:
        with open(f"/proc/{pid}/{what}", "rb") as f:
            return f.read()
    except OSError:
        return b""


def holds(pid, path):
    try:
        return any(os.path.realpath(fd) == os.path.realpath(path) for fd in glob.glob(f"/proc/{pid}/fd/*"))
    except OSError:
        return False


def unlimited():
    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))


def environment():
    """A token from the environment is blanked there once it was read."""
    if WRAP:
        return skip("the environment of a rank", f"{WRAP[0]} keeps the one that it was started with")
    with Hub(*SIZE, "--latency", 150) as hub:
        job = Job(2, "hubcrawl", "--hub", hub.url, "--until", UNTIL, scratch(), env=AT_HAND)
        for _ in range(200):
            if os.path.exists(hub.log) and len([q for q in hub.requests() if q[4].endswith("yes")]) > 6:
                break
            time.sleep(0.05)
        ranks = job.ranks()
        ok(len(ranks) == 2 and not any(has_token(open(f"/proc/{pid}/environ", "rb").read()) for pid in ranks), "$HF_TOKEN is blank in the ranks' environment")
        ok(job.end() == 0, "and the crawl goes on with it", job.said())


def in_memory():
    """Where ranks cannot copy from each other's memory their messages lie in files: of the job, while it runs."""
    with Hub(*SIZE, "--latency", 150) as hub:
        job = Job(3, "hubcrawl", "--hub", hub.url, "--until", UNTIL, scratch(), env={**AT_HAND, "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_btl": "vader,self"})
        until(lambda: os.path.exists(hub.log) and len(hub.requests()) > 6, 20)
        shared = {line.split()[-1] for pid in job.ranks() for line in of_process(pid, "maps").decode().splitlines() if line.split()[1].endswith("s")}
        shared = {path for path in shared if os.path.isfile(path)}
        session = {path for path in glob.glob(f"{tempfile.gettempdir()}/ompi.*/pid.{job.process.pid}/**", recursive=True) if os.path.isfile(path)}
        found = []
        for path in sorted(shared | session):
            with open(path, "rb") as f:
                found += [path] if has_token(f.read()) else []
        messages = [path for path in shared if os.path.basename(path).startswith("vader_segment.")]
        same(found, [], "it is in no file that ranks share, nor in the folder of mpirun's session")
        ok(len(messages) == 3 and len(session) > 0, f"{len(messages)} with messages, {len(shared)} shared in all, {len(session)} of the session")
        ok(job.end() == 0 and shown(hub) > 6, "and the crawl goes on with it", job.said())


def shown(hub):
    """To how many requests the Hub was shown it."""
    return sum(q[4].endswith("yes") for q in hub.requests())


def family(pid):
    """A process and all that came of it."""
    parents = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        fields = of_process(path.split("/")[2], "stat").rsplit(b")", 1)[-1].split()
        if len(fields) > 1:
            parents.setdefault(int(fields[1]), []).append(int(path.split("/")[2]))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def whole_job():
    """jobs/census, with all that it writes: it is told, and then in no file, no line, no argument list, and not in the environment of the reduce."""
    place = scratch()
    args = ["jobs/census", "--ranks", "2", "--log-format=json", f"--metrics-file={place}/metrics.prom", f"--until={UNTIL}", "--archive"]
    seen, reducing, found = 0, 0, set()
    with Hub(*FEW, "--latency", 100) as hub, open(f"{place}/out", "wb") as out, open(f"{place}/err", "wb") as err:
        env = {**ENV, **AT_HAND, "BUILD": os.path.abspath(BUILD)}
        process = subprocess.Popen([*args, "--hub", hub.url, f"{place}/census"], stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=env)
        while process.poll() is None:
            for pid in family(process.pid):
                said = of_process(pid, "cmdline")
                seen += 1
                if has_token(said):
                    found.add("an argument list")
                if b"hubreduce" in said:
                    reducing += 1
                    if has_token(of_process(pid, "environ")):
                        found.add("the environment of the reduce")
            time.sleep(0.1)
        ok(process.returncode == 0 and shown(hub) > 6, "jobs/census with a token, and whatever it writes", process.returncode, open(f"{place}/err", encoding="utf-8").read())
    ok(seen > 20 and reducing > 3, f"{seen} looks while it ran, {reducing} of them at the reduce")
    same(sorted(found), [], "it is in no argument list, and not in the environment of the reduce")
    written = glob.glob(f"{place}/*") + glob.glob(f"{place}/census/*")
    ok(all(any(path.endswith(name) for path in written) for name in ("metrics.prom", "metrics-reduce.prom", "/err", "run.json", "/archive")), "what it wrote", written)
    same(files_with_token(place), [], "it is in none of that, nor in anything printed")


main(left_behind, second_host, in_records, where_to, foreign_folder, readable, core_dump, environment, in_memory, whole_job)
