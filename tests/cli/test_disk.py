# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, read-only, or under a quota, under the crawl and under the reduce: one line, exit 4, what was sealed is kept, and it goes on when there is
space. On small tmpfs that the test mounts; skipped where it may not.

test_disk.py [SIZES]: how many sizes of the disk are tried; 1, and 24 in `make soak`.
"""

import glob
import os
import subprocess
import sys

from disturb import lines_of, lost, tally, trouble, truth_of
from tap import BUILD, MPIRUN, UNTIL, Hub, Run, crawl, differing, digest, main, ok, reduce, same, scratch, skip, skip_all

SIZES = int(sys.argv[1]) if len(sys.argv) > 1 else 1
SIZE = ["--models", 16000, "--datasets", 4000, "--spaces", 4000, "--seed", 6, "--until", UNTIL, "--quota", 0]
ACCOUNTS = ["--models", 200, "--datasets", 60, "--spaces", 60, "--users", 1500, "--seed", 6, "--until", UNTIL, "--quota", 0]
count = {"tried": 0, "survived": 0, "lost": 0}
want = None


class Quota:
    """A folder under a quota that can be lifted: a qgroup of Btrfs, which holds for root, too."""

    def __init__(self, kilobytes):
        self.image, self.path = f"{scratch()}/image", scratch()
        with open(self.image, "wb") as f:
            f.truncate(200 << 20)
        self.call("mkfs.btrfs", "-q", self.image)
        self.call("mount", "-o", "loop", self.image, self.path)
        try:
            self.call("btrfs", "quota", "enable", self.path)
            self.limit(f"{kilobytes}k")
        except BaseException:
            self.__exit__()
            raise

    def call(self, *command):
        subprocess.run(command, check=True, capture_output=True)

    def limit(self, size):
        self.call("sync", "-f", self.path)
        self.call("btrfs", "qgroup", "limit", size, self.path)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.call("umount", "-l", self.path)
        os.unlink(self.image)


class Unreserved:
    """A file system that can reserve nothing, as NFS 3: ext2, in a file."""

    def __init__(self, megabytes):
        self.image, self.path = f"{scratch()}/image", scratch()
        with open(self.image, "wb") as f:
            f.truncate(megabytes << 20)
        for command in (("mkfs.ext2", "-q", "-m", "0", self.image), ("mount", "-o", "loop", self.image, self.path)):
            subprocess.run(command, check=True, capture_output=True)

    def leave(self, kilobytes):
        """No more than that: bit by bit, for what fills it takes blocks of its own to be found by."""
        self.clear()
        with open(f"{self.path}/filling", "wb", buffering=0) as f:
            while (more := self.free() - (kilobytes << 10)) > 0:
                f.write(bytes(min(more, 1 << 20)))

    def free(self):
        st = os.statvfs(self.path)
        return st.f_bavail * st.f_frsize

    def clear(self):
        if os.path.exists(f"{self.path}/filling"):
            os.unlink(f"{self.path}/filling")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        subprocess.run(["umount", "-l", self.path], check=True, capture_output=True)
        os.unlink(self.image)


class Disk:
    """A tmpfs of so many kilobytes."""

    def __init__(self, kilobytes, *options):
        self.path = scratch()
        self.mount(f"size={kilobytes}k", *options)

    def mount(self, *options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "none", self.path], check=True, capture_output=True)

    def remount(self, *options):
        subprocess.run(["mount", "-o", ",".join(("remount", *options)), self.path], check=True, capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        subprocess.run(["umount", "-l", self.path], check=True, capture_output=True)


def one_line(run, name, *says):
    """Exit 4, one line that names what failed and what to do."""
    lines = lines_of(run)
    count["tried"] += 1
    errors = [line for line in lines if ": error: " in line]
    good = run.code == 4 and len(errors) == 1 and lines[-1:] == errors and all(s in errors[0] for s in says)
    count["survived"] += good
    return ok(good, f"{name}: {lines[-1][:160] if lines else '(nothing)'}", run)


def ends_well(hub, folder, name, n=2):
    """With space it goes on, to the bytes of the census that was never disturbed."""
    c, r = crawl(n, hub.url, folder), reduce(n, folder)
    ok(c.code == 0 and r.code == 0, f"{name}: goes on", c, r)
    rows, differ = lost(folder, want)
    count["lost"] += rows
    same(differ, [], f"{name}: the same bytes")


def full_while_crawling(hub, n, kilobytes):
    with Disk(kilobytes) as disk:
        c = crawl(n, hub.url, disk.path, "--seal-rows", 2000)
        name = f"{kilobytes} kB, crawl on {n} ranks"
        one_line(c, name, disk.path, "free some space", "No space left")
        sealed = glob.glob(f"{disk.path}/shards/*.h5")
        same(trouble(disk.path), None, f"{name}: {len(sealed)} shards are kept, all whole")
        disk.remount("size=100m")
        ends_well(hub, disk.path, name, 2 if n != 2 else 3)
        return len(sealed)


def full_while_reducing(hub, n, kilobytes):
    with Disk(100000) as disk:
        ok(crawl(2, hub.url, disk.path).code == 0, "a census")
        used = sum(os.path.getsize(p) for p in glob.glob(f"{disk.path}/shards/*")) // 1024
        disk.remount(f"size={used + 100 + kilobytes}k")
        name = f"{kilobytes} kB, reduce on {n} ranks"
        one_line(reduce(n, disk.path), name, disk.path)
        ok(not os.path.exists(f"{disk.path}/census.h5") or not trouble(disk.path), f"{name}: no half census.h5", os.listdir(disk.path))
        same(trouble(disk.path), None, f"{name}: the shards are whole")
        disk.remount("size=100m")
        ends_well(hub, disk.path, name, 2 if n != 2 else 3)


def over_quota(hub, kilobytes, result):
    try:
        folder = Quota(kilobytes)
    except (OSError, subprocess.CalledProcessError) as why:
        skip("a quota", f"needs mkfs.btrfs, a loop device and Btrfs: {why}")
        return
    with folder:
        c = crawl(3, hub.url, folder.path, "--seal-rows", 2000)
        one_line(c, f"a quota of {kilobytes} kB, crawl", folder.path, "Disk quota exceeded", "free some space")
        sealed = glob.glob(f"{folder.path}/shards/*.h5")
        folder.limit("none")
        same(trouble(folder.path), None, f"a quota: {len(sealed)} shards are kept, all whole")
        ok(crawl(2, hub.url, folder.path).code == 0, "without the quota it goes on")
        used = sum(os.path.getsize(p) for p in glob.glob(f"{folder.path}/**", recursive=True)) // 1024
        folder.limit(f"{used + result // 2}k")
        one_line(reduce(2, folder.path), "a quota, reduce", folder.path, "Disk quota exceeded", "free some space")
        folder.limit("none")
        ends_well(hub, folder.path, "a quota")


def unreserved(models, ranks):
    """What nobody knows until the write. Of many rows each column is written by all ranks together, and one that fails leaves the others waiting within the
    library; of few rank 0 writes all, and HDF5 crashes on a file that it could not close."""
    with Hub("--models", models, "--datasets", 0, "--spaces", 0, "--seed", 6, "--until", UNTIL, "--quota", 0) as hub:
        try:
            disk = Unreserved(models // 1000 + 40)
        except (OSError, subprocess.CalledProcessError) as why:
            skip("a disk that reserves nothing", f"needs mkfs.ext2 and a loop device: {why}")
            return
        with disk:
            folder = f"{disk.path}/census"
            ok(crawl(2, hub.url, folder, "--kinds", "models").code == 0 and reduce(2, folder).code == 0, f"{models} models on a disk that reserves nothing")
            undisturbed, size = digest(folder), os.path.getsize(f"{folder}/census.h5") // 1024
            os.unlink(f"{folder}/census.h5")
            for i, n in enumerate(ranks):
                left = size * (i + 1) // (len(ranks) + 1)
                disk.leave(left)
                one_line(reduce(n, folder), f"{left} of {size} kB are left, reduce on {n} ranks", folder, "free some space")
                same([x for x in os.listdir(folder) if x.startswith("census.h5")], [], "no census.h5, and no half one")
                disk.clear()
            ok(reduce(2, folder).code == 0, "with space it goes on")
            same(differing(digest(folder), undisturbed), [], "to the same bytes")


def full_while_archiving(hub, kilobytes):
    with Disk(kilobytes) as disk:
        one_line(crawl(2, hub.url, disk.path, "--archive", "--seal-rows", 2000), f"{kilobytes} kB, crawl with --archive", disk.path, "free some space", "No space left")
        disk.remount("size=100m")
        ends_well(hub, disk.path, "with --archive", 3)


def accounts():
    """The lists of accounts find the disk full."""
    kinds = ["--kinds", "models,datasets,spaces,users"]
    with Hub(*ACCOUNTS) as hub, Disk(100000) as disk:
        undisturbed = scratch()
        ok(crawl(2, hub.url, undisturbed, *kinds).code == 0 and reduce(2, undisturbed).code == 0, "an undisturbed census with accounts")
        ok(crawl(2, hub.url, disk.path).code == 0, "a census without accounts")
        used = sum(os.path.getsize(p) for p in glob.glob(f"{disk.path}/**", recursive=True) if os.path.isfile(p)) // 1024
        disk.remount(f"size={used + 120}k")
        one_line(crawl(3, hub.url, disk.path, "--kinds", "users"), "120 kB, crawl of accounts", disk.path, "free some space", "No space left")
        same(trouble(disk.path), None, "accounts: the shards are whole")
        disk.remount("size=100m")
        c, r = crawl(2, hub.url, disk.path, *kinds), reduce(2, disk.path)
        ok(c.code == 0 and r.code == 0, "with space it goes on with accounts", c, r)
        same(differing(digest(disk.path), digest(undisturbed)), [], "accounts: the same bytes")


def full():
    global want
    with Hub(*SIZE) as hub:
        undisturbed = scratch()
        ok(crawl(2, hub.url, undisturbed).code == 0 and reduce(2, undisturbed).code == 0, "the undisturbed census")
        want = truth_of(undisturbed)
        total = sum(os.path.getsize(p) for p in glob.glob(f"{undisturbed}/shards/*")) // 1024
        result = os.path.getsize(f"{undisturbed}/census.h5") // 1024
        kept = 0
        for i in range(SIZES):
            kept += full_while_crawling(hub, (3, 1, 2)[i % 3], total * (2 * SIZES - 1 - i) // (2 * SIZES) - 100)
            full_while_reducing(hub, (2, 1, 3)[i % 3], result * (i + 1) // (SIZES + 1))
        ok(kept > 0, f"{kept} shards were sealed before their disk was full")
        read_only(hub)
        no_inodes(hub)
        file_size(hub)
        over_quota(hub, total // 2, result)
        full_while_archiving(hub, total // 2)
    accounts()
    unreserved(3000, (2,) * SIZES)
    unreserved(140000, (3, 2, 4, 1)[: max(2, SIZES)] * max(1, SIZES // 4))
    tally("disk full, read-only, quota", count["tried"], count["survived"], count["lost"])


def read_only(hub):
    with Disk(100000) as disk:
        ok(crawl(2, hub.url, disk.path, "--max-requests", 8).code == 3, "a part of a census")
        disk.remount("ro")
        one_line(crawl(2, hub.url, disk.path), "read-only, crawl", disk.path, "Read-only")
        one_line(reduce(2, disk.path), "read-only, reduce", disk.path, "Read-only")
        one_line(crawl(2, hub.url, f"{disk.path}/new"), "read-only, a new folder", f"{disk.path}/new", "Read-only")
        disk.remount("rw")
        ends_well(hub, disk.path, "read-only")


def no_inodes(hub):
    with Disk(100000, "nr_inodes=8") as disk:
        one_line(crawl(3, hub.url, disk.path, "--seal-rows", 1000), "no inodes, crawl", disk.path)
        same(trouble(disk.path), None, "no inodes: the shards are whole")
        disk.remount("nr_inodes=1000")
        ends_well(hub, disk.path, "no inodes")


def limited(program, *args):
    """Two ranks of which neither may write a file of more than 150 kB. Without shared memory, whose files are larger."""
    return Run([*MPIRUN, "--mca", "btl", "tcp,self", "-n", 2, "prlimit", "--fsize=150000", f"{BUILD}/{program}", *args])


def file_size(hub):
    """A limit on the size of a file: the kernel sends SIGXFSZ, and EFBIG to who ignores it."""
    folder = scratch()
    one_line(limited("hubcrawl", "--hub", hub.url, "--until", UNTIL, folder), "files of 150 kB at most, crawl", folder, "File too large")
    same(trouble(folder), None, "files of 150 kB: the shards are whole")
    ok(crawl(2, hub.url, folder).code == 0, "without the limit it goes on")
    one_line(limited("hubreduce", folder), "files of 150 kB at most, reduce", folder, "free some space")
    ends_well(hub, folder, "files of 150 kB")


try:
    with Disk(100):
        pass
except (OSError, subprocess.CalledProcessError):
    skip_all("no tmpfs can be mounted here")
main(full)
