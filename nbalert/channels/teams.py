"""Microsoft Teams by the webhook of a workflow: alerts into a channel or a chat. It cannot ask."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, ClassVar

import httpx
from pydantic import AfterValidator, Field, SecretStr

from nbalert.channels.base import Channel
from nbalert.channels.http import Http
from nbalert.channels.teams_card import card
from nbalert.errors import ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable
from nbalert.fields import ChannelSettings, SecretUrl
from nbalert.message import Message, Receipt

PAUSE_S = 0.25
"""Source: Microsoft, "Create an Incoming Webhook" (2026-04-01): four requests a second."""
ANSWERED = 202
OLD_HOST = "logic.azure.com"
TEMPLATE = "Post to a channel when a webhook request is received"

_DENIED = {
    "DirectApiAuthorizationRequired": "the URL lacks its token (sig=), or not everybody may trigger it;"
    " copy the whole URL from the workflow",
    "AuthorizationFailed": "the URL's token (sig=) is not valid; copy the whole URL from the workflow",
    "InvalidSignature": "the URL's token (sig=) is not valid; copy the whole URL from the workflow",
    "WorkflowTriggerIsNotEnabled": "the workflow is switched off or deleted; look at it in the Workflows app",
    "WorkflowNotFound": "the workflow was deleted; make another one in the channel's menu, Workflows",
    "TriggerInputSchemaMismatch": f"the workflow takes another form; use the template {TEMPLATE!r}",
}


def _address(url: SecretStr) -> SecretStr:
    try:
        parsed = httpx.URL(url.get_secret_value())
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("https", "http") or not parsed.host:
        raise ValueError("is the URL of a workflow: https://…")
    if parsed.host.endswith("webhook.office.com"):
        raise ValueError("is a connector's, which Teams has given up; make a workflow, in the channel's menu")
    if not parsed.params.get("sig"):
        raise ValueError("has no sig=: copy the whole URL from the workflow")
    return url


class TeamsSettings(ChannelSettings):
    """Which workflow."""

    url: Annotated[SecretUrl, AfterValidator(_address)] = Field(
        description="The workflow's URL: channel, Workflows, webhook"
    )


class TeamsChannel(Channel):
    """Posts Adaptive Cards. It cannot edit, take files or bring answers.

    The service says that it has queued a card, and nothing of what becomes of it: the workflow's run history
    does. There is no key: a message whose answer was lost arrives twice.
    """

    kind: ClassVar[str] = "teams"
    Settings: ClassVar[type[ChannelSettings]] = TeamsSettings
    settings: TeamsSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._url = httpx.URL(self.settings.url.get_secret_value())
        self._http = Http(name, settings, f"{self._url.scheme}://", fault=fault, pace=_Pace())

    async def post(self, message: Message, key: str) -> Receipt:
        """Hand over; what is left out says so."""
        if message.question:
            raise ChannelRefused(
                f"{self.name}: a workflow brings no answers back; `nbalert channels kinds` says what does"
            )
        answer = await self._http.request("POST", str(self._url), json=card(message))
        if answer.status_code != ANSWERED and answer.content:
            raise ChannelUnreachable(
                f"{self.name}: {answer.url.host} has not answered as a workflow of Teams does; check `url`"
            )
        return Receipt(channel=self.name, reference=key)

    async def problems(self) -> list[str]:
        """What can be seen without posting."""
        if (self._url.host or "").endswith(OLD_HOST):
            return [f"copy the URL anew from the workflow: those at {OLD_HOST} ended on 2025-11-30"]
        return []

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


class _Pace:
    """One request after the other."""

    def __init__(self) -> None:
        self._next = 0.0

    async def before(self, method: str, url: str) -> None:
        """Wait for this one's turn."""
        now = time.monotonic()
        at, self._next = self._next, max(now, self._next) + PAUSE_S
        await asyncio.sleep(max(0.0, at - now))

    def after(self, method: str, url: str, response: httpx.Response) -> None:
        """A service that is busy says for how long with its answer."""


def fault(channel: str, response: httpx.Response) -> ChannelError | None:
    """The error that the workflow's service means; None where its status says all."""
    code = _code(response)
    if response.is_success or not code:
        return None
    says = f"{channel}: Teams answered {response.status_code} ({code})"
    if code in _DENIED:
        return ChannelDenied(f"{says}: {_DENIED[code]}")
    if response.status_code != 400:
        return None
    # Its text may quote the URL.
    return ChannelRefused(f"{says}; the workflow's run history has more")


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
