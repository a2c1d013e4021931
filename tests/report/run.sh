#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make check-report`: what of the report needs more than `make check` installs. pyarrow is not in Debian, so it comes from PyPI, apart.
set -eu

build=${BUILD:-build}
python=$build/report/bin/python
if ! "$python" -c 'import pyarrow' 2>/dev/null; then
	rm -rf "$build/report"
	/usr/bin/python3 -m venv --system-site-packages "$build/report"
	"$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 'pyarrow<20' 2>/dev/null ||
		echo "pyarrow could not be installed; Parquet is not tested" >&2
fi
echo "== the report, its page, and other readers"
prove --timer --exec "$python -B" tests/cli/test_notebook.py tests/cli/test_report.py :: all
exec prove --timer --exec "$python -B" tests/report/test_page.py tests/report/test_other_readers.py
