from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalert.handlers import Handler
from nbalert.matching import Alert, Change, Hearing, Router, grouped
from nbalert.message import Level

ALERT = Alert(
    topic="nightly",
    level=Level.WARNING,
    title="load failed after 2 s",
    name="load",
    notebook="/home/ann/reports/sales.ipynb",
    duration_s=90.0,
    metadata={"region": "eu", "rows": 3, "is_full": True},
)


def router(*handlers: Mapping[str, Any], **hears: bool) -> Router:
    """Handlers `h0`, `h1` … on a channel `c`."""
    tables = ({"id": f"h{number}", "channel": "c", **one} for number, one in enumerate(handlers))
    return Router((Handler.model_validate(one) for one in tables), hears)


def heard(router: Router, alert: Alert, change: Change) -> list[Hearing]:
    """What meets all filters."""
    return [one for one in router.hearings(alert, change) if not one.lacks]


FILTERS: list[tuple[dict[str, Any], bool, str]] = [
    ({"topic": "night*"}, True, ""),
    ({"topic": "Night*"}, False, ""),
    ({"topic": "[mn]ightl?"}, True, ""),
    ({"levels": ["warning", "CRITICAL"]}, True, ""),
    ({"levels": ["CRITICAL"]}, False, "levels"),
    ({"name": "load"}, True, ""),
    ({"name": "load failed*"}, True, ""),
    ({"name": "oad"}, False, "name"),
    ({"notebook": "sales.ipynb"}, True, ""),
    ({"notebook": "reports/*.ipynb"}, True, ""),
    ({"notebook": "/home/*"}, True, ""),
    ({"notebook": "ales.ipynb"}, False, "notebook"),
    ({"longer_than": "1m"}, True, ""),
    ({"longer_than": 90}, False, "longer_than"),
    ({"metadata": {"region": "eu", "rows": 3}}, True, ""),
    ({"metadata": {"region": "us"}}, False, "metadata.region"),
    ({"metadata": {"rows": "3"}}, False, "metadata.rows"),
    ({"metadata": {"is_full": 1}}, False, "metadata.is_full"),
    ({"metadata": {"missing": ""}}, False, "metadata.missing"),
    ({"enabled": False}, False, ""),
]


@pytest.mark.parametrize(("table", "is_met", "lacks"), FILTERS)
def test_filters(table: Mapping[str, Any], is_met: bool, lacks: str) -> None:
    """Each by itself; what is not met is named."""
    found = list(router(table).hearings(ALERT, Change(Level.OK, Level.WARNING)))
    assert [one.lacks for one in found] == ([""] if is_met else [lacks] if lacks else [])


RULES: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "OK", "OK", ""),
    ({"state_changes_only": True}, "OK", "OK", "state_changes_only"),
    ({"state_changes_only": True}, "WARNING", "CRITICAL", ""),
    ({"state_changes_only": True}, "CRITICAL", "INFO", ""),
    ({"recoveries": False}, "CRITICAL", "OK", "recoveries"),
    ({"recoveries": False}, "WARNING", "INFO", "recoveries"),
    ({"recoveries": False}, "OK", "OK", ""),
    ({"recoveries": False, "state_changes_only": True}, "OK", "WARNING", ""),
    ({"levels": ["CRITICAL"]}, "CRITICAL", "OK", ""),
    ({"levels": ["CRITICAL"]}, "WARNING", "OK", "levels"),
    ({"levels": ["CRITICAL"], "recoveries": False}, "CRITICAL", "OK", "recoveries"),
    ({"levels": ["CRITICAL"]}, "CRITICAL", "WARNING", "levels"),
]


@pytest.mark.parametrize(("table", "before", "now", "why"), RULES)
def test_rules_about_changes(table: Mapping[str, Any], before: str, now: str, why: str) -> None:
    """Who hears that something fails hears that it does no longer, unless that is not wanted."""
    change = Change(Level[before], Level[now])
    (found,) = router(table).hearings(ALERT._replace(level=change.now), change)
    assert (found.lacks or found.rule) == why


TOPICS = st.text("ab", min_size=1, max_size=2)
TABLES = st.fixed_dictionaries(
    {"topic": st.sampled_from(["a", "b", "ab", "a*", "?b", "*"]), "channel": st.sampled_from("xyz")},
    optional={
        "levels": st.lists(st.sampled_from(list(Level.__members__)), min_size=1, max_size=2),
        "state_changes_only": st.booleans(),
        "recoveries": st.booleans(),
        "enabled": st.booleans(),
    },
)


def naive(tables: list[dict[str, Any]], topic: str, change: Change) -> set[str]:
    """The channels that hear it, said in the words of the documentation."""
    channels = set()
    for table in tables:
        levels = {Level[word] for word in table.get("levels", Level.__members__)}
        is_recovery = change.before >= Level.WARNING and change.now < Level.WARNING
        level_fits = change.now in levels or (is_recovery and change.before in levels)
        is_wanted = not (table.get("state_changes_only") and change.before == change.now)
        is_wanted = is_wanted and not (is_recovery and not table.get("recoveries", True))
        if table.get("enabled", True) and fnmatchcase(topic, table["topic"]) and level_fits and is_wanted:
            channels.add(table["channel"])
    return channels


@given(st.lists(TABLES, max_size=6), TOPICS, st.sampled_from(Level), st.sampled_from(Level))
def test_channels_are_those_of_the_words(
    tables: list[dict[str, Any]], topic: str, before: Level, now: Level
) -> None:
    """Whatever the handlers and their order: a channel hears it if one of its handlers has it hear."""
    change = Change(before, now)
    hearings = router(*tables).hearings(ALERT._replace(topic=topic, level=now), change)
    groups = grouped(hearings, lambda one: False)
    assert {channel for channel, group in groups.items() if group.first} == naive(tables, topic, change)


def test_a_chain_of_topics_is_gone_along_once() -> None:
    """Each handler once, by the topic that came first; one that keeps quiet does not publish."""
    tables: list[dict[str, Any]] = [
        {"topic": "a", "publish": ["b", "c"]},
        {"topic": "b", "publish": ["c"]},
        {"topic": "c", "channel": "x"},
        {"topic": "a", "publish": ["d"], "levels": ["CRITICAL"]},
        {"topic": "d", "channel": "y"},
    ]
    found = heard(router(*tables), ALERT._replace(topic="a"), Change(Level.OK, Level.WARNING))
    assert [(one.handler.id, one.topic) for one in found] == [("h0", "a"), ("h1", "b"), ("h2", "c")]


def test_one_that_delivers_comes_before_one_that_digests() -> None:
    """What is critical is told at once, though all of it also stands in a digest of that channel."""
    tables: list[dict[str, Any]] = [{"aggregate": {"interval": 60}}, {"levels": ["CRITICAL"]}]
    for level, first in ((Level.CRITICAL, "h1"), (Level.WARNING, "h0")):
        hearings = router(*tables).hearings(ALERT._replace(level=level), Change(Level.OK, level))
        handler = grouped(hearings, lambda one: False)["c"].first
        assert handler
        assert handler.id == first


def test_who_hears_everything_hears_any_topic() -> None:
    """Also none; with state_changes_only only changes."""
    who = router(everything=False, changes=True)
    assert who.is_subscribed("x")
    for before, channels in ((Level.OK, ["everything", "changes"]), (Level.WARNING, ["everything"])):
        found = heard(who, ALERT._replace(topic=""), Change(before, Level.WARNING))
        assert [one.handler.channel for one in found if not one.rule] == channels
