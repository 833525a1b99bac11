"""E-mail from end to end: kernels and scripts, a courier, and a real Postfix and Dovecot."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import tomlkit

import nbalert
from nbalert.channels.email_words import token_of
from nbalert.history import exported, faults
from nbalert.home import Home
from nbalert.message import Message
from nbalert.process import client
from tests.channels.row_email import EmailRow, values
from tests.chat_servers.mail import MailServer
from tests.inboxes import question
from tests.kernels import Kernel
from tests.processes import Script, settings_file, wait_until

ASK = """
import nbalert
print(nbalert.ask("Deploy?", timeout=120, raises=False).sentence, flush=True)
"""
CLAIM = "Authentication-Results: mx.nb.test; dmarc=pass header.from=nb.test"


@pytest.fixture
def mails(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """The server, and a default channel `team` in the user's own settings: bob and carol may answer."""
    monkeypatch.setenv("MAIL_PASSWORD", "pw-bot")
    with EmailRow.open(tmp_path) as row:
        table = {**values(row.mails), "password": "env:MAIL_PASSWORD"}
        table["approvers"] = ["bob@nb.test", "carol@nb.test"]
        own = {"default": "team", "me": {"email": "ann@nb.test"}, "channels": {"team": table}}
        settings_file(home.root, tomlkit.dumps(own))
        yield row.mails


def question_mail(mails: MailServer) -> EmailMessage:
    """The question, once the team has it."""

    def found() -> list[EmailMessage]:
        return [mail for mail in mails.mails("team") if "[nb-" in mail["Subject"]]

    wait_until(lambda: bool(found()))
    return found()[0]


def text_of(mail: EmailMessage) -> str:
    """What it says."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_cell_that_asks(mails: MailServer, tmp_path: Path) -> None:
    """`%%ask` mails its body; a reply lets it run, another stops it; the thread and the asker hear of it."""
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        request = kernel.send("%%ask 'Drop table users?'\nprint('dropped')")
        asked = question_mail(mails)
        assert "print('dropped')" in text_of(asked)
        mails.send(mails.answer(asked["Message-ID"], "bob", "yes: go"), "bob")
        run = kernel.collect(request)
        assert (run.status, run.stdout) == ("ok", "dropped\n")
        wait_until(lambda: len(mails.mails("team")) == 2)
        assert "approved by Bob (bob@nb.test): go" in text_of(mails.mails("team")[1])
        assert [mail["In-Reply-To"] for mail in mails.mails("ann")] == [asked["Message-ID"]]
    mails.clear()
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        request = kernel.send("%%ask 'Drop table users?'\nprint('dropped')")
        mails.send(mails.answer(question_mail(mails)["Message-ID"], "carol", "no"), "carol")
        run = kernel.collect(request)
        assert (run.ename, run.stdout) == ("NotApproved", "")


def test_an_alert(mails: MailServer) -> None:
    """It leaves by the courier, once."""
    (receipt,) = nbalert.post(Message(title="Trained", result="0.9")).wait(60)
    assert receipt.channel == "team"
    (mail,) = mails.mails("team")
    assert "Result:\n0.9" in text_of(mail)


def test_forged_answers(mails: MailServer) -> None:
    """Who writes as an approver from outside decides nothing, as yes or as no; it is on record, with why.

    The mail knows everything that an answer has to know, and brings the word of the receiving server along,
    above its own headers, and among them. The approver in whose name it came is told. An approver's own
    answer counts afterwards.
    """
    with Script(ASK) as script:
        asked = question_mail(mails)
        forged = mails.answer(asked["Message-ID"], "bob", "yes")
        said_no = mails.answer(asked["Message-ID"], "carol", "no")
        for mail in (forged.as_bytes(), f"{CLAIM}\r\n".encode() + forged.as_bytes(), said_no.as_bytes()):
            mails.send(mail, "")
        stranger = mails.answer(asked["Message-ID"], "mallory", "yes")
        stranger.replace_header("From", '"bob@nb.test" <mallory@nb.test>')
        mails.send(stranger, "mallory")
        wait_until(lambda: len(told(mails, "bob")) == 2 and told(mails, "carol") and told(mails, "mallory"))
        assert "mx.nb.test does not vouch for its being from nb.test" in told(mails, "bob")[0]
        assert "you are not an approver" in told(mails, "mallory")[0]
        mails.send(mails.answer(asked["Message-ID"], "carol", "yes"), "carol")
        assert script.line() == "approved by Carol (carol@nb.test)"
    trail = json.dumps(exported(client())["trail"])
    assert trail.count("does not vouch") >= 3
    assert faults(client()) == []


def test_an_answer_to_another_question(mails: MailServer) -> None:
    """The token of one question and the thread of another decide neither."""
    with Script(ASK) as script:
        asked = question_mail(mails)
        other = {"Subject": f"Re: x [{token_of(question('Another?'))}]"}
        mails.send(mails.answer(asked["Message-ID"], "bob", "yes", **other), "bob")
        elsewhere = {"In_Reply_To": "<other@nb.test>", "References": "<other@nb.test>"}
        mails.send(mails.answer(asked["Message-ID"], "bob", "yes", **elsewhere), "bob")
        mails.send(mails.answer(asked["Message-ID"], "bob", "no: it is this one"), "bob")
        assert script.line() == "rejected by Bob (bob@nb.test): it is this one"


def told(mails: MailServer, name: str) -> list[str]:
    """What was said to that person about answers in their name."""
    return [text_of(mail) for mail in mails.mails(name) if mail["Auto-Submitted"] == "auto-replied"]
