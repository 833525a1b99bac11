from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert.blots import BLOT
from nbalert.shown_code import shown, visible, visible_line

B = "█"
"""A blot, whatever it calls the secret."""

SECRETS = {
    "a name": ('password = "hunter2"', f'password = "{B}"'),
    "a name with a type": ("api_key: str = 'k3y'", f"api_key: str = '{B}'"),
    "an attribute": ("self.dbPassword = 'x'", f"self.dbPassword = '{B}'"),
    "a key of a mapping": ("os.environ['SLACK_TOKEN'] = 'x'", f"os.environ['SLACK_TOKEN'] = '{B}'"),
    "a keyword": ("connect(user='u', password='x')", f"connect(user='u', password='{B}')"),
    "a dictionary": ("d = {'user': 'u', 'secret': 'x'}", f"d = {{'user': 'u', 'secret': '{B}'}}"),
    "a default": ("def f(a='u', *, token='x'): pass", f"def f(a='u', *, token='{B}'): pass"),
    "a fallback": ("t = os.getenv('API_TOKEN', 'k3y')", f"t = os.getenv('API_TOKEN', '{B}')"),
    "a comparison": ("if password == 'k3y': pass", f"if password == '{B}': pass"),
    "bytes, joined": ("secret = b'ab' + b'cd'.strip()", f"secret = b'{B}' + b'{B}'.strip()"),
    "parts": ("token = 'ab' 'cd'", f"token = '{B}' '{B}'"),
    "behind letters of two bytes": ("é = 'ü'; passwd = 'ö'; z = 'k'", f"é = 'ü'; passwd = '{B}'; z = 'k'"),
    "an f-string keeps its code": (
        "token = f'ab{drop(user)!r:>{n}}cd{{x}}'",
        f"token = f'{B}{{drop(user)!r:>{{n}}}}{B}'",
    ),
    "a quote in it": (r"token = 'a\'b'", f"token = '{B}'"),
    "a URL": ("c('postgres://ann:pw@host/x')", f"c('postgres://ann:{B}@host/x')"),
    "a URL with a variable": ("c(f'pg://ann:{pw}@host/x')", "c(f'pg://ann:{pw}@host/x')"),
    "a query": ("get('https://x/?a=1&access_token=abc')", f"get('https://x/?a=1&access_token={B}')"),
    "a known form": ("say('xoxb-1234567890-abcdef')", f"say('{B}')"),
    "a known form in a comment": ("x = 1  # ghp_abcdefghijklmnopqrstuvwxyz", f"x = 1  # {B}"),
    "a private key": (
        'k = """-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----"""',
        f'k = """{B}"""',
    ),
    "beside a magic": ("x = %ask Sure?\npassword = 'x'\n!ls", f"x = %ask Sure?\npassword = '{B}'\n!ls"),
    "below a magic": ("%%bash\ncurl -H 'x: Bearer abcdefghijklm'", f"%%bash\ncurl -H 'x: Bearer {B}'"),
    "in a comment": ("x = 1  # password: 'hunter2'", f"x = 1  # password: '{B}'"),
    "in a line of the shell": ("!mysql --password=hunter2 db\nx = 1", f"!mysql --password={B} db\nx = 1"),
    "in the shell": ("%%bash\nexport API_TOKEN=a1b2c3d4\n", f"%%bash\nexport API_TOKEN={B}\n"),
    "in a string of settings": ("c('Server=db;Pwd=hunter2;')", f"c('Server=db;Pwd={B};')"),
    "in what does not parse": ("%%foo\nx = = 1\npassword = 'k3y'", f"%%foo\nx = = 1\npassword = '{B}'"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), SECRETS.values(), ids=SECRETS)
def test_secrets_are_blotted_out(code: str, expected: str) -> None:
    """The content of a secret string, all of it and nothing else; each blot is counted."""
    found = shown(code)
    assert BLOT.sub(B, found.text) == expected
    assert found.redacted == expected.count(B)
    assert bool(found.note) == bool(found.redacted)


@pytest.mark.parametrize(
    "code",
    [
        "max_tokens = '5'; tokenizer = 'bpe'; passes = 'three'; keyboard = 'de'",
        "password = getpass('Password: ')",
        "token = os.environ['SLACK_TOKEN']",
        "password = ''",
        "secret = vault.read('db/prod', field='value')",
        "see('https://example.org:8443/a@b')",
        "if token == '(' or token in ('a', 'b') or 'password' in d: pass",
        "secret = a+b+c+d; token = f(x); password = 123456",
        "def login(password, token=None): return password == token",
    ],
)
def test_what_is_no_secret_is_shown(code: str) -> None:
    """Code that only names a secret, or looks a little like one, is shown as it is."""
    assert shown(code).text == code


HIDDEN = {
    "bidi": ("x = 'a\u202eb'", "x = 'a⟦\\u202e⟧b'"),
    "zero width": ("ad\u200bmin", "ad⟦\\u200b⟧min"),
    "a look-alike blank": ("a\xa0=\u20001", "a⟦\\xa0⟧=⟦\\u2000⟧1"),
    "a filler letter": ("\u3164 = 1", "⟦\\u3164⟧ = 1"),
    "control characters": ("x\x1b[2K\ry\x00", "x⟦\\x1b⟧[2K⟦\\x0d⟧y⟦\\x00⟧"),
    "a tag": ("x\U000e0041", "x⟦\\U000e0041⟧"),
    "a lone surrogate": ("'\ud800'", "'⟦\\ud800⟧'"),
    "an escape that was typed": ("'\\u202e'", "'\\u202e'"),
    "our own marks": ("⟦\\u202e⟧", "⟦\\u27e6⟧\\u202e⟦\\u27e7⟧"),
    "a blot that was typed": ("token = '«redacted: token»'", "token = '⟦\\xab⟧redacted: token»'"),
    "other words in such quotes": ("'«rien»'", "'«rien»'"),
    "line ends and tabs": ("a\r\n\tb\n", "a\n\tb\n"),
    "other scripts": ("größe = 'λ 漢 😀'", "größe = 'λ 漢 😀'"),
}


@pytest.mark.parametrize(("code", "expected"), HIDDEN.values(), ids=HIDDEN)
def test_what_cannot_be_seen_is_shown(code: str, expected: str) -> None:
    """Invisible, direction-changing and look-alike characters are escapes in brackets, and counted."""
    found = shown(code)
    assert found.text == expected
    assert found.escaped == expected.count("⟦")
    assert ("cannot be seen" in found.note) == bool(found.escaped)


def test_a_title_is_one_line() -> None:
    """Nothing in it can begin a new line, overwrite one or turn it round."""
    assert visible_line(" Drop\n\u202eusers\t? ") == "Drop⟦\\x0a⟧⟦\\u202e⟧users⟦\\x09⟧?"


@given(st.text())
def test_it_cannot_be_confused(text: str) -> None:
    """What is made visible can be read back: no two texts look the same."""
    back = re.sub(r"⟦(\\[xuU][0-9a-f]+)⟧", lambda found: ast.literal_eval(f"'{found[1]}'"), visible(text))
    assert back == text.replace("\r\n", "\n")


@given(st.text(st.sampled_from("ab\"'{}f=:\\\n\t #token(),[]%!é\r"), max_size=60))
def test_any_text_is_shown(code: str) -> None:
    """No code makes it fail, and without a secret it is all there."""
    found = shown(code)
    if not found.redacted:
        assert found.text == visible(code)
