# SPDX-License-Identifier: Apache-2.0
"""Census files and shards as a forger would make them: changed, and their stamp made good again."""

import ctypes
import ctypes.util
import zlib


def stamp(path, what="census"):
    """Make the checksum good again, as a forger would."""
    data = open(path, "rb").read()
    lib = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
    lib.XXH3_64bits.restype = ctypes.c_uint64
    first = f"hubcensus {what} 1\n".encode()
    hashed = first + data[512:]
    head = first + f"xxh3-64 {lib.XXH3_64bits(hashed, ctypes.c_size_t(len(hashed))):016x}\nbytes {len(data)}\n".encode()
    with open(path, "r+b") as f:
        f.write(head.ljust(512, b"\0"))


def replace(f, name, data, **kw):
    del f[name]
    f.create_dataset(name, data=data, **kw)


def bomb(f, table="models", names=("_id", "id")):
    """Columns of 10^12 rows that take no room."""
    f[table].attrs["rows"] = 10**12
    for name in names:
        del f[f"{table}/{name}"]
        f[table].create_dataset(name, shape=(10**12,), chunks=(65536,), dtype="S24", compression=1)


def swell(f, name, gigabytes=1):
    """The same type and length, in a chunk that inflates to much more than it has room for."""
    x = f[name]
    n, dtype = len(x), x.dtype
    del f[name]
    z = zlib.compressobj(1)
    bomb = b"".join(z.compress(bytes(1 << 20)) for _ in range(gigabytes << 10)) + z.flush()
    # A chunk as large as is taken, so that not even its bytes in the file are too many.
    x = f.create_dataset(name, shape=(n,), dtype=dtype, chunks=((1 << 24) // dtype.itemsize,), maxshape=(None,), compression=1)
    x.id.write_direct_chunk((0,), bomb)


def twice(f, name):
    """Deflated, and deflated again."""
    import h5py

    x = f[name][:]
    del f[name]
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((len(x),))
    plan.set_deflate(1)
    plan.set_deflate(1)
    made = h5py.h5d.create(f.id, name.encode(), h5py.h5t.py_create(x.dtype), h5py.h5s.create_simple(x.shape), plan)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, x)


def crash(path, name, what="census"):
    """Chunks of no dimension: opening the dataset divides by what they do not have (HDF5 1.10.8)."""
    import h5py

    length = 0x5AA5
    with h5py.File(path, "r+") as f:
        x = f[name][:]
        del f[name]
        f.create_dataset(name, data=x, chunks=(length,), maxshape=(None,), compression=1)
    with open(path, "rb") as f:
        data = bytearray(f.read())
    # Layout message, version 3: class 2, dimensions with that of an element, address, chunk, element.
    at = data.index(length.to_bytes(4, "little") + x.itemsize.to_bytes(4, "little")) - 11
    assert data[at : at + 3] == b"\3\2\2"
    data[at + 2] = 0
    with open(path, "wb") as f:
        f.write(data)
    stamp(path, what)
