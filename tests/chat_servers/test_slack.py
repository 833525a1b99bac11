"""Slack's own clients find the Slack of the tests to be one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.chat_servers import slack_rules
from tests.chat_servers.slack import APP_TOKEN, TOKEN, Slack

BUTTON = {
    "type": "actions",
    "elements": [
        {"type": "button", "action_id": "a", "value": "v", "text": {"type": "plain_text", "text": "Yes"}}
    ],
}


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A workspace."""
    with Slack() as server:
        yield server


def test_the_web_client(slack: Slack) -> None:
    """It posts, edits, reacts, uploads, pages through a thread, and reads errors as Slack's."""
    client = WebClient(TOKEN, base_url=slack.base_url)
    assert client.auth_test()["user_id"] == "UBOT"
    ts = str(client.chat_postMessage(channel="C1", text="x", blocks=[BUTTON])["ts"])
    client.chat_update(channel="C1", ts=ts, text="y", blocks=[BUTTON])
    client.reactions_add(channel="C1", timestamp=ts, name="x")
    reactions: Any = client.reactions_get(channel="C1", timestamp=ts, full=True)["message"]
    assert [(one["name"], one["users"]) for one in reactions["reactions"]] == [("x", ["UBOT"])]
    for n in range(5):
        client.chat_postMessage(channel="C1", text=str(n), thread_ts=ts)
    client.files_upload_v2(channel="C1", thread_ts=ts, filename="a.txt", content="abc")
    said: list[dict[str, Any]] = []
    for page in client.conversations_replies(channel="C1", ts=ts, limit=3):
        said += page["messages"]
    assert [one["text"] for one in said] == ["y", "0", "1", "2", "3", "4", ""]
    assert [file["data"] for file in slack.files.values()] == [b"abc"]
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_postMessage(channel="C404", text="x")
    with pytest.raises(SlackApiError, match="thread_not_found"):
        client.chat_postMessage(channel="C1", text="x", thread_ts="1.2")
    slack.limit("chat.postMessage", 7)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C1", text="x")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")


def test_the_socket_mode_client(slack: Slack) -> None:
    """It connects, is told of a click and a reply, acknowledges both, and comes back after a refresh."""
    heard: list[SocketModeRequest] = []

    async def listen(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        heard.append(request)

    async def work() -> None:
        web = AsyncWebClient(base_url=slack.base_url)
        client = SocketModeClient(APP_TOKEN, web_client=web)
        client.socket_mode_request_listeners.append(listen)
        try:
            await client.connect()  # type: ignore[no-untyped-call]
            said = slack.add("C1", {"type": "message", "user": "UBOT", "text": "x", "blocks": [BUTTON]})
            assert await asyncio.to_thread(slack.click, "UBOB", said, "Yes")
            await asyncio.to_thread(slack.say, "UBOB", "ok", said["ts"])
            await asyncio.to_thread(slack.push.disconnect, slack.push.links[0], "refresh_requested")
            await asyncio.to_thread(slack.push.wait_for_opened, 2)
            assert await asyncio.to_thread(slack.click, "UCAROL", said, "Yes")
        finally:
            await client.close()  # type: ignore[no-untyped-call]

    asyncio.run(work())
    kinds = [(one.type, one.payload.get("user", {}).get("id", "")) for one in heard]
    assert kinds == [("interactive", "UBOB"), ("events_api", ""), ("interactive", "UCAROL")]
    assert heard[0].payload["actions"][0]["value"] == "v"
    assert heard[1].payload["event"]["thread_ts"]


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "invalid_blocks"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "invalid_blocks"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": ""}}], "invalid_blocks"),
        ([{"type": "actions", "elements": []}], "invalid_blocks"),
        ([BUTTON, BUTTON], "invalid_blocks"),
        ([{"type": "nonsense"}], "invalid_blocks"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5, "msg_blocks_too_long"),
        ([BUTTON], ""),
    ],
)
def test_limits(blocks: list[dict[str, Any]], code: str) -> None:
    """What Slack refuses is refused with its code."""
    assert slack_rules.fault_of({"text": "x", "blocks": blocks}) == code


def test_lengths() -> None:
    """Of text; an update takes less."""
    assert slack_rules.fault_of({"text": "x" * 4001}) == ""
    assert slack_rules.fault_of({"text": "x" * 4001}, is_update=True) == "msg_too_long"
    assert slack_rules.fault_of({"text": "x" * 40_001}) == "msg_too_long"
    assert slack_rules.fault_of({"text": ""}) == "no_text"
