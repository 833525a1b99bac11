"""Text for Slack: inert, clean, cut where one can see it, and the elements of Block Kit that hold it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = dict[str, Any]

_URL = re.compile(r"https?://[^\s<>\"'|]+[^\s<>\"'|.,;:!?)\]}]")
_CONTROL = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: "␡"}
_SURROGATES = dict.fromkeys(range(55296, 57344), "�")
_EVERYBODY = ("here", "channel", "everyone")


def clean(text: str) -> str:
    """What JSON and Slack can carry: control characters become their pictures, half characters a mark."""
    return text.replace("\r\n", "\n").translate(_CONTROL | _SURROGATES)


def escaped(text: str) -> str:
    """For text that Slack reads as its markup: no mention, link or date comes out of it.

    Source: Formatting message text, "Escaping text": these three characters and no others.
    """
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """What somebody has typed, from the text of their message."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mention(id_: str) -> str:
    """Markup that notifies a person, a user group (`S…`), or everybody (`here`, `channel`, `everyone`)."""
    if re.fullmatch(r"[UW][A-Z0-9]{1,30}", id_):
        return f"<@{id_}>"
    if re.fullmatch(r"S[A-Z0-9]{1,30}", id_):
        return f"<!subteam^{id_}>"
    return f"<!{id_}>" if id_ in _EVERYBODY else escaped(id_[:100])


def link(url: str, label: str) -> str:
    """Markup of a link; the label alone where it would lead nowhere."""
    if not re.fullmatch(r"https?://\S{1,1000}", url):
        return escaped(label)
    safe = clean(url).replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{safe}|{escaped(label).replace('|', ' ')}>"


def one_line(text: str, limit: int) -> str:
    """One line, an ellipsis where it was longer."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def size_of(blocks: Sequence[Block]) -> int:
    """Of their JSON, in the units of UTF-16: no smaller than whatever Slack counts."""
    return len(json.dumps(blocks, ensure_ascii=False).encode("utf-16-le")) // 2


def header(text: str) -> Block:
    """A headline; text of 150 characters and less."""
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def marked(text: str) -> Block:
    """A section of Slack's markup, 3,000 characters and less; what is in it has to be escaped."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context(text: str) -> Block:
    """Small print, in Slack's markup."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def prose(text: str) -> Block:
    """Text in which nothing but addresses means anything."""
    return _rich({"type": "rich_text_section", "elements": list(_linked(text))})


def labelled(label: str, text: str) -> Block:
    """Text of fixed width under a label."""
    said = {"type": "rich_text_section", "elements": [_bold(label)]}
    return _rich(said, {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]})


def named(fields: Mapping[str, str]) -> Block:
    """Lines of a name in bold type and a value."""
    elements: list[Block] = []
    for name, value in fields.items():
        elements += [_bold(f"{name}: "), *_linked(f"{value}\n")]
    return _rich({"type": "rich_text_section", "elements": elements})


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _bold(text: str) -> Block:
    return {"type": "text", "text": text, "style": {"bold": True}}


def _linked(text: str) -> Iterator[Block]:
    """A rich text does not find addresses by itself, so they are elements of their own."""
    at = 0
    for found in _URL.finditer(text):
        if found.start() > at:
            yield {"type": "text", "text": text[at : found.start()]}
        yield {"type": "link", "url": found[0]}
        at = found.end()
    if at < len(text):
        yield {"type": "text", "text": text[at:]}
