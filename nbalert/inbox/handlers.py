"""The inbox's HTTP interface, save the streams: for couriers (a bearer token) and for people (a cookie)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from tornado.web import HTTPError, RequestHandler, stream_request_body

from nbalert.errors import StoreError
from nbalert.inbox.archive import Entry
from nbalert.inbox.guard import PAGE_HEADERS
from nbalert.inbox.people import SESSION_S, Session
from nbalert.inbox.site import Site
from nbalert.message import Message
from nbalert.question import Question, Reply

MESSAGE_BYTES = 25 * 1024 * 1024
SMALL_BYTES = 64 * 1024
PAGE_LIMIT = 100
OPEN_LIMIT = 50
KEY_CHARS = 512
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")

Auth = Literal["nobody", "person", "sender"]


@stream_request_body
class Handler(RequestHandler):
    """Checks everything before the body is read; a subclass says per method who may call it.

    Bodies over `body_bytes` are read off but not kept. Every failure is `{"error": "one line"}`.
    """

    auth: ClassVar[dict[str, Auth]] = {}
    body_bytes = SMALL_BYTES
    _retry_after_s = 0
    _has_body = True
    session: Session
    sender: str

    def initialize(self, site: Site) -> None:
        """Tornado's constructor."""
        self.site = site
        self._body = bytearray()
        self._is_too_large = False

    def set_default_headers(self) -> None:
        """Also on errors."""
        for name, value in PAGE_HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Let in, or refuse with the reason, once the body has been read off."""
        try:
            self._check()
        except HTTPError as refusal:
            # An answer before the body would end the connection, and the client might never see it.
            self._refusal, self._has_body = refusal, self.request.method != "HEAD"
            self.body_bytes = 0
            self.request.method = "REFUSE"

    def refuse(self, *path: str) -> None:
        """Tornado calls the method of this name after `prepare` and the body."""
        raise self._refusal

    def _check(self) -> None:
        headers, guard = self.request.headers, self.site.guard
        if self.request.method not in self.auth:
            raise HTTPError(405)
        if not guard.knows(headers) and not guard.proxy_path(headers):
            raise HTTPError(403, "this is not the inbox's address; open it with its own link")
        who = self.auth[self.request.method]
        if who == "sender":
            self._let_sender_in()
        elif who == "person":
            self._let_person_in()
        if self.request.method in ("POST", "PUT"):
            self._check_type()

    def data_received(self, chunk: bytes) -> None:
        """Collect the body as far as it is wanted."""
        if len(self._body) + len(chunk) > self.body_bytes:
            self._is_too_large = True
            self._body.clear()
        if not self._is_too_large:
            self._body += chunk

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        if self._is_too_large:
            raise HTTPError(413, f"more than {self.body_bytes} bytes")
        try:
            data = json.loads(bytes(self._body))
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise HTTPError(400, "the body is not a JSON object")
        return data

    def find_session(self) -> Session | None:
        """The session of the request's cookie."""
        session = self.site.people.session(self.get_cookie(self.site.cookie) or "")
        if session and not self.site.guard.knows(self.request.headers) and session.host != self.request.host:
            return None  # behind a proxy: good only for the Host that its code came through
        return session

    def find_sender(self) -> str | None:
        """The courier of the request's token."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return self.site.people.sender(token.strip()) if scheme.lower() == "bearer" else None

    def check_origin(self) -> None:
        """Refuse what does not come from our own page."""
        if objection := self.site.guard.objection_to_origin(self.request.headers):
            raise HTTPError(403, objection)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One line of JSON."""
        error = kwargs.get("exc_info", (None, None))[1]
        if self._retry_after_s:
            self.set_header("Retry-After", str(self._retry_after_s))
        says = self._reason
        if isinstance(error, HTTPError) and error.log_message:
            says = error.log_message.replace("%%", "%")  # HTTPError doubles them
        elif isinstance(error, StoreError):
            self.set_status(503)
            says = str(error)
        self.finish({"error": says} if self._has_body else None)

    def log_exception(self, *args: Any) -> None:
        """Refusals are no news; what is wrong with the file is told to the client."""
        if not isinstance(args[1], (HTTPError, StoreError)):
            super().log_exception(*args)

    def _let_sender_in(self) -> None:
        sender = self.find_sender()
        if sender is None:
            raise HTTPError(401, "no valid token of a sender")
        self.sender = sender

    def _let_person_in(self) -> None:
        if self.request.method != "GET":
            self.check_origin()
        session = self.find_session()
        if session is None:
            raise HTTPError(401, "you are not signed in; ask for a link")
        self.session = session

    def _check_type(self) -> None:
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            raise HTTPError(415, "the body must be application/json")


class SessionHandler(Handler):
    """`api/session`: sign in with a code, sign out."""

    auth: ClassVar[dict[str, Auth]] = {"POST": "nobody", "DELETE": "person"}

    def post(self) -> None:
        """A code becomes a cookie."""
        self.check_origin()
        address = str(self.request.remote_ip)
        if wait_s := self.site.brake.wait_s(address):
            self._retry_after_s = int(wait_s) + 1
            raise HTTPError(429, f"too many wrong codes; wait {self._retry_after_s} s")
        opened = self.site.people.sign_in(str(self.body().get("code", "")), self.request.host)
        if opened is None:
            self.site.brake.wrong(address)
            raise HTTPError(403, "this link was used already, or is too old; ask for a new one")
        self._set_cookie(opened[0], int(SESSION_S))
        self.finish({"name": opened[1].person})

    def delete(self) -> None:
        """End this session."""
        self.site.people.sign_out(self.session)
        self.site.seats.ring()
        self._set_cookie("", 0)
        self.finish({})

    def _set_cookie(self, value: str, age_s: int) -> None:
        headers, guard = self.request.headers, self.site.guard
        secure = "; Secure" if guard.is_secure(headers) else ""
        self.add_header(
            "Set-Cookie",
            f"{self.site.cookie}={value}; Path={guard.cookie_path(headers)}; Max-Age={age_s}; "
            f"HttpOnly; SameSite=Strict{secure}",
        )


class MeHandler(Handler):
    """`api/me`: who is signed in."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person"}

    def get(self) -> None:
        """The name that approvers are named by."""
        self.finish({"name": self.session.person})


class MessagesHandler(Handler):
    """`api/messages`: couriers post, people read."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person", "POST": "sender"}
    body_bytes = MESSAGE_BYTES

    def get(self) -> None:
        """The newest, or those before a number; without `before` also every open question."""
        before = self.get_query_argument("before", "")
        limit = self.get_query_argument("limit", "50")
        if not (before or "0").isdecimal() or not limit.isdecimal() or len(before) > 18 or len(limit) > 9:
            raise HTTPError(400, "before and limit are numbers")
        count = max(1, min(int(limit), PAGE_LIMIT))
        change = self.site.archive.last_change  # read first: what comes in between is sent twice, not never
        entries = self.site.archive.before(int(before) if before else None, count + 1)
        waiting = [] if before else self.site.archive.open(OPEN_LIMIT)
        self.finish(
            {
                "messages": self._views(entries[-count:]),
                "has_older": len(entries) > count,
                "waiting": self._views(waiting),
                "change": change,
                "now": datetime.now(UTC).isoformat(),
            }
        )

    def post(self) -> None:
        """Keep a message, exactly once a key."""
        body = self.body()
        key = body.get("key")
        if not isinstance(key, str) or not 0 < len(key) <= KEY_CHARS:
            raise HTTPError(400, "key is missing")
        id_ = self.site.archive.post(self.sender, key, parsed(body))
        self.site.seats.ring()
        self.finish({"id": id_, "link": f"{self.site.url}/#m={id_}"})

    def _views(self, entries: Iterable[Entry]) -> list[dict[str, Any]]:
        return [person_view(entry, self.session.person) for entry in entries]


class MessageHandler(Handler):
    """`api/messages/ID`: a courier replaces it, people read it whole."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person", "PUT": "sender"}
    body_bytes = MESSAGE_BYTES

    def get(self, id_: str) -> None:
        """The message with nothing cut."""
        self.finish(person_view(found(self.site, id_), self.session.person))

    def put(self, id_: str) -> None:
        """A newer version."""
        if not self.site.archive.update(self.sender, id_, parsed(self.body())):
            raise HTTPError(404, "this sender has no such message")
        self.site.seats.ring()
        self.finish({"id": id_})


class RepliesHandler(Handler):
    """`api/messages/ID/replies`: people answer, the courier reads."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "sender", "POST": "person"}

    def get(self, id_: str) -> None:
        """All answers to a message of this sender, oldest first."""
        replies = self.site.archive.replies(self.sender, id_)
        if replies is None:
            raise HTTPError(404, "this sender has no such message")
        self.finish({"replies": [reply.to_json() for reply in replies]})

    def post(self, id_: str) -> None:
        """Take an answer, or say why not."""
        text, way = (self.body().get(name) for name in ("text", "way"))
        if not isinstance(text, str) or not text.strip() or way not in ("button", "reply"):
            raise HTTPError(400, 'an answer has a text, and a way: "button" or "reply"')
        entry = found(self.site, id_)
        if why := ended(entry):
            raise HTTPError(409, why)
        if why := objection(entry.question, self.session.person):
            raise HTTPError(403, why)
        reply = self.site.archive.reply(entry, self.session.person, text, str(way))
        self.site.seats.ring()
        self.finish(reply.to_json())


class ImageHandler(Handler):
    """`api/messages/ID/images/N`: a picture, for the page."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person"}

    def get(self, id_: str, place: str) -> None:
        """The file; it can do nothing, whatever it is."""
        image = self.site.archive.image(id_, int(place))
        if image is None:
            raise HTTPError(404, "there is no such picture")
        is_picture = image.mime in _PICTURES
        self.set_header("Content-Type", image.mime if is_picture else "application/octet-stream")
        if not is_picture:
            self.set_header("Content-Disposition", "attachment")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")
        self.finish(image.data)


def found(site: Site, id_: str) -> Entry:
    """The entry, or 404."""
    entry = site.archive.entry(id_)
    if entry is None:
        raise HTTPError(404, "there is no such message")
    return entry


def parsed(body: dict[str, Any]) -> Message:
    """The message in a request's body, or 400."""
    try:
        return Message.from_json(body["message"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise HTTPError(400, "message is not a message") from None


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
