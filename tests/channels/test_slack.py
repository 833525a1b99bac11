from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from nbalert import channels
from nbalert.channels.slack import SlackChannel
from nbalert.channels.slack_errors import fault
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable
from nbalert.message import Image, Message
from tests.channels.slack_asking import opened
from tests.chat_servers import slack_rules
from tests.chat_servers.slack import APP_TOKEN, Slack
from tests.chat_servers.webhook import HANG, LOST, RESET, Answer, status

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A workspace."""
    with Slack() as server:
        yield server


def use(slack: Slack, work: Callable[[SlackChannel], Awaitable[None]], **values: Any) -> None:
    """Do something with a channel."""

    async def run() -> None:
        async with opened(slack, **values) as channel:
            await work(channel)

    asyncio.run(run())


def later(title: str = "once", **parts: Any) -> Message:
    """A message that no earlier courier can have tried."""
    return Message(title=title, created_at=datetime.now(UTC) + timedelta(minutes=1), **parts)


@pytest.mark.parametrize(
    "trouble",
    [LOST, HANG, RESET, Answer(body=b'{"ok":false,"error":"fatal_error"}'), status(500)],
    ids=["lost", "hang", "reset", "fatal", "500"],
)
def test_an_unknown_outcome(slack: Slack, trouble: Answer) -> None:
    """Whatever has become of a try, the next one looks for its key first: it is one message."""

    async def work(channel: SlackChannel) -> None:
        slack.plan("chat.postMessage", trouble)
        with pytest.raises(ChannelUnreachable):
            await channel.post(later(), "key")
        for _ in range(2):
            await channel.post(later(), "key")

    use(slack, work, timeout_s=1.0)
    assert len(slack.top()) == 1
    assert len(slack.made("conversations.history")) == 1


def test_what_an_earlier_courier_has_tried(slack: Slack) -> None:
    """A message that is older than the channel is looked for; a newer one is not."""

    async def work(channel: SlackChannel) -> None:
        await channel.post(Message(title="old", created_at=datetime.now(UTC) - timedelta(hours=1)), "key")
        looked = len(slack.made("conversations.history"))
        await channel.post(later("new"), "another")
        assert len(slack.made("conversations.history")) == looked

    for _ in range(2):
        use(slack, work)
    titles = [slack_rules.shown(said["blocks"])[2:] for said in slack.top()]
    assert titles == ["old", "new", "new"]  # the second new one says of itself that nobody has tried it


def test_a_key_far_back(slack: Slack) -> None:
    """In a busy channel it is found behind hundreds of other messages."""

    message = Message(title="once")
    use(slack, lambda channel: _posts(channel, message))
    for n in range(450):
        slack.add("C1", {"type": "message", "user": "UBOB", "text": str(n), "blocks": []})
    use(slack, lambda channel: _posts(channel, message))
    assert len(slack.made("chat.postMessage")) == 1


def test_an_app_that_may_not_read(slack: Slack) -> None:
    """It posts all the same."""
    slack.scopes = ["chat:write"]
    use(slack, lambda channel: _posts(channel, Message(title="x")))
    assert len(slack.top()) == 1


def test_a_limit_is_that_of_one_method_and_place(slack: Slack) -> None:
    """Slack asks to wait: no try before that goes out, and other places and methods go on."""

    async def work(channel: SlackChannel) -> None:
        slack.limit("chat.postMessage", 30)
        for _ in range(3):
            with pytest.raises(ChannelBusy) as caught:
                await channel.post(later(), "key")
            assert 25 < (caught.value.retry_after_s or 0) <= 30
        assert slack.made("chat.postMessage") == []
        async with opened(slack) as another:
            with pytest.raises(ChannelBusy):  # of the same token
                await another.post(later(), "key2")
            receipt = await another.post(later("elsewhere", target="C2"), "key3")
            await another.update(receipt, later("changed", target="C2"))

    use(slack, work)
    (said,) = slack.top("C2")
    assert "changed" in slack_rules.shown(said["blocks"])


def test_the_pace_of_one_place(slack: Slack) -> None:
    """After a short burst one message a second goes to a conversation, of all channels of a token."""

    async def work(channel: SlackChannel) -> None:
        async with opened(slack) as another:
            for n in range(8):
                began = asyncio.get_running_loop().time()
                await (channel, another)[n % 2].post(later(str(n)), str(n))
            assert asyncio.get_running_loop().time() - began > 0.5
            began = asyncio.get_running_loop().time()
            await channel.post(later("elsewhere", target="C2"), "elsewhere")
            assert asyncio.get_running_loop().time() - began < 0.5

    use(slack, work)


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("invalid_auth", ChannelDenied, "check the token"),
        ("token_revoked", ChannelDenied, "check the token"),
        ("missing_scope", ChannelDenied, "add the scope chat:write"),
        ("not_in_channel", ChannelDenied, "/invite"),
        ("channel_not_found", ChannelDenied, "check the channel's id"),
        ("is_archived", ChannelDenied, "archived"),
        ("invalid_blocks", ChannelRefused, "too long: x"),
        ("msg_too_long", ChannelRefused, "msg_too_long"),
        ("ratelimited", ChannelBusy, "ratelimited"),
        ("service_unavailable", ChannelUnreachable, "service_unavailable"),
        ("internal_error", ChannelUnreachable, "internal_error"),
        ("something_new", ChannelRefused, "something_new"),
    ],
)
def test_errors(code: str, kind: type[ChannelError], says: str) -> None:
    """What Slack says in an answer of 200 becomes an error of the tree, and says what to do."""
    body = {
        "ok": False,
        "error": code,
        "needed": "chat:write",
        "response_metadata": {"messages": ["too long: x"]},
    }
    error = fault(
        "team", httpx.Response(200, json=body, request=httpx.Request("POST", "https://slack.com/api/x"))
    )
    assert error
    assert type(error) is kind or isinstance(error, kind)
    assert isinstance(error, ChannelDenied) is (kind is ChannelDenied)
    assert says in str(error)


def test_an_answer_that_is_not_slacks(slack: Slack) -> None:
    """A page of HTML, whatever its status, is no receipt."""

    async def work(channel: SlackChannel) -> None:
        for answer in (Answer(body=b"<html>log in</html>"), Answer(502, body=b"<html>"), Answer(body=b"[]")):
            slack.plan("chat.postMessage", answer)
            with pytest.raises(ChannelUnreachable):
                await channel.post(later(), "key")
        await channel.post(later(), "key")

    use(slack, work)
    assert len(slack.top()) == 1


def test_a_target(slack: Slack) -> None:
    """It is posted there instead; a wrong one fails this message alone."""

    async def work(channel: SlackChannel) -> None:
        await channel.post(later(target="C2"), "key")
        with pytest.raises(ChannelRefused, match="channel_not_found") as caught:
            await channel.post(later(target="C404"), "key2")
        assert not isinstance(caught.value, ChannelDenied)
        await channel.post(later("after"), "key3")

    use(slack, work)
    assert len(slack.top("C2")) == 1
    assert len(slack.top()) == 1


def test_figures(slack: Slack) -> None:
    """They are files in the message's thread, in order, by the upload in three steps."""
    images = tuple(Image(PNG + bytes([n]), name=f"figure-{n}.png") for n in range(3))
    use(slack, lambda channel: _posts(channel, Message(title="x", images=images)))
    (said,) = slack.top()
    (shared,) = slack.thread(said["ts"])
    assert [slack.files[one["id"]]["data"] for one in shared["files"]] == [image.data for image in images]


def test_figures_whose_upload_fails(slack: Slack) -> None:
    """It is tried again, and neither the message nor its figures are there twice."""
    message = Message(title="x", images=(Image(PNG),))

    async def work(channel: SlackChannel) -> None:
        for method in ("files.getUploadURLExternal", "files.completeUploadExternal"):
            slack.plan(method, status(500))
            with pytest.raises(ChannelUnreachable):
                await channel.post(message, "key")
        await channel.post(message, "key")

    use(slack, work)
    use(slack, lambda channel: _posts(channel, message))
    (said,) = slack.top()
    assert len(slack.thread(said["ts"])) == 1


def test_figures_that_may_not_be_uploaded(slack: Slack) -> None:
    """The message stands, and says what is not there and why."""
    slack.scopes.remove("files:write")
    use(slack, lambda channel: _posts(channel, Message(title="x", images=(Image(PNG),))))
    (said,) = slack.top()
    assert "Not attached: Slack says missing_scope" in slack_rules.shown(said["blocks"])
    assert "files:write" in slack_rules.shown(said["blocks"])


def test_update(slack: Slack) -> None:
    """In place, without a mark of being edited; a message that is gone is refused."""

    async def work(channel: SlackChannel) -> None:
        receipt = await channel.post(later("before"), "key")
        await channel.update(receipt, later("after"))
        (said,) = slack.top()
        assert "after" in slack_rules.shown(said["blocks"])
        assert "edited" not in said
        slack.messages["C1"].clear()
        with pytest.raises(ChannelRefused, match="message_not_found"):
            await channel.update(receipt, later("never"))

    use(slack, work)


def test_native(slack: Slack) -> None:
    """Blocks of one's own reach Slack as they are."""
    own = [{"type": "section", "text": {"type": "mrkdwn", "text": "*bold* <!here>"}}]
    native = {"slack": {"blocks": own, "unfurl_links": True}}
    use(slack, lambda channel: _posts(channel, Message(title="x", native=native)))
    assert slack.top()[0]["blocks"] == own
    assert slack.made("chat.postMessage")[0]["unfurl_links"] is True


def test_problems(slack: Slack) -> None:
    """Each thing that is missing is a line, with where to click; nothing is posted."""

    def found(**values: Any) -> list[str]:
        lines: list[str] = []

        async def work(channel: SlackChannel) -> None:
            lines.extend(await channel.problems())

        use(slack, work, **values)
        return lines

    assert found(app_token=APP_TOKEN) == []
    (outside,) = found(channel="C9")
    assert "/invite" in outside
    (unknown,) = found(channel="C404")
    assert "channel_not_found" in unknown
    (app,) = found(app_token="xapp-secret-wrong")
    assert "connections:write" in app
    slack.scopes = ["chat:write", "channels:history"]
    lines = found()
    assert [line.split("scope ")[1].split()[0] for line in lines] == [
        "files:write",
        "reactions:read",
        "reactions:write",
        "users:read",
    ]
    assert all("OAuth & Permissions" in line for line in lines)
    (outside,) = [line for line in found(channel="C9") if "invite" in line]
    assert "not_in_channel" in outside
    slack.tokens.clear()
    (token,) = found()
    assert "invalid_auth" in token
    assert slack.top() == []
    assert "secret" not in " ".join([*lines, app, token])


def test_a_webhook(slack: Slack) -> None:
    """What it cannot take is said; its own errors are read; no question goes by it."""

    async def work() -> None:
        channel = channels.build("hook", {"kind": "slack-webhook", "url": slack.hook_url})
        try:
            await channel.post(Message(title="x", images=(Image(PNG),)), "key")
            slack.http.plan(Answer(400, body=b"invalid_payload"), Answer(body=b"<html>"))
            with pytest.raises(ChannelRefused):
                await channel.post(Message(title="y"), "key")
            with pytest.raises(ChannelUnreachable, match="as a webhook of Slack does; check url"):
                await channel.post(Message(title="y"), "key")
        finally:
            await channel.aclose()

    asyncio.run(work())
    (said,) = slack.top()
    assert "1 figure(s) left out" in slack_rules.shown(said["blocks"])


async def _posts(channel: SlackChannel, message: Message) -> None:
    await channel.post(message, "key")
