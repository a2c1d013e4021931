# SPDX-License-Identifier: Apache-2.0
"""A synthetic Hub of 320,000 repositories: every figure of the census against the stand-in's own plain loop."""

from tap import UNTIL, Hub, census, diag, differences, main, ok, reduce, same, scratch, truth, value

POPULATION = ["--models", 200000, "--datasets", 50000, "--spaces", 70000, "--users", 60000, "--seed", 3, "--until", UNTIL]
FOLDER = scratch()
GOT = None


def every_figure():
    global GOT
    with Hub(*POPULATION, "--quota", "0") as hub:
        got = GOT = census(2, hub.url, FOLDER)
    want = truth(*POPULATION)
    compared = 0
    for key in sorted(want):
        have, expect = value(got, key), want[key]["value"]
        if key == "completeness":
            have = {k: {m: x[m] for m in expect[k]} for k, x in have.items() if k in expect}
        diff = list(differences(have, expect))
        ok(not diff, f"{key}", f"{len(diff)} differences", *diff[:10])
        compared += 1
    ok(compared >= 20, f"{compared} figures compared")
    for kind, row in value(got, "completeness").items():
        ok(row["covered"] == 1.0 and row["gaps"] == 0 and row["rows"] == row["hub_total"], f"{kind}: complete, as many as the Hub says", row)
    concentration = value(got, "concentration.top200_share")
    diag(f"top 200: {concentration}")


def published():
    """Where the population was tuned to a published figure, the census says so; robotics is scaled with the number of datasets."""
    ok(abs(value(GOT, "concentration.top200_share")["downloads"] - 0.496) < 0.005, "the top 200 hold 49.6 %")
    ok(abs(value(GOT, "concentration.below_200")["downloads_all_time"] - 0.5) < 0.03, "half have fewer than 200")
    growth = value(GOT, "growth.orgs")
    baidu = growth["Baidu"]["models"]
    ok(baidu["2024"] == 0 and baidu["2025"] > 100 and baidu["ratio_2025"] == "from none", "Baidu: none, then more than 100", baidu)
    for name in ("ByteDance", "Tencent"):
        ok(8 <= growth[name]["models"]["ratio_2025"] <= 9, f"{name}: 8 to 9 times", growth[name]["models"])
    robotics = value(GOT, "categories.datasets")["task_categories"]["robotics"]
    ratio = robotics["2025"]["cumulative"] / robotics["2024"]["cumulative"]
    ok(abs(ratio / (26991 / 1145) - 1) < 0.25 and robotics["2025"]["rank"] == 1 and robotics["2024"]["rank"] > 20, f"robotics: {ratio:.1f} times, to rank 1", robotics)
    families = value(GOT, "lineage.derivatives")
    same(max(families, key=lambda f: families[f]["all"]), "qwen", "Qwen's family is the largest")
    china = value(GOT, "geography.share")["downloads"]["all"]["CN"]
    ok(abs(china - 0.41) < 0.02, f"China {china:.3f}")


def every_rank_count():
    with open(f"{FOLDER}/census.json", "rb") as f:
        want = f.read()
    for n in (1, 3, 5):
        r = reduce(n, FOLDER)
        with open(f"{FOLDER}/census.json", "rb") as f:
            ok(r.code == 0 and f.read() == want, f"the same bytes on {n} ranks", r.err)


main(every_figure, published, every_rank_count)
