# SPDX-License-Identifier: Apache-2.0
"""What every benchmark has: --quick, --json, rows that are kept as JSON for bench.py, and the name of the machine."""

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess


def options(doc):
    """A parser, for more options."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller")
    parser.add_argument("--json", metavar="FILE", help="keep the rows there")
    return parser


def save(args, rows):
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
            f.write("\n")


@contextlib.contextmanager
def kept(args):
    """The rows of a part: saved also where it fails half way."""
    rows = []
    try:
        yield rows
    finally:
        save(args, rows)


def node_package(folder, name):
    """Install what the lock file of a folder names, if it is not there; why it cannot be had, or ""."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are not there (tests/deps.sh bench installs them)"
    if os.path.isdir(f"{folder}/node_modules/{name}"):
        return ""
    # Not `npm ci`: some releases of it refuse a lock file that names only the platforms of the machine where it was made.
    p = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    return "" if not p.returncode else f"npm could not install {name}: {next((line for line in p.stderr.splitlines() if line.startswith('npm')), '?')[:200]}"


def said(*command):
    """The first line that a command prints."""
    try:
        return (subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines() or ["?"])[0].strip()
    except OSError:
        return "?"


def field(path, name):
    with open(path, encoding="utf-8") as f:
        return next((line.split(":", 1)[1].strip() for line in f if line.startswith(name)), "?")


def machine():
    return {
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "mpi": said("mpirun", "--version"),
        "hdf5": said("pkg-config", "--modversion", "hdf5-openmpi"),
        "compiler": said(os.environ.get("CC", "gcc"), "--version"),
        "load": os.getloadavg()[0],
    }
