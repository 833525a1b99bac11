from __future__ import annotations

import time
from typing import Any

import pandas
import pytest

from nbalert.asking import ask
from nbalert.bundles import table_of
from nbalert.cell_message import TEXT_CHARS, cut
from nbalert.errors import CannotAsk
from nbalert.home import Home
from nbalert.patterns import TIMEOUT_S, TooSlow
from nbalert.process import client
from nbalert.redaction import Redactor
from nbalert.tail import KEPT_CHARS, TAIL_CHARS, Tail, last
from tests.processes import settings_file
from tests.reliability.leaks import FORMATS

SLOW = r"(a|aa)+$"
TRAP = "a" * 60 + "!"
TOKEN = FORMATS["GitHub personal token"]()


def test_a_word_says_what_it_was() -> None:
    """The reader sees what kind of secret stood there, and the rest of the line."""
    text = f"user=ann password=hunter2 pushed with {TOKEN} to https://ann:s3same@git.example.org/x"
    assert Redactor().text(text) == (
        "user=ann password=«redacted: password» pushed with «redacted: github token» "
        "to https://ann:«redacted: password in a URL»@git.example.org/x"
    )


def test_a_pattern_of_ones_own() -> None:
    """All of it, or its group `secret`; in code only within strings and comments."""
    redactor = Redactor(patterns=[r"ACME-\d+", r"case (?P<secret>\w+)"])
    shown = redactor.text("ACME-12 in case Blue, closed")
    assert shown == "«redacted: pattern» in case «redacted: pattern», closed"
    found = redactor.code("case = ACME-12  # ACME-12\nprint('ACME-12')")
    assert found.text == "case = ACME-12  # «redacted: pattern»\nprint('«redacted: pattern»')"
    assert found.count == 2


def test_a_pattern_that_takes_too_long_hides_all() -> None:
    """It is stopped, and what it has not looked through is not shown; other texts are."""
    redactor = Redactor(patterns=[SLOW])
    began_s = time.monotonic()
    assert redactor.text(TRAP) == "«redacted: all of it, as a pattern takes too long»"
    assert time.monotonic() - began_s < 100 * TIMEOUT_S  # it would be days
    assert redactor.text("harmless") == "harmless"
    with pytest.raises(TooSlow):
        redactor.secrets_in(f"x = '{TRAP}'")


def test_what_cannot_be_shown_is_not_asked(home: Home) -> None:
    """Nobody approves code that nobody could see."""
    settings_file(home.root, f"redact = '{SLOW}'")
    with pytest.raises(CannotAsk, match=r"the pattern .* takes too long"):
        ask("Run it?", code=f"x = '{TRAP}'")


def test_a_question_hides_what_an_alert_hides(home: Home) -> None:
    """Of the code it is counted; of the question itself it is left out on its way into the spool."""
    settings_file(home.root, r"redact = 'ACME-\d+'")
    redactor = client().redactor()
    assert redactor.code("f('ACME-12')").count == 1
    assert redactor.data({"question": {"text": "Drop ACME-12?", "code": "", "redacted": 0}})["question"] == {
        "text": "Drop «redacted: pattern»?",
        "code": "",
        "redacted": 0,
    }


@pytest.mark.parametrize("is_turned", [False, True])
def test_columns_and_rows_of_secrets(is_turned: bool) -> None:
    """A table loses what stands under, or beside, the name of a secret, and tokens in any cell."""
    frame = pandas.DataFrame({"user": ["ann", "bob"], "password": ["s3same", "open7"], "note": [TOKEN, "-"]})
    table = table_of({"text/html": (frame.T if is_turned else frame).to_html()}, Redactor().table)
    assert table
    for shown in (table.text, table.html):
        assert not any(secret in shown for secret in ("s3same", "open7", TOKEN))
        assert all(word in shown for word in ("ann", "bob", "password", "note"))
        assert shown.count("«redacted: password»") == 2


def test_a_cell_cannot_swallow_others() -> None:
    """A quote that is not closed ends with its cell."""
    rows = [["a", "b"], ["password: 'abc", "d'e"], ["f", "g"]]
    scrubbed = Redactor().table([list(row) for row in rows], 1, 0)
    assert [len(row) for row in scrubbed] == [2, 2, 2]
    assert (scrubbed[0], scrubbed[2]) == (rows[0], rows[2])
    assert "abc" not in str(scrubbed)


def _written(*pieces: Any) -> str:
    """What is shown of what was written."""
    tail = Tail()
    for piece in pieces:
        tail.take(piece)
    return last(Redactor().text(tail.text()))


def test_a_secret_in_pieces_is_one() -> None:
    """What is written in several writes is looked at as one text."""
    shown = _written("token is ", TOKEN[:9], TOKEN[9:20], TOKEN[20:], "\n")
    assert shown == "token is «redacted: github token»\n"


@pytest.mark.parametrize("before", range(0, len(TOKEN) + 9, 3))
def test_a_tail_has_no_half_of_a_secret(before: int) -> None:
    """Wherever the tail begins, and however much was printed before."""
    line = f"key {TOKEN} end"
    rest = "x" * (TAIL_CHARS - len(line) + before)
    for shown in (
        _written("y" * KEPT_CHARS, " ", line, " ", rest),
        _written(*("y\n" for _ in range(5000)), line, " ", rest),
    ):
        assert not any(TOKEN[at : at + 5] in shown for at in range(4, len(TOKEN) - 5))


def test_many_small_pieces_leave_no_half() -> None:
    """Where the oldest of many pieces are dropped, the line that they began goes with them."""
    pieces = [*TOKEN, "\n", *("." for _ in range(3985))]
    assert not any(TOKEN[at : at + 6] in _written(*pieces) for at in range(len(TOKEN) - 6))


def test_long_texts_are_scrubbed_before_they_are_cut() -> None:
    """A private key whose head is not there any more is one still."""
    body = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" for _ in range(20))
    tail = f"{body}\n-----END " + "PRIVATE KEY-----\ndone\n"
    assert Redactor().text(tail) == "«redacted: private key»\ndone\n"


@pytest.mark.parametrize("at", [9_990, 15_000, 39_980, 59_990, 80_000])
def test_ends_of_a_huge_text_have_no_half_of_a_secret(at: int) -> None:
    """Only its ends are looked through, which takes no longer than for a shorter one."""
    text = "x " * 50_000
    shown = cut(f"{text[:at]} {TOKEN} {text[at:]}", Redactor().text)
    assert "characters left out" in shown
    assert len(shown) <= TEXT_CHARS + 50
    assert not any(TOKEN[begin : begin + 6] in shown for begin in range(4, len(TOKEN) - 6))
    assert len(cut("y" * 10_000_000, Redactor().text)) <= TEXT_CHARS + 50


@pytest.mark.parametrize(
    "mark", ["token=", "api_key=api.", "--user=", "eyJ-", "sk-", "AAAAAAAAAAAAAAAAAAAAA_", "-", "login "]
)
def test_many_beginnings_of_a_secret(mark: str) -> None:
    """However many stand in a row, none looks on to the end: that would take minutes."""
    flood = (mark * 400_000)[:400_000]
    shown = Redactor().text(f"{flood} password=hunter2\n{TOKEN}")
    assert shown.endswith(" password=«redacted: password»\n«redacted: github token»")


def test_a_long_value_is_hidden_to_its_end() -> None:
    """Also where other names stand in it, and whatever its first characters are."""
    long = "a" * 3_000 + "7"
    for value in (long, f"{long}&", f"{long} and more", f"x,token={long}", f"{long}token={long}"):
        shown = Redactor().text(f"x token={value}")
        assert "aaaa" not in shown
    assert Redactor().text(f"password=/data/{long} end").endswith(" end")


@pytest.mark.parametrize("field", ["text", "result", "output", "traceback"])
def test_a_key_without_its_head_in_any_text(field: str) -> None:
    """It is told by where its text begins, be that the first of a message or not."""
    tail = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END " + "PRIVATE KEY-----\ndone"
    message = Redactor().data({"message": {"title": "train", field: tail}})["message"]
    assert message[field] == "«redacted: private key»\ndone"


def test_code_with_a_header() -> None:
    """A name is a secret's with whatever else the code has, or has not."""
    assert Redactor().code("auth_header = 'Zm9vOmJhcg'").count == 1
    assert Redactor().code("y = df[(a == 1) & (b > 2)]").count == 0


@pytest.mark.parametrize("before", ["\u0130 pass\u0130", "\ud800", "Ünïcode"])
def test_letters_of_any_alphabet(before: str) -> None:
    """Letters whose small form is longer, or an ASCII one, and halves of letters are no hindrance."""
    shown = Redactor().text(f"{before} coo\u212aie: session=4f9a8b7c\napi_key=4f9a8b7c6d5e")
    assert shown == f"{before} coo\u212aie: «redacted: cookie»\napi_key=«redacted: api key»"
