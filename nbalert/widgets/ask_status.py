"""A question in the notebook: live while it is open, plain text and HTML once it has ended.

The display holds text, HTML and the widget; on the decision it is updated to text and HTML alone, so that
the notebook file keeps the decision and needs no kernel to show it.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import ipywidgets
from IPython.display import display, update_display

from nbalert.errors import CourierError
from nbalert.inbox_link import message_link
from nbalert.message import Receipt
from nbalert.policy import Reply
from nbalert.process import client
from nbalert.question import Decision, Question
from nbalert.waiting import can_hold, lack
from nbalert.widgets.drawing import Moment, ended_data, open_parts, waiting_data
from nbalert.widgets.stopping import Stop
from nbalert.widgets.where import is_dashboard

if TYPE_CHECKING:
    from nbalert.widgets.view import Asked

LINK_RENEWAL_S = 100.0
"""A code in a link lives for two minutes; the link of a waiting question is renewed before."""
CLOSE_S = 120.0
"""So near to its begin and its end the seconds of a question are counted."""
PAUSE_S = 15.0


@functools.cache  # once a process
def _say(missing: str) -> None:
    print(
        f"nbalert: answer in chat; until then widgets stand still, and this one has no Cancel ({missing})",
        file=sys.stderr,
    )


class AskStatus:
    """The view of one question."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._display = f"nbalert-{uuid4().hex}"
        self._began = datetime.now(UTC)
        self._links: dict[str, _Link] = {}
        self._replies: list[Reply] = []
        self._drawing = threading.Lock()
        self._ended = threading.Event()
        self._changed = threading.Event()
        self._parts = [ipywidgets.HTML() for _ in range(3)]
        # Cancel stands where a click can be heard while the cell is held; nothing that would not work.
        stop = [Stop(asked.cancel).box] if can_hold() else []
        self._box = ipywidgets.VBox([*self._parts, *stop])
        self._box.add_class("nbalert-open")
        if missing := lack():
            _say(missing)

    def show(self) -> None:
        """Display it, and keep it up to date until it is closed."""
        self._refresh()
        bundle = self._box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        still = waiting_data(self._asked.question, self._asked.channel)
        display({**data, **still}, raw=True, display_id=self._display)
        self._asked.pending.listen(self._hear)
        threading.Thread(target=self._tick, name="nbalert-ask-status", daemon=True).start()

    def close(self, decision: Decision) -> None:
        """Replace the widget by what stays in the file."""
        with self._drawing:
            self._ended.set()
            for part in self._parts:
                part.value = ""  # nbclient saves the last state of widgets, and the link holds a code
        self._changed.set()
        stays = ended_data(self._asked.question, self._asked.channel, decision, self._waited_s)
        update_display(stays, raw=True, display_id=self._display)
        closing = list(_all(self._box))
        if is_dashboard():
            closing.remove(self._box)
            self._box.children = (ipywidgets.HTML(stays["text/html"]),)
            self._box.remove_class("nbalert-open")
        for widget in closing:
            for one in (getattr(widget, "style", None), widget.layout, widget):
                if one is not None:
                    one.close()

    def _hear(self, one: Receipt | Reply) -> None:
        if isinstance(one, Receipt):
            self._links[one.channel] = _Link(one)
        else:
            self._replies.append(one)
        self._changed.set()

    def _tick(self) -> None:
        while not self._ended.is_set():
            for link in list(self._links.values()):
                link.renew(self._waited_s)
            self._refresh()
            self._changed.wait(_pause_s(self._waited_s, _left_s(self._asked.question)))
            self._changed.clear()

    def _refresh(self) -> None:
        question = self._asked.question
        now = Moment(
            at=datetime.now(UTC),
            waited_s=self._waited_s,
            left_s=_left_s(question),
            links={channel: link.url for channel, link in list(self._links.items())},
        )
        shown = open_parts(question, self._asked.channels, list(self._replies), now)
        with self._drawing:
            if not self._ended.is_set():
                for part, value in zip(self._parts, shown, strict=True):
                    part.value = value  # nothing is sent where it is the same

    @property
    def _waited_s(self) -> float:
        return (datetime.now(UTC) - self._began).total_seconds()


class _Link:
    """To the question in one chat; on this machine's inbox with a code, which never gets into the file."""

    def __init__(self, receipt: Receipt) -> None:
        self.url = ""
        self._receipt = receipt
        self._renewal_s = 0.0

    def renew(self, waited_s: float) -> None:
        """Give it a new code, if the last one is about to be worthless."""
        if waited_s < self._renewal_s:
            return
        self._renewal_s = waited_s + LINK_RENEWAL_S
        try:
            self.url = message_link(client(), self._receipt.link)
        except CourierError:
            self.url = self._receipt.link


def _all(widget: Any) -> Iterator[Any]:
    """A widget's parts, then itself."""
    for child in getattr(widget, "children", ()):
        yield from _all(child)
    yield widget


def _left_s(question: Question) -> float | None:
    """Seconds until a question expires; None if it never does."""
    if question.expires_at is None:
        return None
    return max(0.0, (question.expires_at - datetime.now(UTC)).total_seconds())


def _pause_s(waited_s: float, left_s: float | None) -> float:
    """Until the words are to change."""
    if waited_s < CLOSE_S or (left_s is not None and left_s < CLOSE_S):
        return 1.0
    return PAUSE_S if left_s is None else min(PAUSE_S, left_s - CLOSE_S + 1.0)
