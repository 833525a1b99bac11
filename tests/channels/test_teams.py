"""What a workflow of Teams does beside the contract: its card, its size, its errors, and whom it notifies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.teams_card import CARD_BYTES, card, size_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelRefused
from nbalert.message import Image, Level, Message, Source
from tests.channels.row_teams import rendered
from tests.channels.using import with_channel
from tests.chat_servers.teams import Teams, blocks, shown
from tests.inboxes import question


@pytest.fixture
def teams() -> Iterator[Teams]:
    """A workflow of our own."""
    with Teams() as server:
        yield server
        assert server.faults == []


def use(url: str, work: Callable[[Channel], Awaitable[Any]]) -> None:
    """Do something with a channel."""
    with_channel({"kind": "teams", "url": url}, work)


def read(content: dict[str, Any]) -> str:
    """A card's text as its reader sees it."""
    return "\n".join(rendered(text) for block in blocks(content["body"]) for text in shown(block))


def test_a_card(teams: Teams) -> None:
    """Title in the colour of the level, code with its indentation, fields, and what is left out."""
    code = "def f(*args):\n    return [_x for _x in args]"
    message = Message(
        title="train *failed*",
        level=Level.CRITICAL,
        code=code,
        metadata={"loss_": 0.5},
        images=(Image(b"1"),),
        source=Source(notebook="train.ipynb", cell_number=3, link="https://hub/lab"),
    )
    use(teams.url, lambda channel: channel.post(message, "key"))
    (content,) = teams.cards
    assert content["body"][0]["style"] == "attention"
    assert content["actions"][0]["url"] == "https://hub/lab"
    (block,) = (block for block in content["body"] if block.get("fontType") == "Monospace")
    assert block["text"].splitlines()[2].startswith("\u00a0" * 4 + "return")
    text = read(content)
    for part in ("train *failed*", code, "loss_", "train.ipynb, cell 3", "1 figure(s) left out"):
        assert part in text


@pytest.mark.parametrize("char", ["x", "\\", "表", "🚀", '"'])
def test_whatever_is_long_fits(char: str, teams: Teams) -> None:
    """Counted as Teams does, with every escape; what is cut says so."""
    text = char * 20_000
    fields = {f"{n}": text for n in range(40)}
    message = Message(
        title=text, text=text, traceback=text, output=text, result=text, code=text, metadata=fields
    )
    use(teams.url, lambda channel: channel.post(message, "key"))
    (content,) = teams.cards
    assert size_of(content) <= CARD_BYTES
    assert "characters cut …" in read(content)
    assert "10 more" in read(content)


def test_whom_it_notifies(teams: Teams) -> None:
    """Whom the message mentions, by object id or principal name; a tag in a text is a text."""
    message = Message(title="<at>everyone</at> {{DATE(2026-01-01)}}", mention=("bob@example.org",))
    use(teams.url, lambda channel: channel.post(message, "key"))
    (content,) = teams.cards
    (entity,) = content["msteams"]["entities"]
    assert entity["mentioned"]["id"] == "bob@example.org"
    assert content["body"][1]["text"] == entity["text"] == "<at>bob@example.org</at>"
    assert "<at>everyone" not in str(content["body"])
    assert "{{" not in str(content["body"])


def test_native_parts(teams: Teams) -> None:
    """A card of the author's own is sent as it is."""
    own = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "mine"}]}
    use(
        teams.url, lambda channel: channel.post(Message(title="t", native={"teams": {"content": own}}), "key")
    )
    assert teams.cards == [own]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda teams: setattr(teams, "is_on", False),
            "switched off or deleted; look at it",
        ),
        (lambda teams: setattr(teams, "sig", "other"), r"token \(sig=\) is not valid; copy the whole URL"),
    ],
    ids=["off", "signature"],
)
def test_errors(change: Callable[[Teams], None], says: str, teams: Teams) -> None:
    """Each says what to do, without the URL; alerts wait until then."""

    async def work(channel: Channel) -> None:
        change(teams)
        with pytest.raises(ChannelDenied, match=says) as caught:
            await channel.post(Message(title="t"), "key")
        assert "secret" not in str(caught.value)

    use(teams.url, work)


def test_throttling(teams: Teams) -> None:
    """One channel keeps below four a second; where others use the same workflow it waits as it is told."""

    async def work(channel: Channel) -> None:
        for n in range(6):
            await channel.post(Message(title=f"{n}"), f"{n}")
        teams._taken += [teams._taken[-1]] * 5
        with pytest.raises(ChannelBusy) as caught:
            await channel.post(Message(title="6"), "6")
        assert caught.value.retry_after_s == 1

    use(teams.url, work)
    assert len(teams.cards) == 6


def test_what_it_refuses(teams: Teams) -> None:
    """A question, and addresses that are none; one that has moved is a problem."""

    async def ask(channel: Channel) -> None:
        with pytest.raises(ChannelRefused, match=r"brings no answers back; `nbalert channels kinds`"):
            await channel.post(Message(title="?", question=question()), "key")
        assert await channel.problems() == []

    use(teams.url, ask)
    for url, says in (
        ("logic.azure.com", "is the URL of a workflow"),
        ("https://a.webhook.office.com/x", "connector's"),
        ("https://x.environment.api.powerplatform.com/a?sp=1", "copy the whole URL"),
    ):
        with pytest.raises(ValueError, match=says):
            channels.build("team", {"kind": "teams", "url": url})

    async def moved(channel: Channel) -> None:
        (line,) = await channel.problems()
        assert "copy the URL anew" in line

    use("https://prod-1.westeurope.logic.azure.com/workflows/1?sig=s", moved)


def test_a_card_that_has_nothing_in_it() -> None:
    """Has its level."""
    assert "INFO" in read(card(Message(title=""))["attachments"][0]["content"])
