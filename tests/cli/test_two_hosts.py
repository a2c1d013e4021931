# SPDX-License-Identifier: Apache-2.0
"""Two hosts, played by two network namespaces that one cable joins: one budget for the job or one for each, and a cable that is pulled.

Needs root and iproute2. Each namespace has its own host name, its own loopback, and the address 10.77.0.11 or .12; nothing of it can be reached
from outside. All that is started is ended: processes are those that run in the two namespaces, which are deleted.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

from tap import BUILD, ENV, SLOW, UNTIL, Hub, Run, crawl, differing, digest, main, ok, reduce, same, scratch, skip_all, wrapped

SIZE = ["--models", 60000, "--datasets", 12000, "--spaces", 12000, "--seed", 5, "--until", UNTIL]
NAMES = [f"hc{os.getpid()}a", f"hc{os.getpid()}b"]
ADDRESSES = ["10.77.0.11", "10.77.0.12"]
# A host that is gone is noticed within this many seconds, here; Open MPI's own defaults need about eight minutes.
KEEPALIVE = {"oob_tcp_keepalive_time": 4, "oob_tcp_keepalive_intvl": 2, "oob_tcp_keepalive_probes": 10}
NOTICED_S = 60
TOKEN = "hf_VHdvSG9zdHNPbmVUb2tlbg"
# What passes by on the cable until it is ended: packets, and those with the token (standard input) in them.
LISTENER = """
import signal, socket, sys
packets = found = 0
def end(*_):
    print(packets, found, flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
token = sys.stdin.buffer.read()
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("e0", 0))
print("listens", flush=True)
while True:
    found += token in s.recv(1 << 17)
    packets += 1
"""
WANT = None


def ip(*args):
    return subprocess.run(["ip", *args], capture_output=True, text=True, check=False)


class Hosts:
    """The two namespaces, as a context."""

    def __enter__(self):
        self.place = scratch()
        self.servers = []
        self.agent = f"{self.place}/agent"
        with open(self.agent, "w", encoding="utf-8") as f:
            f.write('#!/bin/bash\nhost=$1; shift\nunset HF_TOKEN\nexec ip netns exec "$host" unshare --uts bash -c "hostname $host; $*"\n')
        os.chmod(self.agent, 0o755)
        for name in NAMES:
            if ip("netns", "add", name).returncode:
                self.__exit__()
                skip_all("no network namespace can be made here")
        made = ip("link", "add", "e0", "netns", NAMES[0], "type", "veth", "peer", "name", "e0", "netns", NAMES[1])
        if made.returncode:
            self.__exit__()
            skip_all(f"no veth pair can be made here: {made.stderr.strip()}")
        for name, address in zip(NAMES, ADDRESSES):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "e0")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", "e0", "up")
        return self

    def __exit__(self, *exc):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            left = [int(pid) for name in NAMES for pid in ip("netns", "pids", name).stdout.split()]
            for pid in left:
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
            if left:
                time.sleep(1)
        for server in self.servers:
            server.wait()
            server.stdout.close()
        for name in NAMES:
            ip("netns", "del", name)

    def serve(self, host, *args):
        """A stand-in in one namespace. Returns its address and its log."""
        log = f"{self.place}/requests-{len(self.servers)}.log"
        command = ["ip", "netns", "exec", NAMES[host], f"{BUILD}/hubsim", *[str(a) for a in SIZE], "--log", log, *[str(a) for a in args]]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.servers.append(server)
        return server.stdout.readline().strip(), log

    def mpirun(self):
        keep = [word for k, v in KEEPALIVE.items() for word in ("--mca", k, str(v))]
        command = ["mpirun", "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", self.agent, "--host", ",".join(f"{n}:1" for n in NAMES)]
        return [*command, "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "e0", "--mca", "oob_tcp_if_include", "e0", "--mca", "mpi_yield_when_idle", "1", *keep]

    def listen(self):
        """At the first host's end of the cable. Returns the process."""
        p = subprocess.Popen(["ip", "netns", "exec", NAMES[0], sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.servers.append(p)
        p.stdin.write(TOKEN)
        p.stdin.close()
        p.stdout.readline()
        return p

    def start(self, *command, env=None):
        """A command on the first host. Returns the process."""
        text = " ".join(shlex.quote(str(word)) for word in command)
        env = {**ENV, "no_proxy": "*", "NO_PROXY": "*", "BUILD": os.path.abspath(BUILD), **(env or {})}
        self.err = f"{self.place}/err"
        with open(self.err, "w", encoding="utf-8") as err:
            return subprocess.Popen(
                ["ip", "netns", "exec", NAMES[0], "unshare", "--uts", "bash", "-c", f"hostname {NAMES[0]}; exec {text}"],
                stdout=err, stderr=err, stdin=subprocess.DEVNULL, env=env,
            )  # fmt: skip

    def crawl(self, url, folder, *args, wrap=True, env=None):
        """A crawl with a rank on each host. wrap=False where something befalls it some seconds on."""
        command = [*self.mpirun(), "--quiet", "-n", "2", os.path.abspath(f"{BUILD}/hubcrawl"), "--hub", url, "--until", UNTIL, *args, folder]
        return self.start(*(wrapped(command) if wrap else command), env=env)

    def census(self, url, folder, *args, mpirun=None):
        """The whole job, jobs/census, with a rank on each host, or as `mpirun` has it."""
        return self.start("jobs/census", "--mpirun", mpirun or " ".join(self.mpirun()), "--hub", url, f"--until={UNTIL}", *args, folder)

    def lose(self, host):
        """Everything on it is gone at once, as when its power fails; the other side's connections are reset."""
        for pid in ip("netns", "pids", NAMES[host]).stdout.split():
            os.kill(int(pid), signal.SIGKILL)

    def cable(self, state):
        ip("-n", NAMES[0], "link", "set", "e0", state)

    def said(self):
        with open(self.err, encoding="utf-8", errors="replace") as f:
            return f.read()


def finish(process, seconds):
    """The exit code, or None."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def statuses(log):
    with open(log, encoding="utf-8", errors="replace") as f:
        return [line.split(" ")[1] for line in f]


def by_rank(folder):
    """Do shards of both ranks lie there?"""
    names = os.listdir(f"{folder}/shards")
    return all(any(f"-r000{rank}-" in name for name in names) for rank in (0, 1))


def equal(folder, name):
    r = reduce(1, folder)
    ok(r.code == 0, f"{name}: reduced", r)
    if r.code == 0:
        same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], f"{name}: the census is the undisturbed one")


def undisturbed():
    global WANT
    folder = scratch()
    with Hub(*SIZE, "--quota", "0") as hub:
        c = crawl(1, hub.url, folder)
    r = reduce(1, folder)
    ok(c.code == 0 and r.code == 0, "the undisturbed census, on one host", c, r)
    WANT = digest(folder)


def one_budget(hosts):
    folder = f"{hosts.place}/job"
    url, log = hosts.serve(0, "--bind", ADDRESSES[0], "--quota", "40/2", "--latency", "50")
    code = finish(hosts.crawl(url, folder), 60 * SLOW)
    ok(code == 0, "one budget for the job: complete", code, hosts.said())
    same(statuses(log).count("429"), 0, "and no request was one too many")
    ok(by_rank(folder), "both hosts crawled")
    equal(folder, "one budget")


def two_budgets(hosts):
    """Each host has a Hub of its own on its loopback, so each address has its quota, as a Hub that counts addresses would have it. The token is in the
    environment of the first one alone."""
    folder = f"{hosts.place}/host"
    args = ["--port", "8077", "--token", TOKEN, "--token-quota", "20/2", "--latency", "50"]
    url, log = hosts.serve(0, *args)
    _, other = hosts.serve(1, *args)
    listener = hosts.listen()
    code = finish(hosts.crawl(url, folder, "--budget-scope", "host", env={"HF_TOKEN": TOKEN, "HF_HUB_DISABLE_IMPLICIT_TOKEN": ""}), 60 * SLOW)
    listener.terminate()
    packets, found = map(int, listener.stdout.readline().split())
    ok(code == 0 and "2 machines" in hosts.said(), "a budget for each host: complete", code, hosts.said())
    first, second = statuses(log), statuses(other)
    same((first + second).count("429"), 0, "and no request was one too many, on either")
    ok(min(len(first), len(second)) > 0.3 * max(len(first), len(second)), f"both spent their own: {len(first)} and {len(second)} requests")
    same([line.split(" ")[4] for path in (log, other) for line in open(path, encoding="utf-8")].count("no"), 0, "both with the token of the first host")
    ok(packets > 20 and found == 0, f"which went over the cable in none of {packets} packets as it is", found)
    equal(folder, "two budgets")


def pulled_for_a_while(hosts):
    folder = f"{hosts.place}/while"
    url, log = hosts.serve(0, "--bind", ADDRESSES[0], "--quota", "20/2", "--latency", "50")
    process = hosts.crawl(url, folder, wrap=False)
    early = finish(process, 4)
    before = len(statuses(log))
    hosts.cable("down")
    time.sleep(10)
    during = finish(process, 0.1)
    hosts.cable("up")
    code = finish(process, 60)
    ok(early is None and during is None and 0 < before < 90, f"the cable is pulled for 10 s after {before} requests", hosts.said())
    ok(code == 0, "then it goes on and completes", code, hosts.said())
    same(statuses(log).count("429"), 0, "and no request was one too many")
    equal(folder, "pulled for a while")


def pulled_for_good(hosts):
    folder = f"{hosts.place}/good"
    url, _ = hosts.serve(0, "--bind", ADDRESSES[0], "--quota", "20/2", "--latency", "50")
    process = hosts.crawl(url, folder, "--seal-rows", "2000", "--max-outage", "5s", wrap=False)
    early = finish(process, 4)
    hosts.cable("down")
    began = time.monotonic()
    code = finish(process, NOTICED_S)
    ok(early is None and code not in (None, 0), f"pulled for good: it ends after {time.monotonic() - began:.0f} s with exit code {code}", hosts.said())
    ok(len(os.listdir(f"{folder}/shards")) > 0, "with what was sealed")
    r = Run(["ip", "netns", "exec", NAMES[0], f"{BUILD}/hubcrawl", "--hub", url, folder], env={"no_proxy": "*", "NO_PROXY": "*"})
    ok(r.code == 0, "run again on one host it completes", r)
    equal(folder, "pulled for good")


def whole_job(hosts):
    folder = f"{hosts.place}/whole"
    url, log = hosts.serve(0, "--bind", ADDRESSES[0], "--quota", "40/2", "--latency", "50")
    code = finish(hosts.census(url, folder, "--ranks", "2"), 90)
    ok(code == 0 and by_rank(folder), "jobs/census over both hosts: complete", code, hosts.said())
    same(statuses(log).count("429"), 0, "and no request was one too many")
    with open(f"{folder}/run.json", encoding="utf-8") as f:
        same(json.load(f)["run"]["reduce"]["ranks"], 2, "reduced over both hosts")
    same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], "jobs/census: the census is the undisturbed one")


def node_lost(hosts):
    folder = f"{hosts.place}/lost"
    url, _ = hosts.serve(0, "--bind", ADDRESSES[0], "--quota", "20/2", "--latency", "50")
    process = hosts.census(url, folder, "--ranks", "2", "--seal-rows=2000")
    early = finish(process, 4)
    hosts.lose(1)
    began = time.monotonic()
    code = finish(process, NOTICED_S)
    said = hosts.said()
    ok(early is None and code == 4, f"a host is lost: the job ends after {time.monotonic() - began:.0f} s with exit code {code}", said)
    ok(said.count("census: error:") == 1 and "run the same command again" in said, "one line says so, and what to do", said)
    ok(not os.path.exists(f"{folder}/census.h5") and os.listdir(f"{folder}/shards"), "with what was sealed, and no census yet")
    code = finish(hosts.census(url, folder, "--ranks", "1", mpirun="mpirun"), 90)
    ok(code == 0, "run again on one host it completes", code, hosts.said())
    same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], "a host lost: the census is the undisturbed one")


def two_hosts():
    for scene in (whole_job, node_lost, one_budget, two_budgets, pulled_for_a_while, pulled_for_good):
        with Hosts() as hosts:
            scene(hosts)
    left = [name for name in re.findall(r"^\S+", ip("netns", "list").stdout, re.M) if name in NAMES]
    same(left, [], "the namespaces are gone")


if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
    skip_all("two network namespaces need root and iproute2")
with Hosts():  # or it is skipped
    pass
main(undisturbed, two_hosts)
