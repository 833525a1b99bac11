"""Questions that have reached nobody: whoever asked is told of the chat, and not that people were slow."""

from __future__ import annotations

from nbalert.courier.store import Store


def unseen(store: Store, question: str) -> str:
    """What has held a question up on all of its channels, in words; empty once it stands on one of them."""
    rows = store.rows(
        "SELECT d.state, d.error FROM delivery d JOIN question q ON q.message = d.message"
        " WHERE q.id = ? AND d.kind = 'post' ORDER BY d.seq",
        question,
    )
    errors = [row["error"] for row in rows if row["error"] and row["state"] != "delivered"]
    return f"not delivered in time: {'; '.join(errors)}" if errors and len(errors) == len(rows) else ""
