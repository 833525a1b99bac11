"""Changes to the text of a settings file that leave its comments and its order alone.

Values are changed by tomlkit, which keeps what stands around them. Where a table begins or goes, lines are
moved: a comment above a header belongs, for a reader, to that header, and for a parser to the table before.
Whoever uses this checks what comes out: a line within a longer text may look like a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomlkit

_HEADER = re.compile(r"\s*\[")


def with_table(text: str, name: str, values: Mapping[str, Any]) -> str:
    """The text with a new table `[channels.NAME]` at its end."""
    table = tomlkit.table()
    table.update({key: _item(value) for key, value in values.items()})
    channels = tomlkit.table(is_super_table=True)
    channels[name] = table
    block = tomlkit.document()
    block["channels"] = channels
    return f"{text.rstrip()}\n\n{block.as_string()}".lstrip("\n")


def with_values(text: str, name: str, values: Mapping[str, Any]) -> str:
    """The text with other values in `[channels.NAME]`; what does not change keeps form and comment."""
    document = tomlkit.parse(text)
    tables: Any = document["channels"]
    table = tables[name]
    for key in [key for key in table if key not in values]:
        del table[key]
    for key, value in values.items():
        if key not in table or table[key] != value:
            table[key] = _item(value)
    return document.as_string()


def with_entry(text: str, table: str, key: str, value: Any) -> str:
    """The text with one value in a table, which is made at its end where there is none."""
    document = tomlkit.parse(text)
    if table in document:
        inner: Any = document[table]
        inner[key] = value
        return document.as_string()
    block = tomlkit.document()
    block[table] = {key: value}
    return f"{text.rstrip()}\n\n{block.as_string()}".lstrip("\n")


def without_table(text: str, name: str) -> str:
    """The text without `[channels.NAME]` and the tables within it; comments outside of them stay."""
    ours = re.compile(rf"\s*\[\s*channels\s*\.\s*[\"']?{re.escape(name)}[\"']?\s*[.\]]")
    kept: list[str] = []
    inside: list[str] = []
    is_inside = False
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            kept += _comments_at_the_end(inside)
            inside, is_inside = [], bool(ours.match(line))
        (inside if is_inside else kept).append(line)
    return "".join(kept).rstrip() + "\n"


def with_key(text: str, key: str, value: Any) -> str:
    """The text with a value of its own, outside of all tables: in its place, or below the last such value."""
    document = tomlkit.parse(text)
    if key in document:
        document[key] = value
        return document.as_string()
    lines = text.splitlines(keepends=True)
    first_table = next((n for n, line in enumerate(lines) if _HEADER.match(line)), len(lines))
    values = [n for n in range(first_table) if not _is_comment(lines[n])]
    place = values[-1] + 1 if values else 0
    gap = "" if values or not lines else "\n"
    line = f"{key} = {tomlkit.item(value).as_string()}\n{gap}"
    return "".join([*_ended(lines[:place]), line, *lines[place:]])


def _ended(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1].rstrip("\n") + "\n"] if lines else []


def _comments_at_the_end(lines: list[str]) -> list[str]:
    """Of a table that goes: the comments below a blank line, which are about what follows."""
    start = len(lines)
    while start > 1 and _is_comment(lines[start - 1]):
        start -= 1
    end = lines[start:]
    blank = next((n for n, line in enumerate(end) if not line.strip()), len(end))
    return [line for line in end[blank + 1 :] if lines]


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _item(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    table = tomlkit.inline_table()
    table.update({key: _item(inner) for key, inner in value.items()})
    return table
