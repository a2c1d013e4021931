# SPDX-License-Identifier: Apache-2.0
"""The programs under torture: the k-th fallible call of io/ fails on one rank. No crash, no hang, one line of error or none, nothing half. Whoever says that all is well has all of it, and the next run completes.

test_torture.py [FAILURES [SEED]]: how many k are drawn for each program; 2. The calls one by one are tests/torture/test_torture.c.
"""

import os
import random
import subprocess
import sys
import time

from accounts import read
from disturb import lines_of, tally, trouble, truth_of
from tap import BUILD, MPIRUN, UNTIL, Hub, Run, crawl, diag, differing, digest, load, main, mpi, ok, reduce, same, scratch, value

FAILURES = int(sys.argv[1]) if len(sys.argv) > 1 else 2
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1000000
SIZE = ["--models", 3000, "--datasets", 500, "--spaces", 500, "--seed", 2, "--until", UNTIL, "--quota", 0]
count = {"tried": 0, "survived": 0}


def tortured(n, victim, k, program, *args):
    """Returns the run, how many calls the victim made, and which one failed."""
    log = f"{scratch()}/log"
    env = {"HUBCENSUS_TORTURE": f"{victim}:{k}", "HUBCENSUS_TORTURE_LOG": log}
    try:
        run = Run([*MPIRUN, "-n", n, f"{BUILD}/torture/{program}", *args], env=env)
    except subprocess.TimeoutExpired:
        return None, 0, f"call {k} on rank {victim} of {n}"
    said = open(log, encoding="ascii").read().split(maxsplit=1) if os.path.exists(log) else []
    if len(said) < 2:  # another rank ended the job before this one could say so
        return run, 0, f"call {k} on rank {victim}"
    return run, int(said[0]), said[1].strip()


def judge(run, name, what, folder, lacks):
    """lacks(): what a run that says that all is well has left out, as text; None if nothing."""
    count["tried"] += 1
    if run is None:
        return ok(False, f"{what}: hangs at {name}")
    lines = [x for x in lines_of(run) if "mca_" not in x]
    errors = sum("error: " in x for x in lines)
    wrong = trouble(folder)
    if run.code not in (0, 4, 5):
        wrong = "no exit code for this"
    elif errors != (run.code == 4) or (errors and "error: " not in lines[-1]):
        wrong = f"{errors} lines of error"
    elif not wrong and run.code != 4:
        wrong = lacks() if run.code == 0 else unsaid(folder)
    count["survived"] += not wrong
    return not wrong or ok(False, f"{what}: {name} fails, exit {run.code}", wrong, run)


def unsaid(folder):
    """Exit 5: the census says what it lacks."""
    r = reduce(1, folder)
    said = load(folder) if r.code == 5 else None
    gaps = said and sum(k["gaps"] + k["suspect_windows"] for k in value(said, "completeness").values())
    lists = said and (value(said, "completeness.accounts") or {}).get("lists_given_up")
    return None if gaps or lists else f"the census does not say what it lacks: {r}"


def differs(folder, want):
    """What is not as in the undisturbed census, as text."""
    bad = differing(digest(folder), want)
    return f"{len(bad)} differ, as {bad[:5]}" if bad else None


def reduced(folder, want):
    r = reduce(1, folder)
    return differs(folder, want) if r.code in (0, 5) else f"cannot be reduced: {r}"


def programs():
    diag(f"seed {SEED}")
    draw = random.Random(SEED)
    with Hub(*SIZE) as hub:
        whole = scratch()
        ok(crawl(2, hub.url, whole).code == 0 and reduce(2, whole).code == 0, "the undisturbed census")
        want = truth_of(whole)["digest"]
        args = ["--hub", hub.url, "--until", UNTIL, "--seal-rows", 500]
        clean, calls, _ = tortured(2, 0, 0, "hubcrawl", *args, scratch())
        ok(clean.code == 0 and calls > 1000, f"a crawl makes {calls} calls that can fail", clean)
        for _ in range(FAILURES):
            folder, n = scratch(), draw.choice((1, 2, 3))
            victim, k = draw.randrange(n), int(calls ** draw.random())
            run, _, name = tortured(n, victim, k, "hubcrawl", *args, folder)
            judge(run, name, f"hubcrawl, call {k} on rank {victim} of {n}", folder, lambda folder=folder: reduced(folder, want))
            if not crawl(2, hub.url, folder).code == 0 or reduce(1, folder).code or differing(digest(folder), want):
                ok(False, f"after call {k} on rank {victim} of {n} of hubcrawl: {name}")
        clean, calls, _ = tortured(2, 1, 0, "hubreduce", whole)
        ok(clean.code == 0 and calls > 1000, f"a reduce makes {calls} calls that can fail", clean)
        for _ in range(FAILURES):
            n = draw.choice((1, 2, 3))
            victim, k = draw.randrange(n), int(calls ** draw.random())
            run, _, name = tortured(n, victim, k, "hubreduce", "--quiet", whole)
            judge(run, name, f"hubreduce, call {k} on rank {victim} of {n}", whole, lambda: differs(whole, want))
            same(differs(whole, want), None, f"after call {k} on rank {victim} of {n}, {name}: the census that was there, or the same again")
        ok(reduce(3, whole).code == 0, "and the last reduce completes")
        same(differing(digest(whole), want), [], "to the same bytes")
    same(count["survived"], count["tried"], f"{count['tried']} failures, survived")


def in_all():
    same(count["survived"], count["tried"], f"{count['tried']} failures in all, survived")
    tally("fallible calls of io/ in the programs", count["tried"], count["survived"], 0)


def accounts():
    """The discovery of accounts: run again after any failure it knows the same of everybody."""
    draw = random.Random(SEED + 1)
    with Hub("--models", 150, "--datasets", 30, "--spaces", 30, "--users", 700, "--seed", 2, "--until", UNTIL, "--quota", 0) as hub:
        args = ["--hub", hub.url, "--until", UNTIL, "--seal-rows", 300, "--kinds", "models,datasets,spaces,users"]
        whole = scratch()
        clean, calls, _ = tortured(2, 0, 0, "hubcrawl", *args, whole)
        ok(clean.code == 0 and calls > 1000, f"a crawl with accounts makes {calls} calls that can fail", clean)
        want = known(whole)
        tried, survived = count["tried"], count["survived"]
        for _ in range((FAILURES + 1) // 2):
            folder, n = scratch(), draw.choice((1, 2, 3))
            extra = draw.choice(([], [], ["--no-user-names"]))
            victim, k = draw.randrange(n), int(calls * draw.random())
            run, _, name = tortured(n, victim, k, "hubcrawl", *args, *extra, folder)

            def lacks(folder=folder, extra=extra):
                good = len(known(folder)) == len(want) if extra else known(folder) == want
                return None if good else f"{len(known(folder))} accounts of {len(want)}, or others"

            judge(run, name, f"hubcrawl with accounts, call {k} on rank {victim} of {n}", folder, lacks)
            r = crawl(2, hub.url, folder, "--kinds", "models,datasets,spaces,users", *extra)
            ok(r.code == 0 and not lacks(), f"after call {k} on rank {victim} of {n}, {name}: the same accounts", r)
        same(count["survived"] - survived, count["tried"] - tried, f"{count['tried'] - tried} failures among accounts, survived")


def compared():
    """A reduce beside an earlier census, and a discovery that asks for its accounts."""
    draw = random.Random(SEED + 2)
    pop = ["--models", 400, "--datasets", 100, "--spaces", 100, "--users", 300, "--seed", 2, "--until", UNTIL, "--quota", 0]
    kinds = ["--kinds", "models,datasets,spaces,users"]
    with Hub(*pop) as hub:
        earlier, whole = scratch(), scratch()
        c = mpi(2, "hubcrawl", "--hub", hub.url, "--until", "2026-08-01T00:00:00Z", *kinds, earlier)
        ok(c.code == 0 and reduce(1, earlier).code == 0 and crawl(2, hub.url, whole, *kinds).code == 0, "two censuses")
        for n, program, *args in ((1, "hubreduce", "--quiet", "--previous", earlier, whole), (2, "hubcrawl", "--hub", hub.url, "--until", UNTIL, *kinds, "--known", earlier, None)):
            first = whole if args[-1] else scratch()
            clean, calls, _ = tortured(n, 0, 0, program, *args[:-1], first)
            ok(clean.code == 0 and calls > 1000, f"{program} {args[-2]}: {calls} calls that can fail", clean)
            want = digest(whole) if args[-1] else known(first)
            tried, survived = count["tried"], count["survived"]
            for _ in range((FAILURES + 1) // 2):
                folder, n = args[-1] or scratch(), draw.choice((1, 2, 3))
                victim, k = draw.randrange(n), int(calls ** draw.random())
                run, _, name = tortured(n, victim, k, program, *args[:-1], folder)

                def lacks(folder=folder, is_reduce=args[-1], want=want):
                    good = (digest(folder) if is_reduce else known(folder)) == want
                    return None if good else "another census" if is_reduce else "other accounts"

                judge(run, name, f"{program} beside an earlier census, call {k} on rank {victim} of {n}", folder, lacks)
                r = Run([*MPIRUN, "-n", 2, f"{BUILD}/{program}", *args[:-1], folder])
                ok(r.code == 0 and not lacks(), f"after call {k} on rank {victim} of {n}, {name}: the same", r)
            same(count["survived"] - survived, count["tried"] - tried, f"{count['tried'] - tried} failures of {program} beside an earlier census, survived")


def archived():
    """With --archive: the census and that of its archive are those of an undisturbed crawl."""
    draw = random.Random(SEED + 3)
    with Hub(*SIZE) as hub:
        whole = scratch()
        args = ["--hub", hub.url, "--until", UNTIL, "--seal-rows", 500, "--archive"]
        clean, calls, _ = tortured(2, 0, 0, "hubcrawl", *args, whole)
        ok(clean.code == 0 and reduce(1, whole).code == 0, f"a crawl with --archive makes {calls} calls that can fail", clean)
        want = digest(whole)
        for _ in range((FAILURES + 1) // 2):
            folder, again, n = scratch(), f"{scratch()}/again", draw.choice((1, 2, 3))
            victim, k = draw.randrange(n), int(calls ** draw.random())
            run, _, name = tortured(n, victim, k, "hubcrawl", *args, folder)
            judge(run, name, f"hubcrawl --archive, call {k} on rank {victim} of {n}", folder, lambda folder=folder: reduced(folder, want) or from_archive(folder, want))
            c = crawl(2, hub.url, folder, "--archive")
            a = Run([f"{BUILD}/hubcrawl", "--from-archive", folder, again])
            good = not any(x.code for x in (c, reduce(1, folder), a, reduce(2, again)))
            ok(good and digest(folder) == want and digest(again) == want, f"after call {k} on rank {victim} of {n}, {name}: the same bytes, also from the archive", c, a)


def from_archive(folder, want):
    again = f"{scratch()}/again"
    a = Run([f"{BUILD}/hubcrawl", "--from-archive", folder, again])
    return f"the archive cannot be read: {a}" if a.code else reduced(again, want)


def cut():
    """A page that is no JSON as a whole, and larger than what a parser keeps memory for: want of memory while it is cut is no fault of the Hub's, whose record would be refused for good."""
    draw = random.Random(SEED + 4)
    with Hub("--models", 400, "--datasets", 40, "--spaces", 40, "--seed", 2, "--until", UNTIL, "--quota", 0, "--fault", "nan@every:300") as hub:
        whole = scratch()
        args, only = ["--hub", hub.url, "--until", UNTIL, "--seal-rows", 100], "operator new[]"
        clean, calls, _ = tortured(1, 0, f"0:{only}", "hubcrawl", *args, whole)
        ok(clean.code == 0 and calls > 20 and reduce(1, whole).code == 5, f"a crawl that cuts a page asks {calls} times for a parser's memory", clean)
        want = digest(whole)
        for _ in range((FAILURES + 1) // 2):
            folder, k = scratch(), draw.randint(1, calls)
            run, _, name = tortured(1, 0, f"{k}:{only}", "hubcrawl", *args, folder)
            judge(run, name, f"hubcrawl of a broken page, call {k} for a parser's memory", folder, lambda folder=folder: reduced(folder, want))
            c = crawl(2, hub.url, folder)
            ok(c.code == 0 and not reduced(folder, want), f"after call {k}, {name}: the same bytes", c, reduced(folder, want))


def known(folder):
    return {key: (a.name, a.oid, a.type, a.sources, a.done, a.followers) for key, a in read(folder)[0].items()}


def replayed():
    """What the ranks of a replay tell each other when they have read their segments, and before they seal: the calls in which one of them finds no memory for it."""
    archive = scratch()
    with Hub("--models", 20000, "--datasets", 0, "--spaces", 0, "--seed", 2, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(5, hub.url, archive, "--kinds", "models", "--archive").code == 0 and reduce(2, archive).code == 0, "an archive of five ranks")
    want = digest(archive)

    def replay(k):
        folder = f"{scratch()}/census"
        run, calls, name = tortured(2, 1, k, "hubcrawl", "--from-archive", archive, folder)
        return run, calls, name, folder

    def has_sealed(folder):
        return os.path.isdir(f"{folder}/shards") and os.listdir(f"{folder}/shards")

    clean, high, _, _ = replay(0)
    ok(clean.code == 0, f"a replay makes {high} calls that can fail", clean)
    low = 1
    while low < high:  # the first call whose failure leaves what the other rank has sealed
        middle = k = (low + high) // 2
        run, _, _, folder = replay(k)
        while run and run.code == 0 and k < high:  # it did not matter, and tells nothing
            k += 1
            run, _, _, folder = replay(k)
        low, high = (low, middle) if has_sealed(folder) else (k + 1, max(high, k + 1))
    tried, survived = count["tried"], count["survived"]
    for k in range(max(1, high - 8), high + 1):
        run, _, name, folder = replay(k)
        judge(run, name, f"a replay, call {k}", folder, lambda folder=folder: reduced(folder, want))
    same(count["survived"] - survived, count["tried"] - tried, f"{count['tried'] - tried} failures of a replay, survived")


main(programs, accounts, compared, archived, cut, replayed, in_all)
