"""Whatever Apprise can reach, by one of its URLs: phones, SMS, over a hundred services. It posts and no more.

Apprise waits in the calling thread, and its `notify` says True or False: why something failed stands in its
log alone. It goes out by itself: of a project's proxies and certificates it knows nothing.

Source: https://github.com/caronc/apprise and its wiki (2026-11-27).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from nbalert.channels.apprise_log import heard
from nbalert.channels.apprise_text import body_of, files_of, inert
from nbalert.channels.base import Channel, Extra
from nbalert.channels.http import status_error
from nbalert.channels.signs import LEVELS
from nbalert.errors import ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable, SettingsError
from nbalert.fields import ChannelSettings, SecretUrl
from nbalert.message import Level, Message, Receipt

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase

GRACE_S = 2.0
"""How much longer than the service's own time limits a call may take."""
_TYPES = {Level.OK: "success", Level.INFO: "info", Level.WARNING: "warning", Level.CRITICAL: "failure"}


class AppriseSettings(ChannelSettings):
    """Where to."""

    url: SecretUrl = Field(description="An Apprise URL: tgram://…, mailto://…, pover://…; it holds secrets")


class AppriseChannel(Channel):
    """Title, text and figures, by Apprise. There is no key: what was lost on its way back arrives twice."""

    kind: ClassVar[str] = "apprise"
    Settings: ClassVar[type[ChannelSettings]] = AppriseSettings
    extra: ClassVar[Extra | None] = Extra("apprise", ("apprise",), "posting needs")
    settings: AppriseSettings

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        super().__init__(name, settings)
        self._services: Apprise | None = None
        # One call at a time keeps the order, and one that hangs takes no thread from others.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nbalert-apprise")

    async def post(self, message: Message, key: str) -> Receipt:
        """Deliver; what Apprise says failed has failed."""
        if message.question:
            raise ChannelRefused(f"{self.name}: Apprise only sends, no answer comes back; ask elsewhere")
        limit_s = 2 * self.settings.timeout_s + GRACE_S  # to connect, and to be answered
        call = asyncio.get_running_loop().run_in_executor(self._thread, self._notify, message)
        try:
            async with asyncio.timeout(limit_s):
                await call
        except TimeoutError:
            raise ChannelUnreachable(f"{self.name}: Apprise has not ended after {limit_s:.0f} s") from None
        return Receipt(channel=self.name, reference=key)

    async def problems(self) -> list[str]:
        """Whether the URL is one, and what Apprise does not heed."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._made)
        except ChannelDenied as denied:
            return [str(denied)]
        return []  # a way out that it does not take shows by itself: it cannot connect

    async def aclose(self) -> None:
        """Nothing is waited for: a call that hangs ends by its own time limits."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _notify(self, message: Message) -> None:
        services, body = self._made(), body_of(message)
        title = f"{LEVELS[message.level]} {inert(message.title)}"
        with heard() as statuses:
            try:
                is_sent = services.notify(
                    title=title if body else "",
                    body=body or title,  # some services want one
                    notify_type=_TYPES[message.level],
                    body_format="text",
                    attach=files_of(message),
                )
            except Exception as error:  # of one of a hundred plugins; its text may hold the URL
                raise ChannelUnreachable(f"{self.name}: {type(error).__name__} in Apprise") from None
        if not is_sent:
            raise self._failure(statuses)

    def _failure(self, statuses: list[int]) -> ChannelError:
        if statuses:
            return status_error(f"{self.name}: the service answered Apprise {statuses[-1]}", statuses[-1])
        return ChannelUnreachable(f"{self.name}: Apprise could not deliver it, and says no more")

    def _made(self) -> Apprise:
        """What is behind the URL; on the channel's own thread."""
        if self._services is None:
            apprise = _apprise()
            with heard():
                services: Apprise = apprise.Apprise()
                services.add(self._set_up(apprise))
            self._services = services
        return self._services

    def _set_up(self, apprise: Any) -> NotifyBase:
        url = self.settings.url.get_secret_value()
        service: NotifyBase | None = apprise.Apprise.instantiate(url)
        if service is None:
            raise ChannelDenied(f"{self.name}: Apprise cannot read the URL; check url in the settings")
        service.socket_connect_timeout = service.socket_read_timeout = self.settings.timeout_s
        service.verify_certificate = service.verify_certificate and self.settings.tls.verify
        if "overflow=" not in url:  # as it comes, it would leave what is too long to the service to refuse
            service.overflow_mode = apprise.OverflowMode.SPLIT
        return service


def _apprise() -> Any:
    try:
        import apprise  # an extra, and slow to import
    except ImportError:
        raise SettingsError("posting needs pip install 'nbalert[apprise]'") from None
    return apprise
