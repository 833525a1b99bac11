from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

import nbalert
import nbalert.testing
from nbalert import __main__ as command
from nbalert.described import described
from nbalert.magics import NbalertMagics
from tests.docs import api, lines, names, settings
from tests.kernels import ROOT

SAVED = "\n\n".join("".join(cell["source"]) for cell in json.loads(api.PAGE.read_text())["cells"])


def test_the_reference_is_that_of_now() -> None:
    """The saved page is what the docstrings say, in whatever terminal and locale it is made."""
    program = "from tests.docs.api import texts; print('\\n\\n'.join(texts()))"
    env = {**os.environ, "COLUMNS": "31", "TERM": "dumb", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    made = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=env
    ).stdout.strip()
    is_same = SAVED.endswith(made)
    assert is_same, f"docstrings, options or settings have changed: run `{api.COMMAND}` and commit the page"


@pytest.mark.parametrize("name", [*nbalert.__all__, *(f"testing.{one}" for one in nbalert.testing.__all__)])
def test_every_public_name(name: str) -> None:
    """It has a heading and at least a sentence."""
    written = names.markdown(name)
    assert written in SAVED
    assert written.startswith(f"### `{name}`\n\n")
    assert names.docstring(name)


def test_every_option() -> None:
    """What `--help` shows stands there, each with what it does."""
    parsers = [*_parsers(command._parser()), *(getattr(NbalertMagics, name).parser for name in lines.MAGICS)]
    actions = [one for parser in parsers for one in parser._actions if one.help != argparse.SUPPRESS]
    assert len(actions) > 100
    for action in actions:
        assert all(option in SAVED for option in action.option_strings if option not in ("-h", "--help"))
        assert action.help or isinstance(action, argparse._SubParsersAction), action


@pytest.mark.parametrize("model", settings.models(), ids=lambda model: model.__name__)
def test_every_setting(model: type[nbalert.ChannelSettings]) -> None:
    """Each key of each table stands there, and says what it is for."""
    for setting in described(model):
        assert f"| `{setting.key}` |" in SAVED or setting.key in ("handlers", "channels", "kind")
        assert setting.help, setting.key


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _parsers(inner)
