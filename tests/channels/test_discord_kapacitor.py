"""Every option of Kapacitor's Discord handler has its place: the examples of its page, and what they send."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import trustme

from nbalert import channels
from nbalert.errors import ChannelUnreachable, SettingsError
from nbalert.home import Home
from nbalert.message import Level, Message
from nbalert.settings import Settings, load
from tests.chat_servers.discord_rest import PREFIX, Rest
from tests.chat_servers.discord_rules import Limits
from tests.chat_servers.discord_world import HOOK, HOOK_TOKEN, World
from tests.chat_servers.webhook import Webhook

URL = (
    "https://discordapp.com/api/webhooks/xxxxxxxxxxxxxxxxxx/"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
)
LOGO = "https://influxdata.github.io/branding/img/downloads/influxdata-logo--symbol--pool-alpha.png"

EXAMPLE = f"""
[[discord]]
  enabled = false
  default = true
  url = "{URL}"
  workspace = "guild-channel"
  timestamp = true
  username = "Kapacitor"
  avatar-url = "{LOGO}"
  embed-title = "Kapacitor Alert"
  global = false
  state-changes-only = false
  ssl-ca = "/path/to/ca.crt"
  ssl-cert = "/path/to/cert.crt"
  ssl-key = "/path/to/private-key.key"
  insecure-skip-verify = false
"""
TWO = f"""
[[discord]]
  enabled = true
  default = true
  url = "{URL}"
  workspace = "guild-alerts"
  timestamp = true
  username = "AlertBot"
  avatar-url = "{LOGO}"
  embed-title = "Alert"
  global = false
  state-changes-only = false

[[discord]]
  enabled = true
  default = false
  url = "{URL}"
  workspace = "guild-errors"
  timestamp = true
  username = "StatsBot"
  avatar-url = "{LOGO}"
  embed-title = "Errors"
  global = false
  state-changes-only = false
"""
OPTIONS = {
    "handler file": f"""
id: handler-id
topic: topic-name
kind: discord
options:
  workspace: 'guild-alerts'
  username: 'Kapacitor'
  avatar-url: '{LOGO}'
  timestamp: true
  embed-title: 'Kapacitor Alert'
""",
    "TICKscript": f"""
|alert()
  // ...
  .discord()
    .workspace('guild-alerts')
    .username('Kapacitor')
    .avatarUrl('{LOGO}')
    .timestamp(true)
    .embedTitle('Kapacitor Alert')
""",
    "Send alerts from a TICKscript": ".discord()\n  .embedTitle('Uh Oh!')",
    "Send alerts from a handler": """
id: discord-cpu-alert
topic: cpu
kind: discord
options:
  workspace: 'guild-alerts'
  embed-title: 'Hey, Listen!'
""",
    "Several configurations": ".discord()\n  .workspace('guild-errors')\n  .embedTitle('AAAAAAAAAAAAA')",
    "The digest's handler": """
id: discord-500-errors-daily
topic: 500-errors-24h
kind: discord
options:
  workspace: guild-errors
""",
}
"""Its examples of options, with the workspaces of its own configuration."""


class Hooks:
    """A Discord that has one webhook, by HTTP or HTTPS."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.kept = World()
        self.http = Webhook(Rest(self.kept, Limits(), dict), tls)

    @property
    def url(self) -> str:
        """Of the webhook."""
        scheme = self.http.url.partition(":")[0]
        return f"{scheme}://127.0.0.1:{self.http.port}{PREFIX}/webhooks/{HOOK}/{HOOK_TOKEN}"

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Bodies of all requests, oldest first."""
        return [json.loads(request.body) for request in self.http.requests]


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    """By HTTP."""
    found = Hooks()
    with found.http:
        yield found


def carried_over(kapacitor: str, url: str) -> str:
    """A Kapacitor configuration as ours, key by key."""
    ours: dict[str, Any] = {"channels": {}}
    for section in tomllib.loads(kapacitor)["discord"]:
        plain = {key.replace("-", "_"): value for key, value in section.items()}
        name = plain.pop("workspace")
        if plain.pop("default"):
            ours["default"] = name
        tls = {new: plain.pop(old) for old, new in _TLS.items() if old in plain}
        if "insecure_skip_verify" in plain:
            tls["verify"] = not plain.pop("insecure_skip_verify")
        ours["channels"][name] = {"kind": "discord-webhook", **plain, "url": url, "tls": tls}
    return tomlkit.dumps(ours)


_TLS = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"}


def options_of(example: str) -> dict[str, Any]:
    """Options as a handler file or a TICKscript writes them, under our names."""
    found = re.findall(r"^  ([\w-]+): '?([^'\n]+)'?$|\.(\w+)\('?([^'()]+)'?\)", example, re.MULTILINE)
    named = {a or c: b or d for a, b, c, d in found}
    ours = {re.sub(r"-|(?<=[a-z])(?=[A-Z])", "_", name).lower(): value for name, value in named.items()}
    return {name: value == "true" if name == "timestamp" else value for name, value in ours.items()}


def settings(text: str, home: Home) -> Settings:
    """Of a project's file."""
    Path("nbalert.toml").write_text(text, encoding="utf-8")
    return load(Path.cwd(), home)


def post(found: Settings, name: str | None, message: Message, **options: Any) -> None:
    """To a channel of the settings, with a handler's options over its own."""
    table = found.channel(name)
    values = {**channels.check(table).model_dump(context="line", by_alias=True), **options}

    async def work() -> None:
        channel = channels.build(table.name, values)
        try:
            await channel.post(message, "key")
        finally:
            await channel.aclose()

    asyncio.run(work())


def test_the_configuration(home: Home, tmp_path: Path) -> None:
    """Certificates included: the server wants the client's, and only the named authority vouches for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    own = authority.issue_cert("nbalert")
    own.private_key_pem.write_to_path(tmp_path / "private-key.key")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    hooks = Hooks(context)
    with hooks.http:
        text = carried_over(EXAMPLE, hooks.url).replace("/path/to", str(tmp_path))
        found = settings(text, home)
        assert found.channel(None).name == "guild-channel"
        checked = channels.check(found.channel(None))
        assert (checked.enabled, checked.is_global, checked.state_changes_only) == (False, False, False)
        at = datetime(2026, 11, 27, 12, tzinfo=UTC)
        post(
            found, None, Message(title="CPU", text="Hey, check your CPU", level=Level.WARNING, created_at=at)
        )
        (body,) = hooks.sent
        assert body["username"] == "Kapacitor"
        assert body["avatar_url"] == LOGO
        assert body["embeds"] == [
            {
                "color": 0xF1C40F,
                "title": "Kapacitor Alert",
                "timestamp": "2026-11-27T12:00:00+00:00",
                "description": "CPU\nHey, check your CPU",
            }
        ]
        assert hooks.http.requests[0].path.endswith("?wait=true")
        with pytest.raises(ChannelUnreachable):  # without the client's certificate
            post(found, None, Message(title="x"), tls={"ca": str(tmp_path / "ca.crt")})
        with pytest.raises(ChannelUnreachable, match="not trusted"):
            post(found, None, Message(title="x"), tls={})


def test_a_server_that_is_not_checked(home: Home, tmp_path: Path) -> None:
    """`insecure-skip-verify = true` is `verify = false`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    hooks = Hooks(context)
    with hooks.http:
        example = re.sub(r"  ssl-.*\n", "", EXAMPLE).replace("verify = false", "verify = true")
        text = carried_over(example, hooks.url)
        (home.settings.parent).mkdir(parents=True, exist_ok=True)
        home.settings.write_text(text, encoding="utf-8")  # a project's file may not switch it off
        post(load(tmp_path, home), None, Message(title="x"))
        assert len(hooks.sent) == 1


def test_two_configurations(home: Home, hooks: Hooks) -> None:
    """Each with its own name and title; the default one is used where none is named."""
    found = settings(carried_over(TWO, hooks.url), home)
    post(found, None, Message(title="one"))
    post(found, "guild-errors", Message(title="two"))
    shown = [(body["username"], body["embeds"][0]["title"]) for body in hooks.sent]
    assert shown == [("AlertBot", "Alert"), ("StatsBot", "Errors")]


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name: str, home: Home, hooks: Hooks) -> None:
    """Of handlers and TICKscripts: they choose a configuration, and stand over what it says."""
    given = options_of(OPTIONS[name])
    assert given
    workspace = given.pop("workspace", None)
    found = settings(carried_over(TWO, hooks.url), home)
    post(found, workspace, Message(title="Hey, check your CPU"), **given)
    (body,) = hooks.sent
    own = {"username": "AlertBot", "avatar_url": LOGO, "embed_title": "Alert"}
    if workspace == "guild-errors":
        own |= {"username": "StatsBot", "embed_title": "Errors"}
    expected = {**own, **given}
    assert body["username"] == expected["username"]
    assert body["avatar_url"] == expected["avatar_url"]
    assert body["embeds"][0]["title"] == expected["embed_title"]
    assert "timestamp" in body["embeds"][0]
    assert "Hey, check your CPU" in body["embeds"][0]["description"]


def test_what_may_be_left_out(home: Home, hooks: Hooks) -> None:
    """No title, no time, no name: nothing of them in the request."""
    found = settings(carried_over(TWO, hooks.url), home)
    post(found, None, Message(title="x"), username="", avatar_url="", embed_title="", timestamp=False)
    (body,) = hooks.sent
    assert body.keys() == {"embeds", "allowed_mentions"}
    assert body["embeds"] == [{"color": 0x3498DB, "description": "x"}]


def test_the_title_is_a_template(home: Home, hooks: Hooks) -> None:
    """Over documented names; any other, or a format, is refused when it is read."""
    found = settings(carried_over(TWO, hooks.url), home)
    post(found, None, Message(title="CPU", level=Level.CRITICAL), embed_title="{level}: {title} {{}}")
    assert hooks.sent[0]["embeds"][0]["title"] == "CRITICAL: CPU {}"
    for wrong in ("{nonsense}", "{title.__class__}", "{title!r}", "{title:>99}", "{", "{0}"):
        text = carried_over(TWO, hooks.url).replace('"Alert"', f'"{wrong}"')
        with pytest.raises(SettingsError, match=r"channels\.guild-alerts\.embed_title"):
            channels.check(settings(text, home).channel(None))
