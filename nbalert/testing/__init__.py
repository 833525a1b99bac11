"""The contract suite of channels, for whoever writes one: the very checks that nbalert's own kinds pass.

With pytest:

    from nbalert.testing import ChannelContract, Row, Seen

    class MyChat(Row):
        channel = MyChannel                     # the class
        ways = ("reply",)                       # how people can answer there; leave out where they cannot

        def values(self): ...                   # its settings
        def seen(self): ...                     # a list of Seen: what a reader sees
        def answer(self, receipt, person, text, way): ...

    class TestMyChannel(ChannelContract):
        row = MyChat

In a notebook `nbalert.testing.check(MyChat)`, or `check(MyChannel, settings)` where nothing but the class is
there yet, prints a line for each check. What a row does not let the suite look at is said, not passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbalert.testing.checks import Check
from nbalert.testing.live import Checked, check
from nbalert.testing.questions import question
from nbalert.testing.rows import NotTried, Row, Seen, seen_of
from nbalert.testing.server import Webhook
from nbalert.testing.suite import checks_of

if TYPE_CHECKING:
    from nbalert.testing.contract import ChannelContract

__all__ = [
    "ChannelContract",
    "Check",
    "Checked",
    "NotTried",
    "Row",
    "Seen",
    "Webhook",
    "check",
    "checks_of",
    "question",
    "seen_of",
]


def __getattr__(name: str) -> object:
    """Only who tests with pytest needs it."""
    if name == "ChannelContract":
        from nbalert.testing.contract import ChannelContract

        return ChannelContract
    raise AttributeError(f"module 'nbalert.testing' has no attribute {name!r}")
