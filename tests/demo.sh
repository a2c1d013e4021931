#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make demo`: a census of the stand-in Hub, on this machine, from nothing to figures.
set -eu

build=${BUILD:-build}
dir=$build/demo
models=${DEMO_MODELS:-200000} datasets=${DEMO_DATASETS:-50000} spaces=${DEMO_SPACES:-70000}

rm -rf "$dir"
mkdir -p "$build"
out=$(mktemp)
"$build/hubsim" --models "$models" --datasets "$datasets" --spaces "$spaces" --users 100000 --seed 1 --cache 0 >"$out" &
sim=$!
trap 'kill "$sim" 2>/dev/null; wait "$sim" 2>/dev/null; rm -f "$out"' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	url=$(head -n 1 "$out")
	[ -z "$url" ] || break
	kill -0 "$sim" 2>/dev/null || break
	sleep 0.1
done
[ -n "$url" ] || { echo "demo: error: the stand-in Hub did not start" >&2; exit 4; }

cat <<END
A stand-in Hub serves a SYNTHETIC population on $url:
$models models, $datasets datasets and $spaces Spaces, made up to resemble the published figures. Nothing here is the real Hub.

\$ jobs/census --hub $url $dir
END
HF_HUB_DISABLE_IMPLICIT_TOKEN=1 HUBCENSUS_REPORT=no BUILD=$build jobs/census --hub "$url" "$dir"
jobs/report --optional --note "A SYNTHETIC population, made up to resemble the published figures. Nothing here is the real Hub." "$dir" >/dev/null
cat <<END

The census of this SYNTHETIC population lies in
  $dir/census.h5     every repository and every figure, for h5py, pandas, R, Julia
  $dir/census.json   every figure, for reading
END
[ ! -e "$dir/report.html" ] || echo "  $dir/report.html   every figure as a chart, for a browser"
cat <<'END'
Of the real Hub: jobs/census DIR
END
