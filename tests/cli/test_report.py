# SPDX-License-Identifier: Apache-2.0
"""jobs/report: every number of the page is that of census.json, the page stands by itself, and what goes wrong is said in one line.

tests/report/test_page.py looks at it in a browser."""

import json
import os
import re
import shutil
import sys
import unicodedata
import xml.parsers.expat

import h5py

from meddle import Meddler
from nasty import TERMINAL
from page import Page, loads, told_titles, wrong_numbers
from tap import BUILD, UNTIL, Hub, Run, census, load, main, ok, same, scratch, skip_all

if Run([sys.executable, "-c", "import h5py, pandas, matplotlib, nbconvert, ipykernel"]).code:
    skip_all("a Python package of the report is not installed")

FOLDER = scratch()
ENV = {"PYTHON": sys.executable}
NOTE = "A SYNTHETIC <b>population</b> & more"


def report(*args, **env):
    return Run(["jobs/report", *args], env={**ENV, **env}, timeout=300)


def files(*folders):
    return {os.path.join(at, f): os.stat(os.path.join(at, f)).st_mtime_ns for folder in folders for at, _, names in os.walk(folder) for f in names}


def take():
    with Hub("--models", 4000, "--datasets", 1000, "--spaces", 800, "--until", UNTIL, "--seed", 5, "--fault", "poison@2%") as hub:
        census(2, hub.url, FOLDER, codes=(0, 5))


def made():
    home, tmp, before = scratch(), scratch(), files("jobs", FOLDER)
    folder = os.path.relpath(FOLDER)
    r = report("--note", NOTE, folder, HOME=home, TMPDIR=tmp, XDG_CACHE_HOME="", MPLCONFIGDIR="")
    ok(r.code == 0 and r.out == f"{folder}/report.html\n" and r.err == "", "the report is made, and its path printed", r)
    after = files("jobs", FOLDER)
    new = sorted(os.path.relpath(p, FOLDER) for p in after if after[p] != before.get(p))
    ok({"report.html", "report.md"} <= set(new) and all(re.fullmatch(r"report\.(html|md)|report_files/[a-z-]+\.svg", n) for n in new), "nothing but the report is written", new)
    same(files(home, tmp), {}, "nothing at home, nothing in the folder for temporary files")
    same([n for n in os.listdir(FOLDER) if n.startswith(".report")], [], "nothing is left over")


def numbers():
    page = Page(FOLDER)
    wrong, n = wrong_numbers(page, FOLDER)
    ok(not wrong and n > 600, f"{n} numbers on the page are those of census.json", *wrong[:10])
    same(told_titles(page), [], "titles have no number that is not looked up")
    figures = load(FOLDER)["figures"]
    total = figures["totals.models"]["value"]
    ok(any("/figures/totals.models/value" == e["attrs"].get("data-of") and e["attrs"]["value"] == str(total) for e in page.elements), "the number of models stands there")
    keys = {k for k in figures if k in page.source}
    same(sorted(set(figures) - keys), [], "every figure is named")
    text = " ".join(e["text"] for e in page.all("figure"))
    same([k for k, f in figures.items() if f["status"] == "not available" and f["why"] not in text], [], "why a figure is not available")


def alone():
    page = Page(FOLDER)
    same(loads(page), [], "the page loads nothing and runs nothing")
    same(page.unclosed, [], "every element is closed by its own end")
    ok("default-src 'none'" in page.all("meta")[1]["attrs"]["content"], "and its own policy would not let it")
    charts = page.all("svg", role="img")
    ok(len(charts) > 18 and all(len(e["attrs"].get("aria-label", "")) > 30 for e in charts), f"{len(charts)} charts, each with a text that stands for it")
    same(len(page.all("figure", class_="chart")), len(charts), "each in its figure")
    ids = [e["attrs"]["id"] for e in page.elements if "id" in e["attrs"]]
    same(sorted({i for i in ids if ids.count(i) > 1}), [], "no id twice")
    captions = [e["text"] for e in page.all("figcaption")]
    same([c for c in captions if "Figure: " in c and "Rows: " not in c and "Not available" not in c], [], "captions tell the rows")
    ok(len(page.all("div", class_="fact")) + len(page.all("div", class_="fact absent")) == 10, "ten facts come first")
    ok("State of Open Source" in page.source and NOTE in page.all("p", class_="note")[0]["text"], "their source is named, and the note is a text")


def markdown():
    with open(f"{FOLDER}/report.md", encoding="utf-8") as f:
        text = f.read()
    charts = re.findall(r"^!\[[^\n]{30,}\]\((report_files/[a-z-]+\.svg)\)$", text, re.M)
    ok(len(charts) > 18 and all(os.path.exists(f"{FOLDER}/{c}") for c in charts), f"report.md refers to {len(charts)} charts, which are there")
    same(sorted(os.listdir(f"{FOLDER}/report_files")), sorted(os.path.basename(c) for c in charts), "and to all of them")
    rows = [line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("|")]
    ok(len(rows) > 100 and "\n\n\n" not in text, f"its tables have {len(rows)} lines")


def again():
    before = {n: open(f"{FOLDER}/{n}", "rb").read() for n in ("report.html", "report.md")}
    r = report("--note", NOTE, FOLDER)
    same((r.code, [n for n in before if open(f"{FOLDER}/{n}", "rb").read() != before[n]]), (0, []), "the same census gives the same bytes")


def said(r, code, words, name):
    ok(r.code == code and words in r.err and r.err.count("\n") == 1 and "Traceback" not in r.err, name, r)


def refused():
    said(report(), 2, "an argument is missing", "no folder")
    said(report("--nonsense", FOLDER), 2, "unknown option '--nonsense'", "an unknown option")
    said(report(FOLDER, "x"), 2, "one folder too many", "two folders")
    said(report(scratch()), 2, "there is no census", "a folder without a census")
    r = report("--help")
    ok(r.code == 0 and "Exit codes" in r.out, "--help")
    bare = f"{scratch()}/python"
    with open(bare, "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\n[ "$1" = -c ]\n')  # runs, but imports nothing
    os.chmod(bare, 0o755)
    said(report(FOLDER, PYTHON=bare), 4, "apt-get install", "without packages: how to get them")
    said(report("--optional", FOLDER, PYTHON=bare), 0, "pip install", "without packages, asked for if it is possible")
    said(report("--optional", FOLDER, PYTHON="/nope"), 4, "'/nope' cannot be run; set PYTHON", "no Python")
    broken = scratch()
    shutil.copy(f"{FOLDER}/census.h5", broken)
    with open(f"{broken}/census.json", "w", encoding="utf-8") as f:
        f.write('{"figures": ')
    said(report(broken), 4, "is not a census", "census.json is broken")
    same(os.listdir(broken).count("report.html"), 0, "nothing is written then")
    shutil.copy(f"{FOLDER}/census.json", broken)
    with h5py.File(f"{broken}/census.h5", "r+") as f:
        f["models/secret"] = h5py.ExternalLink("/etc/passwd", "/x")
    said(report(broken), 4, "holds an external link and was not read", "census.h5 leads elsewhere")
    same([n for n in os.listdir(broken) if n not in ("census.h5", "census.json")], [], "nothing is left over")


def failing_chart():
    """Figures of another shape than the notebook knows: the page is made, and says so."""
    odd = scratch()
    shutil.copy(f"{FOLDER}/census.h5", odd)
    figures = load(FOLDER)
    figures["figures"]["gating"]["value"] = {"models": {"gated": {"false": "many", "auto": "x"}}}
    del figures["figures"]["science"], figures["figures"]["totals.owners"]
    with open(f"{odd}/census.json", "w", encoding="utf-8") as f:
        json.dump(figures, f)
    said(report(odd), 5, "warning: the chart 'gating' could not be drawn", "a chart that fails is named, the others are there")
    page = Page(odd)
    ok(any("could not be drawn" in e["text"] for e in page.all("figure", class_="absent")), "in its place the page says so")
    ok(any("reduced without the figure science" in e["text"] for e in page.all("figure", class_="absent")), "a figure that was not computed is said to be absent")


STRANGE = TERMINAL + "\u009b1m\u061c\u202e\u2028<img src=x onerror=alert(1)>\t\r\n=1+1|`a` /figures &amp; 100%41"


def stranger(path, n, body):
    """Wherever a label of a record's author is shown, it holds controls, marks that reorder text, HTML and Markdown."""
    rows = json.loads(body)
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        row.update(author=(f"o{i % 5}{STRANGE}")[:90], gated=STRANGE[:20] if i % 3 == 0 else False, pipeline_tag=STRANGE[:i % 5 + 3], library_name=STRANGE, sdk=STRANGE)
        row["tags"] = row.get("tags", []) + [f"{group}:{STRANGE}" for group in ("license", "language", "task_categories", "modality", "dataset", "arxiv")] + [STRANGE]
        if "baseModels" in row and i % 2:
            row["baseModels"] = {"relation": STRANGE[:30], "models": row["baseModels"]["models"] if row["baseModels"] else []}
    return json.dumps(rows).encode()


def is_well_formed(text):
    try:
        xml.parsers.expat.ParserCreate().Parse(text, True)
    except xml.parsers.expat.ExpatError:
        return False
    return True


def strangers():
    folder = scratch()
    with Hub("--models", 1500, "--datasets", 600, "--spaces", 600, "--until", UNTIL, "--seed", 6) as hub, Meddler(hub.url, stranger) as m:
        census(2, m.url, folder, codes=(0, 5))
    r = report(folder)
    ok(r.code == 0, "labels that drive terminals", r)
    page, places = Page(folder), "".join(e["attrs"].get("data-of", "") + e["attrs"].get("data-at", "") for e in Page(folder).elements)
    wrong, n = wrong_numbers(page, folder)
    ok(not wrong and n > 300 and places.count("%1B") > 10, f"{n} numbers are those of census.json, {places.count('%1B')} at places with such a name", *wrong[:10])
    same((loads(page), page.unclosed, told_titles(page)), ([], [], []), "the page loads nothing, runs nothing, and looks its numbers up")
    with open(f"{folder}/census.json", encoding="utf-8") as f:
        text = f.read()
    ok("\\u009b1m\\u061c\\u202e\\u2028<img" in text and "\u009b1m\u061c\u202e\u2028<img" in json.dumps(json.loads(text), ensure_ascii=False), "census.json has such names as they are, in escapes")
    for name in ("census.json", "report.html", "report.md", *(f"report_files/{f}" for f in sorted(os.listdir(f"{folder}/report_files")))):
        with open(f"{folder}/{name}", encoding="utf-8") as f:
            text = f.read()
        bad = sorted({c for c in text if c != "\n" and c != "\u200d" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")})
        whole = not name.endswith(".svg") or is_well_formed(text)
        if bad or not whole or not name.startswith("report_"):
            ok(not bad and whole, f"{name} drives no terminal, and is well-formed", bad)


def without_outputs():
    with open("jobs/notebook/census.ipynb", encoding="utf-8") as f:
        cells = json.load(f)["cells"]
    same([c["id"] for c in cells if c.get("outputs") or c.get("execution_count")], [], "the notebook is committed without outputs")


OPTIONAL = ("author", "last_modified", "gated", "disabled", "downloads", "downloads_all_time", "likes", "pipeline_tag", "library_name", "sdk", "safetensors_total",
            "base_relation", "base_models", "tags")


def taken(hub, what):
    """The folders of censuses, by name and options of hubcrawl, each taken by one rank."""
    place = scratch()
    for n, args in what.items():
        until = [] if any(a.startswith("--until") for a in args) else ["--until", UNTIL]
        c = Run([f"{BUILD}/hubcrawl", "--quiet", "--hub", hub.url, *until, *args, f"{place}/{n}"])
        r = Run([f"{BUILD}/hubreduce", "--quiet", f"{place}/{n}"])
        if c.code not in (0, 3) or r.code not in (0, 5):
            ok(False, f"a census {n}", c, r)
    return [f"{place}/{n}" for n in what]


def shown(*folders):
    """What the cells of the notebook make of censuses: a Page for each, by its folder's name."""
    r = Run([sys.executable, "-B", "tests/cli/cells.py", *folders], env={"MPLBACKEND": "agg", "MPLCONFIGDIR": os.path.abspath(f"{BUILD}/matplotlib")}, timeout=1800)
    pages = {os.path.basename(f): Page(f) for f in folders}
    ok(r.code == 0 and r.out == r.err == "", f"no cell fails or warns: {', '.join(pages)}", r)
    for (n, page), folder in zip(pages.items(), folders):
        wrong, _ = wrong_numbers(page, folder)
        bad = [e["text"][:80] for e in page.all("h3") if "n/a" in e["text"]] + told_titles(page)
        below = [k for k in (e["attrs"]["id"] for e in page.all("figure", class_="chart")) if "the numbers stand below" in source_of(page, k) and not rows_of(page, k)]
        same((wrong, bad, below), ([], [], []), f"{n}: its numbers are those of census.json, titles have theirs, and tables have rows")
    return pages


def source_of(page, slug):
    return re.search(rf'<figure class="[a-z]+" id="{slug}">.*?</figure>', page.source, re.S).group(0)


def rows_of(page, slug):
    """The rows of a figure's table, as texts."""
    rows = re.findall(r"<tr>(.*?)</tr>", source_of(page, slug), re.S)[1:]
    return [[re.sub("<.*?>", "", c) for c in re.findall(r"<td>(.*?)</td>", row, re.S)] for row in rows]


def absent(page):
    """The figures that are not there, and what is said of them."""
    found = {e["attrs"]["id"]: e["text"] for e in page.all("figure", class_="absent")}
    return {k: re.search(r"Not available: (.*?)\. Figure: ", text, re.S).group(1) for k, text in found.items()}




def without(fields):
    return [f"--fields={','.join('-' + f for f in fields)}"]


def bare():
    """Censuses without what a chart would like to show: each says why, in a sentence. And years in which there are only datasets, or only Spaces."""
    place = scratch()
    for kind, year, seconds in (("models", 2024, 1717600000), ("datasets", 2023, 1686000000), ("spaces", 2025, 1749100000)):
        with open(f"{place}/{kind}.jsonl", "w", encoding="utf-8") as f:
            f.write(json.dumps({"_id": f"{seconds:08x}{year:016x}", "id": "a/b", "createdAt": f"{year}-06-05T00:00:00.000Z", "private": False, "downloads": 0, "downloadsAllTime": 0}) + "\n")
    with Hub("--replay", place, "--until", UNTIL) as hub:
        folders = taken(hub, {"years": []})
    with Hub("--models", 300, "--datasets", 100, "--spaces", 500, "--until", UNTIL, "--quota", "0") as hub:
        pages = shown(*folders, *taken(hub, {"nothing": ["--filter=author=nobodyatall-xyz"], "spaces": ["--kinds=spaces"], "no-fields": without(OPTIONAL)}))
    same([row[0] for row in rows_of(pages["years"], "growth-total")], ["2023", "2024", "2025"], "years without a model are in the table")
    why = absent(pages["nothing"])
    same([e["attrs"]["id"] for e in pages["nothing"].all("figure", class_="chart")], ["completeness"], "an empty census: no chart but that of what was asked for")
    same((why["growth-total"], why["families-depth"], why["rank-size"]), ("the census has no repository", "the census has no models", "the census has no models"), "and it says that it is empty")
    why, rows = absent(pages["spaces"]), rows_of(pages["spaces"], "growth-total")
    ok(len(rows) > 3 and all(row[3] != "n/a" for row in rows), "Spaces alone: their years are in the table", rows)
    same((why["growth-ratio"], why["gating"]), ("this census does not take models", "this census takes neither models nor datasets"), "and what is missing is the models")
    not_asked_for(pages["no-fields"])


def not_asked_for(page):
    why = absent(page)
    same({why[k] for k in ("lorenz", "rank-size", "sectors")}, {"downloads and downloads_all_time were not asked for"}, "counters that were not asked for")
    same([k for k, text in why.items() if "served" in text or "the Hub told" in text], [], "are no fault of the Hub's")


def every_field():
    """Each optional field alone, each kind alone, each pair of kinds, gaps, and the ways to be empty."""
    kinds = ("models", "datasets", "spaces")
    what = {f"no-{f}": without([f]) for f in OPTIONAL}
    what.update({k: [f"--kinds={k}"] for k in kinds}, **{f"not-{k}": [f"--kinds={','.join(x for x in kinds if x != k)}"] for k in kinds})
    what.update({f"no-{k}": [f"--kinds={k}", "--filter=author=nobodyatall-xyz"] for k in kinds}, users=["--kinds=models,users", "--user-requests=200"])
    what.update({f"until-{day}": [f"--until={day}"] for day in ("2022-03-02", "2022-03-03", "2023-01-20")}, **{f"gaps-{n}": [f"--max-requests={n}"] for n in (1, 4, 6)})
    what.update({"lists": without([f for f in OPTIONAL if f not in ("author", "base_relation", "base_models")]), "no-users": ["--kinds=models,users", "--filter=author=nobodyatall-xyz"]})
    with Hub("--models", 3000, "--datasets", 800, "--spaces", 900, "--until", UNTIL, "--quota", "0") as hub:
        what["no-downloads"] = without(["downloads", "downloads_all_time"])
        pages = shown(*taken(hub, what))
    not_asked_for(pages["no-downloads"])


tests = (take, made, numbers, alone, markdown, refused, failing_chart, strangers, without_outputs, bare)
main(*tests, *((again, every_field) if "all" in sys.argv else ()))
