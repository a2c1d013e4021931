# SPDX-License-Identifier: Apache-2.0
"""The count of accounts, from the lists to census.json: every number against the stand-in's own, and the interval of the lower bound.

A few seeds here; `test_users_figures.py 100` takes a hundred (make soak).
"""

import glob
import json
import os
import re
import sys

import h5py
import numpy as np

from tap import BUILD, UNTIL, Hub, Run, crawl, diag, differences, differing, digest, load, main, ok, reduce, same, scratch

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
USERS = 4000
KINDS = ["--kinds", "models,datasets,spaces,users", "--quiet"]
FIGURES = ["--quiet", "--figures", "totals"]
SOURCES = {"owner": "owners", "member": "members", "organisation_follower": "organization_followers", "follower": "followers", "following": "following", "overview": "overview", "liker": "likers"}
CAPTURE = ["--graph", "independent", "--capture", "20%"]


def population(*more):
    return [*more, "--models", 1500, "--datasets", 300, "--spaces", 300, "--users", USERS, "--until", UNTIL]


def accounts(*args):
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *args])
    if r.code:
        raise RuntimeError(str(r))
    return json.loads(r.out.replace('"organization"', '"organisation"'))["accounts"]


def one(folder, pop, *args, ranks=1):
    """The figures of one census of the population."""
    with Hub(*pop, "--quota", 0) as hub:
        c = crawl(ranks, hub.url, folder, *KINDS, *args)
        r = reduce(ranks, folder, *FIGURES)
    if c.code not in (0, 3) or r.code:
        raise RuntimeError(f"{c}\n{r}")
    return load(folder)["figures"]


def known(value):
    """Without the column of unknown types, of which there is none where everything was asked."""
    return {k: {t: n for t, n in v.items() if t not in ("unknown", "only")} for k, v in value.items()}


def every_number():
    """All lists asked: the figures are the stand-in's truth, on any number of ranks."""
    pop, folder = population("--graph", "dependent", "--seed", 5, "--fault", "vanish@1%"), scratch()
    f, t = one(folder, pop, ranks=2), accounts(*pop)
    v = f["totals.users"]["value"]
    same(f["totals.users"]["status"], "ok", "every list was asked")
    same(v["owners"], t["owners"], "namespaces that own a repository")
    same({k: n for k, n in v["observed"].items() if k != "unknown"}, t["observable"], "accounts observed, by type")
    ok(v["observed"]["unknown"] <= t["vanished"], "unknown are at most those that vanished", v)
    same(list(differences(known(f["totals.users.by_year"]["value"]), t["by_year"])), [], "by year of _id")
    got = f["totals.users.by_source"]["value"]
    same({k: got[k]["all"] for k in SOURCES}, {k: t["by_source"][s]["accounts"] for k, s in SOURCES.items()}, "by source")
    history = {str(k): 0 for k in range(1, 8)}
    for sources, n in f["totals.users.captures"]["value"].items():
        history[str(len(sources.split("+")))] += n["user"]
    same(history, t["captures"], "captures of users, by the number of sources")
    ok(v["at_least"]["point"] <= t["population"]["user"], "lists that depend on each other: the bound is not above the truth", v)
    ok(f["totals.users.at_least"]["status"] == "partial", "… and it says that they do", f["totals.users.at_least"])
    want = digest(folder)
    for ranks in (1, 3):
        ok(reduce(ranks, folder, *FIGURES).code == 0, f"reduce on {ranks} ranks")
        same(differing(digest(folder), want), [], "… gives the same bytes")
    rows(folder, v)


def rows(folder, v):
    """The columns of /users, as h5py and the notebook's helper read them."""
    with h5py.File(f"{folder}/census.h5") as f:
        u = f["users"]
        names, ids, types = u["name"].asstr()[:], u["_id"].asstr()[:], u["labels/type"].asstr()[:][u["type"][:]]
        years, registers = u["created_year"][:], f["sketches/users"][:]
        seed = f["sketches/users"].attrs["seed"]
    place = [(i == "", i, n.lower()) for i, n in zip(ids, names)]
    ok(len(names) == v["observed"]["all"] and place == sorted(place), "/users is in order of _id, those without it last")
    same(len({n.lower() for n in names}), len(names), "every name is there once, whatever its letter case")
    same({t: int((types == t).sum()) for t in v["observed"] if t != "all"}, {t: n for t, n in v["observed"].items() if t != "all"}, "type")
    want = np.array([1970 + (np.datetime64(int(i[:8], 16), "s").astype("M8[Y]").astype(int)) if i else -1 for i in ids])
    ok((years == want).all(), "created_year is that of the _id")
    ok(seed == 0x68756263656E7375 and len(registers) == 1 << 14 and 0 < registers.max() <= 51, "registers of the sketch")
    sys.path.insert(0, "jobs/notebook")
    import hubcensus

    frame = hubcensus.open(f"{folder}/census.h5").users(columns=["name", "type", "sources", "followers"])
    ok(len(frame) == len(names) and frame["sources"].astype(str).str.contains("liker").sum() > 100, "as a data frame", frame.head())


def damaged():
    """A shard of accounts in which a byte has changed: told, and not counted."""
    pop, folder = population("--graph", "dependent", "--seed", 8), scratch()
    one(folder, pop, "--user-requests", 100)
    r = reduce(2, folder, "--verify")
    ok(r.code == 0, "--verify: every shard is as it was sealed", r)
    path = sorted(glob.glob(f"{folder}/shards/users-*.h5"))[0]
    with open(path, "r+b") as f:
        f.seek(-100, os.SEEK_END)
        byte = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte[0] ^ 1]))
    r = reduce(2, folder, "--verify")
    ok(r.code == 4 and os.path.basename(path) in r.out, "… and names one that is not", r)
    r = reduce(2, folder, *FIGURES)
    ok(r.code == 4 and os.path.basename(path) in r.err, "the reduce names it and ends", r)


def budget():
    """A part of the lists: what is missing is said, and counted."""
    pop, folder = population("--graph", "dependent", "--seed", 6), scratch()
    f, t = one(folder, pop, "--user-requests", 150), accounts(*pop)
    total, lists = f["totals.users"], f["totals.users.lists"]["value"]
    left = sum(n["not_asked"] + n["unfinished"] for n in lists.values())
    ok(total["status"] == "partial" and f"{left} of" in total["why"], "lists that were not asked are counted", total["status"], total.get("why"), lists)
    ok(left > 0 and total["value"]["observed"]["all"] <= t["observable"]["all"], "no more accounts than there are", total["value"])
    ok(total["value"]["at_least"]["point"] <= t["population"]["user"], "the bound is not above the truth", total["value"])
    sorts = f["totals.users.occasions"]["value"].values()
    ok({x["counts"] for x in sorts} == {False, True} and all((x["users"] is None) == (x["only"] is None) == (not x["counts"]) for x in sorts), "whom a sort that does not count showed is not told", sorts)
    with Hub(*pop, "--quota", 0) as hub:
        ok(crawl(1, hub.url, folder, *KINDS, "--kinds", "models,users").code == 2, "another census is another folder")


def hashes():
    """Hashes for names: the same counts and the same sketch."""
    pop, a, b = population("--graph", "dependent", "--seed", 7), scratch(), scratch()
    f, g = one(a, pop), one(b, pop, "--no-user-names")
    same(list(differences(f, g)), [], "--no-user-names: the same figures")
    with h5py.File(f"{a}/census.h5") as x, h5py.File(f"{b}/census.h5") as y:
        ok((x["sketches/users"][:] == y["sketches/users"][:]).all(), "… and the same registers")
        ok("_id" not in y["users"] and y["users"].attrs["key_id"] and all(len(n) == 32 for n in y["users/name"][:]), "… without names and _id")


def parts(pop, ranks=1):
    """The figures with all requests, a third and a tenth of them."""
    folder = scratch()
    yield "all lists", one(folder, pop, ranks=ranks)
    with open(f"{folder}/users.json", encoding="utf-8") as f:
        requests = json.load(f)["requests"]
    for name, part in (("a third of the requests", 3), ("a tenth of the requests", 10)):
        yield name, one(scratch(), pop, "--user-requests", requests // part, ranks=ranks)


def holds(x, truth):
    return x["low"] is not None and x["low"] <= truth <= x["high"]


def intervals():
    """Lists that are independent: the interval holds the truth."""
    held = {}
    for seed in range(1, SEEDS + 1):
        for name, f in parts(population(*CAPTURE, "--seed", seed), 1 + seed % 3):
            x = f["totals.users"]["value"]["at_least"]
            held[name] = held.get(name, 0) + holds(x, USERS)
            if not holds(x, USERS):
                diag(f"seed {seed}, {name}: {x}, {f['totals.users.at_least'].get('why')}")
    for name, n in held.items():
        ok(n >= (0.9 * SEEDS if SEEDS >= 50 else SEEDS - 1), f"independent lists, {name}: {n} of {SEEDS} intervals hold the truth")


def dependence():
    """Lists that depend on each other: below the truth, and it says so."""
    below, said, runs = 0, 0, 0
    for seed in range(1, (SEEDS if SEEDS >= 50 else 2) + 1):
        pop = population("--graph", "dependent", "--seed", seed)
        truth = accounts(*pop)["population"]["user"]
        for name, f in parts(pop, 1 + seed % 3):
            x, why = f["totals.users"]["value"]["at_least"], f["totals.users.at_least"].get("why", "")
            good = (x["low"] if x["low"] is not None else x["point"]) <= truth and x["point"] <= truth, bool(re.search("independent|depend|too few", why))
            runs, below, said = runs + 1, below + good[0], said + good[1]
            if not all(good):
                diag(f"seed {seed}, {name}: {x} of {truth}: {why}")
    same((below, said), (runs, runs), f"dependent lists: below the truth, and it says so, in all of {runs} runs")


def many():
    """A million users, a few requests: as in the small ones."""
    for graph, requests in (("dependent", 2000), ("dependent", 20000), ("dependent", 200000), ("independent", 100000)):
        pop = ["--graph", graph, "--models", 20000, "--datasets", 5000, "--spaces", 5000, "--users", 1000000, "--until", UNTIL]
        f, t = one(scratch(), pop, "--user-requests", requests, "--budget", "1000000000/300", "--burst", ranks=2), accounts(*pop)
        x, v, truth = f["totals.users.at_least"], f["totals.users"]["value"]["observed"], t["population"]["user"]
        low, point = x["value"]["low"], x["value"]["point"]
        diag(f"{graph}, {requests} requests: {v['user']} of {truth} users observed; {x}")
        if graph == "independent":
            # One draw: a 95 % interval would miss the truth in every twentieth run, one twice as wide in none that anybody sees.
            wide = {"low": 2 * low - point, "high": 2 * x["value"]["high"] - point}
            ok(holds(wide, truth), f"a million users, independent, {requests} requests: the truth is within twice the interval", x, truth)
        else:
            ok((point if low is None else low) <= point <= truth and x["status"] == "partial" and re.search("independent|depend|too few", x["why"]), f"a million users, dependent, {requests} requests: below the truth, and it says so", x, truth)


if SEEDS < 50:
    main(every_number, damaged, budget, hashes, intervals, dependence)
else:
    main(intervals, dependence, many)
