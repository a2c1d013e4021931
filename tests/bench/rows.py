# SPDX-License-Identifier: Apache-2.0
"""What every benchmark has: --quick, --json, rows that are kept as JSON for bench.py, and the name of the machine."""

import argparse
import json
import os
import platform
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
