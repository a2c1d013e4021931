# SPDX-License-Identifier: Apache-2.0
"""--dry-run tells what a Hub is like and what a crawl will take, with six requests; --save-probe keeps what was said."""

import gzip
import os
import re

from tap import BUILD, PLAIN, UNTIL, Hub, Run, crawl, main, mpi, ok, reduce, same, scratch
from warc import records

SMALL = ["--models", 12000, "--datasets", 4000, "--spaces", 5000, "--seed", 11, "--until", UNTIL]
FINDINGS = ("crafted cursors", "direction=1", "page size", "rate-limit headers", "totals")


def dry(url, *args, n=1, **kw):
    if n == 1:  # also without mpirun
        return Run([f"{BUILD}/hubcrawl", "--dry-run", "--hub", url, *args], **kw)
    return mpi(n, "hubcrawl", "--dry-run", "--hub", url, *args, **kw)


def found(run):
    """The five answers, first letters: y, n, u."""
    words = [re.search(rf"^{re.escape(what)} +(yes|no|unclear)\b", run.out, re.M) for what in FINDINGS]
    return "".join(w[1][0] if w else "?" for w in words)


def requests(run):
    got = re.search(r"^in all +(\d+)$", run.out, re.M)
    return int(got[1]) if got else -1


def asked(hub):
    return len([q for q in hub.requests() if not q[3].startswith("/.hubsim")])


def findings():
    cases = (
        ([], "yyyyy", ""),
        (["--fault", "reject-cursor"], "nyyyy", "one walk per kind"),
        (["--fault", "ignore-cursor"], "nyyyy", "one walk per kind"),
        (["--fault", "no-direction"], "ynyyy", "newest first"),
        (["--fault", "no-direction", "--fault", "reject-cursor"], "nnyyu", "one walk per kind"),
        (["--fault", "no-ratelimit"], "yyyny", "the anonymous quota"),
        (["--pages-quota", "1/300"], "yyyyu", "estimated from how close"),
        (["--quota", "2/300"], "yyyyu", "ask again later"),
    )
    for args, want, says in cases:
        with Hub(*SMALL, *args) as hub:
            place = scratch()
            r = Run([os.path.abspath(f"{BUILD}/hubcrawl"), "--dry-run", "--hub", hub.url], cwd=place)
            ok(r.code == 0 and says in r.out, f"{' '.join(args) or 'as the Hub is'}: {says or 'all is well'}", r)
            same(found(r), want, "  " + ", ".join(FINDINGS))
            ok(asked(hub) <= 6, f"  with {asked(hub)} requests")
            same(os.listdir(place), [], "  and nothing was written")


def no_hub():
    for fault, says in (("504", "status 504"), ("not-json", "no list"), ("html", "no list")):
        with Hub(*SMALL, "--fault", fault) as hub:
            r = dry(hub.url, n=2)
            ok(r.code == 4 and says in r.err and r.out == "", f"{fault}: exit 4", r)
            ok(asked(hub) <= 6, f"  with {asked(hub)} requests")
    r = dry("http://127.0.0.1:9")
    ok(r.code == 4 and "127.0.0.1:9" in r.err, "nobody there: exit 4", r)


def forecasts():
    """Within 5 % of what a crawl then asks, for each number of ranks; under valgrind replies come late, and more windows overlap."""
    size = ["--models", 120000, "--datasets", 30000, "--spaces", 50000, "--seed", 3]
    for n, quota in ((1, "100/2"), (2, "100/2"), (4, "0")):
        with Hub(*size, "--quota", quota) as hub:
            r = dry(hub.url, n=n)
            before = asked(hub)
            c = mpi(n, "hubcrawl", "--hub", hub.url, f"{scratch()}/c")
            real = asked(hub) - before
            ok(c.code == 0, f"{n} ranks, quota {quota}: a crawl", c)
            ok(abs(requests(r) - real) <= (0.05 if PLAIN else 0.1) * real, f"{requests(r)} requests foretold, {real} made", r)
            for name in ("anonymous", "free account", "PRO", "Team", "Enterprise", "Enterprise Plus", "+ Higher", "in force"):
                ok(re.search(rf"^{re.escape(name)} +\d+ per \d+ s +[\d.]+ (s|min|h)$", r.out, re.M), f"  the time for {name}", r)


def resources():
    """What it says of disk and of ranks comes true."""
    folder = scratch()
    # Under valgrind replies come late, and a larger quota would not bind.
    with Hub("--models", 60000, "--datasets", 12000, "--spaces", 12000, "--quota", "30/2" if PLAIN else "30/10", "--latency", 50) as hub:
        r = dry(hub.url, "--in-flight=2")
        disk = re.search(r"^disk +about (\d+) MB of shards, (\d+) MB of census.h5$", r.out, re.M)
        ranks = re.search(r"^ranks +(\d+) worth having, with more the quota binds \(1: ([\d.]+) s, 2: ([\d.]+) s\)$", r.out, re.M)
        ok(disk and ranks and ranks[1] == "1", "where the quota binds one rank is enough", r)
        c = mpi(4, "hubcrawl", "--in-flight=2", "--hub", hub.url, f"{folder}/1")
        wall = re.search(r"^wall +([\d.]+) s", c.out, re.M)
        ok(c.code == 0 and ranks and float(wall[1]) > 0.7 * float(ranks[2]), "and four are no faster than that", c)
    memory = re.search(r"^memory +about (\d+) MB per rank to crawl, (\d+) MB to reduce$", r.out, re.M)
    c = reduce(1, f"{folder}/1")
    really = re.search(r"at most (\d+) MB", c.err)
    ok(c.code == 0 and memory and (not PLAIN or abs(int(memory[2]) - int(really[1])) < 0.4 * int(really[1])), f"memory to reduce: {memory and memory[0]}, really {really[1]}", c)
    real = [sum(os.path.getsize(f"{folder}/1/shards/{f}") for f in os.listdir(f"{folder}/1/shards")) / 1e6, os.path.getsize(f"{folder}/1/census.h5") / 1e6]
    ok(disk and all(abs(int(disk[i + 1]) - real[i]) < 0.25 * real[i] + 1 for i in (0, 1)), f"disk: {disk and disk[0]}, really {real}")
    with Hub("--models", 600000, "--datasets", 0, "--spaces", 0, "--quota", "100000/300", "--latency", 300) as hub:
        r = dry(hub.url, "--kinds=models", "--in-flight=2")
        ranks = re.search(r"^ranks +(\d+) worth having.*\(1: ([\d.]+) (s|min), .* ([\d.]+) s\)$", r.out, re.M)
        ok(ranks and int(ranks[1]) > 4 and float(ranks[4]) * 4 < float(ranks[2]) * (60 if ranks[3] == "min" else 1), "where the latency binds more ranks help", r)


def estimates():
    """Without totals: from how close the rows lie, and it says so."""
    with Hub("--models", 120000, "--datasets", 30000, "--spaces", 50000, "--seed", 3, "--quota", "0", "--pages-quota", "1/300") as hub:
        crawl(1, hub.url, scratch(), "--max-requests", 12)  # spends the only page
        r = dry(hub.url)
        got = {k: int(re.search(rf"^{k} +(\d+) ", r.out, re.M)[1]) for k in ("models", "datasets", "spaces")}
        ok("estimated from how close" in r.out, "an estimate is called one", r)
        ok(all(n / 3 < got[k] < 3 * n for k, n in (("models", 120000), ("datasets", 30000), ("spaces", 50000))), f"{got}")


def continuation():
    folder = scratch()
    with Hub(*SMALL, "--quota", "0") as hub:
        whole = dry(hub.url)
        ok(whole.out.count("as the Hub tells") == 3, "all of it is", whole)
        whole = requests(whole)
        ok(crawl(2, hub.url, folder, "--max-requests", 12).code == 3, "a census is begun")
        files = sorted(os.listdir(folder))
        rest = dry(hub.url, folder)
        ok(rest.code == 0 and 0 < requests(rest) < whole, f"{requests(rest)} of {whole} requests are left", rest)
        until = dry(hub.url, "--until=2025-06-01")
        ok(all("estimated from the Hub's total" in r.out and "as the Hub tells" not in r.out for r in (rest, until)), "a part of the Hub's total is no number that it tells", rest, until)
        refused = dry("http://127.0.0.1:9", folder)
        ok(refused.code == 2 and "--hub" in refused.err, "a folder of another Hub is refused", refused)
        ok(crawl(2, hub.url, folder).code == 0, "it is finished")
        before = asked(hub)
        rest = dry(hub.url, folder)
        ok(rest.code == 0 and requests(rest) == 0 and "complete" in rest.out, "then nothing is left", rest)
        same(asked(hub) - before, 0, "and nothing is asked")
        same(sorted(os.listdir(folder)), files, "no file was added by looking")
        ok(reduce(1, folder).code == 0, "and the census is whole")
        left_of(hub, folder)


def left_of(hub, folder):
    """Of a census that is complete: the pages of a second pass, and the accounts."""
    ok(crawl(1, hub.url, folder, "--audit", 2).code == 0, "a second pass of 2 pages")
    same((requests(dry(hub.url, folder)), requests(dry(hub.url, "--audit=2", folder)), requests(dry(hub.url, "--audit=5", folder))), (0, 0, 9), "of 5 pages per kind 3 are left")
    ok(crawl(1, hub.url, folder, "--audit", 4, "--max-requests", 1).code == 3, "one that stops")
    r = dry(hub.url, folder)
    ok(requests(r) == 5 and "was not finished" in r.out, "is told of", r)
    for args, says in ((["--kinds=users", "--user-requests=5"], r"^accounts +complete: request limit \(5\)"), (["--user-requests=40", "--max-requests=20"], r"less the 25 requests that were made\nat best +25975 requests.*\nevery list +38999975 .*\n--user-requests +15 requests")):
        before = asked(hub)
        c = crawl(1, hub.url, folder, *args)
        done = asked(hub)
        r = dry(hub.url, folder)
        ok("--max-requests=20" not in args or "with the quota assumed to be the anonymous one" in r.out, "the quota of a Hub that is not asked is assumed", r)
        ok(c.code in (0, 3) and re.search(says, r.out, re.M), f"{' '.join(args)}, {done - before} requests: {says}", c, r)
        same(asked(hub), done, "and nothing is asked")


def filtered():
    with Hub(*SMALL, "--quota", "0") as hub:
        r = dry(hub.url, "--filter", "author=Qwen")
        ok(r.code == 0 and "counted" in r.out and "partial" in r.out, "a small part is counted", r)
        ok(asked(hub) <= 6, f"with {asked(hub)} requests")


def saved(path, secret, kinds=("models", "datasets", "spaces")):
    got = list(records(path))
    same(got[0][0]["warc-type"], "warcinfo", "the first record says who wrote it")
    replies = [(f["warc-target-uri"], block) for f, block in got if f["warc-type"] == "response"]
    for kind in kinds:
        page = [b for uri, b in replies if f"/api/{kind}?" in uri]
        total = [b for uri, b in replies if f"/{kind}-json?" in uri]
        ok(page and b"ratelimit-policy:" in page[0].lower() and b'"_id"' in page[0] and page[0].startswith(b"HTTP/1.1 200"), f"a page of {kind}, with its header lines")
        ok(total and b"numTotalItems" in total[0], f"the total of {kind}")
    raw = open(path, "rb").read()
    plain = gzip.decompress(raw)
    ok(secret.encode() not in raw + plain and b"authorization:" not in plain.lower(), "and no token")
    return replies


def save_probe():
    place = scratch()
    secret = "hf_StrictlySecretSecretSecret"
    with open(f"{place}/token", "w", encoding="utf-8") as f:
        f.write(secret)
    os.chmod(f"{place}/token", 0o600)
    with Hub(*SMALL, "--token", secret) as hub:
        path = f"{place}/dry.warc.gz"
        r = dry(hub.url, "--token-file", f"{place}/token", "--save-probe", path)
        ok(r.code == 0 and path in r.err and "6 replies" in r.err, "--dry-run keeps its replies", r)
        ok(f"{place}/token" in r.out and secret not in r.out + r.err, "it says where the token came from")
        ok(all(q[4].endswith("yes") for q in hub.requests()), "which was sent")
        same(len(saved(path, secret)), 6, "six replies")
        path = f"{place}/crawl.warc.gz"
        r = crawl(2, hub.url, f"{place}/census", "--token-file", f"{place}/token", "--save-probe", path)
        ok(r.code == 0 and path in r.err, "a crawl keeps those of its probe", r)
        same(len(saved(path, secret)), 6, "six replies")
        left = Run(["grep", "-r", "-l", secret, "--exclude=token", place])
        same(left.out, "", "the token is in no file")
        r = dry(hub.url, "--save-probe", f"{place}/nowhere/x.warc.gz")
        ok(r.code == 4 and "nowhere" in r.err, "a file that cannot be written: exit 4", r)
    with Hub(*SMALL, "--fault", "504") as hub:
        path = f"{place}/failed.warc.gz"
        r = dry(hub.url, "--save-probe", path)
        ok(r.code == 4, "a Hub that gives nothing", r)
        ok(all(b.startswith(b"HTTP/1.1 ") for _, b in [x for x in records(path) if x[0]["warc-type"] == "response"]), "what it said is kept all the same")
    r = dry("http://127.0.0.1:9", "--save-probe", f"{place}/nothing.warc.gz")
    ok(not os.path.exists(f"{place}/nothing.warc.gz") and not os.path.exists(f"{place}/nothing.warc.gz.tmp"), "without a reply there is no file", r)


main(findings, no_hub, forecasts, resources, estimates, continuation, filtered, save_probe)
