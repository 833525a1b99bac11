"""Reading what has been answered: the thread of a question and its reactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbalert.channels.mattermost_answers import Answers
from nbalert.channels.mattermost_api import Api
from nbalert.policy import Reply

PAGE, PAGES = 200, 25
"""Posts a request, and requests a look (Source: API Reference, "Get a thread", 2023-06-29: at most 200)."""


class Reading:
    """Of one question.

    Args:
        post: Id of the question's post.
    """

    def __init__(self, api: Api, answers: Answers, post: str) -> None:
        self._api, self._answers, self._post = api, answers, post

    async def look(self) -> list[Reply]:
        """All answers that there are, edits among them, oldest first.

        Raises:
            Gone: The question was deleted.
            ChannelError: They cannot be read.
        """
        posts = await thread(self._api, self._post)
        given = await self._api.calls("GET", f"posts/{self._post}/reactions")
        replies = [self._answers.of_post(post) for post in posts]
        replies += [self._answers.of_reaction(reaction) for reaction in given]
        return sorted((reply for reply in replies if reply), key=lambda reply: reply.at)


async def thread(api: Api, root: str) -> list[Mapping[str, Any]]:
    """The posts of a thread, its root among them, oldest first.

    Raises:
        Gone: Its root was deleted.
        ChannelError: As `Api.call`.
    """
    found: dict[str, Mapping[str, Any]] = {}
    query: dict[str, Any] = {"perPage": PAGE, "direction": "down"}
    for _ in range(PAGES):
        page = await api.call("GET", f"posts/{root}/thread", params=query)
        found |= page.get("posts") or {}
        if not page.get("has_next"):
            break
        last = max(found.values(), key=lambda post: (post["create_at"], post["id"]))
        query |= {"fromPost": last["id"], "fromCreateAt": last["create_at"]}
    return sorted(found.values(), key=lambda post: (post["create_at"], post["id"]))
