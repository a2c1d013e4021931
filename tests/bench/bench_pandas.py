# SPDX-License-Identifier: Apache-2.0
"""The figures of bench_duckdb.py by pandas from census.h5, as one would in a notebook: bench_pandas.py CENSUS.h5 ORGS TOPICS, the last two as JSON files.
{name: {"seconds", "rows"}} on stdout, in the shape of DuckDB's answers."""

import json
import sys
import time

import h5py
import numpy as np
import pandas as pd

LUMP_END = 1646265600
RESULT = {}


def timed(name, f, *args):
    start = time.monotonic()
    rows = f(*args)
    RESULT[name] = {"seconds": time.monotonic() - start, "rows": rows}


def read(path):
    """Columns as a frame; labels as categories; tags and bases as they lie in the file."""
    with h5py.File(path, "r") as f:
        m = f["models"]
        frame = pd.DataFrame({"id": m["id"].asstr()[:], "_id": m["_id"].asstr()[:]})
        frame["created"] = frame["_id"].str[:8].map(lambda x: int(x, 16)).astype("int64")
        for c in ("disabled", "downloads", "downloads_all_time", "safetensors_total", "gguf_total"):
            frame[c] = m[c][:]
        for c in ("author", "gated", "pipeline_tag", "library_name"):
            frame[c] = pd.Categorical.from_codes(m[c][:], m[f"labels/{c}"].asstr()[:])
        lists = {c: (m[f"{c}/offsets"][:], m[f"{c}/codes"][:], m[f"labels/{c}"].asstr()[:]) for c in ("tags", "base_models")}
    frame["month"] = pd.to_datetime(frame["created"], unit="s")
    return frame, lists


def by_period(frame):
    rows = []
    for kind, form in (("day", "%Y-%m-%d"), ("month", "%Y-%m"), ("year", "%Y")):
        n = frame.groupby(frame["month"].dt.to_period(kind[0].upper())).size()
        rows += [[kind, p.strftime(form), int(x), int(y)] for p, x, y in zip(n.index, n, n.cumsum())]
    return rows


def concentration(frame, counter):
    x = np.sort(frame.loc[frame[counter] >= 0, counter].to_numpy())
    n, whole = len(x), int(x.sum())
    rows = [["rows", "", n], ["sum", "", whole]]
    for k in {10, 50, 200, 1000, 10000, -(-n // 10000), -(-n // 1000), -(-n // 100)}:
        rows.append(["top", str(k), int(x[max(0, n - k) :].sum()) / whole])
    rows += [["decile", str(p), int(x[-(-n * p // 10) - 1])] for p in range(1, 10)]
    rows += [["below", str(b), int(np.searchsorted(x, b)) / n] for b in (1, 10, 100, 200, 1000)]
    weighted = int(((2 * np.arange(1, n + 1) - n - 1).astype(float) * x).sum())
    return rows + [["gini", "", weighted / (n * whole)]]


def with_orgs(frame, orgs):
    """Owner, parent and sector of each row: the organisation that held the namespace when it was created."""
    owner = frame["author"].cat.rename_categories({a: a for a in frame["author"].cat.categories}).cat.categories.str.lower()
    own = pd.DataFrame({"created": frame["created"], "ns": owner.to_numpy()[frame["author"].cat.codes], "row": np.arange(len(frame))})
    own = own[frame["author"].cat.codes >= 0]
    hit = own.merge(pd.DataFrame(orgs, columns=["ns", "parent", "sector", "since", "until"]), on="ns")
    hit = hit[(hit["created"] >= hit["since"]) & (hit["created"] < hit["until"])]
    return own, hit


def growth_orgs(frame, hit):
    month = frame["month"].dt.strftime("%Y-%m").to_numpy()[hit["row"]] if len(frame) < 10000 else frame["month"].iloc[hit["row"]].dt.strftime("%Y-%m").to_numpy()
    month = np.where(hit["created"] < LUMP_END, "before", month)
    n = hit.assign(month=month).groupby(["parent", "month"]).size()
    return [[p, m, int(x)] for (p, m), x in n.items()]


def growth_top(own, hit):
    start = [int(pd.Timestamp(f"{y}-01-01").timestamp()) for y in (2024, 2025, 2026)]
    name = own["ns"].copy()
    named = hit[hit["sector"] != "individual"]
    name.loc[named["row"]] = named["parent"].to_numpy()
    inside = (own["created"] >= start[0]) & (own["created"] < start[2])
    n = pd.DataFrame({"name": name[inside], "new": (own["created"] >= start[1])[inside]}).groupby(["name", "new"]).size().unstack(fill_value=0)
    n = pd.DataFrame({"base": n[False], "new": n[True]})
    n = n[n["new"] > n["base"]].reset_index()
    n["by"], n["ratio"] = n["new"] - n["base"], n["new"] / n["base"].where(n["base"] > 0)
    rows = []
    for kind, frame, key in (("absolute", n, "by"), ("relative", n[n["base"] >= 10], "ratio")):
        best = frame.sort_values([key, "name"], ascending=[False, True]).head(100)
        rows += [[kind, i + 1, *r] for i, r in enumerate(best[["name", "base", "new"]].values.tolist())]
    return rows


def member(frame, facet, column):
    x = frame[column].cat.add_categories("(none)").fillna("(none)")
    n = frame.groupby(x, observed=True)[["downloads", "downloads_all_time"]].sum()
    n.insert(0, "n", x.value_counts())
    return [[facet, c, *r] for c, r in zip(n.index, n.values.tolist())]


def tags(frame, lists, topics):
    """A repository counts once for a key, whatever number of its tags say so."""
    offsets, codes, labels = lists["tags"]
    of = {}
    for facet, category, tag in topics:
        if facet in ("language", "format", "science"):
            of.setdefault(tag, []).append((facet, category))
    pairs = []
    for code, label in enumerate(labels):
        pairs += [(code, *k) for k in of.get(label.lower(), ())]
        if label.startswith(("license:", "region:")):
            pairs.append((code, *label.split(":", 1)))
    key = pd.DataFrame(pairs, columns=["code", "facet", "category"])
    key["key"] = key.groupby(["facet", "category"]).ngroup()
    said = np.isin(codes, key["code"].to_numpy())
    x = pd.DataFrame({"code": codes[said], "row": np.repeat(np.arange(len(frame)), np.diff(offsets))[said]}).merge(key[["code", "key"]], on="code")
    x = x.drop_duplicates(["row", "key"])
    x = x.assign(downloads=frame["downloads"].to_numpy()[x["row"]], downloads_all_time=frame["downloads_all_time"].to_numpy()[x["row"]])
    n = x.groupby("key").agg(n=("row", "size"), d=("downloads", "sum"), a=("downloads_all_time", "sum"))
    name = key.drop_duplicates("key").set_index("key").loc[n.index]
    return [[*k, *r] for k, r in zip(name[["facet", "category"]].values.tolist(), n.values.tolist())]


def sizes(frame, lists):
    offsets, codes, labels = lists["tags"]
    told = np.where(frame["safetensors_total"] > 0, frame["safetensors_total"], np.maximum(frame["gguf_total"], 0))
    word = frame["id"][told == 0].str.rsplit("/", n=1).str[-1].str.extractall(r"(?<![0-9A-Za-z.])(?:([0-9]+)[xX])?([0-9]+(?:[.p][0-9]+)?)([bBmMtT])(?![0-9A-Za-z])")
    word = word.droplevel(1)
    unit = word[2].str.lower()
    number = word[0].fillna("1").astype(float) * word[1].str.replace("p", ".", regex=False).astype(float)
    said = (number * unit.map({"b": 1e9, "m": 1e6, "t": 1e12})).round()
    good = (said >= 1e5) & (said <= 1e13) & ~((unit == "b") & (number >= 1990) & (number < 2040) & (number == np.floor(number)))
    word = pd.DataFrame({"count": said, "last": unit == "t"})[good].sort_values("last", kind="stable")
    word = word[~word.index.duplicated()]["count"].astype("int64")
    count = pd.Series(told, index=frame.index)
    count.loc[word.index] = word
    source = pd.Series(np.where(told > 0, "told", "unknown"), index=frame.index)
    source.loc[word.index] = "name"
    is_quantized = np.array([s.startswith("base_model:quantized:") for s in labels])
    at = np.flatnonzero(is_quantized[codes])
    row, first = np.unique(np.searchsorted(offsets, at, side="right") - 1, return_index=True)
    name = np.array([s[21:].lower() for s in labels[codes[at[first]]]], dtype=object)
    boff, bcodes, blabels = lists["base_models"]
    one = np.diff(boff)[row] == 1
    base = np.full(len(row), -1)
    base[one] = pd.Index(frame["_id"]).get_indexer(blabels[bcodes[boff[row[one]]]])
    lower = pd.Series(np.arange(len(frame)), index=frame["id"].str.lower())
    lower = lower[~lower.index.duplicated()]
    base = np.where(base >= 0, base, np.append(lower.to_numpy(), -1)[lower.index.get_indexer(name)])
    row, base = row[base >= 0], base[base >= 0]
    found = count.to_numpy()[base]
    row, found = row[found > 0], found[found > 0]
    count.iloc[row], source.iloc[row] = found, "base"
    return pd.DataFrame({"count": count, "source": source, "downloads": frame["downloads"], "year": frame["month"].dt.year})


def buckets(s):
    bucket = pd.cut(s["count"], [-1, 0, 10**9 - 1, 9 * 10**9 - 1, 2 * 10**10 - 1, 7 * 10**10 - 1, 10**11 - 1, 2**62], labels=["unknown", "<1B", "1-9B", "9-20B", "20-70B", "70-100B", ">=100B"])
    rows = []
    for name, x in s.groupby(bucket, observed=True):
        top = x["downloads"].nlargest(10).sort_values()
        rows.append([name, len(x), int(x["downloads"].sum()), int(top.iloc[(len(top) + 1) // 2 - 1]), *[int((x["source"] == k).sum()) for k in ("base", "told", "name")]])
    return rows


def mean(s):
    s = s[(s["count"] > 0) & (s["downloads"] > 0)]
    rows = []
    for year, x in [("all", s), *s.groupby("year")]:
        x = x.sort_values("count")
        weight = x["downloads"].cumsum()
        middle = int(x["count"].iloc[np.searchsorted(2 * weight, weight.iloc[-1])])
        rows.append([str(year), float((x["count"].astype(float) * x["downloads"]).sum() / weight.iloc[-1]), middle, len(x)])
    return rows


def main():
    start = time.monotonic()
    frame, lists = read(sys.argv[1])
    RESULT["read"] = {"seconds": time.monotonic() - start, "rows": []}
    orgs, topics = (json.load(open(p, encoding="utf-8")) for p in sys.argv[2:])
    timed("totals.all", lambda: [[len(frame), int(frame["author"].cat.categories.str.lower().nunique())]])
    timed("totals.by_period", by_period, frame)
    for counter in ("downloads", "downloads_all_time"):
        timed(f"concentration.{counter}", concentration, frame, counter)
    start = time.monotonic()
    own, hit = with_orgs(frame, orgs)
    RESULT["growth.owners"] = {"seconds": time.monotonic() - start, "rows": []}
    timed("growth.orgs", growth_orgs, frame, hit)
    timed("growth.top", growth_top, own, hit)
    timed("categories.pipeline_tag", member, frame, "pipeline_tag", "pipeline_tag")
    timed("categories.library", member, frame, "library", "library_name")
    timed("categories.tags", tags, frame, lists, topics)
    start = time.monotonic()
    s = sizes(frame, lists)
    RESULT["size.table"] = {"seconds": time.monotonic() - start, "rows": []}
    timed("size.buckets", buckets, s)
    timed("size.mean", mean, s)
    timed("gating", lambda: [[None if isinstance(g, float) else g, None if d < 0 else bool(d), int(n)] for (g, d), n in frame.groupby(["gated", "disabled"], observed=True, dropna=False).size().items()])
    json.dump(RESULT, sys.stdout)


main()
