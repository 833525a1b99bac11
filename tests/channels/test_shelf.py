from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

import nbalert
from nbalert import channels
from nbalert.channels import registry
from nbalert.channels.registry import add
from nbalert.channels.shelf import Shelf
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.message import Message, Receipt
from nbalert.settings import Settings, load
from tests.processes import settings_file

TABLE = '[channels.mine]\nkind = "rooms"\nroom = "a"\n'


class RoomSettings(nbalert.ChannelSettings):
    """Where to."""

    room: str


class Rooms(nbalert.Channel):
    """Counts how often it is closed."""

    kind = "rooms"
    Settings = RoomSettings
    settings: RoomSettings
    closed: ClassVar[list[str]]

    def __init__(self, name: str, settings: nbalert.ChannelSettings) -> None:
        super().__init__(name, settings)
        if self.settings.room == "cellar":
            raise ValueError("secret")

    async def post(self, message: Message, key: str) -> Receipt:
        """Nowhere."""
        return Receipt(channel=self.name, reference=key)

    async def aclose(self) -> None:
        """Also where it goes wrong."""
        self.closed.append(f"{type(self).__name__} {self.settings.room}")
        raise ValueError


class Newer(Rooms):
    """Takes the place of `Rooms`."""


@pytest.fixture(autouse=True)
def _own_kind() -> Iterator[None]:
    """This process has registered `rooms`, for one test."""
    Rooms.closed = []
    add(Rooms, channels.packaged())
    yield
    registry._classes.clear()


class Shelves:
    """A shelf over a settings file that can change."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._home, self._folder = home, folder
        self.write(TABLE)
        self.shelf = Shelf(lambda: self._settings)

    def write(self, text: str) -> None:
        """The settings change."""
        settings_file(self._folder, text)
        self._settings: Settings = load(self._folder, self._home)


def run(home: Home, folder: Path, work: Callable[[Shelves], Awaitable[object]]) -> None:
    """Do something with a shelf."""

    async def with_shelf() -> None:
        shelves = Shelves(home, folder)
        try:
            await work(shelves)
        finally:
            await shelves.shelf.aclose()

    asyncio.run(with_shelf())


def test_built_once(home: Home, tmp_path: Path) -> None:
    """Also where another table of the file has changed; closed at the end."""

    async def work(shelves: Shelves) -> None:
        with shelves.shelf.using("mine") as one, shelves.shelf.using("mine") as two:
            assert one is two
        shelves.write(TABLE + '[channels.other]\nkind = "inbox"\n')
        with shelves.shelf.using("mine") as three:
            assert three is one

    run(home, tmp_path, work)
    assert Rooms.closed == ["Rooms a"]


def test_other_settings(home: Home, tmp_path: Path) -> None:
    """Give another channel; the earlier one is closed when nobody uses it any more."""

    async def work(shelves: Shelves) -> None:
        with shelves.shelf.using("mine") as one:
            shelves.write(TABLE.replace('"a"', '"b"'))
            with shelves.shelf.using("mine") as two:
                assert two is not one
            await asyncio.sleep(0)
            assert Rooms.closed == []
        await asyncio.sleep(0)
        assert Rooms.closed == ["Rooms a"]

    run(home, tmp_path, work)
    assert Rooms.closed == ["Rooms a", "Rooms b"]


def test_another_class(home: Home, tmp_path: Path) -> None:
    """What was built of the earlier one is closed at once, or after its use."""

    async def work(shelves: Shelves) -> None:
        with shelves.shelf.using("mine"):
            pass
        shelves.shelf.drop_outdated()
        await asyncio.sleep(0)
        assert Rooms.closed == []
        add(Newer, channels.packaged())
        shelves.shelf.drop_outdated()
        await asyncio.sleep(0)
        assert Rooms.closed == ["Rooms a"]
        with shelves.shelf.using("mine") as newer:
            assert type(newer) is Newer

    run(home, tmp_path, work)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[channels.mine]\nkind = "rooms"\n', "channels.mine.room: is needed"),
        (TABLE.replace('"a"', '"cellar"'), "channel mine cannot be made: ValueError$"),
        (TABLE + "enabled = false\n", "channel mine is switched off"),
        ("", "unknown channel 'mine'"),
    ],
)
def test_what_cannot_be_built(table: str, says: str, home: Home, tmp_path: Path) -> None:
    """It is said why, without what the class says; mended, it can."""

    async def work(shelves: Shelves) -> None:
        shelves.write(table)
        with pytest.raises(SettingsError, match=says):
            shelves.shelf.using("mine").__enter__()
        shelves.write(TABLE)
        with shelves.shelf.using("mine") as channel:
            assert channel.name == "mine"

    run(home, tmp_path, work)
