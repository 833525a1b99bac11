from __future__ import annotations

from pathlib import Path

import pytest

from nbalert.courier.hosting import Hosting
from nbalert.courier.project import Project
from nbalert.courier.projects import NotReady, OwnInbox, Projects
from nbalert.errors import ChannelRefused
from nbalert.home import Home
from nbalert.network import Network
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


def test_the_newest_settings_count(home: Home) -> None:
    """Of two processes of one project, in whichever order they come back to another courier."""
    old = Project("p", "ci", {"ci": {"kind": "webhook", "url": "http://127.0.0.1:9/old"}}, since=1)
    new = Project("p", "ci", {"ci": {"kind": "webhook", "url": "http://127.0.0.1:9/new"}}, since=2)

    async def work(rooms: Rooms) -> None:
        for brought in ([old, new], [new, old], [old, new, old]):
            projects = Projects(home, OwnInbox("http://127.0.0.1:9", "token"), Hosting().channel)
            for one in brought:
                projects.learn(one)
            with projects.using("p", "ci") as channel:
                assert channel.settings.url.get_secret_value().endswith("/new")  # type: ignore[attr-defined]
            await projects.aclose()

    run(home, work)


CI = {"kind": "webhook", "url": "http://127.0.0.1:9/a"}


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        (Project("p", "ci", {"ci": CI}), set()),
        (Project("p", "ci", {"ci": {**CI, "enabled": False}}), {"ci", ""}),
        (Project("p", "ci", {"ci": CI, "new": CI}), {"new"}),
        (Project("p", "ci", {"ci": CI}, {"new": "is wrong"}), {"new"}),
        (Project("p", "inbox", {"ci": CI}), {""}),
        (Project("p", "ci", {}), {"ci", ""}),
        (Project("p", "ci", {"ci": CI}, network=Network(http_proxy="p:1")), {"ci", ""}),
        (Project("another", "ci", {"ci": CI}), {"ci", ""}),
    ],
)
def test_what_has_changed(other: Project, changed: set[str], home: Home) -> None:
    """By name; an empty one is the default channel's, and another way out changes all."""
    projects = Projects(home, OwnInbox("http://127.0.0.1:9", "token"), Hosting().channel)
    assert projects.learn(Project("p", "ci", {"ci": CI})) == {"ci", ""}
    assert projects.learn(other) == changed


def test_another_way_out_is_another_channel(home: Home) -> None:
    """Also where its own settings are the same."""

    async def work(rooms: Rooms) -> None:
        built = set()
        for proxy in ("", "p:1", "p:1", "p:2"):
            rooms.projects.learn(Project("p", "ci", {"ci": CI}, network=Network(http_proxy=proxy)))
            with rooms.projects.using("p", "ci") as channel:
                built.add(channel)
                assert channel.settings.network.http_proxy == proxy
        assert len(built) == 3

    run(home, work)


def test_secrets_are_blotted_out_of_errors(home: Home) -> None:
    """Whatever a channel of somebody else's says: its URL, its token, and the proxy's password."""
    network = Network(http_proxy="http://ann:hush-proxy@p:1")
    url = "http://127.0.0.1:9/hush"

    async def work(rooms: Rooms) -> None:
        rooms.projects.learn(Project("p", "ci", {"ci": {"kind": "webhook", "url": url}}, network=network))
        with pytest.raises(ChannelRefused) as caught, rooms.projects.using("p", "ci"):
            raise ChannelRefused(f"cannot post to {url} through {network.http_proxy}: hush-proxy")
        assert str(caught.value) == "cannot post to *** through ***: ***"

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
