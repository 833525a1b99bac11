"""What a person gets to see of a message, and whether they may answer it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nbalert.inbox.entry import Entry
from nbalert.policy import Answer, Reply
from nbalert.question import Question
from nbalert.standing import escalates_at, heard, missing


def ended(entry: Entry) -> str:
    """Why nobody can answer this any more; empty if they can."""
    question, decision = entry.question, entry.decision
    if question is None:
        return "this message asks nothing"
    if decision is not None:
        return f"this question has ended: {decision.sentence}"
    if question.expires_at and datetime.now(UTC) >= question.expires_at:
        return "this question has expired"
    return ""


def objection(question: Question, person: str) -> str:
    """Why this person may not answer; empty if they may."""
    return question.policy.objection(Reply(reference="", person=person, text="", at=datetime.now(UTC)))


def check_shown(question: Question) -> None:
    """Try what the page will show of a question: one that cannot be shown would keep all others from it.

    Raises:
        Exception: Of whatever kind its policy makes.
    """
    _asked(question, (), "", "")


def linked(reply: Reply, id_: str, url: str) -> dict[str, Any]:
    """An answer as a courier gets it: with the address at which it stands."""
    return {**reply.to_json(), "link": message_link(url, id_)}


def message_link(url: str, id_: str) -> str:
    """Where a message stands for good. Holds no code: who follows it has to be signed in."""
    return f"{url}/#m={id_}"


def person_view(entry: Entry, person: str) -> dict[str, Any]:
    """An entry as the page of this person gets it."""
    message, question = dict(entry.message), entry.question
    images = [
        {**image, "url": f"api/messages/{entry.id}/images/{place}?v={image['digest']}"}
        for place, image in enumerate(message["images"])
    ]
    if question:
        message["question"] = {**message["question"], **_asked(question, entry.replies, entry.id, person)}
        message["decision"] = _decided(entry)
    return {
        "id": entry.id,
        "number": entry.number,
        "change": entry.change,
        "message": {**message, "images": images},
        "replies": _replies(entry, question) if question else [],
        "notices": [
            {"text": notice.text, "at": notice.at.isoformat()}
            for notice in entry.notices
            if notice.person == person
        ],
        "reminders": [
            {"title": one.title, "at": one.at.isoformat(), "is_mine": person in one.mention}
            for one in entry.reminders
        ],
    }


def _asked(question: Question, replies: Sequence[Reply], id_: str, person: str) -> dict[str, Any]:
    then = escalates_at(question)
    return {
        "file": f"api/messages/{id_}/code",
        "objection": objection(question, person),
        "buttons": [button._asdict() for button in question.policy.buttons],
        "hint": question.policy.hint,
        "escalates_at": then.isoformat() if then else None,
        "missing": missing(question, replies, datetime.now(UTC)),
    }


def _decided(entry: Entry) -> dict[str, Any] | None:
    decision = entry.decision
    if decision is None:
        return None
    return {**decision.to_json(), "people": list(decision.people), "answer": _shown(decision.answer)}


def _shown(answer: Answer | None) -> str | None:
    """An answer as text: a page's own numbers have 53 bits."""
    return None if answer is None else str(answer)


def _replies(entry: Entry, question: Question) -> list[dict[str, Any]]:
    return [
        {
            **one.reply.to_json(),
            "said": one.said,
            "is_yes": one.voice.is_yes,
            "answer": _shown(one.voice.answer),
            "objection": one.objection,
        }
        for one in heard(question, entry.replies, entry.decision)
    ]
