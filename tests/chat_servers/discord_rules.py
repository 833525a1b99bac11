"""What Discord refuses: schemas of its own types, limits of its documentation, and how it says so."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chat_servers.schemas import faults

MEBIBYTE = 2**20


class Refused(Exception):
    """An error of the service.

    Args:
        status: Of HTTP.
        code: Of Discord's list.
    """

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **({"errors": errors} if errors else {})}


def invalid(place: str, why: str) -> Refused:
    """50035, with the place of the fault in the form of the service."""
    errors: dict[str, Any] = {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": why}]}
    for name in reversed(place.split(".")):
        errors = {name: errors}
    return Refused(400, 50035, "Invalid Form Body", errors)


def check(schema: str, body: object) -> None:
    """The request is one of its documented type."""
    if wrong := faults(f"discord_{schema}", body):
        raise invalid(schema, "; ".join(wrong)[:2000])


def check_message(body: dict[str, Any], files: dict[str, bytes], is_edit: bool = False) -> None:
    """A message keeps to every limit; nothing is trimmed."""
    for place, text, limit in _texts(body):
        if len(text) > limit:
            raise invalid(place, f"Must be {limit} or fewer in length.")
    embeds, content = body.get("embeds") or [], body.get("content") or ""
    if len(embeds) > 10:
        raise invalid("embeds", "Must be 10 or fewer in length.")
    if sum(len(text) for place, text, _ in _texts(body) if place.startswith("embeds")) > 6000:
        raise invalid("embeds", "Embed size exceeds maximum size of 6000")
    for number, embed in enumerate(embeds):
        _check_embed(number, embed, files)
    if not (content or embeds or files or body.get("components")) and not is_edit:
        raise Refused(400, 50006, "Cannot send an empty message")
    _check_files(body, files)
    _check_components(body.get("components") or [])


def _texts(body: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    yield "content", str(body.get("content") or ""), 2000
    yield "nonce", str(body.get("nonce") or ""), 25
    yield "username", str(body.get("username") or ""), 80
    for number, embed in enumerate(body.get("embeds") or []):
        at = f"embeds.{number}"
        yield f"{at}.title", embed.get("title", ""), 256
        yield f"{at}.description", embed.get("description", ""), 4096
        yield f"{at}.footer.text", embed.get("footer", {}).get("text", ""), 2048
        for n, one in enumerate(embed.get("fields", ())):
            yield f"{at}.fields.{n}.name", one["name"], 256
            yield f"{at}.fields.{n}.value", one["value"], 1024


def _check_embed(number: int, embed: dict[str, Any], files: dict[str, bytes]) -> None:
    at = f"embeds.{number}"
    if len(embed.get("fields", ())) > 25:
        raise invalid(f"{at}.fields", "Must be 25 or fewer in length.")
    for n, one in enumerate(embed.get("fields", ())):
        if not one["name"] or not one["value"]:
            raise invalid(f"{at}.fields.{n}", "This field is required")
    if not embed.keys() & {"title", "description", "fields", "image", "footer", "author"}:
        raise invalid(f"{at}.description", "This field is required")
    url = embed.get("image", {}).get("url", "")
    if url.startswith("attachment://") and url.removeprefix("attachment://") not in files:
        raise invalid(f"{at}.image.url", "Referenced attachment not found")


def _check_files(body: dict[str, Any], files: dict[str, bytes]) -> None:
    listed = [one["filename"] for one in body.get("attachments", ()) if "filename" in one]
    if sorted(listed) != sorted(files):
        raise invalid("attachments", "Attachment data and files differ")
    if len(files) > 10:
        raise invalid("attachments", "Must be 10 or fewer in length.")
    if any(len(data) > 10 * MEBIBYTE for data in files.values()):
        raise Refused(413, 40005, "Request entity too large")


def _check_components(rows: list[dict[str, Any]]) -> None:
    if len(rows) > 5 or any(not 1 <= len(row["components"]) <= 5 for row in rows):
        raise invalid("components", "Must be between 1 and 5 in length.")
    buttons = [button for row in rows for button in row["components"]]
    ids = [button["custom_id"] for button in buttons]
    if len(set(ids)) != len(ids):
        raise invalid("components", "Component custom id cannot be duplicated")
    if any(not one["label"] or len(one["label"]) > 80 or len(one["custom_id"]) > 100 for one in buttons):
        raise invalid("components", "Must be between 1 and 80 in length.")


@dataclass
class Limits:
    """Rate limits: so many requests a bucket in a window, and so many in all.

    Args:
        per_window: Of one bucket.
        window_s: Seconds.
        overall: Requests a second, all together; None is without limit.
    """

    per_window: int = 100
    window_s: float = 1.0
    overall: int | None = None
    hits: int = 0
    """How often somebody was over a limit."""
    _begun: dict[str, tuple[float, int]] = field(default_factory=lambda: defaultdict(lambda: (0.0, 0)))

    def count(self, bucket: str) -> tuple[dict[str, str], float, bool]:
        """One more request: headers, seconds to wait if it is too many, and whether that is for all."""
        now = time.monotonic()
        if self.overall is not None:
            began, used = self._current("", now, 1.0)
            self._begun[""] = began, used + 1
            if used >= self.overall:
                self.hits += 1
                return {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}, began + 1.0 - now, True
        began, used = self._current(bucket, now, self.window_s)
        left_s = began + self.window_s - now
        headers = {
            "X-RateLimit-Limit": str(self.per_window),
            "X-RateLimit-Remaining": str(max(0, self.per_window - used - 1)),
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": f"{hash(bucket.partition(' ')[2]) & 0xFFFFFFFF:08x}",
        }
        if used >= self.per_window:
            self.hits += 1
            return {**headers, "X-RateLimit-Scope": "user"}, left_s, False
        self._begun[bucket] = began, used + 1
        return headers, 0.0, False

    def _current(self, bucket: str, now: float, window_s: float) -> tuple[float, int]:
        began, used = self._begun[bucket]
        return (began, used) if now - began < window_s else (now, 0)
