# SPDX-License-Identifier: Apache-2.0
"""A population whose every name, tag and label is an attack on who shows it."""

import json

WORDS = [
    "<script>window.ran=1;document.title='ran'</script>",
    "<img src=x onerror=window.ran=1>",
    "\"><svg onload=window.ran=1>",
    "</text></svg></figure></style><h1>BIG</h1>",
    "'onmouseover='window.ran=1",
    "javascript:window.ran=1",
    "[click](javascript:window.ran=1)",
    "![x](http://127.0.0.1:9/x.png)",
    "| a | b |",
    "``` # heading *bold* __x__ ~~y~~ <!--",
    "{{ 7*7 }}{% raise %}",
    "$\\frac{1}{0}$ \\href{javascript:window.ran=1}{x} $$",
    "url(#x) id=\"figure_1\" xlink:href=\"#x\"",
    "&lt;b&gt;&amp;&#60;",
    "W" * 150,
    "שלום-עולם-\u202eevil\u202c",
    "مرحبا" * 8,
    "👩‍👩‍👧‍👦🤗🏴‍☠️" * 6,
    "Z" + "\u0301\u0302\u0303\u0304\u0305" * 12 + "algo",
    "模型" * 40,
    "=1+1",
    "data:/figures/totals.models/value",
]


def oid(seconds, n):
    return f"{seconds:08x}{n:016x}"


def write(folder):
    """models.jsonl and datasets.jsonl for `hubsim --replay`: every word as owner, name, task, library, licence, base and category."""
    n, rows = 0, {"models": [], "datasets": []}
    for year in (2023, 2024, 2025, 2026):
        start = {2023: 1672600000, 2024: 1704200000, 2025: 1735800000, 2026: 1767300000}[year]
        for i, word in enumerate(WORDS):
            plain = word.replace("/", "∕")[:60]
            for k in range(1 + (year - 2022) * 2 + i % 3):
                n += 1
                at = start + n * 3600
                made = __import__("datetime").datetime.utcfromtimestamp(at).strftime("%Y-%m-%dT%H:%M:%S.000Z")
                base = f"{WORDS[(i + 1) % len(WORDS)].replace('/', '∕')[:60]}/{plain[:20]}-base"
                row = {"_id": oid(at, n), "id": f"{plain}/{plain[:20]}-{n}-7b", "author": plain, "gated": False, "lastModified": made, "likes": n, "private": False,
                       "downloads": n * n, "downloadsAllTime": 7 * n * n, "createdAt": made}
                rows["models"].append({**row, "pipeline_tag": word, "library_name": word, "safetensors": {"parameters": {}, "total": 10 ** (6 + n % 6) * 3},
                                       "tags": [word, f"license:{word}", f"base_model:{base}", f"base_model:finetune:{base}", "gguf", "4-bit", "chemistry"]})
                rows["datasets"].append({**row, "id": f"{plain}/{plain[:20]}-{n}", "tags": [f"task_categories:{word}", f"modality:{word}", "task_categories:robotics"]})
    for kind, list_of in rows.items():
        with open(f"{folder}/{kind}.jsonl", "w", encoding="utf-8") as f:
            for row in sorted(list_of, key=lambda r: r["_id"]):
                f.write(json.dumps(row, ensure_ascii=False) + "\n")
