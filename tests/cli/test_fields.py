# SPDX-License-Identifier: Apache-2.0
"""A column that was not asked for (--fields=-NAME): every figure that comes out otherwise without it says so and names it; none is ok."""

import json

from tap import BUILD, UNTIL, Hub, Run, free_port, load, main, ok, same, scratch

POPULATION = ["--models", 2500, "--datasets", 400, "--spaces", 400, "--users", 400, "--graph", "dependent", "--seed", 5, "--until", UNTIL, "--edits", 7, "--quota", 0]
KINDS = "--kinds=models,datasets,spaces,users"
THEN = "2026-11-08T00:00:00Z"  # two weeks before
MEMBER = {"downloads_all_time": "downloadsAllTime", "safetensors_total": "safetensors", "base_models": "baseModels"}  # what the Hub calls it
UNUSED = {"author", "created_at", "last_modified", "sdk", "base_relation"}  # no figure takes them: ids tell owner and time, tags the relation
COUNTERS = ("downloads", "downloads_all_time", "likes")
FOLDER = scratch()
PORT = free_port()


def one(program, *args):
    """On one rank without mpirun, which takes longer to start than both programs run."""
    r = Run([f"{BUILD}/{program}", "--quiet", *args])
    if r.code:
        raise RuntimeError(str(r))


def take(hub, name, until, *args):
    one("hubcrawl", "--hub", hub.url, "--until", until, "--burst", *args, f"{FOLDER}/{name}")


def figures(name, then="then"):
    one("hubreduce", f"--previous={FOLDER}/{then}", f"{FOLDER}/{name}")
    return load(f"{FOLDER}/{name}")["figures"]


def changed(got, whole):
    return [k for k in whole if any(got[k].get(m) != whole[k].get(m) for m in ("value", "rows", "coverage"))]


def silent(got, keys, word):
    """Of the figures, those that do not say what they lack."""
    return {k: (got[k]["status"], got[k].get("why")) for k in keys if got[k]["status"] == "ok" or word not in got[k]["why"]}


def every_field():
    with Hub(*POPULATION, "--ago", 2, "--port", PORT) as hub:
        take(hub, "then", THEN)
        for c in COUNTERS:
            take(hub, f"then-{c}", THEN, f"--fields=-{c}")
            one("hubreduce", f"{FOLDER}/then-{c}")
    one("hubreduce", f"{FOLDER}/then")
    with Hub(*POPULATION, "--port", PORT) as hub:
        take(hub, "now", UNTIL, KINDS)
        with open(f"{FOLDER}/now/snapshot.json", encoding="utf-8") as f:
            fields = [x for x in json.load(f)["fields"] if x not in ("_id", "id", "observed_at")]
        for x in fields:
            take(hub, f"now-{x}", UNTIL, KINDS, f"--fields=-{x}")
        take(hub, "now-all", UNTIL, KINDS, "--fields=" + ",".join(f"-{x}" for x in fields))
    whole, unused, without = figures("now"), set(), {}
    same({k: x["status"] for k, x in whole.items() if x["status"] != "ok"}, {"totals.users.at_least": "partial", "completeness.audit": "not available"}, "with all of them every figure is ok")
    for x in fields:
        without[x] = got = figures(f"now-{x}")
        keys = changed(got, whole)
        if not keys:
            unused.add(x)
        else:
            same(silent(got, keys, MEMBER.get(x, x)), {}, f"without {x} {len(keys)} figures differ, and each says why")
    same([x["why"] for x in without["tags"].values() if "tags was" in x.get("why", "")], [], "without tags: one wording")
    same(unused, UNUSED, "the others are of no consequence")
    got = figures("now-all")
    same({k for k in changed(got, whole) if got[k]["status"] == "ok"}, set(), "nothing is ok that differs without all of them")
    for c in COUNTERS:
        got = figures("now", f"then-{c}")
        keys = changed(got, whole)
        ok(keys and not silent(got, keys, MEMBER.get(c, c)), f"an earlier census without {c}: {len(keys)} figures differ, and each says why", silent(got, keys, MEMBER.get(c, c)))
    no_zeros(whole, without)


def no_zeros(whole, without):
    """What is not known is null, or not there."""
    facets = set(whole["categories.models"]["value"])
    for x, gone in {"pipeline_tag": {"pipeline_tag"}, "library_name": {"library"}, "tags": {"license", "region", "language", "format"}}.items():
        same(set(without[x]["categories.models"]["value"]), facets - gone, f"without {x}: categories have no {', '.join(sorted(gone))}")
    for x in ("gated", "disabled"):
        same({p for kind in without[x]["gating"]["value"].values() for p in kind}, {"gated", "disabled"} - {x}, f"without {x}: nobody is said to be without")
    for x in ("downloads", "downloads_all_time"):
        same({kind[x] for kind in without[x]["concentration.rows"]["value"].values()}, {None}, f"without {x}: not known how many have it")
    lists = without["likes"]["totals.users.lists"]["value"]
    same({k for k, at in lists.items() if at["known"] is None}, {k for k in lists if k.startswith("likers")}, "without likes: not known how many lists of likers there are")


main(every_field)
