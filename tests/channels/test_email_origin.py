"""Whose word counts about who has sent a mail, and what senders try so that theirs does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.channels.email_origin import doubt, servers

OURS = "mx.example.org"
PASS = f"{OURS}; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=nb.test"

BELIEVED = {
    "dmarc": PASS,
    "as Gmail writes it": f"{OURS};\r\n       dkim=pass header.i=@nb.test header.s=s1 header.b=AbC;\r\n"
    "       spf=pass (google.com: domain of bob@nb.test designates 1.2.3.4 as permitted sender)"
    " smtp.mailfrom=bob@nb.test;\r\n       dmarc=pass (p=REJECT) header.from=nb.test",
    "as Exchange writes it": f"{OURS} 1; spf=pass smtp.mailfrom=nb.test; dmarc=pass action=none"
    " header.from=nb.test; dkim=pass header.d=nb.test; arc=none",
    "dkim by the domain": f"{OURS}; dkim=pass header.d=NB.test",
    "dkim, one of two": f"{OURS}; dkim=fail header.d=nb.test; dkim=pass header.d=nb.test",
    "a version and capitals": f"{OURS.upper()} 1; DMARC=Pass Header.From=nb.test",
}

DOUBTED = {
    "nothing": f"{OURS}; none",
    "spf alone": f"{OURS}; spf=pass smtp.mailfrom=nb.test",
    "another domain": f"{OURS}; dmarc=pass header.from=evil.test",
    "no domain": f"{OURS}; dmarc=pass",
    "dkim by another": f"{OURS}; dkim=pass header.d=evil.test; dmarc=fail header.from=nb.test",
    "dkim by one that ends alike": f"{OURS}; dkim=pass header.d=b.test",
    "dkim by one below": f"{OURS}; dkim=pass header.d=mail.nb.test",
    "dkim by everybody's": f"{OURS}; dkim=pass header.d=test",
    "dkim by nobody": f"{OURS}; dkim=pass",
    "another server": "mx.evil.test; dmarc=pass header.from=nb.test",
    "a name that begins alike": f"{OURS}.evil.test; dmarc=pass header.from=nb.test",
    "in a comment": f"{OURS}; dmarc=fail (; dmarc=pass header.from=nb.test) header.from=nb.test",
    "in a comment in a comment": f"{OURS}; x=y (a (b) ; dmarc=pass header.from=nb.test)",
    "behind an escaped bracket": f"{OURS}; x=y (\\) ; dmarc=pass header.from=nb.test)",
    "in a comment without end": f"{OURS}; dmarc=fail (; dmarc=pass header.from=nb.test",
    "in quotes": f'{OURS}; spf=pass smtp.mailfrom="a; dmarc=pass header.from=nb.test ;"@evil.test',
    "behind an escaped quote": f'{OURS}; spf=pass x.y="\\"; dmarc=pass header.from=nb.test ;"@evil.test',
    "in quotes without end": f'{OURS}; spf=pass x.y="; dmarc=pass header.from=nb.test',
    "as a reason": f'{OURS}; dmarc=fail reason="dmarc=pass" header.from=nb.test',
    "empty": "",
}


@pytest.mark.parametrize("value", BELIEVED.values(), ids=BELIEVED)
def test_believed(value: str) -> None:
    """The server vouches for the domain of `From`, in the words of each server."""
    assert doubt([value], OURS, "nb.test") == ""


@pytest.mark.parametrize("value", DOUBTED.values(), ids=DOUBTED)
def test_doubted(value: str) -> None:
    """It does not, whatever the sender has written into what the server repeats."""
    assert OURS in doubt([value], OURS, "nb.test")


def test_a_domain_below_the_signer() -> None:
    """A company's key speaks for its departments."""
    assert doubt([f"{OURS}; dkim=pass header.d=nb.test"], OURS, "mail.nb.test") == ""


def test_only_the_topmost_counts() -> None:
    """What stands below may have come with the mail; other servers' words above it neither help nor harm."""
    failed = f"{OURS}; dmarc=fail header.from=nb.test"
    assert doubt([failed, PASS], OURS, "nb.test")
    assert doubt(["relay.example.org; dmarc=fail", PASS, failed], OURS, "nb.test") == ""
    assert doubt([], OURS, "nb.test") == f"{OURS} has not checked who sent it"
    assert servers(["a.test 1; none", "", f"(x) {OURS}; none"]) == ["a.test", OURS]


@settings(deadline=None)
@given(st.text(alphabet='();"\\ =.-xdmarcpheornbts\n', max_size=60))
def test_nothing_between_quotes_or_in_a_comment_is_believed(words: str) -> None:
    """Whatever a sender's address is: the server quotes it, with a backslash before what would end that."""
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    escaped = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    assert doubt([f'{OURS}; spf=pass smtp.mailfrom="{quoted}"@evil.test'], OURS, "nb.test")
    assert doubt([f"{OURS}; dmarc=fail ({escaped}) header.from=nb.test"], OURS, "nb.test")
