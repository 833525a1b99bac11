"""Which address is answered by what, the page's own files included."""

from __future__ import annotations

from importlib.resources import files
from mimetypes import guess_type
from typing import Any, ClassVar

from tornado.web import Application, HTTPError

from nbalert.inbox.access import Auth, Handler
from nbalert.inbox.handlers import (
    ImageHandler,
    MeHandler,
    MessageHandler,
    MessagesHandler,
    NamesHandler,
    SeenHandler,
    SenderHandler,
    SessionHandler,
)
from nbalert.inbox.invitations import PeopleHandler, PersonHandler
from nbalert.inbox.questions import CodeHandler, NoticesHandler, RemindersHandler, RepliesHandler
from nbalert.inbox.quiet import SilenceHandler
from nbalert.inbox.site import Site
from nbalert.inbox.streams import PageEvents, ReplyEvents


class PageHandler(Handler):
    """The page's own files. They hold nothing private."""

    auth: ClassVar[dict[str, Auth]] = {"GET": "nobody", "HEAD": "nobody"}

    def initialize(self, site: Site, page: dict[str, tuple[str, bytes]]) -> None:  # type: ignore[override]
        """Tornado's constructor."""
        super().initialize(site)
        self._page = page

    def get(self, name: str) -> None:
        """One file."""
        if name not in self._page:
            raise HTTPError(404, "there is no such page")
        kind, content = self._page[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(content)

    head = get


def application(site: Site) -> Application:
    """All addresses of one server."""
    shared: dict[str, Any] = {"site": site}
    return Application(
        [
            (r"/api/session", SessionHandler, shared),
            (r"/api/me", MeHandler, shared),
            (r"/api/people", PeopleHandler, shared),
            (r"/api/people/(.{1,600})", PersonHandler, shared),
            (r"/api/sender", SenderHandler, shared),
            (r"/api/silence", SilenceHandler, shared),
            (r"/api/seen", SeenHandler, shared),
            (r"/api/names", NamesHandler, shared),
            (r"/api/events", PageEvents, shared),
            (r"/api/messages", MessagesHandler, shared),
            (r"/api/messages/([\w-]{1,64})", MessageHandler, shared),
            (r"/api/messages/([\w-]{1,64})/replies", RepliesHandler, shared),
            (r"/api/messages/([\w-]{1,64})/code", CodeHandler, shared),
            (r"/api/messages/([\w-]{1,64})/notices", NoticesHandler, shared),
            (r"/api/messages/([\w-]{1,64})/reminders", RemindersHandler, shared),
            (r"/api/messages/([\w-]{1,64})/images/(\d{1,4})", ImageHandler, shared),
            (r"/api/replies/stream", ReplyEvents, shared),
            (r"/(.*)", PageHandler, {**shared, "page": _page()}),
        ],
        log_function=lambda handler: None,  # refusals are answers, not news for a log
    )


def _page() -> dict[str, tuple[str, bytes]]:
    """Name → type and content. In memory, so that an upgrade under a running server does no harm."""
    found = {f.name: f.read_bytes() for f in (files("nbalert.inbox") / "page").iterdir() if f.is_file()}
    pages = {name: (guess_type(name)[0] or "text/plain", content) for name, content in found.items()}
    return {**pages, "": pages["index.html"]}
