from __future__ import annotations

import grp
import os
import stat
from pathlib import Path

import pytest

from nbalert.courier.store import Store
from nbalert.errors import SettingsError
from nbalert.home import Home, private_folder, refuse_writable
from nbalert.inbox.archive import Archive
from nbalert.settings import load


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


@pytest.mark.parametrize(
    ("bits", "by_group", "refusal"),
    [
        (0o600, False, ""),
        (0o644, False, ""),
        (0o666, False, "first: chmod go-w "),
        (0o602, False, "first: chmod go-w "),
        (0o664, True, ""),
        (0o666, True, "first: chmod o-w "),
    ],
)
def test_a_file_that_others_can_write(bits: int, by_group: bool, refusal: str, tmp_path: Path) -> None:
    """It is refused, with the command that mends it; a project's may be its group's."""
    path = tmp_path / "file"
    path.touch()
    path.chmod(bits)
    if refusal:
        with pytest.raises(SettingsError, match=f"can be written by others; {refusal}{path}"):
            refuse_writable(path, by_group=by_group)
    else:
        refuse_writable(path, by_group=by_group)


def test_the_group_of_one_user(tmp_path: Path) -> None:
    """Where everybody has a group of their own, it may write; any other group may not."""
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o664)
    refuse_writable(path, by_group=False)
    if os.getuid() == 0:  # only root can give a file to a group that is not its own
        os.chown(path, -1, grp.getgrnam("nogroup").gr_gid)
        with pytest.raises(SettingsError, match="can be written by others"):
            refuse_writable(path, by_group=False)


def test_settings_and_stores_of_somebody_else(home: Home) -> None:
    """Settings, store and inbox that anybody can write are not used: they say who may approve."""
    for path, use in (
        (home.settings, lambda: load(home.root, home, {})),
        (home.store, lambda: Store(home.store).close()),
        (home.inbox, lambda: Archive(home.inbox).close()),
    ):
        path.parent.mkdir(exist_ok=True)
        path.touch()
        path.chmod(0o646)
        with pytest.raises(SettingsError, match="can be written by others"):
            use()
        path.chmod(0o600)
        use()
