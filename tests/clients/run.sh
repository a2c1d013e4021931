#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the pinned client (npm ci, from the lock file) and run it against the stand-in.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-build}" && pwd)
recorded=${RECORDED:-../shared/hub-recorded}
if [ ! -d "$here/node_modules/@huggingface/hub" ]; then
	log=$(mktemp)
	if ! (cd "$here" && npm ci --no-audit --no-fund --ignore-scripts) >"$log" 2>&1; then
		tail -n 5 "$log" >&2
		echo "clients: error: npm could not install the pinned client; check that the npm registry can be reached" >&2
		exit 1
	fi
	rm -f "$log"
fi
BUILD=$build RECORDED=$recorded exec node --test "$here"
