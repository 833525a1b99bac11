from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbalert.client import Client
from nbalert.errors import ChannelDenied, ChannelRefused, CourierError, SettingsError
from nbalert.home import Home
from nbalert.message import Message, Receipt
from nbalert.pending import Pending
from nbalert.policy import Reply
from nbalert.question import Decision, Outcome
from tests.chat_servers.webhook import HANG, Webhook, status
from tests.inboxes import question
from tests.processes import settings_file, wait_until, webhook_table


@pytest.fixture
def client(home: Home, tmp_path: Path) -> Iterator[Client]:
    """A process's own side."""
    made = Client(home, tmp_path)
    yield made
    made.close(0)


def decided(outcome: Outcome = Outcome.REJECTED) -> Decision:
    """How a question ended."""
    return Decision(question_id="q", outcome=outcome, decided_at=datetime.now(UTC))


def test_the_first_decision_stays() -> None:
    """Of many threads one sets it, also one that is false; a callback may listen."""
    pending = Pending("q")
    heard: list[Receipt | Reply] = []
    pending.decided.add_done_callback(lambda done: pending.listen(heard.append))
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda outcome: won.append(pending.decide(decided(outcome))), args=(outcome,))
        for outcome in Outcome
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * (len(threads) - 1) + [True]
    pending.hear(Receipt(channel="c", reference="1"))
    assert len(heard) == 1


def test_who_listens_late_hears_all() -> None:
    """The receipt may be there before the view."""
    pending = Pending("q")
    receipt = Receipt(channel="c", reference="1")
    pending.hear(receipt)
    heard: list[Receipt | Reply] = []
    pending.listen(heard.append)
    assert heard == [receipt]


def test_receipts_in_the_order_of_the_channels(home: Home, client: Client) -> None:
    """One a channel, also where one of them is slower."""
    with Webhook() as one, Webhook() as two:
        one.plan(status(500))
        settings_file(home.root, webhook_table("one", one.url) + webhook_table("two", two.url))
        receipts = client.accept(Message(title="x"), ["one", "two"]).wait()
        assert [receipt.channel for receipt in receipts] == ["one", "two"]
        assert client.waiting() == 0


def test_what_is_kept_is_told(home: Home, client: Client) -> None:
    """Whoever waits hears what to mend, and it arrives when that has been done."""
    with Webhook() as one, Webhook() as two:
        one.always(status(401))
        settings_file(home.root, webhook_table("ci", one.url))
        posted = client.accept(Message(title="x"), ["ci"])
        with pytest.raises(ChannelDenied, match=r"check the token .*; it is kept, and sent once"):
            posted.wait()
        assert client.waiting() == 0
        assert "check the token" in _reason(client)
        settings_file(home.root, webhook_table("ci", two.url))
        assert client.settings
        two.until(lambda s: s.titles == ["x"])


def test_a_refusal_is_told(home: Home, client: Client) -> None:
    """By the channels that refused."""
    with Webhook() as server:
        server.always(status(413))
        settings_file(home.root, webhook_table("ci", server.url))
        with pytest.raises(ChannelRefused, match=r"ci: 127\.0\.0\.1 answered 413"):
            client.accept(Message(title="x"), ["ci", "inbox"]).wait()


def test_settings_are_read_again(home: Home, client: Client) -> None:
    """A channel that was added is there; the courier sends to an address that has changed."""
    with Webhook() as one, Webhook() as two:
        settings_file(home.root, webhook_table("ci", one.url))
        client.accept(Message(title="1"), ["ci"]).wait()
        assert client.settings is client.settings
        settings_file(home.root, webhook_table("ci", two.url) + webhook_table("new", one.url))
        assert "new" in client.settings.channels
        client.accept(Message(title="2"), ["ci"]).wait()
        assert (one.titles, two.titles) == (["1"], ["2"])


@pytest.fixture
def another(home: Home, tmp_path: Path) -> Iterator[Client]:
    """A second process's side."""
    made = Client(home, tmp_path)
    yield made
    made.close(0)


def test_who_read_last_counts(home: Home, client: Client, another: Client) -> None:
    """Also where that was what it had read before: a file that one process saw otherwise was put back."""
    with Webhook() as one, Webhook() as two:
        for n, (sender, server) in enumerate([(another, one), (client, two), (another, one)]):
            settings_file(home.root, webhook_table("ci", server.url))
            assert sender.settings
            sender.request({"do": "status"})  # what it has sent before has been heard then
            sender.accept(Message(title=str(n)), ["ci"]).wait()
        assert (one.titles, two.titles) == (["0", "2"], ["1"])


def test_messages_wait_for_broken_settings(home: Home, client: Client) -> None:
    """What a cell says while they are broken leaves when they are mended."""
    with Webhook() as server:
        path = settings_file(home.root, "default = ")
        posted = client.accept(Message(title="x"), ["ci"])
        assert "is not valid TOML" in _reason(client)
        path.write_text(webhook_table("ci", server.url))
        assert client.settings
        posted.wait(10)


def test_a_slip_in_the_settings_stops_no_alert(
    home: Home, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was read before stays in force, here and at the courier; it is said once, and asks fail."""
    with Webhook() as server:
        path = settings_file(home.root, webhook_table("ci", server.url))
        client.accept(Message(title="0"), [client.in_force.channel("ci").name]).wait(10)
        path.write_text(webhook_table("ci", server.url) + '[[handlers]]\nid = "h"\nchannel = "no"\n')
        for number in range(1, 3):
            client.accept(Message(title=str(number)), [client.in_force.channel("ci").name]).wait(10)
        assert server.titles == ["0", "1", "2"]
        assert capsys.readouterr().err.count("handlers.h.channel: unknown channel 'no'") == 1
        with pytest.raises(SettingsError, match="unknown channel"):
            client.settings  # noqa: B018


def _reason(client: Client) -> str:
    (waiting,) = client.request({"do": "status"})["waiting"]
    return str(waiting["reason"] or _reason(client))


def test_close_says_what_is_left(home: Home, tmp_path: Path) -> None:
    """It waits as long as it is told, and for nothing if nothing is on the way."""
    client = Client(home, tmp_path)
    with Webhook() as server:
        server.always(HANG)
        settings_file(home.root, webhook_table("ci", server.url))
        client.accept(Message(title="x"), ["ci"])
        server.until(lambda s: bool(s.requests))
        assert client.close(0.1) == 1
    assert not [t for t in threading.enumerate() if t.name.startswith("nbalert")]
    assert Client(home, tmp_path).close(100) == 0


def test_a_question_that_cannot_be_written_leaves_nothing(home: Home, client: Client) -> None:
    """Nobody waits for it; cancelling it is no second error."""
    home.root.mkdir()
    home.spool.write_text("")
    pending = Pending("q")
    with pytest.raises(OSError, match="spool"):
        client.ask(Message(title="?", question=question()), "inbox", pending)
    assert client._questions == {}
    client.cancel(pending, "interrupted")


def test_a_request_without_a_courier(home: Home, client: Client) -> None:
    """The error says why there is none."""
    home.store.mkdir(parents=True)

    def says_why() -> bool:
        with pytest.raises(CourierError, match="no answer from the courier") as caught:
            client.request({"do": "status"}, timeout_s=0.5)
        return "the courier cannot run here: " in str(caught.value) and "store" in str(caught.value)

    wait_until(says_why)
    with pytest.raises(CourierError):
        client.request({"do": "status"}, timeout_s=0)
