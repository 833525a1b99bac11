"""Which words a text has: what no secret of a form, or behind a name, could do without.

A megabyte is cut into its words once, which a processor does faster than it looks for twenty names. Most
texts repeat theirs, so that little is left in which a hundred marks have to be looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_APART = bytes(sign if sign in _LETTERS + _DIGITS else ord("\n") for sign in range(256))


REGION_CHARS = 1 << 16
"""A long text is cut into regions: what stands in one of them is looked for there alone."""
LAP_CHARS = 64
"""So much of the next is read with each, which is more than a mark or a name has."""


class Words:
    """The ASCII letters and digits in a row of a text, each such run once.

    Attributes:
        all: Every one.
        joined: The same, each between line feeds.
        are_few: Whether the text repeats them so often that what is looked for is sooner looked for there.
    """

    def __init__(self, text: str) -> None:
        self._regions = [
            frozenset(words_of(text[at : at + REGION_CHARS + LAP_CHARS]))
            for at in range(0, max(1, len(text)), REGION_CHARS)
        ]
        self.all = self._regions[0].union(*self._regions[1:])
        self.joined = "\n" + "\n".join(self.all) + "\n"
        self.are_few = 4 * len(self.joined) < len(text)

    def are_everywhere(self, words: frozenset[str]) -> bool:
        """Whether all regions have all of these."""
        return all(words <= region for region in self._regions)

    def regions_of(self, words: frozenset[str]) -> Iterator[tuple[int, int]]:
        """Where the regions begin and end that have all of these: beyond, one may begin no more."""
        for number, region in enumerate(self._regions):
            if words <= region:
                yield number * REGION_CHARS, (number + 1) * REGION_CHARS

    @cached_property
    def small(self) -> str:
        """`joined` in small letters, and without digits: `Password_2` stands there as `password`."""
        return self.joined.encode().translate(None, _DIGITS).lower().decode()


def words_of(text: str) -> list[str]:
    """The runs of a text, in order."""
    if not text.isascii():
        text = text.replace("\u212a", "K")  # Kelvin's: its small letter is an ASCII one
    return text.encode("utf-8", "replace").translate(_APART).decode("ascii").split()
