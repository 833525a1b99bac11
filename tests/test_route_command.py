from __future__ import annotations

from pathlib import Path

import pytest

from nbalert import __main__
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.route_command import run_words
from tests.processes import settings_file, webhook_table
from tests.test_handlers import URL, handler

SETTINGS = (
    'default = "ci"\n'
    + webhook_table("ci", URL)
    + webhook_table("ops", URL)
    + webhook_table("all", URL, "global = true\nstate_changes_only = true\n")
    + handler('topic = "night*"\nchannel = "ops"\nlevels = ["WARNING", "CRITICAL"]', "night")
    + handler('topic = "nightly"\nchannel = "ops"\nlonger_than = "10m"', "long")
    + handler('topic = "cpu"\npublish = "nightly"\nmetadata = { region = "eu" }', "cpu")
)

WORDS = {
    "--topic nightly -l critical": [
        "ops  gets it by night: topic nightly",
        "all  gets it by global: it hears everything",
    ],
    "--topic nightly -l info --took 11m --before info": ["ops  gets it by long: topic nightly"],
    "--topic cpu -l critical --metadata region=eu --before critical": [
        "topic nightly  gets it by cpu: topic cpu",
        "ops            gets it by night: topic nightly",
    ],
    "--topic cpu --before info": ["nobody hears it; --explain says why"],
    "-t x --before info": ["ci  gets it by named: the sender names it"],
    "-c ops --topic nightly -l critical --before critical --explain": [
        "ops            gets it by named: the sender names it",
        "topic nightly  does not (cpu): topic is cpu, and it is not published there",
        "ops            does not (night): the sender names that channel, which is told once",
        "ops            does not (long): longer_than is 10 min, and how long it took is not known",
        "all            does not (global): state_changes_only is true, and it was CRITICAL before",
    ],
}


@pytest.mark.parametrize("words", sorted(WORDS))
def test_who_hears_it(
    words: str,
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the command and by the magic, a line each, with the reason."""
    monkeypatch.chdir(tmp_path)
    settings_file(home.root, SETTINGS)
    assert __main__.main(["route", *words.split()]) == 0
    assert capsys.readouterr().out.splitlines() == WORDS[words]
    run_words(words.split())
    assert capsys.readouterr().out.splitlines() == WORDS[words]


def test_wrong_words(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """A channel that there is not, and an option with its nearest."""
    settings_file(home.root, SETTINGS)
    assert __main__.main(["route", "-c", "opps"]) == 2
    assert "did you mean ops" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="did you mean --level"):
        run_words(["--levle", "OK"])
