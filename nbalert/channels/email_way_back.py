"""Answers to one question: the mailbox that is shared, and what of its mails counts as answers."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Callable

from nbalert.channels.email_answers import Arrived, Bounce, bounce_of, reply_of
from nbalert.channels.email_mailbox import MAILBOXES, OWNER, Account, Mailbox
from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.email_thread import Thread
from nbalert.channels.listener import Listener
from nbalert.channels.trust import server_context
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.question import Question

log = logging.getLogger(__name__)


class WayBack:
    """All questions of one channel.

    Args:
        channel: Name in the settings.
        on_bounce: Called with the question's receipt and what a server reports of it.
    """

    def __init__(
        self, channel: str, settings: EmailSettings, on_bounce: Callable[[Receipt, Bounce], None]
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._on_bounce = on_bounce
        self._mailbox: Mailbox | None = None
        self._open = 0

    @property
    def trouble(self) -> str:
        """Why answers are not heard just now; empty where they are, or nobody waits for one."""
        return self._mailbox.trouble if self._mailbox and self._open else ""

    async def replies(self, question: Question, receipt: Receipt) -> AsyncGenerator[Reply, None]:
        """As `Channel.replies`."""
        account = account_of(self._settings)
        listener = Listener(self._channel, OWNER, Thread.of(receipt).id)
        self._mailbox = MAILBOXES.join(account, lambda: self._new_mailbox(account))
        self._mailbox.add(listener, receipt.posted_at)
        self._open += 1
        seen: set[str] = set()
        try:
            while True:
                _, data = await listener.next()
                # On a thread: a stranger's mail may take its time.
                found = await asyncio.to_thread(self._read, data["mail"], question, receipt)
                if isinstance(found, Bounce):
                    self._on_bounce(receipt, found)
                elif found and found.reference not in seen:
                    seen.add(found.reference)
                    yield found
        finally:
            self._open -= 1
            self._mailbox.remove(listener)
            await MAILBOXES.leave(account)

    def _read(self, arrived: Arrived, question: Question, receipt: Receipt) -> Reply | Bounce | None:
        try:
            return bounce_of(arrived.mail) or reply_of(arrived, question, receipt, self._settings)
        except Exception as error:  # the standard library has its own bugs with mail that is made to break it
            log.info("a mail to channel %s cannot be read: %s", self._channel, type(error).__name__)
            return None

    def _new_mailbox(self, account: Account) -> Mailbox:
        settings = self._settings
        return Mailbox(
            account, lambda: context_of(self._channel, settings), settings.timeout_s, settings.poll
        )


def account_of(settings: EmailSettings) -> Account:
    """Where answers arrive."""
    port = settings.imap_port_meant
    is_tls = settings.imap_security == "tls"
    return Account(settings.imap_host, port, is_tls, *settings.login, settings.mailbox, settings.tls)


def context_of(channel: str, settings: EmailSettings) -> ssl.SSLContext | None:
    """Whose certificates are believed there."""
    if settings.imap_security == "plain":
        return None
    return server_context(channel, settings.tls, settings.network)
