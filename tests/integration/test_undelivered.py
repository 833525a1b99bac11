"""What cannot be delivered, from the failure to the second try."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nbalert
from nbalert.__main__ import main
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.webhook import OK, Webhook, status
from tests.person import Person
from tests.processes import settings_file, wait_until, webhook_table


@pytest.fixture
def server(home: Home) -> Iterator[Webhook]:
    """The channel `ci`."""
    with Webhook() as served:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", served.url))
        yield served
        finish()
        stop_courier(home)


def inbox_titles() -> list[str]:
    """What the inbox of this machine shows."""
    with Person(str(client().request({"do": "link", "base": "", "person": "bob"}))) as person:
        return person.titles


def delivered() -> list[str]:
    """What the courier knows to have arrived."""
    rows = client().request({"do": "history", "limit": 9, "state": "delivered"})
    return [row["title"] for row in rows]


@pytest.mark.parametrize("code", [400, 413])
def test_given_up_and_sent_again(code: int, server: Webhook, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with its reason, the inbox hears once of the row, and retry sends it when all is well."""
    server.always(status(code))
    for title in ("one", "two"):
        with pytest.raises(nbalert.ChannelError):
            nbalert.post(title).wait(60)
    assert main(["history", "--failed"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert ["one" in line or "two" in line for line in listed] == [True, True]
    assert all(str(code) in line for line in listed)
    assert inbox_titles() == ["Channel ci does not deliver"]
    server.always(OK)
    ids = listed[0].rpartition("[")[2].rstrip("]")
    assert main(["retry", ids]) == 0
    wait_until(lambda: delivered() == ["one"], 30)
    assert main(["retry"]) == 0
    wait_until(lambda: delivered() == server.titles == ["one", "two"], 30)
    assert main(["retry"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 delivery is tried again",
        "1 delivery is tried again",
        "nothing to send again: nothing of that was given up, and nothing is kept",
    ]
    assert main(["history", "--failed"]) == 0
    assert capsys.readouterr().out == "everything has arrived\n"


def test_kept_and_sent_at_once(server: Webhook, capsys: pytest.CaptureFixture[str]) -> None:
    """A revoked token keeps alerts; status, history and inbox say so, and retry waits for nothing."""
    server.always(status(401))
    nbalert.post("one")
    wait_until(lambda: inbox_titles() == ["Channel ci does not deliver"], 30)
    main(["status"])
    main(["history", "--failed"])
    shown = capsys.readouterr().out
    assert shown.count("answered 401") == 2
    server.always(OK)
    assert main(["retry"]) == 0
    wait_until(lambda: server.titles == ["one"], 30)


HANDLER = '[[handlers]]\nid = "nightly"\ntopic = "nightly"\nchannel = "ci"\n'


@pytest.mark.parametrize(("more", "topic"), [(HANDLER, "nightly"), ("global = true\n", "")])
def test_kept_where_no_sender_waits(more: str, topic: str, server: Webhook, home: Home) -> None:
    """What a channel hears by a topic, or as it hears everything, is told of by the inbox as well."""
    settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", server.url, more))
    server.always(status(403))
    nbalert.post("one", channel="inbox", topic=topic).wait(60)
    says = "Channel ci does not deliver"
    wait_until(lambda: says in inbox_titles(), 30)
    server.always(OK)
    assert main(["retry"]) == 0
    wait_until(lambda: server.titles == ["one"], 30)
