# SPDX-License-Identifier: Apache-2.0
"""What mends a census fails in the middle, call by call (tests/torture): the next run finds what is missing, and the census is the undisturbed one."""

import glob
import os
import shutil

from tap import BUILD, UNTIL, Hub, Run, crawl, differing, digest, load, main, ok, same, scratch, value

SIZE = ["--models", 60, "--datasets", 20, "--spaces", 20, "--users", 300, "--seed", 3, "--list-page", 3, "--until", UNTIL, "--quota", 0]
USERS = ["--kinds", "models,datasets,spaces,users", "--seal-rows", 60]


def alone(program, *args, fails=None):
    """On one rank. fails: the call that does, as tests/torture/torture.h has it."""
    part, env = ("torture/", {"HUBCENSUS_TORTURE": f"0:{fails}"}) if fails else ("", {})
    return Run([f"{BUILD}/{part}{program}", *args], env=env)


def figures(folder, code=0):
    r = alone("hubreduce", "--quiet", folder)
    ok(r.code == code, "reduced", r)
    return digest(folder)


def flip(path):
    with open(path, "r+b") as f:
        f.seek(3000)
        byte = f.read(1)
        f.seek(3000)
        f.write(bytes([byte[0] ^ 255]))


def failing(calls, run, last):
    """run(call) for each of the calls, then last() on what it left; how many of them failed."""
    n = 0
    for call in calls:
        r = run(call)
        ok(r.code in (0, 4) and "Traceback" not in r.err, f"{call} fails: exit {r.code}", r)
        n += r.code == 4
        last(call)
    return n


def accounts():
    """users.json says that every list was asked: it does so no more before the first shard is set aside."""
    whole, folder = f"{scratch()}/whole", f"{scratch()}/folder"
    with Hub(*SIZE) as hub:
        ok(crawl(1, hub.url, whole, *USERS).code == 0, "a census with accounts")
        want, n = figures(whole), len(glob.glob(f"{whole}/shards/users-*.h5"))

        def run(call):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(whole, folder)
            flip(f"{folder}/shards/users-r0000-{n - 2:06d}.h5")
            return alone("hubcrawl", "--quiet", folder, fails=call)

        def last(call):
            r = alone("hubcrawl", "--quiet", folder)
            same((r.code, differing(figures(folder), want)), (0, []), "  the next run asks again: the same bytes")

        # Of two shards in the wrong: each is renamed, and two folders are synced.
        n = failing([f"{k}:{name}" for name in ("fsync", "rename", "mkdir") for k in (1, 2, 3, 4, 5)], run, last)
        ok(n > 6, f"{n} of them are errors")


def second_pass():
    """Which places a damaged sample had is not known: all of the kind go, the damaged one last."""
    whole, folder = f"{scratch()}/whole", f"{scratch()}/folder"
    with Hub("--models", 3000, "--datasets", 0, "--spaces", 0, "--seed", 3, "--until", UNTIL, "--quota", 0) as hub:
        c = crawl(1, hub.url, whole, "--kinds", "models", "--audit", 6, "--seal-rows", 1000)
        ok(c.code == 0 and len(glob.glob(f"{whole}/audit/*.h5")) > 2, "a census with a second pass", c)
        figures(whole)
        want = value(load(whole), "completeness.audit")

        def run(call):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(whole, folder)
            flip(f"{folder}/audit/models-r0000-000000.h5")
            return alone("hubcrawl", "--quiet", folder, fails=call)

        def last(call):
            r = alone("hubcrawl", "--quiet", "--audit", 6, folder)
            figures(folder)
            same((r.code, value(load(folder), "completeness.audit")), (0, want), "  the next run asks for all places: the same sample")

        n = failing([f"{k}:rename" for k in (1, 2, 3)], run, last)
        same(n, 3, "all are errors")


def archive():
    """A replay that fails while it seals is begun again, and takes nothing twice: neither rows nor the sample of the second pass."""
    whole, folder = f"{scratch()}/whole", f"{scratch()}/folder"
    with Hub(*SIZE) as hub:
        ok(crawl(1, hub.url, whole, "--kinds", "models,datasets,spaces,users", "--archive", "--audit", 2).code == 0, "a census with an archive")
    want = figures(whole)

    def run(call):
        shutil.rmtree(folder, ignore_errors=True)
        return alone("hubcrawl", "--quiet", "--from-archive", whole, folder, fails=call)

    def last(call):
        r = alone("hubcrawl", "--quiet", "--from-archive", whole, folder)
        same((r.code, differing(figures(folder), want)), (0, []), "  the next run takes it: the same bytes")
        same([name for name in os.listdir(folder) if "." in name and not name.startswith(".") and os.path.isdir(f"{folder}/{name}")], [], "  nothing is left over")

    n = failing([f"{k}:renameat2" for k in (1, 2, 3, 4, 5, 6)], run, last)
    ok(n > 4, f"{n} of them are errors")


def cut_archive():
    """What an archive lacks it lacks again: the sample is not taken once more, and the Hub is asked for the rest."""
    whole, folder = f"{scratch()}/whole", f"{scratch()}/folder"
    with Hub("--models", 3000, "--datasets", 3000, "--spaces", 0, "--seed", 3, "--until", UNTIL, "--quota", 0) as hub:
        ok(crawl(1, hub.url, whole, "--kinds", "models,datasets", "--archive").code == 0 and alone("hubcrawl", "--quiet", "--audit", 6, whole).code == 0, "a census and its second pass")
        first, *_, last = sorted(glob.glob(f"{whole}/archive/*.warc.gz"))
        for path, part in ((first, 0.5), (last, 0.7)):
            os.truncate(path, int(os.path.getsize(path) * part))
        once = None
        for i in range(2):
            r = alone("hubcrawl", "--quiet", "--from-archive", whole, folder)
            ok(r.code == 5, f"from what is left of its archive, {('once', 'again')[i]}", r)
            sealed = sorted(os.listdir(f"{folder}/audit"))
            ok(i == 0 or sealed == once, "its sample is there once", sealed)
            once = sealed
        ok(alone("hubcrawl", "--quiet", "--audit", 6, folder).code == 0, "the Hub is asked for the rest")
    figures(folder)
    same(load(folder)["figures"]["completeness.audit"]["status"], "ok", "and the second pass is whole")


def numbers():
    """A number of a shard that was set aside is not given again when the folder is mended from its own archive."""
    folder = f"{scratch()}/folder"
    with Hub(*SIZE) as hub:
        ok(crawl(1, hub.url, folder, *USERS, "--archive").code == 0, "a census with an archive")
    want = figures(folder)
    flip(f"{folder}/shards/users-r0000-000000.h5")
    r = alone("hubcrawl", "--quiet", "--from-archive", folder, folder)
    same((r.code, differing(figures(folder), want)), (0, []), "mended from its own archive: the same bytes")
    names = [os.path.basename(p) for p in glob.glob(f"{folder}/shards/**/users-*.h5", recursive=True)]
    same(len(names), len(set(names)), f"{len(names)} shards of accounts, each with a number of its own")


def own_archive():
    """A census that took its accounts from its own archive after damage, and asked for more, is in that archive as a whole: also after the next damage."""
    folder, first = f"{scratch()}/folder", "shards/users-r0000-000000.h5"
    want = None

    def is_archived(why):
        other = f"{scratch()}/other"
        r = alone("hubcrawl", "--quiet", "--from-archive", folder, other)
        same((r.code, differing(figures(other), want)), (0, []), f"from its archive the same bytes: {why}")

    def mend(why):
        flip(sorted(glob.glob(f"{folder}/shards/users-*.h5"))[0])
        r = alone("hubcrawl", "--quiet", "--from-archive", folder, folder)
        same((r.code, differing(figures(folder), want)), (0, []), f"mended from its own archive: {why}")

    with Hub(*SIZE) as hub:
        ok(crawl(1, hub.url, folder, *USERS, "--archive", "--user-requests", 40).code == 0 and os.path.exists(f"{folder}/{first}"), "a census of some of the accounts, with an archive")
        want = figures(folder)
        mend("once")
        ok(crawl(2, hub.url, folder, "--archive", "--user-requests", 80).code == 0, "and more of them")
        want = figures(folder)
        is_archived("80 requests")
        mend("twice")
        is_archived("mended")
        for which, limit in ((0, 120), (-1, "1G")):
            flip(sorted(glob.glob(f"{folder}/shards/users-*.h5"))[which])
            ok(crawl(2, hub.url, folder, "--archive", "--user-requests", limit).code == 0, "the next damage is mended by the Hub")
            want = figures(folder)
            is_archived(f"{limit} requests")
    names = [os.path.basename(p) for p in glob.glob(f"{folder}/shards/**/users-*.h5", recursive=True)]
    same(len(names), len(set(names)), f"{len(names)} shards of accounts, each with a number of its own")


def own_archive_fails():
    """The same where the mending ends in the middle: begun again from the archive, or by the Hub."""
    whole, folder, other = (f"{scratch()}/{name}" for name in ("whole", "folder", "other"))
    with Hub(*SIZE) as hub:
        ok(crawl(1, hub.url, whole, *USERS, "--archive", "--user-requests", 40).code == 0, "a census of some of the accounts, with an archive")
        want = figures(whole)
        flip(f"{whole}/shards/users-r0000-000000.h5")
        again = ["--from-archive", folder, folder]

        def run(call):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(whole, folder)
            return alone("hubcrawl", "--quiet", *again, fails=call)

        def last(call):
            by_hub = int(call[0]) % 2 > 0  # of some of the accounts it does not give the same ones twice
            r = alone("hubcrawl", "--quiet", *(["--archive", folder] if by_hub else again))
            ok(r.code == 0 and (by_hub or not differing(figures(folder), want)), f"  the next run mends it, {('from the archive', 'by the Hub')[by_hub]}", r)
            ok(alone("hubcrawl", "--quiet", "--archive", "--user-requests", 80, folder).code == 0, "  and more of them")
            shutil.rmtree(other, ignore_errors=True)
            r = alone("hubcrawl", "--quiet", "--from-archive", folder, other)
            same((r.code, differing(figures(other), figures(folder))), (0, []), "  all of them from its archive")

        n = failing(["2:rename", "3:rename", "4:rename", "5:rename", "5:fsync", "7:fsync", "8:fsync"], run, last)
        same(n, 7, "all are errors")


main(accounts, second_pass, archive, cut_archive, numbers, own_archive, own_archive_fails)
