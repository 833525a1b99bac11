"""What a mail says as an answer: the words of its author, and of no program and no mail that it quotes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalert.channels.email_answers import Arrived, Bounce, bounce_of, references, reply_of
from nbalert.channels.email_quoting import LONGEST_CHARS, answer_of, text_of_html
from nbalert.channels.email_settings import EmailSettings
from nbalert.channels.email_words import token_of
from nbalert.message import Receipt
from nbalert.policy import Reply
from tests.inboxes import question

ID = "<question@nb.test>"
ASKED = question("Drop it?", approvers=("Bob@nb.test", "carol@nb.test"))
RECEIPT = Receipt(channel="team", reference=f"{ID} team@nb.test", posted_at=ASKED.asked_at)
SETTINGS = EmailSettings(
    kind="email", host="h", sender="bot@nb.test", to=("team@nb.test",), authserv_id="mx.nb.test"
)
VOUCHED = "mx.nb.test; dmarc=pass header.from=nb.test"

TEXTS = {
    "alone": ("approve", "approve"),
    "with a reason": ("no: not on a Friday\nand not today\n\n-- \nBob", "no: not on a Friday\nand not today"),
    "above a quote": ("\n\nyes\n\nOn Fri, Nov 27, Ann wrote:\n> approve\n> or not\n", "yes"),
    "right above a quote": ("yes\nOn Fri, Nov 27, Ann wrote:\n> no\n", "yes"),
    "an introduction in two lines": (
        "yes\nOn Fri, Nov 27, 2026 at 10:00 AM Ann\n<a@b.c> wrote:\n> no",
        "yes",
    ),
    "another language": ("ja\n\nAm 27.11.2026 um 10:00 schrieb nbalert:\n\n> nein\n", "ja"),
    "below a quote": ("On Fri, Ann wrote:\n> approve\n>\n> or not\n\nno\n", "no"),
    "Outlook": ("yes\n\n________________________________\nFrom: nbalert\nSent: Friday\n\nno", "yes"),
    "Outlook, without a rule": ("yes\n\nFrom: nbalert <bot@nb.test>\nSent: Friday\nTo: team\n\nno", "yes"),
    "Outlook, nothing said": ("\n\nFrom: nbalert <bot@nb.test>\nSent: Friday\n\napprove\n", ""),
    "an original": ("yes\n\n-----Original Message-----\nFrom: x\n\nno", "yes"),
    "German Outlook": ("ja\n\nVon: nbalert\nGesendet: Freitag\nAn: team\n\nnein", "ja"),
    "a telephone": ("ok\n\nSent from my iPhone\n\n> On 27 Nov, Ann wrote:\n> no", "ok"),
    "only a signature": ("-- \napprove", ""),
    "only a quote": ("> approve\n", ""),
    "lines of Windows": ("yes\r\n\r\n> no\r\n", "yes"),
}
PAGES = {
    "Gmail": (
        '<div dir="ltr">yes: go<br></div><br><div class="gmail_quote"><div>On Fri wrote:<br></div>'
        "<blockquote>no</blockquote></div>",
        "yes: go",
    ),
    "Outlook": ('<p>yes</p><div id="divRplyFwdMsg"><b>From:</b> x</div><div>no</div>', "yes"),
    "Apple Mail": ('<body>yes<br><blockquote type="cite"><div>no</div></blockquote></body>', "yes"),
    "styles and comments": ("<style>p{}</style><!-- no --><p>y&#101;s</p>", "yes"),
    "an unclosed comment": ("yes<!-- no", "yes"),
    "a tag that is none": ("yes < no", "yes < no"),
    "a table": ("<table><tr><td>yes</td></tr></table>", "yes"),
    "broken": ("</div></p><b>yes</i></b><div><div>", "yes"),
}


def mail(text: str = "approve", subtype: str = "plain", **headers: str) -> EmailMessage:
    """A reply of Bob's; headers replace or add, an empty one takes away."""
    one = EmailMessage(policy=policy.SMTP)
    usual = {
        "Authentication-Results": VOUCHED,
        "From": "Bob <bob@nb.test>",
        "Subject": f"Re: [nbalert] Drop it? [{token_of(ASKED)}]",
        "In-Reply-To": ID,
    }
    for name, value in {**usual, **{key.replace("_", "-"): value for key, value in headers.items()}}.items():
        if value:
            one[name] = value
    one.set_content(text, subtype=subtype)
    return one


def read(one: EmailMessage | bytes, **options: Any) -> Reply | None:
    """As the channel reads it."""
    raw = one if isinstance(one, bytes) else one.as_bytes()
    return reply_of(Arrived(raw, datetime.now(UTC)), ASKED, RECEIPT, SETTINGS.model_copy(update=options))


@pytest.mark.parametrize(("text", "said"), TEXTS.values(), ids=TEXTS)
def test_texts(text: str, said: str) -> None:
    """Of each program's way to quote what is new remains, its first paragraph."""
    assert answer_of(text) == said


@pytest.mark.parametrize(("page", "said"), PAGES.values(), ids=PAGES)
def test_pages(page: str, said: str) -> None:
    """A reply that is HTML alone says what its reader sees."""
    assert answer_of(text_of_html(page)) == said
    found = read(mail(page, "html"))
    assert found is not None
    assert found.text == said


def test_an_answer() -> None:
    """It has its author as the settings spell them, a reference of its own, and a time after the question."""
    found = read(mail(From='"Bob B." <BOB@NB.test>'))
    assert found is not None
    assert (found.person, found.name, found.text, found.doubt) == ("Bob@nb.test", "Bob B.", "approve", "")
    assert found.reference == getattr(read(mail(From='"Bob B." <BOB@NB.test>')), "reference", "")
    assert found.reference != getattr(read(mail("no")), "reference", "")
    early = Arrived(mail().as_bytes(), ASKED.asked_at - timedelta(hours=1))
    assert getattr(reply_of(early, ASKED, RECEIPT, SETTINGS), "at", None) == RECEIPT.posted_at


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Precedence": "List"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"Subject": "Re: [nbalert] Drop it?"},
        {"Subject": "Re: [nbalert] Drop it? [nb-0123456789ab]"},
        {"From": ""},
        {"From": "nobody"},
        {"From": "bob@nb.test <mallory@evil.test>"},
        {"From": "Bob <bob@nb.test>, Carol <carol@nb.test>"},
    ],
    ids=str,
)
def test_what_is_no_answer(headers: dict[str, str]) -> None:
    """Programs, mails without the question's token, and those of nobody, or of two."""
    assert read(mail(**headers)) is None


def test_two_froms() -> None:
    """A reader may see one of them, and the server have checked the other."""
    raw = mail().as_bytes().replace(b"Subject:", b"From: Carol <carol@nb.test>\r\nSubject:", 1)
    assert read(raw) is None


def test_a_token_in_the_address() -> None:
    """Where `reply_to` has it, the subject need not."""
    assert read(mail(Subject="Re:", To=f"bot+{token_of(ASKED)}@nb.test")) is not None


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        ({"From": '"bob@nb.test" <mallory@evil.test>'}, "mallory@evil.test"),
        ({"Authentication_Results": ""}, "Bob@nb.test"),
        ({"Authentication_Results": "mx.nb.test; dmarc=fail header.from=nb.test"}, "Bob@nb.test"),
        ({"From": "Bob <bob@nb.test.evil.test>"}, "bob@nb.test.evil.test"),
    ],
    ids=str,
)
def test_who_somebody_claims_to_be(headers: dict[str, str], person: str) -> None:
    """The address alone tells, and a doubt is said; `trust_from` believes it unchecked."""
    found = read(mail(**headers))
    assert found is not None
    assert (found.person, bool(found.doubt)) == (person, True)
    assert ASKED.policy.objection(found)
    trusting = read(mail(**headers), trust_from=True)
    assert trusting is not None
    assert trusting.doubt == ""


def test_an_asker_who_is_spelled_otherwise_as_an_approver() -> None:
    """It is the same mailbox: who asks does not answer."""
    asked = question("Own?", approvers=("Ann@nb.test", "bob@nb.test"), asker="ann@nb.test")
    one = mail(From="ANN@nb.test", Subject=f"[{token_of(asked)}]")
    found = reply_of(Arrived(one.as_bytes(), datetime.now(UTC)), asked, RECEIPT, SETTINGS)
    assert found is not None
    assert found.person == "ann@nb.test"
    assert asked.policy.objection(found)


def test_letters_that_only_look_alike() -> None:
    """The sign for Kelvin is a k in small letters; it is nobody's here."""
    asked = question("K?", approvers=("kim@nb.test",))
    raw = mail(From="", Subject=f"[{token_of(asked)}]").as_bytes()
    raw = b"From: =?utf-8?q?x?= <\xe2\x84\xaaim@nb.test>\r\n" + raw
    found = reply_of(Arrived(raw, datetime.now(UTC)), asked, RECEIPT, SETTINGS)
    assert found is None or found.person != "kim@nb.test"


REPORT = """\
From: MAILER-DAEMON@nb.test
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

approve

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.nb.test

Final-Recipient: rfc822; gone@nb.test
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user
    unknown

--B
Content-Type: text/rfc822-headers

From: bot@nb.test
Message-ID: <question@nb.test>

--B--
"""


def test_a_report_of_a_server() -> None:
    """It refers to the mail that came back, names whom it did not reach and why, and is no answer."""
    report = Arrived(REPORT.format(action="failed").encode(), datetime.now(UTC))
    assert references(report.mail) == {ID}
    assert bounce_of(report.mail) == Bounce(("gone@nb.test",), "550 5.1.1 user unknown")
    assert reply_of(report, ASKED, RECEIPT, SETTINGS) is None
    delay = Arrived(REPORT.format(action="delayed").encode(), datetime.now(UTC))
    assert bounce_of(delay.mail) is None
    assert bounce_of(mail()) is None


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_whatever_a_stranger_sends(raw: bytes) -> None:
    """A body of any bytes is read, or is no answer."""
    read(mail().as_bytes().partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + raw)


@pytest.mark.parametrize(
    "bait",
    ["<", "<!--", "<a ", "<div>", "</div>", ">", "-", "_", "From: ", "\n", "> \n", "On \n", "&#", '"'],
    ids=repr,
)
def test_a_mail_that_is_made_to_take_long(bait: str) -> None:
    """Reading takes no longer than in proportion to its length: all questions would wait for it."""
    times = []
    for count in (LONGEST_CHARS // 8, LONGEST_CHARS):
        text = bait * (count // len(bait))
        times.append(min(cpu_s(text) for _ in range(2)))
    assert times[1] < max(24 * times[0], 0.5)


def cpu_s(text: str) -> float:
    """Seconds of computing that it takes to read."""
    began = time.process_time()
    answer_of(text_of_html(text))
    answer_of(text)
    return time.process_time() - began
