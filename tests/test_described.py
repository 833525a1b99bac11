from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from nbalert.described import Form, described, flat, nested, setting_of
from nbalert.durations import parse_duration, written
from nbalert.errors import SettingsError
from nbalert.fields import ChannelSettings, Duration, LocalPath, Secret, SecretUrl


class Wide(ChannelSettings):
    """One setting of every form."""

    token: Secret | None = Field(None, description="Secret")
    url: SecretUrl
    place: str = ""
    file: LocalPath | None = None
    pace: Duration = 1.0
    rest: Duration | None = None
    often: Annotated[int, Field(gt=0)] | None = None
    style: Literal["a", "b"] = "a"
    colours: dict[str, str] = Field(default_factory=dict)
    topics: dict[str, SecretUrl] = Field(default_factory=dict)
    where: str | list[str] = ""


SETTINGS = {one.key: one for one in described(Wide)}


def test_every_form() -> None:
    """A form knows what to show, whatever the type is written like."""
    forms = {key: one.form for key, one in SETTINGS.items()}
    assert forms["token"] is forms["url"] is Form.SECRET
    assert forms["place"] is forms["file"] is forms["tls.ca"] is Form.TEXT
    assert forms["often"] is forms["timeout_s"] is Form.NUMBER
    assert forms["pace"] is forms["rest"] is forms["fold"] is Form.DURATION
    assert forms["tls.verify"] is forms["global"] is Form.SWITCH
    assert forms["approvers"] is Form.LIST
    assert forms["style"] is Form.CHOICE
    assert forms["colours"] is forms["where"] is Form.OTHER
    assert SETTINGS["style"].choices == ("a", "b")
    assert SETTINGS["url"].is_required
    assert SETTINGS["tls.verify"].default is True
    assert SETTINGS["token"].help == "Secret"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("place", "123", "123"),
        ("approvers", "a, b,", ["a", "b"]),
        ("approvers", '["a,b"]', ["a,b"]),
        ("allow_self", "Yes", True),
        ("often", "3", 3),
        ("pace", "1h30m", "1h30m"),
        ("colours", '{ OK = "green" }', {"OK": "green"}),
        ("token", "env:X", "env:X"),
    ],
)
def test_values(key: str, text: str, value: Any) -> None:
    """What is typed becomes what stands in the file: an id of digits stays a text."""
    assert SETTINGS[key].value(text) == value


def test_a_switch_is_on_or_off() -> None:
    """Anything else is told, and not guessed."""
    with pytest.raises(SettingsError, match="allow_self is true or false"):
        SETTINGS["allow_self"].value("maybe")


def test_tables_in_tables() -> None:
    """`tls.ca` stands for a table in a table, there and back."""
    values = {"kind": "x", "tls": {"ca": str(Path("ca.crt")), "verify": False}}
    assert dict(flat(values)) == {"kind": "x", "tls.ca": "ca.crt", "tls.verify": False}
    assert nested(flat(values)) == values


def test_entries_of_a_table() -> None:
    """What one may name oneself is a setting as well, and a secret where its like are."""
    topic, colour = setting_of(SETTINGS, "topics.ann"), setting_of(SETTINGS, "colours.OK")
    assert topic is not None
    assert colour is not None
    assert (topic.form, topic.value("env:X")) == (Form.SECRET, "env:X")
    assert colour.form is Form.TEXT
    assert setting_of(SETTINGS, "tls.ca") is SETTINGS["tls.ca"]
    assert [setting_of(SETTINGS, key) for key in ("tls.x", "place.x", "x", "x.y")] == [None] * 4


def test_defaults_are_shown_as_one_would_write_them() -> None:
    """A duration with its unit, a list with commas; nothing for a secret, nor where there is none."""
    keys = ("pace", "timeout_s", "tls.verify", "style", "reject")
    shown = {key: SETTINGS[key].default_text for key in keys}
    assert shown == {
        "pace": "1s",
        "timeout_s": "10",
        "tls.verify": "true",
        "style": "a",
        "reject": "decline, disapprove, no, reject",
    }
    assert {SETTINGS[key].default_text for key in ("token", "url", "rest", "place", "approvers")} == {""}
    for text in (SETTINGS[key].default_text for key in ("pace", "fold", "escalate_after")):
        assert written(parse_duration(text)) == text
