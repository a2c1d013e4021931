# SPDX-License-Identifier: Apache-2.0
"""The discovery of accounts against a synthetic graph: what is sealed is the truth to the account, whatever the ranks, restarts and accidents."""

import collections
import glob
import json
import os
import re
import shutil
import signal
import stat
import time
import urllib.request

import h5py

from accounts import FOLLOWERS, MEMBERS, figures, read, wanted
from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, Run, crawl, differences, differing, digest, free_port, main, mpi, ok, same, scratch, skip, spawn

ALL = ["--kinds", "models,datasets,spaces,users"]
POPULATION = ["--models", 200, "--datasets", 60, "--spaces", 60, "--users", 1500]
FREE = ["--quota", "0/300"]
CENSUS = {}  # by the number of ranks
PORT = free_port()  # of hubs whose censuses are compared: a census names its Hub


def truth(*args):
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *args])
    return json.loads(r.out)["accounts"]


def hub(*args):
    return Hub(*POPULATION, *FREE, *args)


def asked(hub, pattern=r"/(followers|following|members|likers|overview)(\?|$)"):
    """How often each page of a list was asked for."""
    return collections.Counter(r[3] for r in hub.requests() if re.search(pattern, r[3]))


def matches(folder, want, name):
    got = read(folder)
    diff = list(differences(figures(got[0]), wanted(want)))
    ok(not diff, name, *diff)
    return got


def facts(accounts):
    """Without the refused: which lists an unknown account was tried for depends on the order of asking."""
    return {key: (a.name, a.oid, a.type, a.sources, a.done, a.followers) for key, a in accounts.items()}


def census_of(folder, ranks):
    """The census's bytes."""
    r = mpi(ranks, "hubreduce", "--quiet", folder)
    ok(r.code == 0, f"hubreduce on {ranks} ranks", r)
    return digest(folder)


def every_rank_count():
    want = truth(*POPULATION)
    digests = {}
    for n in (1, 2, 3, 5):
        with hub("--port", PORT) as h:
            folder = f"{scratch()}/census"
            r = crawl(n, h.url, folder, *ALL)
            ok(r.code == 0 and "every list was asked" in r.out, f"all accounts on {n} ranks", r)
            got = matches(folder, want, f"{n} ranks: types, sources, captures, years, owners are the truth to the account")
            digests[n] = facts(got[0])
            pages = asked(h)
            ok(max(pages.values()) == 1, f"{n} ranks: every page was asked once", pages.most_common(3))
            same(sum(pages.values()), got[3]["requests"], "requests as counted are those that the server saw")
            same(json.load(open(f"{folder}/users.json"))["accounts"], want["observable"]["all"], "users.json")
            CENSUS[n] = census_of(folder, n)
            same(differing(CENSUS[n], CENSUS[1]), [], f"{n} ranks: the same bytes of census.json and census.h5")
            if n == 2:
                spelled(got[0])
                again(h, folder)
    same(len({repr(sorted(d.items())) for d in digests.values()}), 1, "1, 2, 3 and 5 ranks know the same of every account")


def spelled(accounts):
    twice = [k for k in accounts if k != k.lower()]
    ok(not twice and any(a.name != a.name.lower() for a in accounts.values()), "two letter cases are one account", twice[:3])
    settled = sum(a.type > 0 for a in accounts.values())
    same(settled, len(accounts), "every account is a user or an organisation")


def again(h, folder):
    before = len(h.requests())
    r = crawl(2, h.url, folder)
    ok(r.code == 0 and "is complete" in r.out, "again: it is complete", r)
    same(len(h.requests()), before, "and nothing is asked")
    r = mpi(1, "hubreduce", folder)
    ok(r.code == 0, "hubreduce takes the folder", r)


def shown(h, before):
    """Who is in the pages that the server sent so far, asked for again; and in the repositories' ids."""
    names = set()
    for status, path in {(r[1], r[3]) for r in h.requests()[:before]}:
        if status != "200" or not re.search(r"/api/(models|datasets|spaces)\?|/(followers|following|members|likers|overview)(\?|$)", path):
            continue
        with urllib.request.urlopen(h.url + path) as reply:
            page = json.load(reply)
        rows = page["orgs"] if isinstance(page, dict) else page
        names |= {r["id"].split("/")[0] if "/" in r.get("id", "") else r.get("user") or r["name"] for r in rows}
    return {n.lower() for n in names}


def a_budget():
    """With a budget for a part: what is counted is what was shown."""
    with hub() as h:
        folder = f"{scratch()}/census"
        r = crawl(2, h.url, folder, *ALL, "--user-requests", 150)
        ok(r.code == 0 and "request limit" in r.out, "150 requests for accounts", r)
        same(sum(asked(h).values()), 150, "the server saw 150")
        few = read(folder)
        seen = len(few[0])
        ok(200 < seen < truth(*POPULATION)["observable"]["all"], f"{seen} accounts, not all")
        same(json.load(open(f"{folder}/users.json"))["accounts"], seen, "users.json counts what is sealed")
        before = len(h.requests())
        same(set(few[0]) ^ shown(h, before), set(), "they are exactly those whom the lists that were asked show")
        again = len(h.requests()) - before
        mine = collections.Counter(r[3] for r in h.requests()[before:])
        ok(sum(mine.values()) == again, "asked for again by the test")
        r = crawl(3, h.url, folder, "--user-requests", 150)
        ok(r.code == 0 and sum((asked(h) - mine).values()) == 150, "the same limit again asks nothing", r)
        r = crawl(3, h.url, folder, "--user-requests", 400)
        ok(r.code == 0 and sum((asked(h) - mine).values()) == 400, "a larger one goes on", r)
        for args in ([], ["--audit", 1], ["--audit", 1, "--user-requests", 300]):
            r = crawl(2, h.url, folder, *args)
            ok(r.code == 0 and sum((asked(h) - mine).values()) == 400 and "a larger --user-requests goes on" in r.err, f"it is complete, and left alone: {args}", r)
        ok(set(few[0]) <= set(read(folder)[0]), "nothing that was known is lost")
        r = crawl(1, h.url, folder, "--max-requests", 40, "--user-requests", 460)
        ok(r.code == 3 and "goes on" in r.out and sum((asked(h) - mine).values()) == 440, "--max-requests stops with 3", r)
        r = crawl(2, h.url, folder)
        ok(r.code == 0 and sum((asked(h) - mine).values()) == 460, "run again without either it goes on to the limit that it had", r)
        r = crawl(2, h.url, folder, "--user-requests", "1G")
        ok(r.code == 0, "without an end to it, to the end", r)
        matches(folder, truth(*POPULATION), "in five sessions: the truth")
        ok(max((asked(h) - mine).values()) == 1, "every page was asked once")


def stop_signal():
    with hub("--latency", "5") as h:
        folder = f"{scratch()}/census"
        p = start(2, h.url, folder)
        wait_for(lambda: len(glob.glob(f"{folder}/shards/users-*")) > 3, p)
        began = time.time()
        p.send_signal(signal.SIGUSR1)
        code = p.wait(30 * SLOW)
        ok(code == 3 and time.time() - began < 10 * SLOW, f"SIGUSR1: exit {code} after {time.time() - began:.1f} s")
        r = crawl(3, h.url, folder)
        ok(r.code == 0, "and on", r)
        matches(folder, truth(*POPULATION), "after a signal: the truth")
        ok(max(asked(h).values()) == 1, "every page was asked once")


def start(n, url, folder, *args):
    return spawn([*MPIRUN, "-n", n, f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, *ALL, "--seal-rows", "60", "--in-flight", "4", *args, folder])


def wait_for(condition, p):
    for _ in range(3000 * SLOW):
        if condition() or p.poll() is not None:
            return
        time.sleep(0.01)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(x) for x in f.read().split()]


def kill(p):
    """The ranks and mpirun, with SIGKILL."""
    for pid in [*children(p.pid), p.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    p.wait()


def killed(*args):
    """Crawl, kill three times with other numbers of ranks, and go on to the end. The folder."""
    folder = f"{scratch()}/census"
    deaths = 0
    with hub("--port", PORT, "--latency", "3") as h:
        for n, shards in ((2, 6), (3, 16), (1, 26)):
            p = start(n, h.url, folder, *args)
            wait_for(lambda m=shards: len(glob.glob(f"{folder}/shards/users-*.h5")) >= m, p)
            deaths += p.poll() is None
            kill(p)
        ok(deaths == 3, f"killed {deaths} times, {len(glob.glob(f'{folder}/shards/users-*.h5'))} shards so far")
        r = crawl(5, h.url, folder)
        ok(r.code == 0, "the fourth run ends it", r)
    return folder


def three_kills():
    folder = killed()
    got = matches(folder, truth(*POPULATION), "after three kills: the truth")
    with hub() as h:
        whole = f"{scratch()}/census"
        crawl(1, h.url, whole, *ALL)
        same(facts(got[0]), facts(read(whole)[0]), "and the same of every account as without")
    same(differing(census_of(folder, 2), CENSUS[1]), [], "and the same bytes of census.json and census.h5")


def private_lists():
    with hub() as h:
        folder = f"{scratch()}/census"
        crawl(2, h.url, folder, *ALL)
        accounts = read(folder)[0]
        refused = sum(a.type == 2 and a.refused >> MEMBERS & 1 for a in accounts.values())
        served = sum(r[1] == "403" for r in h.requests())
        ok(refused == served > 0, f"{refused} lists of members are private, and that is no error")


def vanishing():
    args = ["--fault", "vanish@20%"]
    want = truth(*POPULATION, *args)
    with hub(*args) as h:
        folder = f"{scratch()}/census"
        r = crawl(2, h.url, folder, *ALL)
        ok(r.code == 0, "accounts that are gone are no error", r)
        accounts = read(folder)[0]
        diff = list(differences({k: v for k, v in figures(accounts).items() if k in ("by_source", "owners")}, {k: v for k, v in wanted(want).items() if k in ("by_source", "owners")}))
        ok(not diff, f"{want['vanished']} accounts vanish: the sources are the truth", *diff)
        gone = sum(bool(a.refused >> FOLLOWERS & 1) for a in accounts.values() if a.type == 1)
        ok(gone > 20, f"{gone} users whose followers are gone")


def accidents():
    """Errors, broken replies, hostile elements: asked again, or refused and counted."""
    faults = [x for f in ("504@2%", "truncate@2%", "not-json@2%", "reset@1%", "poison@2%", "duplicate@5%") for x in ("--fault", f)]
    with hub(*faults) as h:
        folder = f"{scratch()}/census"
        r = crawl(2, h.url, folder, *ALL)
        ok(r.code in (0, 5), "with accidents", r)
        got = read(folder)
        missing = set()
        with hub() as quiet:
            whole = f"{scratch()}/census"
            crawl(1, quiet.url, whole, *ALL)
            missing = set(read(whole)[0]) ^ set(got[0])
        ok(not missing, "the same accounts", sorted(missing)[:5])
        ok(got[3]["refused"] > 10, f"{got[3]['refused']} elements refused")


def quota():
    """429s and a quota: the users share the job's budget."""
    with Hub(*POPULATION, "--quota", "150/3") as h:
        folder = f"{scratch()}/census"
        r = crawl(2, h.url, folder, *ALL, "--user-requests", 200)
        ok(r.code == 0, "with 150 requests in 3 seconds", r)
        limited = sum(x[1] == "429" for x in h.requests())
        same(limited, 0, "no reply was a 429")


def later():
    """Accounts are added to a census that is complete; one without them knows nothing of them."""
    with hub() as h:
        folder = f"{scratch()}/census"
        r = crawl(1, h.url, folder)
        ok(r.code == 0 and not glob.glob(f"{folder}/shards/users-*"), "a census without accounts", r)
        before = len(h.requests())
        r = crawl(2, h.url, folder, "--kinds", "users", "--user-requests", 50)
        ok(r.code == 0 and "users" in json.load(open(f"{folder}/snapshot.json"))["kinds"], "--kinds users later", r)
        same(len(h.requests()) - before, 50, "asks for accounts alone")
        r = crawl(1, h.url, f"{scratch()}/census", "--kinds", "users")
        ok(r.code == 2 and "through repositories" in r.err, "but not without repositories", r)


def dry_run():
    with hub() as h:
        r = mpi(1, "hubcrawl", "--hub", h.url, *ALL, "--user-requests", 1000, "--dry-run")
        ok(r.code == 0 and re.search(r"at best +26000 requests", r.out) and re.search(r"every list +39000000 requests", r.out) and re.search(r"--user-requests +1000 requests", r.out), "--dry-run says what accounts take", r)
        ok(len(h.requests()) <= 6, "and asks no more for it")


def known():
    """Accounts of an earlier census start the next one."""
    with hub() as h:
        first, second = f"{scratch()}/census", f"{scratch()}/census"
        crawl(2, h.url, first, *ALL)
        r = mpi(2, "hubreduce", "--quiet", first)
        ok(r.code == 0, "an earlier census", r)
        with h5py.File(f"{first}/census.h5") as f:
            if "users" not in f or "name" not in f["users"]:
                skip("--known", "this hubreduce writes no accounts")
                return
        r = crawl(3, h.url, second, *ALL, "--user-requests", 1, "--known", first)
        a, b = read(first)[0], read(second)[0]
        ok(r.code == 0 and set(a) == set(b), "all of them are known after one request", r, len(a), len(b))
        ok(all(x.sources >> 7 & 1 and x.type == a[k].type and x.oid == a[k].oid for k, x in b.items()), "with their types and _ids, as seen earlier")
        r = crawl(1, h.url, f"{scratch()}/census", *ALL, "--known", "/nowhere")
        ok(r.code == 4 and "/nowhere" in r.err, "a census that is not there", r)


def hashes():
    """--no-user-names: the same counts, and no name in what is kept."""
    want = truth(*POPULATION)
    folder = killed("--no-user-names")
    got = matches(folder, want, "hashes after three kills: the truth, years too")
    ok(got[4] and all(re.fullmatch("[0-9a-f]{32}", k) for k in got[0]), "32 digits instead of names")
    ok(not os.path.exists(f"{folder}/users.private"), "the names that the crawl needed are gone")
    key = f"{folder}/users.key"
    same(stat.S_IMODE(os.stat(key).st_mode), 0o600, "the key is its owner's alone")
    named = set()
    with hub() as h:
        whole = f"{scratch()}/census"
        crawl(2, h.url, whole, *ALL)
        named = {a.name.encode() for a in read(whole)[0].values() if len(a.name) > 6}
    leaks = [n for p in glob.glob(f"{folder}/shards/users-*.h5") for data in [open(p, "rb").read().lower()] for n in named if n.lower() in data]
    same(leaks, [], f"none of {len(named)} names is in a shard of accounts")
    with h5py.File(glob.glob(f"{folder}/shards/users-*.h5")[0]) as f:
        same(f["sketch"].shape, (16384,), "the registers are kept")
    r = mpi(1, "hubcrawl", folder)
    ok(r.code == 0 and "is complete" in r.out, "complete", r)
    os.remove(key)
    r = mpi(1, "hubcrawl", "--forget", write("Ada\n"), folder)
    ok(r.code == 2 and "destroyed" in r.err, "without the key nobody finds a name", r)


def write(text):
    path = f"{scratch()}/names"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def bytes_of(folder):
    """Every file and what is in it, when it was written."""
    return {os.path.join(at, f): (os.stat(os.path.join(at, f)).st_mtime_ns, open(os.path.join(at, f), "rb").read()) for at, _, files in os.walk(folder) for f in files if f != ".lock"}


def not_forgotten(folder, name):
    """What --forget does not do: with --dry-run it counts, beside what it does not heed it refuses, and files that are no list of names are not read."""
    before = bytes_of(folder)
    r = Run([f"{BUILD}/hubcrawl", "--dry-run", "--forget", write(f"{name}\nnobody-at-all\n"), folder])
    ok(r.code == 0 and "1 of 2 accounts" in r.out and "nothing was written" in r.out, "--dry-run --forget counts", r)
    for option in ("--audit=3", "--from-archive=/nowhere", "--kinds=foo", "--hub=http://127.0.0.1:9", "--archive"):
        r = Run([f"{BUILD}/hubcrawl", option, "--forget", write(f"{name}\n"), folder])
        ok(r.code == 2 and f"leave out {option.split('=')[0]}" in r.err, f"{option} beside --forget: exit 2", r)
    large = f"{scratch()}/names"
    with open(large, "w", encoding="ascii") as f:
        os.truncate(f.fileno(), 65 << 20)
    for path, says in ((scratch(), "Is a directory"), ("/dev/zero", "no file"), (large, "larger than 64 MB")):
        r = Run([f"{BUILD}/hubcrawl", "--forget", path, folder])
        ok(r.code == 2 and says in r.err and len(r.err.splitlines()) == 1, f"--forget={path}: {says}", r)
    r = Run(["sh", "-c", f"head -c 70000000 /dev/zero | {BUILD}/hubcrawl --forget=/dev/stdin {folder}"])
    ok(r.code == 2 and "larger than 64 MB" in r.err, "a pipe of 70 MB: exit 2", r)
    ok(bytes_of(folder) == before, "and not a byte was written")
    r = Run(["sh", "-c", f"echo nobody-at-all | {BUILD}/hubcrawl --forget=/dev/stdin {folder}"])
    ok(r.code == 0 and "0 of 1 accounts" in r.out, "a pipe with a name", r)


def forgetting():
    with hub() as h:
        for extra in ([], ["--no-user-names"]):
            folder = f"{scratch()}/census"
            crawl(2, h.url, folder, *ALL, "--seal-rows", 500, *extra)
            before = read(folder)[0]
            if not extra:
                names = sorted(a.name for a in before.values())
                not_forgotten(folder, names[0])
            gone = names[::97]
            r = mpi(1, "hubcrawl", "--forget", write("\n".join([gone[0].upper(), *gone[1:], "  nobody-at-all  ", ""])), folder)
            ok(r.code == 0 and f"{len(gone)} of {len(gone) + 1} accounts" in r.out and "hubreduce" in r.out, f"{len(gone)} forgotten {' '.join(extra)}", r)
            after = read(folder)[0]
            same(len(before) - len(after), len(gone), "so many are missing")
            if not extra:
                same(set(before) - set(after), {g.lower() for g in gone}, "these")
                data = b"".join(open(p, "rb").read().lower() for p in glob.glob(f"{folder}/shards/users-*"))
                ok(not [g for g in gone if len(g) > 8 and re.search(rb"[^a-z0-9-]" + g.lower().encode() + rb"[^a-z0-9-]", data)], "and not a byte of them is left")
    r = mpi(1, "hubcrawl", "--forget", write("../x\n"), folder)
    ok(r.code == 2 and "line 1" in r.err, "a line that is no name", r)
    r = mpi(1, "hubcrawl", "--forget", write("x\n"), scratch())
    ok(r.code == 2 and "no census with accounts" in r.err, "a folder that is no census", r)


def damaged():
    with hub() as h:
        folder = f"{scratch()}/census"
        crawl(2, h.url, folder, *ALL, "--user-requests", 60)
        path = sorted(glob.glob(f"{folder}/shards/users-*.h5"))[0]
        data = bytearray(open(path, "rb").read())
        data[len(data) // 2] ^= 1
        open(path, "wb").write(data)
        before = sum(asked(h).values())
        r = crawl(2, h.url, folder)
        ok(r.code == 0 and "is damaged: set aside" in r.err and os.path.basename(path) in r.err, "a damaged shard is set aside, and what it held is asked anew", r)
        ok(0 < sum(asked(h).values()) - before <= 60 and "request limit" in r.out, "with no more requests than it had", r)
        r = crawl(2, h.url, folder, "--user-requests", "1G")
        matches(folder, truth(*POPULATION), "and is the truth")
        shutil.rmtree(folder)
    # Of a list with many pages some are in one shard and its end is in a later one.
    with Hub("--models", 60, "--datasets", 20, "--spaces", 20, "--users", 3000, *FREE) as h:
        folder = f"{scratch()}/census"
        crawl(2, h.url, folder, *ALL, "--seal-rows", 200)
        want = facts(read(folder)[0])
        begun = []
        for path in sorted(glob.glob(f"{folder}/shards/users-*.h5")):
            with h5py.File(path) as f:
                if 0 in f["lists/state"][:].tolist():
                    begun.append(path)
        ok(begun, f"{len(begun)} shards with a list that had begun")
        with open(begun[0], "r+b") as f:
            f.seek(os.path.getsize(begun[0]) // 2)
            f.write(b"damage")
        r = crawl(3, h.url, folder)
        ok(r.code == 0 and "count on what is damaged" in r.err, "one is damaged: what counts on it is set aside with it", r)
        got = facts(read(folder)[0])
        same([k for k in want if got.get(k) != want[k]][:5], [], "and all is known again of every account")


main(every_rank_count, a_budget, stop_signal, three_kills, private_lists, vanishing, accidents, quota, later, dry_run, known, hashes, forgetting, damaged)
