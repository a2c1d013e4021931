# SPDX-License-Identifier: Apache-2.0
"""The report in headless Chromium, at the width of a phone and of a screen: nothing runs, nothing is asked for, nothing is cut, every chart is there."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import chromium  # noqa: E402
import hostile  # noqa: E402
from page import Page, loads, told_titles, wrong_numbers  # noqa: E402
from tap import BUILD, RECORDED, UNTIL, Hub, Run, census, diag, main, ok, same, scratch, skip, skip_all  # noqa: E402

if not chromium.PROGRAM:
    skip_all("chromium is not installed")

KEEP = os.environ.get("KEEP_REPORT")  # a folder for the screenshots
# What sticks out: of the window, of its card; letters of a chart that are cut by their card; and cards without a chart inside.
OUT = """(() => {
  const wide = document.documentElement.clientWidth, bad = [];
  if (document.documentElement.scrollWidth > wide) bad.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${wide}`);
  for (const card of document.querySelectorAll('figure, .fact, header, .sources, nav, footer')) {
    const c = card.getBoundingClientRect();
    if (c.right > wide + 1 || c.left < -1) bad.push(`${card.id || card.className || card.tagName} reaches from ${c.left} to ${c.right}`);
    for (const x of card.querySelectorAll('svg text, h3, figcaption, bdi, data, dt, dd, p')) {
      const r = x.getBoundingClientRect();
      if (x.closest('.scroll') || r.width === 0) continue;
      if (r.right > c.right + 1 || r.left < c.left - 1 || r.top < c.top - 1 || r.bottom > c.bottom + 1)
        bad.push(`${card.id}: '${x.textContent.trim().slice(0, 60)}' (${r.left|0}, ${r.top - c.top|0}) to (${r.right|0}, ${r.bottom - c.top|0}) in a card from ${c.left|0} to ${c.right|0}`);
    }
  }
  return bad; })()"""
DRAWN = """[...document.querySelectorAll('figure.chart')].filter(c => {
  const s = c.querySelector('svg'), r = s.getBoundingClientRect();
  return r.width > 250 && r.height > 80 && s.querySelectorAll('path').length > 3 && s.querySelectorAll('text').length > 2; }).map(c => c.id)"""
ALL = {"growth-total", "growth-new", "owners", "lorenz", "rank-size", "geography-year", "geography-cumulative", "growth-ratio", "growth-monthly", "sectors", "size-buckets",
       "size-downloads", "families-tree", "families-relation", "families-depth", "engagement", "ranks", "models-categories", "science", "quantization", "gating", "completeness"}


def looked_at(folder, what, least):
    """Open it twice, and check what a person would see."""
    with chromium.Chromium() as c:
        for width, height in ((390, 844), (1280, 800)):
            c.open(f"{folder}/report.html", width, height)
            drawn = c.evaluate(DRAWN)
            title = c.evaluate("document.title")
            ok(set(drawn) >= least, f"{what}, {width} px: {len(drawn)} charts are drawn", sorted(least - set(drawn)))
            same(c.evaluate("document.querySelectorAll('figure.chart').length"), len(drawn), f"{what}, {width} px: none is empty")
            out = c.evaluate(OUT)
            ok(not out, f"{what}, {width} px: nothing is cut, nothing sticks out", *out[:12])
            same(c.logged(), [], f"{what}, {width} px: nothing in the console")
            same([u for u in c.asked() if not u.startswith(("file://", "data:"))], [], f"{what}, {width} px: nothing is asked of a network")
            ok(title.startswith("Census of ") and c.evaluate("typeof window.ran") == "undefined", f"{what}, {width} px: no script ran", title)
            bottom = c.evaluate("Math.max(...[...document.querySelectorAll('.fact')].map(f => f.getBoundingClientRect().bottom))")
            facts = c.evaluate("document.querySelectorAll('.fact').length")
            ok(facts == 10 and bottom <= height, f"{what}, {width} px: the ten facts end at {bottom:.0f} of the first {height} px")
            if KEEP:
                os.makedirs(KEEP, exist_ok=True)
                c.screenshot(f"{KEEP}/{what}-{width}.png")
        c.pdf(f"{folder}/report.pdf")
        ok(os.path.getsize(f"{folder}/report.pdf") > 20000, f"{what}: it prints")


def reported(folder, what, note="A SYNTHETIC population, for tests."):
    r = Run(["jobs/report", "--note", note, folder])
    ok(r.code == 0 and r.err == "", f"{what}: the report is made", r)
    page = Page(folder)
    wrong, n = wrong_numbers(page, folder)
    ok(not wrong and n > 300, f"{what}: {n} numbers are those of census.json", *wrong[:10])
    same(loads(page), [], f"{what}: it loads and runs nothing")
    same(page.unclosed, [], f"{what}: every element is closed by its own end")
    same(told_titles(page), [], f"{what}: titles are computed")
    return page


def synthetic():
    folder = scratch()
    with Hub("--models", 20000, "--datasets", 6000, "--spaces", 6000, "--until", UNTIL, "--seed", 4, "--fault", "poison@1%", "--quota", 0) as hub:
        census(2, hub.url, folder, "--audit=3", codes=(0, 5))
    reported(folder, "synthetic")
    looked_at(folder, "synthetic", ALL | {"audit"})


def attacked():
    place, folder = scratch(), scratch()
    hostile.write(place)
    with Hub("--replay", place, "--until", UNTIL) as hub:
        census(2, hub.url, folder, codes=(0, 5))
    page = reported(folder, "hostile")
    seen = " ".join(e["text"] for e in page.all("figure"))
    for word in ("<script>window.ran=1", "{{ 7*7 }}", "$\\frac{1}{0}$", "| a | b |", "שלום", "🤗", "模型"):
        ok(word in seen, f"hostile: shown as text: {word}")
    ok("W" * 60 not in seen, "hostile: long names are cut")
    shown = [e["text"] + e["attrs"].get("title", "") for e in page.elements]
    ok(not any("\u202e" in t for t in shown), "hostile: no character turns the direction")
    with open(f"{folder}/report.md", encoding="utf-8") as f:
        text = f.read()
    bad = [line for line in text.splitlines() if re.search(r"(?<!\\)<[a-zA-Z/!]|(?<!\\)\]\((?!report_files/[a-z-]+\.svg\))", line)]
    same(bad, [], "hostile: report.md has no markup of theirs")
    looked_at(folder, "hostile", ALL - {"growth-monthly", "owners", "completeness"} - {"geography-cumulative", "geography-year"})


def recorded():
    if not os.path.exists(f"{RECORDED}/known.json"):
        return skip("the recorded metadata", f"'{RECORDED}' is not there")
    folder = scratch()
    with Hub("--replay", RECORDED) as hub:
        census(2, hub.url, folder)
    page = reported(folder, "recorded", "A SAMPLE, not the Hub.")
    absent = [e["text"] for e in page.all("figure", class_="absent")]
    ok(any("no downloadsAllTime" in t for t in absent), "recorded: what is not available says why", absent)
    looked_at(folder, "recorded", ALL - {"engagement"})


diag(f"{BUILD}, {chromium.PROGRAM}")
main(*(t for t in (synthetic, attacked, recorded) if t.__name__ in (sys.argv[1:] or t.__name__)))
