"""The HTTP interface of questions: answers, what will run as a file, lines to one person, reminders."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import ClassVar

from tornado.web import HTTPError

from nbalert.inbox.access import Auth, Handler
from nbalert.inbox.entry import Entry
from nbalert.inbox.handlers import found, key_of
from nbalert.inbox.views import ended, linked, objection
from nbalert.policy import Reply, read
from nbalert.question import Question
from nbalert.question import objection as objection_to

SHORT_SHA = 12
REFUSED_LIMIT = 10
"""Of one person and question no more answers are kept once they are refused."""


class RepliesHandler(Handler):
    """`api/messages/ID/replies`: people answer, the courier reads."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "sender", "POST": "person"}

    def get(self, id_: str) -> None:
        """All answers to a message of this sender, oldest first."""
        replies = self.site.archive.replies(self.sender, id_)
        if replies is None:
            raise HTTPError(404, "this sender has no such message")
        self.finish({"replies": [linked(reply, id_, self.site.url) for reply in replies]})

    def post(self, id_: str) -> None:
        """Take an answer, or say why not: 409 for too late, 403 for not you, 422 for no answer."""
        text, way = (self.body().get(name) for name in ("text", "way"))
        if not isinstance(text, str) or not text.strip() or way not in ("button", "reply"):
            raise HTTPError(400, 'an answer has a text, and a way: "button" or "reply"')
        entry = found(self.site, id_)
        if entry.question is None:
            raise HTTPError(409, ended(entry))
        if refusal := _refusal(entry, entry.question, self.session.person, text):
            self._keep_refused(entry, text, str(way))
            raise refusal
        voice = read(entry.question.policy, text)
        if voice.is_yes is None:
            raise HTTPError(422, voice.fault or entry.question.policy.hint)
        reply = self.site.archive.reply(entry, self.session.person, text, str(way))
        self.site.seats.ring()
        self.finish(linked(reply, id_, self.site.url))

    def _keep_refused(self, entry: Entry, text: str, way: str) -> None:
        """For the record: the courier has it as any answer, and finds by itself that it does not count."""
        person = self.session.person
        if sum(reply.person == person for reply in entry.replies) < REFUSED_LIMIT:
            self.site.archive.reply(entry, person, text, way)
            self.site.seats.ring()


class CodeHandler(Handler):
    """`api/messages/ID/code`: what is asked about, whole, as a file."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person"}

    def get(self, id_: str) -> None:
        """The very characters that the page shows. Where none is blotted out the digest is the question's."""
        question = found(self.site, id_).question
        if question is None or not question.code:
            raise HTTPError(404, "there is no code")
        name = f"question-{re.sub('[^0-9a-f]', '', question.code_sha256)[:SHORT_SHA]}.py"
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(question.code.encode("utf-8", "surrogatepass"))


class NoticesHandler(Handler):
    """`api/messages/ID/notices`: the courier tells one person why their answer does not count."""

    auth: ClassVar[dict[str, Auth]] = {"POST": "sender"}

    def post(self, id_: str) -> None:
        """One line, about one answer; whoever gave it is the one to see it."""
        reply, text = (self.body().get(name) for name in ("reply", "text"))
        if not (isinstance(reply, str) and reply.isdecimal() and isinstance(text, str) and text.strip()):
            raise HTTPError(400, "a notice has a text, and the reference of a reply")
        if len(reply) > 18 or not self.site.archive.respond(self.sender, id_, reply, text):
            raise HTTPError(404, "this sender has no such message, or it no such reply")
        self.site.seats.ring()
        self.finish({})


class RemindersHandler(Handler):
    """`api/messages/ID/reminders`: the courier brings a question up again."""

    auth: ClassVar[dict[str, Auth]] = {"POST": "sender"}

    def post(self, id_: str) -> None:
        """Once a key."""
        body = self.body()
        title, mention = body.get("title"), body.get("mention", [])
        if not isinstance(title, str) or not title.strip():
            raise HTTPError(400, "a reminder has a title")
        if not isinstance(mention, list) or not all(isinstance(name, str) for name in mention):
            raise HTTPError(400, "mention is a list of names")
        if not self.site.archive.remind(self.sender, id_, key_of(body), title, mention):
            raise HTTPError(404, "this sender has no such message")
        self.site.seats.ring()
        self.finish({})


def _refusal(entry: Entry, question: Question, person: str, text: str) -> HTTPError | None:
    """Why an answer that means something cannot count: too late, too early, or not theirs to give."""
    if why := ended(entry):
        return HTTPError(409, why)
    if why := objection(question, person):
        return HTTPError(403, why)
    answer = Reply(reference="", person=person, text=text, at=datetime.now(UTC))
    if read(question.policy, text).is_yes is not None and (why := objection_to(question, answer)):
        return HTTPError(409, why)
    return None
