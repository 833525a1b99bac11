from __future__ import annotations

import pytest

from nbalert.line_words import line_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"Drop users?" -c ops', ["Drop users?", "-c", "ops"]),
        ("Drop {d['a b']} now", ["Drop", "{d['a b']}", "now"]),
        ('"Drop {len(x["y z"])}?" --need 2', ['Drop {len(x["y z"])}?', "--need", "2"]),
        ("{ {1: 'a b'}[1] } x", ["{ {1: 'a b'}[1] }", "x"]),
        ("It's hot", ["It's", "hot"]),
        ("a { b 'c d'", ["a", "{", "b", "c d"]),
        ("", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    """As a shell splits them; an expression is one piece, and free text may hold what a shell rejects."""
    assert line_words(line) == words
