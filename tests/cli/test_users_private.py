# SPDX-License-Identifier: Apache-2.0
"""Names that are not to stay: those that the discovery needs with --no-user-names, whatever happened on the way to its end."""

import glob
import json
import os
import shutil

from accounts import figures, read, wanted
from tap import BUILD, Hub, Run, crawl, differences, main, mpi, ok, same, scratch

POPULATION = ["--models", 150, "--datasets", 40, "--spaces", 40, "--users", 900, "--seed", 7]
ALL = ["--kinds", "models,datasets,spaces,users"]
LEFT = ("users.private", "users.ended")


def hub():
    return Hub(*POPULATION, "--quota", 0)


def truth(folder, name):
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *POPULATION])
    diff = list(differences(figures(read(folder)[0]), wanted(json.loads(r.out)["accounts"])))
    ok(not diff, f"{name}: the truth", *diff)


def begun(h, *args):
    """A census that was stopped among the accounts. Its names are there."""
    folder = f"{scratch()}/census"
    r = crawl(2, h.url, folder, *ALL, "--no-user-names", "--seal-rows", 60, "--max-requests", 120, *args)
    ok(r.code == 3 and len(glob.glob(f"{folder}/users.private/users-*.h5")) > 4, "stopped among the accounts, with names", r)
    return folder


def damage(path):
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        f.write(b"damage")


def gone(folder, name):
    return same([x for x in LEFT if os.path.lexists(f"{folder}/{x}")], [], f"{name}: no name is left")


def damaged():
    """A shard with names that is damaged on the way is set aside, and goes with the others."""
    with hub() as h:
        folder = begun(h)
        damage(sorted(glob.glob(f"{folder}/users.private/users-*.h5"))[0])
        r = crawl(2, h.url, folder)
        ok(r.code == 0 and "users.private/damaged/" in r.err, "set aside, and on to the end", r)
        gone(folder, "damaged")
        truth(folder, "damaged")
        r = crawl(1, h.url, folder)
        ok(r.code == 0 and "is complete" in r.out, "complete", r)


def killed():
    """What a kill leaves of the names at the end, and an older release for good, goes with the next start. What links in it lead to stays."""
    with hub() as h:
        folder, kept, other = begun(h), f"{scratch()}/kept", scratch()
        shutil.copytree(f"{folder}/users.private", kept)
        r = crawl(2, h.url, folder)
        ok(r.code == 0, "the end", r)
        gone(folder, "the end")
        with open(f"{other}/mine", "w", encoding="utf-8") as f:
            f.write("mine")
        os.mkdir(f"{kept}/damaged")
        shutil.copy(sorted(glob.glob(f"{kept}/users-*.h5"))[0], f"{kept}/damaged")
        os.symlink(other, f"{kept}/damaged/link")
        os.symlink(f"{other}/mine", f"{kept}/users-r00000-000000000099.h5")
        for left in (LEFT[:1], LEFT[1:], LEFT):
            for name in left:
                shutil.copytree(kept, f"{folder}/{name}", symlinks=True)
            before = len(h.requests())
            r = mpi(2, "hubcrawl", folder)
            ok(r.code == 0 and "is complete" in r.out and len(h.requests()) == before, f"{' and '.join(left)}: complete, nothing is asked", r)
            gone(folder, " and ".join(left))
        same(os.listdir(other), ["mine"], "what links led to is there")
        os.symlink(kept, f"{folder}/users.private")
        r = mpi(1, "hubcrawl", folder)
        ok(r.code == 4 and "users.private" in r.err and len(os.listdir(kept)) > 4, "a folder of names that lies elsewhere is not followed, and named", r)


def going_on():
    """A kill between the end by a limit and the removal: with a larger limit the names are used once more."""
    with hub() as h:
        folder = f"{scratch()}/census"
        r = crawl(2, h.url, folder, *ALL, "--no-user-names", "--seal-rows", 60, "--max-requests", 120)
        kept = f"{scratch()}/kept"
        shutil.copytree(f"{folder}/users.private", kept)
        spent = read(folder)[3]["requests"]
        r = crawl(1, h.url, folder, "--user-requests", spent)
        ok(r.code == 0 and "request limit" in r.out, "ended by its limit", r)
        gone(folder, "by a limit")
        shutil.copytree(kept, f"{folder}/users.private")
        r = crawl(3, h.url, folder)
        ok(r.code == 0 and "every list was asked" in r.out, "and on without one", r)
        gone(folder, "and on")
        truth(folder, "and on")


main(damaged, killed, going_on)
