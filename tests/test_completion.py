"""What Tab offers in the lines of our magics, by IPython's own completer. A browser tries JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from nbalert.home import Home
from tests.processes import settings_file, webhook_table

Tab = Callable[[str], list[str]]


@pytest.fixture
def tab(shell: Any, home: Home) -> Tab:
    """`tab(text)`: the whole line with each of what is offered at the end of its first line."""
    table = webhook_table("team", "http://127.0.0.1:9/hook") + webhook_table("ops", "http://127.0.0.1:9/hook")
    home.root.mkdir(mode=0o700)
    settings_file(home.root, table)

    def press(text: str) -> list[str]:
        end = text.index("\n") if "\n" in text else len(text)
        with provisionalcompleter():
            found = list(shell.Completer.completions(text, end))
        return [text[: one.start] + one.text for one in found]

    return press


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%%alert -c te\nfit()", ["%%alert -c team"]),
        ("%%alert -c ", ["%%alert -c inbox", "%%alert -c ops", "%%alert -c team"]),
        ("%alert --channel=o", ["%alert --channel=ops"]),
        ("x = %ask -c te", ["x = %ask -c team"]),
        ("%%alert --on fa", ["%%alert --on failure"]),
        ("%%alert --on=failure,ch", ["%%alert --on=failure,change"]),
        ("%alert -l w", ["%alert -l WARNING"]),
        ("%%alert --no-c", ["%%alert --no-code"]),
        ("%%ask --inp", ["%%ask --input"]),
        ("%ask Sure? --input i", ["%ask Sure? --input int"]),
        ("%%ask Sure? --timeout n", ["%%ask Sure? --timeout never"]),
        ("%nbalert hist", ["%nbalert history"]),
        ("%nbalert test ", ["%nbalert test inbox", "%nbalert test ops", "%nbalert test team"]),
        ("%nbalert history --f", ["%nbalert history --failed"]),
        ("%nbalert silence o", ["%nbalert silence off"]),
        ("%nbalert silence 1h --t", ["%nbalert silence 1h --topic"]),
        ("%nbalert config o", ["%nbalert config ops"]),
        ("%nbalert auto 60s -c te", ["%nbalert auto 60s -c team"]),
        ("%nbalert route --top", ["%nbalert route --topic"]),
        ("%nbalert route -l w", ["%nbalert route -l WARNING"]),
        ("%nbalert channels rem", ["%nbalert channels remove"]),
        ("%nbalert channels remove t", ["%nbalert channels remove team"]),
        ("%nbalert channels kinds tel", ["%nbalert channels kinds telegram"]),
        ("%nbalert channels add new tel", ["%nbalert channels add new telegram"]),
        ("%nbalert channels add new slack tok", ["%nbalert channels add new slack token="]),
        ("%nbalert channels add new slack token=env:A tok", []),
    ],
)
def test_what_is_offered(tab: Tab, text: str, offered: list[str]) -> None:
    """Channels, options and values where they fit, and nothing besides."""
    assert tab(text) == offered


def test_options_that_fit(tab: Tab) -> None:
    """A line has not those of a cell; what is given is offered again only if it may be repeated."""
    options = ("--channel", "--level", "--topic", "--mention")
    assert tab("%alert --") == [f"%alert {option}" for option in options]
    cell = tab("%%alert -t x -c team --")
    assert "%%alert -t x -c team --channel" in cell
    assert not [text for text in cell if text.endswith(("--title", "--level"))]
    assert not [text for text in tab("%%ask --") if "--no-raise" in text]


def test_other_lines_are_as_ever(tab: Tab, shell: Any) -> None:
    """Code, free text and other magics are completed by IPython; without the extension so are ours."""
    assert "some_dict = {}; print" in tab("some_dict = {}; prin")
    assert not [text for text in tab('%alert "the te') if "team" in text]
    shell.run_line_magic("reload_ext", "nbalert")
    assert len(shell.Completer.custom_matchers) == 1
    shell.run_line_magic("unload_ext", "nbalert")
    assert shell.Completer.custom_matchers == []
    shell.run_line_magic("load_ext", "nbalert")


def test_wrong_settings_offer_nothing(tab: Tab, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Tab is no place for errors; options are offered all the same."""
    home.settings.write_text("default = 7")
    assert tab("%%alert -c inb") == []
    assert "%%alert --title" in tab("%%alert --")
    assert capsys.readouterr().err == ""
