# SPDX-License-Identifier: Apache-2.0
"""A synthetic Hub of 320,000 repositories: every figure of the census against the stand-in's own plain loop."""

from tap import UNTIL, Hub, census, diag, differences, main, ok, scratch, truth, value

POPULATION = ["--models", 200000, "--datasets", 50000, "--spaces", 70000, "--users", 60000, "--seed", 3, "--until", UNTIL]


def every_figure():
    folder = scratch()
    with Hub(*POPULATION, "--quota", "0") as hub:
        got = census(2, hub.url, folder)
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


main(every_figure)
