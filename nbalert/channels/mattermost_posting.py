"""Posts to Mattermost once: the server remembers a key for 30 s, and the channel's own posts tell the rest.

Source: mattermost/mattermost, `app/post.go`, deduplicateCreatePost (2026-08): 30 s, for all servers of a
cluster; a try that comes while the first one is still being saved is answered with 500.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.channels.mattermost_api import Api
from nbalert.channels.mattermost_reading import thread
from nbalert.channels.mattermost_shape import File
from nbalert.errors import ChannelError, ChannelRefused, ChannelUnreachable

KEY = "nbalert_key"
"""In the props of a post."""
FILES = 10
"""A post."""
LOOK_BACK = timedelta(minutes=5)
"""How much the clocks may differ when a post is looked for."""
REMEMBERED = 1000

Post = Mapping[str, Any]


class NotUploaded(ChannelRefused):
    """A file was refused; the rest of the post may pass."""


class Posting:
    """Of one channel. Its memory is a hint: what an earlier courier has posted is looked up."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._since = datetime.now(UTC)
        self._posted: OrderedDict[str, Post] = OrderedDict()
        self._doubtful: set[str] = set()

    async def once(self, place: str, body: Post, key: str, at: datetime, files: Iterable[File] = ()) -> Post:
        """Post, unless an earlier try with that key has.

        Args:
            place: Id of the channel.
            body: `message`, `props`, `root_id` and others, as the API has them.
            key: Of the delivery.
            at: When it was accepted: before this channel was made, somebody may have tried already.
            files: At most `FILES`.

        Raises:
            NotUploaded: A file was refused, and nothing was posted.
            ChannelError: It was not posted, or that cannot be known yet.
        """
        if known := self._posted.get(key):
            return known
        may_be_there = key in self._doubtful or at < self._since
        root = str(body.get("root_id", ""))
        if may_be_there and (found := await self._find(place, root, key, at)):
            return self._remember(key, found)
        ids = [await self._upload(place, file) for file in files]
        me = await self._api.me()
        props = {**body.get("props", {}), KEY: key}
        whole = {**body, "channel_id": place, "props": props, "pending_post_id": f"{me.id}:{key}"}
        self._doubtful.add(key)
        try:
            post = await self._api.call("POST", "posts", json=whole | ({"file_ids": ids} if ids else {}))
            if not isinstance(post.get("id"), str):
                raise ChannelUnreachable(f"{self._api.channel}: Mattermost has answered without an id")
        except ChannelError as error:
            if not isinstance(error, ChannelUnreachable):
                self._doubtful.discard(key)
            raise
        return self._remember(key, post)

    def _remember(self, key: str, post: Post) -> Post:
        self._doubtful.discard(key)
        self._posted[key] = {name: post[name] for name in ("id", "channel_id", "create_at")}
        if len(self._posted) > REMEMBERED:
            self._posted.popitem(last=False)
        return self._posted[key]

    async def _upload(self, place: str, file: File) -> str:
        form = {"data": {"channel_id": place}, "files": {"files": (file.name, file.data, file.mime)}}
        try:
            found = await self._api.call("POST", "files", **form)
        except ChannelRefused as error:
            raise NotUploaded(str(error)) from None
        return str(found["file_infos"][0]["id"])

    async def _find(self, place: str, root: str, key: str, at: datetime) -> Post | None:
        """What an earlier try has left; None also where the bot may not look."""
        posts, me = list[Post](), await self._api.me()
        with suppress(ChannelRefused):  # to post perhaps twice is better than not at all
            if root:
                posts = await thread(self._api, root)
            else:
                since = int((at - LOOK_BACK).timestamp() * 1000)
                found = await self._api.call("GET", f"channels/{place}/posts", params={"since": since})
                posts = list((found.get("posts") or {}).values())
        own = (post for post in posts if post.get("user_id") == me.id)
        return next((post for post in own if (post.get("props") or {}).get(KEY) == key), None)
