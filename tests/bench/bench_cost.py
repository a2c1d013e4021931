# SPDX-License-Identifier: Apache-2.0
"""What the crawl costs in CPU, beside what of it cannot be avoided and beside the Hub's own clients, JavaScript and Python: a table, and JSON.
bench_cost.py [--quick] [--json FILE]

ms of user and system time per 1,000 rows (a page of 0.7 MB), of all ranks, sealing included. The cost of starting is taken off: the slope between a
small and a large crawl. Nothing here waits, so a machine with something else to do tells more than is true; what is compared is measured in turns, and a
ratio is that of a turn: the median of all turns, and the least and the largest.

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
from rows import kept, node_package, options  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

CLIENTS = os.path.join(os.path.dirname(__file__), "..", "clients")
LIMIT_S = 900  # of one program: none hangs for ever
# Each rank leaves its CPU in s, of the user and of the system.
RANK = "import os, resource, subprocess, sys; c = subprocess.call(sys.argv[2:]); u = resource.getrusage(resource.RUSAGE_CHILDREN); open(sys.argv[1] + '/' + os.environ['OMPI_COMM_WORLD_RANK'], 'w').write(f'{u.ru_utime} {u.ru_stime}'); sys.exit(c)"


def population(rows, *more):
    """Pages of 0.7 MB."""
    return ["--models", rows, "--datasets", 0, "--spaces", 0, "--more-tags", 5, "--until", UNTIL, "--quota", 0, *more]


def crawl(n, url, in_flight=8):
    """CPU of each rank in ms, of the user and of the system, and the wall in s."""
    folder, told, at = scratch(), scratch(), time.monotonic()
    command = [f"{BUILD}/hubcrawl", "--hub", url, "--until", UNTIL, "--quiet", "--kinds", "models", "--in-flight", max(1, in_flight // n), folder]
    subprocess.run([str(a) for a in (*MPIRUN, "-n", n, sys.executable, "-c", RANK, told, *command)], env=ENV, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)
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
    """Pages as the crawler asks for them, part by part; and crawls of one rank and of two beside them."""
    out = subprocess.run([f"{BUILD}/tests/bench/bench_page", hub.url + path, str(rounds)], capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout
    return json.loads(out), {label: [per_thousand(rows, n, *more) for n in (1, 2)] for label, (more, _) in WIRE.items()}


def spread(name, ratios):
    """The median of the turns, and their least and largest."""
    ratios = sorted(ratios)
    return {name: ratios[len(ratios) // 2], "least": ratios[0], "largest": ratios[-1]}


def median(turns):
    """The turn in the middle, by its CPU."""
    return sorted(turns, key=lambda c: c["ms"])[len(turns) // 2]


def crawls(rows, turns):
    """What sealing costs depends on what the kernel has in its page cache, so the parts and the crawls are measured in turns, and write as much."""
    rounds = rows // 50000  # of 50 pages: bench_page.c
    with Hub(*population(150000)) as hub:
        crawl(1, hub.url)
        path = first_page(hub)
        seen = [turn(hub, path, rounds, rows) for _ in range(turns)]
    page = {k: statistics.median(p[k] for p, _ in seen) for k in seen[0][0]}
    for name in PARTS:
        yield {"case": f"a page, {name}", "ms": page[name]}
    for label, (more, names) in WIRE.items():
        sums = [sum(p[n] for n in names) for p, _ in seen]
        one, two = ([c[label][i] for _, c in seen] for i in (0, 1))
        yield {"case": "a page, " + " + ".join(names), "ms": statistics.median(sums), "mb": page["bytes" if more else "wire"] / 1e6}
        for n, c in ((1, median(one)), (2, median(two))):
            yield {"case": f"hubcrawl, {label}", "ranks": n, "ms": c["ms"], "user_ms": c["user_ms"], "rows_per_s": c["rows_per_s"]}
        yield {"case": f"hubcrawl, {label}, by its unavoidable parts", **spread("ratio", [c["ms"] / s for c, s in zip(one, sums)])}
        yield {"case": f"hubcrawl, {label}, 1 -> 2 ranks", **spread("speedup", [a["ms"] / b["busiest_ms"] for a, b in zip(one, two)])}
        yield {"case": f"hubcrawl, {label}, 1 -> 2 ranks, the stand-in on the same cores", **spread("speedup_by_wall", [b["rows_per_s"] / a["rows_per_s"] for a, b in zip(one, two)])}
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
            subprocess.run([str(a) for a in (*MPIRUN, "-n", 2, *command)], env=ENV, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)
        for n in (1, 2):
            seen = []
            for _ in range(2):
                folder, at = f"{scratch()}/again", time.monotonic()
                subprocess.run([*MPIRUN, "-n", str(n), f"{BUILD}/hubcrawl", "--quiet", "--from-archive", archive, folder], env=ENV, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)
                seen.append(time.monotonic() - at)
                shutil.rmtree(folder)
            wall[n, r] = min(seen)
        shutil.rmtree(archive)
    s = {n: wall[n, rows] - wall[n, rows // 10] for n in (1, 2)}
    for n in (1, 2):
        yield {"case": "hubcrawl, from an archive", "ranks": n, "rows_per_s": 0.9 * rows / s[n], **({"speedup_by_wall": s[1] / s[n]} if n > 1 else {})}


def client(case, rows, *command):
    """One of the Hub's own clients, for the same rows."""
    with Hub(*population(rows), "--no-gzip") as hub:
        out = subprocess.run([*command, hub.url, str(rows)], env=ENV, capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout
    told = json.loads(out)
    if told["rows"] != rows:
        raise RuntimeError(f"{case}: {told['rows']} of {rows} rows")
    yield {"case": case, "ms": told["ms"]}


def clients(rows):
    script = os.path.join(os.path.dirname(__file__), "list_models.")
    case = "@huggingface/hub listModels, not compressed"
    missing = node_package(CLIENTS, "@huggingface/hub")
    yield from [{"case": case, "skipped": missing}] if missing else client(case, rows, "node", script + "mjs")
    case = "huggingface_hub list_models, not compressed"
    # Debian has no package of it: measured where somebody has installed it.
    python = next((p for p in (sys.executable, shutil.which("python3")) if p and not subprocess.call([p, "-c", "import huggingface_hub"], stderr=subprocess.DEVNULL)), None)
    yield from client(case, rows, python, script + "py") if python else [{"case": case, "skipped": "python3 has no huggingface_hub"}]


def many_ranks(rows, ranks, turns, label):
    """More ranks than cores: what waits must not cost. The system's part is that of fresh memory: each rank has a shard of rows and its image."""
    seen = [{n: per_thousand(rows, n, *WIRE[label][0], in_flight=32) for n in ranks} for _ in range(turns)]
    for n in ranks:
        c = median([t[n] for t in seen])
        more = {**spread("of_two_ranks", [t[n]["ms"] / t[2]["ms"] for t in seen]), "user_of_two_ranks": statistics.median(t[n]["user_ms"] / t[2]["user_ms"] for t in seen)}
        yield {"case": f"hubcrawl, {label}, 32 in flight, {rows:,} rows", "ranks": n, "ms": c["ms"], **more, "rows_per_s": c["rows_per_s"], "start_ms_a_rank": c["start_ms_a_rank"]}


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
    figures = "".join(f"  {k} {v:,.3f}" for k, v in row.items() if isinstance(v, float)) or f"  skipped: {row['skipped']}"
    print(f"{row['case']:<64}" + (f" {row['ranks']:>2} ranks" if "ranks" in row else " " * 9) + figures, flush=True)


def ratios(rows):
    ms = {(r["case"], r.get("ranks", 1)): r["ms"] for r in rows if "ms" in r}
    for name in ("@huggingface/hub listModels", "huggingface_hub list_models"):
        if (f"{name}, not compressed", 1) in ms:
            yield {"case": f"{name} by hubcrawl", "ratio": ms[f"{name}, not compressed", 1] / ms["hubcrawl, not compressed", 1]}


def main():
    args = options(__doc__).parse_args()
    size = 100000 if args.quick else 400000
    measured = (
        crawls(size, 1 if args.quick else 5),
        clients(20000 if args.quick else 50000),
        replays(2 * size),
        many_ranks(2 * size if args.quick else 8 * size, (2, 8) if args.quick else (2, 4, 8, 16, 32), 1 if args.quick else 3, "gzip"),
        *(() if args.quick else (many_ranks(8 * size, (2, 4, 8, 16, 32), 3, "not compressed"),)),
        waiting(8, 500 if args.quick else 2000),
        stand_in(3 if args.quick else 10),
    )
    with kept(args) as rows:
        for part in measured:
            for row in part:
                show(row)
                rows.append(row)
        for row in list(ratios(rows)):
            show(row)
            rows.append(row)


main()
