"""What `%nbalert` does: status, channels, test, inbox, history, retry, route."""

from __future__ import annotations

import html
import inspect
from collections.abc import Callable, Sequence

from IPython.display import display

from nbalert import channels_command, history_command, keep_alive, route_command, silence_command
from nbalert.channel_test import tried
from nbalert.history import retry_shown
from nbalert.inbox_link import inbox_link
from nbalert.process import client
from nbalert.show import status_text
from nbalert.widgets.where import in_kernel


def status() -> None:
    """Who is on the line, what waits, and why."""
    print(status_text(client().request({"do": "status"})))
    if text := keep_alive.warning(client().settings.keep_alive):
        print(f"warning: {text}")


def config(name: str = "") -> None:
    """A form for a channel: pick a kind, fill in, send a test, save."""
    if not in_kernel():
        print("the form needs a notebook; in words: %nbalert channels kinds, then %nbalert channels add …")
        return
    from nbalert.widgets.channel_form import ChannelForm  # ipywidgets is paid for by who uses it

    ChannelForm(name).show()


def history(*words: str) -> None:
    """What was sent, and what became of it: `nbalert history --help` has the words."""
    history_command.run_words(words)


def retry(*messages: str) -> None:
    """Send again what was given up, all or by ids."""
    retry_shown(client(), messages)


def silence(*words: str) -> None:
    """Tell nothing for a while: of everything, of some alerts, or of a topic."""
    silence_command.run_words(words)


def channels(*words: str) -> None:
    """List, add, remove and try channels: `nbalert channels --help` has the words."""
    channels_command.run_words(words)


def route(*words: str) -> None:
    """Say who would hear an alert: `nbalert route --help` has the words."""
    route_command.run_words(words)


def try_channel(name: str | None = None) -> None:
    """Say what a channel lacks, or send a test to it and wait for what becomes of it."""
    print(tried(name))


def inbox() -> None:
    """A link to the inbox of this machine: good once, for two minutes, in the browser of who clicks it."""
    link = inbox_link(client())
    hint = f"<br><code>{html.escape(link.hint)}</code>" if link.hint else ""
    anchor = f'<a href="{html.escape(link.url)}" target="_blank">Open the inbox</a> (link good for 2 minutes)'
    text = "\n".join(filter(None, [f"{link.url} (opens the inbox once, within 2 minutes)", link.hint]))
    display({"text/plain": text, "text/html": anchor + hint}, raw=True)


def act(what: str, words: Sequence[str]) -> None:
    """Do one of the actions.

    Raises:
        ValueError: It takes fewer words.
    """
    try:
        inspect.signature(ACTIONS[what]).bind(*words)
    except TypeError:
        raise ValueError(f"too many words: {' '.join(words)}") from None
    ACTIONS[what](*words)


ACTIONS: dict[str, Callable[..., None]] = {
    "status": status,
    "history": history,
    "retry": retry,
    "silence": silence,
    "config": config,
    "channels": channels,
    "route": route,
    "test": try_channel,
    "inbox": inbox,
}
