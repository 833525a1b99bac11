from __future__ import annotations

import stat
from pathlib import Path

import pytest

from nbalert.home import Home, private_folder


def test_everything_moves_with_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NBALERT_HOME` holds spool, store, runtime files and the user's settings, also as a relative path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBALERT_HOME", "x")
    home = Home.find()
    places = (home.spool, home.store, home.inbox, home.lock, home.log, home.socket, home.settings)
    assert all(place.is_relative_to(tmp_path / "x") for place in places)
    assert len(set(places)) == len(places)


def test_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's own folders."""
    monkeypatch.delenv("NBALERT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    home = Home.find()
    assert "nbalert" in home.root.parts
    assert home.settings.name == "nbalert.toml"
    assert not home.settings.is_relative_to(home.root)


def test_a_long_path(tmp_path: Path) -> None:
    """The socket is in its home, wherever temporary files are: all sessions of a user find the same one."""
    for root in (Path("/h"), tmp_path / ("x" * 120)):
        assert Home(root, root).socket == root / "run" / "line"


def test_a_private_folder(tmp_path: Path) -> None:
    """Made for its owner alone; one that others could enter is closed to them."""
    made = private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o777)
    assert stat.S_IMODE(private_folder(made).stat().st_mode) == 0o700
