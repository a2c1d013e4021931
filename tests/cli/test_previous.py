# SPDX-License-Identifier: Apache-2.0
"""A census beside earlier ones (hubreduce --previous): one synthetic Hub at three moments, every figure against the stand-in's own plain loop."""

import csv
import io
import os
import shutil
from datetime import datetime, timedelta, timezone

import h5py
import numpy as np

from forge import bomb, replace, stamp, swell, twice
from nasty import RSS_MB, measured, rss
from tap import BUILD, RECORDED, UNTIL, Hub, Run, differences, differing, digest, load, main, mpi, ok, reduce, same, scratch, skip, truth, value

POPULATION = ["--models", 6000, "--datasets", 1800, "--spaces", 1800, "--users", 1600, "--seed", 21, "--until", UNTIL, "--edits", 77]
AGO = {"now": 0, "two": 2, "five": 5}  # weeks before UNTIL
FIGURES = ("compare.repositories", "compare.counters", "compare.orgs", "compare.geography", "compare.sectors")
SCRATCH = scratch()
PORT = []


def time(weeks):
    return (datetime(2026, 11, 22, tzinfo=timezone.utc) - timedelta(weeks=weeks)).strftime("%Y-%m-%dT%H:%M:%SZ")


def folder(name):
    return f"{SCRATCH}/{name}"


def take(name, weeks, *args, population=POPULATION, codes=(0,), ranks=2):
    """A census of the Hub as it was then. A Hub is its address: all of them answer at the same one, one after the other."""
    with Hub(*population, "--ago", weeks, "--quota", "0", "--port", PORT[0] if PORT else 0) as hub:
        if not PORT:
            PORT.append(hub.url.rsplit(":", 1)[1])
        c = mpi(ranks, "hubcrawl", "--hub", hub.url, "--until", time(weeks), "--burst", *args, folder(name))
    ok(c.code in codes, f"the Hub {weeks} weeks before: crawled", c)


def compare(n, name, *previous, codes=(0,)):
    r = reduce(n, folder(name), *[p if p.startswith("--") else f"--previous={p}" for p in previous])
    ok(r.code in codes, f"{name} on {n} ranks beside {len(previous)} earlier", r)
    return r


def three():
    for name, weeks in AGO.items():
        take(name, weeks)
    for name in ("two", "five"):
        ok(reduce(2, folder(name)).code == 0, f"reduce {name}")


def every_figure():
    r = compare(2, "now", folder("two"), f"{folder('five')}/census.h5", "--format=csv")
    got = load(folder("now"))
    summary(r.out, got)
    want = truth(*POPULATION, "--since", 2, "--since", 5)
    for key in FIGURES:
        diff = list(differences(value(got, key), want[key]["value"]))
        ok(not diff and got["figures"][key]["status"] == "ok", key, f"{len(diff)} differences", *diff[:10])
    for key in ("engagement.weeks", "engagement.half_peak"):
        diff = list(differences(value(got, key)["differences"], want[key]["value"]["differences"]))
        ok(not diff and got["figures"][key]["status"] == "ok", f"{key}, from differences", f"{len(diff)} differences", *diff[:10])
    same({n: x["t0"] for n, x in value(got, "compare.previous").items()}, {"1": time(2), "2": time(5)}, "1 is the latest")
    for key in ("totals.models", "totals.by_period", "concentration.sum", "growth.orgs", "lineage.derivatives"):
        same(list(differences(value(got, key), want[key]["value"])), [], f"{key}: as without --edits")


def summary(text, got):
    """The report on stdout says the same."""
    shown = {(r["row"], r["column"]): r["value"] for r in csv.DictReader(io.StringIO(text, newline="")) if r["section"] == f"Since {time(2)}"}
    for kind, x in value(got, "compare.repositories")["1"].items():
        names = {"new": "new", "gone": "gone", "renamed": "renamed", "of those, to another owner": "transferred"}
        same({n: shown.get((n, kind)) for n in names}, {n: str(x[m]) for n, m in names.items()}, f"the summary's {kind}")
    made = value(got, "compare.counters")["1"]["models"]["downloads_all_time"]["made"]
    same(shown[("downloads made", "models")], str(made), "and downloads made")


def known_edits():
    """The edits are there at all, each kind of them."""
    got = load(folder("now"))
    for number, kinds in value(got, "compare.repositories").items():
        for kind, x in kinds.items():
            none = [fate for fate in ("new", "published", "gone", "renamed", "transferred") if x[fate] == 0]
            ok(not none and x["unknown_new"] == x["unknown_gone"] == 0, f"{kind} since {number}: some of each", x)
            same(x["before"] + x["new"] - x["gone"], x["now"], "before and after add up")
    for kinds in value(got, "compare.counters").values():
        for kind, counters in kinds.items():
            for counter, x in counters.items():
                ok(x["falling"] > 0 > x["decrease"] and x["rising"] > 0, f"{kind}: {counter} up and down", x)
    for org, kinds in value(got, "compare.orgs")["1"].items():
        for x in kinds.values():
            if x["now"] != x["before"] + x["new"] + x["joined"] - x["gone"] - x["left"]:
                ok(False, f"{org} adds up", x)
    models = [x["models"] for x in value(got, "compare.orgs")["2"].values() if "models" in x]
    ok(sum(x["joined"] for x in models) > 0 and sum(x["left"] for x in models) > 0, "organisations gain and lose by moves")
    ok(any(x["new"] != x["created"] for x in models), "the growth that createdAt tells is another one")


def changes():
    """/changes against the rows of both files."""
    with h5py.File(f"{folder('two')}/census.h5") as f, h5py.File(f"{folder('now')}/census.h5") as g:
        same(g["changes"].attrs["since"], time(2).encode() if isinstance(g["changes"].attrs["since"], bytes) else time(2), "since the latest")
        for kind in ("models", "datasets", "spaces"):
            then, now = (dict(zip(x[f"{kind}/_id"].asstr()[:], x[f"{kind}/id"].asstr()[:])) for x in (f, g))
            want = []
            for oid in sorted(set(then) | set(now)):
                a, b = then.get(oid, ""), now.get(oid, "")
                if a != b:
                    owner = [x.split("/")[0].lower() for x in (a, b)]
                    want.append((oid, "new" if not a else "gone" if not b else "renamed" if owner[0] == owner[1] else "transferred", a, b))
            got = g[f"changes/{kind}"]
            same(list(zip(*[got[c].asstr()[:] for c in ("_id", "change", "id_before", "id")])), want, f"{kind}: {len(want)} changes")


def every_rank_count():
    want = digest(folder("now"))
    for n, args in ((1, ("two", "five")), (3, ("five", "two")), (5, ("two", "five"))):
        compare(n, "now", *[folder(a) for a in args])
        same(differing(digest(folder("now")), want), [], f"the same bytes on {n} ranks, in any order of --previous")


def gap():
    """Where a census has a gap, what lies there is unknown in the other: as its /windows say."""
    take("gaps", 2, "--max-requests", 7, "--seal-rows", 500, codes=(3,), ranks=1)
    ok(reduce(1, folder("gaps")).code == 5, "an earlier census with gaps")
    compare(3, "now", folder("gaps"))
    got = load(folder("now"))
    same(got["figures"]["compare.repositories"]["status"], "partial", "the comparison says that it is partial")
    expect_unknown(got, "gaps", "now")
    take("later", 0, "--max-requests", 7, "--seal-rows", 500, codes=(3,), ranks=1)
    compare(3, "later", folder("two"), codes=(5,))
    expect_unknown(load(folder("later")), "two", "later")


def expect_unknown(got, before, after):
    with h5py.File(f"{folder(before)}/census.h5") as f, h5py.File(f"{folder(after)}/census.h5") as g:

        def holes(x, kind):
            w = [x[f"windows/{c}"].asstr()[:] for c in ("kind", "lo", "hi", "state")]
            return [(lo, hi) for k, lo, hi, state in zip(*w) if k == kind and state != "covered"]

        def is_in(spans, oid):
            return any(lo < oid <= hi for lo, hi in spans)

        total = 0
        for kind in ("models", "datasets", "spaces"):
            then, now = (set(x[f"{kind}/_id"].asstr()[:]) for x in (f, g))
            hole_then, hole_now = holes(f, kind), holes(g, kind)
            appeared, lost = now - then, then - now
            x = value(got, "compare.repositories")["1"][kind]
            unknown = sum(is_in(hole_then, o) for o in appeared), sum(is_in(hole_now, o) for o in lost)
            same((x["unknown_new"], x["unknown_gone"]), unknown, f"{kind}: unknown")
            same((x["new"], x["gone"]), (len(appeared) - unknown[0], len(lost) - unknown[1]), f"{kind}: neither new nor gone")
            total += sum(unknown)
        ok(total > 100, f"{total} repositories lie in the gaps")


def without():
    r = reduce(2, folder("now"))
    figures = load(folder("now"))["figures"]
    ok(r.code == 0 and all(figures[k]["status"] == "not available" and "--previous" in figures[k]["why"] for k in FIGURES), "without --previous: not available, and why")
    same(sorted(figures["engagement.weeks"]["value"]), ["cross_section"], "and engagement from one census")


def refused():
    """What cannot be compared: one line, exit 2."""
    cases = [
        (folder("nowhere"), "nowhere"),
        (SCRATCH, "census.h5"),
        (folder("now"), "not before this census"),
    ]
    for path, word in cases:
        one_line(alone("now", path), 2, word)
    one_line(alone("two", folder("now")), 2, "not before")
    one_line(reduce(2, folder("now"), "--previous", folder("two"), "--previous", folder("two")), 2, "both of")
    with Hub(*POPULATION, "--ago", 5, "--quota", "0") as hub:
        mpi(1, "hubcrawl", "--hub", hub.url, "--until", time(5), "--burst", "--kinds=spaces", folder("other-hub"))
    reduce(1, folder("other-hub"))
    one_line(alone("now", folder("other-hub")), 2, "another Hub")
    take("filtered", 5, "--filter=tag=region:eu", "--kinds=models")
    reduce(1, folder("filtered"))
    one_line(alone("now", folder("filtered")), 2, "other filters")


def alone(name, previous):
    """On one rank without mpirun, which takes a second to start."""
    return Run([f"{BUILD}/hubreduce", f"--previous={previous}", folder(name)])


def one_line(r, code, word):
    lines = [line for line in r.err.splitlines() if "error" in line]
    ok(r.code == code and len(r.err.splitlines()) == 1 and len(lines) == 1 and word in r.err, f"refused: {word}", r)


def some_kinds():
    """An earlier census that takes fewer kinds."""
    take("models", 5, "--kinds=models")
    ok(reduce(1, folder("models")).code == 0, "an earlier census of models alone")
    compare(2, "now", folder("models"))
    x = load(folder("now"))["figures"]["compare.repositories"]
    ok(sorted(x["value"]["1"]) == ["models"] and x["status"] == "partial" and "datasets" in x["why"], "only models are compared, and it says so", x)


def untold():
    """A counter that one of the two censuses does not have: no difference of it, and why; what is known of the other stays."""
    left_out = "--fields=-downloads,-downloads_all_time,-likes"
    take("then-bare", 2, left_out, ranks=1)
    take("now-bare", 0, left_out, ranks=1)
    take("now-recent", 0, population=[*POPULATION, "--no-all-time"], ranks=1)
    ok(reduce(1, folder("then-bare")).code == 0, "an earlier census without counters")
    cases = [  # now, then, why, counters that lack on which side
        ("now-bare", "two", "was not asked for", ("downloads", "downloads_all_time", "likes"), "now"),
        ("now", "then-bare", "an earlier census has no ", ("downloads", "downloads_all_time", "likes"), "then"),
        ("now-recent", "two", "the Hub served no downloadsAllTime for ", ("downloads_all_time",), "now"),
    ]
    compare(1, "now", folder("two"))
    whole = value(load(folder("now")), "compare.counters")["1"]
    for now, then, why, lacking, side in cases:
        r = compare(1, now, folder(then))
        f = load(folder(now))["figures"]
        for key in ("compare.counters", "compare.orgs"):
            ok(f[key]["status"] == "partial" and why in f[key]["why"], f"{now} beside {then}: {key} is partial, and says why", f[key].get("why"))
        for key in ("compare.geography", "compare.sectors"):
            ok(f[key]["status"] == "not available" and why in f[key]["why"] and "value" not in f[key], f"{now} beside {then}: {key} is not available, and says why", f[key])
        wrong = [path for path, got, want in expected(f["compare.counters"]["value"]["1"], whole, lacking, side) if got != want]
        same(wrong, [], f"{now} beside {then}: what is known of the counters, and null for what is not")
        told = {m for kinds in f["compare.orgs"]["value"]["1"].values() for x in kinds.values() for m in ("downloads", "likes") if x.get(m) is not None}
        same(told, {"likes"} - set(lacking), f"{now} beside {then}: organisations have made what is known")
        lines = [line.split() for line in r.out.splitlines() if line.strip().startswith("downloads made")]
        same([line[-3:-1] for line in lines], [["-", "-"]], f"{now} beside {then}: the summary does not know the downloads made")
    f = load(folder("now"))["figures"]  # beside then-bare
    same(f["engagement.weeks"]["status"], "partial", "nor are there differences by age")
    ok("differences" not in f["engagement.weeks"]["value"] and f["engagement.half_peak"]["value"]["differences"]["week"] is None, "of which none is told", f["engagement.half_peak"])


def expected(got, whole, lacking, side):
    """Each number of compare.counters, and what it must be."""
    still = {"then": {"of_created", "of_new"}, "now": {"of_gone"}}[side]
    for kind, counters in whole.items():
        for counter, leaf in counters.items():
            for member, number in leaf.items():
                if counter in lacking:
                    number = 0 if member == "repositories" else number if member in still else None
                yield f"{kind}/{counter}/{member}", got[kind][counter].get(member, "missing"), number


def forged(name, change):
    path = f"{SCRATCH}/forged-{name}.h5"
    shutil.copy(f"{folder('two')}/census.h5", path)
    with h5py.File(path, "r+") as f:
        change(f)
    stamp(path)
    return path


def hostile():
    good = f"{folder('two')}/census.h5"
    two = h5py.File(good, "r")
    ids, names, likes = (two[f"models/{c}"][:] for c in ("_id", "id", "likes"))
    two.close()
    secret = f"{SCRATCH}/secret"
    with open(secret, "wb") as f:
        f.write(b"root:x:0:0" * 20000)

    def external(f):
        del f["models/likes"]
        f.create_dataset("models/likes", shape=likes.shape, dtype="i8", external=[(secret, 0, likes.nbytes)])

    def link(f):
        f.create_group("more")["likes"] = h5py.ExternalLink(good, "/models/likes")

    def among_many(f):  # a group of more than eight links keeps one of this kind in a heap, with the others
        del f["models/likes"]
        f["models/likes"] = h5py.ExternalLink(good, "/models/likes")

    def soft(f):
        del f["models/likes"]
        f["models/likes"] = h5py.SoftLink("/datasets/likes")

    def virtual(f):
        del f["models/likes"]
        layout = h5py.VirtualLayout(shape=likes.shape, dtype="i8")
        layout[:] = h5py.VirtualSource(good, "models/likes", shape=likes.shape)
        f.create_virtual_dataset("models/likes", layout)

    swapped = ids.copy()
    swapped[[10, 4000]] = swapped[[4000, 10]]
    negative = likes.copy()
    negative[5] = -7
    cases = {
        "an external link": link,
        "links in a heap": among_many,
        "a soft link": soft,
        "external storage": external,
        "a virtual dataset": virtual,
        "claims more than the file holds": bomb,
        "does not ascend": lambda f: replace(f, "models/_id", swapped),
        "has a value that is none": lambda f: replace(f, "models/_id", np.array([b"z" * 24] * len(ids))),
        "created after t0": lambda f: replace(f, "models/_id", np.array(list(ids[:-1]) + [b"f" * 24])),
        "has a negative value": lambda f: replace(f, "models/likes", negative),
        "has another length": lambda f: replace(f, "models/id", names[:-1]),
        "has another type": lambda f: replace(f, "models/id", likes),
        "is missing": lambda f: f.__delitem__("models/id"),
        "windows": lambda f: replace(f, "windows/lo", np.array([b"0"] * len(f["windows/lo"]))),
        "quarantine": lambda f: f.__delitem__("quarantine"),
        "does not tell its rows": lambda f: f["models"].attrs.modify("rows", -5),
        "no census.h5": lambda f: f.attrs.__delitem__("hub"),
        "another schema": lambda f: f.attrs.modify("schema", 99),
    }
    for i, (word, change) in enumerate(cases.items()):
        one_line(alone("now", forged(i, change)) if i else reduce(3, folder("now"), "--previous", forged(i, change)), 4, word)
    swollen = measured(f"--previous={forged('swollen', lambda f: swell(f, 'models/id'))}", folder("now"), program="hubreduce")
    one_line(swollen, 4, "cannot be read")
    ok(rss(swollen) < RSS_MB, f"a chunk that inflates to 1 GB is not: {rss(swollen)} MB")
    one_line(alone("now", forged("twice", lambda f: twice(f, "models/id"))), 4, "a filter twice")
    damaged = f"{SCRATCH}/damaged.h5"
    size = os.path.getsize(good)
    for at in (0, 300, 600, size // 2):
        shutil.copy(good, damaged)
        with open(damaged, "r+b") as f:
            f.seek(at)
            byte = f.read(1)
            f.seek(at)
            f.write(bytes([byte[0] ^ 0x41]))
        one_line(alone("now", damaged), 4, "damaged")
    for size in (0, size // 2):
        shutil.copy(good, damaged)
        os.truncate(damaged, size)
        one_line(alone("now", damaged), 4, "damaged")
    plain = forged("plain", lambda f: None)
    ok(reduce(2, folder("now"), "--previous", plain).code == 0, "the forger's hand alone breaks nothing")


def recorded():
    """The same with real metadata, edited by the stand-in."""
    if not os.path.exists(f"{RECORDED}/known.json"):
        skip("recorded metadata", f"'{RECORDED}' is not there")
        return
    population = ["--replay", RECORDED, "--edits", 5, "--until", UNTIL]
    take("real-then", 3, population=population)
    take("real-now", 0, population=population)
    reduce(1, folder("real-then"))
    compare(3, "real-now", folder("real-then"))
    got, want = load(folder("real-now")), truth(*population, "--since", 3)
    for key in FIGURES:
        diff = list(differences(value(got, key), want[key]["value"]))
        ok(not diff, f"recorded: {key}", f"{len(diff)} differences", *diff[:10])
    for key in FIGURES[1:]:
        ok(got["figures"][key]["status"] != "ok" and "downloadsAllTime" in got["figures"][key]["why"], f"recorded: {key} says that there is no lifetime counter", got["figures"][key].get("why"))


if not Run([f"{BUILD}/hubsim", "--help"]).code == 0:
    raise SystemExit("hubsim is not there")
main(three, every_figure, known_edits, changes, every_rank_count, gap, without, refused, some_kinds, untold, hostile, recorded)
