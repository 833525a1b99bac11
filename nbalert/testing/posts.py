"""What every channel has to keep of what is posted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial, update_wrapper

from nbalert.channels.base import Channel
from nbalert.channels.registry import fault
from nbalert.described import described
from nbalert.errors import CannotAsk
from nbalert.fields import without_secrets
from nbalert.message import Image, Level, Message, Receipt
from nbalert.question import Decision, Outcome
from nbalert.testing.checks import Check, check_of, holds, posted, raised, use
from nbalert.testing.questions import question
from nbalert.testing.rows import NotTried, Row

PNG = b"\x89PNG\r\n\x1a\n"


def the_class(row: Row) -> None:
    """The class has what a channel needs: a kind, settings of its own, and methods that can be awaited."""
    cls = row.channel_class()
    holds(not (lacks := fault(cls)), lacks)
    holds("kind" in cls.Settings.model_fields, "its Settings are no ChannelSettings")
    holds(not row.kind or cls.kind == row.kind, f"its kind is {cls.kind}, not {row.kind}")


def the_settings(row: Row) -> None:
    """Each setting has a line of help, and nothing shows a secret."""
    for setting in described(row.channel_class().Settings):
        holds(setting.help, f"{setting.key} has no description: Field(description=…)")
    settings = row.checked(row.values())
    shown = f"{settings!r} {settings.model_dump_json()}"
    holds(without_secrets(shown, settings) == shown, "a secret stands in the settings' own text")


def a_post(row: Row) -> None:
    """A message arrives whole; the receipt names channel and message, and holds no secret."""
    parts = {
        "title": "Trained",
        "text": "a\nb",
        "error": "ValueError: no rows",
        "traceback": "Traceback …",
        "result": "42",
        "output": "epoch 1",
    }
    more = {"loss": 0.5, "ok": True}
    message = Message(level=Level.CRITICAL, images=(Image(PNG),), metadata=more, **parts)  # type: ignore[arg-type]
    receipt = posted(row, message)
    holds(receipt.channel == "team", f"the receipt names the channel {receipt.channel!r}, not 'team'")
    holds(receipt.reference, "the receipt has no reference")
    written = str(receipt.to_json())
    holds(without_secrets(written, row.checked(row.values())) == written, "a secret is in the receipt")
    holds("secret" not in written, "a secret is in the receipt")
    (arrived,) = row.seen()
    for part in (*parts.values(), "loss", "0.5", "ok"):
        holds(part in arrived.text, f"{part!r} did not arrive")
    holds(arrived.images == int(row.takes_images), f"{arrived.images} figures arrived")


def a_key(row: Row) -> None:
    """The same post tried again is not a second message, where the service has keys."""
    for _ in range(3 if row.has_keys else 1):
        posted(row, Message(title="once"))
    posted(row, Message(title="again"), "another key")
    shown = [one.text for one in row.seen()]
    holds(len(shown) == 2, f"there are {len(shown)} messages of two keys")
    holds("once" in shown[0] and "again" in shown[1], "they are not those that were posted")


def order(row: Row) -> None:
    """Messages are shown in the order in which they were posted."""

    async def work(channel: Channel) -> None:
        for n in range(row.burst):
            await channel.post(Message(title=f"number {n}."), f"key{n}")

    use(row, work)
    shown = row.seen()
    holds(len(shown) == row.burst, f"of {row.burst} messages {len(shown)} are there")
    wrong = [n for n, one in enumerate(shown) if f"number {n}." not in one.text]
    holds(not wrong, f"out of order: {wrong[:5]}")


def an_update(row: Row) -> None:
    """A decision reaches the reader, in place or as a follow-up; it can come twice; the buttons go."""
    asked = question(approvers=(row.approver,)) if row.ways else None
    message = Message(title="Deploy?", question=asked)
    decision = Decision(question_id="q", outcome=Outcome.REJECTED, decided_at=datetime.now(UTC), by=("bob",))

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        for _ in range(2):
            await channel.update(receipt, replace(message, decision=decision))

    use(row, work)
    shown = row.seen()
    holds(not row.ways or "rejected by bob" in shown[-1].text, "the decision is not shown")
    holds(not any(one.buttons for one in shown), "there are buttons still")
    expected = 1 if row.edits else 2 if row.has_keys else 3
    holds(len(shown) == expected, f"there are {len(shown)} messages instead of {expected}")


def the_end_of_a_progress(row: Row) -> None:
    """Shown twice and then ended, with more in it than an edit may bring: the end reaches the reader."""
    end = Message(title="Ended", result="42", output=f"start {'x' * 3000} finish", images=(Image(PNG),))

    async def work(channel: Channel) -> None:
        receipt = await channel.post(Message(title="Runs 1"), "key")
        receipt = await channel.renew(receipt, Message(title="Runs 2"), "key 2")
        await channel.renew(receipt, end, "key 3")

    use(row, work)
    shown = row.seen()
    read = "".join(text for one in shown for text in (one.text, *one.files))
    holds("Ended" in shown[-1].text and "42" in read, "the end is not shown")
    holds("finish" in read or "…" in read, "it was cut, and nothing says so")
    holds(not row.takes_images or sum(one.images for one in shown) == 1, "the figure is not there once")
    if row.channel_class().can_edit:
        holds(not any("Runs" in one.text for one in shown), "it says still that it runs")
        holds(len(shown) <= 3, f"there are {len(shown)} messages")
    else:
        holds(len(shown) == 3, f"there are {len(shown)} messages instead of 3")


def hostile_text(text: str, row: Row) -> None:
    """It arrives as text and notifies nobody; what is cut is cut visibly, or goes along whole."""
    posted(row, Message(title=text[:200] or "-", text=text, metadata={text[:50] or "-": text[:1000]}))
    shown = row.seen()
    holds(not any(one.pinged for one in shown), f"somebody was notified: {[one.pinged for one in shown]}")
    read = readable("".join(one.text for one in shown))
    files = [readable(file) for one in shown for file in one.files]
    whole, start = readable(text), readable(text[:1000])
    holds(readable(text[:200]) in read, "its start is not there")
    holds(whole in read or whole in files or start + "…" in read, "it was cut, and nothing says so")


def readable(text: str) -> str:
    """What is there whatever a service does to spaces and to what cannot be seen."""
    return "".join(c for c in text if c.isprintable() and not c.isspace())


def whether_it_asks(row: Row) -> None:
    """It answers only if it can bring answers: without replies() nothing is ever approved."""
    cls = row.channel_class()
    if row.ways:
        holds(cls.can_reply, "can_reply is False")
        return
    if cls.can_reply:
        raise NotTried("the row names no ways to answer")

    async def work(channel: Channel) -> None:
        channel.replies(question(), Receipt(channel="team", reference="r"))

    raised(CannotAsk, lambda: use(row, work), "replies()")


def the_members(row: Row) -> None:
    """Who could be an approver is listed by id and name, where the service says who is there; no bot is."""
    listed = use(row, lambda channel: channel.members())
    ids = [member.id for member in listed]
    holds(len(set(ids)) == len(ids), "somebody is listed twice")
    holds(all(member.name for member in listed), "somebody has no name")
    holds(sorted(ids) == sorted(row.lists), f"listed are {ids}, and not {list(row.lists)}")


HOSTILE = {
    "long": "x" * 100_000,
    "control": "\x00\x07\x1b[31m\x7f\r\n\u202e\u2028\ufeff",
    "emoji": "🚀👩‍👩‍👧‍👦" * 100,
    "markup": "<script>alert(1)</script> <!channel> @everyone <@&1> **b** `c` ```x```"
    " [l](javascript:x) {{7*7}}",
    "sql": '"; DROP TABLE users; --\ud800',
    "empty": "",
}


def _of_text(name: str, text: str) -> Check:
    return check_of(update_wrapper(partial(hostile_text, text), hostile_text), f"hostile text: {name}")


CHECKS = (
    *(
        check_of(one)
        for one in (the_class, the_settings, a_post, a_key, order, an_update, the_end_of_a_progress)
    ),
    *(_of_text(name, text) for name, text in HOSTILE.items()),
    check_of(whether_it_asks),
    check_of(the_members),
)
