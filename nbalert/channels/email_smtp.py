"""The way out: one connection to the server that sends, kept for a while, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from nbalert.channels.email_errors import TOO_LARGE, TooLarge, refusal, short, unreachable
from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.trust import server_context
from nbalert.errors import ChannelDenied, ChannelError, ChannelRefused

KEPT_S = 20.0
"""How long a connection waits for the next mail: servers end idle ones after minutes."""

Refused = Mapping[str, str]
"""Why, by the address that the server does not send to."""


class Outgoing:
    """Sends mails, one after the other.

    Args:
        channel: Name in the settings, for errors.
    """

    def __init__(self, channel: str, settings: EmailSettings) -> None:
        self._channel = channel
        self._settings = settings
        self._smtp: SMTP | None = None
        self._lock = asyncio.Lock()
        self._closing: asyncio.TimerHandle | None = None

    async def send(
        self, to: tuple[str, ...], mail: Callable[[Refused], bytes], *, is_own_place: bool = False
    ) -> Refused:
        """Hand a mail over; returns who will not get it, where others will.

        Args:
            to: Addresses.
            mail: Makes the mail, of what the server has said about the addresses.
            is_own_place: Whether these addresses are this mail's alone: that they are wrong is then no reason
                to keep others.

        Raises:
            TooLarge: For this server.
            ChannelError: Nobody will get it.
        """
        async with self._lock:
            async with self._translated():
                smtp = await self._connected()
                refused = await self._sent(smtp, to, mail, is_own_place)
            self._closing = asyncio.get_running_loop().call_later(KEPT_S, self._drop)
            return refused

    async def check(self) -> None:
        """Log in, and nothing more.

        Raises:
            ChannelError: Nothing could be sent.
        """
        async with self._lock, self._translated():
            await self._connected()

    async def aclose(self) -> None:
        """Close the connection."""
        if self._smtp and self._smtp.is_connected:
            transport = self._smtp.transport
            with suppress(SMTPException, OSError, TimeoutError):
                await self._smtp.quit(timeout=2.0)
            _abort(transport)
        self._drop()
        await asyncio.sleep(0)  # the loop closes it in its next turn

    def _drop(self) -> None:
        if self._closing:
            self._closing.cancel()
        if self._smtp:
            transport = self._smtp.transport
            self._smtp.close()
            _abort(transport)
        self._smtp = None

    async def _connected(self) -> SMTP:
        """The connection that there is, or a new one."""
        if self._closing:
            self._closing.cancel()
        if self._smtp and self._smtp.is_connected:
            return self._smtp
        settings = self._settings
        is_plain = settings.security == "plain"
        self._smtp = SMTP(
            hostname=settings.host,
            port=settings.smtp_port,
            timeout=settings.timeout_s,
            use_tls=settings.security == "tls",
            start_tls=False,  # step by step: what fails in between can be told, and closed
            tls_context=None if is_plain else server_context(self._channel, settings.tls, settings.network),
        )
        await self._smtp.connect()
        if settings.security == "starttls":
            await self._smtp.starttls()
        await self._smtp.ehlo()
        if settings.username and settings.password:
            await self._smtp.login(settings.username, settings.password.get_secret_value())
        return self._smtp

    async def _sent(
        self, smtp: SMTP, to: tuple[str, ...], mail: Callable[[Refused], bytes], is_own_place: bool
    ) -> Refused:
        # The size is told beforehand, where the server wants to know it (RFC 1870).
        size = len(mail({})) + 1000
        self._check_size(smtp, size)
        options = [f"SIZE={size}"] if smtp.supports_extension("size") else []
        await smtp.mail(self._settings.address, options=options)
        refused: dict[str, str] = {}
        codes: list[int] = []
        for address in to:
            try:
                await smtp.rcpt(address)
            except SMTPRecipientRefused as error:
                if error.code in (421, 530):  # about the connection, not about the address
                    raise
                codes.append(error.code)
                refused[address] = f"{error.code} {short(error.message)}"
        if len(refused) == len(to):
            raise self._nobody(refused, codes, is_own_place)
        await smtp.data(mail(refused))
        return refused

    def _check_size(self, smtp: SMTP, size: int) -> None:
        limit = smtp.esmtp_extensions.get("size", "")
        if limit.isdecimal() and 0 < int(limit) < size:
            raise TooLarge(
                f"{self._channel}: the mail server takes {int(limit):,} bytes, and it has {size:,}"
            )

    def _nobody(self, refused: Refused, codes: list[int], is_own_place: bool) -> ChannelError:
        """Every address was refused. One that will do later is worth another try."""
        why = "; ".join(f"{address}: {text}" for address, text in refused.items())
        if any(code < 500 for code in codes):
            return refusal(self._channel, next(code for code in codes if code < 500), why)
        says = f"{self._channel}: the mail server refuses every address: {why}"
        return ChannelRefused(says) if is_own_place else ChannelDenied(f"{says}; check to in the settings")

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """Errors as those of the tree; a connection on which something went wrong is not used again."""
        try:
            yield
        except BaseException as error:
            self._drop()
            if isinstance(error, SMTPException | OSError | TimeoutError | ValueError):
                raise self._error(error) from error
            raise

    def _error(self, error: Exception) -> ChannelError:
        place = f"{self._settings.host}:{self._settings.smtp_port}"
        if isinstance(error, SMTPResponseException) and error.code > 0:
            is_login = isinstance(error, SMTPAuthenticationError) and error.code >= 500
            code = 535 if is_login and error.code != TOO_LARGE else error.code
            return refusal(self._channel, code, error.message, of_sender=isinstance(error, SMTPSenderRefused))
        if isinstance(error, ValueError) and not isinstance(error, OSError):
            return ChannelDenied(f"{self._channel}: {place} is no address; check host in the settings")
        if isinstance(error, SMTPException) and "STARTTLS" in str(error):
            return ChannelDenied(
                f'{self._channel}: {place} offers no STARTTLS; is another port or security = "tls" meant?'
            )
        if isinstance(error, SMTPException) and "AUTH" in str(error):
            return ChannelDenied(f"{self._channel}: {place} takes no login here; leave username out?")
        return unreachable(self._channel, place, error)


def _abort(transport: asyncio.BaseTransport | None) -> None:
    """By TLS a close waits for the other end, which may be gone."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
