"""The two reactions that a question carries: added when it was posted, taken away when it has ended."""

from __future__ import annotations

from contextlib import suppress

from nbalert.channels.mattermost_api import Api
from nbalert.channels.mattermost_question import SEEDS
from nbalert.errors import ChannelError
from nbalert.question import Question


async def sow(api: Api, post: str, question: Question) -> None:
    """Add them, to be clicked on; without them people can still give them."""
    me = await api.me()
    for sign in question.policy.reactions:
        body = {"user_id": me.id, "post_id": post, "emoji_name": SEEDS[sign]}
        with suppress(ChannelError):
            await api.call("POST", "reactions", json=body)


async def reap(api: Api, post: str, question: Question) -> None:
    """Take ours away; those of people stay."""
    me = await api.me()
    for sign in question.policy.reactions:
        with suppress(ChannelError):
            await api.call("DELETE", f"users/{me.id}/posts/{post}/reactions/{SEEDS[sign]}")
