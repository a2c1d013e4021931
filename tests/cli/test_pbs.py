# SPDX-License-Identifier: Apache-2.0
"""The body of jobs/pbs/census.pbs, run by sh with the variables that PBS sets: stopped before its time is up, submitted again, finished. And a limit
of one's own, which ends a job of Slurm as well (the rest of that, tests/slurm/)."""

import os
import shutil

from tap import BUILD, ENV, PLAIN, UNTIL, WRAP, Hub, Run, crawl, differing, digest, main, ok, reduce, same, scratch

SIZE = ["--models", 30000, "--datasets", 3000, "--spaces", 3000, "--seed", 5, "--until", UNTIL]
# PBS is not in Debian. This stands for its command alone: it notes what is submitted; the test then runs that, as PBS would.
QSUB = '#!/bin/sh\necho "$CENSUS_START $*" >>"$SUBMITTED"\n'


def job(place, url, **knobs):
    with open(f"{place}/nodes", "w", encoding="utf-8") as f:
        f.write("node1\nnode1\n")
    env = {"PBS_O_WORKDIR": place, "PBS_NODEFILE": f"{place}/nodes", "PBS_JOBID": "17.server", "HF_ENDPOINT": url, "BUILD": os.path.abspath(BUILD)}
    env.update({"CENSUS_HOME": os.getcwd(), "CENSUS_OPTIONS": f"--until={UNTIL}", "SUBMITTED": f"{place}/submitted", "PATH": f"{place}/bin:{ENV['PATH']}"})
    env.update({f"CENSUS_{name.upper()}": str(value) for name, value in knobs.items()})
    return Run(["sh", f"{os.getcwd()}/jobs/pbs/census.pbs"], env=env, cwd="/")


def submitted(place):
    with open(f"{place}/submitted", encoding="utf-8") as f:
        return f.read().splitlines()


def command(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o755)


def census():
    place, want = scratch(), scratch()
    command(f"{place}/bin/qsub", QSUB)
    with Hub(*SIZE, "--quota", "20/3", "--pages-quota", 0, "--latency", 20) as hub:
        r = job(place, hub.url, walltime=5 if PLAIN or WRAP else 10, grace=2, qsub="-q long -A project")
        ok(r.code == 3 and "submitted again" in r.out, "stopped cleanly before its time was up", r)
        ok("job 17.server, start 1, 2 ranks on node1" in r.out and "jobs/census --mpirun mpirun --ranks 2" in r.out, "the log names job, ranks, nodes, command", r.out)
        same(submitted(place), [f"2 -V -q long -A project {os.getcwd()}/jobs/pbs/census.pbs"], "and submitted again, with its environment and the options for that")
        r = job(place, hub.url, start=2)
        ok(r.code == 0 and "start 2" in r.out and len(submitted(place)) == 1, "the next one finishes it and submits nothing", r)
    with Hub(*SIZE, "--quota", "0") as hub:
        ok(crawl(1, hub.url, want).code == 0 and reduce(1, want).code == 0, "the undisturbed census")
        os.remove(f"{place}/bin/qsub")
        command(f"{place}/stopped", "#!/bin/sh\nexit 3\n")
        r = job(place, hub.url, dir=f"{place}/small", launcher=f"{place}/stopped", options="--retries=0")
        ok(r.code == 3 and "run the same qsub again" in r.out, "where nothing can be submitted it says what to do", r)
        r = job(place, hub.url, walltime=180)
        same((r.code, r.out), (2, "census.pbs: error: CENSUS_GRACE (180 s) must be less than CENSUS_WALLTIME (180 s)\n"), "no time before it stops: one line")
        r = job(place, hub.url, home=f"{place}/nowhere")
        ok(r.code == 4 and "set CENSUS_HOME" in r.out, "without the programs it says so", r) if not shutil.which("hubcensus") else None
    same([d for d in differing(digest(f"{place}/census"), digest(want)) if d != "census.json"], [], "the census is the undisturbed one")


def limited():
    place = scratch()
    command(f"{place}/bin/qsub", QSUB)
    command(f"{place}/bin/scontrol", QSUB)
    command(f"{place}/bin/sbatch", "#!/bin/sh\n")
    command(f"{place}/stopped", "#!/bin/sh\nexit 3\n")
    slurm = {"SLURM_SUBMIT_DIR": place, "SLURM_JOB_ID": "17", "SLURM_NTASKS": "2", "SLURM_JOB_NODELIST": "node1", "SUBMITTED": f"{place}/submitted", "PATH": f"{place}/bin:{ENV['PATH']}"}
    slurm.update(CENSUS_HOME=os.getcwd(), CENSUS_LAUNCHER=f"{place}/stopped", BUILD=os.path.abspath(BUILD))
    for options, again in (("--retries=0", 1), ("--max-requests=4", 0), (f"--until={UNTIL} --max-time=1h", 0)):
        for name in ("pbs", "slurm"):
            command(f"{place}/submitted", "")
            if name == "pbs":
                r = job(place, "http://127.0.0.1:9", launcher=f"{place}/stopped", options=options)
            else:
                r = Run(["sh", f"{os.getcwd()}/jobs/slurm/census.sbatch"], env={**slurm, "CENSUS_OPTIONS": options}, cwd=place)
            said = r.out.count("again, for CENSUS_OPTIONS has a limit; run the same")
            ok(r.code == 3 and len(submitted(place)) == again == 1 - said, f"{name}, {options}: {'goes on' if again else 'ends there, and says so'}", r, submitted(place))


main(census, limited)
