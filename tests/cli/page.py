# SPDX-License-Identifier: Apache-2.0
"""A report as a test reads it: its numbers against census.json, and what it would load or run."""

import html
import json
import os
import re
from html.parser import HTMLParser
from urllib.parse import unquote

VOID = {"meta", "link", "br", "img", "input", "hr"}
# What titles may say without looking it up: years, and what is a question's own number, as the "200 most downloaded".
OWN_NUMBERS = re.compile(r"\b20\d\d(-\d\d)?\b|\b200\b|\b1%|\(95%|\b1 to 9 B|\b100 B\b|\(429\)|^\d+ figures|\b\d+ generations?\b")


class Page(HTMLParser):
    """Elements of the page, as (tag, attributes, text) with the text of all that they hold."""

    def __init__(self, folder):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        with open(f"{folder}/report.html", encoding="utf-8") as f:
            self.source = f.read()
        self.feed(self.source)
        self.unclosed = [e["tag"] for e in self.open]

    def handle_starttag(self, tag, attrs):
        e = {"tag": tag, "attrs": dict(attrs), "text": "", "in": [p["tag"] for p in self.open]}
        self.elements.append(e)
        if tag not in VOID:
            self.open.append(e)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "attrs": dict(attrs), "text": "", "in": [p["tag"] for p in self.open]})

    def handle_endtag(self, tag):
        if tag not in VOID and self.open and self.open[-1]["tag"] == tag:
            self.open.pop()
        elif tag not in VOID:
            self.open.append({"tag": f"stray </{tag}>", "attrs": {}, "text": ""})

    def handle_data(self, data):
        for e in self.open:
            e["text"] += data

    def all(self, tag, **attrs):
        return [e for e in self.elements if e["tag"] == tag and all(e["attrs"].get(k.rstrip("_")) == v for k, v in attrs.items())]


def place(pointer, documents):
    """What a JSON pointer, percent-encoded, leads to; one into run.json begins with that name."""
    head, *keys = pointer.split("/")
    value = documents[head or "census.json"]
    for key in keys:
        value = value[unquote(key).replace("~1", "/").replace("~0", "~")]
    return value


def shown(text):
    """The number that a text ends with or is, None if it is none."""
    m = re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?\s?[kMBT%×]?", text)
    if not m:
        return None
    token = m[-1].strip()
    factor = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 0.01}.get(token[-1], 1)
    return float(token.rstrip("kMBT%×").replace(",", "")) * factor


def says(text, value):
    """Does the text, in three digits or more, or with one decimal, say the value?"""
    if isinstance(value, str):
        return value in text
    number = shown(text)
    return number is not None and abs(number - value) <= max(0.0051 * abs(value), 0.00051 if "%" in text else 0.051 if "×" in text else 0)


def numbers(page, folder):
    """Every number with a place in census.json: (shown text, value by the page, value by census.json)."""
    documents = {}
    for name in ("census.json", "run.json"):
        if os.path.exists(f"{folder}/{name}"):
            with open(f"{folder}/{name}", encoding="utf-8") as f:
                documents[name] = json.load(f)
    for e in page.elements:
        attrs = e["attrs"]
        if "data-of" in attrs:
            of, by, own = attrs["data-of"], attrs.get("data-by"), attrs["value"]
        elif "data-at" in attrs:
            (of, by), own = (attrs["data-at"].split(" /", 1) + [None])[:2] if " /" in attrs["data-at"] else (attrs["data-at"], None), None
            by = by and "/" + by
        else:
            continue
        value = place(of, documents)
        if by:
            value = value / place(by, documents)
        yield e["text"], own, value


def wrong_numbers(page, folder):
    """Those that do not say what census.json says, and how many there are."""
    wrong, n = [], 0
    for text, own, value in numbers(page, folder):
        n += 1
        if own not in (None, str(value)) or not says(text, value):
            wrong.append((text, own, value))
    return wrong, n


def loads(page):
    """What the page would fetch, or run."""
    found = [e["tag"] for e in page.elements if e["tag"] in ("script", "iframe", "object", "embed", "base", "form", "img", "image", "foreignobject", "animate", "set", "audio", "video")]
    for e in page.elements:
        for key, value in e["attrs"].items():
            if key.startswith("on"):
                found.append(f"{e['tag']} {key}")
            if key in ("src", "href", "xlink:href", "action", "data", "poster", "srcset", "background", "ping") and not (value or "").startswith(("#", "data:,")):
                found.append(f"{e['tag']} {key}={value}")
            if key in ("style", "fill", "clip-path", "filter", "mask") and re.search(r"url\((?!#)", value or ""):
                found.append(f"{e['tag']} {key}={value}")
    found += [e["text"][:60] for e in page.all("style") if re.search(r"@import|url\((?!#)|http", e["text"])]
    return found


def told_titles(page):
    """Titles with numbers that are not looked up, that is: not computed."""
    bad = []
    for m in re.finditer(r"<h3>(.*?)</h3>", page.source, re.S):
        rest = re.sub(r"<(data|bdi)\b.*?</\1>", "", m.group(1), flags=re.S)
        if re.search(r"\d", OWN_NUMBERS.sub("", html.unescape(rest))):
            bad.append(m.group(1))
    return bad
