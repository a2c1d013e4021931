# SPDX-License-Identifier: Apache-2.0
"""Replies that are made to hurt, and a program whose memory is told."""

import itertools
import json
import zlib

from tap import BUILD, PLAIN, Run

RSS_MB = 500 if PLAIN else 4000  # crawler/fetch.h, FETCH_BODY_MAX; a sanitizer keeps what is freed
TERMINAL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u061c"

MEASURE = """import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("RSS", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)
"""


def measured(*words, program="hubcrawl"):
    """On one rank without mpirun, so that its memory can be told."""
    return Run(["/usr/bin/python3", "-c", MEASURE, f"{BUILD}/{program}", *words], env={"OMPI_MCA_btl": "self"})


def rss(run):
    return int(run.out.rsplit("RSS ", 1)[1]) if "RSS " in run.out else 10**6


def clean(text):
    return all(ch.isprintable() or ch in "\n\t\r" for ch in text)


def gzip_of(pieces):
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(z.compress(p) for p in pieces) + z.flush()


def headers(handler, *more):
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    for name, text in more:
        handler.send_header(name, text)
    handler.end_headers()


BOMB = gzip_of([bytes(1 << 20)] * 1024)


def bomb(handler):
    headers(handler, ("content-encoding", "gzip"), ("content-length", str(len(BOMB))))
    handler.wfile.write(BOMB)


def endless(handler):
    headers(handler, ("connection", "close"))
    while True:
        handler.wfile.write(b"[" + b" " * 65536)


def many_headers(handler):
    handler.send_response(200)
    for i in range(160):
        handler.send_header(f"x-{i}", "y" * 65000)
    handler.end_headers()
    handler.wfile.write(b"[]")


def one_string(handler):
    n = 200 << 20
    headers(handler, ("content-length", str(n + 4)))
    handler.wfile.write(b'["')
    for _ in range(n >> 20):
        handler.wfile.write(b"a" * (1 << 20))
    handler.wfile.write(b'"]')


EMPTY_LISTS = b"[" + b"[]," * (10 << 20) + b"[]]"

# Instead of a page: bytes, or a callable that writes the reply.
REPLIES = {
    "a gzip bomb of 1 GB": bomb,
    "a body without end": endless,
    "10 MB of headers": many_headers,
    "a string of 200 MB": one_string,
    "100,000 nested brackets": b"[" * 100000 + b"]" * 100000,
    "a string of 30 MB": b'["' + b"a" * (30 << 20) + b'"]',
    "30 MB of empty lists": EMPTY_LISTS,
    "gzip that is none": lambda h: (headers(h, ("content-encoding", "gzip"), ("content-length", "9")), h.wfile.write(b"not gzip!")),
    "a body shorter than said": lambda h: (headers(h, ("content-length", "1000")), h.wfile.write(b"[]")),
}


def swollen(row, rows, tags):
    """The rows as a page in which one has these tags, given as JSON: too many to build them as a list."""
    rows[row]["tags"] = ["@tags@"]
    return json.dumps(rows).encode().replace(b'"@tags@"', b",".join(tags))


# Of a list page, by its number: a record of up to 30 MB, all of them good JSON, and how many of its elements are refused.
SWOLLEN = {
    "15 million tags that are numbers": (lambda n: itertools.repeat(b"1", 15_000_000), 15_000_000),
    "3 million tags that hold a NUL": (lambda n: itertools.repeat(b'"\\u0000"', 3_000_000), 3_000_000),
    "3 million tags that no other page has": (lambda n: (b'"%x"' % (n << 22 | i) for i in range(3_000_000)), 0),
}
