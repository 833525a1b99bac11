from __future__ import annotations

from typing import Any

import pytest

from nbalert.eligibility import places_for
from nbalert.errors import CannotAsk, SettingsError
from nbalert.home import Home
from nbalert.process import client
from nbalert.terms import Terms
from tests.processes import settings_file

GROUPS = '[groups]\ndba = ["inbox:bob", "inbox:carol", "slack:U1"]\nchat = ["slack:U1"]\n'


def channel(name: str, *lines: str) -> str:
    """The table of an inbox on which the asker may answer."""
    return "\n".join([f"[channels.{name}]", 'kind = "inbox"', "allow_self = true", *lines, ""])


def approvers(home: Home, settings: str, **terms: Any) -> dict[str, tuple[str, ...]]:
    """Who may answer, by channel."""
    settings_file(home.root, settings)
    policies = places_for(client().settings, Terms(**{"channels": ["team"], **terms})).policies
    return {name: policy.approvers for name, policy in policies.items()}


@pytest.mark.parametrize(
    ("named", "chosen", "able"),
    [
        ('["group:dba"]', [], ("bob", "carol")),
        ('["bob", "group:dba", "eve"]', [], ("bob", "carol", "eve")),
        ('["group:dba", "eve"]', ["group:dba"], ("bob", "carol")),
        ('["bob", "eve"]', ["group:dba"], ("bob",)),
        ('["group:dba"]', ["carol"], ("carol",)),
        ('["anyone"]', ["group:dba"], ("bob", "carol")),
    ],
)
def test_groups_stand_for_their_members(home: Home, named: str, chosen: list[str], able: object) -> None:
    """A group is its members of the channel's kind, each once; a choice narrows and adds nobody."""
    settings = GROUPS + channel("team", f"approvers = {named}")
    assert approvers(home, settings, approvers=chosen) == {"team": able}


@pytest.mark.parametrize(
    ("named", "terms", "says"),
    [
        ('["group:ops"]', {}, "unknown group 'ops'; known to .*: chat, dba. Add to its .groups.: ops = "),
        ('["group:chat"]', {}, "channels.team.approvers: nobody of chat is on a channel of kind inbox"),
        ('["bob"]', {"approvers": ["group:ops"]}, "unknown group 'ops'"),
        ('["eve"]', {"approvers": ["group:dba"]}, "nobody of group:dba may answer on channel team"),
        ('["group:dba"]', {"approvers": ["eve"]}, "eve may not answer on channel team"),
        ('["group:dba"]', {"need": 3}, "--need 3: 2 may answer on channel team"),
        ('["group:dba"]', {"approvers": ["bob"], "need": 2}, "--need 2: 1 may answer"),
    ],
)
def test_nobody_could_answer(home: Home, named: str, terms: dict[str, Any], says: str) -> None:
    """The question is refused at once, and the error says what to mend."""
    with pytest.raises(CannotAsk, match=says):
        approvers(home, GROUPS + channel("team", f"approvers = {named}"), **terms)


def test_the_asker_does_not_count(home: Home) -> None:
    """Two are needed, and one of the two who may answer is the asker."""
    settings = 'me.inbox = "bob"\n' + GROUPS + '[channels.team]\nkind = "inbox"\napprovers = ["group:dba"]\n'
    with pytest.raises(CannotAsk, match=r"--need 2: 1 may answer on channel team besides yourself \(bob\)"):
        approvers(home, settings, need=2)


def test_each_channel_has_its_own_approvers(home: Home) -> None:
    """Several channels, and the one that is escalated to."""
    settings = (
        GROUPS
        + channel("team", 'approvers = ["bob"]', 'escalate_to = "oncall"', 'escalate_after = "15m"')
        + channel("oncall", 'approvers = ["group:dba"]')
        + channel("ops", 'approvers = ["eve"]')
    )
    assert approvers(home, settings, channels=["team", "ops"]) == {
        "team": ("bob",),
        "ops": ("eve",),
        "oncall": ("bob", "carol"),
    }
    places = places_for(client().settings, Terms(channels=["team", "ops"]))
    assert (places.channels, places.escalate_to, places.escalate_after_s) == (("team", "ops"), "oncall", 900)
    assert places_for(client().settings, Terms(channels=["team", "oncall"])).escalate_to == ""
    assert approvers(home, settings, approvers=["bob"])["oncall"] == ("bob",)


def test_an_escalation_adds_nobody_to_those_chosen(home: Home) -> None:
    """Where none of those chosen is on that channel it is not escalated."""
    settings = channel("team", 'approvers = ["bob"]', 'escalate_to = "oncall"')
    assert approvers(home, settings + channel("oncall", 'approvers = ["eve"]'), approvers=["bob"]) == {
        "team": ("bob",)
    }


def test_one_person_is_one_voice(home: Home) -> None:
    """On channels of two kinds somebody has two ids: where several are needed that is refused."""
    slack = '[channels.chat]\nkind = "slack"\ntoken = "file:t"\nchannel = "C1"\napprovers = ["U1", "U2"]\n'
    (home.root / "t").parent.mkdir(parents=True, exist_ok=True)
    (home.root / "t").write_text("xoxb-1")
    settings = slack + "allow_self = true\n" + channel("team", 'approvers = ["bob", "eve"]')
    both = {"channels": ["team", "chat"]}
    assert set(approvers(home, settings, **both)) == {"team", "chat"}
    with pytest.raises(CannotAsk, match="one person can have an id on each of team, chat"):
        approvers(home, settings, need=2, **both)


def test_an_escalation_to_nowhere(home: Home) -> None:
    """Is an error when asked, and names the line."""
    with pytest.raises(SettingsError, match=r"channels.team.escalate_to: unknown channel 'oncall'"):
        approvers(home, channel("team", 'approvers = ["bob"]', 'escalate_to = "oncall"'))
