"""A question in the notebook: live while it is open, plain text and HTML once it has ended.

The display holds text, HTML and the widget; on the decision it is updated to text and HTML alone, so that
the notebook file keeps the decision and needs no kernel to show it.
"""

from __future__ import annotations

import html
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import ipywidgets
from IPython.display import display, update_display

from nbalert.durations import show_duration
from nbalert.errors import CourierError
from nbalert.inbox_link import message_link
from nbalert.message import Receipt
from nbalert.policy import ANYONE, Reply
from nbalert.process import client
from nbalert.question import Decision, Outcome, Question
from nbalert.waiting import can_hold

if TYPE_CHECKING:
    from nbalert.widgets.view import Asked

LINK_RENEWAL_S = 100.0
"""A code in a link lives for two minutes; the link of a waiting question is renewed before."""
CLOSE_S = 120.0
"""So near to its begin and its end the seconds of a question are counted."""
PAUSE_S = 15.0


class Look(NamedTuple):
    """How a state is shown: its colour carries white text, and so fits light and dark pages."""

    icon: str
    word: str
    colour: str


OPEN = Look("⏳", "Waiting", "#4f46d8")
ENDED = {
    Outcome.APPROVED: Look("✅", "Approved", "#17794a"),
    Outcome.REJECTED: Look("❌", "Rejected", "#c02632"),
    Outcome.EXPIRED: Look("⌛", "Expired", "#a04e06"),
    Outcome.CANCELLED: Look("🚫", "Cancelled", "#5d6673"),
    Outcome.ERROR: Look("⚠️", "Error", "#c02632"),
}
_BORDER = "1px solid rgba(128,128,128,.3)"
_FRAME = "border-radius:8px;padding:8px 14px;margin:4px 0;max-width:720px;box-sizing:border-box"
_STYLE = (
    "<style>@keyframes nbalert-left{to{width:0}}"
    f".nbalert-open{{border:{_BORDER};border-left:4px solid {OPEN.colour};{_FRAME};overflow:hidden}}"
    ".nbalert-open .widget-html,.nbalert-open .widget-html-content"
    "{margin:0;height:auto;font-size:var(--jp-content-font-size1,14px);line-height:1.5;width:100%;min-width:0}"
    "</style>"
)


class AskStatus:
    """The view of one question."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._display = f"nbalert-{uuid4().hex}"
        self._began = datetime.now(UTC)
        self._receipt: Receipt | None = None
        self._replies: list[Reply] = []
        self._link = ""
        self._drawing = threading.Lock()
        self._ended = threading.Event()
        self._changed = threading.Event()
        self._html = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self._html, *self._buttons()])
        self._box.add_class("nbalert-open")

    def show(self) -> None:
        """Display it, and keep it up to date until it is closed."""
        self._refresh()
        bundle = self._box._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, **self._static(None)}, raw=True, display_id=self._display)
        self._asked.pending.listen(self._hear)
        threading.Thread(target=self._tick, name="nbalert-ask-status", daemon=True).start()

    def close(self, decision: Decision) -> None:
        """Replace the widget by what stays in the file."""
        with self._drawing:
            self._ended.set()
            self._html.value = ""  # nbclient saves the last state of widgets, and the link holds a code
        self._changed.set()
        update_display(self._static(decision), raw=True, display_id=self._display)
        for widget in (*self._box.children, self._box):
            for part in (getattr(widget, "style", None), widget.layout, widget):
                if part is not None:
                    part.close()

    def _buttons(self) -> list[Any]:
        """Cancel, where a click can be heard while the cell is held; nothing that would not work."""
        if not can_hold():
            return []
        button = ipywidgets.Button(
            description="Cancel",
            icon="times",
            tooltip="Stop waiting; nothing will run",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start", margin="6px 0 2px 0"),
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
            if self._receipt and self._waited_s >= renewal:
                self._link, renewal = self._fresh_link(self._receipt), self._waited_s + LINK_RENEWAL_S
            self._refresh()
            self._changed.wait(_pause_s(self._waited_s, _left_s(self._asked.question)))
            self._changed.clear()

    def _fresh_link(self, receipt: Receipt) -> str:
        """To the message; on the inbox of this machine with a code, which never gets into the file."""
        try:
            return message_link(client(), receipt.link)
        except CourierError:
            return receipt.link

    def _refresh(self) -> None:
        question = self._asked.question
        answers = "".join(_voice(question, reply) for reply in self._replies)
        shown = _STYLE + _head(OPEN, question.text) + self._clock() + answers + self._facts()
        with self._drawing:
            if not self._ended.is_set():
                self._html.value = shown

    def _clock(self) -> str:
        """How long it has waited, how long it will, and a bar that the page itself shortens."""
        question, waited_s = self._asked.question, self._waited_s
        words, left_s = [f"waiting for {_span(waited_s)}"], _left_s(question)
        if left_s is None:
            return f'<div role="timer">{words[0]}</div>'
        share = left_s / max(left_s + waited_s, 1.0)
        words.append(f"<strong>{_span(left_s)} left</strong>")
        return (
            f'<div role="timer">{" · ".join(words)}</div>'
            '<div style="height:3px;border-radius:2px;background:rgba(128,128,128,.25);margin:4px 0">'
            f'<div style="height:3px;border-radius:2px;background:{OPEN.colour};width:{share:.2%};'
            f'animation:nbalert-left {left_s:.0f}s linear forwards"></div></div>'
        )

    def _facts(self) -> str:
        channel = html.escape(self._asked.channel)
        facts = [f"asked on {channel}" if self._receipt else f"on its way to {channel}"]
        facts.append(html.escape(_who(self._asked.question)))
        if self._link:
            link = html.escape(self._link)
            facts.append(
                f'<a href="{link}" target="_blank" rel="noopener" style="color:inherit;font-weight:600;'
                f'text-decoration:underline">open in {channel}</a>'
            )
        return _small(" · ".join(facts))

    def _static(self, decision: Decision | None) -> dict[str, str]:
        """What the file keeps."""
        text, channel = self._asked.question.text, html.escape(self._asked.channel)
        if decision is None:
            look, words, story = OPEN, "no decision yet", "no decision yet"
            facts = f"asked on {channel} · {html.escape(_who(self._asked.question))}"
        else:
            look, words = ENDED[decision.outcome], decision.sentence
            story = words.removeprefix(decision.outcome.value).lstrip(": ")
            at = decision.decided_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").strip()
            facts = f"asked on {channel} · {at} · after {_span(self._waited_s)}"
        body = _head(look, text) + f'<div role="status">{html.escape(story)}</div>' + _small(facts)
        frame = f"border:{_BORDER};border-left:4px solid {look.colour};{_FRAME};line-height:1.5"
        return {
            "text/plain": f"{look.icon} {text} [{self._asked.channel}]: {words}",
            "text/html": f'<div class="nbalert-ask" style="{frame}">{body}</div>',
        }

    @property
    def _waited_s(self) -> float:
        return (datetime.now(UTC) - self._began).total_seconds()


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


def _span(seconds: float) -> str:
    """A duration in whole seconds."""
    return f"{int(seconds)} s" if seconds < 10 else show_duration(int(seconds))


def _who(question: Question) -> str:
    """Who may answer, and how many have to."""
    policy = question.policy
    need = f"{policy.need} have to approve" if policy.need > 1 else ""
    anyone = ANYONE in policy.approvers
    who = "anyone may answer" if anyone else f"may answer: {', '.join(policy.approvers)}"
    return f"{who}, {need}" if need else who


def _voice(question: Question, reply: Reply) -> str:
    who, said = html.escape(reply.name or reply.person), html.escape(reply.text[:80])
    objection = html.escape(question.policy.objection(reply))
    return f"<div><strong>{who}</strong> {said}{f' (does not count: {objection})' if objection else ''}</div>"


def _head(look: Look, text: str) -> str:
    """The state, and the question."""
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline;margin-bottom:2px">'
        f'<span style="background:{look.colour};color:#fff;border-radius:99px;padding:1px 10px;'
        f'font-size:85%;font-weight:600;white-space:nowrap">{look.word}</span>'
        f'<strong style="font-size:108%;overflow-wrap:anywhere">{html.escape(text)}</strong></div>'
    )


def _small(inner: str) -> str:
    return f'<div style="opacity:.75;font-size:92%">{inner}</div>'
