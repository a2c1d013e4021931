# SPDX-License-Identifier: Apache-2.0
"""What ranks say to each other, counted, and what that predicts past this machine. bench_scale.py [--quick] [--json FILE]

Counted are calls of MPI, and the messages and bytes that are sent beneath them, those of collective calls, of HDF5 and of MPI-IO among them (count_mpi.c): what
rank 0 sends, what the largest other rank does, and what rank 0 gets; of censuses of 100,000 and 400,000 models by 2 to 32 ranks. The parts:

  crawl      hubcrawl; each rank has one request under way, so that no two pages are told together
  accounts   the discovery of accounts: as fast as it goes, and at 20 requests a second
  read, exchange, figures, write
             hubreduce by its own laps, from shards of a page each, so that all ranks hold about the same
  all-to-alls, sums, to rank 0, to all, trees, chunks, opens, views, writes, lone writes
             the same by calls, KINDS below: trees are tallies on their way to rank 0; by chunks HDF5 brings the parts of one to one rank; writes are collective,
             and MPI-IO brings what is written to some ranks that do it, its aggregators; lone ones are rank 0's

The model of a part is a sum of terms in rows N and ranks P (accounts: requests R, seconds T), PARTS below; the coefficients are those of least squares relative to
the values, none negative, or a bound ("at most"); each row says the largest error of its fit, and how far off it is for 1.6 M models by 16 ranks, which are not in it.

  1, 1/P, log P, (P - 1)   once; its part; a tree or doubling, rounded up; each other rank
  peers                    whom an all-to-all speaks to: P - 1, on the grid of 16 ranks or more (reduce/grid.h; P = A B) A + B - 2
  grid                     1 on the grid, where one call becomes two
  direct                   on it, (P - 1) log2(N/P² / 64): what has more than 4 kB for a pair of ranks goes by no grid, and the widest of the exchanges, whose widths
                           are spread evenly by their logarithm, has 64 bytes a row
  away, away log P         rows to their owner, N/P (1 - 1/P); what the more ranks the less is sent once for all
  twice                    on the grid, away min(1, 64 P²/N): what goes by it
  (1 - 1/P), N (1 - 1/P)   of a sum over all ranks, constant or by rows, whatever the ranks
  N, share, chunk, spare   all rows; N/P; min(N/P, 65,536); max(0, N/P - 65,536): what of a rank's rows is in another's chunk
  lack, lacking            what rank 0's first chunk is short of, 65,536 - N/P rows, and in how many ranks they are
  names                    log P for each shard
  pages, own               N/1000 (1 - 1/P), of other ranks than 0; N/1000 / P, of one
  asked, own asked         R (1 - 1/P); R/P
  turns, waves             of 50 ms in T, in which a rank is asked how it stands, and says what it waits for; times P - 1

Shards: N/S + K P (1 + T/A) at most, for each but the last one of a rank and kind (K) has S rows, 100,000/P but 10,000 to 50,000, or is A = 60 s old (rows of more than
640 bytes fill it before); and no more than pages. Each crawl says whether that holds, one of them with A = 1 s.

The last rows are what it predicts for 1,024 ranks and 100 M rows (accounts: 2 M requests), and for how long a rank is busy with it, by 2 us a message and 5 GB/s
(reduce/wire.c): its share of what the part takes anyway, the quota's time, or 6 us for each of a rank's rows. The part whose share is largest breaks first."""

import math
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import kept, options  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

LIMIT_S = 600  # of one command
FITTED = 1000000  # rows; larger ones are predicted from them
FAR = {"rows": 100000000, "ranks": 1024, "requests": 2000000}
QUOTA = 500 / 300  # requests a second
GRID_RANKS, WIDE, CHUNK, WAVE_S, SEAL_S = 16, 64, 65536, 0.05, 60  # reduce/wire.c: for 4 kB a pair of ranks, what is widest in bytes a row; io/h5out_in.h, crawler/users_loop.c, crawler/options.c
MESSAGE_S, BYTE_S, ROW_S = 2e-6, 1 / 5e9, 6e-6  # reduce/wire.c, reduce/main.c
AT_MOST = "at most "
VALUES = ("calls", "messages_by_rank_0", "messages_by_other", "messages_to_rank_0", "bytes_by_rank_0", "bytes_by_other", "bytes_to_rank_0")


def phase(lap, last):
    """Of hubreduce; reduce/census.c, reduce/main.c and reduce/store.c end a lap each time that they look at MPI's clock."""
    return "read" if lap < 2 else "exchange" if lap < 5 else "figures" if lap < last - 4 else "write"


KINDS = {
    "all-to-alls": ("Alltoall", "Alltoallv"),
    "sums": ("Allreduce", "Iallreduce"),
    "to rank 0": ("Gather", "Gatherv"),
    "to all": ("Bcast", "Ibcast", "Allgather", "Allgatherv", "Exscan", "Barrier", "Ibarrier", "Scatterv"),
    "trees": ("Send",),
    "chunks": ("Isend",),
    "opens": ("File_open", "File_close", "File_set_size"),
    "views": ("File_set_view",),
    "writes": ("File_write_at_all",),
    "lone writes": ("File_write_at",),
}
# From how many ranks on a part is fitted, for MPI has other ways for fewer; the terms of its calls, messages and bytes: of what rank 0 sends, the largest other
# does, and rank 0 gets, or one for all. "at most": a bound instead of a fit.
PARTS = {
    "crawl": (2, "pages, (P - 1)", "pages, (P - 1), log P | own, log P | pages, (P - 1), log P", "pages, (P - 1), log P | own, log P, 1 | pages, (P - 1)"),
    "accounts": (2, "asked, waves", "asked, waves, log P | own asked, asked, turns | asked, waves", "asked, waves, log P | own asked, asked, turns, log P | asked, waves"),
    "read": (8, "1", "log P", "log P, names | log P, names | 1, N"),
    "exchange": (2, "1, grid", "peers, direct, log P, (P - 1)", "away, twice, (1 - 1/P)"),
    "figures": (2, "1, grid", "peers, direct, log P, (P - 1)", "N (1 - 1/P), (1 - 1/P), away, away log P, twice"),
    "write": (4, "1", "log P, (P - 1)", "spare, log P | share, chunk, 1 | N (1 - 1/P), lack, 1"),
    "all-to-alls": (2, "1, grid", "peers, direct", "away, twice, (1 - 1/P)"),
    "sums": (2, "1", "log P, (P - 1)", "N (1 - 1/P), (1 - 1/P)"),
    "to rank 0": (2, "1", "1 | 1 | log P, (P - 1)", "1 | 1, 1/P | (1 - 1/P), (P - 1)"),
    "to all": (8, "1", "log P", "log P, (P - 1), names | log P, (P - 1), names | 1, N"),
    "trees": (2, "1, log P", "1, log P", "1, (P - 1)"),
    "chunks": (4, "1", "at most 1 | 1 | lacking", "1, spare | at most chunk | lack, spare"),
    "opens": (2, "1", "log P", "log P"),
    "views": (2, "1", "log P", "log P"),
    "writes": (4, "1", "log P, (P - 1)", "at most 1 | share, chunk, 1 | at most N (1 - 1/P)"),
    "lone writes": (2, "1", "1", "1"),
}


def factors(n):
    """The grid of n ranks, rows and columns (reduce/grid.c); one row: there is none."""
    rows = max(i for i in range(1, n + 1) if n % i == 0 and i * i <= n) if n >= GRID_RANKS else 1
    return rows, n // rows


def terms(r):
    """Of what was counted, or is predicted."""
    n, p, log = r["rows"], r["ranks"], math.ceil(math.log2(r["ranks"]))
    high, wide = factors(p)
    grid, others = high > 1, 1 - 1 / p
    return {
        "1": 1,
        "1/P": 1 / p,
        "log P": log,
        "(P - 1)": p - 1,
        "peers": high + wide - 2 if grid else p - 1,
        "grid": grid,
        "direct": grid * (p - 1) * max(0, math.log2(n / p**2 / WIDE)),
        "(1 - 1/P)": others,
        "N": n,
        "N (1 - 1/P)": n * others,
        "away": n / p * others,
        "away log P": n / p * others * log,
        "twice": grid * n / p * others * min(1, WIDE * p**2 / n),
        "share": n / p,
        "chunk": min(n / p, CHUNK),
        "spare": max(0, n / p - CHUNK),
        "lack": max(0, min(n, CHUNK) - n / p),
        "lacking": max(0, min(n, CHUNK) / n * p - 1),
        "names": r.get("shards", 0) * log,
        "pages": n / 1000 * others,
        "own": n / 1000 / p,
        "asked": r.get("requests", 0) * others,
        "own asked": r.get("requests", 0) / p,
        "waves": r.get("seconds", 0) / WAVE_S * (p - 1),
        "turns": r.get("seconds", 0) / WAVE_S,
    }


def shards_at_most(rows, ranks, kinds, seconds):
    """Each but the last of a rank and kind has its rows, or its age."""
    return int(rows / min(50000, max(10000, 100000 // ranks)) + kinds * ranks * (1 + seconds // SEAL_S))


def counted(ranks, program, *args):
    """Of each rank [(lap, call, calls, messages, bytes, messages to rank 0, bytes to rank 0)]."""
    told = scratch()
    library = os.path.abspath(f"{BUILD}/tests/bench/count_mpi.so")
    mpirun = [*MPIRUN, "--mca", "pml_monitoring_enable", "1", "-n", str(ranks), "-x", f"COUNT_MPI={told}", "-x", f"LD_PRELOAD={library}"]
    subprocess.run([*mpirun, f"{BUILD}/{program}", *map(str, args)], env=ENV, check=True, stdout=subprocess.DEVNULL, timeout=LIMIT_S)
    result = []
    for r in range(ranks):
        with open(f"{told}/{r}", encoding="ascii") as f:
            result.append([(int(lap), call, *map(int, rest)) for lap, call, *rest in map(str.split, f)])
    if not any(row[3] for row in result[0]):
        raise RuntimeError("MPI does not tell what it sends: Open MPI's monitoring is missing")
    return result


def summed(ranks, which=lambda lap, call: True):
    first, *others = ([sum(x) for x in zip((0,) * 5, *(row[2:] for row in rank if which(*row[:2])))] for rank in ranks)
    return dict(zip(VALUES, (max(x[0] for x in (first, *others)), first[1], max(x[1] for x in others), sum(x[3] for x in others), first[2], max(x[2] for x in others), sum(x[4] for x in others))))


def rows_of_reduce(ranks):
    """(part, values)."""
    last = ranks[1][-1][0]
    seen = {call: phase(lap, last) for rank in ranks for lap, call, *_ in reversed(rank)}
    if seen["Alltoallv"] != "exchange" or seen["File_open"] != "write":
        raise RuntimeError(f"the laps of hubreduce are not where they are looked for: {seen}")
    for part in ("read", "exchange", "figures", "write"):
        yield part, summed(ranks, lambda lap, call, part=part: phase(lap, last) == part)
    for part in KINDS:
        yield part, summed(ranks, lambda lap, call, part=part: call in KINDS[part])


def crawl(ranks, hub, folder, *more):
    """What was counted, and the seconds that it took."""
    t = time.monotonic()
    result = counted(ranks, "hubcrawl", "--quiet", "--in-flight", 1, "--hub", hub.url, "--until", UNTIL, *more, folder)
    return result, time.monotonic() - t


def hub_of(models, *more):
    return Hub("--models", models, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--no-gzip", *more)


def measure(n, ranks_list):
    """A census of n models, crawled by each number of ranks, and one of them reduced by each."""
    base = scratch()
    with hub_of(n, "--quota", 0) as hub:
        crawl(max(ranks_list), hub, base, "--burst", "--kinds", "models", "--seal-rows", 1)
        shards = len(os.listdir(f"{base}/shards"))
        for p in ranks_list:
            folder = scratch()
            said, seconds = crawl(p, hub, folder, "--burst", "--kinds", "models")
            yield {"case": f"{n:,} rows: crawl", "name": "crawl", "rows": n, "ranks": p, **summed(said)}
            yield shards_row(folder, n, p, seconds)
            for part, values in rows_of_reduce(counted(p, "hubreduce", "--quiet", base)):
                yield {"case": f"{n:,} rows: {part}", "name": part, "rows": n, "ranks": p, "shards": shards, **values}


def shards_row(folder, n, ranks, seconds, label=""):
    shards, most = len(os.listdir(f"{folder}/shards")), shards_at_most(n, ranks, 1, seconds)
    return {"case": f"{n:,} rows: shards{label}", "ranks": ranks, "shards": shards, "at_most": most, "holds": "yes" if shards <= most else "NO"}


def measure_accounts(requests, quota, ranks_list):
    with hub_of(1000, "--users", 20000, "--deep", "0%", "--quota", quota) as hub:
        for p in ranks_list:
            folder = scratch()
            crawl(p, hub, folder, "--burst", "--kinds", "models")
            said, seconds = crawl(p, hub, folder, "--kinds", "users", "--user-requests", requests, *([] if quota else ["--burst"]))
            yield {"case": f"{requests:,} requests{' at a quota' if quota else ''}: accounts", "name": "accounts", "rows": 1000, "ranks": p, "requests": requests, "seconds": seconds, **summed(said)}


def solve(a):
    """Coefficients c with a c near 1 in all rows, by least squares; a term that would be negative is 0."""
    use = [j for j in range(len(a[0])) if any(x[j] for x in a)]
    while use:
        m = [[sum(x[i] * x[j] for x in a) for j in use] + [sum(x[i] for x in a)] for i in use]
        for i in range(len(use)):
            for k in range(len(use)):
                if k != i:
                    f = m[k][i] / m[i][i]
                    m[k] = [y - f * z for y, z in zip(m[k], m[i])]
        c = {j: m[i][-1] / m[i][i] for i, j in enumerate(use)}
        if min(c.values()) >= 0:
            return [c.get(j, 0) for j in range(len(a[0]))]
        use.remove(min(c, key=c.get))
    return [0] * len(a[0])


def fit(rows, key, names, bound):
    """The coefficients of terms, and their largest error by the value; what is 0 is left out."""
    a = [[terms(r)[t] / r[key] for t in names] for r in rows if r[key]]
    if not a or bound:
        return [1 / min(x[0] for x in a)] if a else [0] * len(names), 0
    c = solve(a)
    return c, max(abs(sum(x * y for x, y in zip(row, c)) - 1) for row in a)


def terms_of(part, key):
    """The names of a value's terms, and whether they bound it."""
    what, _, who = key.partition("_")
    of = PARTS[part][1 + ("calls", "messages", "bytes").index(what)].split(" | ")
    names = of[("by_rank_0", "by_other", "to_rank_0").index(who) if len(of) > 1 else 0]
    return names.removeprefix(AT_MOST).split(", "), names.startswith(AT_MOST)


def predicted(part, rows):
    rows = [r for r in rows if r.get("name") == part and r["ranks"] >= PARTS[part][0]]
    beyond = [r for r in rows if r["rows"] > FITTED]
    lasts = FAR["requests"] / QUOTA if part == "accounts" else FAR["rows"] / 1000 / QUOTA if part == "crawl" else ROW_S * FAR["rows"] / FAR["ranks"]
    far = {**FAR, "seconds": lasts, "shards": shards_at_most(FAR["rows"], FAR["ranks"], 3, 0)}
    row = {"case": f"predicted for {FAR['rows']:,} rows: {part}", "name": part, "ranks": FAR["ranks"]}
    model, more = {}, {}
    for key in VALUES:
        what, (names, bound) = key.split("_")[0], terms_of(part, key)
        c, error = fit([r for r in rows if r not in beyond], key, names, bound)
        row[key], *seen = (sum(x * terms(r)[t] for x, t in zip(c, names)) for r in (far, *beyond))
        off = [max(0, r[key] / x - 1) if bound else abs(x / r[key] - 1) for x, r in zip(seen, beyond) if r[key]]
        more[f"error_of_{what}"] = max(error, more.get(f"error_of_{what}", 0))
        if off:
            more[f"off_in_{what}"] = max(*off, more.get(f"off_in_{what}", 0))
        model[key] = AT_MOST * bound + (" + ".join(f"{x:.4g}{f' {t}' * (t != '1')}" for x, t in zip(c, names) if x > 1e-9) or "0")
    busy = max(sum(MESSAGE_S * row[f"messages_{x}"] + BYTE_S * row[f"bytes_{x}"] for x in both) for both in (("by_rank_0", "to_rank_0"), ("by_other", "by_other")))
    return {**row, **more, "busy_s": busy, "load": busy / lasts, "model": model}


def predictions(rows):
    parts = [predicted(part, rows) for part in PARTS]
    yield from parts
    n, p = FAR["rows"], FAR["ranks"]
    yield {"case": f"predicted for {n:,} rows: shards at most, in a minute", "ranks": p, "shards": shards_at_most(n, p, 3, 0)}
    yield {"case": f"predicted for {n:,} rows: shards at most, by 500 requests in 300 s", "ranks": p, "shards": min(n // 1000, shards_at_most(n, p, 3, n / 1000 / QUOTA))}
    first = max(parts, key=lambda r: r["load"])
    yield {"case": f"breaks first: {first['name']}", "ranks": p, "busy_s": first["busy_s"], "load": first["load"]}


def show(row):
    print(f"{row['case']:<66} {row['ranks']:>5} ranks  " + "  ".join(f"{k} {v:,.4g}" if isinstance(v, float) and v < 1000 else f"{k} {v:,.0f}" if not isinstance(v, str) else f"{k} {v}" for k, v in row.items() if k not in ("case", "name", "ranks", "rows", "model")), flush=True)
    for k, v in row.get("model", {}).items():
        print(f"    {k:<20} {v}", flush=True)


def measured(quick):
    for n, ranks in [(20000, (4, 16))] if quick else [(100000, (2, 4, 8, 16, 32)), (400000, (2, 4, 8, 16, 32)), (1600000, (16,))]:
        yield from measure(n, ranks)
    for requests, quota in [(1000, 0)] if quick else [(4000, 0), (16000, 0), (100, "100/5")]:
        yield from measure_accounts(requests, quota, (4,) if quick else (2, 8, 32))
    if not quick:
        folder = scratch()
        with hub_of(50000, "--quota", "40/10") as hub:
            _, seconds = crawl(16, hub, folder, "--kinds", "models", "--seal-time", "1s")
        yield shards_row(folder, 50000, 16, seconds * SEAL_S, ", sealed after 1 s, at a quota")


def main():
    args = options(__doc__).parse_args()
    with kept(args) as rows:
        for row in measured(args.quick):
            rows.append(row)
            show(row)
        for row in [] if args.quick else list(predictions(rows)):
            rows.append(row)
            show(row)


main()
