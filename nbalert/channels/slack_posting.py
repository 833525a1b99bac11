"""Posts to Slack once, which has no idempotency key: where a try's outcome is unknown, its history tells."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, NamedTuple

from nbalert.channels.slack_answers import Place
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_errors import SlackDenied, SlackRefused
from nbalert.errors import ChannelError, ChannelUnreachable

EVENT = "nbalert_message"
"""Type of the metadata that carries the key (Source: Message metadata)."""
LOOK_BACK_S = 300.0
"""How much the clocks may differ when a message is looked for."""
PAGE, PAGES = 200, 5
REMEMBERED = 1000


class Found(NamedTuple):
    """A message that is in Slack.

    Args:
        is_new: Whether it was posted just now, and not by an earlier try.
    """

    place: Place
    is_new: bool


class Posting:
    """Of one channel. Its memory is a hint: what an earlier courier has posted is looked up."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._since = datetime.now(UTC)
        self._posted: OrderedDict[str, Place] = OrderedDict()
        self._doubtful: set[str] = set()
        self._ids: dict[str, str] = {}

    async def once(
        self, conversation: str, arguments: dict[str, Any], key: str, at: datetime, thread: str = ""
    ) -> Found:
        """Post, unless an earlier try with that key has.

        Args:
            conversation: Id, or name with `#`.
            arguments: Of chat.postMessage.
            key: Of the delivery.
            at: When it was accepted: before this channel was made, somebody may have tried already.
            thread: In whose thread; empty for none.

        Raises:
            ChannelError: It was not posted, or that cannot be known yet.
        """
        if known := self._posted.get(key):
            return Found(known, False)
        if (key in self._doubtful or at < self._since) and (
            found := await self._find(conversation, key, at, thread)
        ):
            return Found(self._remember(key, found), False)
        await self._api.account.turn(conversation)
        more = {"thread_ts": thread} if thread else {}
        metadata = {"event_type": EVENT, "event_payload": {"key": key}}
        self._doubtful.add(key)
        try:
            answer = await self._api.call(
                "chat.postMessage",
                **{"unfurl_links": False, "unfurl_media": False, **arguments, **more},
                channel=conversation,
                metadata=metadata,
            )
        except ChannelError as error:
            if not isinstance(error, ChannelUnreachable):
                self._doubtful.discard(key)
            raise
        self._ids[conversation] = str(answer["channel"])
        return Found(self._remember(key, Place(str(answer["channel"]), str(answer["ts"]))), True)

    def _remember(self, key: str, place: Place) -> Place:
        self._doubtful.discard(key)
        self._posted[key] = place
        if len(self._posted) > REMEMBERED:
            self._posted.popitem(last=False)
        return place

    async def _find(self, conversation: str, key: str, at: datetime, thread: str) -> Place | None:
        """What an earlier try has left; None also where the app may not look."""
        id_ = self._ids.get(conversation, conversation)
        oldest = f"{at.timestamp() - LOOK_BACK_S:.6f}"
        method = "conversations.replies" if thread else "conversations.history"
        arguments: dict[str, Any] = {"channel": id_, "limit": PAGE, "include_all_metadata": True}
        arguments |= {"ts": thread} if thread else {"oldest": oldest}
        try:
            for _ in range(PAGES):
                page = await self._api.call(method, **arguments)
                for said in page.get("messages", ()):
                    if ((said.get("metadata") or {}).get("event_payload") or {}).get("key") == key:
                        return Place(id_, str(said["ts"]))
                if not (cursor := (page.get("response_metadata") or {}).get("next_cursor")):
                    break
                arguments["cursor"] = cursor
        except (SlackDenied, SlackRefused):
            return None  # to post perhaps twice is better than not at all
        return None
