# SPDX-License-Identifier: Apache-2.0
"""What the charts of census.ipynb have in common: numbers that say where they come from, names that are shown as text, one look.

A number in the report is a place in census.json (`Node`), and shown as <data value="0.496" data-of="/figures/…">49.6%</data>: who reads
the page can look it up, and tests/cli/test_report.py does so for every one. What a stranger chose (names, tags) goes through `name()`."""
import html
import io
import json
import math
import os
import re
import unicodedata
import warnings
from urllib.parse import quote

import matplotlib
from matplotlib.figure import Figure
from matplotlib import dates, ticker  # noqa: F401 (the notebook takes charts.ticker)
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import offset_copy

# Okabe and Ito (2008), "Color Universal Design": told apart with every kind of colour blindness.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE, YELLOW = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#F0E442"
INK, GREY, PALE = "#222222", "#8a8a8a", "#d9d9d9"
COLOURS = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, YELLOW]
HATCHED = {"color": PALE, "hatch": "////", "edgecolor": "#9a9a9a", "linewidth": 0}  # what is not known
WIDTH = 4.8  # inches: letters stay readable on a phone, and two charts stand side by side on a screen
COUNTERS = {"downloads": "downloads in the last 30 days", "downloads_all_time": "downloads since creation"}

STYLE = {
    "svg.fonttype": "none",  # letters stay letters: for search, for readers aloud, and for scripts that our fonts lack
    "text.parse_math": False,  # a $ in a name is a $
    "font.size": 10, "font.family": "DejaVu Sans", "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.edgecolor": GREY, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "axes.labelsize": 10,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e8e8e8", "grid.linewidth": 0.8, "lines.linewidth": 2.0,
    "legend.frameon": False, "legend.fontsize": 9.5, "hatch.linewidth": 0.6, "figure.constrained_layout.use": True,
}


class Absent(Exception):
    """A chart has nothing to show: why."""


class Piece:
    """A piece of a sentence, as plain text, HTML and Markdown."""

    def __init__(self, text, markup=None, markdown=None):
        self.text, self.html = text, html.escape(text) if markup is None else markup
        self.markdown = re.sub(r"([\\`*_{}\[\]()#+!|<>~$&@-])", r"\\\1", text) if markdown is None else markdown

    def __str__(self):
        return self.text


class Node:
    """A place in census.json or run.json: its value, None where there is none, and its JSON pointer, percent-encoded as in the fragment
    of a URI (RFC 6901, section 6): keys are what strangers chose, too, controls among it."""

    def __init__(self, value, pointer=""):
        self.value, self.pointer = value, pointer

    def __getitem__(self, key):
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Node(value, f"{self.pointer}/{quote(str(key).replace('~', '~0').replace('/', '~1'), safe='!$()*+,:;=?@', errors='replace')}")

    def __iter__(self):
        return iter(self.value if isinstance(self.value, dict) else ())

    def items(self):
        return [(key, self[key]) for key in self]

    def __bool__(self):
        return self.value is not None


def join(parts, form="text"):
    """Pieces, and texts of ours, as one text: form is text, html or markdown."""
    parts = [parts] if isinstance(parts, (str, Piece)) else parts
    return "".join(getattr(p if isinstance(p, Piece) else Piece(p), form) for p in parts)


def _shorten(text, width):
    """Cut in the middle what is wider than so many common letters."""
    def wide(c):
        return 1.9 if unicodedata.east_asian_width(c) in "WF" else 1.6 if c in "WMmw@%" else 1.15 if c.isupper() or c in "~<>=+" else 0 if unicodedata.combining(c) else 1

    def fitting(letters, room):
        n = 0
        while n < len(letters) and (room := room - wide(letters[n])) >= 0:
            n += 1
        return n

    if fitting(text, width) == len(text):
        return text
    head, tail = fitting(text, (width - 1) * 0.65), fitting(text[::-1], (width - 1) * 0.35)
    return f"{text[:head]}…{text[len(text) - tail:]}"


def name(text, width=34):
    """What a stranger wrote, as text: without control and direction characters, and cut in the middle when it is long."""
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or c == "\u200d" else "\ufffd" for c in str(text))
    kept = re.sub(r"([\u0300-\u036f\u0e31-\u0e4e\u20d0-\u20ff]{2})[\u0300-\u036f\u0e31-\u0e4e\u20d0-\u20ff]+", r"\1", kept)  # piles of accents
    cut = _shorten(kept, width)
    title = f' title="{html.escape(kept[:300])}"' if cut != kept else ""
    return Piece(cut, f"<bdi{title}>{html.escape(cut)}</bdi>")


def _data(text, value, of, by=None):
    by = f' data-by="{html.escape(by.pointer)}"' if by else ""
    return Piece(text, f'<data value="{html.escape(str(value))}" data-of="{html.escape(of.pointer)}"{by}>{html.escape(text)}</data>')


def _number(node, form):
    return _data(form(node.value), node.value, node) if node else Piece("n/a")


def count(node):
    return _number(node, lambda v: f"{v:,}")


def briefly(v, least=1e4):
    """Three digits that count: 950, 8,339, 12.3k, 2.96M, 20.8B."""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(v) >= max(unit * 0.9995, least):
            digits = f"{v / unit:.{max(0, 2 - int(math.log10(abs(v) / unit * 1.0005)))}f}"
            return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + letter
    return f"{v:,.0f}" if v == int(v) else f"{v:.3g}"


def whole(node):
    """An estimate: real in census.json, of things that are counted."""
    return _number(node, lambda v: f"{v:,.0f}")


def real(node):
    return _number(node, lambda v: f"{v:.3f}")


def short(node):
    return _number(node, briefly)


def percent(v):
    return f"{100 * v:.1f}%" if v == 0 or abs(v) >= 0.01 else f"{100 * v:.2g}%"


def share(node):
    return _number(node, percent)


def times(node):
    """A ratio as census.json has it."""
    return _number(node, lambda v: v if isinstance(v, str) else f"{v:.1f}×")


def per(a, b):
    """The ratio of two places."""
    return _data(f"{a.value / b.value:.1f}×", a.value / b.value, a, b) if a and b and b.value else Piece("n/a")


def part(a, b):
    """One place as a share of another."""
    return _data(percent(a.value / b.value), a.value / b.value, a, b) if a and b and b.value else Piece("n/a")


def word(node):
    """A text that census.json holds: a month, a time."""
    return _number(node, lambda v: name(v).text)


def plain(node):
    """Any leaf of census.json, by what it is."""
    v = node.value
    return word(node) if isinstance(v, str) else Piece("yes" if v else "no") if isinstance(v, bool) else count(node) if isinstance(v, int) else _number(node, lambda x: f"{x:.4g}")


def axis_counts(axis):
    axis.set_major_formatter(FuncFormatter(lambda v, _: briefly(v, 1e3)))
    axis.set_minor_formatter(NullFormatter())


def axis_shares(axis):
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))


class Story:
    """A census on its way to the page: charts take their numbers from `figures`, and show themselves."""

    def __init__(self, folder):
        with open(os.path.join(folder, "census.json"), encoding="utf-8") as f:
            self.census = Node(json.load(f))
        self.run = Node(None)
        if os.path.exists(os.path.join(folder, "run.json")):
            with open(os.path.join(folder, "run.json"), encoding="utf-8") as f:
                self.run = Node(json.load(f), "run.json")
        self.figures = self.census["figures"]
        self.t0 = self.census["snapshot"]["t0"].value
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", message="Glyph")  # the reader's browser has the glyph

    def value(self, key):
        """The value of a figure; Absent, with the reason that the census gives, if it has none."""
        figure = self.figures[key]
        if not figure:
            raise Absent(f"the census was reduced without the figure {key}")
        if not figure["value"]:
            raise Absent(figure["why"].value or "the census gives no reason")
        return figure["value"]

    def need(self, *kinds, fields=()):
        """Absent, with the reason, where the census takes none of these kinds, has no repository of them, or did not ask for one of the fields."""
        asked, others = self.census["snapshot"]["kinds"].value, self.census["snapshot"]["fields_not_asked"].value or ()
        taken = [k for k in kinds if asked is None or k in asked]
        if not taken:
            raise Absent(f"this census does not take {kinds[0]}" if len(kinds) == 1 else f"this census takes neither {' nor '.join(kinds)}")
        if all(self.figures[f"totals.{k}"]["value"].value == 0 for k in taken):
            raise Absent(f"the census has no {taken[0] if len(taken) == 1 else 'repository' if len(taken) == 3 else ' and no '.join(taken)}")
        if missing := [f for f in fields if f in others]:
            raise Absent(f"{' and '.join(missing)} {'were' if len(missing) > 1 else 'was'} not asked for")

    def counter(self, key, kind=None):
        """The counter to show, of those that the figure has (of a kind; without one it is about models): since creation, or else of the last 30 days."""
        self.need(kind or "models")
        value = self.value(key)
        value = value[kind] if kind else value
        for counter in ("downloads_all_time", "downloads"):
            if value[counter]:
                return counter
        if set(COUNTERS) <= set(self.census["snapshot"]["fields_not_asked"].value or ()):
            self.need(kind or "models", fields=COUNTERS)
        raise Absent(self.figures[key]["why"].value or "the Hub served no counter of downloads")

    def about(self, key, counter=None, rows=None, coverage=None):
        """What a caption says of a figure: its counter, coverage, number of rows, and where it is not whole."""
        figure = self.figures[key]
        rows = [count(figure["rows"]), " repositories"] if rows is None and figure["rows"] else rows
        parts = [f"Counter: {COUNTERS[counter]}. "] if counter else []
        parts += ["Coverage (share that is classified): ", share(coverage), ". "] if coverage else []
        parts += ["Rows: ", *rows, ". "] if rows else []
        parts += ["Partial: ", name(figure["why"].value, 200), ". "] if figure["status"].value == "partial" else []
        return parts + [f"Figure: {key}."]

    def chart(self, slug, topic, key, size=3.2):
        """Decorates a function (fig, value of the figure) that draws, and returns the sentences: finding, alt, caption and, if it likes, head
        and table. It is called at once. fig is WIDTH by size inches."""

        def draw(function):
            fig = Figure(figsize=(WIDTH, size))
            try:
                said = function(fig, self.value(key))
            except Absent as e:
                return _present(Card(slug, topic, [topic], [f"Not available: {e}." if e.args else "Not available.", f" Figure: {key}."]))
            return _present(Card(slug, topic, said["finding"], said["caption"], join(said["alt"]), fig, said.get("head"), said.get("table")))

        return draw

    def headline(self, facts, sources):
        """The first screen: (what, ours, published) for each fact; ours is a function that gives sentences or raises Absent."""
        from IPython.display import display

        told = []
        for what, ours, published in facts:
            try:
                told.append((what, ours(), published))
            except Absent as e:
                told.append((what, ["not available: ", str(e)], published))
        page = "".join(f'<div class="fact{" absent" if "not available: " in ours else ""}"><dt>{html.escape(what)}</dt><dd class="ours">{join(ours, "html")}</dd>'
                       f'<dd class="theirs">{join(published, "html")}</dd></div>' for what, ours, published in told)
        rows = "\n".join(f"| {Piece(what).markdown} | {join(ours, 'markdown')} | {join(published, 'markdown')} |" for what, ours, published in told)
        note = f"Grey: published, for orientation; periods, counters and definitions differ. Source: {'; '.join(sources)}."
        display({"text/html": f'<dl class="headline">{page}</dl><p class="sources">{html.escape(note)}</p>',
                 "text/markdown": f"| | this census | published |\n| --- | --- | --- |\n{rows}\n\n{Piece(note).markdown}"}, raw=True)

    def table(self, slug, topic, finding, caption, head=(), rows=(), opened=True):
        """A table without a chart."""
        _present(Card(slug, topic, finding, caption, head=head, rows=rows, opened=opened))


def label(ax, x, y, piece, before="", after="", **kw):
    """A number in a chart; the place that it comes from is the id of its text in the SVG."""
    of = re.search(r'data-of="([^"]*)"(?: data-by="([^"]*)")?', piece.html)
    text = ax.text(x, y, f"{before}{piece.text}{after}", **{"fontsize": 9, "va": "center", **kw})
    if of:
        text.set_gid(f"data:{html.unescape(of.group(1))}" + (f" {html.unescape(of.group(2))}" if of.group(2) else ""))
    return text


def ends(ax, lines, room=0.36):
    """Names and numbers at the right ends of lines, kept apart: (x, y, name, piece, colour) each."""
    left, right = ax.get_xlim()
    last = max(x for x, *_ in lines)
    years = [dates.datestr2num(f"{y}-01-01") for y in range(dates.num2date(left).year, dates.num2date(last).year + 1)]
    ax.set_xticks([y for y in years if left <= y <= last], [str(dates.num2date(y).year) for y in years if left <= y <= last])
    ax.set_xlim(left, right + room * (right - left))
    shown = ax.transData + ax.transAxes.inverted()
    least = -1.0
    for _, y, title, piece, colour in sorted(lines, key=lambda line: line[1]):
        at, height = shown.transform((last, y))
        least = max(least + 0.075, height)
        label(ax, at + 0.015, least, piece, before=f"{title} ", color=colour, transform=ax.transAxes, ha="left")
    ax.spines["bottom"].set_bounds(left, last)


def beside(ax, x, y, piece, **kw):
    """A number to the right of a bar's end or a dot."""
    return label(ax, x, y, piece, ha=kw.pop("ha", "left"), transform=offset_copy(ax.transData, ax.figure, x=kw.pop("points", 4), units="points"), **kw)


def above(fig, ax, ncol):
    """The legend above the chart, where it hides nothing."""
    handles, names = ax.get_legend_handles_labels()
    legend = fig.legend(handles, names, loc="upper left", ncol=ncol, borderaxespad=0, handlelength=1.2, columnspacing=1.3, handletextpad=0.5)
    legend.set_in_layout(False)
    height = -(-len(names) // ncol) * 0.2 + 0.08  # inches
    fig.get_layout_engine().set(rect=(0, 0, 1, 1 - height / fig.get_figheight()))


def bars(ax, names, values, pieces, colours):
    """Horizontal bars from the top, with their names and numbers."""
    ax.barh(range(len(values)), values, color=colours, height=0.66)
    for i, (value, piece) in enumerate(zip(values, pieces)):
        beside(ax, value, i, piece)
    ax.set_yticks(range(len(values)), [n.text if isinstance(n, Piece) else n for n in names])
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.grid(axis="y", visible=False)


def _svg(fig, slug, alt):
    matplotlib.rcParams["svg.hashsalt"] = slug  # the same census gives the same bytes
    out = io.StringIO()
    fig.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.S)
    text = re.sub(r'<svg[^>]*viewBox="([^"]*)"[^>]*>', lambda m: f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                  f'viewBox="{m.group(1)}" role="img" aria-label="{html.escape(alt)}">', text, count=1)
    seen = iter(range(1 << 30))

    def own(tag):  # ids are the page's, of which this chart is one
        tag = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{slug}-", tag.group(0))
        return re.sub(r' id="(data:)?([^"]*)"', lambda m: f' class="data" data-at="{m.group(2)}"' if m.group(1) else
                      f' id="{slug}-{m.group(2)}"' if re.match("[mp][0-9a-f]{10}|C[0-9a-f]|h[0-9a-f]{6}", m.group(2)) else f' id="{slug}-{next(seen)}"', tag)

    return re.sub(r"<[^>]+>", own, text)


class Card:
    """A chart with its sentences, as HTML, and as Markdown that refers to the chart as a file."""

    def __init__(self, slug, topic, finding, caption, alt="", fig=None, head=None, rows=None, opened=False):
        self.slug, self.topic, self.finding, self.caption, self.alt, self.fig = slug, topic, finding, caption, alt, fig
        self.head, self.rows, self.opened = head or [], rows or [], opened

    def html_table(self):
        def row(cells, tag):
            return "<tr>" + "".join(f"<{tag}>{join(c, 'html')}</{tag}>" for c in cells) + "</tr>"

        table = f'<div class="scroll"><table><thead>{row(self.head, "th")}</thead><tbody>{"".join(row(r, "td") for r in self.rows)}</tbody></table></div>'
        return table if self.opened else f"<details><summary>The numbers</summary>{table}</details>"

    def markdown_table(self):
        lines = ["| " + " | ".join(join(c, "markdown") for c in row) + " |" for row in [self.head, *self.rows]]
        return "\n".join([lines[0], "|" + " --- |" * len(self.head), *lines[1:]])

    def bundle(self):
        svg = _svg(self.fig, self.slug, self.alt) if self.fig else ""
        finding, caption = join(self.finding, "html"), join(self.caption, "html")
        kind = "chart" if svg else "words" if self.rows else "absent"
        page = [f'<figure class="{kind}" id="{self.slug}"><p class="topic">{html.escape(self.topic)}</p><h3>{finding}</h3>', svg]
        page += [self.html_table()] if self.rows and self.opened else []
        page += [f"<figcaption>{caption}</figcaption>"]
        page += [self.html_table()] if self.rows and not self.opened else []
        text = [f"### {join(self.finding, 'markdown')}", f"![{Piece(self.alt).markdown}](report_files/{self.slug}.svg)" if svg else ""]
        text += [self.markdown_table()] if self.rows else []
        out = {"text/html": "".join(page) + "</figure>", "text/markdown": "\n\n".join([*text, join(self.caption, "markdown")])}
        return {**out, "image/svg+xml": svg} if svg else out


def _present(card):
    from IPython.display import display

    display(card.bundle(), raw=True, metadata={"hubcensus": {"slug": card.slug}})
