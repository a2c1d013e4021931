# SPDX-License-Identifier: Apache-2.0
"""Content made to hurt: memory stays under its cap, records are cleaned or quarantined by a stated rule, nothing printed drives a terminal, nothing reaches a path."""

import collections
import json
import os
import time

import h5py

from disturb import tally
from meddle import Meddler
from nasty import EMPTY_LISTS, REPLIES, RSS_MB, SWOLLEN, TERMINAL, clean, headers, measured, rss, swollen
from tap import SLOW, UNTIL, Hub, load, main, ok, reduce, same, scratch, value

SIZE = ["--models", 4000, "--datasets", 0, "--spaces", 0, "--seed", 3, "--until", UNTIL, "--quota", 0, "--no-gzip"]
ROWS = 4000
count = {"tried": 0, "survived": 0}


def crawl(url, folder, *args):
    return measured("--hub", url, "--until", UNTIL, "--kinds", "models", "--timeout", "20s", "--retries", "4", "--in-flight", "2", *args, folder)


def once(reply):
    """The third page is this, once; the walk asks again."""
    done = []

    def hook(path, n, body):
        if n < 3 or done:
            return None
        done.append(n)
        return reply

    return hook


def bodies():
    """Whole replies: refused, asked again, and the census is complete."""
    for name, reply in REPLIES.items():
        folder = scratch()
        with Hub(*SIZE) as hub, Meddler(hub.url, once(reply)) as m:
            c = crawl(m.url, folder)
        count["tried"] += 1
        good = ok(c.code == 0 and f"models       {ROWS} rows" in c.out and rss(c) < RSS_MB and clean(c.out + c.err), f"{name}: refused, asked again; {rss(c)} MB", c)
        count["survived"] += good


def every_body():
    """From some page on every one is a monster, as many at a time as there are requests by default: they share their room, and what finds none is asked for again."""
    calm = []

    def hook(path, n, body):
        return monster if n > 12 and not calm else None

    def monster(handler):
        headers(handler, ("content-length", str(len(EMPTY_LISTS))))
        handler.wfile.write(EMPTY_LISTS)

    folder = scratch()
    with Hub(*SIZE, "--models", 40 * ROWS // 4) as hub, Meddler(hub.url, hook) as m:
        c = crawl(m.url, folder, "--in-flight", 8, "--max-time", f"{4 * SLOW}s")
        ok(c.code == 3 and m.pages > 20 and rss(c) < RSS_MB, f"{m.pages - 12} pages of 30 MB of empty lists, 8 at a time; {rss(c)} MB", c)
        calm.append(True)
        c = crawl(m.url, folder)
        ok(c.code == 0, "and the census goes on from there", c)


NASTY = {  # what is done to a record, and whether the row is kept
    "numbers beyond 64 bits": (lambda r: r.update(downloads=10**30), False),
    "numbers of 64 bits": (lambda r: r.update(downloads=2**63, likes=2**64 - 1), True),
    "negative and fractional counters": (lambda r: r.update(downloads=-5, likes=1.5), True),
    "a counter as text": (lambda r: r.update(downloads="many", tags="a"), True),
    "an id with ..": (lambda r: r.update(id="../../../../tmp/hubcensus-was-here"), True),
    "an absolute id": (lambda r: r.update(id="/etc/passwd"), True),
    "an id with a newline": (lambda r: r.update(id="owner/na\nme"), False),
    "an id with a NUL": (lambda r: r.update(id="owner/na\0me"), False),
    "an id that drives a terminal": (lambda r: r.update(id=f"owner/{TERMINAL}"), False),
    "HTML in an id": (lambda r: r.update(id="owner/<script>alert(1)</script>"), True),
    "a formula as author": (lambda r: r.update(id='=HYPERLINK("http://x")/a', author='=HYPERLINK("http://x")', downloads=2**40), True),
    "terminal escapes as author": (lambda r: r.update(author=TERMINAL, downloads=2**41), True),
    "5,000 tags": (lambda r: r.update(tags=[f"t{i}" for i in range(5000)]), True),
    "a tag of 1 MB": (lambda r: r.update(tags=["x" * (1 << 20), "y"]), True),
    "tags of other types": (lambda r: r.update(tags=[1, None, {"a": []}, "ok", "a\0b"]), True),
    "an id of 1 MB": (lambda r: r.update(id="owner/" + "x" * (1 << 20)), False),
    "no id": (lambda r: r.pop("id"), False),
    "an _id too short": (lambda r: r.update(_id=r["_id"][:-1]), False),
    "an _id too long": (lambda r: r.update(_id=r["_id"] + "0"), False),
    "an _id of the future": (lambda r: r.update(_id="f" + r["_id"][1:]), False),
}


def records():
    """One record of each kind of nastiness in each kind of repository; by the rules of crawler/page.h."""
    names = list(NASTY)
    kept = sum(NASTY[name][1] for name in names)
    lost_rows = len(names) - kept
    total = {"models": ROWS, "datasets": 1200, "spaces": 1200}
    touched = {kind: {} for kind in total}

    def hook(path, n, body):
        rows = json.loads(body)
        mine = touched.get(path.split("?")[0].split("/")[2], {})
        for i, row in enumerate(rows if isinstance(rows, list) else []):
            at = row.get("_id")
            if at in mine or (i % 50 == 7 and len(mine) < len(names)):
                name = mine.setdefault(at, names[len(mine)] if at not in mine else None)
                NASTY[name][0](row)
        return json.dumps(rows).encode()

    folder = scratch()
    with Hub(*SIZE, "--datasets", total["datasets"], "--spaces", total["spaces"]) as hub, Meddler(hub.url, hook) as m:
        c = crawl(m.url, folder, "--in-flight", "1", "--kinds", ",".join(total))
    r = reduce(2, folder)
    ok(c.code == 0 and r.code == 5, "crawled and reduced", c, r)
    for kind, rows in total.items():
        same(sorted(touched[kind].values()), sorted(names), f"every kind of nastiness was served among {kind}")
        row = value(load(folder), "completeness")[kind]
        count["tried"] += len(names)
        good = ok((row["rows"], row["quarantined"]) == (rows - lost_rows, lost_rows), f"{kind}: {kept} records cleaned, {lost_rows} quarantined, nothing else lost", row, c, r)
        count["survived"] += len(names) if good else 0
    ok(rss(c) < RSS_MB, f"in {rss(c)} MB")
    for args in ([], ["--format", "csv"], ["--format", "markdown"], ["--format", "json"], ["--unclassified", 50], ["--unclassified", 50, "--format", "csv"]):
        p = reduce(1, folder, *args)
        ok(p.code in (0, 5) and clean(p.out + p.err), f"what hubreduce {' '.join(map(str, args))} prints drives no terminal", repr(p.out[:500]))
        if "csv" in args:
            ok(not any(cell.lstrip('"').startswith(("=", "+", "@")) for line in p.out.splitlines() for cell in line.split(",")), "and no spreadsheet", p.out[:600])
    ok(not os.path.exists("/tmp/hubcensus-was-here"), "nothing reached a path")
    same(sorted(f for f in os.listdir(folder) if not f.startswith(".")), ["census.h5", "census.json", "run.json", "shards", "snapshot.json"], "no other file was made")
    with h5py.File(f"{folder}/census.h5", "r") as f:
        for kind in total:
            ids = f[f"{kind}/id"].asstr()[:]
            ok("/etc/passwd" in ids and not any("\n" in x or "\0" in x or "\x1b" in x for x in ids), f"ids of {kind} are kept as text, without controls")
            ok(max(len(x) for x in f[f"{kind}/labels/tags"][:]) <= 256, "no label is wider than its cap")


def quarantined(folder):
    """Of each record how many lines the quarantine has, and the bytes of all shards."""
    with h5py.File(f"{folder}/census.h5", "r") as f:
        lines = collections.Counter(f["quarantine/_id"][:])
    return lines, sum(os.path.getsize(f"{folder}/shards/{name}") for name in os.listdir(f"{folder}/shards"))


def swelling():
    """Good pages with a record each that swells in memory: the row is kept, and the first of its elements noted."""
    for name, (tags, refused) in SWOLLEN.items():
        served = []

        def hook(path, n, body, tags=tags, served=served):
            rows = json.loads(body)
            if len(rows) < 500:
                return None
            served.append(n)
            return swollen(7, rows, tags(n))

        folder = scratch()
        with Hub(*SIZE) as hub, Meddler(hub.url, hook) as m:
            c = crawl(m.url, folder, "--timeout", f"{20 * SLOW}s")
        count["tried"] += 1
        good = ok(c.code == 0 and f"models       {ROWS} rows" in c.out and len(served) > 3 and rss(c) < RSS_MB, f"{name}, {len(served)} times: {rss(c)} MB", c)
        if not refused:
            good &= ok(len(os.listdir(f"{folder}/shards")) > 2, "sealed by what they take, long before their time", os.listdir(f"{folder}/shards"))
            count["survived"] += good
            continue
        r = reduce(1, folder)
        lines, size = quarantined(folder)
        run = json.load(open(f"{folder}/run.json", encoding="utf-8"))["run"]["crawl"]
        good &= ok(r.code == 0 and run["fields_refused"] >= refused * 4 and set(lines.values()) == {2} and size < 10 << 20, f"all counted, few kept: shards of {size >> 10} kB", r, run, lines, size)
        count["survived"] += good


def pages():
    """Pages that are no JSON as a whole are cut into records: NaN, broken UTF-8, lone surrogates each cost one record at most."""
    bad = {
        "NaN": b'"downloads":NaN',
        "broken UTF-8": b'"author":"\xff\xfe"',
        "a lone surrogate": b'"author":"\\ud800"',
        "a control character": b'"author":"a\x01b"',
    }
    for name, member in bad.items():
        victim = []

        def hook(path, n, body, member=member, victim=victim):
            rows = json.loads(body)
            if not victim:
                victim.append(rows[5]["_id"])
            parts = [json.dumps(r).encode() if r["_id"] != victim[0] else json.dumps(r).encode()[:-1] + b"," + member + b"}" for r in rows]
            return b"[" + b",".join(parts) + b"]"

        folder = scratch()
        with Hub(*SIZE) as hub, Meddler(hub.url, hook) as m:
            c = crawl(m.url, folder)
        r = reduce(1, folder)
        row = value(load(folder), "completeness")["models"]
        count["tried"] += 1
        count["survived"] += ok(c.code == 0 and r.code in (0, 5) and row["rows"] + row["quarantined"] == ROWS and row["quarantined"] <= 1, f"{name}: {row['rows']} rows, {row['quarantined']} quarantined", c, row)


def name_of(folder, at):
    """The names of the rows with this _id."""
    with h5py.File(f"{folder}/census.h5", "r") as f:
        return [name.decode() for oid, name in zip(f["models/_id"][:], f["models/id"][:]) if oid.decode() == at]


def twice(where, often, code):
    """The same _id again under another name: one repository. In one page the first counts; a page that begins with one of before it is asked for again, and in the end taken without it."""
    first, at = {}, []

    def hook(path, n, body):
        rows = json.loads(body)
        ids = [row["_id"] for row in rows]
        if len(rows) < 5:
            return None
        if not first:
            first.update(rows[3])
        if where == "the same page" and first["_id"] in ids:
            rows.insert(ids.index(first["_id"]) + 1, dict(first, id="other/name"))
            at.append(n)
        elif where == "a later page" and first["_id"] < ids[0] < ids[-1] and len(at) < often:
            rows.insert(0, dict(first, id="other/name"))
            at.append(n)
        return json.dumps(rows).encode()

    folder = scratch()
    with Hub(*SIZE) as hub, Meddler(hub.url, hook) as m:
        c, r = crawl(m.url, folder, "--retries", 2), reduce(2, folder)
    ok(at and c.code == code and r.code == code, f"an _id twice with two names, in {where}, {len(at)} times: exit {code}", c, r)
    same(value(load(folder), "totals.models"), ROWS, "is one repository")
    same(name_of(folder, first["_id"]), [first["id"]], "with the name that it had in its place")


def twice_in_all():
    twice("the same page", 99, 0)
    twice("a later page", 1, 0)
    twice("a later page", 99, 5)


def observed_again():
    """Two sessions have asked for the same rows, and one has another name since: the later observation counts, whichever shard is read first."""
    renamed = {}

    def hook(path, n, body):
        rows = json.loads(body)
        if rows and not renamed:
            renamed.update(rows[3])
        for row in rows:
            if row["_id"] == renamed["_id"] and later:
                row["id"] = "other/name"
        return json.dumps(rows).encode()

    folder, later = scratch(), []
    with Hub(*SIZE) as hub, Meddler(hub.url, hook) as m:
        first = crawl(m.url, folder)
        shards, aside = os.listdir(f"{folder}/shards"), f"{folder}/shards/damaged"  # their numbers are not given again
        os.mkdir(aside)
        for name in shards:
            os.rename(f"{folder}/shards/{name}", f"{aside}/{name}")
        later.append(True)
        time.sleep(1.1)  # observations have whole seconds
        second = crawl(m.url, folder)
    new = [n for n in os.listdir(f"{folder}/shards") if n not in ("damaged", *shards)]
    for name in shards:
        os.rename(f"{aside}/{name}", f"{folder}/shards/{name}")
    os.rmdir(aside)
    r = reduce(2, folder)
    ok((first.code, second.code, r.code) == (0, 0, 0) and len(os.listdir(f"{folder}/shards")) == len(shards) + len(new), "every row observed twice", first, second, r)
    same(value(load(folder), "totals.models"), ROWS, "is there once")
    same(name_of(folder, renamed["_id"]), ["other/name"], "with the later name")


def table():
    tally("hostile content", count["tried"], count["survived"], 0)


main(bodies, every_body, records, swelling, pages, twice_in_all, observed_again, table)
