"""The HTTP interface for couriers (a bearer token) and people (a cookie), save streams and questions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from tornado.web import HTTPError

from nbalert.inbox.access import Auth, Handler
from nbalert.inbox.entry import Entry
from nbalert.inbox.finding import Filters
from nbalert.inbox.people import SESSION_S
from nbalert.inbox.site import Site
from nbalert.inbox.views import check_shown, message_link, person_view
from nbalert.message import Message

MESSAGE_BYTES = 25 * 1024 * 1024
PAGE_LIMIT = 100
OPEN_LIMIT = 50
KEY_CHARS = 512
FILTER_CHARS = 1000
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")


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
        """The name that approvers are named by, and whether the inbox is theirs."""
        person = self.session.person
        self.finish({"name": person, "is_owner": person == self.site.owner})


class SenderHandler(Handler):
    """`api/sender`: a courier asks whether its token is good, and who can be reached here."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "sender"}

    def get(self) -> None:
        """Its name, and everybody who was invited."""
        self.finish({"name": self.sender, "people": self.site.people.names()})


class MessagesHandler(Handler):
    """`api/messages`: couriers post, people read."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person", "POST": "sender"}
    body_bytes = MESSAGE_BYTES

    def get(self) -> None:
        """The newest that fit, or those before a number; without `before` also every open question."""
        before, count, filters = self._number("before", 0), self._number("limit", 50), self._filters()
        count = max(1, min(count, PAGE_LIMIT))
        archive = self.site.archive
        change = archive.last_change  # read first: what comes in between is sent twice, not never
        entries = archive.before(before or None, count + 1, filters)
        waiting = [] if before else archive.open(OPEN_LIMIT)
        self.finish(
            {
                "messages": self._views(entries[-count:]),
                "has_older": len(entries) > count,
                "waiting": self._views(waiting),
                "change": change,
                "now": datetime.now(UTC).isoformat(),
                "seen": archive.seen(self.session.person),
                "unfiled": archive.unfiled if filters else 0,
            }
        )

    def post(self) -> None:
        """Keep a message, exactly once a key."""
        body = self.body()
        id_ = self.site.archive.post(self.sender, key_of(body), parsed(body))
        self.site.seats.ring()
        self.finish({"id": id_, "link": message_link(self.site.url, id_)})

    def _number(self, name: str, default: int) -> int:
        given = self.get_query_argument(name, "") or str(default)
        if not given.isdecimal() or len(given) > 18:
            raise HTTPError(400, "before and limit are numbers")
        return int(given)

    def _filters(self) -> Filters:
        given = {name: self.get_query_argument(name, "") for name in Filters.__slots__}
        if any(len(value) > FILTER_CHARS for value in given.values()):
            raise HTTPError(400, f"nothing longer than {FILTER_CHARS} characters can be looked for")
        return Filters(**given)

    def _views(self, entries: Iterable[Entry]) -> list[dict[str, Any]]:
        return [person_view(entry, self.session.person) for entry in entries]


class SeenHandler(Handler):
    """`api/seen`: up to where somebody has read."""

    auth: ClassVar[dict[str, Auth]] = {"PUT": "person"}

    def put(self) -> None:
        """The number of the last message that was in view."""
        number = self.body().get("number")
        if not isinstance(number, int) or not 0 <= number < 2**62:
            raise HTTPError(400, "number is that of a message")
        self.site.archive.see(self.session.person, number)
        self.finish({})


class NamesHandler(Handler):
    """`api/names`: what the page can filter by."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person"}

    def get(self) -> None:
        """Notebooks and people, in order."""
        self.finish(self.site.archive.names())


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


def key_of(body: dict[str, Any]) -> str:
    """The sender's idempotency key in a request's body, or 400."""
    key = body.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= KEY_CHARS:
        raise HTTPError(400, "key is missing")
    return key


def parsed(body: dict[str, Any]) -> Message:
    """The message in a request's body, or 400."""
    try:
        message = Message.from_json(body["message"])
        if message.question is not None:
            check_shown(message.question)
    except (LookupError, ValueError, TypeError, AttributeError):
        raise HTTPError(400, "message is not a message") from None
    return message
