"""What is scrubbed of everything that is stored or sent: secrets by their value, their name and their form.

A reader sees `«redacted: github token»`. What is scrubbed twice is the same as what is scrubbed once: whoever
cuts a text scrubs it before, as half a secret has no form, and the way into the spool scrubs all of it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbalert.blots import Found, Secret, apart, blot, without
from nbalert.patterns import TooSlow, spans
from nbalert.secret_formats import PRIVATE_KEY, of_form
from nbalert.secret_kinds import is_placeholder, kind_of_name
from nbalert.secret_marks import Words
from nbalert.secret_names import named
from nbalert.secret_strings import secrets_in_code
from nbalert.secret_values import Values, of_value

_CODE = frozenset(("code",))
_TRACEBACKS = frozenset(("traceback", "whole_traceback"))
_EXACT = frozenset(
    (
        *("kind", "origin", "project", "channels", "level", "created_at", "asked_at", "expires_at", "boot"),
        *("id", "run", "question_id", "code_sha256", "policy", "policies", "escalate_to", "data", "mime"),
        *("target", "mention", "topic"),
    )
)
"""Keys of what is no text, or would not work any more: ids, times, pictures, the words of answers."""
_FREE = frozenset(("metadata", "native"))
"""Keys of mappings whose own keys are the user's."""

CODES = 8
"""So many codes are scrubbed once: a cell's is told of when it begins, and again when it ends."""
_MARK = "\n\0\n"
_LEFT_OUT = Found(blot("all of it, as a pattern takes too long"), 1)


@dataclass(frozen=True)
class Redactor:
    """Scrubs texts.

    Args:
        values: Known secrets, and what they are.
        patterns: Of the settings.
        is_on: Whether more is hidden than known secrets.
    """

    values: Values = field(default_factory=dict, repr=False)
    patterns: Sequence[str] = ()
    is_on: bool = True
    _codes: dict[str, Found] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def off(self) -> Redactor:
        """Hides nothing but what is known."""
        return replace(self, is_on=False)

    def text(self, text: str, *, is_code: bool = False) -> str:
        """A text without secrets.

        Args:
            is_code: Whether bare words in it are names of variables, as in a traceback.
        """
        return self._found(text, is_code=is_code).text

    def code(self, code: str) -> Found:
        """Code without the contents of secret strings, and how many there were."""
        if not (found := self._codes.get(code)):
            try:
                secrets = self.secrets_in(code)
            except TooSlow:
                return _LEFT_OUT
            found = without(code, secrets) if secrets else Found(code, 0)
            if len(self._codes) >= CODES:
                self._codes.clear()
            self._codes[code] = found
        return found

    def secrets_in(self, code: str) -> list[Secret]:
        """Where secrets stand in code, in order and apart from each other.

        Raises:
            TooSlow: A pattern came to no end: that is not known.
        """
        return secrets_in_code(code, list(self._known(code))) if self.is_on else apart(self._known(code))

    def table(self, rows: list[list[str]], heads: int, labels: int) -> list[list[str]]:
        """The cells of a table: also what stands in a column, or a row, of secrets.

        Args:
            heads: So many rows at the top name the columns.
            labels: So many columns at the left name the rows.
        """
        whole = _MARK.join(cell for row in rows for cell in row)
        cells = self.text(whole).split(_MARK)
        if len(cells) != sum(map(len, rows)):  # one has begun in a cell and ended in another
            cells = [self.text(cell) for row in rows for cell in row]
        found = iter(cells)
        scrubbed = [[next(found) for _ in row] for row in rows]
        return _without_columns(scrubbed, heads, labels) if self.is_on else scrubbed

    def data(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Plain values of JSON in which every text is scrubbed, save what has to stay exact.

        Whatever is added to a message is scrubbed, too, unless it is named here.
        """
        return self._mapping(value, is_free=False) if self._has_secret(value) else dict(value)

    def _found(self, text: str, *, is_code: bool) -> Found:
        if not text:
            return Found("", 0)
        words = Words(text)
        try:
            secrets = list(self._known(text, words if words.are_few else None))
        except TooSlow:
            return _LEFT_OUT
        if self.is_on:
            secrets += (*of_form(text, words), *named(text, is_code=is_code, words=words))
        return without(text, secrets) if secrets else Found(text, 0)

    def _known(self, text: str, words: Words | None = None) -> Iterator[Secret]:
        """What the settings and the environment tell of."""
        yield from of_value(text, self.values, words)
        for pattern in self.patterns if self.is_on else ():
            yield from (Secret(*span, "pattern") for span in spans(pattern, text))

    # ---- data

    def _has_secret(self, value: Mapping[str, Any]) -> bool:
        """Most messages have none: all of their texts are looked through at once, which is faster."""
        codes, texts, keys = list[str](), list[str](), set[str]()
        _gather(value, "", codes, texts, keys, is_free=False)
        if self.is_on and any(map(kind_of_name, keys)):
            return True
        if any(self.code(code).count for code in codes):
            return True
        joined = _MARK.join(texts)
        return PRIVATE_KEY in joined or self._found(joined, is_code=False).count > 0

    def _mapping(self, value: Mapping[str, Any], *, is_free: bool) -> dict[str, Any]:
        found = {
            self.text(key) if is_free else key: self._value(inner, key, is_free=is_free)
            for key, inner in value.items()
        }
        if "redacted" in value and not is_free:
            found["redacted"] += self.code(value["code"]).count
        return found

    def _value(self, value: Any, key: str, *, is_free: bool) -> Any:
        if _is_exact(key, value) and not is_free:
            return value
        if isinstance(value, str):
            return self._text_of(key, value)
        if isinstance(value, Mapping):
            return self._mapping(value, is_free=is_free or key in _FREE)
        if isinstance(value, list | tuple):
            return [self._value(inner, key, is_free=is_free) for inner in value]
        if is_free and self.is_on and _is_number(value) and kind_of_name(key) == "password":
            return blot("password")
        return value

    def _text_of(self, key: str, text: str) -> str:
        if self.is_on and (kind := kind_of_name(key)) and not is_placeholder(text):
            return blot(kind)
        return self.code(text).text if key in _CODE else self.text(text, is_code=key in _TRACEBACKS)


def _without_columns(rows: list[list[str]], heads: int, labels: int) -> list[list[str]]:
    columns = [next(filter(None, map(kind_of_name, names)), "") for names in zip(*rows[:heads], strict=False)]
    for row in rows[heads:]:
        of_row = next(filter(None, map(kind_of_name, row[:labels])), "")
        for at in range(labels, len(row)):
            kind = of_row or (columns[at] if at < len(columns) else "")
            if kind and not is_placeholder(row[at]):
                row[at] = blot(kind)
    return rows


def _gather(
    value: Any, key: str, codes: list[str], texts: list[str], keys: set[str], *, is_free: bool
) -> None:
    """Every text that is scrubbed, keys of the user's as well, and the keys of all that could be hidden."""
    if isinstance(value, str):
        if value:
            (codes if key in _CODE else texts).append(value)
            keys.add(key)
    elif isinstance(value, Mapping):
        is_free = is_free or key in _FREE
        if is_free:
            texts += value
        for name, inner in value.items():
            if inner and (is_free or not _is_exact(name, inner)):
                _gather(inner, name, codes, texts, keys, is_free=is_free)
    elif isinstance(value, list | tuple):
        for inner in value:
            _gather(inner, key, codes, texts, keys, is_free=is_free)
    elif is_free and _is_number(value):
        keys.add(key)


def _is_exact(key: str, value: object) -> bool:
    return key in _EXACT or (key == "question" and isinstance(value, str))  # its id


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
