"""What a mail server says, and what keeps it from being reached, as errors of the tree.

Source: RFC 5321 (codes), RFC 4954 (530, 535 and others of logging in), RFC 3463 (5.7.x).
"""

from __future__ import annotations

import ssl

from nbalert.channels.connecting import why_unconnected
from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelRefused, ChannelUnreachable

TOO_LARGE = 552
_LOGIN = {530, 534, 535, 538}
_HINT = "check username and password; many providers want an app password here"


class TooLarge(ChannelRefused):
    """A smaller mail may pass."""


def refusal(channel: str, code: int, text: str, *, of_sender: bool = False) -> ChannelError:
    """The error that a server's answer means.

    Args:
        channel: Name in the settings.
        code: As the server gave it.
        text: Its words.
        of_sender: Whether it was the sender's address that it refused: then no mail would pass.
    """
    says = f"{channel}: the mail server says {code} {short(text)}".rstrip()
    if code == 421:
        return ChannelBusy(says)
    if code in _LOGIN:
        return ChannelDenied(f"{says}; {_HINT}")
    if code == TOO_LARGE:
        return TooLarge(says)
    if 500 <= code < 600:
        if of_sender:
            return ChannelDenied(f"{says}; check sender: the account may only send as its own address")
        return ChannelRefused(says)
    return ChannelUnreachable(says)


def unreachable(channel: str, place: str, error: BaseException) -> ChannelUnreachable:
    """Network, certificate or time."""
    return ChannelUnreachable(f"{channel}: {place}: {_why(error)}")


def short(text: str) -> str:
    """A server's words in one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _why(error: BaseException) -> str:
    if says := why_unconnected(error):
        return says
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "it does not speak TLS on this port"
    return "cannot connect" if isinstance(error, OSError) else "it does not speak as a mail server does"
