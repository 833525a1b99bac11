"""What every request passes: who may call, from which page, with how large a body."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal

from tornado.web import HTTPError, RequestHandler, stream_request_body

from nbalert.errors import StoreError, StoreUnfit
from nbalert.inbox.guard import PAGE_HEADERS
from nbalert.inbox.people import Session
from nbalert.inbox.site import Site

SMALL_BYTES = 64 * 1024

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
            self.site.is_damaged = self.site.is_damaged or isinstance(error, StoreUnfit)
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
