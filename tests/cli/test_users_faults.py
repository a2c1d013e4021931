# SPDX-License-Identifier: Apache-2.0
"""Every fault of a Hub among the lists of accounts, each alone: the accounts are those that there are, or what is missing is said (exit 5), kept as far as it was shown, and asked again."""

import collections
import glob
import itertools
import json
import os
import re
import shutil

import h5py
from accounts import figures, read, wanted
from disturb import tally
from meddle import Meddler
from tap import BUILD, UNTIL, Hub, Run, crawl, differences, differing, digest, free_port, load, main, mpi, ok, reduce, same, scratch, value

PORT = free_port()
POPULATION = ["--models", 60, "--datasets", 20, "--spaces", 20, "--users", 300, "--seed", 3, "--until", UNTIL, "--list-page", 3]
SIZE = [*POPULATION, "--port", PORT, "--quota", 0]
QUICK = ["--timeout", "1s", "--retries", 2]
REPLIES = ["502@10%", "html@10%", "stall@3%", "drip@3%", "redirect@10%"]
LISTS = ["loop@20%", "foreign-next@20%", "foreign-scheme@20%", "foreign-port@20%", "empty-page@20%", "out-of-order@20%", "duplicate@20%", "expire@20%"]
FOLLOWERS = re.compile(r"/users/[^/]+/followers(\?|$)")
count = {"tried": 0, "survived": 0}
state = {}


def start():
    """The truth, and a census whose repositories are crawled, to go on from."""
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *POPULATION])
    state["want"] = wanted(json.loads(r.out)["accounts"])
    state["begun"] = f"{scratch()}/census"
    with Hub(*SIZE) as h:
        c = crawl(1, h.url, state["begun"], "--archive")
        ok(c.code == 0, "the repositories", c)
        whole = copy()
        c = crawl(1, h.url, whole, "--kinds", "users")
        again = [q[3] for q in h.requests() if "cursor=" in q[3] and "/api/models?" not in q[3]]
        ok(c.code == 0 and len({p.split("?")[0] for p in again}) > 100, "more than a hundred lists have several pages", c, len(again))
    true("undisturbed", whole)


def copy():
    folder = f"{scratch()}/census"
    shutil.copytree(state["begun"], folder)
    return folder


def true(name, folder):
    diff = list(differences(figures(read(folder)[0]), state["want"]))
    return ok(not diff, f"{name}: the true accounts", *diff)


def filled(name, folder):
    """What was not given is asked again by the next run."""
    with Hub(*SIZE) as h:
        c = crawl(2, h.url, folder)
    good = ok(c.code == 0 and "every list was asked" in c.out, f"{name}: the next run asks for it", c)
    return good and true(name, folder)


def from_archive(name, folder):
    new = f"{scratch()}/again"
    a = mpi(2, "hubcrawl", "--from-archive", folder, new)
    codes = [reduce(1, f).code for f in (folder, new)]
    ok(codes[0] == codes[1] == a.code, f"{name}: from its archive", a, codes)
    same(differing(digest(new), digest(folder)), [], "  the same bytes")


def judge(name, folder, c):
    count["tried"] += 1
    good = ok(c.code in (0, 5) and (c.code == 5) == ("gave up" in c.err) == ("lists that the Hub did not give" in c.out), f"{name}: exit {c.code}, and what is missing is said", c)
    good &= true(name, folder) if c.code == 0 else filled(name, folder)
    count["survived"] += bool(good)


def alone():
    for fault in REPLIES + LISTS:
        folder = copy()
        with Hub(*SIZE, "--fault", fault) as h:
            c = crawl(2, h.url, folder, "--kinds", "users", *QUICK)
        if fault in LISTS or "redirect" in fault:
            from_archive(fault, folder)
        judge(fault, folder, c)


def always():
    """Of every list that has one, each next link and each cursor: what the first pages show is kept, and no list counts as asked."""
    for fault in ("loop", "foreign-next", "foreign-scheme", "foreign-port", "empty-page", "expire"):
        folder = copy()
        with Hub(*SIZE, "--fault", fault) as h:
            c = crawl(1, h.url, folder, "--kinds", "users", "--retries", 0, "--max-outage", "30s")
            asked = collections.Counter(q[3] for q in h.requests() if not q[3].startswith("/.hubsim"))
        ok(c.code == 5 and "lists that the Hub did not give" in c.out, f"{fault} at every page: exit 5", c)
        ok(max(asked.values()) <= 6, "  no page is asked for without end", asked.most_common(3))
        if "foreign" in fault:
            lines = [x for x in c.err.splitlines() if "another server: not followed" in x]
            ok(0 < len(lines) == len(set(lines)) < 9, "  said once for each kind of list", *lines)
        from_archive(fault, folder)
        judge(fault, folder, c)


def end_of(folder):
    with open(f"{folder}/users.json", encoding="utf-8") as f:
        return json.load(f)


def says(name, folder, code, ended, given_up, n=(1,)):
    """What hubreduce alone makes of the folder, the same on any number of ranks."""
    digests = []
    for ranks in n:
        r = reduce(ranks, folder)
        got, line = load(folder), re.search(r"^  lists the Hub did not give +(\d+)$", r.out, re.M)
        ok(r.code == code and got["snapshot"]["complete"] == (code == 0), f"{name}: hubreduce on {ranks} ranks exits with {code}", r)
        same(value(got, "completeness.accounts"), {"ended": ended, "lists_given_up": given_up}, "  how it ended")
        same(int(line[1]) if line else 0, given_up, "  and prints it")
        digests.append(digest(folder))
    same([differing(digests[0], d) for d in digests[1:]], [[]] * (len(n) - 1), "  the same bytes")
    with h5py.File(f"{folder}/census.h5") as f:
        same(f.attrs["complete"], int(code == 0), "  and census.h5")
    return got["figures"]["totals.users"]


def told():
    """The census says what the Hub did not give, until it does."""
    gaps, whole, limit = "lists that the Hub did not give", "every list was asked", "request limit"
    folder, other = copy(), f"{scratch()}/other"
    with Hub(*SIZE, "--fault", "loop") as h:
        c = crawl(2, h.url, folder, "--kinds", "users", "--retries", 0)
    n, spent = end_of(folder)["lists_given_up"], end_of(folder)["requests"]
    ok(c.code == 5 and n > 5, f"{n} lists are given up", c)
    figure = says("given up", folder, 5, gaps, n, n=(1, 3))
    ok(f"{n} of them for the Hub did not give them: hubcrawl asks for them again" in figure.get("why", ""), "the figures say so", figure)
    from_archive("given up", folder)
    shutil.copytree(folder, other)
    with Hub(*SIZE) as h:
        c = crawl(1, h.url, other, "--user-requests", spent)
    ok(c.code == 5 and limit in c.out and f"given up     {n} lists" in c.out, "a limit that is spent: nothing is asked", c)
    says("a limit that is spent", other, 5, limit, n)
    c = crawl(2, h.url, other, "--user-requests", spent)
    ok(c.code == 5 and "is complete but for gaps" in c.out, "again: complete but for gaps, still", c)
    from_archive("a limit that is spent", other)
    with Hub(*SIZE) as h:
        c = crawl(1, h.url, folder, "--max-requests", 5)
    ok(c.code == 3 and end_of(folder)["lists_given_up"] == 0, "some are asked again: the number does not stay", c)
    says("stopped", folder, 5, "it is not over", 0)
    from_archive("stopped", folder)
    filled("given up", folder)
    says("given", folder, 0, whole, 0)
    os.remove(sorted(glob.glob(f"{folder}/shards/models-*.h5"))[0])
    with Hub(*SIZE) as h:
        c = crawl(1, h.url, folder, "--max-requests", 1)
    ok(c.code == 3 and not end_of(folder)["ended"], "repositories are to be crawled, which may name more owners: not over", c)


def foreign():
    """A users.json that is none, and one beside a census that takes no accounts."""
    for text, code in (("{}", 4), ("[" * 100000, 4), ("", 4)):
        folder = copy()
        with Hub(*SIZE) as h:
            crawl(1, h.url, folder, "--kinds", "users", "--user-requests", 5)
        with open(f"{folder}/users.json", "w", encoding="utf-8") as f:
            f.write(text)
        for ranks in (1, 3):
            r = reduce(ranks, folder)
            lines = [x for x in r.err.splitlines() if "users.json" in x]
            ok(r.code == code and len(lines) == 1 and "remove it" in lines[0], f"{text[:3]!r} in users.json: said in one line by {ranks} ranks", r)
    folder = copy()
    with open(f"{folder}/users.json", "w", encoding="utf-8") as f:
        f.write("{}")
    r = reduce(2, folder)
    ok(r.code == 0 and load(folder)["snapshot"]["complete"], "a census that takes no accounts does not read it", r)


def redirected():
    """A Hub that redirects everything gives no lists: it is waited for, and none is lost."""
    folder = copy()
    with Hub(*SIZE, "--fault", "redirect") as h:
        c = crawl(2, h.url, folder, "--kinds", "users", "--retries", 0, "--max-outage", "2s")
    ok(c.code == 3 and "has not answered for too long" in c.out, "redirects alone are an outage", c)
    filled("after it", folder)


def renamed():
    """A redirect within the Hub is another name of what was asked for: an answer, not a failure."""
    for to, code in (("/api/models/another/name/likers", 0), (None, 0), ("https://elsewhere.invalid/", 5), ("//elsewhere.invalid/", 5)):
        def hook(path, n, body, to=to):
            def reply(handler):
                handler.send_response(307)
                handler.send_header("location", to or f"http://{handler.headers['Host']}/api/models/another/name/likers")
                handler.send_header("content-length", "0")
                handler.end_headers()

            return reply if "/likers" in path else None

        with Hub(*POPULATION, "--quota", 0) as h, Meddler(h.url, hook) as m:
            c = crawl(2, m.url, f"{scratch()}/census", "--kinds", "models,datasets,spaces,users", "--retries", 1)
            asked = collections.Counter(path for path, _ in m.seen if "/likers" in path)
        ok(c.code == code and len(asked) > 10 and (max(asked.values()) == 1) == (code == 0), f"likers redirected to {to or 'the Hub itself'}: exit {code}", c, asked.most_common(3))


def endless():
    """Pages without an account that name ever new cursors: after a few in a row the list is given up."""
    number = itertools.count()

    def hook(path, n, body):
        if not FOLLOWERS.search(path):
            return None

        def empty(handler):
            url = f"http://{handler.headers['Host']}{path.split('?')[0]}?cursor=new{next(number)}"
            handler.send_response(200)
            for name, text in (("content-type", "application/json"), ("content-length", "2"), ("connection", "close"), ("link", f'<{url}>; rel="next"')):
                handler.send_header(name, text)
            handler.end_headers()
            handler.wfile.write(b"[]")

        return empty

    folder = f"{scratch()}/census"
    with Hub(*POPULATION, "--quota", 0) as h, Meddler(h.url, hook, lambda path: path.split("?cursor=new")[0]) as m:
        c = crawl(1, m.url, folder, "--kinds", "models,datasets,spaces,users", "--archive", "--retries", 0, "--max-requests", 20000)
        asked = collections.Counter(p.split("?")[0] for p, _ in m.seen if FOLLOWERS.search(p))
    ok(c.code == 5 and "the Hub's pages lead nowhere" in c.err, "empty pages without end: exit 5", c)
    ok(asked and max(asked.values()) < 12, "each list is asked a few times", asked.most_common(3))
    from_archive("empty pages", folder)


def table():
    tally("faults of lists of accounts", count["tried"], count["survived"], 0)


main(start, alone, always, told, foreign, redirected, renamed, endless, table)
