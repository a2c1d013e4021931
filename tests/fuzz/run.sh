#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM TARGET SECONDS: run a fuzz target on the corpora, all of them however short the time, then look for
# inputs at which it fails. Where the HDF5 library fails by itself in that search, it is counted and the search goes on
# (what libFuzzer kept of it lies in build/fuzz/library); everything else ends it, with the input in build/fuzz/crashes.
set -u
program=$1 target=$2 log=build/fuzz/$2.log
library=0 code=0
rm -rf build/fuzz/last
mkdir -p "build/fuzz/found/$target" build/fuzz/crashes build/fuzz/library build/fuzz/last

# As io/h5guard.h tells with exit code 4, or, of what it does not catch (reads beyond memory, too much memory), as the
# innermost function of the first stack does that is the library's or ours. Of a sanitizer's report, of every stack: the
# library may have written beyond a buffer that is ours, by what allocated it, or in whose frame it lies.
is_librarys() {
	if [ "$code" -eq 4 ]; then
		tail -n 1 "$log" | grep -q ' the HDF5 library '
	else
		awk -v ours="$PWD/(io|crawler|reduce|tests)/" '
			/ERROR: [AL][a-z]*Sanitizer/ { every = 1 }
			/ is located .* global variable / { bad = 1 }
			/^ *#0 / && every { told = 0 }
			/^ *#[0-9]+ / && !told && ($0 ~ /libhdf5/ || $0 ~ ours) { told = 1; if ($0 ~ /libhdf5/) theirs = 1; else bad = 1 }
			/^SUMMARY: / { exit }
			END { exit !theirs || bad }' "$log"
	fi
}

keep() {
	find build/fuzz/last -type f -exec mv -t "$1" {} +
}

# The guard of HDF5 needs more than 30 s to tell whose loop it is.
fuzz() {
	"$program" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 "$@" "build/fuzz/seeds/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1
}

echo "== $target, $3 s"
if ! fuzz -runs=0 -artifact_prefix="build/fuzz/crashes/$target-"; then
	tail -n 40 "$log"
	exit 1
fi
sed -n 's/^INFO: seed corpus: files: \([0-9]*\) .*/\1 inputs are known, and harmless/p' "$log"
end=$(($(date +%s) + $3))
while left=$((end - $(date +%s))) && [ $left -gt 0 ]; do
	fuzz -max_total_time=$left -artifact_prefix="build/fuzz/last/$target-" "build/fuzz/found/$target"
	code=$?
	if [ $code -eq 0 ] || ! is_librarys; then
		break
	fi
	library=$((library + 1)) code=0
	# An input that fails now and then would be the end of each search: both names end with its digest.
	for x in build/fuzz/last/*; do
		rm -f "build/fuzz/found/$target/${x##*-}"
	done
	keep build/fuzz/library
done
[ $library -eq 0 ] || echo "the HDF5 library failed by itself, $library times"
keep build/fuzz/crashes
[ $code -eq 0 ] || tail -n 40 "$log"
grep -E 'number_of_executed_units|average_exec' "$log"
exit $code
