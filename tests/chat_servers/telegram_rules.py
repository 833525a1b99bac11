"""What the Bot API refuses and how it says so: limits, rates, parameters.

Follows the Bot API reference (10.0), the descriptions of its server's source, and "My bot is hitting limits".
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from tests.chat_servers.telegram_html import Unparsable, parsed, units


class Refused(Exception):
    """An error of the service."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


_SENDING = {
    *(
        "chat_id",
        "message_thread_id",
        "parse_mode",
        "reply_parameters",
        "reply_markup",
        "disable_notification",
    ),
}
PARAMETERS: dict[str, set[str]] = {
    "getMe": set(),
    "getWebhookInfo": set(),
    "getChat": {"chat_id"},
    "getChatMember": {"chat_id", "user_id"},
    "getChatAdministrators": {"chat_id", "return_bots"},
    "getUpdates": {"offset", "limit", "timeout", "allowed_updates"},
    "answerCallbackQuery": {"callback_query_id", "text", "show_alert"},
    "sendMessage": {*_SENDING, "text", "link_preview_options"},
    "sendPhoto": {*_SENDING, "photo", "caption"},
    "sendDocument": {*_SENDING, "document", "caption"},
    "sendMediaGroup": {*_SENDING, "media"} - {"reply_markup", "parse_mode"},
    "editMessageText": {
        *("chat_id", "message_id", "parse_mode", "text", "link_preview_options", "reply_markup"),
    },
    "editMessageCaption": {"chat_id", "message_id", "parse_mode", "caption", "reply_markup"},
}


@dataclass
class Limits:
    """Rates: by default those that are published, with the bursts that the service tolerates.

    Args:
        overall: Messages a second.
        group: Messages a minute in a group.
        burst: Messages that may follow each other at once in a chat, before it is one a second.
    """

    overall: int = 30
    group: int = 20
    burst: int = 20
    photo_bytes: int = 10_000_000
    file_bytes: int = 50_000_000
    _times: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, chat: str) -> None:
        """One more message.

        Raises:
            Refused: It is one too many.
        """
        now = time.monotonic()
        for name, most, span_s in (
            ("", self.overall, 1.0),
            (chat, self.group if chat.startswith("-") else 10**6, 60.0),
            (f"{chat} burst", self.burst, float(self.burst)),
        ):
            times = self._times[name]
            while times and now - times[0] > span_s:
                times.popleft()
            if len(times) >= most:
                wait_s = max(1, round(span_s - (now - times[0])))
                raise Refused(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)
        for name in ("", chat, f"{chat} burst"):
            self._times[name].append(now)


def text_of(given: dict[str, Any], name: str, limit: int) -> tuple[str, list[dict[str, Any]]]:
    """Text and entities, after parsing.

    Raises:
        Refused: It is empty, too long, or no HTML.
    """
    source = str(given.get(name, ""))
    try:
        text, entities = parsed(source) if given.get("parse_mode") == "HTML" else (source, [])
    except Unparsable as error:
        raise Refused(400, f"Bad Request: can't parse entities: {error}") from None
    if name == "text" and not text.strip():
        raise Refused(400, "Bad Request: message text is empty")
    if units(text) > limit:
        too_long = "message is too long" if name == "text" else "message caption is too long"
        raise Refused(400, f"Bad Request: {too_long}")
    return text.strip(), entities


def check_keyboard(markup: dict[str, Any]) -> None:
    """An inline keyboard keeps to its limits."""
    rows = markup.get("inline_keyboard", [])
    if any(len(row) > 8 for row in rows) or sum(map(len, rows)) > 100:
        raise Refused(400, "Bad Request: reply markup is too long")
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise Refused(400, "Bad Request: inline keyboard button text must be non-empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")


def check_photo(data: bytes, limits: Limits) -> None:
    """Telegram shows pictures of these sizes."""
    if len(data) > limits.photo_bytes:
        raise Refused(400, "Bad Request: file is too big for a photo")
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
