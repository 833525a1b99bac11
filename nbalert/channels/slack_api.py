"""Calls of Slack's Web API, for one channel."""

from __future__ import annotations

import json
from typing import Any

import httpx

from nbalert.channels.http import Http
from nbalert.channels.slack_account import ACCOUNTS, Account, Identity, Person
from nbalert.channels.slack_errors import SlackDenied, SlackRefused, fault
from nbalert.errors import ChannelBusy, ChannelError
from nbalert.fields import ChannelSettings


class SlackApi:
    """The Web API with one token. Everything goes as a form, which every method takes (Source: Web API).

    Args:
        channel: Name in the settings, for errors.
        settings: Has timeout, TLS options and the way out.
        base_url: Of the methods.
        token: Bot token.
    """

    def __init__(self, channel: str, settings: ChannelSettings, base_url: str, token: str) -> None:
        self._channel = channel
        self._key = (base_url, token)
        self._account: Account | None = None
        headers = {"Authorization": f"Bearer {token}"}
        self.http = Http(channel, settings, base_url.rstrip("/") + "/", headers, fault=fault)

    @property
    def account(self) -> Account:
        """What it shares with others of the same token."""
        if self._account is None:
            self._account = ACCOUNTS.join(self._key, Account)
        return self._account

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method; the answer is one with `"ok": true`.

        Raises:
            ChannelError: Anything else.
        """
        body: dict[str, Any] = (await self.answer(method, **arguments)).json()
        return body

    async def answer(self, method: str, **arguments: Any) -> httpx.Response:
        """As `call`, with the headers."""
        # A limit of chat.postMessage is that of one conversation; others are of the whole method.
        place = str(arguments.get("channel", "")) if method == "chat.postMessage" else ""
        self.account.check(self._channel, method, place)
        form = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()
        }
        try:
            return await self.http.request("POST", method, data=form)
        except ChannelBusy as error:
            if error.retry_after_s:
                self.account.note_busy(method, place, error.retry_after_s)
            raise

    async def identity(self) -> Identity:
        """Who the bot is; asked once a token."""
        if self.account.identity is None:
            self.account.identity = Identity.of(await self.call("auth.test"))
        return self.account.identity

    async def person(self, id_: str) -> Person:
        """What is known of somebody; nothing where the app may not look (scope `users:read`)."""
        known = self.account.people.get(id_)
        if known or not self.account.may_read_people:
            return known or Person()
        try:
            user = (await self.call("users.info", user=id_))["user"]
        except (SlackDenied, SlackRefused) as error:
            self.account.may_read_people = error.code != "missing_scope"
            return Person()
        except ChannelError:
            return Person()
        profile = user.get("profile") or {}
        name = profile.get("display_name") or user.get("real_name") or user.get("name") or ""
        person = self.account.people[id_] = Person(str(name), bool(user.get("is_bot")))
        return person

    async def aclose(self) -> None:
        """Close all connections."""
        if self._account is not None:
            await ACCOUNTS.leave(self._key)
            self._account = None
        await self.http.aclose()
