"""What a person gets to see of a message, and whether they may answer it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nbalert.inbox.archive import Entry
from nbalert.policy import Reply
from nbalert.question import Question


def ended(entry: Entry) -> str:
    """Why nobody can answer this any more; empty if they can."""
    question = entry.question
    if question is None:
        return "this message asks nothing"
    if decision := entry.message["decision"]:
        return f"this question has ended: {decision['outcome']}"
    if question.expires_at and datetime.now(UTC) >= question.expires_at:
        return "this question has expired"
    return ""


def objection(question: Question | None, person: str) -> str:
    """Why this person may not answer; empty if they may."""
    if question is None:
        return "this message asks nothing"
    answer = Reply(reference="", person=person, text="", at=datetime.now(UTC))
    return question.policy.objection(answer)


def person_view(entry: Entry, person: str) -> dict[str, Any]:
    """An entry as the page of this person gets it."""
    message, question = dict(entry.message), entry.question
    images = [
        {**image, "url": f"api/messages/{entry.id}/images/{place}?v={image['digest']}"}
        for place, image in enumerate(message["images"])
    ]
    if question:
        message["question"] = {
            **message["question"],
            "code_sha256": question.code_sha256,
            "objection": objection(question, person),
        }
    return {
        "id": entry.id,
        "number": entry.number,
        "change": entry.change,
        "message": {**message, "images": images},
        "replies": [reply.to_json() for reply in entry.replies],
    }
