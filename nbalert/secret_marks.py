"""Which words a text has: what no secret of a form, or behind a name, could do without.

A megabyte is cut into its words once, which a processor does faster than it looks for twenty names. Most
texts repeat theirs, so that little is left in which a hundred marks have to be looked for.
"""

from __future__ import annotations

from functools import cached_property

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_APART = bytes(sign if sign in _LETTERS + _DIGITS else ord("\n") for sign in range(256))


class Words:
    """The ASCII letters and digits in a row of a text, each such run once.

    Attributes:
        all: Every one.
        joined: The same, each between line feeds.
        are_few: Whether the text repeats them so often that what is looked for is sooner looked for there.
    """

    def __init__(self, text: str) -> None:
        self.all = frozenset(words_of(text))
        self.joined = "\n" + "\n".join(self.all) + "\n"
        self.are_few = 4 * len(self.joined) < len(text)

    @cached_property
    def small(self) -> str:
        """`joined` in small letters, and without digits: `Password_2` stands there as `password`."""
        return self.joined.encode().translate(None, _DIGITS).lower().decode()


def words_of(text: str) -> list[str]:
    """The runs of a text, in order."""
    if not text.isascii():
        text = text.replace("\u212a", "K")  # Kelvin's: its small letter is an ASCII one
    return text.encode("utf-8", "replace").translate(_APART).decode("ascii").split()
