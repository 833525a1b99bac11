"""A notification and its files on a topic: ntfy takes one file each, so that further ones follow quietly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nbalert.channels.http import Http
from nbalert.channels.ntfy_errors import FileRefused, published
from nbalert.channels.ntfy_notice import QUIET, Notice
from nbalert.errors import ChannelRefused


@dataclass(frozen=True, slots=True)
class File:
    """What goes along."""

    name: str
    data: bytes
    mime: str = "text/plain; charset=utf-8"


class Publishing:
    """Of one channel."""

    def __init__(self, channel: str, http: Http) -> None:
        self._channel, self._http = channel, http

    async def publish(self, topic: str, notice: Notice, sequence: str, file: File | None = None) -> int:
        """One notification; when the server took it, by its clock.

        Raises:
            FileRefused: The server does not take the file.
            ChannelError: As `Http.request`.
        """
        if file is None:
            answer = await self._http.request("POST", "", json=notice.body(topic, sequence))
        else:
            headers = {**notice.headers(sequence, file.name), "Content-Type": file.mime}
            answer = await self._http.request("PUT", topic, content=file.data, headers=headers)
        return published(self._channel, answer)

    async def all(self, topic: str, notice: Notice, files: Sequence[File], sequence: str) -> int:
        """A notification and its files; those that the server does not take are named instead."""
        at, left_out = 0, list[str]()
        for number, file in enumerate(files):
            said = notice if not at else _below(notice, file)
            part = sequence if not at else f"{sequence}-{number}"
            try:
                sent = await self.publish(topic, said, part, file)
            except FileRefused:
                left_out.append(file.name)
                continue
            at = at or sent
        if not at:
            return await self.publish(topic, notice.with_note(left_out), sequence)
        if left_out:
            note = replace(notice, text="", priority=QUIET, actions=()).with_note(left_out)
            await self.publish(topic, note, f"{sequence}-left-out")
        return at

    async def whole(self, topic: str, notice: Notice, files: Sequence[File], sequence: str) -> int:
        """A question: with its code, or not at all.

        Raises:
            ChannelRefused: The server does not take the code.
        """
        try:
            return await self.publish(topic, notice, sequence, next(iter(files), None))
        except FileRefused as error:
            why = str(error).removeprefix(f"{self._channel}: ")
            raise ChannelRefused(
                f"{self._channel}: the code cannot be shown whole, so nobody is asked: {why}"
            ) from None


def _below(notice: Notice, file: File) -> Notice:
    return Notice(f"{notice.title}: {file.name}", "", priority=QUIET, tags=notice.tags)
