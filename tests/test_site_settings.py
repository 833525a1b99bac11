from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nbalert import channels
from nbalert.auto_settings import rule_from_settings
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.introduction import Introduction
from nbalert.settings import load, load_project
from tests.processes import settings_file, webhook_table

EVERYBODY = webhook_table("ops", "https://h/ops") + webhook_table("team", "https://h/team")


def site(home: Home, text: str) -> Path:
    """The file for everybody."""
    home.site.write_text(text, encoding="utf-8")
    return home.site


def refusal(home: Home, folder: Path, **env: str) -> str:
    """Why these settings are wrong."""
    with pytest.raises(SettingsError) as caught:
        load(folder, home, env)
    return str(caught.value)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the platform has settings for everybody, unless the environment names another file."""
    monkeypatch.delenv("NBALERT_SITE")
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    if sys.platform == "linux":
        assert Home.find().site == tmp_path / "etc" / "nbalert" / "nbalert.toml"
    monkeypatch.setenv("NBALERT_SITE", str(tmp_path / "hub.toml"))
    assert Home.find().site == tmp_path / "hub.toml"


def test_it_lies_below_the_user_s(home: Home, tmp_path: Path) -> None:
    """What a user says counts; what only the file for everybody says does, too; projects add to both."""
    path = site(home, f'default = "team"\nask_timeout = "2h"\n{EVERYBODY}')
    assert load(tmp_path, home, {}).channel(None).origin.file == str(path)
    settings_file(home.root, 'ask_timeout = "5m"\n' + webhook_table("team", "https://h/mine"))
    project = tmp_path / "project"
    settings_file(project, webhook_table("ours", "https://h/ours"))
    read = load(project, home, {})
    assert (read.default, read.ask_timeout_s) == ("team", 300.0)
    assert set(read.channels) == {"inbox", "ops", "team", "ours"}
    assert read.channel(None).origin.file == str(home.settings)
    assert load_project("", home).channel("ops").origin.file == str(path)  # as a courier reads them


def test_it_is_no_project_s(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks may lie below its folder: it is trusted all the same, and is read once."""
    path = settings_file(tmp_path, f'locked = ["redact"]\n{EVERYBODY}')
    monkeypatch.setenv("NBALERT_SITE", str(path))
    read = load(tmp_path / "notebooks", Home.find(), {})
    assert (read.project, set(read.channels)) == ("", {"inbox", "ops", "team"})


def test_groups_of_everybody(home: Home, tmp_path: Path) -> None:
    """Each channel of a user or project may name them; a user's group of the same name is that user's."""
    site(home, '[groups]\ndba = ["slack:U1"]\nops = ["slack:U2"]\n' + EVERYBODY)
    settings_file(home.root, '[groups]\ndba = ["slack:U3"]\n' + webhook_table("mine", "https://h/"))
    read = load(tmp_path, home, {})
    assert read.channel("ops").groups == {"dba": ("slack:U1",), "ops": ("slack:U2",)}
    assert read.channel("mine").groups == {"dba": ("slack:U3",), "ops": ("slack:U2",)}


def test_a_project_cannot_redefine_its_channels(home: Home, tmp_path: Path) -> None:
    """A cloned project neither sends elsewhere nor names approvers."""
    path, project = site(home, EVERYBODY), tmp_path / "project"
    file = settings_file(project, '[channels.ops]\napprovers = ["eve"]\n')
    assert refusal(home, project).startswith(f"{file}: channels.ops is defined in {path}, which a project")


def test_handlers_of_everybody(home: Home, tmp_path: Path) -> None:
    """They subscribe everybody's alerts, beside the handlers of a user."""
    handler = '[[handlers]]\nid = "{0}"\ntopic = "{0}"\nchannel = "ops"\n'
    site(home, EVERYBODY + handler.format("nightly"))
    settings_file(home.root, handler.format("daily"))
    assert [one.id for one in load(tmp_path, home, {}).handlers] == ["nightly", "daily"]


@pytest.mark.parametrize(
    ("own", "is_on"), [("", True), ('auto = "off"', False), ("auto = false", False), ('auto = "5m"', True)]
)
def test_auto_mode_for_everybody(own: str, is_on: bool, home: Home) -> None:
    """It is on with the first cell, and who does not like it says so in settings of their own."""
    site(home, f'auto = "60s"\ndefault = "team"\n{EVERYBODY}')
    settings_file(home.root, own)
    rule = rule_from_settings()
    assert (rule is not None) == is_on
    assert rule is None or rule.channels == ("team",)


def test_patterns_add_up(home: Home, tmp_path: Path) -> None:
    """Both hide; unless it is locked, a user may have nothing hidden."""
    site(home, 'redact = ["KD-[0-9]+"]')
    settings_file(home.root, 'redact = ["INT-[0-9]+"]')
    assert load(tmp_path, home, {}).redaction.patterns == ("KD-[0-9]+", "INT-[0-9]+")
    settings_file(home.root, "redact = false")
    assert not load(tmp_path, home, {}).redaction.is_on


@pytest.mark.parametrize(
    ("locked", "own", "project", "env", "says"),
    [
        ("redact", "redact = false", "", {}, "redact is locked by"),
        ("channels.ops", EVERYBODY, "", {}, "channels.ops is locked by"),
        ("channels", webhook_table("mine", "https://h/"), "", {}, "channels is locked by"),
        ("channels", "", webhook_table("ours", "https://h/"), {}, "channels is locked by"),
        ("durable", "", "", {"NBALERT_DURABLE": "power"}, "durable is locked by"),
        ("channels.ops", "", "", {"NBALERT_CHANNELS__OPS__URL": "https://h/"}, "channels.ops is locked by"),
        ("redact", 'locked = ["default"]', "", {}, "locked: belongs into"),
    ],
)
def test_what_is_locked(
    locked: str, own: str, project: str, env: dict[str, str], says: str, home: Home, tmp_path: Path
) -> None:
    """Nobody else says it: not a user, nor a project, nor a variable. All else they say."""
    path = site(home, f'locked = ["{locked}"]\n{EVERYBODY}')
    folder = tmp_path / "project"
    settings_file(folder, 'default = "team"')
    assert load(folder, home, {"NBALERT_EXIT_WAIT": "1m"}).default == "team"
    settings_file(home.root, own)
    settings_file(folder, project)
    said = refusal(home, folder, **env)
    assert says in said
    assert str(path) in said


def test_what_it_cannot_be(home: Home, tmp_path: Path) -> None:
    """It says nobody's name, and a file that others can write is not read."""
    path = site(home, '[me]\nslack = "U1"\n')
    assert refusal(home, tmp_path).startswith(f"{path}: me: is for each user's own settings")
    site(home, EVERYBODY)
    path.chmod(0o646)
    assert "can be written by others" in refusal(home, tmp_path)


def test_a_change_is_heard(home: Home, tmp_path: Path) -> None:
    """What an administrator changes counts in kernels that run."""
    introduction = Introduction(home, tmp_path, lambda frame: None)
    assert set(introduction.settings.channels) == {"inbox"}
    path = site(home, EVERYBODY)
    assert channels.check(introduction.settings.channel("ops")).kind == "webhook"
    os.utime(path, ns=(1, 1))
    path.write_text(webhook_table("ops", "https://h/other"))
    assert set(introduction.settings.channels) == {"inbox", "ops"}
