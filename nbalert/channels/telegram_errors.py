"""Telegram's errors as errors of the tree, with what to do about them.

Source: Bot API, "Making requests" and "ResponseParameters"; the descriptions are those of its server.
"""

from __future__ import annotations

from typing import Any

import httpx

from nbalert.channels.http import object_of
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable


class Migrated(ChannelRefused):
    """The group has become a supergroup, and its messages go to another id.

    Args:
        chat: That id.
    """

    def __init__(self, message: str, chat: str) -> None:
        self.chat = chat
        super().__init__(message)


class Taken(ChannelDenied):
    """Somebody else reads this bot's updates: another program, or a webhook that is set."""


class Unchanged(ChannelRefused):
    """An edit that changes nothing: what was to be shown is shown."""


class Gone(ChannelRefused):
    """What was to be edited or answered is not there any more."""


class BadImage(ChannelRefused):
    """Telegram shows no such picture; as a file it takes it."""


class TooLarge(ChannelRefused):
    """A file is larger than the server takes."""


TOKEN = "the token is not valid; copy it again from @BotFather, /mybots, API Token"
WEBHOOK = (
    "a webhook is set for this bot, so that its answers go there; open"
    " https://api.telegram.org/bot<TOKEN>/deleteWebhook once, or make a bot of its own for nbalert"
)
OTHER_READER = (
    "another program reads the answers of this bot; stop it, or make a bot of its own for each host"
    " (@BotFather, /newbot)"
)

_DENIED = {
    "chat not found": "there is no such chat for this bot; check the id, and add the bot to the group",
    "bot was blocked": "this person has blocked the bot; they have to open it and press Start",
    "bot was kicked": "the bot was removed from the group; add it again",
    "is not a member": "the bot is not in this chat; add it",
    "can't initiate conversation": "this person has to open the bot and press Start first",
    "user is deactivated": "this account is gone; name another chat in the settings",
    "not enough rights": "the bot may not post here; allow it in the group's settings, Permissions",
    "have no rights": "the bot may not post here; allow it in the group's settings, Permissions",
    "group chat was deleted": "the group is gone; name another chat in the settings",
    "message thread not found": "there is no such topic; check thread in the settings",
    "topic_closed": "the topic is closed; open it, or let the bot be an admin who may manage topics",
}
_REFUSED: dict[str, type[ChannelRefused]] = {
    "message is not modified": Unchanged,
    "message to edit not found": Gone,
    "message can't be edited": Gone,
    "query is too old": Gone,
    "query id is invalid": Gone,
    "photo_invalid_dimensions": BadImage,
    "image_process_failed": BadImage,
    "photo_save_file_invalid": BadImage,
    "wrong type of the web page": BadImage,
    "file is too big": TooLarge,
    "too big for a photo": BadImage,
    "request entity too large": TooLarge,
}


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """The error that Telegram means; None where its status says all."""
    body = body_of(response)
    if body is None or body.get("ok") is True:
        return None
    says, status = str(body.get("description", "")), response.status_code
    given = body.get("parameters")
    parameters: dict[str, Any] = given if isinstance(given, dict) else {}
    if isinstance(chat := parameters.get("migrate_to_chat_id"), int):
        return Migrated(f"{channel}: the group has become a supergroup; its id is now {chat}", str(chat))
    if status == 429 and isinstance(wish_s := parameters.get("retry_after"), int):
        return ChannelBusy(f"{channel}: Telegram asks to wait {wish_s} s", float(wish_s))
    if status in (401, 404):
        return ChannelDenied(f"{channel}: Telegram answered {status}: {TOKEN}")
    if status == 409:
        return Taken(f"{channel}: {WEBHOOK if 'webhook' in says.lower() else OTHER_READER}")
    return _worded(channel, status, says)


def body_of(response: httpx.Response) -> dict[str, Any] | None:
    """The answer, if it is one of Telegram's."""
    body = object_of(response)
    return body if "ok" in body else None


def unlike(channel: str, response: httpx.Response) -> ChannelError:
    """Something in between has answered."""
    return ChannelUnreachable(f"{channel}: {response.url.host} has not answered as Telegram does")


def _worded(channel: str, status: int, says: str) -> ChannelError | None:
    for words, what in _DENIED.items():
        if words in says.lower():
            return ChannelDenied(f"{channel}: {what}")
    for words, kind in _REFUSED.items():
        if words in says.lower():
            return kind(f"{channel}: Telegram says: {says[:200]}")
    if status == 413:
        return TooLarge(f"{channel}: Telegram says: {says[:200]}")
    if status == 403:
        return ChannelDenied(f"{channel}: Telegram says: {says[:200]}; check the bot's place in the chat")
    return ChannelRefused(f"{channel}: Telegram says: {says[:200]}") if status == 400 else None
