"""Figures and long texts as files in a message's thread, by Slack's upload in three steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbalert.channels.http import Http
from nbalert.channels.slack_answers import Place
from nbalert.channels.slack_api import SlackApi
from nbalert.fields import ChannelSettings
from nbalert.message import Image


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    Args:
        name: With its ending, by which Slack tells what it is.
        title: For the reader.
    """

    name: str
    title: str
    data: bytes

    @classmethod
    def of_text(cls, name: str, title: str, text: str) -> File:
        """A text, which Slack shows as a snippet."""
        return cls(name, title, text.encode("utf-8", "replace"))

    @classmethod
    def of_image(cls, image: Image) -> File:
        """A figure."""
        return cls(image.name, image.name, image.data)


class Uploads:
    """Uploads for one channel.

    Args:
        channel: Name in the settings, for errors.
    """

    def __init__(self, channel: str, settings: ChannelSettings, api: SlackApi) -> None:
        self._api = api
        # Without our token: the address that Slack gives is permission enough.
        self._http = Http(channel, settings)

    async def share(self, place: Place, files: Iterable[File]) -> None:
        """Put files into the thread of a message, all of them at once (scope `files:write`).

        Raises:
            ChannelError: None of them is there, or that cannot be known.
        """
        sent = [{"id": await self._send(file), "title": file.title} for file in files if file.data]
        if sent:
            # Without this step what was sent is lost (Source: files.getUploadURLExternal).
            await self._api.call(
                "files.completeUploadExternal", files=sent, channel_id=place.channel, thread_ts=place.ts
            )

    async def are_there(self, place: Place) -> bool:
        """Whether an earlier try has put files into the thread already.

        Raises:
            ChannelError: It cannot be known.
        """
        answer = await self._api.call("conversations.replies", channel=place.channel, ts=place.ts, limit=15)
        me = await self._api.identity()
        return any(
            said.get("files") and me.user == said.get("user") and said.get("ts") != place.ts
            for said in answer.get("messages", ())
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _send(self, file: File) -> str:
        place = await self._api.call("files.getUploadURLExternal", filename=file.name, length=len(file.data))
        await self._http.request("POST", str(place["upload_url"]), content=file.data)
        return str(place["file_id"])
