"""How a question looks in a notebook: while it is open, and what stays. Pure; all text is escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from nbalert.durations import show_duration
from nbalert.policy import Policy, Reply
from nbalert.question import Decision, Outcome, Question, one_line
from nbalert.standing import Heard, escalates_at, heard, missing

SHORT_SHA = 12
SAID_CHARS = 200


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
STYLE = (
    "<style>@keyframes nbalert-left{to{width:0}}"
    f".nbalert-open{{border:{_BORDER};border-left:4px solid {OPEN.colour};{_FRAME};overflow:hidden}}"
    ".nbalert-open .widget-html,.nbalert-open .widget-html-content"
    "{margin:0;height:auto;font-size:var(--jp-content-font-size1,14px);line-height:1.5;width:100%;min-width:0}"
    ".nbalert-stop{flex-flow:row wrap;margin-top:6px}"
    "</style>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An open question at one moment.

    Args:
        at: Aware UTC.
        waited_s: Seconds since it was put.
        left_s: Seconds until it expires; None if it never does.
        links: Of each channel that has the question; empty where there is no link to it.
    """

    at: datetime
    waited_s: float
    left_s: float | None
    links: Mapping[str, str]


def open_parts(
    question: Question, channels: Sequence[str], replies: Sequence[Reply], now: Moment
) -> tuple[str, str, str]:
    """What the widget shows: the question; the time; what is missing, each answer and the facts.

    Only the second part changes every second: the link in the third may have the focus.
    """
    lacks = html.escape(missing(question, replies, now.at))
    voices = "".join(_voice(one) for one in heard(question, replies))
    facts = [*_way(channels, now), *_later(question, now.at), *_facts(question), *_links(now)]
    state = f'<div role="status"><strong>{lacks[0].upper()}{lacks[1:]}</strong>{voices}</div>'
    return STYLE + _head(OPEN, question.text), _clock(now), state + _small(" · ".join(facts))


def ended_data(question: Question, channel: str, decision: Decision, waited_s: float) -> dict[str, str]:
    """What the file keeps: outcome, who, when, why, answer."""
    look = ENDED[decision.outcome]
    at = decision.decided_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").strip()
    story = replace(decision, answer=None).sentence.removeprefix(decision.outcome.value).lstrip(": ")
    facts = [f"asked on {html.escape(channel)}", at, f"after {span(waited_s)}", *_facts(question)]
    answer = "" if decision.answer is None else _answer(str(decision.answer))
    body = f'{answer}<div role="status" style="overflow-wrap:anywhere">{html.escape(story)}</div>'
    return _data(look, question, channel, f"{decision.sentence} ({at})", body + _small(" · ".join(facts)))


def waiting_data(question: Question, channel: str) -> dict[str, str]:
    """What the file keeps while there is no decision, for readers without widgets."""
    facts = [
        f"asked on {html.escape(channel)}",
        html.escape(missing(question, (), question.asked_at)),
        *_facts(question),
    ]
    body = f'<div role="status">no decision yet</div>{_small(" · ".join(facts))}'
    return _data(OPEN, question, channel, "no decision yet", body)


def span(seconds: float) -> str:
    """A duration in whole seconds."""
    return f"{int(seconds)} s" if seconds < 10 else show_duration(int(seconds))


def said(one: Heard) -> str:
    """An answer in one line, and why it does not count: `eve: approved (does not count: …)`."""
    who = one_line(one.reply.name or one.reply.person)
    words = one_line(one.said)
    short = words if len(words) <= SAID_CHARS else f"{words[:SAID_CHARS]}…"
    return f"{who}: {short}" + (f" (does not count: {one.objection})" if one.objection else "")


def short_sha(question: Question) -> str:
    """`sha256 0123456789ab` of the code; empty without code."""
    return f"sha256 {question.code_sha256[:SHORT_SHA]}" if question.code_sha256 else ""


def blotted(question: Question) -> str:
    """How many secrets are not shown; empty for none."""
    count = question.redacted
    return f"{count} secret{'s' if count > 1 else ''} blotted out" if count else ""


def _data(look: Look, question: Question, channel: str, words: str, body: str) -> dict[str, str]:
    frame = f"border:{_BORDER};border-left:4px solid {look.colour};{_FRAME};line-height:1.5"
    return {
        "text/plain": f"{look.icon} {question.text} [{channel}]: {words}",
        "text/html": f'<div class="nbalert-ask" style="{frame}">{_head(look, question.text)}{body}</div>',
    }


def _head(look: Look, text: str) -> str:
    """The state, and the question."""
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline;margin-bottom:2px">'
        f'<span style="background:{look.colour};color:#fff;border-radius:99px;padding:1px 10px;'
        f'font-size:85%;font-weight:600;white-space:nowrap"><span aria-hidden="true">{look.icon} </span>'
        f"{look.word}</span>"
        f'<strong style="font-size:108%;overflow-wrap:anywhere">{html.escape(text)}</strong></div>'
    )


def _clock(now: Moment) -> str:
    """How long it has waited, how long it will, and a bar that the page itself shortens."""
    asked = f"asked {span(now.waited_s)} ago"
    if now.left_s is None:
        return f'<div role="timer">{asked}</div>'
    share = now.left_s / max(now.left_s + now.waited_s, 1.0)
    return (
        f'<div role="timer">{asked} · <strong>{span(now.left_s)} left</strong></div>'
        '<div style="height:3px;border-radius:2px;background:rgba(128,128,128,.25);margin:4px 0">'
        f'<div style="height:3px;border-radius:2px;background:{OPEN.colour};width:{share:.2%};'
        f'animation:nbalert-left {now.left_s:.0f}s linear forwards"></div></div>'
    )


def _voice(one: Heard) -> str:
    mark = "·" if one.objection else "✗" if one.voice.is_yes is False else "✓"
    who, _, rest = said(one).partition(": ")
    faint = ";opacity:.75" if one.objection else ""
    return (
        f'<div style="overflow-wrap:anywhere{faint}"><span aria-hidden="true">{mark}</span> '
        f"<strong>{html.escape(who)}</strong>: {html.escape(rest)}</div>"
    )


def _answer(answer: str) -> str:
    return (
        '<div style="overflow-wrap:anywhere;white-space:pre-wrap">answer: '
        f"<strong>{html.escape(answer)}</strong></div>"
    )


def _way(channels: Sequence[str], now: Moment) -> list[str]:
    missing_there = [channel for channel in channels if channel not in now.links]
    places = (("asked on", list(now.links)), ("on its way to", missing_there))
    return [html.escape(f"{words} {', '.join(names)}") for words, names in places if names]


def _later(question: Question, now: datetime) -> list[str]:
    then = escalates_at(question)
    if then is None:
        return []
    when = f" at {then.astimezone():%H:%M}" if now < then else ""
    return [html.escape(f"{question.escalate_to} is asked as well{when}")]


def _facts(question: Question) -> list[str]:
    """What is asked for besides a yes, and which code it is about."""
    code = short_sha(question)
    facts = (_wanted(question.policy), f"code {code}" if code else "", blotted(question))
    return [html.escape(fact) for fact in facts if fact]


def _wanted(policy: Policy) -> str:
    if policy.input:
        return {"text": "a typed answer", "int": "a whole number", "float": "a number"}[policy.input]
    return f"one of {', '.join(policy.choices)}" if policy.choices else ""


def _links(now: Moment) -> list[str]:
    return [
        f'<a href="{html.escape(link)}" target="_blank" rel="noopener" style="color:inherit;font-weight:600;'
        f'text-decoration:underline">open in {html.escape(channel)}</a>'
        for channel, link in now.links.items()
        if link
    ]


def _small(inner: str) -> str:
    return f'<div style="opacity:.75;font-size:92%;overflow-wrap:anywhere">{inner}</div>'
