from __future__ import annotations

import logging
from pathlib import Path

import pytest

import nbalert
from nbalert.courier.journal import LOG_BYTES, logged
from nbalert.dismissal import stop_courier
from nbalert.errors import StoreError
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.proxy import Proxy
from tests.chat_servers.webhook import GARBAGE, RESET, Webhook, status
from tests.processes import Script, settings_file, wait_until, webhook_table

log = logging.getLogger("nbalert.courier.test")


def test_it_is_bounded(tmp_path: Path) -> None:
    """One file and an older one, however much there is to say, also at once."""
    path = tmp_path / "log"
    with logged(path):
        log.warning("%s", "x" * 10 * LOG_BYTES)
        for n in range(1000):
            log.warning("%s %s", n, "x" * 5000)
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= LOG_BYTES
    assert "999 xxx" in path.read_text()


def test_errors_by_kind_and_place(tmp_path: Path) -> None:
    """With all that they came from, and in words only where those are our own or the system's."""
    path = tmp_path / "log"
    with logged(path):
        try:
            try:
                (tmp_path / "gone-hush").read_text()
            except OSError as error:
                raise ValueError("token hush") from error
        except ValueError:
            log.exception("it failed")
        try:
            raise StoreError("the store is full")
        except StoreError:
            log.exception("it failed, too")
    said = path.read_text()
    assert "hush" not in said
    assert f"ValueError\n  {__file__}:" in said
    assert "FileNotFoundError: No such file or directory\n" in said
    assert "StoreError: the store is full\n" in said
    assert "in test_errors_by_kind_and_place" in said


def test_a_full_disk_is_not_told_to_the_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that cannot be written is lost; logging itself would print it."""
    with logged(Path("/dev/full")):
        log.warning("hush")
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_encoded(tmp_path: Path) -> None:
    """A file's name may be no text; the line is written all the same, and nothing is said elsewhere."""
    code = (
        "import logging; from pathlib import Path; from nbalert.courier.journal import logged\n"
        "with logged(Path('log')):\n"
        "    logging.getLogger('nbalert.courier').warning('%s', '\\udce9')"
    )
    with Script(code, folder=tmp_path) as script:
        assert (script.end(), script.stderr) == (0, "")
    assert r"\udce9" in (tmp_path / "log").read_text()


LEAKY = """
import asyncio
from typing import ClassVar
from nbalert.channels.base import Channel
from nbalert.errors import ChannelRefused, ChannelUnreachable
from nbalert.fields import ChannelSettings, Secret

class LeakySettings(ChannelSettings):
    token: Secret

class Leaky(Channel):
    kind = "leaky"
    Settings = LeakySettings

    async def post(self, message, key):
        token = self.settings.token.get_secret_value()
        if message.title == "task":
            asyncio.get_running_loop().call_soon(self.fail, token)
        if message.title == "refused":
            raise ChannelRefused(f"token {token}")
        if message.title == "unreachable":
            raise ChannelUnreachable(f"token {token}")
        raise ValueError(f"token {token}")

    def fail(self, token):
        raise ValueError(f"token {token}")
"""
TABLES = """
[channels.leaky]
kind = "leaky"
token = "env:LEAKY"
[channels.leaky-too]
kind = "leaky"
token = "env:LEAKY"
[channels.team]
kind = "inbox"
url = "{url}/hush-path"
token = "env:TEAM"
approvers = ["anyone"]
"""


@pytest.fixture
def leaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with a channel that talks."""
    (tmp_path / "leaky_channel.py").write_text(LEAKY)
    facts = tmp_path / "leaky_channel-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky-channel\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[nbalert.channels]\nleaky = leaky_channel:Leaky\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # the courier has it, too


@pytest.mark.usefixtures("leaky")
def test_no_secret_in_any_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """URLs, tokens and passwords, whatever fails: the network, the service, the proxy, a channel's code."""
    for name in ("LEAKY", "TEAM"):
        monkeypatch.setenv(name, f"hush-{name}")
    with Webhook() as server, Webhook() as closed, Proxy({}, "ann:hush-right") as proxy:
        server.plan(status(500), RESET, GARBAGE, status(400))
        server.always(status(401))
        closed.down()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url("ann:hush-wrong"))
        address = {"ci": server.url, "closed": closed.url, "proxied": "https://hooks.example.org/secret-path"}
        tables = "".join(webhook_table(name, f"{url}-hush") for name, url in address.items())
        settings_file(home.root, tables + TABLES.format(url=server.url))
        for title in ("bug", "bug"):
            nbalert.post(title, channel="leaky")
        for title in ("task", "unreachable"):
            nbalert.post(title, channel="leaky-too")
        for channel in ("ci", "ci", "closed", "proxied", "team"):
            nbalert.post("x", channel=channel)
        with pytest.raises(nbalert.ChannelRefused, match=r"token \*\*\*"):
            _refused(home)
        wait_until(lambda: _reasons() >= {"ci", "closed", "proxied", "team", "leaky", "leaky-too"})
        shown = [client().request({"do": what, "limit": 99}) for what in ("status", "history")]
    finish()
    stop_courier(home)
    assert "hush" not in str(shown)
    for path in home.root.rglob("*"):
        if path.is_file() and path != home.settings:
            assert b"hush" not in path.read_bytes(), path
    said = home.log.read_text()
    assert "ValueError\n" in said
    assert "leaky_channel.py:" in said


def _refused(home: Home) -> None:
    with home.settings.open("a") as file:
        file.write('[channels.leaky-three]\nkind = "leaky"\ntoken = "env:LEAKY"\n')
    nbalert.post("refused", channel="leaky-three").wait(30)


def _reasons() -> set[str]:
    return {row["channel"] for row in client().request({"do": "status"})["waiting"] if row["reason"]}


def test_all_that_is_kept_is_its_owners(detached: Home) -> None:
    """No file of a home can be read by others, whatever is asked, told and logged."""
    nbalert.ask("Deploy?", timeout=0.3, raises=False)
    nbalert.post("told").wait(30)
    finish()
    stop_courier(detached)
    modes = {path.name: path.stat().st_mode & 0o077 for path in detached.root.rglob("*")}
    assert {detached.log.name, detached.audit_head.name, detached.store.name} <= set(modes)
    assert {name for name, mode in modes.items() if mode} == set()
