#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install what is missing to build, check, run the client tests or compare: deps.sh build|check|clients|bench|fuzz|slurm|report|valgrind
# As root or with sudo on Debian and its kin; elsewhere, say what to load or install.
set -eu

build="libopenmpi-dev openmpi-bin libcurl4-openssl-dev zlib1g-dev libhdf5-openmpi-dev libsimdjson-dev libjansson-dev
 libxxhash-dev libcsv-dev libssl-dev libmicrohttpd-dev pkg-config gcc g++"
check="$build perl python3 python3-h5py python3-pandas hdf5-tools ca-certificates nghttp2-proxy openssl iproute2 util-linux
 python3-prometheus-client faketime btrfs-progs curl"
slurm="$check slurm-wlm munge"
clients="$build nodejs npm"
bench="$check nodejs npm"
report="$check python3-matplotlib jupyter-nbconvert python3-ipykernel python3-setuptools python3-wheel python3-pip python3-venv
 chromium fonts-dejavu-core octave r-base-core r-cran-hdf5r r-bioc-rhdf5"
fuzz="$build clang libclang-rt-14-dev llvm"
valgrind="$check valgrind"

# All of these commands; `command -v` itself looks at the first name alone in some shells, in others for any.
have_commands() {
	for c; do
		command -v "$c" >/dev/null 2>&1 || return 1
	done
}

have_libraries() {
	have_commands mpicc mpirun g++ || return 1
	{ pkg-config --exists hdf5-openmpi || command -v h5pcc; } >/dev/null 2>&1 || return 1
	printf '#include <curl/curl.h>\n#include <zlib.h>\n#include <jansson.h>\n#include <xxhash.h>\n#include <csv.h>\n#include <openssl/hmac.h>\n#include <microhttpd.h>\nint x;\n' |
		mpicc -E -x c - >/dev/null 2>&1 || return 1
	printf '#include <simdjson.h>\n' | g++ -std=c++17 -E -x c++ - >/dev/null 2>&1
}

have() {
	have_libraries || return 1
	case $1 in
	check)
		PATH="$PATH:/usr/sbin:/sbin"
		have_commands prove h5dump nghttpx openssl ip faketime unshare curl mkfs.btrfs && /usr/bin/python3 -c 'import h5py, pandas, prometheus_client' 2>/dev/null
		;;
	slurm)
		have check && have_commands munged slurmctld slurmd sbatch
		;;
	clients)
		have_commands node npm
		;;
	bench)
		have check && have clients
		;;
	report)
		have check && have_commands chromium octave-cli Rscript && /usr/bin/python3 -c 'import matplotlib, nbconvert, ipykernel, wheel, venv' 2>/dev/null &&
			Rscript -e 'for (p in c("hdf5r", "rhdf5")) stopifnot(requireNamespace(p, quietly = TRUE))' >/dev/null 2>&1
		;;
	valgrind)
		have check && have_commands valgrind
		;;
	fuzz)
		# Without names a report is nobody's.
		have_commands llvm-symbolizer && echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' |
			clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null
		;;
	esac
}

case ${1-} in
build) packages=$build ;;
check) packages=$check ;;
clients) packages=$clients ;;
bench) packages=$bench ;;
fuzz) packages=$fuzz ;;
slurm) packages=$slurm ;;
report) packages=$report ;;
valgrind) packages=$valgrind ;;
*)
	echo "usage: deps.sh build|check|clients|bench|fuzz|slurm|report|valgrind" >&2
	exit 2
	;;
esac

if have "$1"; then
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
	as=
elif [ "$(id -u)" -eq 0 ]; then
	as='env'
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	as="sudo env"
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
	as="sudo env"
else
	as=
fi
if [ -z "$as" ]; then
	cat >&2 <<END
Something is missing, and there are no rights to install it here. On Debian 12 ask for:
  apt-get install $(echo "$packages" | tr -s '\n ' '  ')
On a cluster load modules for: a C and C++17 compiler, Open MPI (mpicc), parallel HDF5 (h5pcc), libcurl, zlib, jansson,
simdjson, xxHash, libcsv, libmicrohttpd; with Spack:
  spack install hdf5+mpi curl zlib jansson simdjson xxhash libcsv libmicrohttpd && spack load hdf5 curl jansson simdjson xxhash libcsv libmicrohttpd
then run the same make again.
END
	exit 1
fi
echo "installing what is missing to $1 (Debian packages) ..."
log=$(mktemp)
# A list of packages as old as the image may name versions that are gone: fetch it anew once.
# shellcheck disable=SC2086  # the lists are words
if ! { $as apt-get update && $as DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1; then
	tail -n 5 "$log" >&2
	echo "the installation failed; the whole log is in '$log'" >&2
	exit 1
fi
rm -f "$log"
if ! have "$1"; then
	echo "the packages are installed, but something is still missing; 'make info' shows what is used" >&2
	exit 1
fi
