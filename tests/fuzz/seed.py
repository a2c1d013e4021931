# SPDX-License-Identifier: Apache-2.0
"""Seeds for the fuzzers: hand-made cases, and real elements as the Hub would send them where hub-recorded is there. seed.py OUT [RECORDED [SHARDS…]]"""

import base64
import gzip
import json
import os
import shutil
import sys

OID = "621ffdc036468d709f17434d"
PAGES = {
    "plain": '[{"_id":"%s","id":"o/n","likes":1,"tags":["a","b"],"createdAt":"2022-03-02T23:29:04.000Z"}]' % OID,
    "nested": "[" * 100000,
    "nan": '[{"_id":"%s","id":"o/n","likes":NaN}]' % OID,
    "surrogate": '[{"_id":"%s","id":"o/\\ud800n"},{"_id":"%s","id":"o/m"}]' % (OID, OID[:-1] + "e"),
    "nul": '[{"_id":"%s","id":"o/\\u0000n","tags":["a\\u0000b"]}]' % OID,
    "big": '[{"_id":"%s","id":"o/n","downloads":99999999999999999999999,"likes":-1,"downloadsAllTime":1.5}]' % OID,
    "types": '[{"_id":"%s","id":"o/n","likes":"many","tags":"a","gated":3,"disabled":"no","baseModels":[],"safetensors":7}]' % OID,
    "base": '[{"_id":"%s","id":"o/n","baseModels":{"relation":"finetune","models":[{"_id":"%s","id":"x/y"}]},"safetensors":{"total":7}}]' % (OID, OID),
    "cut": '[{"_id":"%s","id":"o/n","tags":["a' % OID,
    "invalid-utf8": b'[{"_id":"%s","id":"o/\xff"},{"_id":"621ffdc036468d709f17434e","id":"o/n"}]' % OID.encode(),
    "order": '[{"_id":"%s","id":"o/n"},{"_id":"000000000000000000000001","id":"o/m"}]' % OID,
    "html": "<!doctype html><h1>504 Gateway Time-out</h1>",
    "error": '{"error":"Internal Error - We\'re working hard to fix this as soon as possible!"}',
    "empty": "[]",
    "total": '{"models":[],"numItemsPerPage":30,"numTotalItems":3117871,"pageIndex":0}',
}
CURSOR = base64.b64encode(b'{"_id":{"$gt":"%s"}}' % OID.encode()).decode()
HUBS = {
    "cursor": CURSOR,
    "lt": base64.b64encode(b'{"_id":{"$lt":"%s"}}' % OID.encode()).decode(),
    "or": base64.b64encode(b'{"$or":[{"downloads":2,"_id":{"$gt":"6390d9f33de76d60299acbe0"}},{"downloads":{"$lt":2}},{"downloads":null}]}').decode(),
    "link": f'<http://127.0.0.1:8080/api/models?limit=1000&sort=createdAt&cursor={CURSOR}>; rel="next"',
    "links": f'</.well-known/ai-catalog.json>; rel="ai-catalog"; type="a,b", <http://127.0.0.1:8080/api/models?cursor={CURSOR}%3D%3D>; rel="next"',
    "foreign": f'<http://127.0.0.1.evil.example/api/models?cursor={CURSOR}>; rel="next"',
    "limit": '"api";r=489;t=189',
    "policy": '"fixed window";"api";q=500;w=300, "fixed window";"pages";q=100;w=300',
    "nonsense": '"api";r=99999999999999999999;t=-5;q=;w=1e9',
    "date": "Wed, 21 Oct 2026 07:28:00 GMT",
    "seconds": "120",
    "address": "https://huggingface.co",
    "v6": "http://[::1]:8080/path",
    "userinfo": "https://user:secret@huggingface.co:443",
}
OPTS = {
    "reduce": "--previous=a\n--previous\nb/census.h5\n--figures=totals,growth.orgs\n--format=json\n--metrics-file=m\nDIR",
    "series": "--series=DIR\n--every=7d\n--log-format=json",
    "listed": "--unclassified=12k\n--orgs=a.csv\n--topics=t.csv\n--verify\n--quiet\nDIR",
    "plain": "--hub=http://127.0.0.1:1\n--kinds\nmodels,datasets\n--until=2026-11-22\nDIR",
    "bad": "--seal-rows=0x7f\n--filter\ntag=\n--budget=1/0\n--reserve=200%",
    "many": "--filter=tag=a\n" * 34 + "D",
}
POINTS = {
    "some": '{"schema":1,"snapshot":{"complete":true},"figures":{"totals.models":{"status":"ok","value":12},"growth.orgs":{"status":"partial","value":{"A\\u0000B":{"models":{"2025":3,"ratio_2025":"from none","ratio_2024":null}}}},'
    '"compare.orgs":{"status":"ok","value":{"1":{"X":{"models":{"likes":-4}}},"2":{}}},"gating":{"status":"not available","why":"x"},"sector.share":{"status":"ok","value":{"downloads":{"all":{"industry":0.5}}}}}}',
    "odd": '{"schema":1,"snapshot":[],"figures":{"gating":{"status":1,"value":[[{}]]},"growth.orgs":{"status":"ok","value":1},"totals.models":{"status":"ok","value":1e300},"totals.spaces":{"status":"ok","value":{"":{"":18446744073709551615}}}}}',
}


def census(path):
    """A small census.h5, as far as a comparison reads it; its stamp is made by the target."""
    import h5py
    import numpy as np

    with h5py.File(path, "w", userblock_size=512) as f:
        f.attrs.update({"schema": 1, "complete": 1})
        for name, text in {"hub": "http://127.0.0.1:1", "t0": "2026-11-22T00:00:00Z", "version": "0", "filters": '{"tag":["x"]}'}.items():
            f.attrs[name] = np.bytes_(text.encode() + b"\0")
        ids = np.array([f"{0x65000000 + i:08x}{i:016x}".encode() for i in range(50)])
        for kind in ("models", "spaces"):
            g = f.create_group(kind)
            g.attrs["rows"] = 50
            g.create_dataset("_id", data=ids, chunks=(16,), compression=1)
            g.create_dataset("id", data=np.array([f"owner/name-{i}".encode() for i in range(50)]), chunks=(50,), compression=1)
            for name in ("downloads", "likes"):
                g.create_dataset(name, data=np.arange(50), chunks=(50,), compression=1, shuffle=True)
        for name, data in {"kind": ["models", "models"], "lo": ["0" * 24, "65000010" + "0" * 16], "hi": ["65000010" + "0" * 16, "f" * 24], "state": ["covered", "gap"]}.items():
            f[f"windows/{name}"] = np.array([x.encode() for x in data])
        for name, data in {"kind": ["spaces", "models"], "_id": ["65000011" + "0" * 16, "0" * 24], "field": ["likes", ""]}.items():
            f[f"quarantine/{name}"] = np.array([x.encode() for x in data])


def known(path):
    """The accounts of a small census.h5."""
    import h5py
    import numpy as np

    with h5py.File(path, "w", userblock_size=512) as f:
        g = f.create_group("users")
        g.create_dataset("name", data=np.array([f"name-{i}".encode() for i in range(50)]), chunks=(16,), compression=1)
        g.create_dataset("_id", data=np.array([f"{0x65000000 + i:08x}{i:016x}".encode() for i in range(50)]), chunks=(50,), compression=1)
        g.create_dataset("type", data=np.arange(50, dtype="i4") % 3, chunks=(50,), compression=1, shuffle=True)


# Behind a first byte that says which list.
ROLLS = {
    "users": '[{"user":"Ada","fullname":"A","type":"user","_id":"%s","isPro":true},{"user":"bob","type":"user","followerCount":3}]' % OID,
    "overview": '{"_id":"%s","user":"Ada","type":"user","createdAt":"2022-03-02T23:29:04.000Z","numFollowers":12,"numFollowing":0,"orgs":[{"id":"%s","name":"acme"},{"name":"../x"},7]}' % (OID, OID),
    "org": '{"_id":"%s","name":"acme","numFollowers":-3,"orgs":{},"type":"org"}' % OID,
    "likers": '[{"user":"Ada","type":"org"},{"user":"a b"},{"user":"nul\\u0000"},{"user":["x"]},{"name":"acme","type":"robot"},null,"x",[],{}]',
    "big": '[{"user":"%s","type":"user","_id":"zz","numFollowers":99999999999999999999}]' % ("a" * 20000),
    "many": "[" + ",".join(['{"user":"a"}'] * 20001) + "]",
    "nested": "[" * 5000,
    "cut": '[{"user":"Ada","typ',
    "spoilt": '[{"user":"Ada","type":"user"}, {"user":"x","fullname":NaN},{"user":"B,]}"},{"user":"Bob","fullname":"\\ud800"},7]',
    "surrogate": '[{"user":"a\\ud800"},{"user":"\xff"}]',
}
HTTP = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLink: <http://h/api/models?cursor=a>; rel=\"next\"\r\n\r\n[]"
WARC = (
    "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\nWARC-Date: 2026-11-22T00:00:00Z\r\n"
    "WARC-Target-URI: https://h/api/models\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n"
)
WARCS = {
    "plain": WARC % (len(HTTP), HTTP),
    "long": WARC % (10**12, HTTP),
    "negative": WARC % (-1, HTTP),
    "two": WARC % (len(HTTP), HTTP) * 2,
    "cut": (WARC % (len(HTTP), HTTP))[:-30],
    "token": HTTP.replace("Link", "Authorization: Bearer hf_x\r\nSet-Cookie: a=b\r\nLink"),
}
FIELDS = {
    "models": "author createdAt lastModified gated disabled downloads downloadsAllTime likes pipeline_tag library_name safetensors baseModels tags",
    "datasets": "author createdAt lastModified gated disabled downloads downloadsAllTime likes tags",
    "spaces": "author createdAt lastModified disabled likes sdk tags",
}
LO, MID, HI = "0" * 24, "62" + "0" * 22, "63" + "0" * 22


def page_url(kind, order, after):
    text = '{"_id":{"%s":"%s"}}' % ("$gt" if order == "asc" else "$lt", after)
    expand = "".join(f"&expand[]={f}" for f in FIELDS[kind].split())
    return f"http://h/api/{kind}?limit=1000&sort=createdAt&direction={1 if order == 'asc' else -1}{expand}&cursor={base64.b64encode(text.encode()).decode()}"


def archived(url, note, body, status="200 OK", link=""):
    """A record as --archive keeps it."""
    http = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{link}\r\n{body}"
    head = f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\nWARC-Date: 2026-11-22T00:00:00.000Z\r\nWARC-Target-URI: {url}\r\n"
    note = f"Hubcensus-Note: {note}\r\n" if note else ""
    return f"{head}{note}Content-Type: application/http;msgtype=response\r\nContent-Length: {len(http.encode())}\r\n\r\n{http}\r\n\r\n"


def archives():
    """Cases for --from-archive."""
    page = archived(page_url("models", "asc", LO), f"page models asc {LO} {HI} 1000 0 0", PAGES["plain"])
    half = archived(page_url("models", "asc", MID), f"page models asc {MID} {HI} 1000 0 0", PAGES["plain"])
    split = archived(page_url("models", "asc", LO), f"page models asc {LO} {HI} 1000 1 0", PAGES["nan"])
    forced = archived(page_url("spaces", "desc", HI), f"page spaces desc {LO} {HI} 1000 2 0", PAGES["order"])
    chain = archived(page_url("datasets", "asc", LO).split("&cursor")[0] + "&cursor=x", f"page datasets asc {LO} {HI} 1000 0 1", PAGES["empty"])
    overview = archived("http://h/api/users/Ada/overview", "list overview Ada 7 0 0 0 0 0 9 0 0000000000000000 0", '{"type":"user","_id":"%s","numFollowers":0,"numFollowing":0,"orgs":[{"name":"o-1"},{"name":"../x"}]}' % OID)
    row = '[{"_id":"%s","user":"Ada","type":"user"},{"user":"\\u0000"},7]' % OID
    more = 'Link: <http://h/api/users/Ada/followers?cursor=abc>; rel="next"\r\n'
    return {
        "page": page,
        "later": half + page,
        "split": split,
        "forced": forced,
        "chain": chain,
        "total": archived("http://h/models-json?p=0&sort=trending&withCount=true", "total models", PAGES["total"]),
        "audit": archived("http://h/api/models?limit=1000&sort=downloads&direction=-1&expand[]=createdAt", "audit models 3", PAGES["plain"]),
        "error": archived(page_url("models", "asc", LO), "", "<html>", "504 Gateway Time-out"),
        "foreign": archived("http://other/api/models", f"page models asc {LO} {HI} 1000 0 0", PAGES["plain"]),
        "overview": overview,
        "list": archived("http://h/api/users/Ada/followers", "list followers Ada 7 0 0 3 300 1 9 2 1234567890abcdef 0", row, link=more),
        "refused": archived("http://h/api/organizations/o-1/members?limit=1000", "list members o-1 7 0 0 0 0 2 0 0 0000000000000000 0", "{}", "403 Forbidden"),
        "likers": archived("http://h/api/models/o/n/likers?limit=1000", f"list likers_models {OID} 7 0 0 0 0 0 0 0 0000000000000000 0", row),
        "likers-elsewhere": archived("http://h/api/models/likers?limit=1000", f"list likers_models {OID} 7 0 0 0 0 0 0 0 0000000000000000 0", row),
        "spoilt": archived("http://h/api/users/Ada/followers", "list followers Ada 7 0 0 0 0 1 0 0 0000000000000000 1", '[{"user":"Bob"},{"user":"x","fullname":NaN}]'),
        "unsealed": archived("http://h/api/users/Ada/followers", "list followers Ada 4 0 0 0 0 1 0 0 0000000000000000 0", row),
    }


def put(out, target, name, data):
    folder = f"{out}/{target}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}", "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


def put_recorded(out, i, kind, k, rows):
    """A page of real elements, and what the Hub says with it: the next page's address, its cursor, the rate limit."""
    body, first, last = json.dumps(rows, ensure_ascii=False), rows[0]["_id"], rows[-1]["_id"]
    put(out, "page", f"{kind}-{k}", bytes([i]) + body.encode())
    for order, after in (("asc", last), ("desc", first)):
        url = page_url(kind, order, after)
        put(out, "hub", f"{kind}-{k}-{order}", url.split("cursor=")[1])
        put(out, "hub", f"{kind}-{k}-{order}-link", f'<{url.replace("http://h", "http://127.0.0.1:8080")}>; rel="next"')
    put(out, "hub", f"{kind}-{k}-limit", f'"api";r={500 - k};t={300 - k}, "pages";r={k};t={k}')
    put(out, "hub", f"{kind}-{k}-policy", f'"fixed window";"api";q={500 + k};w=300, "fixed window";"pages";q=100;w=300')
    link = f'Link: <{page_url(kind, "asc", last)}>; rel="next"\r\nRateLimit: "api";r={500 - k};t=189\r\nRateLimit-Policy: "fixed window";"api";q=500;w=300\r\n'
    record = archived(page_url(kind, "asc", LO), f"page {kind} asc {LO} {HI} 1000 0 0", body, link=link).encode()
    put(out, "warc", f"{kind}-{k}", record)
    put(out, "warc", f"{kind}-{k}.gz", gzip.compress(record, mtime=0))
    put(out, "reread", f"{kind}-{k}", b"\1" + record)


def main():
    out, recorded, shards = sys.argv[1], (sys.argv[2:3] or [""])[0], sys.argv[3:]
    for name, text in PAGES.items():
        data = text.encode() if isinstance(text, str) else text
        for first in (0x00, 0x11, 0x22, 0x31):
            put(out, "page", f"{name}-{first:02x}", bytes([first]) + data)
    for name, text in ROLLS.items():
        for first in (b"\x00", b"\x01", b"\x05", b"\x80", b"\x83"):
            put(out, "roll", f"{name}-{first[0]}", first + text.encode())
    for name, text in HUBS.items():
        put(out, "hub", name, text)
    for name, text in WARCS.items():
        put(out, "warc", name, text)
        put(out, "warc", f"{name}.gz", gzip.compress(text.encode(), mtime=0))
    for name, text in archives().items():
        for first in (1, 200):
            put(out, "reread", f"{name}-{first}", bytes([first]) + text.encode())
        put(out, "reread", f"{name}.gz", b"\x01" + gzip.compress(text.encode(), mtime=0))
    put(out, "reread", "all", b"\x04" + "".join(archives().values()).encode())
    for name, text in OPTS.items():
        put(out, "opts", name, text)
    for name in ("orgs", "topics"):
        with open(f"jobs/{name}.csv", encoding="utf-8") as f:
            lines = f.read().splitlines()
        header = next(line for line in lines if line and not line.startswith("#"))
        put(out, "tables", name, "\n".join([header, *lines[-40:]]) + "\n")
    put(out, "tables", "broken", 'namespace,parent,country,sector,source\n"a,b\n\x00,\xff')
    for i, kind in enumerate(("models", "datasets")):
        path = f"{recorded}/{kind}.jsonl.gz"
        if os.path.exists(path):
            with gzip.open(path, "rt", encoding="utf-8") as f:
                rows = [json.loads(next(f)) for _ in range(60)]
            for k in range(0, 60, 10):
                put_recorded(out, i, kind, k, rows[k : k + 10])
    for name, text in POINTS.items():
        put(out, "points", name, text)
    for target, make in (("census", census), ("known", known)):
        os.makedirs(f"{out}/{target}", exist_ok=True)
        try:
            make(f"{out}/{target}/small")
        except ImportError:
            print(f"no h5py: no seed for the target {target}", file=sys.stderr)
    os.makedirs(f"{out}/shard", exist_ok=True)
    os.makedirs(f"{out}/accounts", exist_ok=True)
    os.makedirs(f"{out}/warc", exist_ok=True)
    for path in shards:
        shutil.copy(path, f"{out}/shard/")


main()
