from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbalert
from nbalert.asking import hold, put
from nbalert.errors import CannotAsk, NotApproved, UnknownChannel
from nbalert.home import Home
from nbalert.process import client
from nbalert.question import Outcome
from nbalert.teammate import Teammate
from nbalert.terms import Terms
from tests.chat_servers.webhook import Webhook
from tests.inboxes import Inbox
from tests.person import Person
from tests.processes import settings_file, webhook_table


def link(name: str) -> str:
    """To the built-in inbox."""
    return str(client().request({"do": "link", "base": "", "person": name}))


@pytest.fixture
def bob(home: Home) -> Iterator[Person]:
    """Somebody at the inbox."""
    with Person(link("bob")) as person:
        yield person


def test_yes_and_no(home: Home, bob: Person) -> None:
    """Approved returns; anything else raises, or is false where that was asked for."""
    with Teammate(link("carol"), [("Deploy", "yes: go"), ("Drop", "no: never")]):
        decision = nbalert.ask("Deploy?")
        assert decision
        assert decision.sentence == "approved by carol: go"
        with pytest.raises(NotApproved, match=r"^rejected by carol: never$") as caught:
            nbalert.ask("Drop?")
        assert caught.value.decision.outcome is Outcome.REJECTED
        assert not nbalert.ask("Drop it?", raises=False)
        assert asyncio.run(nbalert.ask_async("Deploy again?"))


def test_a_question_that_reached_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told what held it up, not that nobody decided; once a chat has it, the latter."""
    monkeypatch.setenv("WHSEC", f"whsec_{base64.b64encode(bytes(32)).decode()}")
    answers = (
        'answers_url = "http://127.0.0.1:9"\nsecret = "env:WHSEC"\napprovers = ["bob"]\nallow_self = true\n'
    )
    with Webhook() as server:
        settings_file(home.root, f"{webhook_table('ci', server.url)}\n{answers}")
        server.down()
        lost = nbalert.ask("Drop?", channel="ci", timeout="2s", raises=False)
        says = "expired: not delivered in time: ci: 127.0.0.1: cannot connect: nothing listens there"
        assert lost.sentence == says
        server.up()
        nbalert.post("It is back", channel="ci").wait()
        late = nbalert.ask("Deploy?", channel="ci", timeout="2s", raises=False)
        assert late.sentence == "expired: nobody decided in time"


def test_an_approval_serves_one_run(home: Home, bob: Person) -> None:
    """The same decision used by another run is an error, and false."""
    one, two = put("Deploy?", Terms()), put("Drop?", Terms())
    bob.answer("Deploy?", "yes").raise_for_status()
    decision = one.pending.decided.result(20)
    assert hold(one, raises=False)
    two.question = one.question.__class__(
        **{name: getattr(one.question, name) for name in one.question.__slots__ if name != "run"}, run="x"
    )
    assert (
        two.settle(decision).sentence == "error: the approval was already used, or is for another run or code"
    )
    two.cancel("done")


def test_it_expires(home: Home) -> None:
    """In time, and false."""
    began = time.monotonic()
    assert nbalert.ask("?", timeout="1s", raises=False).outcome is Outcome.EXPIRED
    assert time.monotonic() - began < 10


def test_a_task_that_is_cancelled(home: Home, bob: Person) -> None:
    """The question is cancelled with it, in the chat too."""

    async def work() -> None:
        asking = asyncio.create_task(nbalert.ask_async("Deploy?"))
        await asyncio.to_thread(bob.message, "Deploy?")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(work())
    assert bob.decision("Deploy?")["outcome"] == "cancelled"


def test_cancelled_while_its_post_is_in_flight(home: Home, bob: Person) -> None:
    """Whenever the cancellation comes, the chat shows in the end that it is over."""
    for n in range(10):
        asked = put(f"Deploy {n}?", Terms())
        threading.Event().wait(0.003 * n)
        asked.cancel("never mind")
        assert hold(asked, raises=False).sentence == "cancelled: never mind"
    for n in range(10):
        assert bob.decision(f"Deploy {n}?")["outcome"] == "cancelled"


def test_a_question_that_is_refused(home: Home, tmp_path: Path) -> None:
    """A channel that does not take it is an error at once, and false: nobody waits."""
    with Inbox(tmp_path / "team") as inbox:
        (tmp_path / "token").write_text("a.b")
        settings_file(
            tmp_path,
            f'[channels.team]\nkind = "inbox"\nurl = "{inbox.url}"\ntoken = "file:token"\n'
            'approvers = ["bob"]\nallow_self = true\n',
        )
        decision = nbalert.ask("Deploy?", channel="team", raises=False)
    assert decision.outcome is Outcome.ERROR
    assert "401" in decision.reason
    assert "check the token" in decision.reason


INBOX = '[channels.team]\nkind = "inbox"\n'


MAIL = '[channels.team]\nkind = "email"\nhost = "h"\nsender = "a@h.org"\nto = ["bob@h.org"]\n'


@pytest.mark.parametrize(
    ("table", "terms", "says"),
    [
        (INBOX, {}, "channels.team.approvers is missing: name who may answer"),
        (INBOX + 'approvers = ["bob"]', {"approvers": ["eve"]}, "eve may not answer on channel team"),
        (INBOX + 'approvers = ["bob"]', {"approvers": ["anyone"]}, "anyone may not answer on channel team"),
        (INBOX + 'approvers = ["bob"]', {"need": 2}, "--need 2: 1 may answer"),
        (INBOX + 'approvers = ["bob", "bob"]', {"need": 2}, "--need 2: 1 may answer"),
        ('me.inbox = "bob"\n' + INBOX + 'approvers = ["bob"]', {}, "--need 1: 0 may answer"),
        (INBOX + 'approvers = ["bob"]\nenabled = false', {}, "channel team is switched off"),
        (INBOX + 'url = "http://x"\napprovers = ["bob"]', {}, "who are you there? Add to your own settings"),
        (
            webhook_table("team", "http://x"),
            {},
            "without answers_url; ask on a channel that can: inbox",
        ),
        (
            MAIL,
            {},
            "imap_host is missing: the server on which answers arrive; ask on a channel",
        ),
    ],
)
def test_what_nobody_could_answer_is_not_asked(
    table: str, terms: dict[str, object], says: str, home: Home
) -> None:
    """The error says what is missing; nothing is sent."""
    settings_file(home.root, table)
    with pytest.raises(CannotAsk) as caught:
        nbalert.ask("?", channel="team", **terms)  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert not home.spool.exists()


def test_an_unknown_channel(home: Home) -> None:
    """Is named with the known ones."""
    with pytest.raises(UnknownChannel, match="known channels: inbox"):
        nbalert.ask("?", channel="imbox")


def test_two_have_to_approve(home: Home, bob: Person) -> None:
    """One is not enough, also if twice; each voice is heard by the asker."""
    asked = put("Deploy?", Terms(need=2))
    heard: list[str] = []
    asked.pending.listen(lambda one: heard.append(type(one).__name__))
    for _ in range(2):
        bob.answer("Deploy?", "yes").raise_for_status()
    with Person(link("carol")) as carol:
        assert not asked.pending.decided.done()
        carol.answer("Deploy?", "ok").raise_for_status()
        assert hold(asked, raises=False).sentence == "approved by bob, carol"
    assert heard == ["Receipt", "Reply", "Reply", "Reply"]


def test_a_black_hole_is_no_approval(home: Home, tmp_path: Path) -> None:
    """A question that never arrives expires."""
    with Webhook() as hole:
        hole.down()
        (tmp_path / "token").write_text("a.b")
        settings_file(
            tmp_path,
            f'[channels.team]\nkind = "inbox"\nurl = "http://127.0.0.1:{hole.port}"\ntoken = "file:token"\n'
            'approvers = ["bob"]\nallow_self = true\n',
        )
        assert nbalert.ask("?", channel="team", timeout=1, raises=False).outcome is Outcome.EXPIRED
