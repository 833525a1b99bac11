"""Which question something that Slack pushes belongs to. No I/O."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress

from nbalert.channels.slack_account import Identity
from nbalert.channels.slack_answers import Place, Said, of_click, of_message, of_reaction
from nbalert.errors import ChannelError
from nbalert.policy import Reply
from nbalert.question import Question

REMEMBERED = 2000
GRACE_S = 3.0
"""How long a click waits for its question: somebody may click before it is known here that it stands."""
STRAY = "This question is open elsewhere, and your click has not reached it. Please reply in its thread."
ENDED = "This question has ended; your click has no effect."

Tell = Callable[[str, str, str], Awaitable[None]]
"""Says something, of its conversation, person and text, to that person alone."""


class Listener:
    """One question's share of what is pushed.

    Args:
        me: Who the bot is.
        tell: For clicks that reach nobody.
    """

    def __init__(self, question: Question, place: Place, me: Identity, tell: Tell) -> None:
        self.question = question
        self.place = place
        self.tell = tell
        self._me = me
        self._arrived: asyncio.Queue[Reply | None] = asyncio.Queue()

    def put(self, reply: Reply | None) -> None:
        """Something has arrived; None where it is time to look for oneself."""
        self._arrived.put_nowait(reply)

    def hear(self, event: Said) -> None:
        """A message in the thread, an edit of one, or a reaction to the question."""
        if event.get("type") == "reaction_added":
            user, name = str(event.get("user", "")), str(event.get("reaction", ""))
            reply = of_reaction(user, name, event.get("event_ts"), self.question, self.place, self._me)
        else:
            said = event["message"] if event.get("subtype") == "message_changed" else event
            reply = of_message(said, self.question, self.place, self._me)
        if reply:
            self.put(reply)

    async def next(self, until: float) -> Reply | None:
        """The next answer; None when it is time to look, at that time of the monotonic clock or before."""
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                return await self._arrived.get()
        except TimeoutError:
            return None


class Board:
    """All listeners of one connection.

    Args:
        on_stray: Called where a click belongs to a question that this courier does not have.
    """

    def __init__(self, on_stray: Callable[[], None]) -> None:
        self._on_stray = on_stray
        self._listeners: dict[Place, list[Listener]] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._early: list[tuple[Said, asyncio.TimerHandle]] = []
        self._telling: set[asyncio.Task[None]] = set()

    def add(self, listener: Listener) -> None:
        """From now on it is told."""
        self._listeners.setdefault(listener.place, []).append(listener)
        _note(self._known, listener.question.id)
        early, self._early = self._early, []
        for payload, judgement in early:
            judgement.cancel()
            self._click(payload)

    def remove(self, listener: Listener) -> None:
        """It is told no more."""
        rest = [one for one in self._listeners.pop(listener.place) if one is not listener]
        if rest:
            self._listeners[listener.place] = rest

    def close(self) -> None:
        """Nothing more comes."""
        for _, judgement in self._early:
            judgement.cancel()

    def wake(self) -> None:
        """Something may have been missed: everybody looks."""
        for listener in self._all():
            listener.put(None)

    def take(self, kind: str, envelope: str, payload: Said) -> None:
        """Something was pushed; the same thing pushed twice is heard once.

        Args:
            kind: `interactive` or `events_api`.
            envelope: Its id.
        """
        marks = {envelope, str(payload.get("event_id") or envelope)}
        if marks & self._seen.keys():
            return
        for mark in marks:
            _note(self._seen, mark)
        if kind == "interactive":
            self._click(payload)
        elif kind == "events_api":
            self._event(payload.get("event") or {})

    def _click(self, payload: Said) -> None:
        action = (payload.get("actions") or [{}])[0]
        if not str(action.get("action_id", "")).startswith("nbalert-"):
            return  # of another part of the same app
        place, _ = _aim(payload)
        found = [
            (one, reply)
            for one in self._listeners.get(place, ())
            if (reply := of_click(payload, one.question))
        ]
        for listener, reply in found:
            listener.put(reply)
        if not found:
            self._early.append(
                (payload, asyncio.get_running_loop().call_later(GRACE_S, self._judge, payload))
            )

    def _judge(self, payload: Said) -> None:
        """A click that no question has claimed."""
        self._early = [early for early in self._early if early[0] is not payload]
        place, value = _aim(payload)
        self._lost(payload, place, value.rpartition(":")[0])

    def _lost(self, payload: Said, place: Place, question: str) -> None:
        is_ours = question in self._known
        if not is_ours:
            self._on_stray()
        user = str((payload.get("user") or {}).get("id", ""))
        teller = next(iter(self._all()), None)
        if user and teller:
            task = asyncio.ensure_future(_told(teller, place, user, ENDED if is_ours else STRAY))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _event(self, event: Said) -> None:
        if event.get("type") == "reaction_added":
            item = event.get("item") or {}
            place = Place(str(item.get("channel", "")), str(item.get("ts", "")))
        elif event.get("type") == "message":
            said = event.get("message") or event
            place = Place(str(event.get("channel", "")), str(said.get("thread_ts", "")))
        else:
            return
        for listener in self._listeners.get(place, ()):
            listener.hear(event)

    def _all(self) -> list[Listener]:
        return [one for some in self._listeners.values() for one in some]


async def _told(teller: Listener, place: Place, user: str, text: str) -> None:
    """A courtesy: where it fails nothing else does."""
    with suppress(ChannelError):
        await teller.tell(place.channel, user, text)


def _aim(payload: Said) -> tuple[Place, str]:
    """The message on which somebody has clicked, and the value of the button."""
    container, action = payload.get("container") or {}, (payload.get("actions") or [{}])[0]
    place = Place(str(container.get("channel_id", "")), str(container.get("message_ts", "")))
    return place, str(action.get("value", ""))


def _note(known: OrderedDict[str, None], what: str) -> None:
    known[what] = None
    if len(known) > REMEMBERED:
        known.popitem(last=False)
