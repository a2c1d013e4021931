# SPDX-License-Identifier: Apache-2.0
"""Bad input: one line for people, the documented exit code, nothing lost."""

import contextlib
import glob
import http.server
import os
import re
import shlex
import shutil
import threading

import h5py

from forge import crash
from tap import BUILD, ENV, UNTIL, Hub, Run, crawl, main, mpi, ok, reduce, same, scratch, skip, wrapped

SMALL = ["--models", 3000, "--datasets", 500, "--spaces", 500, "--until", UNTIL, "--quota", "0"]


def refused(run, code, *says):
    """Exactly one line on stderr that begins with the program and says what."""
    # hwloc and libevent, below Open MPI, sometimes add lines of their own in brackets.
    lines = [line for line in run.err.splitlines() if line.strip() and not line.startswith("[")]
    name = lines[-1][:150] if lines else "(nothing)"
    return ok(run.code == code and len(lines) == 1 and "error: " in lines[0] and all(s in lines[0] for s in says), f"exit {code}: {name}", run)


def options():
    folder = scratch()
    for program in ("hubcrawl", "hubreduce"):
        refused(mpi(2, program, "--xyzzy", folder), 2, "unknown option '--xyzzy'", "--help")
        refused(mpi(2, program), 2, "an argument is missing")
        refused(mpi(2, program, folder, "another"), 2, "'another' is one argument too many")
    refused(crawl(2, "http://127.0.0.1:9", folder, "--kinds", "models,boxes"), 2, "--kinds", "boxes")
    refused(crawl(2, "http://127.0.0.1:9", folder, "--seal-rows", "0"), 2, "--seal-rows '0'")
    refused(crawl(2, "http://127.0.0.1:9", folder, "--until", "tomorrow"), 2, "--until")
    refused(crawl(2, "http://127.0.0.1:9", folder, "--filter", "colour=red"), 2, "--filter")
    refused(crawl(2, "ftp://127.0.0.1:9", folder), 2, "ftp://127.0.0.1:9")
    refused(crawl(2, "not a url", folder), 2, "not a url")
    refused(Run([f"{BUILD}/hubcrawl", "--hub=http://127.0.0.1:9", f"--ca-file={folder}", scratch()]), 2, "--ca-file", "Is a directory")
    for option, *says in (("--filter=author=a\udcff", "UTF-8"), ("--known=/nowhere", "--known", "users"), ("--user-requests=9", "--user-requests", "users"), ("--no-user-names", "--no-user-names", "users")):
        refused(Run([f"{BUILD}/hubcrawl", "--hub=http://127.0.0.1:9", option, folder]), 2, *says)
    for args in (["--every=7d", folder], ["--verify", "--unclassified=3", folder], ["--previous=/nowhere", "--verify", folder], ["--figures=totals", f"--series={folder}"]):
        refused(Run([f"{BUILD}/hubreduce", *args]), 2, args[0].split("=")[0], "--")
    ok(not os.path.exists(f"{folder}/snapshot.json") and not os.path.exists(f"{folder}/shards"), "nothing was begun")


def general_options():
    for program in ("hubcrawl", "hubreduce"):
        r = Run([f"{BUILD}/{program}", "--version"])
        ok(r.code == 0 and r.out.startswith(f"{program} (hubcensus) ") and r.err == "", f"{program} --version", r)
        r = Run([f"{BUILD}/{program}", "--help"])
        ok(r.code == 0 and r.out.startswith("Usage: ") and "Exit status" in r.out and r.err == "", f"{program} --help", r)
        ok(max(len(line) for line in r.out.splitlines()) <= 110, f"{program} --help fits a terminal")
        r = Run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", f"{BUILD}/{program}.1"]) if shutil.which("man") else None
        if r:
            ok(r.code == 0 and r.err == "", f"{program}.1 is a manual page", r)
        ok(os.path.getsize(f"{BUILD}/{program}.1") > 1500, f"{program}.1 is there")
        with open(f"{BUILD}/{program}.1", encoding="utf-8") as f:
            ok(re.search(r"^\.SH NOTES\nRun under mpirun", f.read(), re.M), f"{program}.1: what comes behind the options is a section of its own")


def folders():
    unwritable = "/proc/hubcensus"
    refused(crawl(2, "http://127.0.0.1:9", unwritable), 4, unwritable)
    empty = scratch()
    refused(reduce(2, empty), 2, empty, "hubcrawl")
    refused(reduce(2, f"{empty}/nowhere"), 2, "nowhere")
    file = f"{scratch()}/file"
    with open(file, "w", encoding="utf-8"):
        pass
    for args in (["hubreduce"], ["hubreduce", "--verify"], ["hubcrawl", "--hub=http://127.0.0.1:9"], ["hubcrawl", "--hub=http://127.0.0.1:9", "--dry-run"], ["hubcrawl", f"--forget={file}"]):
        refused(Run([f"{BUILD}/{args[0]}", *args[1:], file]), 2, file, "no folder")
    refused(Run([f"{BUILD}/hubcrawl", f"--forget={file}", f"{empty}/nowhere"]), 2, "nowhere", "No such file")
    refused(Run([f"{BUILD}/hubreduce", f"--series={file}"]), 2, file, "no folder")
    foreign = scratch()
    with open(f"{foreign}/snapshot.json", "w", encoding="utf-8") as f:
        f.write("{}")
    refused(reduce(2, foreign), 4, "snapshot.json")
    refused(crawl(2, "http://127.0.0.1:9", foreign), 4, "snapshot.json")
    with open(f"{foreign}/snapshot.json", "w", encoding="utf-8") as f:
        f.write('{\n "schema": ')
    refused(reduce(2, foreign), 4, "snapshot.json' is damaged (line ", "; put it back")


def names():
    """A folder's name is printed for a shell, and without control characters."""
    with Hub("--models", 300, "--quota", "0") as hub:
        for name, shown in (("plain", "plain"), ("a b's", "a b's"), ("ctl\x1b[31mx\n", "ctl?[31mx?")):
            folder = f"{scratch()}/{name}"
            args = [f"{BUILD}/hubcrawl", f"--hub={hub.url}", "--kinds=models", folder]
            for run, code, words in ((Run([args[0], "--max-requests=1", *args[1:]]), 3, ["hubcrawl", "goes", "on"]), (Run(args), 0, ["hubreduce"]), (Run(args), 0, ["hubreduce"])):
                last = run.out.splitlines()[-1]
                want = ["next", words[0], os.path.dirname(folder) + "/" + shown, *words[1:]]
                ok(run.code == code and shlex.split(last) == want and run.out.replace("\n", "").isprintable(), f"exit {code}: {last}", run)
            folder = f"{scratch()}/{name}"
            run = Run([f"{BUILD}/hubcrawl", f"--hub={hub.url}", "--kinds=models,users", "--no-user-names", "--user-requests=1", folder])
            words = [shlex.split(line)[:3] for line in run.out.splitlines()[-2:]]
            want = [["key", os.path.dirname(folder) + "/" + shown + "/users.key", "tells"], ["next", "hubreduce", os.path.dirname(folder) + "/" + shown]]
            ok(run.code == 0 and words == want and run.out.replace("\n", "").isprintable(), f"of accounts: {words[0][1]}", run)


def other_census():
    folder = scratch()
    with Hub(*SMALL) as hub:
        ok(crawl(2, hub.url, folder, "--max-requests", 4).code == 3, "a census is begun")
        refused(crawl(2, hub.url, folder, "--kinds", "models"), 2, "--kinds", folder)
        refused(mpi(2, "hubcrawl", "--hub", hub.url, "--until", "2025-01-01", folder), 2, "--until", folder)
        refused(crawl(2, hub.url, folder, "--filter", "author=Qwen"), 2, "--filter")
        refused(crawl(2, "http://127.0.0.1:9", folder), 2, "--hub", hub.url)
        ok(mpi(2, "hubcrawl", "--hub", hub.url, folder).code == 0, "without --until it goes on with the folder's own")


class Html(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><title>Welcome</title><p>This is a captive portal."
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        with contextlib.suppress(OSError):  # the crawl has had enough
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass


def hubs():
    refused(crawl(2, "http://127.0.0.1:9", scratch(), "--retries", 1), 4, "http://127.0.0.1:9", "; see to the network")
    refused(crawl(2, "http://hub.invalid", scratch(), "--retries", 1), 4, "hub.invalid")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Html)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        refused(crawl(2, f"http://127.0.0.1:{server.server_port}", scratch(), "--retries", 1), 4, "127.0.0.1")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tokens():
    folder = scratch()
    token = f"{folder}/token"
    with open(token, "w", encoding="utf-8") as f:
        f.write("hf_wrongwrongwrong\r\n")
    os.chmod(token, 0o600)
    with Hub(*SMALL, "--token", "hf_right") as hub:
        r = crawl(2, hub.url, f"{folder}/a", "--token-file", token)
        refused(r, 4, "token")
        ok("hf_wrong" not in r.err + r.out, "the token is not shown")
        refused(crawl(2, hub.url, f"{folder}/b", "--token-file", f"{folder}/none"), 2, f"{folder}/none")
        with open(token, "w", encoding="utf-8") as f:
            f.write("hf_right\n")
        for where, env in (
            ("--token-file", {}),
            ("HF_TOKEN", {"HF_TOKEN": "hf_right", "HF_HUB_DISABLE_IMPLICIT_TOKEN": ""}),
            ("HF_TOKEN_PATH", {"HF_TOKEN_PATH": token, "HF_HUB_DISABLE_IMPLICIT_TOKEN": ""}),
            ("HF_HOME", {"HF_HOME": folder, "HF_HUB_DISABLE_IMPLICIT_TOKEN": ""}),
        ):
            args = ["--token-file", token] if where == "--token-file" else []
            r = crawl(2, hub.url, f"{folder}/{where}", *args, env=env)
            ok(r.code == 0, f"the token from {where}", r)
        seen = hub.requests()
        ok(all(r[4].endswith("yes") for r in seen[-5:]), "and it is sent", seen[-2:])
    left = Run(["grep", "-r", "-l", "hf_right", "--exclude=token", folder])
    same(left.out, "", "the token is in no file of the census")
    os.chmod(token, 0o644)
    with Hub(*SMALL, "--token", "hf_right") as hub:
        r = crawl(1, hub.url, f"{folder}/open", "--token-file", token)
        ok(r.code == 0 and "warning" in r.err and token in r.err, "a token file that others can read is warned of", r)
    ok("HF_TOKEN" not in ENV, "the tests do not use a token of this machine")


def shard_of(folder, kind="models"):
    return sorted(glob.glob(f"{folder}/shards/{kind}-*.h5"))[0]


def shards():
    whole = scratch()
    with Hub(*SMALL) as hub:
        ok(crawl(2, hub.url, whole, "--seal-rows", 1000).code == 0, "a census to be damaged")

    def damaged(damage, *says, is_set_aside=False, crawl_args=()):
        folder = scratch()
        shutil.copytree(whole, folder, dirs_exist_ok=True)
        path = damage(folder)
        before = {*os.listdir(folder), ".lock"}
        r = reduce(3, folder, timeout=60)
        refused(r, 4, path, *says)
        ok(("hubcrawl sets it aside" in r.err) == is_set_aside, "hubreduce says who mends it", r)
        v = Run([f"{BUILD}/hubreduce", "--verify", folder])
        ok(v.code == 4 and path in v.out + v.err and ("run hubcrawl" in v.err) == is_set_aside and (is_set_aside or "hubcrawl sets it aside" not in v.out), "--verify says who mends it", v)
        if is_set_aside:  # test_damage.py has the rest
            ok(crawl(2, hub.url, folder).code in (0, 4) and not os.path.exists(path), "and a crawl sets it aside")
        else:
            refused(crawl(2, hub.url, folder, *crawl_args), 4, path, *says)
            ok(os.path.exists(path), "which moves nothing")
        left = sorted(set(os.listdir(folder)) - before)
        same(left, [], "no census is left behind, nor a part of one")

    def cut(folder):
        path = shard_of(folder)
        os.truncate(path, os.path.getsize(path) // 2)
        return path

    def flip(folder):
        path = shard_of(folder)
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 3)
            byte = f.read(1)[0]
            f.seek(-1, 1)
            f.write(bytes([byte ^ 1]))
        return path

    def foreign(folder):
        path = f"{folder}/shards/models-r0000-999999.h5"
        with h5py.File(path, "w") as f:
            f["x"] = [1, 2, 3]
        return path

    def named(folder):
        path = f"{folder}/shards/copy-of-mine.h5"
        shutil.copy(shard_of(folder), path)
        os.truncate(path, os.path.getsize(path) // 2)
        return path

    def external(folder):
        path = f"{folder}/shards/models-r0000-999999.h5"
        with h5py.File(path, "w") as f:
            f["rows"] = h5py.ExternalLink("/etc/passwd", "/")
            f.create_dataset("x", (4,), "i1", external=[("/etc/passwd", 0, 4)])
        return path

    def other(folder):
        path = f"{folder}/shards/models-r0000-999999.h5"
        shutil.copy(shard_of(another), path)
        return path

    def copied(name, kind="models"):
        """A whole shard of this census under a name that it was not sealed under."""

        def damage(folder):
            path = f"{folder}/shards/{name}"
            shutil.copy(shard_of(folder, kind), path)
            return path

        return damage

    def folder_among(folder):
        path = f"{folder}/shards/models-r0000-999999.h5"
        os.mkdir(path)
        return path

    def crashing(folder):
        path = shard_of(folder)
        crash(path, "rows/likes", "shard")
        return path

    another = scratch()
    with Hub(*SMALL) as hub2:
        crawl(1, hub2.url, another)
    damaged(cut, "cut or damaged", is_set_aside=True)
    damaged(flip, "cut or damaged", is_set_aside=True)
    damaged(foreign, "no shard of hubcensus", is_set_aside=True)
    damaged(external, "no shard of hubcensus", is_set_aside=True)
    damaged(named, "no shard of hubcensus")
    damaged(folder_among, "no shard of hubcensus")
    damaged(other, "another census")
    damaged(copied("models-r0007-000009.h5", "spaces"), "was sealed as 'spaces-r0000-000000.h5'", "move it out", crawl_args=["--audit", 40])
    damaged(copied("models-r0007-000000.h5"), "was sealed as 'models-r0000-000000.h5'")
    damaged(copied("models-r0000-000077.h5"), "was sealed as 'models-r0000-000000.h5'")
    damaged(copied("models-r000-000000.h5"), "was sealed as 'models-r0000-000000.h5'")
    damaged(copied("copy-of-mine.h5"), "was sealed as 'models-r0000-000000.h5'")
    # Releases that do not crash over it refuse it.
    damaged(crashing, "makes the HDF5 library crash" if h5py.version.hdf5_version_tuple[:2] == (1, 10) else "'")


def unreadable():
    """Of a file that may not be read nobody can say that it is damaged. Not as root, who may read all."""
    other = [] if os.getuid() else ["setpriv", "--reuid=65534", "--clear-groups", "--"]
    if other and Run([*other, "test", "-x", f"{BUILD}/hubreduce"]).code:
        return skip("--verify and a shard that nobody may read", "another user cannot run the program here")
    folder = scratch()
    with Hub("--models", 300, "--quota", "0") as hub:
        ok(crawl(1, hub.url, folder).code == 0, "a census with a shard that nobody may read")
    os.chmod(folder, 0o777)
    open(f"{folder}/.lock", "ab").close()
    os.chmod(f"{folder}/.lock", 0o666)
    path = shard_of(folder)
    os.chmod(path, 0)
    refused(Run([*other, f"{BUILD}/hubreduce", "--verify", folder]), 4, path, "see to its permissions", "Permission denied")


def orgs():
    folder = scratch()
    with Hub(*SMALL) as hub:
        ok(crawl(2, hub.url, folder).code == 0, "a census")
    broken = f"{folder}/orgs.csv"
    with open(broken, "w", encoding="utf-8") as f:
        f.write("namespace,parent,country,sector,source\nacme,Acme,US,industry,example\nwayne,Wayne,Gotham,industry,example\n")
    refused(reduce(3, folder, "--orgs", broken), 4, broken, "line 3", "Gotham")
    refused(reduce(3, folder, "--orgs", f"{folder}/none.csv"), 4, "none.csv")
    ok(reduce(2, folder).code == 0, "without it the census is computed")
    os.remove(f"{folder}/census.h5")
    os.mkdir(f"{folder}/census.h5")
    refused(reduce(2, folder), 4, "census.h5.tmp", "move away the folder that has its name", "Is a directory")


def output():
    """What was to be printed and cannot be is told, by the program's own standard output: under mpirun that is a pipe."""
    folder = scratch()

    def lost(program, *args):
        command = " ".join(wrapped([f"{BUILD}/{program}", *args]))
        r = Run(["sh", "-c", f"exec {command} >/dev/full"])
        errors = [line for line in r.err.splitlines() if "error: " in line or '"level":"error"' in line]
        return ok(r.code == 4 and len(errors) == 1 and "standard output" in errors[0], f"{program} {' '.join(args)[-40:]} into a full disk", r)

    with Hub(*SMALL) as hub:
        args = [f"--hub={hub.url}", f"--until={UNTIL}"]
        lost("hubcrawl", *args, "--dry-run")
        lost("hubcrawl", *args, folder)
        lost("hubcrawl", *args, "--log-format=json", scratch())
        lost("hubcrawl", *args, folder)
    ok(reduce(2, folder).code == 0, "the crawl itself is complete")
    for option in ([], ["--format=json"], ["--unclassified=9"], ["--verify"]):
        lost("hubreduce", *option, folder)
    for program in ("hubcrawl", "hubreduce"):
        for option in ("--help", "--version", "--man"):
            lost(program, option)
    lost("hubreduce", "--list-figures")


main(options, general_options, folders, names, other_census, hubs, tokens, shards, unreadable, orgs, output)
