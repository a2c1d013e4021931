# SPDX-License-Identifier: Apache-2.0
"""jobs/census: one census and a series of them; what a stop, a kill, a second call and retention leave."""

import datetime
import glob
import os
import re
import shutil
import signal
import subprocess
import time

import h5py

from tap import BUILD, ENV, Hub, Run, differing, digest, load, main, ok, same, scratch

SMALL = ["--models", 4000, "--datasets", 800, "--spaces", 800, "--until", "2026-11-01T00:00:00Z", "--quota", "0"]
PARTS = {**ENV, "BUILD": os.path.abspath(BUILD)}


def census(url, *args, **kw):
    return Run(["jobs/census", "--ranks", 2, "--hub", url, *args], env=PARTS, **kw)


def begin(url, *args):
    """The same, not waited for, in a process group of its own."""
    args = [str(a) for a in ("jobs/census", "--ranks", 2, "--hub", url, *args)]
    return subprocess.Popen(args, env=PARTS, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)


def ago(days):
    return f"{datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days)}"


def names(series):
    return sorted(n for n in os.listdir(series) if n[0].isdigit())


def today():
    return ago(0)


def wait_for(pattern, seconds=30):
    until = time.monotonic() + seconds
    while not glob.glob(pattern) and time.monotonic() < until:
        time.sleep(0.1)
    return bool(glob.glob(pattern))


def one_after_the_other():
    series = f"{scratch()}/series"
    with Hub(*SMALL) as hub:
        r = census(hub.url, "--series", series, "--max-requests=3", f"--until={ago(20)}")
        ok(r.code == 3 and names(series) == [f"{today()}.partial"], "a snapshot that stopped is marked so", r, names(series))
        ok(not os.path.lexists(f"{series}/latest"), "and is not the latest")
        r = census(hub.url, "--series", series)
        ok(r.code == 0 and names(series) == [today()] and "going on" in r.err, "the next call finishes it and begins no other", r, names(series))
        same(os.readlink(f"{series}/latest"), today(), "the latest")
        r = census(hub.url, "--series", series, f"--until={ago(16)}")
        ok(r.code == 0 and len(names(series)) == 2, "the call after that begins one", r, names(series))
        same(os.readlink(f"{series}/latest"), names(series)[-1], "which is then the latest")
        first, second = (digest(f"{series}/{n}") for n in names(series))
        differ = {key.split("/")[0] for key in differing(first, second)}
        ok(differ <= {"census.json", "windows", "figures", "snapshot", "changes"} and first["models/_id"] == second["models/_id"], "with the same repositories", differ)
        before = len(hub.requests())
        r = census(hub.url, "--series", series, "--every", 7)
        ok(r.code == 0 and "due in 7 days" in r.err and len(hub.requests()) == before, "no snapshot before it is due, and no request", r)
        for name in names(series):
            os.rename(f"{series}/{name}", f"{series}/{ago(20 if name == today() else 16)}")
        r = census(hub.url, "--series", series, "--every", 7)
        ok(r.code == 0 and names(series)[-1] == today(), "one is taken when it is due", r)
        ok("gap: no snapshot between" in r.err and "16 days" in r.err and r.err.count("gap:") == 1, "and the gap before it is told", r.err)
        with h5py.File(f"{series}/series.h5") as f:
            same(f["snapshots/state"].asstr()[:].tolist(), ["census", "census", "missing", "census"], "the gap is a gap in series.h5")
        last = load(f"{series}/latest")["figures"]["compare.previous"]
        ok(last["status"] == "ok" and len(last["value"]) == 1, "compared with the one before", last)
        late = ago(9)
        os.rename(f"{series}/{today()}", f"{series}/{late}.partial")
        r = census(hub.url, "--series", series, "--every", 7)
        ok(r.code == 0 and names(series)[-2:] == [late, today()], "a late one is finished, then the one that is due is taken", r, names(series))


def retention():
    """Against the same rules written in another way."""
    series = f"{scratch()}/series"
    with Hub(*SMALL) as hub:
        same(census(hub.url, "--kinds=spaces", "--series", series).code, 0, "a snapshot")
        model = f"{series}/{today()}"
        text = open(f"{model}/census.json", encoding="utf-8").read()
        days = [datetime.date.fromisoformat(today()) - datetime.timedelta(days=4 * i) for i in range(1, 60)]
        for i, day in enumerate(days):
            shutil.copytree(model, f"{series}/{day}")
            if i < 50:  # only the old ones are without gaps
                with open(f"{series}/{day}/census.json", "w", encoding="utf-8") as f:
                    f.write(text.replace('"complete": true', '"complete": false'))
        shutil.rmtree(model)
        rules = ["--kinds=spaces", "--series", series, "--keep", "3 weekly,4 monthly"]

        def stay(*always):
            want = set(always)
            for n, period in ((3, lambda d: d.isocalendar()[:2]), (4, lambda d: (d.year, d.month))):
                last = {period(day): day for day in sorted({*days, *always})}
                want |= set(sorted(last.values())[-n:])
            return want

        def planned(*more):
            plan = census(hub.url, "--dry-run", *rules, *more)
            return {datetime.date.fromisoformat(d) for d in re.findall(r"removes '.*/(.*)/shards'", plan.out)}, plan.err

        same(planned("--every", 9), (set(days) - stay(days[0], days[50]), ""), "the plan names those that would go where no snapshot is due")
        # The snapshot of today is then the last one, and without gaps.
        want = stay(datetime.date.fromisoformat(today()))
        same(planned("--every", 3), (set(days) - want, ""), "and where one is")
        same(len(glob.glob(f"{series}/2*/shards")), len(days), "and removes none")
        r = census(hub.url, "--every", 3, *rules)
        kept = {datetime.date.fromisoformat(p.split("/")[-2]) for p in glob.glob(f"{series}/2*/shards")}
        ok(r.code == 0 and kept == want, "the shards of the last of each week and month stay", r, sorted(kept ^ want))
        same(len(glob.glob(f"{series}/2*/census.h5")), len(days) + 1, "every census.h5 stays")
        gone = f"{series}/{next(d for d in days if d not in want)}"
        before = digest(gone)
        for program in ("hubreduce", "hubcrawl"):
            r = Run([f"{BUILD}/{program}", gone])
            ok(r.code == 2 and "were removed" in r.err, f"{program} leaves what has no shards any more alone", r)
        same(differing(before, digest(gone)), [], "and it is as it was")
        r = census(hub.url, "--kinds=spaces", "--filter=author=nobody", "--series", series)
        ok(r.code == 0 and "not compared" in r.err and "series.h5' was not made" in r.err, "what cannot be compared is taken all the same, and told", r)
    r = Run(["jobs/census", "--series", series, "--keep", "8 weeks"], env=PARTS)
    ok(r.code == 2 and "8 weekly" in r.err and r.err.count("\n") == 1, "a rule that is none is refused", r)


def nonsense():
    """What is no value is told in a line, before anything is begun: no Hub is there."""
    place = scratch()
    env = {**PARTS, "HF_ENDPOINT": "http://127.0.0.1:1"}
    jobs = os.path.abspath("jobs/census")
    numbers = {"--ranks": ("0", "000", "-1", "2x", "1e3", "1.5", " 2", "٣", "10001", "99999999999999999999"), "--retries": ("", "-1", "x", "99999999999"),
               "--every": ("0", "00", "-7", "7d", "0x7", "1.5", "36501", "99999999999999999999")}
    wrong = [(["--mpirun", "true", option, v, "--series", "s"], option) for option, values in numbers.items() for v in values]
    wrong += [([f"{option}=", "a"], option) for option in ("--ranks", "--mpirun", "--retries", "--orgs", "--topics", "--hub", "--series", "--every", "--keep", "--log-format", "--metrics-file")]
    wrong += [(["--series", "s", "--keep", v], "--keep") for v in ("", " ", "8", "0 weekly", "8 weeks", "8 weekly,", "8 weekly\n9 daily", "8 weekly\\n9 daily", "99999999999 weekly")]
    wrong += [(["--ranks", "2\n3", "a"], "'23'"), (["--ranks", "2\\n3", "a"], "'2\\n3'"), (["--dry-run=3", "a"], "takes no value"), (["--every", "7", "a"], "--series"), (["a", "b"], "too many"), ([""], "missing")]
    bad = []
    for args, words in wrong:
        r = Run([jobs, *args], env=env, cwd=place)
        if r.code != 2 or words not in r.err or r.err.count("\n") != 1 or r.out or os.listdir(place):
            bad += [str(r), os.listdir(place)]
    ok(not bad, f"{len(wrong)} values that are none: one line, exit code 2, and nothing is begun", *bad)
    r = Run([jobs, "--series", "s", "--kinds=nonsense"], env=env, cwd=place)
    ok(r.code == 2 and r.err.count("\n") == 1 and os.listdir(place) == [], "an option that hubcrawl refuses leaves no series behind", r, os.listdir(place))
    for option in ("--orgs", "--topics"):
        r = Run([jobs, option, "nowhere.csv", "a"], env=env, cwd=place)
        ok(r.code == 4 and "'nowhere.csv' cannot be read" in r.err and r.err.count("\n") == 1 and os.listdir(place) == [], f"{option} is looked for before the crawl", r)
    with open(f"{place}/file", "w", encoding="utf-8"):
        r = Run([jobs, "--series", "file"], env=env, cwd=place)
    ok(r.code == 4 and "'file': File exists" in r.err and r.err.count("\n") == 1, "a folder that is a file", r)
    with open(f"{place}/unread", "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nkill -PIPE $$\n")
    os.chmod(f"{place}/unread", 0o755)
    r = Run([jobs, "--mpirun", "./unread", "a"], env=env, cwd=place)
    ok(r.code == 4 and "nobody reads what the crawl prints" in r.err and r.err.count("\n") == 1, "mpirun ended by SIGPIPE, which is no kill", r)
    os.makedirs(f"{place}/locked/.census.lock")  # nothing can be written there, by root neither
    for args in (["locked"], ["--series", "locked"]):
        r = Run([jobs, *args], env=env, cwd=place)
        ok(r.code == 4 and "cannot write into 'locked'; see to its permissions" in r.err and r.err.count("\n") == 1, f"a folder that cannot be written into: {args[0]}", r)
    os.makedirs(f"{place}/s/{today()}")
    for name in ("census.h5", "census.json"):
        with open(f"{place}/s/{today()}/{name}", "w", encoding="utf-8") as f:
            f.write("{}")
    r = Run([jobs, "--ranks", "02", "--retries=00", "--every", "08", "--series", "s"], env=env, cwd=place)
    ok(r.code == 0 and "due in 8 days" in r.err and r.err.count("\n") == 1, "numbers with leading zeros are decimal", r)


def stopped_and_killed():
    place = scratch()
    with Hub(*SMALL, "--latency", 400) as hub:
        slow = ["--in-flight=1", "--seal-time=200ms"]
        one = begin(hub.url, *slow, f"{place}/one")
        ok(wait_for(f"{place}/one/shards/*.h5"), "a crawl has begun")
        r = census(hub.url, f"{place}/one")
        ok(r.code == 2 and "another call works on" in r.err and r.err.count("\n") == 1, "a second call at the same time is refused", r)
        one.send_signal(signal.SIGUSR1)
        said = one.communicate(timeout=40)[1]
        ok(one.returncode == 3 and "try" not in said, "a signal stops it cleanly, and it is not tried again", one.returncode, said)
        r = census(hub.url, f"{place}/one")
        same(r.code, 0, "the next call goes on")
        two = begin(hub.url, *slow, "--series", f"{place}/two")
        ok(wait_for(f"{place}/two/*/shards/*.h5"), "a snapshot of a series has begun")
        os.killpg(two.pid, signal.SIGKILL)
        two.communicate()
        r = census(hub.url, "--series", f"{place}/two")
        ok(r.code == 0 and names(f"{place}/two") == [today()], "killed with all that belongs to it: the next call finishes it", r)
        a, b = digest(f"{place}/one"), digest(f"{place}/two/latest")
        same([a[f"{k}/_id"] for k in ("models", "datasets", "spaces")], [b[f"{k}/_id"] for k in ("models", "datasets", "spaces")], "and nothing is lost")
    r = census("http://127.0.0.1:9", "--retries=0", "--max-outage=1s", "--series", f"{place}/none")
    ok(r.code not in (0, 5) and names(f"{place}/none") == [], "where no Hub was, no snapshot was begun", r, names(f"{place}/none"))


def elsewhere():
    """Programs that are not in build/ of the checkout: built into another folder, and installed."""
    place = scratch()
    for at in ("built", "prefix/bin", "prefix/share/hubcensus"):
        os.makedirs(f"{place}/{at}")
    for program in ("hubcrawl", "hubreduce"):
        for at in ("built", "prefix/bin"):
            shutil.copy(f"{BUILD}/{program}", f"{place}/{at}")
    for table in ("orgs", "topics"):
        shutil.copy(f"jobs/{table}.csv", f"{place}/prefix/share/hubcensus")
    for script in ("census", "report"):
        shutil.copy(f"jobs/{script}", f"{place}/prefix/bin/{'hubcensus' if script == 'census' else 'hubcensus-report'}")
    with Hub(*SMALL) as hub:
        r = Run(["jobs/census", "--ranks", 2, "--hub", hub.url, f"{place}/a"], env={**PARTS, "BUILD": f"{place}/built"})
        ok(r.code == 0, "built elsewhere, the tables of the checkout are found", r)
        r = Run([f"{place}/prefix/bin/hubcensus", "--ranks", 2, "--hub", hub.url, f"{place}/b"], env={"BUILD": ""}, cwd=place)
        ok(r.code == 0, "installed, those that were installed are", r)
    for name in ("hubcensus", "hubcensus-report"):
        r = Run([f"{place}/prefix/bin/{name}"])
        ok(r.code == 2 and r.err.startswith(f"{name}: error: ") and r.err.endswith(f"; see '{name} --help'\n"), f"{name} is called so", r)
    a, b = load(f"{place}/a")["figures"], load(f"{place}/b")["figures"]
    same(a["growth.orgs"]["value"], b["growth.orgs"]["value"], "they are the same")


# Snapshots are named by the day: let it not change in between.
left = 86400 - time.time() % 86400
if left < 240:
    time.sleep(left + 1)
main(one_after_the_other, retention, nonsense, stopped_and_killed, elsewhere)
