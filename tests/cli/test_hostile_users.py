# SPDX-License-Identifier: Apache-2.0
"""Lists of accounts made to hurt: as test_hostile.py, for what tells of users and organisations."""

import collections
import json
import os
import re
import urllib.parse

import h5py

from accounts import figures, read, wanted
from disturb import tally
from meddle import Meddler
from nasty import REPLIES, RSS_MB, TERMINAL, clean, measured, rss
from tap import BUILD, UNTIL, Hub, Run, differences, load, main, ok, reduce, same, scratch, value

SIZE = ["--models", 100, "--datasets", 20, "--spaces", 20, "--users", 300, "--seed", 4, "--until", UNTIL]
LISTS = ("members", "followers", "following", "overview", "likers")
WHICH = re.compile(rf"/({'|'.join(LISTS)})(\?|$)")
count = {"tried": 0, "survived": 0}


def crawl(url, folder, *args):
    return measured("--hub", url, "--until", UNTIL, "--kinds", "models,datasets,spaces,users", "--timeout", "20s", "--retries", "4", "--in-flight", "4", *args, folder)


def truth():
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *SIZE])
    return wanted(json.loads(r.out)["accounts"])


def bodies():
    """Whole replies, once for each sort of list: refused, asked again, and the accounts are those that there are."""
    want = truth()
    for name, reply in REPLIES.items():
        done = set()

        def hook(path, n, body, reply=reply, done=done):
            which = WHICH.search(path)
            if not which or which[1] in done:
                return None
            done.add(which[1])
            return reply

        folder = scratch()
        with Hub(*SIZE, "--quota", 0, "--no-gzip") as hub, Meddler(hub.url, hook) as m:
            c = crawl(m.url, folder)
        diff = list(differences(figures(read(folder)[0]), want))
        count["tried"] += 1
        good = ok(c.code == 0 and not diff and len(done) == len(LISTS) and rss(c) < RSS_MB and clean(c.out + c.err), f"{name}: refused, asked again; {rss(c)} MB", c, *diff)
        count["survived"] += good


HOSTILE = 2**63
REFUSED = {  # names that are none: the element is refused and counted
    "a dot": ".",
    "two dots": "..",
    "..": "..%2f..",
    "a path": "../../../../tmp/hubcensus-was-here",
    "a newline": "na\nme",
    "a NUL": "na\0me",
    "a terminal's escapes": TERMINAL,
    "HTML": "<script>alert(1)</script>",
    "a formula": '=HYPERLINK("http://x")',
    "1 MB": "x" * (1 << 20),
    "nothing": "",
    "a number": 7,
    "a list": [["user"]],
    "a query": "x?cursor=y",
    "another host": "x@127.0.0.1:1",
}
ODD = {  # what is left out of an account that is taken
    "negative": {"followerCount": -5, "numFollowers": -5},
    "fractional": {"followerCount": 1.5},
    "beyond 63 bits": {"followerCount": HOSTILE},
    "_id too short": {"_id": "6426d3f3"},
    "_id of the future": {"_id": "f426d3f3a7723d62b53c259b"},
    "_id of another type": {"_id": {"$oid": 1}},
    "type unknown": {"type": "emperor"},
    "a text of 1 MB": {"fullname": "x" * (1 << 20)},
}


def leads_elsewhere(path):
    """A segment that is none or that a server may resolve."""
    return not {"", ".", ".."}.isdisjoint(path.split("?")[0].split("/")[1:])


def records():
    """One element of each kind of nastiness in a list of followers; nothing else is lost."""
    added = collections.Counter()

    def hook(path, n, body):
        which = WHICH.search(path)
        if not which or which[1] not in ("members", "followers") or added["refused"] >= 3 * len(REFUSED) and added["odd"] >= 3 * len(ODD):
            return None
        rows = json.loads(body)
        for i, (name, bad) in enumerate(REFUSED.items()):
            rows.insert(i % (len(rows) + 1), {"user": bad, "type": "user", "_id": "6426d3f3a7723d62b53c259b"})
            added["refused"] += 1
        for i, (name, odd) in enumerate(ODD.items()):
            rows.append({"user": f"odd-{i}", **odd})
            added["odd"] += 1
        return json.dumps(rows).encode()

    folder = scratch()
    with Hub(*SIZE, "--quota", 0) as hub, Meddler(hub.url, hook) as m:
        c = crawl(m.url, folder, "--in-flight", "1")
        paths = [p for p, _ in m.seen]
    r = reduce(2, folder)
    accounts, _, _, counters, _ = read(folder)
    count["tried"] += len(REFUSED) + len(ODD)
    odd = {i: accounts.get(f"odd-{i}") for i in range(len(ODD))}
    good = ok(c.code == 0 and r.code == 0 and added["refused"] >= 3 * len(REFUSED), f"{dict(added)} hostile elements", c, r)
    good &= same(counters["refused"], added["refused"], "each that names no account is refused and counted, no other")
    good &= ok(all(odd.values()) and all(a.followers == -1 for a in odd.values()) and not any(any(a.oid) for a in odd.values()), "what is odd of an account is left out, and the account is kept", {k: a and vars(a) for k, a in odd.items()})
    rest = {k: a for k, a in accounts.items() if not k.startswith("odd-")}
    with Hub(*SIZE, "--quota", 0) as hub:
        plain = scratch()
        crawl(hub.url, plain)
    good &= same(set(rest), set(read(plain)[0]), "every other account is there")
    strange = [p for p in paths if WHICH.search(p) and not re.fullmatch(r"/api/(organizations|users|models|datasets|spaces)/[A-Za-z0-9._/-]{1,200}(\?[a-z0-9A-Z_%=&+-]*)?", p) or leads_elsewhere(p)]
    good &= ok(not strange, "no name made a path of its own", strange)
    count["survived"] += (len(REFUSED) + len(ODD)) * good
    ok(rss(c) < RSS_MB and clean(c.out + c.err), f"in {rss(c)} MB; what is printed drives no terminal")
    ok(not os.path.exists("/tmp/hubcensus-was-here"), "nothing reached a path")
    with h5py.File(f"{folder}/census.h5", "r") as f:
        names = f["users/name"].asstr()[:]
        ok(all(re.fullmatch(r"[A-Za-z0-9._-]{1,96}", x) for x in names), "names are names")
    for args in ([], ["--format", "csv"], ["--format", "json"]):
        p = Run([f"{BUILD}/hubreduce", *args, folder])
        ok(p.code in (0, 5) and clean(p.out + p.err), f"what hubreduce {' '.join(args)} prints drives no terminal", repr(p.out[:300]))


IDS = ["../../../../tmp/hubcensus-was-here", "..", ".", "../likers", "a/..", "./a", "a/b/c", "a//b", "/a", "a/"]
ODD_IDS = ["two words/a?b#c", "legacy", "a/..."]  # what a path can hold, whatever it means


def ids():
    """Repositories with likes whose ids would make paths of their own: rows of the census like others, never asked for likers."""
    given = []

    def hook(path, n, body):
        if not path.startswith("/api/models?") or given:
            return None
        rows = json.loads(body)
        given.extend(IDS + ODD_IDS)
        for row, bad in zip(rows, given):
            row.update({"id": bad, "likes": 7})
        return json.dumps(rows).encode()

    folder = scratch()
    with Hub(*SIZE, "--quota", 0) as hub, Meddler(hub.url, hook) as m:
        c = crawl(m.url, folder, "--in-flight", "1")
        paths = [p for p, _ in m.seen if WHICH.search(p)]
        asked = {urllib.parse.unquote(p[len("/api/models/") : p.index("/likers")]) for p in paths if p.startswith("/api/models/")}
    r = reduce(2, folder)
    count["tried"] += len(IDS)
    good = ok(c.code == 0 and r.code == 0 and len(given) == len(IDS) + len(ODD_IDS), "hostile ids of repositories: to the end", c, r)
    good &= same([p for p in paths if leads_elsewhere(p)], [], "no id made a path of its own")
    good &= ok(asked.isdisjoint(IDS) and asked.issuperset(ODD_IDS), "likers are asked of the others alone", asked & set(IDS), set(ODD_IDS) - asked)
    with h5py.File(f"{folder}/census.h5", "r") as f:
        have = set(f["models/id"].asstr()[:])
    good &= ok(have.issuperset(IDS), "they are rows of the census", sorted(have)[:20])
    figure = load(folder)["figures"]["totals.users"]
    good &= ok(figure["status"] == "ok", "none of them counts as left", figure)
    count["survived"] += len(IDS) * good


def spoiled():
    """A list that is no JSON for one element's sake, every time: that element is lost, and no other; from the archive the same."""
    cases = {
        "NaN": b"NaN",
        "broken UTF-8": b'"\xff\xfe"',
        "a lone surrogate": b'"\\ud800"',
        "a number beyond 64 bits": b"1" + b"0" * 30,
    }
    with Hub(*SIZE, "--quota", 0) as hub:
        plain = scratch()
        crawl(hub.url, plain)
    want = set(read(plain)[0])
    for name, member in cases.items():
        spoilt = {}

        def hook(path, n, body, member=member, spoilt=spoilt):
            which = WHICH.search(path)
            if which and which[1] in ("members", "followers", "following", "likers") and (path in spoilt or len(spoilt) < 9) and body.strip() != b"[]":
                spoilt[path] = spoilt.get(path, 0) + 1
                return body.rstrip()[:-1] + b',{"user":"spoilt-account","fullname":' + member + b"}]"
            return None

        folder, again = scratch(), scratch()
        with Hub(*SIZE, "--quota", 0) as hub, Meddler(hub.url, hook) as m:
            c = crawl(m.url, folder, "--archive")
        count["tried"] += 1
        accounts, _, _, counters, _ = read(folder)
        good = ok(c.code == 0 and set(spoilt.values()) == {2} and set(accounts) == want, f"{name} in {len(spoilt)} lists: asked for again, then cut; no other account is lost", c, spoilt, set(accounts) ^ want)
        good &= same(counters["refused"], len(spoilt), "the elements are refused and counted")
        count["survived"] += good
        a = Run([f"{BUILD}/hubcrawl", "--from-archive", folder, again])
        reduce(1, folder)
        reduce(1, again)
        ok(a.code == 0 and value(load(folder), "totals.users") == value(load(again), "totals.users"), "from its archive the same", a)
        with open(f"{folder}/census.json", "rb") as x, open(f"{again}/census.json", "rb") as y:
            ok(x.read() == y.read(), "byte for byte")
    tally("hostile lists of accounts", count["tried"], count["survived"], 0)


main(bodies, records, ids, spoiled)
