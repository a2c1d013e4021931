# SPDX-License-Identifier: Apache-2.0
"""Names that are not to stay: those that the discovery needs with --no-user-names, whatever happened on the way to its end; and those that --forget is given, wherever in the folder they are."""

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
        r = crawl(3, h.url, folder, "--user-requests", "1G")
        ok(r.code == 0 and "every list was asked" in r.out, "and on to the end", r)
        gone(folder, "and on")
        truth(folder, "and on")


def some(folder, pattern):
    """Names in these shards of accounts that are part of no other name."""
    names = sorted(n for n in read(folder, pattern)[0] if len(n) > 8)
    others = "\n".join(read(folder)[0] | read(folder, pattern)[0])
    return [n for n in names if others.count(n) == 1][::9]


def holds(folder, names):
    """The files of accounts that hold one of the names."""
    paths = [p for p in glob.glob(f"{folder}/**/users-*", recursive=True) if os.path.isfile(p)]
    return sorted({os.path.relpath(p, folder) for p in paths for data in [open(p, "rb").read().lower()] for n in names if n.encode() in data})


def forget(folder, names):
    path = f"{scratch()}/names"
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(f"{n}\n" for n in names))
    return mpi(1, "hubcrawl", "--forget", path, folder)


def forgotten_aside():
    """--forget reaches the shards that were set aside, and what a kill left; what cannot be written anew is named."""
    with hub() as h:
        folder = f"{scratch()}/census"
        crawl(1, h.url, folder, *ALL, "--seal-rows", 100, "--user-requests", 200)
        damage(sorted(glob.glob(f"{folder}/shards/users-*.h5"))[2])
        r = crawl(1, h.url, folder, "--user-requests", 300)
        aside = sorted(glob.glob(f"{folder}/shards/damaged/users-*.h5"))
        ok(r.code == 0 and len(aside) > 3, f"{len(aside)} shards are set aside", r)
        bad, *good = aside
        names = some(folder, f"shards/damaged/{os.path.basename(good[0])}")
        ok(len(names) > 3, f"{len(names)} names to forget", names)
        for left in ("users.taken", "users.replay"):
            os.mkdir(f"{folder}/{left}")
            shutil.copy(good[0], f"{folder}/{left}")
        shutil.copy(good[0], f"{folder}/shards/users-r0007-000000.h5.tmp")
        shutil.copy(good[0], f"{good[0]}.1")
        ok(len(holds(folder, names)) > 5, "they are in many places", holds(folder, names))
        r = forget(folder, names)
        ok(r.code == 0 and f"{len(names)} of {len(names)} accounts" in r.out, "forgotten", r)
        told = [p for p in (bad, f"{good[0]}.1") if f"'{p}'" in r.err]
        ok(len(told) == 2 and r.err.count("remove it") == 2, "what cannot be written anew is named, nothing else", r)
        for path in told:
            os.remove(path)
        same(holds(folder, names), [], "no other file has one of them")
        ok(not os.path.exists(f"{folder}/users.taken") and len(read(folder, f"shards/{os.path.basename(good[0])}")[0]) > 5, "shards that a kill left on their way are where they belong")
        r = crawl(1, h.url, folder, "--user-requests", 300)
        ok(r.code == 0 and not holds(folder, names), "nor after the next start", r)


def forgotten_private():
    """With hashes: the names that the discovery still needs, those set aside and those of an end that was not reached, too."""
    with hub() as h:
        folder = begun(h)
        damage(sorted(glob.glob(f"{folder}/users.private/users-*.h5"))[0])
        shutil.copytree(f"{folder}/users.private", f"{folder}/kept")
        r = crawl(2, h.url, folder, "--max-requests", 30)
        os.rename(f"{folder}/kept", f"{folder}/users.ended")
        bad, *good = sorted(glob.glob(f"{folder}/users.private/damaged/users-*.h5"))
        ok(r.code == 3 and good, f"{len(good)} shards with names are set aside for another", r)
        names = some(folder, f"users.private/damaged/{os.path.basename(good[0])}")
        r = forget(folder, names)
        ok(r.code == 0 and names and f"{len(names)} of {len(names)} accounts" in r.out and f"'{bad}'" in r.err, f"{len(names)} forgotten", r)
        left = {bad, f"{folder}/users.ended/{os.path.basename(bad)}"}
        ok({f"{folder}/{p}" for p in holds(folder, names)} <= left and all(f"'{p}'" in r.err for p in left), "but for what is named", holds(folder, names), r.err)
        r = crawl(2, h.url, folder)
        ok(r.code == 0, "the discovery goes on", r)
        gone(folder, "forgotten")


def forgotten_but_one():
    """A shard that is damaged where it counts: an error that names it, and the others are without the names."""
    with hub() as h:
        folder = f"{scratch()}/census"
        crawl(1, h.url, folder, *ALL, "--seal-rows", 100, "--user-requests", 200)
        paths = sorted(glob.glob(f"{folder}/shards/users-*.h5"))
        names = some(folder, f"shards/{os.path.basename(paths[3])}")
        damage(paths[1])
        r = forget(folder, names)
        ok(r.code == 4 and f"'{paths[1]}'" in r.err and names, "one is damaged", r)
        ok({f"{folder}/{p}" for p in holds(folder, names)} <= {paths[1]}, "all others are written anew", holds(folder, names))


main(damaged, killed, going_on, forgotten_aside, forgotten_private, forgotten_but_one)
