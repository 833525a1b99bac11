"""Mattermost's rules: its errors, its limits, and who is notified by a text.

Written from the API Reference (2023-06-29) and, for what that leaves open, from mattermost/mattermost of
2026-08: `model/post.go` (sizes), `app/notification.go` (mentions), `app/ratelimit.go` (GCRA by throttled).
"""

from __future__ import annotations

import html
import json
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.chat_servers.webhook import Answer

MESSAGE_RUNES, PROPS_RUNES, FILES = 16_383, 760_000, 10
ID = re.compile(r"[a-z0-9]{26}")


class Refused(Exception):
    """An AppError."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.body = {"id": code, "message": message or code, "detailed_error": "", "status_code": status}

    @property
    def answer(self) -> Answer:
        """As it goes over the wire."""
        return answered(self.status, {**self.body, "request_id": "r" * 26})


def invalid(name: str) -> Refused:
    """A parameter that is missing or wrong."""
    return Refused(400, "api.context.invalid_body_param.app_error", f"Invalid or missing {name}.")


def denied(right: str) -> Refused:
    """A right that is missing."""
    return Refused(403, "api.context.permissions.app_error", f"You do not have the permission {right}.")


def answered(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer of JSON."""
    return Answer(status, (("Content-Type", "application/json"), *headers), json.dumps(body).encode())


def check_post(body: dict[str, Any]) -> None:
    """Refuse what is longer or other than the service takes; nothing is trimmed."""
    message, props, files = body.get("message", ""), body.get("props") or {}, body.get("file_ids") or []
    if not isinstance(message, str) or not isinstance(props, dict):
        raise invalid("post")
    if len(message) > MESSAGE_RUNES:
        raise Refused(400, "model.post.is_valid.message_length.app_error")
    if len(json.dumps(props, ensure_ascii=False)) > PROPS_RUNES:
        raise Refused(400, "model.post.is_valid.props.app_error")
    if len(files) > FILES:
        raise Refused(400, "model.post.is_valid.file_ids.app_error")
    for attachment in props.get("attachments", ()):
        check_attachment(attachment)


def check_attachment(attachment: dict[str, Any]) -> None:
    """Of the documented fields, in the documented types."""
    known = {
        *("fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link"),
        *("text", "fields", "image_url", "thumb_url", "footer", "footer_icon", "actions", "timestamp"),
    }
    if attachment.keys() - known or not all(
        isinstance(v, str) for k, v in attachment.items() if k not in ("fields", "actions")
    ):
        raise invalid("attachments")
    for one in attachment.get("fields", ()):
        if one.keys() - {"title", "value", "short"} or not isinstance(one.get("short", False), bool):
            raise invalid("attachments.fields")


def texts(message: str, props: dict[str, Any]) -> Iterator[str]:
    """All that is read for mentions."""
    yield message
    for attachment in props.get("attachments") or ():
        yield from (str(attachment.get(name, "")) for name in ("pretext", "text", "title"))
        for one in attachment.get("fields", ()):
            yield from (one["title"], str(one["value"]))


def notified(text: str, names: dict[str, str]) -> list[str]:
    """Who is mentioned outside of code; `channel`, `all` and `here` are everybody.

    Args:
        names: Ids by username.
    """
    prose = re.sub(r"(`{3,}|~{3,})[^\n]*\n.*?(?:\n\1|\Z)", " ", text, flags=re.DOTALL)
    prose = re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", " ", prose)
    words = re.findall(r"[\w:.@-]+", html.unescape(prose))
    parts = [part.strip(":.-_") for word in words for part in (word, *re.split(r"[.:-]", word))]
    known = {**{f"@{name}": id_ for name, id_ in names.items()}, **dict.fromkeys(EVERYBODY, "everybody")}
    return list(dict.fromkeys(known[part.lower()] for part in parts if part.lower() in known))


EVERYBODY = ("@channel", "@all", "@here")


@dataclass
class Limits:
    """The rate limit, which is off unless an administrator has switched it on.

    Args:
        per_s: Requests a second.
        burst: How many more at once.
        epoch: Whether a proxy in front says the reset as a time, and no `Retry-After`.
    """

    per_s: float = 0.0
    burst: int = 100
    epoch: bool = False
    hits: int = 0
    _used: float = 0.0
    _at: float = 0.0

    def count(self) -> Answer | None:
        """One more request; what it is answered with where it is too many."""
        if not self.per_s:
            return None
        now = time.monotonic()
        self._used = max(0.0, self._used - (now - self._at) * self.per_s)
        self._at = now
        if self._used <= self.burst:
            self._used += 1
            return None
        self.hits += 1
        wait_s = math.ceil((self._used - self.burst) / self.per_s)
        reset = str(int(time.time()) + wait_s) if self.epoch else str(wait_s)
        retry = () if self.epoch else (("Retry-After", str(wait_s)),)
        headers = (("X-RateLimit-Limit", str(self.burst + 1)), ("X-RateLimit-Remaining", "0"))
        return Answer(429, (*headers, ("X-RateLimit-Reset", reset), *retry), b"limit exceeded\n")
