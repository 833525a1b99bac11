from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.process import client
from nbalert.settings import load
from tests.processes import settings_file


def redaction(home: Home, folder: Path, **env: str) -> tuple[tuple[str, ...], bool, bool]:
    """What all layers say together."""
    found = load(folder, home, env).redaction
    return found.patterns, found.is_on, found.may_be_off


def test_patterns_add_up(home: Home, tmp_path: Path) -> None:
    """Those of the user's file, of a project's and of the environment, each once; one needs no brackets."""
    settings_file(home.root, r"redact = ['ACME-\d+', 'x+']")
    project = settings_file(tmp_path / "p", r"redact = 'PRJ-\d{4}'").parent
    assert redaction(home, project, NBALERT_REDACT='["x+", "y{3}"]')[0] == (
        *(r"ACME-\d+", "x+", r"PRJ-\d{4}", "y{3}"),
    )
    assert redaction(home, project, NBALERT_REDACT=r"Z-\d")[0][-1] == r"Z-\d"


@pytest.mark.parametrize("line", ["redact = false", "allow_no_redact = true"])
def test_a_project_cannot_switch_it_off(line: str, home: Home, tmp_path: Path) -> None:
    """A cloned project would otherwise have secrets sent; one's own file and the environment may say so."""
    project = settings_file(tmp_path / "p", line).parent
    with pytest.raises(SettingsError, match=r"p/nbalert\.toml: .* belongs into your own settings"):
        load(project, home, {})
    settings_file(home.root, line)
    settings_file(project, "redact = 'x+'")
    _, is_on, may_be_off = redaction(home, project)
    assert (is_on, may_be_off) == (line != "redact = false", line != "redact = false")
    assert redaction(home, project, NBALERT_REDACT="false")[1] is False


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("(", r"'\(' is no regular expression: missing \)"), ("x*", "'x\\*' matches what is empty")],
)
def test_a_wrong_pattern_is_an_error(pattern: str, why: str, home: Home, tmp_path: Path) -> None:
    """Where the settings are read, with the file, the key, and what is wrong."""
    project = settings_file(tmp_path / "p", f"redact = ['ok', '{pattern}']").parent
    with pytest.raises(SettingsError, match=rf"nbalert\.toml: redact.*{why}"):
        load(project, home, {})


def test_wrong_settings_hide_no_less(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for settings to be mended is scrubbed by form, name and environment all the same."""
    settings_file(home.root, "redact = ['(']")
    monkeypatch.setenv("BUILD_TOKEN", "b1ld-t0ken-xyz")
    redactor = client().redactor()
    assert redactor.text("b1ld-t0ken-xyz, password=hunter2") == (
        "«redacted: BUILD_TOKEN», password=«redacted: password»"
    )


def test_switched_off_it_hides_what_channels_use(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """`redact = false` hides known secrets and nothing else; a token of a channel never stands in a chat."""
    monkeypatch.setenv("HOOK", "https://chat.example.org/hooks/abc123def456")
    settings_file(home.root, 'redact = false\n[channels.c]\nkind = "webhook"\nurl = "env:HOOK"')
    redactor = client().redactor()
    assert redactor.text("password=hunter2 hooks/abc123def456") == "password=hunter2 «redacted: channel c»"
    assert json.loads(json.dumps(redactor.data({"text": "password=hunter2"}))) == {"text": "password=hunter2"}
