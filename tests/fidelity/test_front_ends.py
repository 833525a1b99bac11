"""What runs notebooks without a person before them keeps the same outputs, and ends with the same status."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.chat_servers.webhook import Webhook
from tests.fidelity.corpus import GROUPS
from tests.fidelity.seen import Reader
from tests.fidelity.ways import WAYS, Way
from tests.kernels import ROOT
from tests.processes import wait_until

pytestmark = pytest.mark.long

SAMPLE = {
    "expressions": ("value", "silenced", "future import"),
    "displays": ("display", "html", "update", "dataframe"),
    "figures": ("plot",),
    "progress bars": ("bar",),
    "widgets": ("slider",),
    "stacked": ("time below", "time above", "captured"),
    "other languages": ("bash", "html", "shell value"),
    "async": ("awaited",),
    "streams": ("print", "stderr", "unicode"),
    "syntax of IPython": ("automagic pwd", "indented"),
    "empty": ("comment",),
}
"""Cells that end well. No `Output` widget: one run in thirty hangs in it under nbclient, also without us."""

NBCLIENT = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
try:
    nbclient.NotebookClient(notebook).execute()
finally:
    nbformat.write(notebook, sys.argv[2])
"""
ALLOW = "--allow-errors"
RUNNERS = {
    "nbclient": ["-c", NBCLIENT, "{in}", "{out}"],
    "papermill": ["-m", "papermill", "--no-progress-bar", "{in}", "{out}"],
    "jupyter execute": ["-m", "jupyter", "execute", ALLOW, "{in}", "--output={out}"],
    "nbconvert": [
        "-m",
        "nbconvert",
        "--to=notebook",
        "--execute",
        "--allow-errors",
        "{in}",
        "--output={out}",
    ],
}
"""How each is called."""

FAILING = "import json\njson.loads('{')"
TERMINAL = ("5", "x = 5\nx", "print('a')", "1/0", "def f():\n    return 1 / 0\nf()", "%time 3", "len?")


def codes_of(way: Way) -> list[str]:
    """A notebook's cells: extension, sample, failure."""
    cells = [GROUPS[group][name] for group, names in SAMPLE.items() for name in names]
    codes = [way.written(code, "sample") for cell in cells for code in cell.codes]
    return ["\n".join(way.loading) or "pass", *codes, way.written(FAILING, "failed")]


def executed(runner: str, way: Way, folder: Path) -> tuple[int, list[Any]]:
    """Exit status, and the outputs of each cell as they are compared."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes_of(way)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir()
    source, made = folder / "in.ipynb", folder / "out.ipynb"
    nbformat.write(notebook, source)
    words = [word.replace("{in}", str(source)).replace("{out}", str(made)) for word in RUNNERS[runner]]
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=200)
    assert made.exists(), done.stderr
    reader = Reader(str(folder), lines_above=int(way.is_alerted))
    cells = [cell for cell in nbformat.read(made, 4).cells if is_ours(cell)]
    return done.returncode, [reader.saved(cell.outputs) for cell in cells][1:]


def is_ours(cell: Any) -> bool:
    """Papermill adds cells that say where it failed."""
    return cell.cell_type == "code" and not any("papermill" in tag for tag in cell.metadata.get("tags", []))


@pytest.mark.parametrize("runner", RUNNERS)
def test_notebooks_are_as_without_nbalert(runner: str, chat: Webhook, tmp_path: Path) -> None:
    """The saved outputs and the exit status; each cell's alert arrives, though the kernel is gone."""
    bare = executed(runner, WAYS["bare"], tmp_path / "bare")
    assert any("JSONDecodeError" in str(output) for output in bare[1])
    for name in ("loaded", "alert", "auto"):
        assert executed(runner, WAYS[name], tmp_path / name) == bare, name
    wait_until(lambda: "failed" in chat.titles)
    assert chat.titles.count("sample") == len(codes_of(WAYS["bare"])) - 2


def test_a_terminal_is_as_without_nbalert(chat: Webhook, tmp_path: Path) -> None:
    """IPython in a terminal writes the same; the cells below `%%alert` are told."""
    written = {name: typed(way, tmp_path) for name, way in WAYS.items()}
    assert "ZeroDivisionError" in written["bare"]
    assert {name: text for name, text in written.items() if text != written["bare"]} == {}
    wait_until(lambda: chat.titles.count("typed") == len(TERMINAL))


def typed(way: Way, folder: Path) -> str:
    """What IPython writes for cells that are typed, without its prompts and their numbers."""
    cells = [*way.loading, *(way.written(code, "typed") for code in TERMINAL)]
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    done = subprocess.run(
        command,
        input="".join(f"{cell}\n\n\n" for cell in cells),  # the second blank line ends a cell magic
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(folder / ".ipython"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    text = Reader(str(folder), lines_above=int(way.is_alerted)).plain(done.stdout + done.stderr)
    text = re.sub(r"(In \[\d+\]: | {3}\.\.\.: )+|(Out|In)\[\d+\]|auto mode: .*", "", text)
    return re.sub(r"\n+", "\n", text).strip()  # empty lines are typed to end cells
