from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.blots import BLOT
from nbalert.redaction import Redactor
from tests.reliability.conftest import Figure
from tests.reliability.harmless import harmless
from tests.reliability.leaks import FORMATS, Leak, leaks

CAUGHT = 0.99
HIT = 0.01
REST_CHARS = 6
"""So many characters of a secret in a row that are still there: it is not caught."""


def redacted(text: str, *, is_code: bool) -> str:
    """As it leaves, with the settings that everybody has."""
    return Redactor().code(text).text if is_code else Redactor().text(text)


def is_caught(leak: Leak) -> bool:
    """Whether nothing of the secret is left."""
    shown = BLOT.sub("", redacted(leak.text, is_code=leak.is_code))
    rests = (leak.secret[at : at + REST_CHARS] for at in range(len(leak.secret) - REST_CHARS + 1))
    return not any(rest in shown for rest in rests)


def share(of: Iterable[bool]) -> tuple[float, int, int]:
    """How many of them are true, as a share, a number, and of how many."""
    found = list(of)
    return sum(found) / len(found), sum(found), len(found)


def test_what_leaks_is_caught(figure: Figure) -> None:
    """Of made-up secrets in the places where they stand in notebooks nothing is left to be read."""
    corpus = list(leaks())
    caught, number, of = share(map(is_caught, corpus))
    kinds = {leak.kind for leak in corpus}
    figure("secrets caught", f"{caught:.1%} ({number} of {of}, in {len(kinds)} kinds)")
    assert len(FORMATS) >= 20
    assert of >= 200
    missed = [leak for leak in corpus if not is_caught(leak)]
    assert caught >= CAUGHT, missed[:10]


def test_what_is_harmless_stays(figure: Figure) -> None:
    """Hashes, tables, logs, tracebacks, notebooks and the code of real modules are shown as they are."""
    corpus = list(harmless())
    hit = [one for one in corpus if redacted(one.text, is_code=one.is_code) != one.text]
    figure("harmless texts hit", f"{len(hit) / len(corpus):.2%} ({len(hit)} of {len(corpus)})")
    assert len(corpus) >= 1000
    assert len(hit) / len(corpus) <= HIT, hit[:10]
    plain = [one for one in hit if not one.kind.endswith((".py", ".ipynb"))]
    assert not plain, (
        plain
    )  # modules and notebooks have examples with passwords; what we have made up has none


@pytest.mark.parametrize("kind", FORMATS)
def test_twice_is_once(kind: str) -> None:
    """What is scrubbed again on its way stays the same."""
    for leak in leaks():
        if leak.kind == kind:
            once = redacted(leak.text, is_code=leak.is_code)
            assert redacted(once, is_code=leak.is_code) == once


@settings(deadline=None)
@given(st.text(st.sampled_from("aB1=:\"'-_ .\n\\{[(&?/@;,password token Bearer key ghp_sk-eyJ"), max_size=80))
def test_any_text_can_be_scrubbed(text: str) -> None:
    """No text makes it fail, and what is left is part of the text."""
    for is_code in (False, True):
        parts = BLOT.split(redacted(text, is_code=is_code))
        at = 0
        for part in parts:
            at = text.index(part, at) + len(part)
