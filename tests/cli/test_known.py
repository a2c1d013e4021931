# SPDX-License-Identifier: Apache-2.0
"""--known with census files that are none, are damaged, or were made to hurt: one line before anything is asked, exit 4 (2 where a whole census has no names to give).

test_known.py [N]: how many mutated files; 12."""

import os
import random
import shutil
import sys

import h5py
import numpy as np

from disturb import lines_of
from forge import bomb, replace, stamp, swell
from nasty import RSS_MB, measured, rss
from tap import BUILD, UNTIL, Hub, Run, crawl, diag, main, ok, reduce, same, scratch

MUTATIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 12
SIZE = ["--models", 60, "--datasets", 20, "--spaces", 20, "--users", 200, "--seed", 3, "--until", UNTIL, "--quota", 0]
ALL = ["--kinds", "models,datasets,spaces,users"]
SCRATCH = scratch()
GOOD = f"{SCRATCH}/first/census.h5"
BAD = f"{SCRATCH}/bad.h5"


def alone(hub, folder, *args):
    """One rank without mpirun."""
    return Run([f"{BUILD}/hubcrawl", "--hub", hub.url, "--until", UNTIL, *ALL, *args, folder], timeout=60, env={"OMPI_MCA_btl": "self"})


def refused(hub, path, code, *words, name=None):
    before = len(hub.requests())
    r = alone(hub, f"{scratch()}/x", "--known", path)
    lines = lines_of(r)
    good = r.code == code and len(lines) == 1 and ": error: " in lines[0] and f"'{path}" in lines[0] and all(w in lines[0] for w in words)
    ok(good and len(hub.requests()) == before, f"{name or ' '.join(words)}: {lines[-1][:150] if lines else '(nothing)'}", r)


def changed(change):
    shutil.copy(GOOD, BAD)
    with h5py.File(BAD, "r+") as f:
        change(f)
    stamp(BAD)
    return BAD


def no_census(hub):
    refused(hub, "/nowhere", 4, "No such file", "make it with hubreduce")
    refused(hub, SCRATCH, 4, "census.h5", "No such file", "make it with hubreduce", name="a folder without one")
    refused(hub, f"{SCRATCH}/first/census.json", 4, "make it again", name="another file")
    for what, make in (("an empty file", lambda: open(BAD, "wb").close()), ("a pipe", lambda: os.mkfifo(BAD)), ("a link to itself", lambda: os.symlink(BAD, BAD))):
        if os.path.lexists(BAD):
            os.remove(BAD)
        make()
        refused(hub, BAD, 4, name=what)
    os.remove(BAD)


def damaged(hub):
    size = os.path.getsize(GOOD)
    for at in (0, 30, 300, 600, size // 2, size - 1):
        shutil.copy(GOOD, BAD)
        with open(BAD, "r+b") as f:
            f.seek(at)
            byte = f.read(1)
            f.seek(at)
            f.write(bytes([byte[0] ^ 0x41]))
        refused(hub, BAD, 4, "make it again", name=f"byte {at} is another")
    for n in (1, 511, 512, size // 2, size - 1):
        shutil.copy(GOOD, BAD)
        os.truncate(BAD, n)
        refused(hub, BAD, 4, "make it again", name=f"cut after {n} bytes")


def made_to_hurt(hub):
    names, n = f"{SCRATCH}/secret", len(h5py.File(GOOD, "r")["users/name"])
    with open(names, "wb") as f:
        f.write(b"root:x:0:0" * 20000)

    def external(f):
        del f["users/name"]
        f.create_dataset("users/name", shape=(n,), dtype="S10", external=[(names, 0, 10 * n)])

    def link(f):
        del f["users/name"]
        f["users/name"] = h5py.ExternalLink(GOOD, "/users/name")

    def soft(f):
        del f["users/name"]
        f["users/name"] = h5py.SoftLink("/users/_id")

    def virtual(f):
        del f["users/name"]
        layout = h5py.VirtualLayout(shape=(n,), dtype="S10")
        layout[:] = h5py.VirtualSource(GOOD, "users/name", shape=(n,))
        f.create_virtual_dataset("users/name", layout)

    def group(f):
        del f["users/name"]
        f.create_group("users/name")

    def wide(f):
        replace(f, "users/name", np.array([b"x" * 5000] * n))

    cases = {
        "external storage": external,
        "an external link": link,
        "a soft link": soft,
        "a virtual dataset": virtual,
        "a group for the names": group,
        "10^12 rows in no bytes": lambda f: bomb(f, "users", ("name",)),
        "numbers for names": lambda f: replace(f, "users/name", np.arange(n)),
        "names of any length": lambda f: replace(f, "users/name", np.array(["x"] * n, dtype=object), dtype=h5py.string_dtype()),
        "names of 5,000 bytes": wide,
        "a table of names": lambda f: replace(f, "users/name", np.array([[b"x"] * 2] * n)),
        "one name alone": lambda f: replace(f, "users/name", np.bytes_(b"x")),
        "fewer _id than names": lambda f: replace(f, "users/_id", f["users/_id"][1:]),
        "fractions for types": lambda f: replace(f, "users/type", np.full(n, 0.5)),
        "types of any length": lambda f: replace(f, "users/type", np.array(["x"] * n, dtype=object), dtype=h5py.string_dtype()),
        "a filter of its own": lambda f: replace(f, "users/_id", f["users/_id"][:], chunks=(16,), scaleoffset=None, compression="lzf"),
        "a chunk of 3 GB": lambda f: replace(f, "users/name", np.array([b"x" * 3000] * n), maxshape=(None,), chunks=(10**6,), compression=1),
    }
    for name, change in cases.items():
        refused(hub, changed(change), 4, "make it again", name=name)
    swollen = measured("--hub", hub.url, "--until", UNTIL, *ALL, "--known", changed(lambda f: swell(f, "users/name")), f"{scratch()}/x")
    ok(swollen.code == 4 and "make it again" in swollen.err and rss(swollen) < RSS_MB, f"a chunk that inflates to 1 GB is not: {rss(swollen)} MB", swollen)
    refused(hub, changed(lambda f: f.__delitem__("users")), 2, "holds no accounts")
    refused(hub, changed(lambda f: f["users/name"].attrs.update(key_id="0")), 2, "hashes instead of names")


def strange_names(hub):
    """Names that no account has are left out, whatever they would do elsewhere."""
    n = len(h5py.File(GOOD, "r")["users/name"])
    strange = [b"../../etc/passwd", b"a/b", b"a b", b"\x1b[2J", b"\xff\xfe", b"x\x00y", b"", b"?a=b", b"-", b"%2e%2e", b"x" * 300, b"fine-one"]

    def change(f):
        replace(f, "users/name", np.array(strange + [b"a"] * (n - len(strange))))
        replace(f, "users/type", np.array([2**31 - 1, -(2**31), -5, 99] + [1] * (n - 4), dtype="i4"))
        replace(f, "users/_id", np.array([b"z" * 24, b"f" * 24] + [b"0" * 24] * (n - 2)))

    r = alone(hub, f"{SCRATCH}/strange", "--known", changed(change))
    ok(r.code == 0 and "accounts known" in r.out, "names that none has: the census goes on", r)
    asked = [q[3] for q in hub.requests()]
    ok(any("/fine-one/" in q for q in asked), "who could be one is asked for")
    same([q for q in asked if any(w in q for w in ("passwd", "..", "%", " ", "xxxx", "a/b")) and "/api/users/" in q], [], "nobody else is")


def mutated(hub):
    """Any bytes anywhere under a good stamp: read, or refused in one line."""
    seed = int(os.environ.get("SEED", "2022"))
    rng = random.Random(seed)
    data = open(GOOD, "rb").read()
    meaning = [i for i in range(512, len(data)) if data[i]]
    read = wrong = 0
    for i in range(MUTATIONS):
        x = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            x[rng.choice(meaning)] = rng.choice((0, 255, rng.randrange(256), rng.randrange(256)))
        with open(BAD, "wb") as f:
            f.write(x)
        stamp(BAD)
        folder = f"{scratch()}/x"
        r = alone(hub, folder, "--user-requests", 1, "--known", BAD)
        lines = [line for line in lines_of(r) if ": error: " in line]
        if not (r.code in (0, 5) and not lines or r.code == 4 and len(lines) == 1 and BAD in lines[0] and "Traceback" not in r.err):
            wrong += 1
            diag(f"mutation {i} of seed {seed}: {r}")
        read += r.code != 4
    ok(not wrong, f"seed {seed}: of {MUTATIONS} mutated files {read} are read, {MUTATIONS - read} refused in one line")


def several_ranks(hub):
    path = changed(lambda f: replace(f, "users/_id", f["users/_id"][1:]))
    r = crawl(3, hub.url, f"{SCRATCH}/three", *ALL, "--known", path)
    ok(r.code == 4 and len(lines_of(r)) == 1 and path in r.err, "on three ranks one line, too", r)
    r = crawl(3, hub.url, f"{SCRATCH}/three", *ALL, "--known", f"{SCRATCH}/first")
    ok(r.code == 0, "the same folder goes on with a good one", r)


def all_of_it():
    with Hub(*SIZE) as hub:
        r = alone(hub, f"{SCRATCH}/first")
        ok(r.code == 0 and reduce(1, f"{SCRATCH}/first").code == 0, "an earlier census", r)
        for test in (no_census, damaged, made_to_hurt, strange_names, mutated, several_ranks):
            test(hub)


main(all_of_it)
