"""What keeps a channel from sending mail and from bringing answers, asked of both servers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser

from nbalert.channels.email_answers import header
from nbalert.channels.email_errors import unreachable
from nbalert.channels.email_imap import Imap, ImapNo
from nbalert.channels.email_mailbox import denied, open_mailbox
from nbalert.channels.email_origin import servers
from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.email_way_back import account_of, context_of
from nbalert.channels.email_wire import ImapLost
from nbalert.errors import ChannelDenied, ChannelError

LOOKED_AT = 50
"""So many of the newest mails tell what name the server writes."""
DAYS = 60


async def way_back_problems(channel: str, settings: EmailSettings) -> list[str]:
    """Of the mailbox; empty where it is not asked for.

    Raises:
        ChannelError: It cannot be reached just now.
    """
    if not settings.imap_host:
        return []
    account = account_of(settings)
    try:
        imap = await open_mailbox(account, context_of(channel, settings), settings.timeout_s)
        try:
            await imap.select(account.mailbox)
            return await _trust_problems(imap, settings)
        finally:
            await imap.aclose()
    except ImapNo as error:
        return [str(denied(channel, account, error))]
    except (OSError, TimeoutError, ImapLost) as error:
        raise unreachable(channel, f"{account.host}:{account.port}", error) from error


async def _trust_problems(imap: Imap, settings: EmailSettings) -> list[str]:
    """Whether the server that is to check senders writes into this mailbox at all."""
    if settings.trust_from:
        return []
    seen = await _seen(imap)
    found = ", ".join(name for name, _ in seen.most_common(3))
    if not settings.authserv_id:
        hint = f"the mails in your mailbox have {found}" if found else "it is the first word of that header"
        return [
            "authserv_id is missing, so nobody can be asked: set it to the name with which your own server's"
            f" Authentication-Results begin; {hint}"
        ]
    if seen and settings.authserv_id.lower() not in seen:
        return [f"no mail in the mailbox has been checked by {settings.authserv_id}; there are {found}"]
    return []


async def _seen(imap: Imap) -> Counter[str]:
    """Whose Authentication-Results stand on top of the newest mails, and how often."""
    since = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    uids = (await imap.search(1, since))[-LOOKED_AT:]
    heads = await imap.headers(uids, ("Authentication-Results",)) if uids else {}
    parser = BytesParser(policy=policy.default)
    tops = (
        servers(header(parser.parsebytes(head, headersonly=True), "Authentication-Results"))[:1]
        for head in heads.values()
    )
    return Counter(name for top in tops for name in top)


def sending_problem(error: ChannelError) -> list[str]:
    """What logging in to send has told; what may pass by itself is no problem of the settings.

    Raises:
        ChannelError: The server cannot be asked just now.
    """
    if isinstance(error, ChannelDenied):
        return [str(error)]
    raise error
