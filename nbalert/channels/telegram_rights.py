"""What keeps a bot from posting and from asking in a chat, and where that is to be mended.

Source: Bot API, getMe, getWebhookInfo, getChat, getChatMember. Replies to a bot pass its privacy mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbalert.channels.base import Member
from nbalert.channels.telegram_account import Account
from nbalert.channels.telegram_api import Api
from nbalert.channels.telegram_errors import WEBHOOK
from nbalert.errors import ChannelDenied, ChannelError

ADMINS = ("administrator", "creator")


async def problems(api: Api, account: Account, chat: str) -> list[str]:
    """A line each.

    Raises:
        ChannelError: The service cannot be asked.
    """
    try:
        me = await account.me(api)
        place = await api.call("getChat", chat_id=chat)
        member = await api.call("getChatMember", chat_id=place["id"], user_id=me["id"])
    except ChannelDenied as error:
        return [str(error)]
    webhook = await api.call("getWebhookInfo")
    moved = account.moved.get(chat)
    found = [f'the group has become a supergroup: set chat = "{moved}"'] if moved else []
    return [*found, *_of_member(place, member), *([WEBHOOK] if webhook.get("url") else [])]


async def is_admin(api: Api, account: Account, chat: str) -> bool:
    """Whether Telegram tells the bot of reactions in a chat; no where that cannot be known."""
    try:
        me = await account.me(api)
        member = await api.call("getChatMember", chat_id=chat, user_id=me["id"])
    except ChannelError:
        return False
    return member.get("status") in ADMINS


async def members(api: Api, chat: str) -> list[Member]:
    """The admins of a chat: Telegram lists nobody else to a bot (Source: getChatAdministrators).

    Raises:
        ChannelError: The service cannot be asked.
    """
    admins = await api.call("getChatAdministrators", chat_id=chat)
    people = [admin["user"] for admin in admins if not admin["user"].get("is_bot")]
    return [Member(str(one["id"]), _name(one)) for one in people]


def _name(user: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))


def _of_member(place: Mapping[str, Any], member: Mapping[str, Any]) -> Iterator[str]:
    status, where = member.get("status"), str(place.get("title") or "the chat")
    if status in ("left", "kicked"):
        yield f"the bot is not in {where}; add it: group name, Add Members"
    if status == "restricted" and not member.get("can_send_messages"):
        yield f"the bot may not write in {where}; allow it: group name, Edit, Permissions, Exceptions"
    if place.get("type") == "channel" and not member.get("can_post_messages"):
        yield f"the bot may not post in {where}; make it an admin with Post Messages"
