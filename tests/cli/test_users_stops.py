# SPDX-License-Identifier: Apache-2.0
"""What stops the discovery of accounts: a Hub that goes away, limits, signals to a rank. Nothing is lost, nothing is asked twice, and it says what it waits for."""

import collections
import glob
import json
import os
import re
import signal
import time

from accounts import figures, read, wanted
from disturb import Job
from meddle import Meddler
from tap import BUILD, SLOW, UNTIL, Hub, Run, crawl, differences, free_port, main, mpi, ok, same, scratch

SIZE = ["--models", 150, "--datasets", 40, "--spaces", 40, "--users", 1500, "--seed", 3]
ALL = ["--kinds", "models,datasets,spaces,users"]
WANT = None


class Crawl(Job):
    """Two ranks in the background."""

    def __init__(self, url, folder, *args):
        self.folder = folder
        super().__init__(2, "hubcrawl", "--hub", url, "--until", UNTIL, *ALL, "--seal-rows", 300, *args, folder)

    def among_accounts(self):
        for _ in range(3000):
            if self.process.poll() is not None or len(glob.glob(f"{self.folder}/shards/users-*.h5")) > 2:
                break
            time.sleep(0.01)
        return ok(self.process.poll() is None, "a crawl among the accounts", self.said())


def truth(folder, name):
    diff = list(differences(figures(read(folder)[0]), wanted(WANT)))
    ok(not diff, f"{name}: the truth to the account", *diff)


def population():
    global WANT
    r = Run([f"{BUILD}/hubsim", "--truth", "--orgs", "jobs/orgs.csv", "--topics", "jobs/topics.csv", *SIZE])
    WANT = json.loads(r.out)["accounts"]
    ok(WANT["observable"]["all"] > 1500, "the population")


def outage():
    """The Hub is away for longer than all attempts of a request take: waited for, said once, no list is given up."""
    folder, port = f"{scratch()}/census", free_port()
    with Hub(*SIZE, "--port", port, "--quota", 0, "--latency", 5) as h:
        run = Crawl(h.url, folder, "--retries", "1", "--timeout", "1s")
        run.among_accounts()
    time.sleep(6)
    ok(run.process.poll() is None, "the Hub is gone, and is waited for", run.said())
    with Hub(*SIZE, "--port", port, "--quota", 0):
        code = run.end()
    said = run.said()
    ok(code == 0, "it is back: to the end", code, said)
    ok(said.count("no page from the Hub for") == 1 and said.count("the Hub answers again") == 1, "both are said, once", said)
    ok("gave up" not in said, "no list is given up", said)
    truth(folder, "after an outage")


def gone():
    """For good: --max-outage ends it, and the next run goes on."""
    folder, port = f"{scratch()}/census", free_port()
    with Hub(*SIZE, "--port", port, "--quota", 0, "--latency", 5) as h:
        run = Crawl(h.url, folder, "--max-outage", "3s", "--retries", "1", "--timeout", "1s")
        run.among_accounts()
    began = time.monotonic()
    code = run.end()
    said = run.said()
    ok(code == 3 and time.monotonic() - began < 20 and "has not answered for too long" in said and "goes on" in said, f"--max-outage: exit {code} after {time.monotonic() - began:.1f} s", said)
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(3, h.url, folder)
        ok(r.code == 0, "run again", r)
    truth(folder, "after --max-outage")


def broken_lists():
    """A Hub that is there and often fails: lists are given up, exit 5, and asked again by the next run."""
    folder, port = f"{scratch()}/census", free_port()
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(1, h.url, folder)
        ok(r.code == 0, "the repositories", r)
    with Hub(*SIZE, "--port", port, "--quota", 0, "--fault", "500@30%") as h:
        r = crawl(2, h.url, folder, "--kinds", "users", "--retries", "0")
        ok(r.code == 5 and "gave up" in r.err and "lists that the Hub did not give" in r.out, "lists that fail again and again are gaps", r.code, r.out)
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(2, h.url, folder)
        ok(r.code == 0, "the next run asks for them", r)
    truth(folder, "with gaps filled")


def no_hub():
    """A Hub that answers no list of repositories: nothing of the discovery is written, and the next run has all."""
    folder, port = f"{scratch()}/census", free_port()
    with Hub(*SIZE, "--port", port, "--quota", 0, "--fault", "500") as h:
        r = crawl(2, h.url, folder, *ALL, "--retries", "0")
        ok(r.code == 4 and "accounts known" not in r.out and not os.path.exists(f"{folder}/users.json"), "without repositories there is no discovery", r)
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(2, h.url, folder, *ALL)
        ok(r.code == 0, "run again", r)
    truth(folder, "after a Hub that was none")


def gaps_filled():
    """Repositories that were missing when the discovery ended: once they are there it goes on with their owners."""
    folder, port = f"{scratch()}/census", free_port()
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(1, h.url, folder, *ALL, "--seal-rows", 40)
        ok(r.code == 0, "a census with accounts", r)
        path = sorted(glob.glob(f"{folder}/shards/models-*.h5"))[1]
        with open(path, "r+b") as f:
            f.seek(2000)
            f.write(b"damaged")
        for p in glob.glob(f"{folder}/shards/users-*.h5"):
            os.remove(p)
        with open(f"{folder}/users.json", encoding="utf-8") as f:
            ended = json.load(f)
        ended["repositories"] -= 40
        with open(f"{folder}/users.json", "w", encoding="utf-8") as f:
            json.dump(ended, f)
        r = crawl(2, h.url, folder)
        ok(r.code == 0 and "accounts known" in r.out, "what was missing is there: on with the accounts", r)
    truth(folder, "after repositories that came later")


def max_time():
    folder, port = f"{scratch()}/census", free_port()
    with Hub(*SIZE, "--port", port, "--quota", 0, "--latency", 30) as h:
        began = time.monotonic()
        r = crawl(2, h.url, folder, *ALL, "--max-time", "3s", "--log-format", "json")
        took = time.monotonic() - began
        end = [json.loads(line) for line in r.out.splitlines() if "users_end" in line]
        ok(r.code == 3 and 3 <= took < 3 + 9 * SLOW and len(end) == 1 and end[0]["exit_code"] == 3 and end[0]["accounts"] > 100, f"--max-time: exit {r.code} after {took:.1f} s, told as JSON", r)
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(1, h.url, folder)
    ok(r.code == 0, "and to the end", r)
    truth(folder, "after --max-time")


def limits_not_reached():
    """A limit that is larger than what there is to ask does not keep a crawl from its end."""
    for n, limit in ((1, "--user-requests"), (2, "--user-requests"), (2, "--max-requests")):
        folder = f"{scratch()}/census"
        with Hub(*SIZE, "--quota", 0) as h:
            r = crawl(n, h.url, folder, *ALL, limit, 100000, "--max-time", f"{60 * SLOW}s")
        ok(r.code == 0 and "every list was asked" in r.out, f"{limit} that is not reached, {n} ranks", r)
        truth(folder, limit)


def signals():
    """SIGTERM, SIGINT and SIGUSR1 to one rank: all stop, sealed, within 10 s, every request accounted for."""
    folder, port = f"{scratch()}/census", free_port()
    for number, to in ((signal.SIGTERM, 1), (signal.SIGINT, 0), (signal.SIGUSR1, 1)):
        with Hub(*SIZE, "--port", port, "--quota", 0, "--latency", 20) as h:
            before, counted = len(glob.glob(f"{folder}/shards/users-*.h5")), read(folder)[3]["requests"]
            run = Crawl(h.url, folder)
            for _ in range(3000):
                if run.process.poll() is not None or len(glob.glob(f"{folder}/shards/users-*.h5")) > before + 1:
                    break
                time.sleep(0.01)
            sent = time.monotonic()
            os.kill(run.ranks()[to], number)
            code, took = run.end(), time.monotonic() - sent
            asked = len([q for q in h.requests() if any(w in q[3] for w in ("/overview", "/followers", "/following", "/members", "/likers"))])
        name = f"{signal.Signals(number).name} to rank {to}"
        ok(code == 3 and took < 10 and "goes on" in run.said(), f"{name}: exit {code} after {took:.1f} s", run.said())
        same(read(folder)[3]["requests"] - counted, asked, "every request is accounted for")
    with Hub(*SIZE, "--port", port, "--quota", 0) as h:
        r = crawl(2, h.url, folder)
    ok(r.code == 0, "and to the end", r)
    truth(folder, "after three signals")


TOKEN = "hf_" + "a" * 34
LIST = re.compile(r"/(overview|followers|following|members|likers)(\?|$)")


def token_file():
    path = f"{scratch()}/token"
    with open(path, "w", encoding="utf-8") as f:
        f.write(TOKEN)
    return path


def withdrawn():
    """Repositories that are private by now: their likers are 401 to the anonymous and 404 with a token, however many in a row. Recorded, and no error."""
    known = []
    for status, args in (("401", []), ("404", ["--token-file", token_file()])):
        with Hub("--models", 400, "--datasets", 40, "--spaces", 40, "--users", 60, "--seed", 3, "--quota", 0, "--token", TOKEN, "--fault", "withdraw") as h:
            folder = f"{scratch()}/census"
            r = crawl(1, h.url, folder, *ALL, *args)
            refused = collections.Counter(q[3] for q in h.requests() if q[1] == status and "/likers" in q[3])
            ok(r.code == 0 and len(refused) > 100 and max(refused.values()) == 1, f"{len(refused)} lists that are {status} are asked once, and are no error", r, refused.most_common(2))
            accounts, _, asked, _, _ = read(folder)
            same(asked["likers refused"], len(refused), "they are recorded as refused")
            known.append({k: (a.type, a.sources) for k, a in accounts.items()})
            r = mpi(1, "hubcrawl", folder)
            ok(r.code == 0 and "is complete" in r.out, "and not asked again", r)
    same(known[0], known[1], "the same of every account, with a token and without")


def refused_token():
    """A token that is revoked among the accounts: an error, with what was seen sealed, and no list said to be refused. The next run goes on."""
    folder, given, revoked = f"{scratch()}/census", collections.Counter(), []

    def revoke(handler):
        body = b'{"error":"Invalid credentials in Authorization header"}'
        revoked.append(handler.path)
        handler.send_response(401)
        handler.send_header("content-type", "application/json; charset=utf-8")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def hook(path, n, body):
        if LIST.search(path) and sum(given.values()) >= until:
            return revoke
        given.update([path] * bool(LIST.search(path)))
        return None

    until = 150
    with Hub(*SIZE, "--quota", 0) as h, Meddler(h.url, hook) as m:
        r = crawl(2, m.url, folder, *ALL, "--token-file", token_file())
        ok(r.code == 4 and "check the token" in r.err and len(revoked) >= 20, "a token that the Hub does not take any more is an error", r)
        _, _, asked, _, _ = read(folder)
        pages = sum(n for k, n in asked.items() if k.endswith("pages"))
        ok(0.8 * until < pages <= until, f"{pages} of {until} pages are sealed")
        same(asked["likers refused"], 0, "no list of likers was refused")
        r = crawl(2, m.url, folder, "--token-file", token_file(), "--user-requests", 1000)
        ok(r.code == 4 and "check the token" in r.err, "again, with nothing but refusals: an error again", r)
        until = 10**9
        r = crawl(3, m.url, folder, "--token-file", token_file(), "--user-requests", "1G")
        ok(r.code == 0, "with a good token to the end", r)
        again = sum(n - 1 for n in given.values())
        ok(again <= 0.2 * 150, f"{again} pages were asked for again")
    truth(folder, "after a token was refused")


main(population, withdrawn, refused_token, outage, gone, broken_lists, no_hub, gaps_filled, max_time, limits_not_reached, signals)
