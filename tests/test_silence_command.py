from __future__ import annotations

import re

import pytest

from nbalert.__main__ import main
from nbalert.home import Home
from nbalert.posting import post
from nbalert.process import client
from nbalert.show import history_text, status_text
from nbalert.silence_command import run_words
from tests.processes import settings_file

WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def test_a_silence_from_its_begin_to_its_end(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """What it keeps quiet is accepted, told to nobody, and on record; status lists it until it is ended."""
    run_words(["1h", "--alert", "Fit of rows*"])
    assert "alerts Fit of rows* are silenced for 1 h, until " in capsys.readouterr().out
    quiet = post("x", title="Fit of rows failed")
    assert quiet.wait(10) == []
    assert len(post("told").wait(10)) == 1
    status = status_text(client().request({"do": "status"}))
    assert "silenced   silence --alert Fit of rows*, until " in status
    assert ": 1 kept quiet" in status
    rows = client().request({"do": "history", "limit": 5})
    assert "suppressed (silence --alert Fit of rows*)  Fit of rows failed" in history_text(rows)
    run_words([])
    run_words(["off"])
    run_words(["off"])
    run_words([])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("silenced   silence --alert Fit of rows*")
    assert said[1:] == ["1 silence ended", "nothing was silenced", "nothing is silenced"]


SETTINGS = """default = "chat"
[channels.chat]
kind = "inbox"

[[handlers]]
id = "nightly"
topic = "nightly"
channel = "chat"
aggregate = { interval = "24h" }
"""


def test_post_says_what_is_kept_back(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Who posts by hand hears that a channel is not told for now, and until when; else nothing."""
    settings_file(home.root, SETTINGS)
    assert main(["post", "told"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["post", "gathered", "--topic", "nightly"]) == 0
    assert re.fullmatch(f"kept for the digest of chat, due {WHEN}\n", capsys.readouterr().out)
    run_words(["1h"])
    capsys.readouterr()
    assert main(["post", "quiet"]) == 0
    assert re.fullmatch(rf"silenced on chat until {WHEN} \(silence\)\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("soon", "not a duration"),
        ("0s", "lasts a while"),
        ("1h --all x", "write silence 1h"),
        ("1h --alert", "write silence 1h"),
        ("off now", "not a duration|not understood"),
    ],
)
def test_what_is_no_silence(line: str, says: str) -> None:
    """It is said what can be written."""
    with pytest.raises(ValueError, match=says):
        run_words(line.split(" "))
