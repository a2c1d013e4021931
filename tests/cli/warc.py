# SPDX-License-Identifier: Apache-2.0
"""WARC files read barely, by nothing of ours, for the tests."""

import gzip


def records(path):
    """Each record as (fields, block), the names of the fields in lower case; every record has to end where it says."""
    with gzip.open(path, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        end = data.index(b"\r\n\r\n", at)
        lines = data[at:end].decode("utf-8").split("\r\n")
        if lines[0] not in ("WARC/1.0", "WARC/1.1"):
            raise ValueError(f"no WARC record: {lines[0]!r}")
        fields = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        n = int(fields["content-length"])
        at = end + 4 + n
        if data[at : at + 4] != b"\r\n\r\n":
            raise ValueError("a record does not end where it says")
        yield fields, data[end + 4 : at]
        at += 4


def notes(fields):
    """The words of a record's note: what, kind, order, lo, hi, limit, flags, chain; [] without one."""
    return fields.get("hubcensus-note", "").split()
