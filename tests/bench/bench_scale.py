# SPDX-License-Identifier: Apache-2.0
"""What ranks say to each other, counted, and what that predicts past this machine. bench_scale.py [--quick] [--json FILE]

Counted by MPI's profiling interface in a library that is preloaded (count_mpi.c), HDF5's calls among them, for censuses of a few sizes by 2 to 32 ranks. The
model, in rows N and ranks P, least squares over what was counted, each with the largest error of its fit:

  crawl   messages that rank 0 gets and sends:  a N/1000 + b P         (a page is a report and its answer, a rank has a beginning and an end)
          bytes of them:                        c per message
  reduce  collective calls of a rank:           constant: neither N nor P is in it
          bytes of a rank in all-to-alls:       d N/P (1 - 1/P) + e    (rows to their owner; e what does not shrink: dictionaries of labels)
          messages of a rank in all-to-alls:    f peers(P) + g         (peers: P - 1, on a grid of R by C ranks R + C - 2; at most: an exchange with
                                                                        nothing for a rank sends nothing)
          bytes of a rank in an Allreduce:      g N + h                (what is summed over all ranks)
          collective writes of a rank:          constant; bytes of a rank: i N/P
  files   shards:                               N/50,000 + 3 P at most

The last rows are what it predicts for 1,024 ranks and 100 M rows. What broke first there was the all-to-all: its messages per rank grew with the ranks
(hundreds of exchanges with each of 1,023 others) while their content shrank to some hundred bytes each, so that time went to latency. From 16 ranks on such
messages go by way of a grid of ranks (reduce/grid.h), to 62 others instead of 1,023; what is for rank 0 is gathered; and what of census.h5 fits into a chunk
rank 0 writes alone. What is left to grow are the sums, 1.8 bytes a row on every rank whatever the ranks. As few ranks as memory allows are still best:
hubreduce takes another number of them than hubcrawl did, and says when it has far more than its rows are worth; 100 M rows at 180 bytes are 18 GB, 280 MB
for each of 64."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from rows import options, save  # noqa: E402
from tap import BUILD, ENV, MPIRUN, UNTIL, Hub, scratch  # noqa: E402

FAR_RANKS, FAR_ROWS = 1024, 100000000
COLLECTIVE = ("Alltoall", "Alltoallv", "Allreduce", "Iallreduce", "Bcast", "Ibcast", "Allgather", "Allgatherv", "Gather", "Gatherv", "Reduce", "Exscan", "Barrier")


def counted(ranks, program, *args):
    """Of each rank {call: (calls, messages, bytes)}."""
    told = scratch()
    library = os.path.abspath(f"{BUILD}/tests/bench/count_mpi.so")
    subprocess.run([*MPIRUN, "-n", str(ranks), "-x", f"COUNT_MPI={told}", "-x", f"LD_PRELOAD={library}", f"{BUILD}/{program}", *map(str, args)], env=ENV, check=True, stdout=subprocess.DEVNULL)
    result = []
    for r in range(ranks):
        with open(f"{told}/{r}", encoding="ascii") as f:
            result.append({name: tuple(map(int, rest)) for name, *rest in map(str.split, f)})
    return result


def total(rank, names, what):
    return sum(rank.get(n, (0, 0, 0))[what] for n in names)


def measure(rows, ranks):
    folder = scratch()
    with Hub("--models", rows, "--datasets", 0, "--spaces", 0, "--until", UNTIL, "--quota", 0, "--no-gzip") as hub:
        crawl = counted(ranks, "hubcrawl", "--quiet", "--burst", "--kinds", "models", "--in-flight", max(1, 32 // ranks), "--hub", hub.url, "--until", UNTIL, folder)
    reduce = counted(ranks, "hubreduce", "--quiet", folder)
    others, exchange, written = crawl[1:], ("Alltoall", "Alltoallv"), ("File_write_at_all", "File_write_at")
    largest = max(reduce, key=lambda r: total(r, exchange, 2))
    return {
        "case": f"{rows:,} rows",
        "rows": rows,
        "ranks": ranks,
        "crawl_sent_by_rank_0": total(crawl[0], ("Isend",), 1),
        "crawl_got_by_rank_0": sum(total(r, ("Isend",), 1) for r in others),
        "crawl_bytes_of_rank_0": total(crawl[0], ("Isend",), 2) + sum(total(r, ("Isend",), 2) for r in others),
        "reduce_collective_calls": max(total(r, COLLECTIVE, 0) for r in reduce),
        "reduce_exchanges": max(total(r, exchange, 0) for r in reduce),
        "reduce_exchanged_messages": max(total(r, exchange, 1) for r in reduce),
        "reduce_exchanged_bytes": total(largest, exchange, 2),
        "reduce_summed_bytes": max(total(r, ("Allreduce", "Iallreduce"), 2) for r in reduce),
        "reduce_collective_writes": max(total(r, ("File_write_at_all",), 0) for r in reduce),
        "reduce_lone_writes": max(total(r, ("File_write_at",), 0) for r in reduce),
        "reduce_written_bytes": max(total(r, written, 2) for r in reduce),
        "shards": len(os.listdir(f"{folder}/shards")),
    }


def solve(rows, key, *terms):
    """Least squares for one or two terms, relative to each value; the coefficients, and the largest error of the fit by its value. What is 0 is left out."""
    rows = [r for r in rows if r[key]]
    a = [[t(r) / r[key] for t in terms] for r in rows]
    n = len(terms)
    m = [[sum(x[i] * x[j] for x in a) for j in range(n)] for i in range(n)]
    v = [sum(x[i] for x in a) for i in range(n)]
    if n == 1:
        c = [v[0] / m[0][0]]
    else:
        d = m[0][0] * m[1][1] - m[0][1] * m[1][0]
        c = [(v[0] * m[1][1] - v[1] * m[0][1]) / d, (v[1] * m[0][0] - v[0] * m[1][0]) / d]
    return c, max(abs(sum(x * y for x, y in zip(row, c)) - 1) for row in a)


def predictions(rows):
    def pages(r):
        return r["rows"] / 1000

    def share(r):
        return r["rows"] / r["ranks"]

    def away(r):
        return share(r) * (1 - 1 / r["ranks"])

    def ranks(r):
        return r["ranks"]

    def peers(r):
        n = r["ranks"]
        high = max(i for i in range(1, n + 1) if n % i == 0 and i * i <= n)
        return n - 1 if n < 16 or high == 1 else high + n // high - 2

    def one(_):
        return 1

    model = {
        "crawl_sent_by_rank_0": (pages, ranks),
        "crawl_got_by_rank_0": (pages, ranks),
        "crawl_bytes_of_rank_0": (pages, ranks),
        "reduce_collective_calls": (one,),
        "reduce_exchanges": (one,),
        "reduce_exchanged_messages": (peers, one),
        "reduce_exchanged_bytes": (away, one),
        "reduce_summed_bytes": (lambda r: r["rows"], one),
        "reduce_collective_writes": (one,),
        "reduce_written_bytes": (share, one),
    }
    far = {"rows": FAR_ROWS, "ranks": FAR_RANKS}
    for key, terms in model.items():
        c, error = solve(rows, key, *terms)
        yield {"case": f"predicted for {FAR_ROWS:,} rows: {key}", "ranks": FAR_RANKS, "value": sum(x * t(far) for x, t in zip(c, terms)), "coefficients": " ".join(f"{x:.4g}" for x in c), "error_of_fit": error}
    yield {"case": f"predicted for {FAR_ROWS:,} rows: shards, at most", "ranks": FAR_RANKS, "value": float(FAR_ROWS // 50000 + 3 * FAR_RANKS)}


def show(row):
    print(f"{row['case']:<66} {row['ranks']:>5} ranks  " + "  ".join(f"{k} {v:,.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items() if k not in ("case", "ranks", "rows")), flush=True)


def main():
    args = options(__doc__).parse_args()
    sizes = [(70000, 2), (70000, 4), (140000, 2)] if args.quick else [(n, p) for n in (70000, 280000) for p in (2, 4, 8, 16, 32)]
    rows = []
    for n, p in sizes:
        rows.append(measure(n, p))
        show(rows[-1])
    for row in list(predictions(rows)):
        show(row)
        rows.append(row)
    save(args, rows)


main()
