# SPDX-License-Identifier: Apache-2.0
"""A census of the Hugging Face Hub (census.h5) as pandas data frames. One file; needs h5py and pandas.

    census = hubcensus.open("my-census")                        # the folder, or its census.h5
    census.models(columns=["id", "created_at", "downloads"]).nlargest(3, "downloads")
    census.figures, census.figure("concentration.shares")       # what there is (status, why, unit, definition), and one of them
    python3 hubcensus.py export CENSUS TABLE FILE [COLUMN...]   # TABLE: models, orgs …, figures, or a figure's key; FILE: .csv or .parquet

What is absent is NA: counts are Int64, flags boolean, texts string, categories categorical, times datetimes in UTC, shares floats.
frame.attrs["units"] has each column's unit. Lists are read only when named: columns=["id", "tags"], then frame.explode("tags").
In CSV a ' stands before what a spreadsheet would execute. Exit codes: 0 written, 2 usage, 4 failed, why is then the one line on stderr."""
import os
import sys
try:
    import h5py, numpy, pandas  # noqa: E401
except ImportError as e:
    if __name__ == "__main__":
        sys.exit(print(f"hubcensus.py: {e}; Debian: apt-get install python3-h5py python3-pandas; pip install h5py pandas", file=sys.stderr) or 4)
    raise

def _attributes(x):
    return {k: v.decode("utf-8", "replace") if isinstance(v, bytes) else v.tolist() if hasattr(v, "tolist") else str(v) for k, v in x.attrs.items()}

def _strings(x, step=1 << 18):  # a decode for each takes a fifth of the time of numpy.char.decode
    return numpy.array([s.decode("utf-8", "backslashreplace") for i in range(0, len(x), step) for s in x[i:i + step].tolist()], object)

def _column(x):
    if isinstance(x, h5py.Group):  # a list: `offsets`, one more than there are rows, into `codes`; each a view, as lists would wake the collector
        codes, at = numpy.asarray(_column(x["codes"]), object), x["offsets"][:].tolist()
        return pandas.Series([codes[i:j] for i, j in zip(at, at[1:])], dtype=object)
    kind, about = x.dtype.kind, {"missing": "", "unit": "", "labels": "", **_attributes(x)}
    data = _strings(x) if kind == "S" else x[:]
    absent = data == ("" if about["missing"] == "empty string" else int(about["missing"]) if about["missing"].lstrip("-").isdigit() else numpy.nan)
    if kind == "S":
        return pandas.array(numpy.where(absent, pandas.NA, data), dtype="string")
    if about["labels"]:
        return pandas.Categorical.from_codes(numpy.where(absent, -1, data), _strings(x.file[about["labels"]]))
    if about["unit"].startswith("s since 1970-01-01"):  # what nanoseconds cannot tell, before 1677 and after 2262, is NaT
        when = numpy.where(absent | (abs(data) > 9223372035), numpy.datetime64("NaT", "s"), data.astype("M8[s]"))
        return pandas.DatetimeIndex(when.astype("M8[ns]"), tz="UTC")
    return data if kind == "f" else pandas.arrays.BooleanArray(data != 0, absent) if x.dtype == "i1" else pandas.arrays.IntegerArray(data, absent)

def _table(name, doc):
    def read(self, columns=None):
        return self.table(name, columns)
    read.__doc__ = doc + " `columns`: which to read; None: all but lists."
    return read

class Census:
    """A census in a file. `info`: hub, t0, complete, version; `figures`: each one's key, status (ok, partial, not available), why, unit,
    definition. ValueError, before any dataset is read, if the file has links or storage that would make its reader open another."""
    models = _table("models", "In order of creation. downloads: in the 30 days before the request; downloads_all_time: since creation; likes: "
                    "likes; safetensors_total, gguf_total: parameters; created_at, last_modified: UTC; lists: tags, base_models (their _id).")
    datasets, spaces = [_table(kind, "In order of creation; columns and units as of models; list: tags.") for kind in ("datasets", "spaces")]
    orgs = _table("orgs", "The table that classified. country: ISO 3166-1; a row holds from `from` until before `to`, UTC.")
    windows = _table("windows", "Spans (lo, hi] of _id: covered, suspect or gap.")
    quarantine, users = _table("quarantine", "Records and members not understood, and why."), _table("users", "Accounts observed, in order of _id.")
    def __init__(self, path):
        def look(name, link):
            if link.type != h5py.h5l.TYPE_HARD:
                return "a soft link" if link.type == h5py.h5l.TYPE_SOFT else "an external link"
            how = x.get_create_plist() if isinstance(x := h5py.h5o.open(file.id, name), h5py.h5d.DatasetID) else None
            return how and ("external storage" if how.get_external_count() else "a virtual dataset" if how.get_layout() == h5py.h5d.VIRTUAL else None)
        path = os.path.join(path, "census.h5") if os.path.isdir(path) else path
        if not os.path.isfile(path) or not h5py.is_hdf5(path):  # of a pipe nothing is read
            raise ValueError(f"'{path}' is no census" + (", being no HDF5 file" if os.path.exists(path) else ": it is not there"))
        try:
            file = h5py.File(path, "r")
        except OSError as e:
            raise OSError(f"'{path}' is damaged: {e}") from None
        root = file["/"].id  # `links` keeps no reference
        if why := root.links.visit(look, info=True) or file.get("figures", getclass=True) is not h5py.Group and "no figures of a census":
            raise ValueError(f"'{path}' holds {why} and was not read")
        self._file, self.info, self.close = file, _attributes(file), file.close
        rows = [{"key": key, **_attributes(group)} for key, group in file["figures"].items()]
        self.figures = pandas.DataFrame(rows, columns=["key", "status", "why", "unit", "definition", "counter"], dtype="string")
    def table(self, name, columns=None):
        """A table by its name or a figure by its key (without columns if not available); .attrs: unit, status, why, definition, `units`."""
        group, found = name and isinstance(name, str) and (self._file.get(name) or self._file.get(f"figures/{name}")), {}
        if not isinstance(group, h5py.Group):
            raise ValueError(f"'{self._file.filename}' has no table or figure '{name}'")
        group.visititems(found.__setitem__)
        apart = {"labels", *(k for k in found if f"{k}/offsets" in found)}
        plain = [k for k, x in found.items() if isinstance(x, h5py.Dataset) and k.split("/")[0] not in apart]
        columns = plain if columns is None else [columns] if isinstance(columns, str) else list(columns)
        if unknown := set(columns) - {*plain, *apart - {"labels"}} or len({found[k].shape for k in columns if k in plain}) > 1:
            raise ValueError(f"'{name}' " + (f"is no table, but holds {sorted(group)}" if unknown is True else
                                             f"has no {sorted(unknown)}, but {plain + sorted(apart - {'labels'})}"))
        frame = pandas.DataFrame({k: _column(found[k]) for k in columns}, copy=False)
        frame.attrs = {**_attributes(group), "units": {k: _attributes(found.get(f"{k}/codes", found[k])).get("unit") for k in columns}}
        return frame
    figure = table

START = r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])"  # of a formula; ; ends a cell for some
def export(path, table, file, *columns):
    """Write a table or figure: Parquet, or CSV (RFC 4180, a row per list element) with a ' before what a spreadsheet would execute."""
    if not file.lower().endswith((".csv", ".parquet")) and not file.startswith("/dev/"):
        raise NotImplementedError(f"'{file}' ends neither in .csv nor in .parquet")
    if table == "figures" and columns:
        raise NotImplementedError("'figures' is exported with all its columns")
    frame = open(path).figures if table == "figures" else open(path).table(table, columns or None)
    if not len(frame.columns):
        raise ValueError(f"'{table}' is {frame.attrs.get('status')}: {frame.attrs.get('why')}")
    if file.lower().endswith(".parquet"):
        return frame.to_parquet(file, engine="pyarrow", index=False)  # says how to get pyarrow
    for key in frame.select_dtypes(object):
        frame = frame.explode(key, ignore_index=True)
    for key in frame.select_dtypes(["string", "category", object]):
        frame[key] = frame[key].astype("string").str.replace(START, "'", regex=True)
    frame.to_csv(file, index=False, header=frame.columns.str.replace(START, "'", regex=True), lineterminator="\r\n", date_format="%Y-%m-%dT%H:%M:%SZ")

open = Census
if __name__ == "__main__":
    if "--help" in sys.argv[1:2]:
        sys.exit(print(__doc__))
    try:
        sys.exit(export(*sys.argv[2:]) if sys.argv[1:2] == ["export"] and len(sys.argv) > 4 else print(__doc__, file=sys.stderr) or 2)
    except (ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError) as e:
        sys.exit(print("hubcensus.py:", *str(e).split(), file=sys.stderr) or (2 if isinstance(e, NotImplementedError) else 4))
