"""Mail as it is sent: what a reader gets, and what servers say; by a real Postfix and Dovecot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from nbalert import channels
from nbalert.channels.base import Channel
from nbalert.channels.email_thread import Thread
from nbalert.errors import ChannelDenied, ChannelRefused, ChannelUnreachable, SettingsError
from nbalert.fields import Origin
from nbalert.message import Image, Level, Message, Receipt, Source
from nbalert.question import Decision, Outcome
from nbalert.settings import ChannelTable
from tests.certificates import Authority
from tests.channels.row_email import EmailRow, values
from tests.channels.using import with_channel
from tests.chat_servers.mail import LONGEST_BYTES, MailServer
from tests.inboxes import question

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[MailServer]:
    """The server, with empty mailboxes."""
    with EmailRow.open(tmp_path) as row:
        yield row.mails
        row.check()


def use(mails: MailServer, work: Callable[[Channel], Awaitable[Any]], **options: Any) -> Any:
    """Do something with a channel of the usual settings, and some others."""
    return with_channel({**values(mails), **options}, work)


def sent(mails: MailServer, message: Message, **options: Any) -> EmailMessage:
    """Post it; the mail as the team has it."""
    receipt = use(mails, lambda channel: channel.post(message, uuid4().hex), **options)
    return next(mail for mail in mails.mails("team") if mail["Message-ID"] == Thread.of(receipt).id)


def parts(mail: EmailMessage) -> list[tuple[str, str]]:
    """(type, disposition) of each part that holds something."""
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    return [(part.get_content_type(), str(part.get_content_disposition())) for part in leaves]


def test_a_mail(mails: MailServer) -> None:
    """Text and HTML, the figure within, the whole traceback along; programs are told not to answer it."""
    message = Message(
        title="training failed",
        level=Level.CRITICAL,
        error="ValueError: no rows",
        traceback="ValueError: no rows\n  x = 1",
        whole_traceback="Traceback …\nall frames",
        images=(Image(PNG, name="loss.png"),),
        source=Source(notebook="train.ipynb", cell_number=3, link="https://hub.example.org/lab?a=1&b=2"),
    )
    mail = sent(mails, message)
    assert parts(mail) == [
        ("text/plain", "None"),
        ("text/html", "None"),
        ("image/png", "inline"),
        ("text/plain", "attachment"),
    ]
    page = mail.get_body(("html",))
    assert page is not None
    html = page.get_content()
    (figure,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert f'src="cid:{figure["Content-ID"].strip("<>")}"' in html
    assert 'href="https://hub.example.org/lab?a=1&amp;b=2"' in html
    (along,) = mail.iter_attachments()
    assert (along.get_filename(), along.get_content()) == ("traceback.txt", "Traceback …\nall frames")
    assert mail["From"].addresses[0].addr_spec == "bot@nb.test"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "[nbalert] training failed"


def test_a_table(mails: MailServer) -> None:
    """It is one in the HTML, and text in the text; nothing else of a message is markup."""
    table = "<table><tr><td>1</td></tr></table>"
    message = Message(title="<b>t</b>", result="a\n1", html=table, text="<img src=x>", metadata={"<i>": "&"})
    mail = sent(mails, message)
    page, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert text is not None
    html = page.get_content()
    assert table in html
    assert "&lt;b&gt;t&lt;/b&gt;" in html
    assert "&lt;img src=x&gt;" in html
    assert "&lt;i&gt;: &amp;" in html
    assert "Result:\na\n1\n" in text.get_content()


def test_a_subject_holds_whatever_is_in_it(mails: MailServer) -> None:
    """A title with line ends adds no header; templates fill in their fields once, and nothing else."""
    message = Message(
        title="a\r\nBcc: mallory@nb.test\r\n\r\nb {error} \u2028\x00é",
        error="E{title.__class__}",
        level=Level.CRITICAL,
    )
    mail = sent(mails, message, failure_subject="{level} {title}: {error}")
    assert mail["Subject"] == "CRITICAL a Bcc: mallory@nb.test b {error} [U+2028]␀é: E{title.__class__}"
    assert mail["Bcc"] is None
    assert mails.mails("mallory") == []
    other = sent(mails, replace(message, level=Level.OK, error=""), success_subject="done: {title}")
    assert other["Subject"].startswith("done: a Bcc")
    with pytest.raises(SettingsError, match=r"unknown field \{nam\}"):
        checked(mails, success_subject="{nam}")


def checked(mails: MailServer, **options: Any) -> Any:
    """Settings as a file would have them."""
    table = {**values(mails), "password": "env:MAIL", **options}
    return channels.check(ChannelTable("team", table, Origin("nbalert.toml", Path(), {"MAIL": "x"})))


def test_only_text(mails: MailServer) -> None:
    """`html = false` sends no page: figures go along. One's own subject and page take the place of ours."""
    plain = sent(mails, Message(title="t", images=(Image(PNG),)), html=False)
    assert parts(plain) == [("text/plain", "None"), ("image/png", "attachment")]
    own = {"email": {"subject": "Mine\nBcc: x", "html": "<p>My <b>page</b></p>"}}
    mine = sent(mails, Message(title="own", native=own, images=(Image(PNG),)))
    assert mine["Subject"] == "Mine Bcc: x"
    body = mine.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == "<p>My <b>page</b></p>"
    asked = sent(mails, Message(title="asked", native=own, question=question("Own?")))
    page = asked.get_body(("html",))
    assert page is not None
    assert "db.drop()" in page.get_content()


def test_some_addresses_are_refused(mails: MailServer) -> None:
    """The others get it, and are told who does not; status says so, too; the receipt names those reached."""

    async def work(channel: Channel) -> tuple[Receipt, str]:
        return await channel.post(Message(title="for all"), "key"), channel.note

    receipt, note = use(mails, work, to=["nobody@nb.test", "team@nb.test"])
    (mail,) = mails.mails("team")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Not sent to: nobody@nb.test (550 5.1.1" in body.get_content()
    assert "not reached: nobody@nb.test (550 5.1.1" in note
    assert Thread.of(receipt).people == ("team@nb.test",)


def test_no_address_is_taken(mails: MailServer) -> None:
    """Settings are to be mended; of a target, which is one message's alone, only that message is refused."""
    with pytest.raises(ChannelDenied, match=r"nobody@nb.test: 550 .*; check to in the settings"):
        sent(mails, Message(title="x"), to=["nobody@nb.test"])
    with pytest.raises(ChannelDenied, match=r"away@other.test: 550 5.1.1 .*no outside mail"):
        sent(mails, Message(title="x"), to=["away@other.test"])
    with pytest.raises(ChannelRefused) as caught:
        sent(mails, Message(title="x", target="nobody@nb.test"))
    assert type(caught.value) is ChannelRefused
    with pytest.raises(ChannelRefused, match="is no e-mail address"):
        sent(mails, Message(title="x", target="a@b.c\nRCPT TO:<mallory@nb.test>"))


def test_a_target_and_people_who_are_mentioned(mails: MailServer) -> None:
    """They get it instead, and as well."""
    message = Message(title="for ann", target="ann@nb.test", mention=("carol@nb.test",))
    use(mails, lambda channel: channel.post(message, "key"))
    assert [len(mails.mails(name)) for name in ("team", "ann", "carol")] == [0, 1, 1]


def test_too_large(mails: MailServer) -> None:
    """What is too large goes without its files, and says which; code that is asked about has to be whole."""
    large = Image(b"x" * LONGEST_BYTES, name="large.png")
    mail = sent(mails, Message(title="large", images=(large,), whole_traceback="T"))
    assert parts(mail) == [("text/plain", "None"), ("text/html", "None")]
    body = mail.get_body(("plain",))
    assert body is not None
    assert (
        "Not attached: large.png, traceback.txt (the mail server takes 1,000,000 bytes" in body.get_content()
    )
    code = "x = 1\n" * LONGEST_BYTES
    with pytest.raises(ChannelRefused, match="the code cannot be shown whole"):
        sent(mails, Message(title="?", question=question("Large?", code=code)))


def test_long_code_goes_along(mails: MailServer) -> None:
    """A question's code that is too long to be read in a mail is a file as well, whole."""
    code = "".join(f"x = {n}\n" for n in range(5000))
    mail = sent(mails, Message(title="?", question=question("Long?", code=code)))
    (along,) = mail.iter_attachments()
    assert (along.get_filename(), along.get_content()) == ("cell.py", code)


def test_a_thread(mails: MailServer) -> None:
    """A decision and a reminder follow in the question's thread, for those who have it, and for the asker."""
    asked = question("Deploy?", approvers=("bob@nb.test",), asker="ann@nb.test")
    message = Message(title="Deploy?", question=asked)
    decision = Decision(
        question_id=asked.id,
        outcome=Outcome.REJECTED,
        decided_at=datetime.now(UTC),
        by=("bob@nb.test",),
        reason="not today",
    )

    async def work(channel: Channel) -> None:
        receipt = await channel.post(message, "key")
        await channel.remind(receipt, Message(title="5 min left: Deploy?", mention=("bob@nb.test",)), "more")
        await channel.update(receipt, replace(message, decision=decision))

    use(mails, work)
    first, reminder, end = mails.mails("team")
    assert [mail["In-Reply-To"] for mail in (reminder, end)] == [first["Message-ID"]] * 2
    assert end["Subject"] == f"Re: {first['Subject']}"
    assert len({mail["Message-ID"] for mail in (first, reminder, end)}) == 3
    assert "rejected by bob@nb.test: not today" in end.as_string()
    assert [len(mails.mails(name)) for name in ("ann", "bob")] == [1, 1]


def test_a_post_that_is_tried_again_has_the_same_id(mails: MailServer) -> None:
    """Programs that recognise what came twice can; another message has another id."""

    async def work(channel: Channel) -> None:
        for key in ("one", "one", "two"):
            await channel.post(Message(title="x"), key)

    use(mails, work)
    first, again, other = [mail["Message-ID"] for mail in mails.mails("team")]
    assert first == again != other
    assert first.endswith("@nb.test>")


@pytest.mark.parametrize(("security", "port"), [("starttls", "starttls"), ("tls", "tls")])
def test_a_certificate_that_nobody_vouches_for(
    mails: MailServer, security: str, port: str, tmp_path: Path
) -> None:
    """Nothing is sent, neither mail nor password; with the right authority it is."""
    way = {"security": security, "port": mails.ports[port]}
    strange = {"ca": str(Authority(tmp_path).file)}
    with pytest.raises(ChannelUnreachable, match=r"localhost:\d+: its certificate is not trusted"):
        sent(mails, Message(title="no"), tls=strange, **way)
    assert sent(mails, Message(title="yes"), **way)["Subject"] == "[nbalert] yes"


def test_security_is_not_given_up(mails: MailServer) -> None:
    """A server without STARTTLS gets nothing where that is what the settings say; nor one without TLS."""
    with pytest.raises(ChannelDenied, match="offers no STARTTLS"):
        sent(mails, Message(title="x"), port=mails.ports["plain"])
    with pytest.raises(ChannelUnreachable, match="it does not speak TLS on this port"):
        sent(mails, Message(title="x"), port=mails.ports["plain"], security="tls")
    with pytest.raises(ChannelDenied, match=r"530 .*Must issue a STARTTLS"):
        sent(mails, Message(title="x"), security="plain", username="", password=None)


def test_a_wrong_password(mails: MailServer) -> None:
    """The error says what to check, and not what it was."""
    with pytest.raises(ChannelDenied, match=r"535 .*; check username and password") as caught:
        sent(mails, Message(title="x"), password="pw-wrong")
    assert "pw-wrong" not in str(caught.value)


def test_problems(mails: MailServer) -> None:
    """Both servers are asked; a missing authserv_id is named from the mails that are there."""

    def problems(**options: Any) -> Any:
        return use(mails, lambda channel: channel.problems(), **options)

    assert problems() == []
    assert "535" in problems(password="pw-wrong")[0]
    (line,) = problems(imap_password="pw-wrong")
    assert "localhost does not open INBOX for bot" in line
    assert "pw-wrong" not in line
    (line,) = problems(mailbox="Nowhere")
    assert "check imap_username, imap_password and mailbox" in line
    mails.send(b"From: bob@nb.test\r\nSubject: hello\r\n\r\nhello\r\n", "bob")
    mails.settle()
    (line,) = problems(authserv_id="")
    assert line.endswith("Authentication-Results begin; the mails in your mailbox have mx.nb.test")
    (line,) = problems(authserv_id="mx.other.test")
    assert line == "no mail in the mailbox has been checked by mx.other.test; there are mx.nb.test"
    assert problems(imap_host="", authserv_id="") == []


def test_without_a_way_back_nobody_is_asked(mails: MailServer) -> None:
    """Not even by a mail: an answer would be read by nobody, or believed from anybody."""
    message = Message(title="Deploy?", question=question("Deploy?"))
    with pytest.raises(ChannelRefused, match="imap_host is missing"):
        sent(mails, message, imap_host="")
    with pytest.raises(ChannelRefused, match="authserv_id is missing"):
        sent(mails, message, authserv_id="")
    assert mails.mails("team") == []


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what to install; alerts are kept until that is done."""
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    channel = channels.build("team", {"kind": "email", "host": "h", "sender": "a@b.c", "to": ["a@b.c"]})
    with pytest.raises(ChannelDenied, match=r"team: sending mail needs .*pip install 'nbalert\[email\]'"):
        asyncio.run(channel.post(Message(title="x"), "key"))
    assert "pip install" in asyncio.run(channel.problems())[0]
    assert "nbalert[email]" in channels.missing_extra(type(channel))


def test_a_host_that_is_none(mails: MailServer) -> None:
    """Settings are to be mended, or a server is away: either is said in a line."""
    with pytest.raises(ChannelDenied, match="is no address; check host"):
        sent(mails, Message(title="x"), host="a" * 70 + ".test")
    with pytest.raises(ChannelUnreachable, match=r"127.0.0.1:9: cannot connect"):
        sent(mails, Message(title="x"), host="127.0.0.1", port=9)


def test_settings(mails: MailServer) -> None:
    """What is wrong is named by its key; ports follow what makes the connection safe."""
    for key, wrong in {
        "to": ["Ann <ann@x.org>"],
        "sender": "bot",
        "security": "none",
        "reply_to": "here",
        "trust_from": "yes",
        "approvers": ["bob"],
    }.items():
        with pytest.raises(SettingsError, match=rf"channels\.team\.{key}|{key}"):
            checked(mails, **{key: wrong})
    with pytest.raises(SettingsError, match="username and password belong together"):
        checked(mails, username="")
    assert checked(mails, port=0).smtp_port == 587
    assert checked(mails, port=0, security="tls").smtp_port == 465
    assert checked(mails, imap_port=0).imap_port_meant == 993
