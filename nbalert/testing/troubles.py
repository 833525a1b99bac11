"""What every channel has to keep when its service misbehaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial, update_wrapper

from nbalert.errors import ChannelBusy, ChannelDenied, ChannelError, ChannelUnreachable
from nbalert.message import Message
from nbalert.testing.checks import Check, check_of, holds, posted, raised, troublemaker
from nbalert.testing.rows import Row
from nbalert.testing.server import GARBAGE, HANG, LOST, RESET, Answer, status

TROUBLE: dict[str, tuple[Answer, type[ChannelError]]] = {
    "429": (status(429), ChannelBusy),
    "429 seconds": (status(429, Retry_After="7"), ChannelBusy),
    "500": (status(500), ChannelUnreachable),
    "reset": (RESET, ChannelUnreachable),
    "hang": (HANG, ChannelUnreachable),
    "garbage": (GARBAGE, ChannelUnreachable),
    "403": (status(403), ChannelDenied),
}


def trouble(answer: Answer, kind: type[ChannelError], row: Row) -> None:
    """It is an error that says whether to try again, and no secret; then the same key goes through."""
    troublemaker(row).plan(answer)
    error = raised(ChannelError, lambda: posted(row, Message(title="once")), "in trouble")
    holds(type(error) is kind, f"it is {type(error).__name__} instead of {kind.__name__}")
    holds(str(error).startswith("team: "), "the error does not begin with the channel's name")
    holds("secret" not in str(error), "a secret is in the error")
    posted(row, Message(title="once"))
    (arrived,) = row.seen()
    holds("once" in arrived.text, "the second try did not go through")


def retry_after(row: Row) -> None:
    """How long the service wants to be left alone comes with the error, from seconds and from a date."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    for wish, least_s in (("7", 7), (date, 90)):
        troublemaker(row).plan(status(429, Retry_After=wish))
        busy = raised(ChannelBusy, lambda: posted(row, Message(title="x")), "429")
        is_right = least_s <= (busy.retry_after_s or 0) <= 100 or not row.has_wishes
        holds(is_right, f"retry_after_s is {busy.retry_after_s}")


def a_lost_answer(row: Row) -> None:
    """The service took it and the answer never came: with a key the next try is no second message."""
    troublemaker(row).plan(LOST)
    raised(ChannelUnreachable, lambda: posted(row, Message(title="x")), "without an answer")
    posted(row, Message(title="x"))
    expected = 1 if row.has_keys else 2
    holds(len(row.seen()) == expected, f"there are {len(row.seen())} messages instead of {expected}")


def a_malformed_answer(row: Row) -> None:
    """An answer of 200 that is something else is a receipt only where the answer means nothing."""
    troublemaker(row).plan(Answer(body=b"<html>Please log in</html>"))
    if row.takes_anything:
        posted(row, Message(title="x"))
    else:
        raised(ChannelError, lambda: posted(row, Message(title="x")), "an answer that is none")


def a_revoked_token(row: Row) -> None:
    """No message would pass; the error says what to check."""
    posted(row, Message(title="before"))
    values = row.values()
    row.revoke()
    row.values = lambda: values  # type: ignore[method-assign]
    denied = raised(ChannelDenied, lambda: posted(row, Message(title="after"), "key2"), "without a token")
    holds(row.secret in str(denied), f"the error does not speak of the {row.secret}")


def _of(name: str) -> Check:
    return check_of(update_wrapper(partial(trouble, *TROUBLE[name]), trouble), f"trouble: {name}")


CHECKS = (
    *(_of(name) for name in TROUBLE),
    *(check_of(one) for one in (retry_after, a_lost_answer, a_malformed_answer, a_revoked_token)),
)
