"""A workflow of Teams on this machine: its trigger, and what the channel shows of the cards.

Written from Microsoft's "Create an Incoming Webhook" (2026-04-01) and "Format cards in Microsoft Teams", and
from errors of Logic Apps as others have met them (msteams-docs issue 11274, 2024-07-19).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.chat_servers.webhook import Answer, Request, Webhook, status

PATH = "/powerautomate/automations/direct/workflows/0ec4/triggers/manual/paths/invoke"
SIG = "signature-secret"
LIMIT = 28_672
_TYPES = {"TextBlock", "Container", "FactSet", "Image", "ActionSet", "ColumnSet"}


class Teams:
    """The server. Use as a context manager."""

    def __init__(self) -> None:
        self.sig = SIG
        self.is_on = True
        self.per_s = 4
        self.cards: list[dict[str, Any]] = []
        self.faults: list[str] = []
        """Of cards that were taken, and failed in the workflow's run, of which nobody is told."""
        self.http = Webhook(self._take)
        self._taken: list[float] = []

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.__exit__(*exc)

    @property
    def url(self) -> str:
        """Of the workflow's trigger."""
        query = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={self.sig}"
        return f"http://127.0.0.1:{self.http.port}{PATH}?{query}"

    def _take(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        sig = parse_qs(url.query).get("sig", [""])[0]
        now = time.monotonic()
        self._taken = [at for at in self._taken if now - at < 1.0]
        if len(self._taken) >= self.per_s + 1:
            return status(429, Retry_After="1")
        self._taken.append(now)
        if url.path != PATH:
            return _refused(404, "WorkflowNotFound")
        if not sig:
            return _refused(401, "DirectApiAuthorizationRequired")
        if sig != self.sig:
            return _refused(401, "AuthorizationFailed")
        if not self.is_on:
            return _refused(400, "WorkflowTriggerIsNotEnabled")
        return self._run(json.loads(request.body))

    def _run(self, body: dict[str, Any]) -> Answer:
        if not isinstance(body.get("attachments"), list):
            return _refused(400, "TriggerInputSchemaMismatch")
        for attached in body["attachments"]:
            content = attached["content"]
            if len(json.dumps(json.dumps(content, ensure_ascii=False), ensure_ascii=False).encode()) > LIMIT:
                self.faults.append("MessageSizeExceeded")
            self.faults += _wrong(content)
            self.cards.append(content)
        return Answer(202, body=b"")


def _refused(code: int, error: str) -> Answer:
    body = {"error": {"code": error, "message": f"The request was refused: {error}."}}
    return Answer(code, (("Content-Type", "application/json"),), json.dumps(body).encode())


def _wrong(content: dict[str, Any]) -> Iterator[str]:
    if content.get("type") != "AdaptiveCard" or content.get("version") not in ("1.2", "1.3", "1.4", "1.5"):
        yield "no card"
    for block in blocks(content["body"]):
        if block["type"] not in _TYPES or (block["type"] == "TextBlock" and not block.get("text")):
            yield f"block {block}"
    entities = content.get("msteams", {}).get("entities", [])
    texts = " ".join(text for block in blocks(content["body"]) for text in shown(block))
    yield from (f"mention without a tag: {one}" for one in entities if one["text"] not in texts)


def blocks(body: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All of them, also those in containers."""
    for block in body:
        yield block
        yield from blocks(block.get("items", []))


def shown(block: dict[str, Any]) -> Iterator[str]:
    """The texts of a block."""
    if block["type"] == "TextBlock":
        yield block["text"]
    for fact in block.get("facts", ()):
        yield from (fact["title"], fact["value"])
