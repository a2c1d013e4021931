# SPDX-License-Identifier: Apache-2.0
"""The README's recipes for R, Octave and h5dump, run as they stand there on a census, and their answers against h5py."""

import os
import re
import shutil
import sys

import h5py

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from tap import UNTIL, Hub, Run, census, main, ok, scratch, skip  # noqa: E402

PLACE = scratch()
README = open("README.md", encoding="utf-8").read()


def take():
    with Hub("--models", 3000, "--datasets", 500, "--spaces", 400, "--until", UNTIL, "--seed", 6) as hub:
        census(2, hub.url, f"{PLACE}/my-census")


def recipe(language):
    """The block of that language which opens a census."""
    found = [b for b in re.findall(rf"```{language}\n(.*?)```", README, re.S) if "my-census" in b]
    if not found:
        ok(False, f"the README has a recipe in {language}")
    return found


def answers():
    with h5py.File(f"{PLACE}/my-census/census.h5") as f:
        downloads = f["models/downloads"][:]
        return str(int(downloads[downloads >= 0].sum())), f["models/id"].asstr()[int(downloads.argmax())]


def told(language, command, suffix):
    if not shutil.which(command[0]):
        return skip(f"the recipe in {language}", f"{command[0]} is not installed")
    total, most = answers()
    for n, text in enumerate(recipe(language)):
        path = f"{PLACE}/recipe-{n}{suffix}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        r = Run([*command, path], cwd=PLACE, timeout=120)
        ok(r.code == 0 and total in r.out.replace(",", "") and (most in r.out or language == "octave"), f"{language}, recipe {n + 1}: {total} downloads, most of {most}", text, r)
    return None


def r():
    told("r", ["Rscript", "--vanilla"], ".R")


def octave():
    if not shutil.which("h5dump"):
        return skip("the recipe in octave", "h5dump is not installed")
    return told("octave", ["octave-cli", "--no-init-file", "--quiet"], ".m")


def julia():
    ok("HDF5.jl" in README and 'h5read("my-census/census.h5", "models/downloads")' in README, "Julia is in the README, as text: Debian 12 has none")


main(take, r, octave, julia)
