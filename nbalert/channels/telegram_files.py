"""Figures and files below a message: one each, or as an album.

Source: Bot API, sendPhoto (10 MB, sides of 10,000 together, 20:1 at most), sendDocument (50 MB),
sendMediaGroup (2 to 10 of a kind).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nbalert.channels.telegram_api import Api, File
from nbalert.channels.telegram_errors import BadImage, TooLarge
from nbalert.channels.telegram_message import Text
from nbalert.message import Image

PHOTO_BYTES, FILE_BYTES = 10_000_000, 50_000_000
ALBUM = 10
ALBUM_BYTES = 45_000_000
"""All files of a request; a little below the limit of one file."""
_SHOWN = ("image/png", "image/jpeg")


@dataclass(frozen=True, slots=True)
class Attachment:
    """What goes along.

    Args:
        is_photo: Whether it is shown, and not only offered.
    """

    file: File
    is_photo: bool = False

    @classmethod
    def of_image(cls, image: Image) -> Attachment:
        """A figure; one that is large, or of a kind that Telegram does not show, is a file."""
        is_photo = image.mime in _SHOWN and len(image.data) <= PHOTO_BYTES
        return cls((image.name, image.data, image.mime), is_photo)

    @classmethod
    def of_text(cls, text: Text) -> Attachment:
        """A text."""
        return cls((text.name, text.text.encode("utf-8", "replace"), "text/plain; charset=utf-8"))

    @property
    def kind(self) -> str:
        """As the service names it."""
        return "photo" if self.is_photo else "document"


def fitting(attachments: Iterable[Attachment]) -> tuple[list[Attachment], list[str]]:
    """Those that can be sent, and the names of those that are too large, or empty."""
    sent, left_out = [], []
    for one in attachments:
        name, data, _ = one.file
        if 0 < len(data) <= FILE_BYTES:
            sent.append(one)
        else:
            left_out.append(name)
    return sent, left_out


def albums(attachments: list[Attachment]) -> list[list[Attachment]]:
    """What is sent in one request each, photos first, in order."""
    kinds = ([one for one in attachments if one.is_photo], [one for one in attachments if not one.is_photo])
    return [album for of_kind in kinds for album in _albums(of_kind)]


async def send(api: Api, album: list[Attachment], **where: Any) -> list[dict[str, Any]]:
    """Send what belongs together; pictures that Telegram cannot show go as files.

    Returns:
        The messages that they are.

    Raises:
        TooLarge: The server takes no files of that size.
        ChannelError: They were not sent, or that cannot be known.
    """
    try:
        return await _send(api, album, where)
    except BadImage:
        return await _send(api, [Attachment(one.file) for one in album], where)


async def send_all(api: Api, attachments: list[Attachment], **where: Any) -> list[str]:
    """Send all of them; the names of those that the server does not take."""
    left_out = []
    for album in albums(attachments):
        try:
            await send(api, album, **where)
        except TooLarge:
            left_out += [one.file[0] for one in album]
    return left_out


async def _send(api: Api, album: list[Attachment], where: dict[str, Any]) -> list[dict[str, Any]]:
    if len(album) == 1:
        (one,) = album
        method = "sendPhoto" if one.is_photo else "sendDocument"
        return [await api.call(method, {one.kind: one.file}, **where)]
    files = {f"file{number}": one.file for number, one in enumerate(album)}
    media = [{"type": one.kind, "media": f"attach://file{number}"} for number, one in enumerate(album)]
    sent: list[dict[str, Any]] = await api.call("sendMediaGroup", files, media=media, **where)
    return sent


def _albums(attachments: list[Attachment]) -> Iterator[list[Attachment]]:
    album: list[Attachment] = []
    for one in attachments:
        together = [*album, one]
        if len(together) > ALBUM or sum(len(each.file[1]) for each in together) > ALBUM_BYTES:
            yield album
            together = [one]
        album = together
    if album:
        yield album
