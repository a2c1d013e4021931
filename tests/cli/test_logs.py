# SPDX-License-Identifier: Apache-2.0
"""What the programs tell while they run, in a file: lines as text and as JSON, the table at the end, and metrics that Prometheus reads."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

from prometheus_client.parser import text_string_to_metric_families

from tap import BUILD, MPIRUN, SLOW, UNTIL, Hub, Run, crawl, main, mpi, ok, reduce, same, scratch, spawn

SIZE = ["--models", 20000, "--datasets", 3000, "--spaces", 3000, "--until", UNTIL]


def metrics(path):
    """Name and labels to value, by the parser of Prometheus' own client; by promtool as well, where that is installed."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    values = {}
    for family in text_string_to_metric_families(text):
        for s in family.samples:
            values[(s.name, *s.labels.values())] = s.value
            if family.type not in ("counter", "gauge") or not family.documentation:
                ok(False, f"metric {s.name} has a type and a meaning")
    if shutil.which("promtool"):
        r = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        same((r.returncode, r.stdout + r.stderr), (0, ""), "promtool has nothing to say")
    return values


def objects(text):
    """Every line is a JSON object."""
    return [json.loads(line) for line in text.splitlines()]


def table_and_metrics():
    folder, place = scratch(), scratch()
    with Hub(*SIZE, "--quota", 0, "--fault", "500@every:7") as hub:
        r = crawl(2, hub.url, folder, "--metrics-file", f"{place}/crawl.prom")
        requests = hub.requests()
    ok(r.code == 0, "crawled", r)
    number = {status: sum(1 for q in requests if q[1] == status) for status in ("200", "500")}
    said = re.search(r"requests +(\d+) \((\d+) retries\).*\nreplies +(\d+) good, (\d+) of 429, (\d+) other 4xx, (\d+) of 5xx", r.out)
    ok(said, "the table names requests, retries and replies", r.out)
    if not said:
        return
    ok(number["500"] > 0 and int(said[6]) == number["500"] and int(said[4]) == 0, "replies of 5xx as the Hub counts them", said[0], number)
    same(sum(int(n) for n in re.search(r"ranks +2: least busy (\d+) .*; most (\d+) ", r.out).groups()), int(said[1]), "two ranks made all requests")
    wall = [float(x) for x in re.search(r"wall +([\d.]+) s: folder ([\d.]+), probe ([\d.]+), crawl ([\d.]+), second pass ([\d.]+)", r.out).groups()]
    ok(abs(wall[0] - sum(wall[1:])) < 0.5, "the phases are the whole", wall)
    v = metrics(f"{place}/crawl.prom")
    name = "hubcensus_crawl_"
    same([v[f"{name}rows", kind] for kind in ("models", "datasets", "spaces")], [20000, 3000, 3000], "metrics: rows")
    same((v[f"{name}requests_total",], v[f"{name}replies_total", "5xx"], v[f"{name}retries_total",]), tuple(float(said[i]) for i in (1, 6, 2)), "metrics: as the table")
    same((v[f"{name}running",], v[f"{name}exit_code",], v[f"{name}left_requests",]), (0, 0, 0), "metrics: it is over")
    r = reduce(2, folder, "--metrics-file", f"{place}/reduce.prom")
    v = metrics(f"{place}/reduce.prom")
    same((r.code, v["hubcensus_reduce_exit_code",], v["hubcensus_reduce_rows", "models"]), (0, 0, 20000), "metrics of hubreduce")
    ok(all(v["hubcensus_reduce_wall_seconds", p] >= 0 for p in ("read", "figures", "write")) and "rows on 2 ranks: read" in r.err, "wall of its phases", r)
    with open(f"{folder}/run.json", encoding="utf-8") as f:
        run = json.load(f)["run"]
    part, wall = run["reduce_wall"], run["reduce"]["wall_ms"]
    ok({"read", "exchange", "figures.growth", "figures.lineage", "write.rows", "write.figures"} <= part.keys() and abs(sum(part.values()) - wall) < 200, "run.json tells where the time of the reduce went", part, wall)
    same((run["crawl"]["shards"], run["reduce"]["shards"]), (len(os.listdir(f"{folder}/shards")),) * 2, "run.json counts each shard once")
    same(sorted(os.listdir(place)), ["crawl.prom", "reduce.prom"], "nothing else lies beside them")
    with Hub("--models", 100, "--datasets", 20, "--spaces", 20, "--users", 300, "--quota", 0, "--until", UNTIL) as hub:
        r = crawl(2, hub.url, scratch(), "--kinds", "models,datasets,spaces,users", "--user-requests", 200, "--metrics-file", f"{place}/users.prom")
        gone = sum(x[1] in ("403", "404") for x in hub.requests())
    v = metrics(f"{place}/users.prom")
    known, lists = (float(x) for x in re.search(r"users +(\d+) accounts known, (\d+) lists", r.out).groups())
    same((r.code, v[f"{name}account_requests_total",], v[f"{name}rows", "models"]), (0, 200, 100), "metrics of the discovery")
    same((v[f"{name}accounts",], v[f"{name}account_lists_total",]), (known, lists), "metrics: accounts and lists as the summary")
    refused = int(re.search(r"lists asked to their end, (\d+) refused", r.out)[1])
    same((v[f"{name}account_lists_refused_total",], refused), (gone, gone), f"{gone} lists were refused, which is said apart")
    ok(gone > 0 and lists + gone <= 200, "and not counted among those that were asked to their end", lists)
    os.remove(f"{place}/users.prom")
    r = crawl(1, "http://127.0.0.1:9", scratch(), "--metrics-file", f"{place}/no/such/folder", "--retries=0", "--max-outage=1s")
    ok(r.err.count("--metrics-file: cannot write") == 1, "a file that cannot be written is one warning", r)


def as_json():
    folder = scratch()
    with Hub(*SIZE, "--quota", "12/2", "--pages-quota", 0, "--latency", 20) as hub:
        r = crawl(2, hub.url, folder, "--log-format=json", "--budget=40/2")
        part = crawl(1, hub.url, scratch(), "--log-format=json", "--max-requests=8")
    with Hub("--models", 3000, "--until", UNTIL, "--fault", "no-ratelimit") as hub:
        told = crawl(1, hub.url, scratch())
        n = int(re.search(r"^requests +(\d+)", told.out, re.M)[1])
        ok("the quota is assumed: 500 requests per 300 s" in told.err, "a quota that the Hub has not told is said to be assumed", told)
        ok(f"budget       {n / 5:.0f} % used of 500 requests per 300 s" in told.out, f"{n} requests are so much of it, whatever the pace", told)
        told = crawl(1, hub.url, scratch(), "--budget=300/300")
        ok("the quota is 300 requests per 300 s" in told.err, "and one that the user has told is not", told)
    lines = objects(r.err)
    events = [x.get("event") for x in lines]
    ok(r.code == 0 and all({"time", "program", "level", "text"} <= set(x) for x in lines), "every line is an object with time, program, level, text", r)
    ok({"start", "quota", "limited"} <= set(events), "a line at each event", events)
    same([(x["requests"], x["window_s"]) for x in lines if x.get("event") == "quota"][-1], (40, 2), "with its numbers")
    end = objects(r.out)
    ok(len(end) == 1 and end[0]["event"] == "end" and end[0]["rows"]["models"] == 20000, "the summary is one object", r.out)
    missing = objects(part.out)[0]["missing"]["models"]
    ok(part.code == 3 and end[0]["missing"] == {} and missing["stretches"] > 0 and 0 < missing["share"] <= 1, "what is missing, nothing in the end", missing)
    r = reduce(2, folder, "--log-format=json", "--quiet")
    same([x["level"] for x in objects(r.err)], [], "--quiet leaves notes out")
    r = reduce(2, folder, "--log-format=json", "--format=json")
    ok([x["event"] for x in objects(r.err)] == ["end"] and json.loads(r.out), "hubreduce as JSON", r)
    r = reduce(1, f'{folder}/no "such\\ folder', "--log-format=json")
    ok(r.code == 2 and objects(r.err)[0]["level"] == "error" and 'no "such\\ folder' in objects(r.err)[0]["text"], "an error, with what needs quoting", r)
    for program in ("hubcrawl", "hubreduce"):
        r = mpi(2, program, "--log-format=xml", folder)
        ok(r.code == 2 and "text or json" in r.err and len(r.err.splitlines()) == 1, f"{program} refuses another format", r)
    r = Run(["jobs/census", "--log-format=json", "--ranks=2", "--hub=http://127.0.0.1:9", "--retries=1", "--max-outage=1s", f"{scratch()}/x"], env={"BUILD": os.path.abspath(BUILD)})
    ok(r.code not in (0, 5) and {"info"} == {x["level"] for x in objects(r.err) if x["program"] == "census"}, "jobs/census speaks the same language", r)


class Beside:
    """A crawl in the background, its output in a file: a line every 30 s, one at each event, and metrics that are always whole."""

    def __init__(self):
        self.folder = scratch()
        self.hub = Hub("--models", 100000, *SIZE[2:], "--quota", "10/10", "--pages-quota", 0)
        self.hub.__enter__()
        args = [*MPIRUN, "-n", 2, f"{BUILD}/hubcrawl", "--hub", self.hub.url, "--until", UNTIL, "--metrics-file", f"{self.folder}/m.prom", f"{self.folder}/c"]
        with open(f"{self.folder}/log", "w", encoding="utf-8") as log:
            self.process = spawn(args, stdout=log, stderr=log)
        self.whole = []
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def watch(self):
        until = time.monotonic() + 120 * SLOW
        while not os.path.exists(f"{self.folder}/m.prom") and time.monotonic() < until:
            time.sleep(0.05)
        until = time.monotonic() + 32.5
        while time.monotonic() < until:
            time.sleep(0.05)
            with open(f"{self.folder}/m.prom", encoding="utf-8") as f:
                text = f.read()
            self.whole.append(text.count("hubcensus_crawl_running 1\n") == 1 and text.endswith("\n"))
        shutil.copy(f"{self.folder}/m.prom", f"{self.folder}/then.prom")
        self.process.send_signal(signal.SIGUSR1)

    def end(self):
        self.watcher.join()
        v = metrics(f"{self.folder}/then.prom")
        code = self.process.wait(60 * SLOW)
        self.hub.__exit__()
        with open(f"{self.folder}/log", encoding="utf-8") as f:
            said = f.read()
        ok(code == 3 and len(self.whole) > 100 and all(self.whole), "the metrics are whole while it runs", code, said)
        ok(0 < v["hubcensus_crawl_requests_total",] < 60 and v["hubcensus_crawl_left_seconds",] > 1, "and say how far it is", v)
        same(said.count("tokens left"), 1, "one line in 30 s")
        ok("crawling http" in said and "the quota is 10 requests per 10 s" in said and "stopping as asked" in said and "\r" not in said, "and one at each event", said)


beside = Beside()
main(table_and_metrics, as_json, beside.end)
