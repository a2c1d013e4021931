# SPDX-License-Identifier: Apache-2.0
"""Hubs that are not as they should be: the census is the true one, or says what is missing."""

from tap import UNTIL, Hub, crawl, differing, digest, main, ok, reduce, same, scratch, load, value

SIZE = ["--models", 12000, "--datasets", 4000, "--spaces", 5000, "--seed", 11, "--until", UNTIL]
WANT = None


def take(hub, n, *args):
    folder = scratch()
    c = crawl(n, hub.url, folder, *args, timeout=500)
    return folder, c, reduce(2, folder)


def plain():
    global WANT
    with Hub(*SIZE, "--quota", "0") as hub:
        folder, c, r = take(hub, 2)
        ok(c.code == 0 and r.code == 0, "the undisturbed census", c, r)
        WANT = digest(folder)


def equal(name, hub_args, crawl_args=(), says=None, n=2):
    with Hub(*SIZE, *hub_args) as hub:
        folder, c, r = take(hub, n, *crawl_args)
        ok(c.code == 0 and r.code == 0, f"{name}: complete", c, r)
        if says:
            ok(says in c.err, f"{name}: says '{says}'", c)
        if r.code == 0:
            # hub's port and its totals are the same content: only the address differs
            same([d for d in differing(digest(folder), WANT) if d != "census.json" and "snapshot" not in d], [], f"{name}: same bytes")
        return c


def fall_backs():
    all_kinds = "models, datasets, spaces"
    own = f"the Hub takes no cursors but its own for {all_kinds}: one walk each,"
    down = f"the Hub lists {all_kinds} newest first only: windows are crawled downwards"
    for name, faults_, says in (
        ("crafted cursors refused", ["reject-cursor"], f"{own} oldest first"),
        ("crafted cursors ignored", ["ignore-cursor"], f"{own} oldest first"),
        ("direction=1 refused", ["no-direction"], down),
        ("both refused", ["no-direction", "reject-cursor"], f"{own} newest first"),
    ):
        c = equal(name, ["--quota", "0", *[word for f in faults_ for word in ("--fault", f)]], says=says)
        same(len([line for line in c.err.splitlines() if "the Hub" in line]), 1, f"{name}: in one line")


def suspect():
    """A page that is out of order twice is taken for what it is worth, and every place says so. One request at a time: the same faults in every run."""
    with Hub(*SIZE, "--quota", "0", "--fault", "out-of-order@30%") as hub:
        folder, c, r = take(hub, 1, "--in-flight", 1)
        ok(c.code == 5 and "is suspect" in c.err and "suspect" in c.out, "pages out of order: exit 5, and which windows", c)
        ok(r.code == 5, "the reduce says so too", r)
        rows = value(load(folder), "completeness")
        ok(sum(rows[k]["suspect_windows"] for k in ("models", "datasets", "spaces")) > 0, "and the census", rows)
        ok(all(rows[k]["rows"] == n for k, n in (("models", 12000), ("datasets", 4000), ("spaces", 5000))), "no row is lost by it", rows)
    with Hub(*SIZE, "--quota", "0", "--fault", "out-of-order@5%") as hub:
        folder, c, r = take(hub, 1, "--in-flight", 1)
        ok(c.code == 0 and r.code == 0 and "suspect" not in c.err, "a page that is out of order once is asked for again", c, r)
        same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], "same bytes")


def faults():
    for fault in ("504@5%", "500@5%", "truncate@5%", "not-json@5%", "reset@5%", "duplicate@10%", "no-ratelimit", "nonsense-ratelimit", "stale-ratelimit@20%"):
        equal(fault, ["--quota", "0", "--fault", fault])


def no_429():
    with Hub(*SIZE, "--quota", "15/2") as hub:
        folder, c, r = take(hub, 3)
        ok(c.code == 0 and r.code == 0, "a quota of 15 requests per 2 s: complete", c, r)
        same([q for q in hub.requests() if q[1] == "429"], [], "and no request was one too many")
        same([d for d in differing(digest(folder), WANT) if d != "census.json"], [], "same bytes")


def totals():
    """The requests for the totals count, too: where one quota is for all, they would be the ones too many."""
    with Hub(*SIZE, "--quota", "0") as hub:
        c = crawl(1, hub.url, scratch(), "--budget", "6/4", "--max-requests", 11)
        seen = hub.requests()
        first = [q for q in seen if float(q[0]) < float(seen[0][0]) + 3]
        ok(c.code == 3 and sum("/api/" not in q[3] for q in seen) == 3, "a budget of 6 requests per 4 s, fixed: 3 pages and 3 totals", c)
        ok(len(first) <= 6, f"and nothing else in those 4 s: {len(first)} requests", *[q[3] for q in first])


def partial():
    with Hub(*SIZE, "--quota", "0") as hub:
        folder, c, r = take(hub, 2, "--filter", "tag=license:apache-2.0", "--kinds", "models")
        got = load(folder)
        ok(c.code in (0, 5) and "partial" in (c.out + c.err + r.out).lower(), "a census of one licence says that it is partial", c, r)
        models = value(got, "totals.models")
        ok(models and 0 < models < 12000, f"{models} models")
        same(got["figures"]["totals.datasets"]["status"], "not available", "datasets were not crawled: not available")
        licences = value(got, "categories.models")["license"]
        same(licences["apache-2.0"]["repositories"], models, "all with that licence")
        folder, c, r = take(hub, 2, "--filter", "author=Qwen", "--kinds", "models")
        same(value(load(folder), "totals.owners")["all"], 1, "a census of one owner")


def poison():
    with Hub(*SIZE, "--quota", "0", "--fault", "poison@1%") as hub:
        folder, c, r = take(hub, 2)
        ok(c.code in (0, 5) and r.code in (0, 5), "hostile records: no crash", c, r)
        got = load(folder)
        for kind, n in (("models", 12000), ("datasets", 4000), ("spaces", 5000)):
            row = value(got, "completeness")[kind]
            ok(row["rows"] >= n * 0.98, f"{kind}: {row['rows']} rows, {row['quarantined']} quarantined, {row['field_errors']} members not understood", row)
        ok(sum(value(got, "completeness")[k]["quarantined"] for k in ("models", "datasets", "spaces")) > 0, "the census says what was refused")
        printed = c.out + c.err + r.out + r.err
        ok(all(ch.isprintable() or ch in "\n\t\r" for ch in printed), "nothing printed can drive a terminal")
        first = digest(folder)
        again, _, _ = take(hub, 3)
        same([d for d in differing(digest(again), first)], [], "the same again on three ranks")


main(plain, fall_backs, suspect, faults, no_429, totals, partial, poison)
