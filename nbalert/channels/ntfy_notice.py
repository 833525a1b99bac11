"""One notification as ntfy takes it: as JSON, or, beside a file, as headers.

Source: ntfy, "Publishing": 4,096 bytes a message, twice that the JSON around it, 3 actions; RFC 2047 for what
is not ASCII in a header.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

TEXT_BYTES, JSON_BYTES = 4000, 8000
"""A little below the limits."""
HEADER_BYTES = 1500
"""Of a text in a header: proxies commonly take 8 kB of all of them."""
TITLE = 120
ACTIONS = 3
QUIET = 1
"""Priority of what belongs to a notification before it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What one notification says.

    Args:
        priority: 1 to 5.
        tags: Names of emoji.
        click: Where a tap leads; empty for the app.
        native: Of the JSON, what the message itself has in ntfy's own form.
        actions: Buttons, as ntfy names them.
    """

    title: str
    text: str
    priority: int = 3
    tags: tuple[str, ...] = ()
    click: str = ""
    actions: tuple[Mapping[str, Any], ...] = ()
    is_markdown: bool = False
    native: Mapping[str, Any] = field(default_factory=dict)

    def body(self, topic: str, sequence: str) -> dict[str, Any]:
        """For a POST to the server's root.

        Args:
            sequence: Of one with the same the newer takes the older's place (ntfy 2.16).
        """
        given = {
            "topic": topic,
            "sequence_id": sequence,
            "title": self.title,
            "message": self.text,
            "priority": self.priority,
            "tags": list(self.tags),
            "click": self.click,
            "actions": [dict(one) for one in self.actions],
            "markdown": self.is_markdown,
        }
        own = {name: value for name, value in self.native.items() if name not in ("topic", "sequence_id")}
        return {name: value for name, value in {**given, **own}.items() if value}

    def headers(self, sequence: str, file: str) -> dict[str, str]:
        """For a PUT of a file to a topic."""
        given = {
            "X-Filename": file,
            "X-Sequence-ID": sequence,
            "X-Title": self.title,
            # ntfy reads these two characters as a new line.
            "X-Message": self.text.replace("\\n", "\\\u200bn"),
            "X-Priority": str(self.priority),
            "X-Tags": ",".join(self.tags),
            "X-Click": self.click,
            "X-Actions": json.dumps(list(self.actions)) if self.actions else "",
            "X-Markdown": "yes" if self.is_markdown else "",
        }
        return {name: _encoded(value) for name, value in given.items() if value}

    def fits(self, limit: int) -> bool:
        """Whether the server takes the text as one."""
        size = len(json.dumps(self.body("t" * 64, "s" * 40), ensure_ascii=False).encode())
        return len(self.text.encode()) <= limit and size <= JSON_BYTES

    def with_note(self, left_out: list[str]) -> Notice:
        """The same, which says what is missing."""
        if not left_out:
            return self
        note = f"(left out, as the server does not take it: {', '.join(left_out)[:200]})"
        return replace(self, text=f"{self.text}\n{note}".strip())


def sequence_of(key: str) -> str:
    """The same for every try of a delivery."""
    return sha256(key.encode()).hexdigest()[:32]


def _encoded(value: str) -> str:
    if value.isascii() and re.fullmatch(r"[\x20-\x7e]*", value) and "=?" not in value:
        return value
    return f"=?UTF-8?B?{b64encode(value.encode('utf-8', 'replace')).decode()}?="
