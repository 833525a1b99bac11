"""Silences over HTTP, where the courier that keeps them serves the inbox: for its owner."""

from __future__ import annotations

from typing import ClassVar

from tornado.web import HTTPError

from nbalert.inbox.access import Auth
from nbalert.inbox.invitations import OwnersHandler
from nbalert.inbox.site import Silencing

LONGEST_S = 7 * 86400


class SilenceHandler(OwnersHandler):
    """`api/silence`: nothing is told for a while."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "person", "POST": "person", "DELETE": "person"}

    def get(self) -> None:
        """The silences of now; null where no courier keeps any."""
        silences = self.site.silences
        self.finish({"silences": silences.active() if silences else None})

    def post(self) -> None:
        """Silence everything, for so many seconds."""
        for_s = self.body().get("for_s")
        if not isinstance(for_s, int) or not 0 < for_s <= LONGEST_S:
            raise HTTPError(400, f"a silence has for_s, from 1 to {LONGEST_S}")
        silences = self._silences()
        silences.begin(float(for_s), "all", "")
        self._say(silences)

    def delete(self) -> None:
        """End all of them."""
        silences = self._silences()
        silences.end()
        self._say(silences)

    def _silences(self) -> Silencing:
        if self.site.silences is None:
            raise HTTPError(404, "this inbox is served without a courier: silence alerts where they are sent")
        return self.site.silences

    def _say(self, silences: Silencing) -> None:
        self.finish({"silences": silences.active()})
