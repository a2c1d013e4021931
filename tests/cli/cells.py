# SPDX-License-Identifier: Apache-2.0
"""The cells of the report's notebook on several censuses, without Jupyter, which takes seconds for each: what they show goes into FOLDER/report.html.

`python3 cells.py FOLDER...` prints what fails, a line each: folder, cell, error or warning."""

import json
import os
import sys
import warnings

import IPython.display

NOTEBOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "jobs", "notebook")


def main(folders):
    shown = []
    IPython.display.display = lambda data, **_: shown.append(data["text/html"])
    sys.path.insert(0, NOTEBOOK)
    os.chdir(NOTEBOOK)
    with open("census.ipynb", encoding="utf-8") as f:
        cells = [(c["id"], compile("".join(c["source"]), c["id"], "exec")) for c in json.load(f)["cells"] if c["cell_type"] == "code"]
    for folder in folders:
        shown.clear()
        os.environ["HUBCENSUS_FOLDER"], space = folder, {}
        for cell, code in cells:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                warnings.filterwarnings("ignore", message="Glyph")
                try:
                    exec(code, space)  # pylint: disable=exec-used
                except Exception as e:  # pylint: disable=broad-except
                    print(f"{folder}: {cell}: {type(e).__name__}: {e}")
            for w in said:
                print(f"{folder}: {cell}: {w.category.__name__}: {w.message}")
        with open(os.path.join(folder, "report.html"), "w", encoding="utf-8") as f:
            f.write("\n".join(shown))


main([os.path.abspath(folder) for folder in sys.argv[1:]])
