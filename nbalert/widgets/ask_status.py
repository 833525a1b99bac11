"""A question in the notebook: live while it is open, plain text and HTML once it has ended.

The display holds text, HTML and the widget; on the decision it is updated to text and HTML alone, so that
the notebook file keeps the decision and needs no kernel to show it.
"""

from __future__ import annotations

import html
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import ipywidgets
from IPython.display import display, update_display

from nbalert.durations import show_duration
from nbalert.errors import CourierError
from nbalert.inbox_link import inbox_link
from nbalert.message import Receipt
from nbalert.process import client
from nbalert.question import ANYONE, Decision, Outcome, Question, Reply
from nbalert.waiting import can_hold

if TYPE_CHECKING:
    from nbalert.widgets.view import Asked

LINK_RENEWAL_S = 100.0
"""A code in a link lives for two minutes; the link of a waiting question is renewed before."""

_LOOK = {
    Outcome.APPROVED: ("✅", "#1a7f37"),
    Outcome.REJECTED: ("❌", "#cf222e"),
    Outcome.EXPIRED: ("⌛", "#9a6700"),
    Outcome.CANCELLED: ("🚫", "#6e7781"),
    Outcome.ERROR: ("⚠️", "#cf222e"),
}
_OPEN = ("⏳", "#0969da")


class AskStatus:
    """The view of one question."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._display = f"nbalert-{uuid4().hex}"
        self._began = datetime.now(UTC)
        self._receipt: Receipt | None = None
        self._replies: list[Reply] = []
        self._link = ""
        self._ended = threading.Event()
        self._changed = threading.Event()
        self._html = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self._html, *self._buttons()])

    @classmethod
    def shown(cls, asked: Asked) -> AskStatus:
        """Display it, and keep it up to date until it is closed."""
        view = cls(asked)
        view._refresh()
        bundle = view._box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, **view._static(None)}, raw=True, display_id=view._display)
        asked.pending.listen(view._hear)
        threading.Thread(target=view._tick, name="nbalert-ask-status", daemon=True).start()
        return view

    def close(self, decision: Decision) -> None:
        """Replace the widget by what stays in the file."""
        self._ended.set()
        self._changed.set()
        update_display(self._static(decision), raw=True, display_id=self._display)
        for child in self._box.children:
            child.close()
        self._box.close()

    def _buttons(self) -> list[Any]:
        """Cancel, where a click can be heard while the cell is held; nothing that would not work."""
        if not can_hold():
            return []
        button = ipywidgets.Button(
            description="Cancel", icon="times", tooltip="Stop waiting; nothing will run"
        )
        button.on_click(lambda _: self._asked.cancel("cancelled in the notebook"))
        return [button]

    def _hear(self, one: Receipt | Reply) -> None:
        if isinstance(one, Receipt):
            self._receipt = one
        else:
            self._replies.append(one)
        self._changed.set()

    def _tick(self) -> None:
        renewal = 0.0
        while not self._ended.is_set():
            now = (datetime.now(UTC) - self._began).total_seconds()
            if self._receipt and now >= renewal:
                self._link, renewal = self._fresh_link(), now + LINK_RENEWAL_S
            self._refresh()
            self._changed.wait(_pause_s(self._asked.question))
            self._changed.clear()

    def _fresh_link(self) -> str:
        """To the message; on the inbox of this machine with a code, which never gets into the file."""
        if self._receipt is None or not self._receipt.link:
            return ""
        try:
            own = inbox_link(client())
        except CourierError:
            return self._receipt.link
        place, _, mark = self._receipt.link.partition("#")
        return (
            f"{own.url}&{mark}"
            if own.url.startswith(place) or own.url.startswith("/")
            else self._receipt.link
        )

    def _refresh(self) -> None:
        link = (
            f' · <a href="{html.escape(self._link)}" target="_blank">open in chat</a>' if self._link else ""
        )
        self._html.value = _card(self._asked, _OPEN, self._words() + link)

    def _words(self) -> str:
        question = self._asked.question
        waited = show_duration((datetime.now(UTC) - self._began).total_seconds() // 1)
        words = [f"waiting for {waited}" if self._receipt else "on its way"]
        if question.expires_at:
            left_s = max(0.0, (question.expires_at - datetime.now(UTC)).total_seconds())
            words.append(f"{show_duration(left_s // 1)} left")
        words += [_voice(question, reply) for reply in self._replies]
        return " · ".join(html.escape(word) for word in words)

    def _static(self, decision: Decision | None) -> dict[str, str]:
        """What the file keeps."""
        question = self._asked.question
        if decision is None:
            text, look = "no decision yet", _OPEN
        else:
            text, look = decision.sentence, _LOOK[decision.outcome]
        plain = f"{look[0]} {question.text} [{self._asked.channel}]: {text}"
        return {"text/plain": plain, "text/html": _card(self._asked, look, html.escape(text))}


def _pause_s(question: Question) -> float:
    """Until the words change: seconds count in the last two minutes, minutes before."""
    if question.expires_at is None:
        return 30.0
    left_s = (question.expires_at - datetime.now(UTC)).total_seconds()
    return 1.0 if left_s < 120 else min(15.0, left_s - 119)


def _voice(question: Question, reply: Reply) -> str:
    who, objection = reply.name or reply.person, question.policy.objection(reply)
    return f"{who}: {reply.text[:80]}" + (f" (does not count: {objection})" if objection else "")


def _card(asked: Asked, look: tuple[str, str], status: str) -> str:
    icon, colour = look
    policy = asked.question.policy
    who = "anyone" if ANYONE in policy.approvers else ", ".join(policy.approvers)
    need = f"{policy.need} of " if policy.need > 1 else ""
    return (
        f'<div class="nbalert-ask" style="border-left:4px solid {colour};padding:4px 12px;margin:4px 0">'
        f"<div><strong>{icon} {html.escape(asked.question.text)}</strong></div>"
        f'<div role="status" aria-live="polite">{status}</div>'
        f'<div style="opacity:.7;font-size:90%">{html.escape(asked.channel)} · may answer: '
        f"{html.escape(need + who)}</div></div>"
    )
