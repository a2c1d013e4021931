# SPDX-License-Identifier: Apache-2.0
"""Real metadata: the recorded elements served by the stand-in, against answers computed apart (known.json)."""

import gzip
import json

import h5py

from tap import RECORDED, Hub, census, diag, main, need_recorded, ok, same, scratch, value

need_recorded()
with open(f"{RECORDED}/known.json", encoding="utf-8") as file:
    KNOWN = json.load(file)
FOLDER = scratch()
CENSUS = None


def recorded(kind):
    with gzip.open(f"{RECORDED}/{kind}.jsonl.gz", "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def take():
    global CENSUS
    with Hub("--replay", RECORDED) as hub:
        CENSUS = census(3, hub.url, FOLDER)
        asked = hub.requests()
    same([r[1] for r in asked if r[1] not in ("200",)], [], "every request was answered 200")
    ok(all("hubcensus/" in r[5] for r in asked), "the User-Agent says who asks", asked[:2])


def totals():
    for kind in ("models", "datasets", "spaces"):
        same(value(CENSUS, f"totals.{kind}"), KNOWN["totals"][kind], f"totals.{kind}")
    same(value(CENSUS, "totals.owners")["all"], KNOWN["totals"]["owners"], "owners")
    same(CENSUS["snapshot"]["complete"], True, "the census says it is complete")


def by_period():
    for kind in ("models", "datasets"):
        got = {m: x["new"] for m, x in value(CENSUS, "totals.by_period")[kind]["month"].items()}
        same(got, KNOWN[f"by_month.{kind}"], f"{kind} by month")


def concentration():
    for kind in ("models", "datasets"):
        known = KNOWN[f"concentration.{kind}"]
        leaf = lambda key: value(CENSUS, f"concentration.{key}")[kind]["downloads"]
        same(leaf("sum"), known["sum"], f"{kind}: sum of downloads")
        same(leaf("rows"), known["rows"], f"{kind}: rows")
        same({k: leaf("shares")[k] for k in known["top"]}, known["top"], f"{kind}: top shares")
        same(leaf("gini"), known["gini"], f"{kind}: Gini")
        same(leaf("below"), known["below"], f"{kind}: below")
        same([leaf("deciles")[f"{p}0%"] for p in range(1, 10)], known["deciles"], f"{kind}: deciles")
        same(leaf("deciles")["50%"], known["median"], f"{kind}: median")
    same(value(CENSUS, "concentration.top200_share")["downloads"], KNOWN["concentration.models"]["top"]["200"], "top200_share")
    same(value(CENSUS, "concentration.below_200")["downloads"], KNOWN["concentration.models"]["below"]["200"], "below_200")




def has(figure, known, name, count=lambda x: x["repositories"]):
    got = {k: count(v) for k, v in figure.items() if k != "(none)" and count(v)}
    same({k: got.get(k) for k in known}, known, name)
    least = min(known.values())
    same(sorted(k for k, v in got.items() if v > least and k not in known), [], f"{name}: nothing larger is left out")


def categories():
    models = value(CENSUS, "categories.models")
    has(models["pipeline_tag"], KNOWN["models.pipeline_tag"], "pipeline_tag")
    has(models["library"], KNOWN["models.library"], "library")
    has(models["license"], KNOWN["models.license"], "license")
    has(models["region"], KNOWN["models.region"], "region")
    same(models["pipeline_tag"]["(none)"]["repositories"], KNOWN["models.without_pipeline_tag"], "without pipeline_tag")
    datasets = value(CENSUS, "categories.datasets")
    last = lambda years: years["2026"]["cumulative"]
    for facet in ("task_categories", "modality", "language"):
        has(datasets[facet], KNOWN[f"datasets.{facet}"], f"datasets by {facet}", last)


def gating():
    for kind in ("models", "datasets"):
        known = {k.strip('"'): n for k, n in KNOWN[f"{kind}.gated"].items()}
        same(value(CENSUS, "gating")[kind]["gated"], known, f"{kind}: gated")


def lineage():
    families = value(CENSUS, "lineage.derivatives")
    for name, known in KNOWN["lineage.families"].items():
        same({k: families[name][k] for k in known}, known, f"family of {name}")
    same([k for k, x in families.items() if x["direct"] > 98 and k not in KNOWN["lineage.families"]], [], "no larger family is left out")
    for name, x in families.items():
        if not x["direct"] <= x["all"] or not x["all_by_others"] <= x["all"] or sum(x[r] for r in RELATIONS) < x["direct"]:
            ok(False, f"{name}: counts that cannot be", x)
    diag(f"qwen: {families['qwen']}")
    edges, orphans = value(CENSUS, "lineage.edges"), value(CENSUS, "lineage.orphans")
    same((edges["by_id"], edges["by_both"], edges["renamed"]), (0, 0, 0), "the origin has no baseModels: every edge is by tag")
    want = {(r["id"].lower(), base) for r in recorded("models") for base in bases(r)}
    have = {r["id"].lower() for r in recorded("models")}
    same(edges["by_tag"], len(want), "edges by tag")
    same(edges["to_itself"], sum(child == base for child, base in want), "models that name themselves")
    same(orphans, len({base for _, base in want} - have), "bases that are not in the census")
    depth = value(CENSUS, "lineage.depth")
    same(sum(depth.values()), len(have), "every model has a depth")
    same(depth["0"], len(have) - len({child for child, base in want if child != base}), "depth 0: those without a base but themselves")
    diag(f"depth: {depth}; cycles: {value(CENSUS, 'lineage.cycles')}; orphans: {orphans}")


RELATIONS = ("finetune", "adapter", "quantized", "merge", "unknown")


def bases(row):
    """The bases that the tags of a row name, in lower case."""
    for tag in row["tags"]:
        if tag.startswith("base_model:"):
            first, _, rest = tag[11:].partition(":")
            base = rest if first in RELATIONS[:4] and rest else tag[11:]
            if base:
                yield base.lower()


def relations_and_sizes():
    """From the columns: what the figures are made of."""
    with h5py.File(f"{FOLDER}/census.h5") as f:
        models = f["models"]
        offsets, codes = models["tags/offsets"][:], models["tags/codes"][:]
        labels = f[models["tags/codes"].attrs["labels"]].asstr()[:]
        total = models["safetensors_total"][:]
    tags = [[labels[c] for c in codes[offsets[i] : offsets[i + 1]]] for i in range(len(total))]
    for relation, known in KNOWN["relation.repositories"].items():
        same(sum(any(t.startswith(f"base_model:{relation}:") for t in row) for row in tags), known, f"models with a tag of relation {relation}")
    same(sum(any(t.startswith("base_model:") for t in row) for row in tags), KNOWN["models.with_base"], "models with a base")
    same(sum(total > 0), KNOWN["size.known_by_safetensors"], "models with safetensors.total")
    bounds = {"<1B": (1, 1e9), "1-9B": (1e9, 9e9), "9-20B": (9e9, 20e9), "20-70B": (20e9, 70e9), "70-100B": (70e9, 100e9), ">=100B": (100e9, 1e30)}
    got = {name: int(sum((total >= lo) & (total < hi))) for name, (lo, hi) in bounds.items()}
    same(got, KNOWN["size.buckets_by_safetensors"], "models by safetensors.total")
    buckets = value(CENSUS, "size.buckets")
    same(sum(x["repositories"] for x in buckets.values()), KNOWN["totals"]["models"], "every model is in a bucket")
    same(sum(x["downloads"] for x in buckets.values()), KNOWN["concentration.models"]["sum"], "with its downloads")
    sources = {}
    for x in buckets.values():
        for source, n in x["sources"].items():
            sources[source] = sources.get(source, 0) + n
    same(sum(sources.values()), KNOWN["totals"]["models"], "and every count has a source")
    same(sources["unknown"], buckets["unknown"]["repositories"], "the unknown ones apart")
    diag(f"sources of parameter counts: {sources}")
    diag(f"buckets: { {k: v['repositories'] for k, v in buckets.items()} }, by downloads: {value(CENSUS, 'size.mean_downloaded')['all']}")


def absent_is_not_zero():
    shares = CENSUS["figures"]["concentration.top200_share"]
    same(shares["status"], "partial", "downloadsAllTime was not served: partial")
    same(shares["value"]["downloads_all_time"], None, "and null, not 0")
    ok("downloadsAllTime" in shares["why"], f"and says why: {shares['why']}")
    with h5py.File(f"{FOLDER}/census.h5") as f:
        same(set(f["models/downloads_all_time"][:]), {-1}, "census.h5: every value is the missing value")
    for key, figure in CENSUS["figures"].items():
        if figure["status"] != "ok" and not figure.get("why"):
            ok(False, f"{key} is {figure['status']} without a reason")


def rows_arrive_whole():
    want = {r["_id"]: r for r in recorded("models")}
    with h5py.File(f"{FOLDER}/census.h5") as f:
        models = f["models"]
        names = models["id"].asstr()[:]
        ids = models["_id"].asstr()[:]
        downloads = models["downloads"][:]
        offsets, codes = models["tags/offsets"][:], models["tags/codes"][:]
        labels = f[models["tags/codes"].attrs["labels"]].asstr()[:]
    same(list(ids), sorted(want), "every _id, in order")
    same([want[i]["id"] for i in ids], list(names), "every name, in any script")
    same([want[i]["downloads"] for i in ids], list(downloads), "every counter")
    bad = [i for k, i in enumerate(ids) if [labels[c] for c in codes[offsets[k] : offsets[k + 1]]] != want[i]["tags"]]
    same(bad, [], "every tag, in the order served")
    same(max(offsets[1:] - offsets[:-1]), 2074, "the model with 2,074 tags")
    same(max(len(n) for n in names), 116, "the id of 116 characters")
    same(len(labels), KNOWN["tags.distinct.models"], "distinct tags")
    same(len(codes), KNOWN["tags.total.models"], "tags in all")
    same(list(labels), sorted(labels, key=lambda s: s.encode()), "labels are sorted")


def both_edge_sources():
    """The family of Qwen's bases by each of the two sources of edges, and where they differ."""
    by_tag, by_id = set(), set()
    for row in recorded("models"):
        bases = [t.split(":")[-1] for t in row["tags"] if t.startswith("base_model:")]
        if any(b.lower().startswith("qwen/") for b in bases):
            by_tag.add(row["id"].lower())
        if any(b["id"].lower().startswith("qwen/") for b in row.get("baseModels", {}).get("models", [])):
            by_id.add(row["id"].lower())
    edges = value(CENSUS, "lineage.edges")
    same(len(by_tag | by_id), value(CENSUS, "lineage.derivatives")["qwen"]["direct"], "Qwen: direct derivatives by either source")
    same(edges["by_id"] + edges["by_both"], sum(len(r.get("baseModels", {}).get("models", [])) for r in recorded("models")), "edges by _id")
    diag(f"edges of all models: {edges}")
    diag(f"Qwen: {len(by_tag)} by tags, {len(by_id)} by baseModels; only by tags: {len(by_tag - by_id)} (the recorded elements carry no baseModels)")
    diag(f"only by baseModels: {sorted(by_id - by_tag)[:20]}; the first that only a tag names: {sorted(by_tag - by_id)[:5]}")


main(take, totals, by_period, concentration, categories, gating, lineage, relations_and_sizes, absent_is_not_zero, rows_arrive_whole, both_edge_sources)
