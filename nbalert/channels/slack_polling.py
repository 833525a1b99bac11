"""Reading what has been answered: the thread of a question and its reactions, within the app's limits."""

from __future__ import annotations

from nbalert.channels.slack_account import SLOW_S
from nbalert.channels.slack_answers import Place, of_message, of_reaction
from nbalert.channels.slack_api import SlackApi
from nbalert.channels.slack_errors import SlackDenied
from nbalert.errors import ChannelBusy
from nbalert.policy import Reply
from nbalert.question import Question

PAGE = 15
"""All that apps of the slow tier get at once (Source: conversations.replies, 2025-05-29)."""


class Reading:
    """Of one question."""

    def __init__(self, api: SlackApi, question: Question, place: Place) -> None:
        self._api = api
        self._question = question
        self._place = place
        self._may_read_reactions = True

    async def look(self, *, is_only_way: bool) -> list[Reply]:
        """All answers there are now, those of the thread oldest first; none while Slack asks to wait.

        Args:
            is_only_way: Without it an app that may not read threads has other ways to hear of answers.

        Raises:
            ChannelError: They cannot be read.
        """
        try:
            return [*await self._thread(is_only_way), *await self._reactions()]
        except ChannelBusy as error:
            self._api.account.looks.slow_down(error.retry_after_s or SLOW_S)
            return []

    async def _thread(self, is_only_way: bool) -> list[Reply]:
        try:
            return await self._all_of_thread()
        except SlackDenied as error:
            if is_only_way or error.code != "missing_scope":
                raise
            return []

    async def _all_of_thread(self) -> list[Reply]:
        me = await self._api.identity()
        found: list[Reply] = []
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self._api.call(
                "conversations.replies", channel=self._place.channel, ts=self._place.ts, limit=PAGE, **more
            )
            read = (of_message(said, self._question, self._place, me) for said in page.get("messages", ()))
            found += [reply for reply in read if reply]
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return found

    async def _reactions(self) -> list[Reply]:
        """Those of the question, where it carries any and the app may look (scope `reactions:read`)."""
        if not (self._question.policy.reactions and self._may_read_reactions):
            return []
        me = await self._api.identity()
        try:
            answer = await self._api.call(
                "reactions.get", channel=self._place.channel, timestamp=self._place.ts, full=True
            )
        except SlackDenied as error:
            if error.code != "missing_scope":
                raise
            self._may_read_reactions = False  # replies are a way to answer, too
            return []
        given = (
            of_reaction(user, reaction["name"], "", self._question, self._place, me)
            for reaction in (answer.get("message") or {}).get("reactions", ())
            for user in reaction.get("users", ())
        )
        return [reply for reply in given if reply]
