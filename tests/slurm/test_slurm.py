# SPDX-License-Identifier: Apache-2.0
"""The batch jobs on a real Slurm of one node (`make check-slurm`, about four minutes): stopped by the time limit, preempted without a word, by mpirun and
by srun, and the cluster section of the README, line by line.

Slurm's time limits are whole minutes and it looks at them every 30 s, so this takes its time.
"""

import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from slurm import Slurm, missing
from tap import BUILD, ENV, UNTIL, Hub, Run, crawl, differing, digest, load, main, ok, reduce, same, scratch, skip, skip_all

SIZE = ["--models", 60000, "--datasets", 12000, "--spaces", 12000, "--seed", 5, "--until", UNTIL]
HOME = os.getcwd()
PLACE = scratch()
JOB = f"{HOME}/jobs/slurm/census.sbatch"
WANT = None


def environment(hub, **knobs):
    """sbatch's environment: the knobs, and the stand-in in the place of the Hub."""
    env = {**ENV, "HF_ENDPOINT": hub.url, "BUILD": os.path.abspath(BUILD), "CENSUS_HOME": HOME}
    env.update({f"CENSUS_{name.upper()}": str(value) for name, value in knobs.items()})
    return [f"--export=ALL,{','.join(f'{k}={v}' for k, v in env.items() if k.startswith(('CENSUS', 'HF_E', 'BUILD')))}"]


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def starts(text):
    return re.findall(r"job (\d+), start (\d+), (\d+) ranks on (\S+)", text)


def wait_for(condition, seconds):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.2)
    return condition()


def equal(folder, name):
    """Is it the undisturbed census?"""
    same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], f"{name}: the census is the undisturbed one")


def statuses(hub):
    return [r[1] for r in hub.requests()]


def shard_ranks(folder):
    return {re.search(r"-r(\d+)-", name)[1] for name in os.listdir(f"{folder}/shards") if name.endswith(".h5")}


def undisturbed():
    global WANT
    folder = scratch()
    with Hub(*SIZE, "--quota", "0") as hub:
        c = crawl(1, hub.url, folder)
    r = reduce(1, folder)
    ok(c.code == 0 and r.code == 0, "the undisturbed census", c, r)
    WANT = digest(folder)


def time_limit(slurm):
    folder, log = f"{PLACE}/limit", f"{PLACE}/limit.log"
    with Hub(*SIZE, "--quota", "6/8", "--pages-quota", 0, "--latency", 50) as hub:
        knobs = environment(hub, dir=folder, options=f"--until={UNTIL}")
        job = slurm.submit("--ntasks=2", "--time=1", "--signal=B:USR1@10", f"--output={log}", *knobs, JOB)
        state = slurm.until(job, 420)
        text = read(log)
        same(state, "COMPLETED", "the time limit: the job completes")
        same(statuses(hub).count("429"), 0, "and no request was one too many")
    at = starts(text)
    ok(len(at) >= 3 and [int(a[1]) for a in at] == list(range(1, len(at) + 1)), f"after {len(at) - 1} stops by the time limit", text)
    same(text.count("ended with exit code 3"), len(at) - 1, "each of them clean")
    ok(slurm.host in at[0][3] and at[0][2] == "2", "the log names nodes and ranks", at[:1])
    ok("slurm-wlm " in text and "mpirun (Open MPI)" in text and f"{HOME}/jobs/census --mpirun mpirun --ranks 2" in text, "versions and the command", text)
    equal(folder, "the time limit")


def preempted(slurm):
    folder, log = f"{PLACE}/preempted", f"{PLACE}/preempted.log"
    with Hub(*SIZE, "--quota", "10/2", "--pages-quota", 0, "--latency", 50) as hub:
        knobs = environment(hub, dir=folder, options=f"--until={UNTIL},--seal-time=1s".replace(",", " "))
        job = slurm.submit("--ntasks=2", f"--output={log}", *knobs, JOB)
        began = wait_for(lambda: os.path.isdir(f"{folder}/shards") and os.listdir(f"{folder}/shards"), 60)
        urgent = slurm.submit("--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 2")
        over = slurm.until(urgent, 60)
        state = slurm.until(job, 180)
    text = read(log)
    ok(began and over == "COMPLETED" and state == "COMPLETED", "preempted with no time to stop: the job is queued again and completes", began, over, state, text)
    ok(len(starts(text)) == 2 and "exit code 3" not in text, "it had indeed no time", text)
    equal(folder, "preempted")


def by_srun(slurm):
    if "pmix" not in slurm.run("srun", "--mpi=list").out:
        skip("srun starts the ranks", "this Slurm has no PMIx plugin")
        return
    folder, log = f"{PLACE}/srun", f"{PLACE}/srun.log"
    with Hub(*SIZE, "--quota", "20/2", "--pages-quota", 0, "--latency", 50) as hub:
        knobs = environment(hub, dir=folder, launcher="srun", options=f"--until={UNTIL}")
        job = slurm.submit("--ntasks=2", f"--output={log}", *knobs, JOB)
        began = wait_for(lambda: len(hub.requests()) > 20, 60)
        # What --signal sends before the time limit.
        slurm.run("scancel", "--batch", "--signal=USR1", job)
        state = slurm.until(job, 180)
        text = read(log)
        ok(began and state == "COMPLETED" and text.count("ended with exit code 3") == 1, "srun: stopped by the signal, queued again, completed", state, text)
        same(shard_ranks(folder), {"0000", "0001"}, "srun: both ranks crawled")
        equal(folder, "srun")
        job = slurm.submit("--ntasks=2", f"--output={log}.2", *environment(hub, dir=f"{folder}2", launcher="srun", mpi="pmi9"), JOB)
        state = slurm.until(job, 60)
        ok(state == "FAILED" and "error: srun of this Slurm knows no '--mpi=pmi9'; use" in read(f"{log}.2"), "a PMI that Slurm does not have: one line", read(f"{log}.2"))
        r = slurm.run("srun", "--quiet", "--mpi=none", "-n", "2", f"{BUILD}/hubcrawl", "--hub", hub.url, f"{folder}3")
        lines = [line for line in r.err.splitlines() if not line.startswith("srun:")]
        ok(r.code == 2 and len(lines) == 1 and "hubcrawl: error: srun gave its 2 tasks no PMI" in lines[0], "tasks without a PMI: one line", r)
        ok(not os.path.exists(f"{folder}3"), "and no folder")


def finish_all(slurm, seconds):
    """All jobs' ends: number to state."""
    wait_for(lambda: not slurm.run("squeue", "-h", "-o", "%A").out.split(), seconds)
    states = slurm.run("scontrol", "-o", "show", "jobs").out
    return {m[1]: m[2] for m in re.finditer(r"^JobId=(\d+) .*?JobState=(\S+)", states, re.M)}


def checkout(name):
    """A folder in which the README's lines run as in a checkout."""
    place = f"{PLACE}/{name}"
    os.mkdir(place)
    for part in ("jobs", BUILD):
        os.symlink(os.path.abspath(part), f"{place}/{os.path.basename(part)}")
    return place


def readme(slurm):
    with open("README.md", encoding="utf-8") as f:
        blocks = re.findall(r"<!-- test: skip needs Slurm.*? -->\n```sh\n(.*?)```", f.read(), re.S)
    ok(len(blocks) >= 3, f"{len(blocks)} blocks of the README are for Slurm")
    place = checkout("readme")
    before = finish_all(slurm, 10)
    with Hub(*SIZE, "--quota", "0") as hub:
        for block in blocks:
            r = slurm.run("bash", "-e", "-c", block, cwd=place, more={"HF_ENDPOINT": hub.url})
            ok(r.code == 0, f"README: {block.strip().splitlines()[0]}", r)
        states = {job: state for job, state in finish_all(slurm, 120).items() if job not in before}
    logs = "".join(read(f"{place}/hubcensus-{job}.log") for job in states)
    ok(len(states) == len(blocks) and set(states.values()) == {"COMPLETED"}, "and their jobs complete", states, logs)
    for folder in ("slurm-census", "srun-census", "slurm-series/latest"):
        same(load(f"{place}/{folder}")["figures"]["totals.models"]["value"], 60000, f"README: {folder}")
    say = Run(["jobs/census", "--help"]).out
    with open("README.md", encoding="utf-8") as f:
        text = f.read()
    for script in ("jobs/slurm/census.sbatch", "jobs/pbs/census.pbs"):
        knobs = set(re.findall(r"\$\{(CENSUS_[A-Z]+):-", read(script))) - {"CENSUS_START"}
        same([k for k in sorted(knobs) if f"`{k}`" not in text], [], f"every knob of {script} stands in the README")
    ok(all(option in say for option in ("--series", "--every", "--keep")), "and those of jobs/census in its help")


def nightly(slurm):
    """The lines of snapshots.scron as scrontab would run them, which Debian's Slurm does not have: its options, then its command, submitted twice."""
    with open("jobs/slurm/snapshots.scron", encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f]
    options = [line[len("#SCRON ") :] for line in lines if line.startswith("#SCRON ")]
    jobs = [line for line in lines if line and not line.startswith("#")]
    at = re.fullmatch(r"([\d*/,-]+ ){5}(.+)", jobs[0])
    ok(len(jobs) == 1 and at, "one line, with a time and a command", jobs)
    place = f"{PLACE}/nightly"
    os.mkdir(place)
    os.symlink(checkout("nightly-checkout"), f"{place}/hubcensus")
    with Hub(*SIZE, "--quota", "0") as hub:
        for night in (1, 2):
            r = slurm.run("sbatch", *options, f"--wrap={at[2]}", cwd=place, more={"HOME": place, "HF_ENDPOINT": hub.url})
            ok(r.code == 0, f"night {night}: submitted", r)
            states = finish_all(slurm, 90)
            ok(set(states.values()) <= {"COMPLETED", "FAILED"} and states, f"night {night}: over", states, read(f"{place}/hubcensus-nightly.log"))
            if night == 1:
                asked = len(hub.requests())
        same(len(hub.requests()), asked, "the second night nothing was due, and nothing asked")
    names = sorted(os.listdir(f"{place}/hub-series")) if os.path.isdir(f"{place}/hub-series") else []
    ok(len([n for n in names if n[0].isdigit()]) == 1 and "latest" in names, "one snapshot", names)


def main_tests():
    with Slurm(PLACE, ENV) as slurm:
        for test in (readme, nightly, by_srun, preempted, time_limit):
            test(slurm)


if missing():
    skip_all(f"'{missing()}' is not there")
if os.geteuid() != 0:
    skip_all("the daemons of Slurm need root")
main(undisturbed, main_tests)
