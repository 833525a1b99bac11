"""What chats without colours show of levels and endings; and where a message comes from, in words."""

from __future__ import annotations

from nbalert.durations import show_duration
from nbalert.message import Level, Message
from nbalert.question import Outcome

LEVELS = {Level.OK: "🟢", Level.INFO: "🔵", Level.WARNING: "🟠", Level.CRITICAL: "🔴"}
ENDINGS = {
    Outcome.APPROVED: "✅",
    Outcome.REJECTED: "❌",
    Outcome.EXPIRED: "⌛",
    Outcome.CANCELLED: "🚫",
    Outcome.ERROR: "⚠️",
}


def origin(message: Message) -> list[str]:
    """Notebook and cell, person and host, kernel, commit, and the time it took; only what is known."""
    took = show_duration(message.duration_s) if message.duration_s is not None else ""
    return [part for part in (*message.source.words, took) if part]
