"""`%ask Drop table users?` is a question, though IPython takes a line that ends so for a call of help.

It would show the help on `users`, and the code below would run unasked.
"""

from __future__ import annotations

import tokenize
from collections.abc import Sequence
from typing import Any

from IPython.core.inputtransformer2 import EscapedCommand, MagicAssign, TokenTransformBase

OURS = frozenset({"ask", "alert"})


class QuestionLine(TokenTransformBase):
    """A line magic of ours with words and a question mark at its end: a magic, as any other line of it."""

    priority = 4  # before HelpEnd, which has 5

    def __init__(self, first: tokenize.TokenInfo, percent: tokenize.TokenInfo) -> None:
        super().__init__(first.start)  # type: ignore[no-untyped-call]
        self._command = (EscapedCommand if percent is first else MagicAssign)(percent.start)

    @classmethod
    def find(cls, tokens_by_line: Sequence[Sequence[tokenize.TokenInfo]]) -> QuestionLine | None:
        """The first such line."""
        for tokens in tokens_by_line:
            line = [token for token in tokens if token.string.strip()]  # no indents, no line ends
            percent = _percent(line)
            if percent is not None and line[-1].string == "?":
                return cls(line[0], percent)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """What IPython makes of the magic."""
        return list(self._command.transform(lines))


def load(shell: Any) -> None:
    """Our lines are looked at before help is."""
    steps = shell.input_transformer_manager.token_transformers
    if QuestionLine not in steps:
        steps.append(QuestionLine)


def unload(shell: Any) -> None:
    """Leave nothing behind."""
    steps = shell.input_transformer_manager.token_transformers
    if QuestionLine in steps:
        steps.remove(QuestionLine)


def _percent(line: Sequence[tokenize.TokenInfo]) -> tokenize.TokenInfo | None:
    """The `%` of `%ask WORDS…` or `name = %ask WORDS…`; None for all else, also for `%ask?`."""
    at = next((i for i, token in enumerate(line) if token.string == "%"), None)
    if at is None or (at > 0 and line[at - 1].string != "="):
        return None
    name, *words = [token.string for token in line[at + 1 :]] or [""]
    return line[at] if name in OURS and any(word != "?" for word in words) else None
