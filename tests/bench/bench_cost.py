# SPDX-License-Identifier: Apache-2.0
"""What the crawl costs in CPU, beside what of it cannot be avoided and beside the Hub's own JavaScript client: a table, and JSON.
bench_cost.py [--quick] [--json FILE]

ms of user and system time per 1,000 rows (a page of 0.7 MB), of all ranks, sealing included. The cost of starting is taken off: the slope between a
small and a large crawl. Nothing here waits, so a machine with something else to do tells more than is true.

On two cores the stand-in takes its share of them, so the wall of two ranks (`speedup_by_wall`) tells less than what a second rank is worth: `speedup` is
the CPU of one rank alone by that of the busier of two, which is what the wall is where the Hub is another machine. From an archive, which takes no
core, the wall itself tells."""

import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import options, save  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

CLIENTS = os.path.join(os.path.dirname(__file__), "..", "clients")
# Each rank leaves its CPU in s, of the user and of the system.
RANK = "import os, resource, subprocess, sys; c = subprocess.call(sys.argv[2:]); u = resource.getrusage(resource.RUSAGE_CHILDREN); open(sys.argv[1] + '/' + os.environ['OMPI_COMM_WORLD_RANK'], 'w').write(f'{u.ru_utime} {u.ru_stime}'); sys.exit(c)"


def population(rows, *more):
    """Pages of 0.7 MB."""
    return ["--models", rows, "--datasets", 0, "--spaces", 0, "--more-tags", 5, "--until", UNTIL, "--quota", 0, *more]


def crawl(n, url, in_flight=8):
    """CPU of each rank in ms, of the user and of the system, and the wall in s."""
    folder, told, at = scratch(), scratch(), time.monotonic()
    command = [f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, "--quiet", "--kinds", "models", "--in-flight", max(1, in_flight // n), folder]
    subprocess.run([str(a) for a in (*MPIRUN, "-n", n, sys.executable, "-c", RANK, told, *command)], env=ENV, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - at
    shutil.rmtree(folder)
    return [[1000 * float(x) for x in open(f"{told}/{r}", encoding="ascii").read().split()] for r in range(n)], wall


def cpu(ranks):
    return sum(map(sum, ranks))


def first_page(hub):
    """The path of a page with a crafted cursor and fifty others behind it."""

    def begin(path):
        cursor = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).get("cursor", [""])[0]
        return base64.b64decode(cursor + "==").decode("utf-8", "replace")

    paths = sorted((p for p in (r[3] for r in hub.requests()) if "cursor=" in p and "direction=1" in p), key=begin)
    return paths[len(paths) // 3]


PARTS = ("receive", "receive_gzip", "inflate", "parse", "seal", "take")
WIRE = {"not compressed": (["--no-gzip"], ("receive", "parse", "seal")), "gzip": ([], ("receive_gzip", "inflate", "parse", "seal"))}


def turn(hub, path, rounds, rows):
    """Pages as the crawler asks for them, part by part; and crawls of one rank beside them."""
    out = subprocess.run([f"{BUILD}/tests/bench/bench_page", hub.url + path, str(rounds)], capture_output=True, text=True, check=True).stdout
    return json.loads(out), {label: per_thousand(rows, 1, *more) for label, (more, _) in WIRE.items()}


def crawls(rounds, rows, turns):
    """What sealing costs depends on what the kernel has in its page cache, so the parts and the crawl are measured in turns, and a ratio is that of a turn.
    The median of each, and the turns' least and largest ratio."""
    with Hub(*population(150000)) as hub:
        crawl(1, hub.url)
        path = first_page(hub)
        seen = [turn(hub, path, rounds, rows) for _ in range(turns)]
    page = {k: statistics.median(p[k] for p, _ in seen) for k in seen[0][0]}
    for name in PARTS:
        yield {"case": f"a page, {name}", "ms": page[name]}
    for label, (more, names) in WIRE.items():
        alone = sorted((c[label] for _, c in seen), key=lambda c: c["ms"])[turns // 2]
        sums = [sum(p[n] for n in names) for p, _ in seen]
        ratio = sorted(c[label]["ms"] / s for s, (_, c) in zip(sums, seen))
        yield {"case": "a page, " + " + ".join(names), "ms": statistics.median(sums), "mb": page["bytes" if more else "wire"] / 1e6}
        yield {"case": f"hubcrawl, {label}", "ranks": 1, "ms": alone["ms"], "user_ms": alone["user_ms"], "rows_per_s": alone["rows_per_s"]}
        yield {"case": f"hubcrawl, {label}, by its unavoidable parts", "ratio": ratio[turns // 2], "least": ratio[0], "largest": ratio[-1]}
        both = per_thousand(rows, 2, *more)
        speedup = {"speedup": alone["ms"] / both["busiest_ms"], "speedup_by_wall": both["rows_per_s"] / alone["rows_per_s"]}
        yield {"case": f"hubcrawl, {label}", "ranks": 2, "ms": both["ms"], "user_ms": both["user_ms"], "rows_per_s": both["rows_per_s"], **speedup}
    yield {"case": "a shard deflated at level 1, instead of not", "ms": page["deflate"], "of_its_size": page["deflated"]}


def per_thousand(rows, n, *more, in_flight=8):
    """The slope between a tenth of the rows and all of them, in ms: of all ranks, of them what is the user's, of the busiest; rows per s; and what starting
    a rank costs, in ms. The second of two crawls finds what the stand-in kept of the first."""
    seen, wall = {}, {}
    for r in (rows // 10, rows):
        with Hub(*population(r), "--cache", 64 + r // 1000, *more) as hub:
            both = [crawl(n, hub.url, in_flight) for _ in range(2)]
        seen[r], wall[r] = min((b[0] for b in both), key=cpu), min(b[1] for b in both)
    few, many = seen[rows // 10], seen[rows]
    per = 1000 / (0.9 * rows)
    ms = per * (cpu(many) - cpu(few))
    return {
        "ms": ms,
        "user_ms": per * (sum(r[0] for r in many) - sum(r[0] for r in few)),
        "busiest_ms": per * max(sum(b) - sum(a) for a, b in zip(few, many)),
        "rows_per_s": rows * 0.9 / (wall[rows] - wall[rows // 10]),
        "start_ms_a_rank": (cpu(few) - ms * rows / 10000) / n,
    }


def replays(rows):
    """By wall what a second rank is worth where no Hub takes a core: the same pages, from an archive. Each rank has a segment of two."""
    wall = {}
    for r in (rows // 10, rows):
        archive = scratch()
        with Hub(*population(r)) as hub:
            command = [f"{BUILD}/hubcrawl", "--hub", hub.url, "--until", UNTIL, "--quiet", "--kinds", "models", "--archive", archive]
            subprocess.run([str(a) for a in (*MPIRUN, "-n", 2, *command)], env=ENV, check=True, stdout=subprocess.DEVNULL)
        for n in (1, 2):
            seen = []
            for _ in range(2):
                folder, at = f"{scratch()}/again", time.monotonic()
                subprocess.run([*MPIRUN, "-n", str(n), f"{BUILD}/hubcrawl", "--quiet", "--from-archive", archive, folder], env=ENV, check=True, stdout=subprocess.DEVNULL)
                seen.append(time.monotonic() - at)
                shutil.rmtree(folder)
            wall[n, r] = min(seen)
        shutil.rmtree(archive)
    s = {n: wall[n, rows] - wall[n, rows // 10] for n in (1, 2)}
    for n in (1, 2):
        yield {"case": "hubcrawl, from an archive", "ranks": n, "rows_per_s": 0.9 * rows / s[n], **({"speedup_by_wall": s[1] / s[n]} if n > 1 else {})}


def javascript(rows):
    if not os.path.isdir(f"{CLIENTS}/node_modules/@huggingface/hub") or not shutil.which("node"):
        print("the JavaScript client is not there: make check-clients installs it")
        return
    with Hub(*population(rows), "--no-gzip") as hub:
        script = os.path.join(os.path.dirname(__file__), "list_models.mjs")
        out = subprocess.run(["node", script, hub.url, str(rows)], capture_output=True, text=True, check=True).stdout
    yield {"case": "@huggingface/hub listModels, not compressed", "ms": json.loads(out)["ms"]}


def many_ranks(rows, ranks):
    """More ranks than cores: what waits must not cost. The system's part is that of fresh memory: each rank has a shard of rows and its image."""
    two = None
    for n in ranks:
        c = per_thousand(rows, n, "--no-gzip", in_flight=32)
        two = two or c
        more = {"of_two_ranks": c["ms"] / two["ms"], "user_of_two_ranks": c["user_ms"] / two["user_ms"]}
        yield {"case": f"hubcrawl, 32 in flight, {rows:,} rows", "ranks": n, "ms": c["ms"], **more, "rows_per_s": c["rows_per_s"], "start_ms_a_rank": c["start_ms_a_rank"]}


def waiting(n, slow_ms):
    """What a rank costs that waits for replies: the same requests, answered at once or late."""
    seen = []
    for ms in (0, slow_ms):
        with Hub(*population(4000 * n), "--no-gzip", "--latency", ms) as hub:
            seen.append(min((crawl(n, hub.url, n) for _ in range(2)), key=lambda x: cpu(x[0])))
    (fast, fast_s), (slow, slow_s) = seen
    yield {"case": "a rank that waits, share of a core", "ranks": n, "share": (cpu(slow) - cpu(fast)) / 1000 / n / (slow_s - fast_s)}


def served(hub):
    """CPU of the stand-in so far, in ms."""
    with open(f"/proc/{hub.process.pid}/stat", encoding="ascii") as f:
        t = f.read().rpartition(")")[2].split()
    return 1000 * (int(t[11]) + int(t[12])) / os.sysconf("SC_CLK_TCK")


def stand_in(rounds):
    """The stand-in's own rate, to two plain clients at once that ask for the whole pages of a crawl, and what a page costs it: each drawn anew, or kept
    from the crawl."""
    for label, cache_mb in (("drawn", 0), ("kept", 128)):
        with Hub(*population(100000), "--no-gzip", "--cache", cache_mb) as hub:
            crawl(1, hub.url)
            urls = [hub.url + r[3] for r in hub.requests() if "limit=1000&" in r[3] and "cursor=" in r[3]]
            size = len(subprocess.run(["curl", "-sg", urls[len(urls) // 2]], capture_output=True, check=True).stdout)
            config = f"{scratch()}/urls"
            with open(config, "w", encoding="ascii") as f:
                f.writelines(f'url = "{u}"\noutput = "/dev/null"\n' for u in urls * rounds)
            before, at = served(hub), time.monotonic()
            clients = [subprocess.Popen(["curl", "-sgf", "-K", config]) for _ in range(2)]
            if any([c.wait() for c in clients]):
                raise RuntimeError("curl failed")
            s, pages = time.monotonic() - at, 2 * rounds * len(urls)
            yield {"case": f"the stand-in, pages {label}, two plain clients", "ms": (served(hub) - before) / pages, "pages_per_s": pages / s, "mb_per_s": pages * size / 1e6 / s}


def show(row):
    print(f"{row['case']:<46}" + (f" {row['ranks']:>2} ranks" if "ranks" in row else " " * 9) + "".join(f"  {k} {v:,.3f}" for k, v in row.items() if isinstance(v, float)), flush=True)


def ratios(rows):
    ms = {(r["case"], r.get("ranks", 1)): r["ms"] for r in rows if "ms" in r}
    client = ms.get(("@huggingface/hub listModels, not compressed", 1))
    if client:
        yield {"case": "@huggingface/hub by hubcrawl", "ratio": client / ms[("hubcrawl, not compressed", 1)]}


def main():
    args = options(__doc__).parse_args()
    rows = []
    size = 100000 if args.quick else 400000
    ranks = (2, 8) if args.quick else (2, 4, 8, 16, 32)
    measured = (crawls(3 if args.quick else 10, size, 1 if args.quick else 5), replays(2 * size), javascript(20000 if args.quick else 50000), many_ranks(2 * size if args.quick else 8 * size, ranks), waiting(8, 500 if args.quick else 2000), stand_in(3 if args.quick else 10))
    for part in measured:
        for row in part:
            show(row)
            rows.append(row)
    for row in ratios(rows):
        show(row)
        rows.append(row)
    save(args, rows)


main()
