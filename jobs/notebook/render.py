# SPDX-License-Identifier: Apache-2.0
"""Make report.html and report.md of a census: execute census.ipynb, and keep its outputs. Called by jobs/report, which documents it."""
import argparse
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """What went wrong, in a line."""


def private_folders(at):
    """Whatever Jupyter, IPython and matplotlib like to write goes below `at`; the kernel is this Python, not the one a user may have set up."""
    kernel = os.path.join(at, "kernels", "python3")
    os.makedirs(kernel)
    with open(os.path.join(kernel, "kernel.json"), "w", encoding="utf-8") as f:
        json.dump({"argv": [sys.executable, "-B", "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"],
                   "display_name": "Python 3", "language": "python"}, f)
    os.environ.update(JUPYTER_PATH=at, JUPYTER_CONFIG_DIR=at, JUPYTER_DATA_DIR=at, JUPYTER_RUNTIME_DIR=at, IPYTHONDIR=at, MPLCONFIGDIR=at, MPLBACKEND="agg",
                      JUPYTER_PREFER_ENV_PATH="0", JUPYTER_NO_CONFIG="1", PYTHONDONTWRITEBYTECODE="1", PYDEVD_DISABLE_FILE_VALIDATION="1")


def execute(folder):
    """The notebook with its outputs. A chart that fails leaves its error in its place; without a census there is nothing."""
    import nbformat
    from traitlets.config import Config
    from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor

    notebook = nbformat.read(os.path.join(HERE, "census.ipynb"), as_version=4)
    os.environ["HUBCENSUS_FOLDER"] = os.path.abspath(folder)
    # Jupyter picks free TCP ports that another program may take before the kernel does; names of Linux's abstract sockets are ours alone.
    ours = {"transport": "ipc", "ip": f"@hubcensus-{secrets.token_hex(16)}"} if sys.platform == "linux" else {}
    try:
        ExecutePreprocessor(timeout=None, allow_errors=True, kernel_name="python3", config=Config(KernelManager=ours)).preprocess(notebook, {"metadata": {"path": HERE}})
    except CellExecutionError as e:
        raise Failed(str(e)) from e
    for cell, error in errors(notebook):
        if cell.id == "setup":
            raise Failed(f"{error.ename}: {error.evalue}" if error.ename != "ValueError" else error.evalue)
    return notebook


def errors(notebook):
    return [(cell, output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs if output.output_type == "error"]


def about(folder, note):
    """What the head of the page says."""
    with open(os.path.join(folder, "census.json"), "rb") as f:
        raw = f.read()
    try:
        snapshot = json.loads(raw)["snapshot"]
        partial = "" if snapshot["complete"] else "parts of the Hub were not crawled, see Completeness"
        if "filters" in snapshot:
            passed = ", ".join(f"{key} {' and '.join(value) if isinstance(value, list) else value}" for key, value in sorted(snapshot["filters"].items()))
            partial = f"only those with {passed}" + (f"; {partial}" if partial else "")
        return {"hub": snapshot["hub"], "host": urlsplit(snapshot["hub"]).netloc, "t0": snapshot["t0"], "day": snapshot["t0"].replace("T", ", ").replace("Z", " UTC"),
                "version": snapshot["version"], "partial": partial, "note": note, "sha256": hashlib.sha256(raw).hexdigest()}
    except (ValueError, KeyError, TypeError) as e:
        raise Failed(f"'{folder}/census.json' is not a census ({e}); run hubreduce again") from e


def export(notebook, census):
    """The page, and the text."""
    from nbconvert.exporters import HTMLExporter, TemplateExporter

    sys.path.insert(0, HERE)
    from charts import Piece

    where = {"template_name": "page", "extra_template_basedirs": [HERE]}
    page, _ = HTMLExporter(**where).from_notebook_node(notebook, {"census": census})
    markdown = TemplateExporter(**where, template_file="index.md.j2", file_extension=".md", filters={"markdown_text": lambda s: Piece(str(s)).markdown})
    text, _ = markdown.from_notebook_node(notebook, {"census": census})
    return page, re.sub("\n{3,}", "\n\n", text)


def publish(folder, scratch, notebook, page, text):
    """Each file appears whole."""
    charts = os.path.join(scratch, "report_files")
    os.mkdir(charts)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/svg+xml" in output.get("data", {}):
                with open(os.path.join(charts, output.metadata["hubcensus"]["slug"] + ".svg"), "w", encoding="utf-8") as f:
                    f.write(output.data["image/svg+xml"])
    shutil.rmtree(os.path.join(folder, "report_files"), ignore_errors=True)
    os.rename(charts, os.path.join(folder, "report_files"))
    for name, content in (("report.md", text), ("report.html", page)):
        with open(os.path.join(scratch, name), "w", encoding="utf-8", errors="backslashreplace") as f:
            f.write(content)
        os.replace(os.path.join(scratch, name), os.path.join(folder, name))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    options.add_argument("--note", default="")
    options = options.parse_args()
    scratch = tempfile.mkdtemp(prefix=".report-", dir=os.path.abspath(options.folder))  # the kernel runs elsewhere
    try:
        private_folders(scratch)
        census = about(options.folder, options.note)
        notebook = execute(options.folder)
        publish(options.folder, scratch, notebook, *export(notebook, census))
        for cell, error in errors(notebook):
            print(f"report: warning: the chart '{cell.id}' could not be drawn: {' '.join(f'{error.ename}: {error.evalue}'.split())}", file=sys.stderr)
        print(os.path.join(options.folder, "report.html"))
        return 5 if errors(notebook) else 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, OSError, RuntimeError) as failure:
        print("report: error:", *str(failure).split(), file=sys.stderr)
        sys.exit(4)
