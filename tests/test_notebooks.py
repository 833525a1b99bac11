"""Every notebook of the documentation runs unattended, and says what it shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.demo import RULES
from nbalert.home import Home
from nbalert.process import client
from nbalert.teammate import NAME, Rule, Teammate
from nbalert.testing import Row
from tests.channels.all_rows import ROWS
from tests.kernels import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ASKED: tuple[Rule, ...] = (
    ("Ship", "approve: the tests are green"),
    ("Retrain", "ok"),
    ("Delete", "no: they are in use until June"),
    ("Switch", "green"),
    ("How many", "64"),
    ("Rotate", "yes"),
    ("Send", "yes"),
    ("Roll out", "ship it"),
)
ASKED_TOO: tuple[Rule, ...] = (("Rotate", "yes"), ("Publish", "lgtm"))
"""What `03_asks.ipynb` and `from_zenml_and_kapacitor.ipynb` are answered."""
LONGEST_S = 180
"""How long a notebook may take: the course promises three minutes each."""
SANITIZE = ROOT / "tests" / "nbval_sanitize.cfg"


@pytest.fixture
def teammate(home: Home) -> Iterator[None]:
    """Scripted teammates answer on this test's home; the courier lives here, kernels use it."""
    with Teammate(link(NAME), (*RULES, *ASKED)), Teammate(link("second-teammate"), ASKED_TOO):
        yield


def link(name: str) -> str:
    """To the built-in inbox."""
    return str(client().request({"do": "link", "base": "", "person": name}))


def run(*command: str) -> str:
    """A command that has to succeed; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.usefixtures("teammate")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_nbval(notebook: Path, tmp_path: Path) -> None:
    """Strict nbval: each cell's outputs are those that the notebook was saved with."""
    shutil.copy(notebook, tmp_path)
    options = ["-n0", "--nbval", "--nbval-sanitize-with", str(SANITIZE), "-p", "no:cacheprovider", "-q"]
    assert " passed" in run("pytest", *options, str(tmp_path / notebook.name))


@pytest.mark.usefixtures("teammate")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_nbclient(notebook: Path, tmp_path: Path) -> None:
    """`jupyter execute` runs it to its end; what it sends arrives; no token or link code is left in it."""
    shutil.copy(notebook, tmp_path)
    place = tmp_path / notebook.name
    run("jupyter", "execute", "--inplace", str(place))
    states = {row["state"] for row in client().request({"do": "history", "limit": 100})}
    assert states <= {"delivered", "digested", "suppressed"}
    document = json.loads(place.read_text())
    shown = [
        output
        for cell in document["cells"]
        if "%nbalert inbox" not in "".join(cell["source"])  # its link holds a code of two minutes
        for output in cell.get("outputs", ())
    ]
    assert "code=" not in json.dumps([shown, document["metadata"]])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_mark_of_the_tests_is_in_the_code(notebook: Path) -> None:
    """Readers copy the cells, and questions show them: what is for nbval is a tag of the cell."""
    cells = json.loads(notebook.read_text())["cells"]
    assert [cell["id"] for cell in cells if "NBVAL_" in "".join(cell["source"])] == []


def test_the_quickstart_holds_outputs_to_compare() -> None:
    """What nbval compares stands in the notebook: an answer, and a failure."""
    cells = json.loads((ROOT / "notebooks" / "01_quickstart.ipynb").read_text())["cells"]
    saved = json.dumps([cell.get("outputs", []) for cell in cells])
    for word in ("accuracy", "ZeroDivisionError", "rejected by scripted-teammate"):
        assert word in saved


def test_the_table_of_kinds_is_true() -> None:
    """What each kind posts, and how it is answered, is what the contract suite holds it to."""
    table = _section("channels-table").splitlines()
    lines = (line.strip("| ").split(" | ") for line in table if line.startswith("| `"))
    told = {kind.strip("`"): (posts, asks) for kind, posts, asks, _ in lines}
    assert told == {kind: (_posts(row), _asks(row)) for kind, row in ROWS.items()}


def _posts(row: type[Row]) -> str:
    return ", ".join(["text", *["figures"] * row.takes_images, *["edits"] * row.edits])


def _asks(row: type[Row]) -> str:
    words = {"button": "buttons", "reply": "replies", "reaction": "reactions"}
    return ", ".join(words[way] for way in row.ways) or "no"


def test_a_channel_takes_under_forty_lines() -> None:
    """The class is whole in one cell, and passes every check that it can be put to."""
    cells = json.loads((ROOT / "notebooks" / "06_your_own_channel.ipynb").read_text())["cells"]
    (written,) = (cell for cell in cells if "class FolderChat" in "".join(cell["source"]))
    assert len(written["source"]) < 40
    assert any(cell["source"] == ["bool(checked)"] for cell in cells)  # which nbval compares


def test_the_readme_has_the_same_table() -> None:
    """A newcomer reads of each kind the same in either place."""
    table = _section("channels-table").partition("\n\n")[0]
    assert table in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("kind", sorted({kind for kind in ROWS if not kind.endswith("-webhook")} - {"inbox"}))
def test_every_kind_has_its_steps(kind: str) -> None:
    """Eight at most, numbered, with the command that adds it and the one that tries it."""
    cells = json.loads((ROOT / "notebooks" / "04_channels.ipynb").read_text())["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    steps = [text for text in texts if re.search(rf"^\d\. .*?channels add \w+ {kind} ", text, re.MULTILINE)]
    (text,) = steps
    numbers = re.findall(r"^(\d+)\. ", text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert len(numbers) <= 8
    assert "channels test " in text


def _section(cell_id: str) -> str:
    cells = json.loads((ROOT / "notebooks" / "04_channels.ipynb").read_text())["cells"]
    (text,) = ("".join(cell["source"]) for cell in cells if cell["id"] == cell_id)
    return text
