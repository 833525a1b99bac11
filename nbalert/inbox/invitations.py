"""The HTTP interface of an inbox's owner: whom they invited, a link for somebody, and its end."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from tornado.web import HTTPError

from nbalert.errors import SettingsError
from nbalert.inbox.access import Auth, Handler
from nbalert.inbox.people import login_link

SHORTEST_S, LONGEST_S = 60, 7 * 86400


class OwnersHandler(Handler):
    """For the owner alone. As with every change, only from the inbox's own page."""

    def _check(self) -> None:
        super()._check()
        if self.session.person != self.site.owner:
            raise HTTPError(403, f"only {self.site.owner}, whose inbox this is, may do this")


class PeopleHandler(OwnersHandler):
    """`api/people`: who was invited, and another one."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person", "POST": "person"}

    def get(self) -> None:
        """Names, and what each has; no secret."""
        self.finish({"people": [person._asdict() for person in self.site.people.listed()]})

    def post(self) -> None:
        """A link for somebody, good once. It is kept nowhere, and can be read in this answer alone."""
        body = self.body()
        name, valid_s = body.get("name"), body.get("valid_s")
        if (
            not isinstance(name, str)
            or not isinstance(valid_s, int)
            or not SHORTEST_S <= valid_s <= LONGEST_S
        ):
            raise HTTPError(400, f"an invitation has a name, and valid_s from {SHORTEST_S} to {LONGEST_S}")
        try:
            code = self.site.people.invite(name, valid_s)
        except SettingsError as error:
            raise HTTPError(422, str(error).replace("%", "%%")) from None
        self.finish({"link": login_link(self._base(), code)})

    def _base(self) -> str:
        """Where the invited will find the page: as it is declared, else as the owner has reached it."""
        headers, guard = self.request.headers, self.site.guard
        path = guard.proxy_path(headers)
        if guard.public_url or not path:
            return self.site.url
        origin = urlsplit(headers["Origin"])
        return f"{origin.scheme}://{origin.netloc}{path}"


class PersonHandler(OwnersHandler):
    """`api/people/NAME`: show somebody out."""

    auth: ClassVar[dict[str, Auth]] = {"DELETE": "person"}

    def delete(self, name: str) -> None:
        """End their sessions, links and tokens, on every open page at once."""
        if name == self.site.owner:
            raise HTTPError(409, "this is your own inbox; to leave this browser, sign out")
        if name not in self.site.people.names():
            raise HTTPError(404, "nobody of this name was invited")
        self.site.people.revoke(name)
        self.site.seats.ring()
        self.finish({})
