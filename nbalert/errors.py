"""Everything that nbalert raises.

NbalertError
├─ SettingsError            names file and key, never the value
│  ├─ UnknownChannel        lists the known ones
│  └─ SecretMissing         nothing is wrong but that secrets are not where settings say
├─ ChannelError             channel, what to do next; `.retryable`
│  ├─ ChannelUnreachable    network, timeout, 5xx                 retryable
│  ├─ ChannelBusy           429, `.retry_after_s`                 retryable
│  └─ ChannelRefused        too large after trimming, or not understood
│     └─ ChannelDenied      token, permission, address, proxy: kept until the settings are mended
├─ CourierError             no courier can be reached or hosted
├─ StoreError               unreadable, full, newer schema
└─ AskError
   ├─ CannotAsk             channel cannot reply, no approvers, no route back
   └─ NotApproved           `.decision`: rejected | expired | cancelled | error
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from nbalert.nearest import hint

if TYPE_CHECKING:
    from nbalert.question import Decision


class NbalertError(Exception):
    """Base of all errors of nbalert. Renders as one line in a notebook: what happened and what to do."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows this instead of a traceback: our frames would tell the reader nothing."""
        return [f"{type(self).__name__}: {self}"]


class SettingsError(NbalertError):
    """A settings file, an environment variable or a registration is wrong."""


class UnknownChannel(SettingsError):
    """A channel was named that no settings define."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        known_ones = ", ".join(self.known) or "none"
        super().__init__(f"unknown channel {name!r}; known channels: {known_ones}{hint(name, self.known)}")


class SecretMissing(SettingsError):
    """Settings are as they should be, but a secret that they refer to is not there, or not yet."""


class ChannelError(NbalertError):
    """A channel did not take a message. The courier reads `retryable` and nothing else."""

    retryable: ClassVar[bool] = False


class ChannelUnreachable(ChannelError):
    """Network, timeout or a failure on the service's side: worth another try."""

    retryable: ClassVar[bool] = True


class ChannelBusy(ChannelError):
    """The service asks to wait.

    Args:
        message: One line for the reader.
        retry_after_s: Seconds that the service asked for; None where it named none.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ChannelRefused(ChannelError):
    """The message, or what the settings say: another try would end the same way."""


class ChannelDenied(ChannelRefused):
    """Token, permission, address or proxy: no message would pass until that is mended.

    Alerts are kept, and tried when the project's settings change; a question ends with this error at once.
    """


class CourierError(NbalertError):
    """No courier answers on the line, and none can be hosted here."""


class StoreError(NbalertError):
    """The store is unreadable, full, or written by a newer nbalert."""


class StoreUnfit(StoreError):
    """The file is damaged, no store, or written by a newer nbalert: a new one can be begun beside it."""


class AskError(NbalertError):
    """Base of what can go wrong with a question."""


class CannotAsk(AskError):
    """The question was not put to anybody: the channel cannot bring answers, or nobody may answer."""


class NotApproved(AskError):
    """The question ended without an approval.

    Args:
        decision: The whole decision: outcome, who, why.
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(decision.sentence)
