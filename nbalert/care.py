"""What `%nbalert` does: status, channels, test, inbox, history."""

from __future__ import annotations

import html
from collections.abc import Callable

from IPython.display import HTML, display

from nbalert import channels
from nbalert.errors import SettingsError
from nbalert.inbox_link import inbox_link
from nbalert.message import Level
from nbalert.posting import post
from nbalert.process import client
from nbalert.settings import Settings
from nbalert.show import history_text, status_text

HISTORY = 20


def status(_: str | None = None) -> None:
    """Who is on the line, what waits, and why."""
    print(status_text(client().request({"do": "status"})))


def history(limit: str | None = None) -> None:
    """The newest messages and what became of them."""
    print(history_text(client().request({"do": "history", "limit": int(limit or HISTORY)})))


def show_channels(_: str | None = None) -> None:
    """The channels of this project, one a line."""
    print(channels_text(client().settings))


def test(name: str | None) -> None:
    """Send a test to a channel and wait for what becomes of it."""
    table = client().settings.channel(name)
    channels.check(table)
    receipts = post(
        "A test of nbalert", title=f"Test of channel {table.name}", channel=table.name, level=Level.INFO
    ).wait(30)
    print(f"{table.name}: delivered {receipts[0].link}".rstrip())


def inbox(_: str | None = None) -> None:
    """A link to the inbox of this machine: good once, for two minutes, in the browser of who clicks it."""
    link = inbox_link(client())
    hint = f"<br><code>{html.escape(link.hint)}</code>" if link.hint else ""
    anchor = f'<a href="{html.escape(link.url)}" target="_blank">Open the inbox</a> (link good for 2 minutes)'
    display(HTML(anchor + hint))


def channels_text(settings: Settings) -> str:
    """Name, kind, whether it is the default, and what is wrong with it."""
    return "\n".join(_channel_line(settings, name) for name in sorted(settings.channels))


def _channel_line(settings: Settings, name: str) -> str:
    table = settings.channels[name]
    mark = " (default)" if name == settings.default else ""
    try:
        can_reply = channels.channel_class(table.kind).can_reply
        channels.check(table)
        does = "posts and asks" if can_reply else "posts"
        return f"{name}{mark}: {table.kind}, {does}, from {table.origin.file}"
    except SettingsError as error:
        return f"{name}{mark}: cannot be used: {error}"


ACTIONS: dict[str, Callable[[str | None], None]] = {
    "status": status,
    "history": history,
    "channels": show_channels,
    "test": test,
    "inbox": inbox,
}
