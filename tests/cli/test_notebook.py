# SPDX-License-Identifier: Apache-2.0
"""jobs/notebook/hubcensus.py: its data frames say what h5py says, hostile files are refused, exports are harmless."""

import csv
import json
import os
import re
import shutil
import sys

import h5py
import numpy
import pandas

from tap import UNTIL, Hub, Run, crawl, digest, load, main, ok, reduce, same, scratch, skip

SOURCE = "jobs/notebook/hubcensus.py"
sys.path.insert(0, os.path.dirname(SOURCE))
import hubcensus  # noqa: E402

FOLDER = scratch()
PATH = f"{FOLDER}/census.h5"
N = {"models": 3000, "datasets": 800, "spaces": 600}
TIME = "s since 1970-01-01T00:00:00Z"


def export(*args):
    return Run([sys.executable, "-B", SOURCE, "export", *args], timeout=60)


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def raised(call):
    """The text of the ValueError, or what came instead."""
    try:
        return f"no error: {call()!r}"
    except ValueError as e:
        return str(e)


def plain(x):
    """A dataset as a list of str, int, float, Timestamp, bool or None, by h5py and its attributes alone, a value at a time."""
    unit, missing, labels = (x.attrs.get(a, b"").decode() for a in ("unit", "missing", "labels"))
    names = x.file[labels].asstr()[:] if labels else None
    for v in x.asstr()[:] if x.dtype.kind == "S" else x[:].tolist():
        if (missing == "empty string" and v == "") or str(v) == missing or v != v:
            yield None
        elif labels:
            yield names[v]
        elif unit == TIME:
            yield pandas.Timestamp(v, unit="s", tz="UTC")
        else:
            yield bool(v) if x.dtype == "int8" else v


def cells(column):
    return [None if pandas.isna(v) else v for v in column.tolist()]


def unlike(frame, group):
    """The columns of a frame that do not say what the datasets of the group say."""
    return [name for name in frame.columns if cells(frame[name]) != list(plain(group[name]))]


def take():
    with Hub(*[x for k, n in N.items() for x in (f"--{k}", n)], "--until", UNTIL, "--seed", 5, "--fault", "poison@2%") as hub:
        c = crawl(2, hub.url, FOLDER)
        r = reduce(2, FOLDER)
    ok(c.code in (0, 5) and r.code in (0, 5), "a census with hostile records is taken", c, r)


def tables():
    wanted = {"i": "Int64", "flag": "boolean", "S": "string", "code": "category", "time": "datetime64[ns, UTC]", "f": "float64"}
    census = hubcensus.open(PATH)
    with h5py.File(PATH) as f:
        for kind in (*N, "orgs", "windows", "quarantine"):
            frame, group = getattr(census, kind)(), f[kind]
            columns = [k for k, x in group.items() if isinstance(x, h5py.Dataset)]
            same(list(frame.columns), columns, f"{kind}: a column for each dataset, none for a list")
            same(unlike(frame, group), [], f"{kind}: every cell is what h5py says, {int(frame.isna().sum().sum())} NA")
            same(frame.attrs["units"], {k: group[k].attrs["unit"].decode() for k in columns}, f"{kind}: units")
            for name in columns:
                x = group[name]
                what = "code" if "labels" in x.attrs else "time" if x.attrs["unit"].decode() == TIME else "flag" if x.dtype == "int8" else x.dtype.kind
                if str(frame[name].dtype) != wanted[what]:
                    ok(False, f"{kind}/{name} is {frame[name].dtype}, not {wanted[what]}")
        same(census.info["t0"], UNTIL, "info")
    models = census.models(columns=["downloads", "id", "created_at"])
    same(list(models.columns), ["downloads", "id", "created_at"], "columns on demand, in the order asked for")
    same(models["created_at"].max() <= pandas.Timestamp(UNTIL), True, "dates compare as dates")
    same(list(census.models("id").columns), ["id"], "one name is one column")
    ok(len(census.quarantine()) > 0, "there are hostile records")
    why = raised(lambda: census.models(columns=["id", "nonsense"]))
    ok("'nonsense'" in why and "downloads" in why and "\n" not in why, "a column that is not there: one line with those that are", why)
    ok("'nonsense'" in raised(lambda: census.table("nonsense")), "a table that is not there")
    for name in ("models", "datasets", "spaces", "orgs", "windows", "quarantine", "figure", "table"):
        ok(getattr(hubcensus.Census, name).__doc__, f"{name} has a docstring")
    ok("30 days" in hubcensus.Census.models.__doc__ and "parameters" in hubcensus.Census.models.__doc__, "with units")
    census.close()


def lists():
    census = hubcensus.open(PATH)
    with h5py.File(PATH) as f:
        for kind, name in (("models", "tags"), ("models", "base_models"), ("datasets", "tags"), ("spaces", "tags")):
            frame, group = census.table(kind, columns=["_id", name]), f[f"{kind}/{name}"]
            codes, offsets = group["codes"][:], group["offsets"][:]
            labels = f[group["codes"].attrs["labels"]].asstr()[:]
            same([list(v) for v in frame[name]], [list(labels[codes[i:j]]) for i, j in zip(offsets, offsets[1:])], f"{kind}/{name} row by row")
            long = frame.explode(name).dropna()
            same(long[name].tolist(), labels[codes].tolist(), f"{kind}/{name} explodes")
            same(long["_id"].value_counts().sum(), len(codes), f"{kind}/{name}: a row for each element")
    census.close()


def figures():
    census, figure = hubcensus.open(PATH), load(FOLDER)["figures"]
    listed = census.figures.set_index("key")
    same(sorted(listed.index), sorted(figure), "figures lists them all")
    same(listed["status"].to_dict(), {k: v["status"] for k, v in figure.items()}, "with their status")
    same(listed["why"].dropna().to_dict(), {k: v["why"] for k, v in figure.items() if "why" in v}, "and why it is not ok")
    with h5py.File(PATH) as f:
        for key in figure:
            frame, group = census.figure(key), f[f"figures/{key}"]
            found = []
            group.visititems(lambda name, x, found=found: found.append(name) if isinstance(x, h5py.Dataset) else None)
            if list(frame.columns) != found or unlike(frame, group) or frame.attrs["status"] != figure[key]["status"]:
                ok(False, f"figure {key}", list(frame.columns), found, unlike(frame, group), frame.attrs)
        empty = [k for k in figure if not len(census.figure(k).columns)]
        same(empty, [k for k, v in figure.items() if v["status"] == "not available"], f"{len(figure)} figures; only what is not available is empty")
    same(int(census.figure("totals.models")["value"][0]), figure["totals.models"]["value"], "a figure is census.json's")
    json.dumps(census.figure("totals.models").attrs)
    census.close()


def crafted():
    """A file with everything that a cell can be, as the programs would write it."""
    path = f"{scratch()}/crafted.h5"
    nasty = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "fine", "'=quoted", 'a,"b"\r=c\n=d', "", "naïve 模型 🤗", " =1", "\n=1", "＝1", "\ufeff=1", "a;=1; -2;b-1", "a=b", "1-2", "a@b", "\x0b+1", "=cmd|' /C calc'!A0/x"]
    with h5py.File(path, "w") as f:

        def put(name, x, unit="1", missing="-1", **attrs):
            d = f.create_dataset(name, data=x)
            for k, v in {"unit": unit, "missing": missing, **attrs}.items():
                d.attrs[k] = numpy.bytes_(v)

        def text(values):
            return numpy.array([v.encode() for v in values])

        n = len(nasty)
        put("orgs/name", text(nasty), missing="empty string")
        put("orgs/code", numpy.array([*range(n - 1), -1], "i4"), labels="/orgs/labels/code")
        put("orgs/labels/code", text([v or "-" for v in nasty]), missing="never missing")
        put("orgs/count", numpy.array([0, -1, -5, 2**63 - 1] + [1] * (n - 4), "i8"))
        put("orgs/other", numpy.array([0, -1, -9] + [1] * (n - 3), "i8"), missing="-9")
        put("orgs/flag", numpy.array([0, 1, -1] + [0] * (n - 3), "i1"))
        put("orgs/time", numpy.array([0, -1, 1646263744, 253402300799, -(2**63)] + [5] * (n - 5), "i8"), unit=TIME)
        put("orgs/share", numpy.array([0.5, numpy.nan, numpy.inf] + [0.25] * (n - 3)), missing="NaN")
        put("orgs/words/offsets", numpy.array([0, 2, *[2] * (n - 1), 3], "i8")[: n + 1], missing="no element")
        put("orgs/words/codes", numpy.array([0, 6], "i4"), missing="no element", labels="/orgs/labels/code")
        f["orgs"].attrs["rows"] = n
        f.create_group("figures")
    return path, nasty


def cells_of_all_kinds():
    path, nasty = crafted()
    frame = hubcensus.open(path).orgs()
    same(cells(frame["name"]), [v or None for v in nasty], "texts as they are, the empty one NA")
    same(cells(frame["code"])[-1], None, "a category that is absent")
    same(cells(frame["count"])[:4], [0, None, -5, 2**63 - 1], "counts are exact and negative ones are no NA")
    same(cells(frame["other"])[:3], [0, -1, None], "what is missing is what the attribute says")
    same(cells(frame["flag"])[:3], [False, True, None], "flags")
    same([str(v) for v in frame["time"][:5]], ["1970-01-01 00:00:00+00:00", "NaT", "2022-03-02 23:29:04+00:00", "NaT", "NaT"], "dates; the year 9999 is NaT")
    same(frame["share"].isna().sum(), 1, "shares")


def csv_is_harmless():
    path, nasty = crafted()
    out = f"{os.path.dirname(path)}/orgs.csv"
    r = export(path, "orgs", out)
    ok(r.code == 0 and r.out == r.err == "", "export to CSV", r)
    head, *rows = rows_of(out)
    want = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "fine", "'=quoted", 'a,"b"\r\'=c\n\'=d', "", "naïve 模型 🤗"]
    want += ["' =1", "'\n'=1", "'＝1", "'\ufeff=1", "a;'=1;' -2;b-1", "a=b", "1-2", "a@b", "'\x0b+1", "'=cmd|' /C calc'!A0/x"]
    same([row[head.index("name")] for row in rows], want, "texts that a spreadsheet would execute are quoted, others are as they were")
    same([row[head.index("code")] for row in rows][:9], want[:9], "categories too")
    same([row[head.index("count")] for row in rows][:3], ["0", "", "-5"], "numbers are not touched, NA is empty")
    same([row[head.index("time")] for row in rows][:3], ["1970-01-01T00:00:00Z", "", "2022-03-02T23:29:04Z"], "times in ISO 8601, UTC")
    unquoted = [c for row in rows for cell in row for c in re.split(r"[;\t\r\n]", cell) if re.match(r"[\s\ufeff]*[=+@＝＋－＠]", c)]
    same(unquoted, [], "whatever a reader takes for the end of a cell")
    with h5py.File(path, "r+") as f:
        f.move("orgs/flag", "orgs/=cmd|' /C calc'!A0")
    export(path, "orgs", out)
    ok("'=cmd|' /C calc'!A0" in rows_of(out)[0], "nor is the name of a column a formula")
    export(path, "orgs", out, "count", "words")
    same(rows_of(out)[1:3], [["0", "'=1+1"], ["0", "fine"]], "a list named: a row for each element")


def exports():
    out = f"{scratch()}/table.csv"
    census = hubcensus.open(PATH)
    for table in ("models", "spaces", "quarantine", "windows", "figures", "growth.top", "totals.by_period"):
        r = export(PATH, table, out)
        if not ok(r.code == 0 and r.err == "", f"export {table}", r):
            continue
        frame = census.figures if table == "figures" else census.table(table)
        head, *rows = rows_of(out)
        ok(head == list(frame.columns) and len(rows) == len(frame), f"{table}: every row, {len(rows)}")
        bad = [v for row in rows for v, t in zip(row, frame.dtypes) if str(t) in ("string", "category") and v[:1] in tuple("=+-@\t\r") and v]
        same(bad, [], f"{table}: no text that a spreadsheet would execute")
    r = export(PATH, "completeness.audit", out)
    ok(r.code == 4 and "not available: no second pass" in r.err and r.err.count("\n") == 1, "a figure that is not available says why", r)
    r = export(PATH, "nonsense", out)
    ok(r.code == 4 and "'nonsense'" in r.err and r.err.count("\n") == 1, "no such table: one line", r)
    r = export(f"{FOLDER}/census.json", "models", out)
    ok(r.code == 4 and r.err.count("\n") == 1, "not an HDF5 file: one line", r)
    r = export(f"{FOLDER}/no-such-file", "models", out)
    ok(r.code == 4 and r.err.count("\n") == 1, "no file: one line", r)
    r = export(PATH, "models")
    ok(r.code == 2 and "export CENSUS TABLE FILE" in r.err, "too few arguments: usage", r)
    refusals()
    out = f"{scratch()}/table.parquet"
    r = export(PATH, "models", out)
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        ok(r.code == 4 and "pyarrow" in r.err and "pip" in r.err and r.err.count("\n") == 1, "Parquet without pyarrow: one line how to get it", r)
        skip("Parquet is read back", "pyarrow is not installed")
        return
    ok(r.code == 0, "export to Parquet", r)
    same(pandas.read_parquet(out)["id"].tolist(), census.models("id")["id"].tolist(), "Parquet is read back")


def refusals():
    """What is asked for in a wrong way: one line that names it, no traceback, no file."""
    place = scratch()
    with h5py.File(f"{place}/other.h5", "w") as f:
        f["x"] = [1]
    with open(PATH, "rb") as f, open(f"{place}/cut.h5", "wb") as g:
        g.write(f.read(20000))
    with open(f"{place}/empty.h5", "wb"):
        pass
    out, shard = f"{place}/out.csv", f"{FOLDER}/shards/{sorted(n for n in os.listdir(f'{FOLDER}/shards') if n.endswith('.h5'))[0]}"
    wrong = [((census, "models", out), 4, f"'{census}") for census in (f"{FOLDER}/census.json", f"{FOLDER}/shards", f"{place}/nowhere", place, "/dev/null", shard, *(f"{place}/{n}.h5" for n in ("other", "cut", "empty")))]
    wrong += [((PATH, table, out), 4, f"'{table}'") for table in ("nonsense", "", "/", ".", "..", "models/id", "models/tags", "models/labels", "changes")]
    wrong += [((PATH, "models", f"{place}/{name}"), 2, f"{name}' ends neither in .csv nor in .parquet") for name in ("x.xlsx", "x", "x.csv.gz", "csv")]
    wrong += [((PATH, "models", PATH), 2, "ends neither"), ((PATH, "models", f"{place}/no/x.csv"), 4, "no"), ((PATH, "models", out, "id", "nonsense"), 4, "'nonsense'"), ((PATH, "figures", out, "key"), 2, "'figures'"),
              ((PATH, "models", out, "labels"), 4, "'labels'")]
    before, bad = digest(FOLDER), []
    for args, code, words in wrong:
        said = raised_by(*args)
        if said[0] != code or words not in said[1] or "\n" in said[1] or os.path.exists(out):
            bad.append((args, said))
    same(bad, [], f"{len(wrong)} things that are not offered")
    same(digest(FOLDER), before, "and the census is as it was")
    for args in ((f"{FOLDER}/census.json", "models", out), (PATH, "models", f"{place}/x.xlsx")):
        r = export(*args)
        ok(r.code == raised_by(*args)[0] and r.err.count("\n") == 1 and "Traceback" not in r.err and r.out == "", f"{os.path.basename(args[2])} of {os.path.basename(args[0])} on the command line", r)
    r = export(FOLDER, "orgs", out)
    ok(r.code == 0 and r.err == "" and len(rows_of(out)) > 100, "a census is its folder, too", r)
    r, none = Run([sys.executable, "-B", SOURCE, "--help"]), Run([sys.executable, "-B", SOURCE])
    ok((r.code, r.err, none.code, none.out) == (0, "", 2, "") and "hubcensus.py export" in r.out == none.err, "--help is no error, no argument is one", r, none)
    r = Run([sys.executable, "-B", "-I", "-S", SOURCE, "export", PATH, "orgs", out])
    ok(r.code == 4 and "h5py" in r.err and "pip install" in r.err and r.err.count("\n") == 1, "a Python without h5py: one line how to get it", r)


def raised_by(*args):
    """Exit code and line of an export, as the command line has them, without a Python for each."""
    try:
        return 0, f"no error: {hubcensus.export(*args)}"
    except (ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError) as e:
        return 2 if isinstance(e, NotImplementedError) else 4, " ".join(str(e).split())


def hostile():
    """Each file leads to a FIFO: who opened it would wait for ever."""
    folder = scratch()
    os.mkfifo(f"{folder}/trap")

    def soft(f):
        f["models/secret"] = h5py.SoftLink("/models/id")

    def external(f):
        f["models/secret"] = h5py.ExternalLink(f"{folder}/trap", "/x")

    def storage(f):
        f.create_dataset("figures/totals.models/secret", shape=(10,), dtype="S8", external=[(f"{folder}/trap", 0, 80)])

    def virtual(f):
        layout = h5py.VirtualLayout(shape=(10,), maxshape=(None,), dtype="i8")
        layout[:10] = h5py.VirtualSource(f"{folder}/trap", "x", shape=(10,), maxshape=(None,))
        f["models"].create_virtual_dataset("secret", layout)

    for what, words in ((soft, "a soft link"), (external, "an external link"), (storage, "external storage"), (virtual, "a virtual dataset")):
        path = f"{folder}/{what.__name__}.h5"
        shutil.copyfile(PATH, path)
        with h5py.File(path, "r+") as f:
            what(f)
        try:
            r = export(path, "orgs", f"{folder}/out.csv")
            ok(r.code == 4 and f"'{path}' holds {words} and was not read" in r.err and r.err.count("\n") == 1, f"{words} is refused in one line", r)
            same(os.path.exists(f"{folder}/out.csv"), False, f"{words}: nothing is written")
        except Exception as e:  # pylint: disable=broad-except
            ok(False, f"{words} is refused", e)
        why = raised(lambda path=path: hubcensus.open(path))
        ok(words in why and "\n" not in why, f"{words}: a ValueError of one line", why)


def loop():
    """A group that holds itself is walked once."""
    path = f"{scratch()}/loop.h5"
    shutil.copyfile(PATH, path)
    with h5py.File(path, "r+") as f:
        f["models/again"] = f["models"]
    same(len(hubcensus.open(path).models("id")), N["models"], "a group that holds itself is walked once")


def one_file():
    with open(SOURCE, encoding="utf-8") as f:
        lines = f.read().splitlines()
    ok(len(lines) <= 120 and max(map(len, lines)) <= 150, f"{len(lines)} lines, of {max(map(len, lines))} characters at most")
    folder = scratch()
    shutil.copy(SOURCE, folder)
    code = f"import sys; sys.path.insert(0, {folder!r}); import hubcensus; print(len(hubcensus.open({os.path.abspath(PATH)!r}).spaces(['id'])))"
    r = Run([sys.executable, "-B", "-I", "-c", code], cwd=folder)
    same((r.code, r.out), (0, f"{N['spaces']}\n"), "imported as a single file, from anywhere")


def pip():
    if Run([sys.executable, "-c", "import setuptools, wheel, pip"]).code:
        return skip("installed with pip", "pip, setuptools or wheel is not there")
    folder = scratch()
    shutil.copytree(os.path.dirname(SOURCE), f"{folder}/source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    r = Run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "--target", f"{folder}/site", f"{folder}/source"])
    ok(r.code == 0 and os.path.exists(f"{folder}/site/hubcensus.py"), "installed with pip from its folder, without a network", r)


main(take, tables, lists, figures, cells_of_all_kinds, csv_is_harmless, exports, hostile, loop, one_file, pip)
