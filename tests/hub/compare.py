# SPDX-License-Identifier: Apache-2.0
"""Do two builds of the stand-in answer alike? After a change that shall not be seen: the same requests in the same order to both, over populations,
faults, endpoints, orders, members and filters; status, headers (but date, etag and the seconds that a quota lasts) and bodies must be the same bytes, and so must --truth.

Usage: compare.py OLD NEW [folder of recorded elements]; exits 1 at the first difference. OLD and NEW may have
options behind them: 'build/hubsim --cache 1'."""
import gzip
import http.client
import itertools
import os
import re
import shlex
import subprocess
import sys
import urllib.parse

OLD, NEW = (shlex.split(a) for a in sys.argv[1:3])
RECORDED = sys.argv[3] if len(sys.argv) > 3 else None
JOBS = os.path.join(os.path.dirname(__file__), "..", "..", "jobs")
KINDS = ("models", "datasets", "spaces")
SORTS = ("trendingScore", "createdAt", "downloads", "likes", "lastModified")
SOME = ["author", "createdAt", "tags", "sha", "likes", "lastModified", "gated", "siblings", "cardData", "trendingScore"]
MEMBERS = {
    "models": "author baseModels cardData config createdAt disabled downloads downloadsAllTime evalResults gated inference lastModified library_name likes pipeline_tag private safetensors sha siblings spaces tags trendingScore gguf xetEnabled",
    "datasets": "author cardData citation createdAt disabled description downloads downloadsAllTime gated lastModified likes mainSize private siblings sha tags trendingScore xetEnabled",
    "spaces": "author cardData datasets disabled lastModified createdAt likes private region runtime sdk siblings sha subdomain tags trendingScore models xetEnabled",
}
FAULTS = "truncate no-ratelimit nonsense-ratelimit stale-ratelimit reject-cursor ignore-cursor no-direction duplicate out-of-order hide poison loop foreign-next empty-page rename vanish 504 html".split()


class Pair:
    def __init__(self, *options):
        self.options, self.n = options, 0
        self.process = [subprocess.Popen([*b, "--quota", "0", *options], stdout=subprocess.PIPE, text=True) for b in (OLD, NEW)]
        self.host = [p.stdout.readline().strip()[7:] for p in self.process]
        self.connection = [http.client.HTTPConnection(h, timeout=60) for h in self.host]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in self.process:
            p.terminate()
        for p in self.process:
            assert p.wait() == 0, "it did not end as it should"

    def one(self, k, path, headers):
        c = self.connection[k]
        for again in (True, False):
            try:
                c.request("GET", path, headers=headers)
                r = c.getresponse()
                break
            except (http.client.HTTPException, ConnectionError):
                c.close()
                if not again:
                    raise
        body = r.read()
        if r.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        skip = ("date", "etag", "content-length" if "content-encoding" in r.headers else "")
        plain = [(n.lower(), re.sub(";t=[0-9]+$", "", v.replace(self.host[k], "HOST"))) for n, v in r.getheaders() if n.lower() not in skip]
        return r.status, plain, body.replace(self.host[k].encode(), b"HOST"), r.headers.get_all("link")

    def get(self, path, **headers):
        """Both; the path of the next page."""
        a, b = (self.one(k, path, headers) for k in (0, 1))
        self.n += 1
        if a[:3] != b[:3]:
            at = next((i for i, (x, y) in enumerate(zip(a[2], b[2])) if x != y), min(len(a[2]), len(b[2])))
            print(self.options, path, headers, a[0], b[0], set(a[1]) ^ set(b[1]), "body at", at, a[2][max(0, at - 80) : at + 80], b[2][max(0, at - 80) : at + 80])
            sys.exit(1)
        self.body = a[2]
        links = [part.partition(">")[0].partition("<")[2] for line in a[3] or [] for part in line.split(", ") if 'rel="next"' in part]
        return urllib.parse.urlsplit(links[0])._replace(scheme="", netloc="").geturl() if links else None

    def walk(self, path, pages=3, **headers):
        while path and pages:
            path, pages = self.get(path, **headers), pages - 1


def lists(p, kind):
    members = MEMBERS[kind].split()
    for m in members:
        p.get(f"/api/{kind}?limit=70&expand[]={m}")
    every = "".join(f"&expand[]={m}" for m in members)
    some = "".join(f"&expand={m}" for m in members if m in SOME)
    for sort, d in (*((s, -1) for s in SORTS), ("createdAt", 1)):
        for more in ("", every, some, "&full=true", "&config=1&cardData=true"):
            p.walk(f"/api/{kind}?limit=333&sort={sort}&direction={d}{more}")
    for d in (1, -1, 1):  # more than the rows: then a second time, from what may be kept
        p.walk(f"/api/{kind}?limit=1000&sort=createdAt&direction={d}{every}", 40)
    for limit in (1, 2, 63, 64, 65, 129):
        p.walk(f"/api/{kind}?limit={limit}&sort=createdAt&direction=1", 4)
    for f in ("author=qwen", "search=a", "filter=license:mit", "filter=safetensors,gguf", "gated=true", "pipeline_tag=text-generation", "expand=nothing", "limit=x", "sort=x"):
        p.walk(f"/api/{kind}?{f}&limit=50&sort=createdAt")
    p.walk(f"/api/{kind}?limit=500&full=true", 3, **{"Accept-Encoding": "gzip"})


def things(p, kind):
    import json

    p.get(f"/api/{kind}?limit=60&sort=likes")
    try:
        rows = [r for r in json.loads(p.body) if isinstance(r, dict) and isinstance(r.get("id"), str)]
    except ValueError:
        return
    for r in rows:
        name = urllib.parse.quote(r["id"])
        owner = name.partition("/")[0]
        for path in ("", "/revision/main?expand=usedStorage&expand=likes", "/likers?limit=20"):
            p.get(f"/api/{kind}/{name}{path}")
        for path in (f"users/{owner}/overview", f"organizations/{owner}/overview", f"organizations/{owner}/members", f"users/{owner}/followers", f"users/{owner}/likes"):
            p.get(f"/api/{path}")
    p.get(f"/api/{kind}/{urllib.parse.quote(rows[0]['id'].swapcase()) if rows else 'x/y'}")
    for sort in ("trending", "created", "modified", "likes", "downloads"):
        p.get(f"/{kind}-json?sort={sort}&p=2&withCount=true")


def truth(*options):
    out = [subprocess.run([*b, "--truth", "--orgs", f"{JOBS}/orgs.csv", "--topics", f"{JOBS}/topics.csv", *options], capture_output=True, check=True).stdout for b in (OLD, NEW)]
    if out[0] != out[1]:
        print("--truth", options, "differs")
        sys.exit(1)


def size(n, *more):
    return ["--models", str(n), "--datasets", str(n // 2 + 1), "--spaces", str(n // 3 + 1), *more]


def main():
    n = 0
    cases = [size(m, "--seed", str(s)) for m, s in ((1, 1), (3, 2), (150, 3), (1999, 4), (2000, 5), (20000, 6), (30001, 7))]
    cases += [size(9000, "--more-tags", "5"), size(9000, "--more-tags", "32", "--no-all-time"), size(2500, "--edits", "3", "--ago", "4"), size(120000, "--seed", "11"), size(2500, "--until", "2023-05-01"), size(2500, "--until", "2030-01-01")]
    cases += [size(3000, "--fault", f"{f}@{'every:3' if f not in ('hide', 'poison', 'rename', 'vanish') else '10%'}") for f in FAULTS]
    cases += [["--replay", RECORDED], ["--replay", RECORDED, "--edits", "2"]] if RECORDED else []
    for options in cases:
        with Pair(*options) as p:
            for kind, what in itertools.product(KINDS, (lists, things)):
                what(p, kind)
            n += p.n
        if "--fault" not in options and "--replay" not in options:
            truth(*options)
        print(f"{' '.join(options)}: {p.n} replies alike", flush=True)
    print(f"{n} replies alike")


main()
