"""The form for channels: its fields are filled in and its buttons pressed. A browser shows how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

import nbalert
from nbalert.channels import registry
from nbalert.errors import UnknownChannel
from nbalert.home import Home
from nbalert.message import Message, Receipt
from nbalert.settings import load
from nbalert.widgets.channel_form import ChannelForm
from tests.processes import wait_until

MINE = """# ours
[channels.team]   # see the wiki
kind = "slack"
token = "env:SLACK_BOT_TOKEN"  # read-only
channel = "C1"
approvers = ["U1", "U2"]

[me]
slack = "U9"
"""


class Diary(nbalert.Channel):
    """A kind of the notebook's own."""

    kind = "diary"
    Settings = nbalert.ChannelSettings

    async def post(self, message: Message, key: str) -> Receipt:
        """Said to nobody."""
        return Receipt(channel=self.name, reference=key)


class Filled:
    """A form, by the words that stand beside its fields."""

    def __init__(self, name: str = "") -> None:
        self.form = ChannelForm(name)

    def __getitem__(self, label: str) -> Any:
        return next(one for one in self._all() if getattr(one, "description", "") == label)

    def press(self, label: str) -> str:
        """What the form says to it at last."""
        self[label].click()
        wait_until(lambda: not self[label].disabled)
        return self.said

    @property
    def said(self) -> str:
        """What stands below the buttons."""
        return self.shown_as("status")

    def shown_as(self, role: str) -> str:
        """What screen readers know by a role; empty if nothing is there."""
        texts = (str(getattr(one, "value", "")) for one in self._all())
        return next((text for text in texts if f'role="{role}"' in text), "")

    def secret(self, key: str) -> Any:
        """The field for the name of a secret."""
        rows = (one for one in self._all() if isinstance(one, ipywidgets.HBox))
        return next(row for row in rows if row.children[0].description == key).children[1]

    def _all(self, box: Any = None) -> Iterator[Any]:
        for one in (box or self.form.box).children:
            yield one
            yield from self._all(one) if hasattr(one, "children") else ()


@pytest.fixture
def own(home: Home) -> Path:
    """The user's own file."""
    home.root.mkdir(mode=0o700)
    home.settings.write_text(MINE)
    return home.settings


def test_a_known_channel(own: Path, home: Home, tmp_path: Path) -> None:
    """Is filled in, and saved with what stands around it kept."""
    form = Filled("team")
    assert (form["Kind"].value, form["Name"].value, form["channel"].value) == ("slack", "team", "C1")
    assert (form["token"].value, form.secret("token").value) == ("env", "SLACK_BOT_TOKEN")
    assert (form["approvers"].value, form["me"].value) == ("U1, U2", "U9")
    form["channel"].value = "C2"
    assert "SLACK_BOT_TOKEN is not set" in form.press("Save")
    assert own.read_text() == MINE.replace("C1", "C2")
    with pytest.raises(UnknownChannel, match="did you mean team"):
        ChannelForm("taem")


def test_into_the_project(own: Path, home: Home, tmp_path: Path) -> None:
    """A channel of the project is its file's; who you are stays yours."""
    form = Filled()
    form["Kind"].value, form["Name"].value = "inbox", "mine"
    form["approvers"].value, form["me"].value = "anyone", "carl"
    form["Save in"].value, form["Make it the default channel"].value = True, True
    assert f"Saved as mine in {tmp_path / 'nbalert.toml'}" in form.press("Save")
    assert own.read_text() == MINE + 'inbox = "carl"\n'
    settings = load(tmp_path, home)
    assert (settings.default, settings.channel("mine").values["approvers"]) == ("mine", ["anyone"])


@pytest.mark.parametrize(
    ("place", "pasted"),
    [
        ("env", "xoxb-123-456"),
        ("file", "https://hooks.slack.com/services/T/B/x"),
        ("keyring", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl.abcdefghijklmnopqrstuvwxyz"),
        ("env", "pass!word"),
    ],
)
def test_what_is_no_name_is_taken_out(own: Path, place: str, pasted: str) -> None:
    """And nowhere in the state of any widget."""
    form = Filled()
    form["Kind"].value = "slack"
    form["token"].value = place
    form.secret("token").value = pasted
    assert "was taken out" in form.shown_as("alert")
    assert pasted not in str(ipywidgets.Widget.get_manager_state())
    assert "token: is needed" in form.press("Send a test")
    assert "was taken out" in form.shown_as("alert")


def test_a_name_may_come_before_its_place(own: Path) -> None:
    """It stays, and whether it is one there is asked when it is used."""
    form = Filled()
    form["Kind"].value = "webhook"
    form.secret("url").value = "hook.txt"
    assert "url: that is no environment variable" in form.press("Send a test")
    form["url"].value = "file"
    assert form.shown_as("alert") == ""
    assert "hook.txt cannot be read" in form.press("Send a test")


def test_a_click_comes_before_what_was_typed(own: Path, home: Home) -> None:
    """As it can where the kernel handles both on two threads: what was typed counts all the same."""
    form = Filled()
    form["Kind"].value = "inbox"
    form["Save"].click()
    form["Name"].value = "late"
    wait_until(lambda: not form["Save"].disabled)
    assert "Saved as late" in form.said


def test_what_is_missing_is_said(own: Path) -> None:
    """A name, and what a setting cannot be."""
    form = Filled()
    form["Kind"].value = "inbox"
    assert "give it a name" in form.press("Save")
    form["Name"].value, form["timeout_s"].value = "x", "soon"
    assert "timeout_s" in form.press("Save")
    assert own.read_text() == MINE


def test_a_class_of_the_notebook(own: Path, home: Home) -> None:
    """Has a form as any kind; it is tried once it is saved."""
    registry.add(Diary, {})
    try:
        form = Filled()
        form["Kind"].value, form["Name"].value = "diary", "log"
        assert "save it, then %nbalert test log" in form.press("Send a test")
        assert "Saved as log" in form.press("Save")
    finally:
        registry._classes.clear()


def test_taken_back(own: Path, home: Home) -> None:
    """What was saved, in both files that it changed, and what was removed: to the letter."""
    form = Filled()
    form["Kind"].value, form["Name"].value, form["me"].value = "inbox", "mine", "carl"
    form["Save in"].value = True
    assert "Saved as mine" in form.press("Save")
    project = home.root.parent / "nbalert.toml"
    assert project.exists()
    assert "As it was before" in form.press("Undo")
    assert (project.exists(), own.read_text()) == (False, MINE)
    form["Channel"].value = "team"
    assert "Removed team" in form.press("Remove")
    assert own.read_text() == '# ours\n[me]\nslack = "U9"\n'
    assert (form["Channel"].value, form["Name"].value) == ("", "")
    form.press("Undo")
    assert own.read_text() == MINE
    form["Channel"].value = "team"
    assert form["channel"].value == "C1"


def test_taken_back_too_late(own: Path) -> None:
    """A file that was changed since stays as it is; and the default channel is not removed."""
    form = Filled("team")
    form["channel"].value = "C2"
    form.press("Save")
    own.write_text(own.read_text() + "# mine\n")
    assert "changed since" in form.press("Undo")
    assert own.read_text().endswith("# mine\n")
    form["Make it the default channel"].value = True
    form.press("Save")
    assert "is the default channel; choose another first" in form.press("Remove")


def test_a_channel_of_the_list(own: Path) -> None:
    """Says in which file it stands, and is filled in; a new one after it is empty again."""
    form = Filled()
    assert [label for label, _ in form["Channel"].options] == [
        "a new one",
        "team: slack, in your own settings",
    ]
    form["Channel"].value = "team"
    assert (form["Name"].value, form["approvers"].value) == ("team", "U1, U2")
    form["Channel"].value = ""
    assert (form["Name"].value, form["approvers"].value) == ("", "")


def test_a_draft_of_the_inbox(own: Path) -> None:
    """Arrives without a name and without being saved."""
    form = Filled()
    form["Kind"].value = "inbox"
    assert "The test has arrived" in form.press("Send a test")
    assert own.read_text() == MINE
