"""What somebody has written in an answer: without the mail that it answers, and without a signature."""

from __future__ import annotations

import re
from html import unescape

LONGEST_CHARS = 100_000
"""Of a mail this much is read; an answer stands at its top or below what is quoted."""

_RULES = re.compile(r"(-{2,}.{0,80}-{2,}|_{10,}|\*{10,})\s*")
_HEADER = re.compile(r"\*?(From|Von|De|Da|Van|Fra|Från|От|差出人|发件人)\*?\s*:.{0,300}", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"--\s?|(Sent|Get|Von|Gesendet|Envoyé|Enviado|Inviato)\b.{0,60}"
    r"\b(iPhone|iPad|Android|Outlook|Mobil\w*|Smartphone|Galaxy|Mail)\b.{0,60}"
)
_INTRODUCES = re.compile(r"\s*(On|Am|Le|El|Il|Op|Den|Em|Dnia)\b")
_BREAKS = {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "pre", "hr", "table", "ul", "ol"}
_HIDDEN = {"style", "script", "head", "title", "blockquote"}
_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|<[!?][^<>]*>|([^<]+|<)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_QUOTES = re.compile(r"\b(gmail_quote|yahoo_quoted|moz-cite-prefix|protonmail_quote)\b")
_OVER = re.compile(r"\b(divRplyFwdMsg|appendonsend)\b")
"""Outlook's mark: what follows is the mail that is answered."""
DEEPEST = 200
"""Elements within each other; what is deeper is a riddle for us, not an answer."""
_VOID = {"br", "hr", "img", "meta", "link", "input", "col", "wbr", "area", "base", "embed", "source", "track"}


def answer_of(text: str) -> str:
    """What is new in an answer: its first paragraph, of lines that are neither quoted nor a signature."""
    paragraph: list[str] = []
    for line in _new_lines(text[:LONGEST_CHARS].replace("\r\n", "\n").split("\n")):
        if line.strip():
            paragraph.append(line.strip())
        elif paragraph:
            break
    return "\n".join(paragraph)


def _new_lines(lines: list[str]) -> list[str]:
    """Up to an unmarked copy of the mail that is answered; what is marked as one is left out."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        said = line.strip()
        if _RULES.fullmatch(said) or _SIGNATURE.fullmatch(said) or _begins_copy(lines[number : number + 3]):
            break
        if not said.startswith(">"):
            kept.append(line)
            continue
        while kept and not kept[-1].strip():
            kept.pop()
        if kept and kept[-1].rstrip().endswith((":", "：")):
            _drop_introduction(kept)
        kept.append("")
    return kept


def _begins_copy(lines: list[str]) -> bool:
    """`From: …` and at least one line more of that kind, as Outlook puts them above what it copies."""
    if not _HEADER.fullmatch(lines[0].strip()):
        return False
    return any(re.fullmatch(r"\*?[^\s:]{1,20}\*?\s*:.{0,300}", line.strip()) for line in lines[1:3])


def _drop_introduction(kept: list[str]) -> None:
    """`On Friday, Ann wrote:` above a quote, which programs wrap into two lines."""
    last = kept.pop()
    if not _INTRODUCES.match(last) and kept and _INTRODUCES.match(kept[-1]):
        kept.pop()


class _Text:
    """Text of a page, without what is quoted in it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._is_over = False

    def read(self, html: str) -> str:
        """A line for each line that a reader sees."""
        for found in _TOKEN.finditer(_COMMENT.sub("", html)):
            closes, tag, attributes, words = found.groups()
            if words:
                self._say(words)
            elif closes:
                self._close(tag.lower())
            elif tag:
                self._begin(tag.lower(), attributes)
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        return "\n".join(lines).strip()

    def _say(self, words: str) -> None:
        """A line end in the source is none for the reader."""
        if not self._is_hidden:
            self._parts.append(unescape(words).replace("\n", " "))

    def _begin(self, tag: str, attributes: str) -> None:
        if tag in _BREAKS:
            self._parts.append("\n")
        self._is_over = self._is_over or bool(_OVER.search(attributes))
        if tag not in _VOID and len(self._open) < DEEPEST:
            is_hidden = self._is_hidden or tag in _HIDDEN or bool(_QUOTES.search(attributes))
            self._open.append((tag, is_hidden))

    def _close(self, tag: str) -> None:
        """What was opened last under that name, with all in it."""
        if tag in _BREAKS:
            self._parts.append("\n")
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    @property
    def _is_hidden(self) -> bool:
        return self._is_over or (bool(self._open) and self._open[-1][1])


def text_of_html(html: str) -> str:
    """What a reader sees of a page that is new in it.

    Not by Python's parser: of what is no HTML that makes seconds, and all questions would wait for it.
    """
    return _Text().read(html[:LONGEST_CHARS])
