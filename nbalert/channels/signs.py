"""What chats without colours show of levels and endings; and where a message comes from, in words."""

from __future__ import annotations

from pathlib import Path

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
    """Notebook and cell, person and host, and the time it took; only what is known."""
    source = message.source
    cell = f"[{source.cell_number}]" if source.cell_number is not None else ""
    place = " ".join(part for part in (Path(source.notebook).name, cell) if part)
    who = "@".join(part for part in (source.user, source.host) if part)
    took = show_duration(message.duration_s) if message.duration_s is not None else ""
    return [part for part in (place, who, took) if part]
