from __future__ import annotations

import json
import math

import pytest
from pydantic import SecretStr

import nbalert
from nbalert.channels.carried import LONGEST_CHARS, ChannelFault, packed, unpacked
from nbalert.errors import (
    CannotAsk,
    ChannelBusy,
    ChannelError,
    ChannelRefused,
    ChannelUnreachable,
    SettingsError,
)
from nbalert.message import Message, Receipt


class Settings(nbalert.ChannelSettings):
    """With secrets in every place."""

    token: SecretStr = SecretStr("hush-hush")
    more: dict[str, list[SecretStr]] = {"a": [SecretStr("hush-hush-too"), SecretStr("")]}  # noqa: RUF012


class Chat(nbalert.Channel):
    """Fails in its own code."""

    kind = "chat"
    Settings = Settings

    async def post(self, message: Message, key: str) -> Receipt:
        """Divide by zero."""
        raise ZeroDivisionError("hush-hush")


class Later(ChannelError):
    """A custom channel's own error."""

    retryable = True


def carried(error: BaseException) -> Exception:
    """The error at the other end."""
    return unpacked(json.loads(json.dumps(packed(error, Chat("c", Settings(kind="chat"))))))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ChannelUnreachable("x"), ChannelUnreachable),
        (ChannelRefused("x"), ChannelRefused),
        (ChannelError("x"), ChannelRefused),
        (Later("x"), ChannelUnreachable),
        (CannotAsk("x"), CannotAsk),
        (SettingsError("x"), SettingsError),
    ],
)
def test_what_is_acted_upon_crosses(error: Exception, kind: type[Exception]) -> None:
    """Whether to try again, and the text."""
    assert (type(carried(error)), str(carried(error))) == (kind, "x")


@pytest.mark.parametrize(
    ("wish", "heard"), [(7, 7.0), (0.5, 0.5), (None, None), (math.nan, None), (-1, None), ("soon", None)]
)
def test_how_long_to_wait_crosses(wish: float | None, heard: float | None) -> None:
    """What is no time is no wish."""
    error = carried(ChannelBusy("x", wish))
    assert isinstance(error, ChannelBusy)
    assert error.retry_after_s == heard


def test_secrets_and_many_lines_do_not_cross() -> None:
    """A careless text is scrubbed, put in one line, and cut."""
    assert (
        str(carried(ChannelRefused("https://x/hush-hush-too?a=hush-hush\n  no"))) == "https://x/***?a=*** no"
    )
    assert len(str(carried(ChannelRefused("x" * 10_000)))) == LONGEST_CHARS


@pytest.mark.parametrize("error", [KeyError("hush-hush"), SystemExit("hush-hush")])
def test_of_a_bug_its_type_crosses(error: BaseException) -> None:
    """Not its text, which may hold anything."""
    fault = carried(error)
    assert isinstance(fault, ChannelFault)
    assert str(fault) == f"{type(error).__name__} in the channel's own code"


def test_of_a_bug_its_place_crosses() -> None:
    """The innermost function of the channel's own module, and the line there."""
    coroutine = Chat("c", Settings(kind="chat")).post(Message(title="x"), "key")
    with pytest.raises(ZeroDivisionError) as caught:
        coroutine.send(None)
    assert "ZeroDivisionError in the channel's own code (post, line " in str(carried(caught.value))
