# SPDX-License-Identifier: Apache-2.0
"""The shards of accounts of a census folder, merged by the law of io/account.h in plain Python, to be compared with the stand-in's truth."""

import collections
import datetime
import glob

import h5py

# In the order of the bits; the names are those of --truth.
SOURCES = ["owners", "members", "organization_followers", "followers", "following", "overview", "likers", "earlier"]
TYPES = ["unknown", "user", "organization"]
LISTS = ["overview", "members", "organization_followers", "followers", "following", "likers", "likers", "likers"]
OVERVIEW, MEMBERS, ORG_FOLLOWERS, FOLLOWERS, FOLLOWING = range(5)


def texts(group, name):
    off, data = group[name + "off"][:], group[name + "bytes"][:].tobytes()
    return [data[a:b].decode() for a, b in zip(off[:-1], off[1:])]


class Account:
    def __init__(self):
        self.name, self.oid, self.type, self.sources, self.done, self.refused, self.followers = None, b"", 0, 0, 0, 0, -1


def read(folder, pattern="shards/users-*.h5"):
    """Accounts by key; lists that have begun; sums of what was asked; whether names are hashes."""
    accounts, begun, hashed = {}, {}, False
    asked, counters = collections.Counter(), collections.Counter()
    for path in sorted(glob.glob(f"{folder}/{pattern}")):
        with h5py.File(path) as f:
            hashed |= bool(f.attrs["key_id"])
            g = f["accounts"]
            columns = [g[c][:].tolist() for c in ("type", "sources", "done", "refused", "followers")]
            for name, oid, kind, sources, done, refused, followers in zip(texts(g, "name_"), g["oid"][:], *columns):
                a = accounts.setdefault(name.lower(), Account())
                a.name = min(name, a.name or name)
                a.oid = max(a.oid, oid.tobytes())
                a.type, a.followers = max(a.type, kind), max(a.followers, followers)
                a.sources |= sources
                a.done |= done
                a.refused |= refused
            g = f["lists"]
            for whose, what, state in zip(texts(g, "whose_"), g["list"][:].tolist(), g["state"][:].tolist()):
                begun[what, whose.lower()] = max(state, begun.get((what, whose.lower()), 0))
            for what, row in zip(LISTS, f["asked"][:].tolist()):
                asked.update({f"{what} pages": row[0], f"{what} rows": row[1], f"{what} done": row[2], f"{what} refused": row[3]})
            counters["requests"] += int(f["counters"][0])
            counters["refused"] += int(f["counters"][14])
    return accounts, begun, asked, counters, hashed


def year(oid):
    return str(datetime.datetime.fromtimestamp(int.from_bytes(oid[:4], "big"), datetime.timezone.utc).year)


def by_type(accounts):
    users, orgs = sum(a.type == 1 for a in accounts), sum(a.type == 2 for a in accounts)
    return {"all": users + orgs, "user": users, "organization": orgs}


def figures(accounts):
    """What --truth says of the accounts that can be observed."""
    captures, years = collections.Counter(), collections.defaultdict(list)
    for a in accounts.values():
        if a.type == 1:
            captures[str((a.sources & 0x7F).bit_count())] += 1
        if any(a.oid):
            years[year(a.oid)].append(a)
    return {
        "observable": by_type(accounts.values()),
        "owners": sum(a.sources & 1 for a in accounts.values()),
        "by_source": {s: sum(a.sources >> i & 1 for a in accounts.values()) for i, s in enumerate(SOURCES[:7])},
        "captures": {str(k): captures[str(k)] for k in range(1, 8)},
        "by_year": {y: by_type(v) for y, v in sorted(years.items())},
    }


def wanted(truth):
    return {
        "observable": truth["observable"],
        "owners": truth["owners"],
        "by_source": {s: v["accounts"] for s, v in truth["by_source"].items()},
        "captures": truth["captures"],
        "by_year": truth["by_year"],
    }

