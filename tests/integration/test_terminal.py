"""IPython in a terminal, where nothing but text is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from nbalert.home import Home
from nbalert.process import client
from tests.kernels import ROOT
from tests.person import Person


def typed(*cells: str) -> list[str]:
    """What IPython writes for cells that are typed: its lines without prompts."""
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    done = subprocess.run(
        command,
        input="".join(
            f"{cell}\n\n\n" for cell in ("%load_ext nbalert", *cells)
        ),  # the last ends a cell magic
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=100,
    )
    said = done.stdout.partition("Do you really want to exit")[0]
    text = re.sub(r"^(In \[\d+\]: | {3}\.\.\.: )+", "", said, flags=re.MULTILINE)
    return [line for line in text.splitlines() if line]


@pytest.fixture(autouse=True)
def own_ipython(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own; and a courier that stays when IPython ends."""
    monkeypatch.setenv("IPYTHONDIR", str(home.root / "ipython"))
    client().request({"do": "status"})


def test_what_a_notebook_shows_as_widgets_reads_well() -> None:
    """The history is a table in text, the form says which words do the same, the inbox is an address."""
    said = typed("%alert -t Hello -l warning Hello", "%nbalert history", "%nbalert config", "%nbalert inbox")
    row, form, inbox = (line for line in said if "channel is set up" not in line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +WARNING +inbox +\w+ +Hello", row)
    assert form.endswith("in words: %nbalert channels kinds, then %nbalert channels add …")
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/#code=\S+ \(opens the inbox once, within 2 minutes\)", inbox
    )
    with Person(inbox.split()[0]) as owner:
        assert owner.titles == ["Hello"]


def test_a_question_is_two_lines_and_its_end() -> None:
    """What is asked, where it stands, how it has ended; the error says so in one line."""
    asked, place, ended, error = typed('%ask "Go?" --timeout 5s')
    assert re.fullmatch(r"nbalert: asked on inbox: Go\? \(waiting for anyone, until .*, sha256 \w+\)", asked)
    assert re.fullmatch(r"nbalert: it stands at http://127\.0\.0\.1:\d+/#m=\S+", place)
    assert ended == "nbalert: expired: nobody decided in time"
    assert error == "NotApproved: expired: nobody decided in time"


SLIPS = {
    "%%alert --chanel x\n1": "UsageError: %%alert: unknown option --chanel (did you mean --channel?)",
    "%ask": 'UsageError: %ask: say what to ask: %ask "Drop table users?"',
    "%%ask\n1": 'UsageError: %%ask: say what to ask: %%ask "Drop table users?"',
    "%nbalert histroy": "UsageError: %nbalert: 'histroy': choose one of ... (did you mean history?)",
    "%alert -c inbx Hi": "UsageError: %alert: unknown channel 'inbx'; ... (did you mean inbox?)",
}


def test_a_slip_is_one_line() -> None:
    """It names what may have been meant, and nothing stands around it."""
    said = [re.sub(r"(one of|;) .* (\(did)", r"\1 ... \2", line) for line in typed(*SLIPS)]
    assert said == list(SLIPS.values())
