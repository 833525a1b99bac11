"""The row of Apprise: its own JSON format, taken by any server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.channels.rows import Row, Seen
from tests.chat_servers.webhook import Webhook, status


class AppriseRow(Row):
    """It says that something failed, and hardly why. Source: Apprise's wiki, Notify_Custom_JSON."""

    kind = "apprise"
    has_keys = False
    edits = False
    has_wishes = False
    takes_anything = True

    def __init__(self, server: Webhook) -> None:
        self.server = server

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Any server."""
        with Webhook() as server:
            yield cls(server)

    def values(self) -> dict[str, Any]:
        """Its URL is all."""
        return {"kind": self.kind, "url": self.server.url.replace("http://", "json://")}

    def seen(self) -> list[Seen]:
        """Title, text and attachments."""
        return [_seen(json.loads(request.body)) for request in self.server.accepted]

    def revoke(self) -> None:
        """As a service would say it."""
        self.server.always(status(401))


def _seen(body: dict[str, Any]) -> Seen:
    files = body["attachments"]
    texts = [file for file in files if file["mimetype"] == "text/plain"]
    whole = tuple(base64.b64decode(file["base64"]).decode() for file in texts)
    return Seen(f"{body['title']}\n{body['message']}", files=whole, images=len(files) - len(texts))
