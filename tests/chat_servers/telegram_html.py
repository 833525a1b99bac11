"""Telegram's HTML style: what it refuses, the text that is left, and who is notified by it.

Follows the Bot API, "HTML style" and "MessageEntity".
"""

from __future__ import annotations

import re
from typing import Any

_TAG = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s+[a-z]+=\"[^\"]*\")*)\s*>|&(#?\w+);|([<>&])|([^<>&]+)")
_TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote"}
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class Unparsable(Exception):
    """It is no such HTML; says why."""


def units(text: str) -> int:
    """Length in UTF-16 code units, in which entities are measured."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parsed(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Text and entities.

    Raises:
        Unparsable: A tag or an entity is broken or unknown.
    """
    text, open_, entities = "", list[tuple[str, str, int]](), list[dict[str, Any]]()
    for found in _TAG.finditer(source):
        closing, tag, attributes, entity, stray, plain = found.groups()
        if stray:
            raise Unparsable(f"unexpected {stray!r} at byte offset {found.start()}")
        if entity:
            text += _character(entity)
        elif plain:
            text += plain
        elif not closing:
            if tag not in _TAGS:
                raise Unparsable(f'Unsupported start tag "{tag}"')
            open_.append((tag, attributes, units(text)))
        else:
            if not open_ or open_[-1][0] != tag:
                raise Unparsable(f'Unmatched end tag "{tag}"')
            name, given, at = open_.pop()
            entities.append({"type": name, "attributes": given, "offset": at, "length": units(text) - at})
    if open_:
        raise Unparsable(f'Can\'t find end tag corresponding to start tag "{open_[-1][0]}"')
    return text, entities


def notified(text: str, entities: list[dict[str, Any]]) -> list[str]:
    """Ids of those that are mentioned, and `@names`, which the service finds by itself outside of code."""
    ids = [
        found[1]
        for one in entities
        if one["type"] == "a" and (found := re.search(r'href="tg://user\?id=(\d+)"', one["attributes"]))
    ]
    raw = text.encode("utf-16-le", "surrogatepass")
    for one in sorted(entities, key=lambda e: -int(e["offset"])):
        if one["type"] in ("pre", "code"):
            at, end = 2 * one["offset"], 2 * (one["offset"] + one["length"])
            raw = raw[:at] + raw[end:]
    outside = raw.decode("utf-16-le", "surrogatepass")
    return ids + re.findall(r"(?<!\w)@[A-Za-z0-9_]{4,32}", outside)


def _character(entity: str) -> str:
    if entity in _ENTITIES:
        return _ENTITIES[entity]
    if re.fullmatch(r"#x?[0-9a-fA-F]+", entity):
        return chr(int(entity[2:], 16) if entity[1] == "x" else int(entity[1:]))
    raise Unparsable(f"unknown entity &{entity};")
