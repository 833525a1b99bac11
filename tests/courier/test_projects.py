from __future__ import annotations

from pathlib import Path

import pytest

from nbalert.courier.projects import NotReady, Project
from nbalert.home import Home
from tests.courier.rooms import Rooms, run
from tests.processes import settings_file, webhook_table


def test_built_once(home: Home) -> None:
    """The same settings give the same channel, others another one; a project's name is not another's."""

    async def work(rooms: Rooms) -> None:
        rooms.learn("http://127.0.0.1:9/a")
        with rooms.projects.using("p", "ci") as one, rooms.projects.using("p", "") as default:
            assert one is default
        rooms.learn("http://127.0.0.1:9/b")
        with rooms.projects.using("p", "ci") as two:
            assert one is not two
        with pytest.raises(NotReady, match="known channels: inbox"), rooms.projects.using("", "ci"):
            pass

    run(home, work)


def test_nobody_of_the_project_is_there(home: Home, tmp_path: Path) -> None:
    """What its files alone say is used; what only its processes know is waited for, by name."""
    path = settings_file(
        tmp_path / "p", webhook_table("plain", "http://127.0.0.1:9") + webhook_table("team", "env:TEAM")
    )

    async def work(rooms: Rooms) -> None:
        with rooms.projects.using(str(path), "plain") as channel:
            assert channel.name == "plain"
        with pytest.raises(NotReady, match="TEAM is an environment variable of its project"):
            rooms.projects.using(str(path), "team").__enter__()
        with pytest.raises(NotReady, match=r"waits for a process of the project /gone/x: /gone/x is gone"):
            rooms.projects.using("/gone/x", "team").__enter__()

    run(home, work)


def test_broken_settings(home: Home) -> None:
    """They hold up every channel of the project, and say why."""

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(Project.broken("p", "line 3 is wrong"))
        with pytest.raises(NotReady, match="line 3 is wrong"):
            rooms.projects.using("p", "ci").__enter__()

    run(home, work)
