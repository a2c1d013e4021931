# SPDX-License-Identifier: Apache-2.0
"""The README's commands, run as they stand, in a copy of the checkout's programs and folders."""

import os
import re
import shutil

from tap import BUILD, ENV, UNTIL, Hub, Run, main, ok, scratch

README = open("README.md", encoding="utf-8").read()


def blocks():
    """The shell blocks: those that a reader pastes. A comment line `<!-- test: skip WHY -->` before one leaves it out."""
    for match in re.finditer(r"(<!-- test: skip (.*?) -->\n)?```sh\n(.*?)```", README, re.S):
        yield match.group(2), match.group(3)


def commands():
    place = scratch()
    for name in ("jobs", BUILD):
        os.symlink(os.path.abspath(name), f"{place}/{os.path.basename(name)}")
    ran = 0
    with Hub("--models", 3000, "--datasets", 800, "--spaces", 800, "--until", UNTIL, "--quota", "0") as hub:
        env = {**ENV, "HF_ENDPOINT": hub.url, "PATH": f"{os.path.abspath(BUILD)}:{os.environ['PATH']}"}
        for skipped, text in blocks():
            first = text.strip().splitlines()[0]
            if skipped:
                print(f"# not run ({skipped}): {first}")
                continue
            r = Run(["bash", "-e", "-c", text], env=env, cwd=place)
            ok(r.code == 0, f"README: {first[:70]}", r)
            ran += 1
    ok(ran >= 4, f"{ran} blocks of the README were run")


def options_are_documented():
    for program in ("hubcrawl", "hubreduce"):
        text = Run([f"{BUILD}/{program}", "--help"]).out
        options = sorted(set(re.findall(r"^  --([a-z-]+)", text, re.M)) - {"help", "version", "man"})
        missing = [o for o in options if f"`--{o}" not in README]
        ok(not missing, f"every option of {program} stands in the README", missing)


def layout():
    allowed = {"crawler", "reduce", "io", "jobs", "tests", "Makefile", "README.md", "LICENSE", "build"}
    extra = [n for n in os.listdir(".") if not n.startswith(".") and n not in allowed]
    ok(not extra, "the top level is as agreed", extra)


if not shutil.which("bash"):
    raise SystemExit("bash is not there")
main(commands, options_are_documented, layout)
