from __future__ import annotations

import stat
from pathlib import Path

import pytest

from nbalert.errors import SettingsError, UnknownChannel
from nbalert.home import Home
from nbalert.settings import load
from nbalert.settings_file import SettingsFile

CI = {"kind": "webhook", "url": "env:CI_WEBHOOK"}
MINE = """# mine
exit_wait = 3   # short

# the team's
[channels.team]   # see the wiki
kind = "webhook"  # plain
url = "env:A"     # secret

# who I am

[me]
inbox = "carl"
"""


@pytest.fixture
def own(home: Home, tmp_path: Path) -> SettingsFile:
    """The user's own file, with comments in it."""
    home.root.mkdir(mode=0o700)
    home.settings.write_text(MINE)
    return SettingsFile(home, tmp_path)


def test_a_first_channel_makes_the_file(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is its owner's alone, and is what `load` reads."""
    monkeypatch.setenv("CI_WEBHOOK", "http://127.0.0.1:9/")
    assert SettingsFile(home, tmp_path).add("ci", {**CI, "tls": {"verify": False}}) == ""
    assert load(tmp_path, home).channel("ci").values == {**CI, "tls": {"verify": False}}
    assert stat.S_IMODE(home.settings.stat().st_mode) == 0o600


def test_comments_and_order_stay(own: SettingsFile) -> None:
    """A new channel stands at the end, a default below the other values; all else is as it was written."""
    own.add("ci", {**CI, "approvers": ["a", "b"]})
    own.choose_default("ci")
    own.add("team", {"kind": "webhook", "url": "env:B"}, replaces=True)
    table = '[channels.ci]\nkind = "webhook"\nurl = "env:CI_WEBHOOK"\napprovers = ["a", "b"]\n'
    expected = MINE.replace("# short\n", '# short\ndefault = "ci"\n').replace("env:A", "env:B")
    assert own.path.read_text() == f"{expected}\n{table}"
    own.choose_default("team")
    own.remove("ci")
    assert own.path.read_text() == expected.replace('"ci"', '"team"')


def test_a_comment_that_is_about_what_follows_stays(own: SettingsFile) -> None:
    """A table goes with its tables and comments, and not with those of the next one."""
    text = '[channels.ci]\nkind = "webhook"\nurl = "env:A"  # a\n[channels.ci.tls]\nverify = false\n\n'
    own.path.write_text(MINE.replace("# the team's", f"{text}# the team's"))
    own.remove("ci")
    assert own.path.read_text() == MINE


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"kind": "webhook", "url": "https://hooks.example.org/x"}, 'write url = "env:CI_URL"'),
        ({"kind": "webhook"}, "channels.ci.url: is needed"),
        ({**CI, "tokn": "x"}, "unknown key channels.ci.tokn"),
        ({**CI, "timeout_s": -1}, "channels.ci.timeout_s"),
        ({"kind": "webhok", "url": "env:A"}, "unknown kind of channel 'webhok'"),
    ],
)
def test_what_is_wrong_is_not_written(
    own: SettingsFile, values: dict[str, object], says: str, tmp_path: Path
) -> None:
    """One line says what, and never a secret; the file is as it was, and nothing lies beside it."""
    with pytest.raises(SettingsError) as raised:
        own.add("ci", values)
    assert says in str(raised.value)
    assert "hooks.example.org" not in str(raised.value)
    assert own.path.read_text() == MINE
    assert [path.name for path in own.path.parent.iterdir()] == ["nbalert.toml"]


def test_a_secret_that_is_not_there_yet_is_said(own: SettingsFile) -> None:
    """The channel is written all the same: the variable may be set later."""
    assert "CI_WEBHOOK is not set" in own.add("ci", CI)
    assert "[channels.ci]" in own.path.read_text()


def test_no_secret_is_written_into_a_table_of_them(own: SettingsFile) -> None:
    """A private topic of ntfy's is a password, too."""
    values = {"kind": "ntfy", "topic": "env:TOPIC", "topics": {"bob": "b0b-t0pic"}, "approvers": ["bob"]}
    with pytest.raises(SettingsError, match=r"topics.bob is a secret.*env:PHONE_TOPICS_BOB") as raised:
        own.add("phone", values)
    assert "b0b" not in str(raised.value)
    own.add("phone", {**values, "topics": {"bob": "env:BOB"}})
    assert own.path.read_text().count("env:BOB") == 1


@pytest.mark.parametrize(
    ("name", "says"), [("a b", "should match pattern"), ("team", "has a channel team already")]
)
def test_a_name_that_cannot_be(own: SettingsFile, name: str, says: str) -> None:
    """Neither one that no option could name, nor one that is taken."""
    with pytest.raises(SettingsError, match=says):
        own.add(name, CI)
    assert own.path.read_text() == MINE


def test_what_is_needed_is_not_removed(own: SettingsFile) -> None:
    """The default channel stays; what is not in the file cannot be taken out of it."""
    own.choose_default("team")
    with pytest.raises(SettingsError, match="team is the default channel; choose another first"):
        own.remove("team")
    with pytest.raises(SettingsError, match=r"unknown channel 'tema'.*did you mean team"):
        own.remove("tema")


def test_a_default_that_does_not_exist_everywhere_is_refused(own: SettingsFile, tmp_path: Path) -> None:
    """The own file counts for all projects: a channel of one of them cannot be its default."""
    project = SettingsFile(Home.find(), tmp_path, is_project=True)
    project.add("ci", CI)
    with pytest.raises(UnknownChannel):
        own.choose_default("ci")
    assert project.choose_default("ci") == ""
    assert own.choose_default("team") == "ci"


def test_a_project_file(own: SettingsFile, tmp_path: Path) -> None:
    """The nearest one is changed, and stays as open as it was; a channel of the own file is no project's."""
    file = tmp_path / "nbalert.toml"
    file.write_text("# ours\n")
    file.chmod(0o664)
    (tmp_path / "sub").mkdir()
    project = SettingsFile(Home.find(), tmp_path / "sub", is_project=True)
    project.add("ci", CI)
    assert file.read_text().startswith("# ours\n\n[channels.ci]\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
    with pytest.raises(SettingsError, match="rename one of them"):
        project.add("team", CI)


@pytest.mark.parametrize(
    "text", ["channels = 7\n", "a = [\n", 'channels = { team = { kind = "webhook" } }\n']
)
def test_a_file_that_cannot_be_changed_stays(own: SettingsFile, text: str) -> None:
    """Broken, or written in a form that a new table does not fit into: one line, and nothing is lost."""
    own.path.write_text(text)
    with pytest.raises(SettingsError, match=r"nbalert\.toml"):
        own.add("ci", CI)
    assert own.path.read_text() == text


def test_a_link_stays_a_link(own: SettingsFile, tmp_path: Path) -> None:
    """Settings that are kept elsewhere, by a link, are changed there."""
    own.path.rename(tmp_path / "kept.toml")
    own.path.symlink_to(tmp_path / "kept.toml")
    own.add("ci", CI)
    assert own.path.is_symlink()
    assert "[channels.ci]" in (tmp_path / "kept.toml").read_text()


def test_who_you_are(own: SettingsFile, home: Home, tmp_path: Path) -> None:
    """In the table that is there, or in a new one; what stands around it stays."""
    own.introduce("slack", "U1")
    assert own.path.read_text() == MINE.replace('"carl"\n', '"carl"\nslack = "U1"\n')
    own.path.write_text("# mine\n")
    own.introduce("slack", "U2")
    assert own.path.read_text() == '# mine\n\n[me]\nslack = "U2"\n'
    assert load(tmp_path, home).me == {"slack": "U2"}
