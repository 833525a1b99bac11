"""What Slack takes of a message and what it refuses: counts, lengths and shapes, as documented."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Block = dict[str, Any]

BLOCKS, BLOCKS_CHARS = 50, 13_200
TEXT_CHARS, UPDATE_CHARS = 40_000, 4_000
_NOTIFIES = re.compile(r"<(@[UW][A-Z0-9]+|![a-z]+(?:\^[A-Z0-9]+)?)(?:\|[^>]*)?>")


def fault_of(arguments: dict[str, Any], *, is_update: bool = False) -> str:
    """Slack's error code for a message; empty where it is taken."""
    text, blocks = str(arguments.get("text", "")), arguments.get("blocks") or []
    if not (text or blocks or arguments.get("attachments")):
        return "no_text"
    if len(text) > (UPDATE_CHARS if is_update else TEXT_CHARS):
        return "msg_too_long"
    if len(blocks) > BLOCKS or not all(_is_right(block) for block in blocks):
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > BLOCKS_CHARS:
        return "msg_blocks_too_long"
    ids = [
        element["action_id"]
        for block in blocks
        for element in block.get("elements", ())
        if "action_id" in element
    ]
    return "" if len(ids) == len(set(ids)) else "invalid_blocks"


def notified(arguments: dict[str, Any]) -> list[str]:
    """Whom a message notifies: `@U…`, `!here`; blocks count where there are any, else the text."""
    blocks = arguments.get("blocks") or []
    markup = [*_marked(blocks)] if blocks else [str(arguments.get("text", ""))]
    found = [name for text in markup for name in _NOTIFIES.findall(text) if not name.startswith("!date")]
    return found + [f"@{element['user_id']}" for element in _all(blocks) if element.get("type") == "user"]


def shown(blocks: list[Block]) -> str:
    """All text that a reader sees, buttons aside."""
    return "\n".join(text for block in blocks if block.get("type") != "actions" for text in _texts(block))


def buttons(blocks: list[Block]) -> dict[str, Block]:
    """The buttons of a message, by what stands on them."""
    elements = [e for block in blocks if block.get("type") == "actions" for e in block["elements"]]
    return {element["text"]["text"]: element for element in elements}


def _is_right(block: Block) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "header": lambda: _fits(block.get("text"), 150, "plain_text"),
        "section": lambda: _is_section(block),
        "context": lambda: (
            1 <= len(block["elements"]) <= 10 and all(_fits(e, 3000) for e in block["elements"])
        ),
        "actions": lambda: 1 <= len(block["elements"]) <= 25 and all(map(_is_button, block["elements"])),
        "rich_text": lambda: bool(block["elements"]) and all(map(_is_rich, block["elements"])),
        "divider": lambda: True,
    }
    kind = block.get("type", "")
    return kind in checks and checks[kind]()


def _is_context(elements: list[Block]) -> bool:
    return 1 <= len(elements) <= 10 and all(_fits(element, 3000) for element in elements)


def _fits(text: Any, chars: int, kind: str = "") -> bool:
    is_kind = isinstance(text, dict) and text.get("type") in ([kind] if kind else ["plain_text", "mrkdwn"])
    return is_kind and 1 <= len(text["text"]) <= chars


def _is_section(block: Block) -> bool:
    fields = block.get("fields", [])
    has_text = _fits(block["text"], 3000) if "text" in block else bool(fields)
    return has_text and len(fields) <= 10 and all(_fits(field, 2000) for field in fields)


def _is_button(element: Block) -> bool:
    confirm = element.get("confirm")
    limits = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    return (
        element.get("type") == "button"
        and _fits(element.get("text"), 75, "plain_text")
        and len(element.get("value", "")) <= 2000
        and 1 <= len(element.get("action_id", "")) <= 255
        and element.get("style") in (None, "primary", "danger")
        and (confirm is None or all(_fits(confirm.get(name), limit) for name, limit in limits.items()))
    )


def _is_rich(element: Block) -> bool:
    inner = element.get("elements") or []
    kinds = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
    return (
        element.get("type") in kinds
        and bool(inner)
        and all(e.get("text") or e.get("url") for e in inner or ())
    )


def _all(blocks: Any) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _all(block.get("elements", ()))


def _marked(blocks: list[Block]) -> Iterator[str]:
    for block in _all(blocks):
        texts = [block, block.get("text"), *block.get("fields", ())]
        yield from (t["text"] for t in texts if isinstance(t, dict) and t.get("type") == "mrkdwn")


def _texts(block: Block) -> Iterator[str]:
    text = block.get("text")
    if isinstance(text, str):
        yield text
    elif isinstance(text, dict):
        yield text["text"]
    if block.get("url"):
        yield block["url"]
    for field in block.get("fields", ()):
        yield field["text"]
    if block.get("elements"):
        # Elements of a rich text stand in one line.
        yield "".join("".join(_texts(element)) for element in block["elements"])
