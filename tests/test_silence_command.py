from __future__ import annotations

import pytest

from nbalert.home import Home
from nbalert.posting import post
from nbalert.process import client
from nbalert.show import history_text, status_text
from nbalert.silence_command import run_words


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
