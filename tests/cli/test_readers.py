# SPDX-License-Identifier: Apache-2.0
"""census.h5 as its readers see it: h5py, pandas, h5dump."""

import json
import re
import subprocess

import h5py
import pandas

from tap import UNTIL, Hub, Run, census, main, ok, same, scratch

FOLDER = scratch()
PATH = f"{FOLDER}/census.h5"
N = {"models": 3000, "datasets": 1000, "spaces": 800}


def take():
    with Hub(*[x for k, n in N.items() for x in (f"--{k}", n)], "--until", UNTIL, "--seed", 9) as hub:
        census(2, hub.url, FOLDER)


def every_column():
    with h5py.File(PATH) as f:
        for kind, n in N.items():
            frame = {}
            for name, x in f[kind].items():
                if not isinstance(x, h5py.Dataset):
                    continue
                same(x.shape, (n,), f"{kind}/{name}: one value a row")
                frame[name] = x.asstr()[:] if x.dtype.kind == "S" else x[:]
                if "labels" in x.attrs:
                    labels = f[x.attrs["labels"]].asstr()[:]
                    frame[name] = pandas.Categorical.from_codes(frame[name], labels)
            data = pandas.DataFrame(frame)
            ok(len(data) == n and data["_id"].is_unique and data["_id"].is_monotonic_increasing, f"{kind}: a data frame in _id order")
            ok((data["_id"].str.slice(0, 8).apply(int, base=16) == data["created_at"]).all(), f"{kind}: created_at is the time of the _id")
            ok((data["author"].astype(str) == data["id"].str.split("/").str[0]).all(), f"{kind}: author owns id")


def every_dataset_is_described():
    seen = 0
    with h5py.File(PATH) as f:

        def visit(name, x):
            nonlocal seen
            if isinstance(x, h5py.Dataset):
                seen += 1
                lacking = [a for a in ("description", "unit", "missing") if not str(x.attrs.get(a, ""))]
                if lacking:
                    ok(False, f"{name} lacks {lacking}")
                if x.external or x.is_virtual:
                    ok(False, f"{name} lies elsewhere")

        f.visititems(visit)
    ok(seen > 60, f"{seen} datasets, each with a description, a unit and a missing value")


def h5dump():
    head = Run(["h5dump", "-H", "-A", PATH])
    ok(head.code == 0, "h5dump -H reads it", head)
    blocks = re.split(r"\n *DATASET ", Run(["h5dump", "-A", PATH]).out)[1:]
    bad = [b[:60] for b in blocks if not all(f'ATTRIBUTE "{a}"' in b for a in ("description", "unit", "missing"))]
    same(bad, [], f"h5dump shows a description, a unit and a missing value on each of {len(blocks)} datasets")


def lists():
    with h5py.File(PATH) as f:
        for kind in N:
            offsets, codes = f[f"{kind}/tags/offsets"][:], f[f"{kind}/tags/codes"][:]
            labels = f[f[f"{kind}/tags/codes"].attrs["labels"]]
            ok(offsets[0] == 0 and offsets[-1] == len(codes) and (offsets[1:] >= offsets[:-1]).all(), f"{kind}: offsets of tags")
            ok(codes.min() >= 0 and codes.max() == len(labels) - 1, f"{kind}: codes of tags")


def figures():
    with open(f"{FOLDER}/census.json", encoding="utf-8") as file:
        text = file.read()
    got = json.loads(text)
    ok(text.endswith("}\n") and not text.endswith("\n\n"), "census.json ends with one newline")
    ok(text == json.dumps(got, sort_keys=True, ensure_ascii=False, indent=1) + "\n" or list(got) == sorted(got), "keys are sorted")
    with h5py.File(PATH) as f:
        for key, figure in got["figures"].items():
            group = f.get(f"figures/{key}")
            ok(group is not None and group.attrs["status"].decode() == figure["status"] and len(str(group.attrs["definition"])) > 20, f"/figures/{key}")
        same(f["figures/totals.models"]["value"][0] if "value" in f["figures/totals.models"] else None, N["models"], "the table holds the figure")
        orgs = f["orgs"]
        ok(any(b"Baidu" == p.rstrip(b"\0") for p in orgs["parent"][:]), "the table of organisations is there as used")


def run_json():
    with open(f"{FOLDER}/run.json", encoding="utf-8") as file:
        run = json.load(file)
    counters = json.dumps(run)
    ok('"requests"' in counters and '"replies_429"' in counters, "run.json tells requests and 429s")
    ok(subprocess.run(["grep", "-q", "wall", f"{FOLDER}/census.json"], check=False).returncode != 0, "census.json tells nothing of the run")


main(take, every_column, every_dataset_is_described, h5dump, lists, figures, run_json)
