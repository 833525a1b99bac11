from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nbalert import channels
from nbalert.courier.project import Project
from nbalert.errors import SettingsError, UnknownChannel
from nbalert.home import Home
from nbalert.network import Network
from nbalert.settings import Settings, Watch, load, load_project, project_key
from tests.processes import settings_file, webhook_table

SECRET = "https://hooks.example.org/T0/s3cr3t"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def loaded(start: Path, home: Home, **env: str) -> Settings:
    """Settings with an environment of their own."""
    return load(start, home, env)


def refusal(start: Path, home: Home, env: dict[str, str] | None = None) -> str:
    """Why the settings, or their channel `team`, are wrong."""
    with pytest.raises(SettingsError) as caught:
        channels.check(load(start, home, env or {}).channel("team"))
    return str(caught.value)


def test_nothing_configured(home: Home, project: Path) -> None:
    """The inbox is there, anybody may answer on it, and it is the default."""
    settings = loaded(project, home)
    table = settings.channel(None)
    assert (table.name, table.kind, settings.project) == ("inbox", "inbox", "")
    assert channels.check(table).approvers == ("anyone",)


def test_layers(home: Home, project: Path) -> None:
    """Defaults, the user's file, the nearest project file upwards, the environment: the later one wins."""
    settings_file(home.root, 'default = "mine"\nask_timeout = "2h"\n' + webhook_table("mine", SECRET))
    settings_file(project.parent, 'default = "far"\n' + webhook_table("far", SECRET))
    path = settings_file(project, 'default = "near"\n' + webhook_table("near", SECRET))
    settings = loaded(project, home)
    assert (settings.default, settings.ask_timeout_s, settings.project) == ("near", 7200.0, str(path))
    assert set(settings.channels) == {"inbox", "mine", "near"}
    below = project / "a" / "b"
    below.mkdir(parents=True)
    over = loaded(below, home, NBALERT_DEFAULT="mine", NBALERT_ASK_TIMEOUT="90", NBALERT_EXIT_WAIT="1m")
    assert (over.default, over.ask_timeout_s, over.exit_wait_s) == ("mine", 90.0, 60.0)


def test_environment_overrides_one_key_of_a_channel(home: Home, project: Path) -> None:
    """The rest of the channel stays, and the project is another one on the line, without the value in it."""
    path = settings_file(project, webhook_table("team", SECRET, "timeout_s = 3\n"))
    settings = loaded(project, home, NBALERT_CHANNELS__TEAM__URL="https://other/t0ken")
    assert settings.channel("team").values["url"] == "https://other/t0ken"
    assert settings.channel("team").values["timeout_s"] == 3
    assert settings.project.startswith(f"{path}#")
    assert "t0ken" not in settings.project
    assert settings.project != loaded(project, home, NBALERT_CHANNELS__TEAM__URL="x://").project
    assert loaded(project, home, NBALERT_EXIT_WAIT="3").project == str(path)


def test_a_name_that_clashes(home: Home, project: Path) -> None:
    """A variable cannot be a value and a table."""
    with pytest.raises(SettingsError, match="the environment: NBALERT_ME__SLACK clashes"):
        loaded(project, home, NBALERT_ME__SLACK="U1", NBALERT_ME="x")


def test_me_is_the_user_s(home: Home, project: Path) -> None:
    """Who somebody is a project cannot say."""
    settings_file(home.root, '[me]\nslack = "U1"\n')
    settings_file(project, '[me]\nslack = "U2"\ninbox = "eve"\n')
    assert loaded(project, home).me == {"slack": "U1"}
    assert loaded(project, home, NBALERT_ME__INBOX="ann").me == {"slack": "U1", "inbox": "ann"}


def test_groups(home: Home, project: Path) -> None:
    """A project uses the user's groups and its own; the user's channels know no group of a project."""
    settings_file(home.root, '[groups]\ndba = ["slack:U1"]\n' + webhook_table("mine", SECRET))
    path = settings_file(project, '[groups]\nops = ["email:a@b.org"]\n' + webhook_table("team", SECRET))
    read = loaded(project, home, NBALERT_GROUPS__CI='["inbox:bot"]')
    assert read.channel("team").groups == {
        "dba": ("slack:U1",),
        "ops": ("email:a@b.org",),
        "ci": ("inbox:bot",),
    }
    assert set(read.channel("mine").groups) == {"dba", "ci"}
    settings_file(project, '[groups]\ndba = ["slack:U666"]\n')
    assert refusal(project, home).startswith(f"{path}: groups.dba is defined in your own {home.settings}")
    settings_file(project, '[groups]\nops = ["U1"]\n')
    assert refusal(project, home) == (
        f"{path}: groups.ops.0: does not say where that is: write KIND:ID, such as slack:U012AB3CD"
    )


def test_a_project_cannot_be_escalated_to(home: Home, project: Path) -> None:
    """It would name approvers for the user's own channel."""
    settings_file(home.root, webhook_table("mine", SECRET, 'escalate_to = "oncall"\n'))
    path = settings_file(project, webhook_table("oncall", SECRET))
    read = loaded(project, home)
    with pytest.raises(SettingsError, match=f"oncall is a channel of {path}, which"):
        read.escalation(read.channel("mine"))


def test_a_question_may_wait_for_ever(home: Home, project: Path) -> None:
    """`never` is a timeout of questions, and of nothing else."""
    settings_file(home.root, 'ask_timeout = "never"\n')
    assert loaded(project, home).ask_timeout_s == float("inf")
    settings_file(home.root, 'exit_wait = "never"\n')
    assert "exit_wait: 'never' is not a duration" in refusal(project, home)


def test_a_project_cannot_redefine_the_user_s_channel(home: Home, project: Path) -> None:
    """Neither where it goes nor who may approve."""
    settings_file(home.root, webhook_table("team", SECRET))
    path = settings_file(project, '[channels.team]\napprovers = ["eve"]\n')
    assert refusal(project, home) == (
        f"{path}: channels.team is defined in your own {home.settings}, "
        "which a project cannot redefine; rename one of them"
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("tls = { verify = false }", "tls.verify: a project cannot set this to False"),
        ('tls = { ca = "../ca.pem" }', "tls.ca: a project cannot have ../ca.pem read"),
        ('tls = { key = "~/.ssh/id_rsa" }', "tls.key: a project cannot have ~/.ssh/id_rsa read"),
        ('tls = { cert = "link.pem" }', "tls.cert: a project cannot have link.pem read"),
        ('proxy_token = "x"', "unknown key"),
    ],
)
def test_what_a_project_may_not_ask_for(table: str, says: str, home: Home, project: Path) -> None:
    """Its file weakens no TLS and reads no file elsewhere, links included; one's own settings may."""
    (project / "link.pem").symlink_to(home.root / "key.pem")
    settings_file(project, webhook_table("team", "https://127.0.0.1/x", f"{table}\n"))
    assert says in refusal(project, home)
    if "project" in says:
        (project / "nbalert.toml").unlink()
        settings_file(home.root, webhook_table("team", "https://127.0.0.1/x", f"{table}\n"))
        assert channels.check(loaded(project, home).channel("team")).kind == "webhook"


def test_a_secret_file_outside_the_project(home: Home, project: Path) -> None:
    """A project's file has no file of its user sent to where it says."""
    settings_file(project, webhook_table("team", "file:../../.ssh/id_rsa"))
    assert "a project cannot have ../../.ssh/id_rsa read; define" in refusal(project, home)
    (project / "url").write_text(SECRET)
    settings_file(project, webhook_table("team", "file:url"))
    assert channels.check(loaded(project, home).channel("team"))


def test_a_project_cannot_be_the_inbox(home: Home, project: Path) -> None:
    """The inbox of this machine is trusted: nothing of its name goes elsewhere."""
    path = settings_file(project, webhook_table("inbox", SECRET))
    assert refusal(project, home).startswith(f"{path}: channels.inbox is the inbox of this machine")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("defualt = 'x'", "unknown key defualt; did you mean default?"),
        ("zzz = 1", "unknown key zzz; known keys: default, notebook_url"),
        (webhook_table("team", SECRET, "aprovers = []"), "unknown key channels.team.aprovers; did you mean"),
        (webhook_table("team", SECRET, "tls = {verifi = false}"), "unknown key channels.team.tls.verifi"),
        (webhook_table("team", SECRET, "timeout_s = 'long'"), "channels.team.timeout_s: Input should be"),
        (webhook_table("team", SECRET, "timeout_s = 0"), "channels.team.timeout_s: Input should be greater"),
        (webhook_table("team", SECRET, "approvers = 'bob'"), "channels.team.approvers: Input should be"),
        ("default = 7", "default: Input should be a valid string"),
        ("ask_timeout = 'soon'", "ask_timeout: 'soon' is not a duration; write 90,"),
        ("ask_timeout = 0", "ask_timeout: Input should be greater than 0"),
        ("[channels.team]\nurl = 'x'", "channels.team.kind is missing"),
        ("[channels.team]\nkind = 'webhook'", "channels.team.url: is needed"),
        ("[channels.'a b']\nkind = 'webhook'", "channels.a b"),
        ("default = 'x\n[channels]", "is not valid TOML: "),
        ("a = 1\nb = 2\nc = = 3", "(at line 3, column 5)"),
        ("default = 'gone'", "unknown channel 'gone'; known channels: inbox"),
        (
            "[channels.team]\nkind = 'telepathy'",
            "unknown kind of channel 'telepathy'; known kinds: ",
        ),
        (
            "[channels.team]\nkind = 'inbox'\ntoken = 's3cr3t'",
            "channels.team.token: is a secret: refer to it",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str, home: Home, project: Path) -> None:
    """File, key and what to do; never a secret."""
    path = settings_file(project, text)
    refused = refusal(project, home)
    assert says in refused
    assert str(path) in refused or "unknown" in refused
    assert "s3cr3t" not in refused


@pytest.mark.parametrize(
    ("reference", "says"),
    [("env:TEAM", "the environment variable TEAM is not set"), ("file:t", "secret file {folder}/t cannot")],
)
def test_a_missing_secret_is_named(reference: str, says: str, home: Home, project: Path) -> None:
    """By the name of its reference."""
    settings_file(project, webhook_table("team", reference))
    assert says.format(folder=project) in refusal(project, home)


def test_secrets_are_not_shown(home: Home, project: Path) -> None:
    """Neither settings nor what goes over the line show one; to the courier it gets."""
    settings_file(project, webhook_table("team", "env:TEAM") + webhook_table("plain", SECRET))
    settings = loaded(project, home, TEAM=SECRET)
    checked = channels.check(settings.channel("team"))
    sent = Project.of(settings)
    for shown in (checked, checked.model_dump(mode="json"), settings, sent, settings.channel("team")):
        assert "s3cr3t" not in f"{shown!r} {shown!s}"
    frame = sent.to_frame()
    assert frame["channels"]["team"]["url"] == frame["channels"]["plain"]["url"] == SECRET
    assert Project.from_frame(frame) == sent


def test_one_wrong_channel_spoils_no_other(home: Home, project: Path) -> None:
    """Its problem goes along in its place."""
    settings_file(project, webhook_table("team", "env:TEAM") + webhook_table("good", SECRET))
    sent = Project.of(loaded(project, home))
    assert set(sent.channels) == {"inbox", "good"}
    assert "TEAM is not set" in sent.problems["team"]


def test_relative_paths_start_at_their_file(home: Home, project: Path) -> None:
    """Certificates and secret files, wherever the notebook is."""
    (project / "url").write_text(SECRET + "\n")
    settings_file(project, webhook_table("team", "file:url", 'tls = { ca = "ca.crt" }'))
    settings_file(home.root, webhook_table("own", SECRET, 'tls = { ca = "ca.crt", cert = "/me.crt" }'))
    below = project / "notebooks"
    below.mkdir()
    checked: Any = channels.check(loaded(below, home).channel("team"))
    own = channels.check(loaded(below, home).channel("own"))
    assert checked.tls.ca == project / "ca.crt"
    assert (own.tls.ca, own.tls.cert) == (home.root / "ca.crt", Path("/me.crt"))
    assert checked.url.get_secret_value() == SECRET


def test_an_unknown_channel(home: Home, project: Path) -> None:
    """The error has the known ones."""
    with pytest.raises(UnknownChannel) as caught:
        loaded(project, home).channel("x")
    assert caught.value.known == ("inbox",)


def test_a_project_that_is_gone(home: Home, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files still say where to; its environment does not, and somebody else's is not looked at."""
    path = settings_file(project, webhook_table("team", "env:TEAM") + webhook_table("plain", SECRET))
    monkeypatch.setenv("TEAM", "of another project")
    sent = Project.of(load_project(str(path), home))
    assert set(sent.channels) == {"inbox", "plain"}
    with pytest.raises(SettingsError, match="NBALERT_\\* variables of a process that is gone"):
        load_project(f"{path}#0123", home)
    path.unlink()
    with pytest.raises(SettingsError, match="is gone"):
        load_project(str(path), home)


def test_the_project_s_name_needs_no_right_settings(home: Home, project: Path) -> None:
    """A message can name its project while the settings are wrong."""
    path = settings_file(project, "default = ")
    assert project_key(project, home, {}) == str(path)
    path.write_text("")
    assert project_key(project, home, {}) == loaded(project, home).project


def test_a_change_is_noticed(home: Home, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that comes, changes or goes, and a variable that a secret refers to."""
    monkeypatch.setenv("TEAM", "a")
    known = load(project, home)
    stamps = [Watch.over(project, home, known).stamp()]
    path = settings_file(project, webhook_table("team", "env:TEAM"))
    known = load(project, home)
    stamps.append(Watch.over(project, home, known).stamp())
    monkeypatch.setenv("TEAM", "b")
    stamps.append(Watch.over(project, home, known).stamp())
    os.utime(path, ns=(1, 1))
    stamps.append(Watch.over(project, home, known).stamp())
    path.unlink()
    stamps.append(Watch.over(project, home, known).stamp())
    assert all(one != two for one, two in pairwise(stamps))


def test_a_rotated_secret_is_noticed(home: Home, project: Path) -> None:
    """In a file that a reference names; one that cannot be found is no error here."""
    settings_file(project, webhook_table("team", "file:url") + webhook_table("lost", "file:~nobody/url"))
    known = load(project, home, {})
    stamps = [Watch.over(project, home, known).stamp()]
    (project / "url").write_text(SECRET)
    stamps.append(Watch.over(project, home, known).stamp())
    os.utime(project / "url", ns=(1, 1))
    stamps.append(Watch.over(project, home, known).stamp())
    assert all(one != two for one, two in pairwise(stamps))


def test_the_way_out_is_part_of_the_settings(
    home: Home, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes along to the courier, a change is noticed, and a project that is gone has none."""
    path = settings_file(project, webhook_table("team", SECRET))
    before = Watch.over(project, home, None).stamp()
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:s3cr3t@proxy:1")
    assert Watch.over(project, home, None).stamp() != before
    sent = Project.of(load(project, home))
    assert sent.network.https_proxy == "http://ann:s3cr3t@proxy:1"
    assert "s3cr3t" not in repr(sent)
    assert Project.from_frame(sent.to_frame()) == sent
    assert load_project(str(path), home).network == Network()


@pytest.mark.parametrize("key", ["ca", "key"])
def test_a_folder_of_nobody(key: str, home: Home, project: Path) -> None:
    """Is one wrong channel, named, and spoils no other."""
    tls = f'tls = {{ {key} = "~nobody-here/file" }}\n'
    settings_file(project, webhook_table("team", SECRET, tls) + webhook_table("good", SECRET))
    assert "channels.team: ~nobody-here/" in refusal(project, home)
    assert set(Project.of(loaded(project, home)).channels) == {"inbox", "good"}


def test_a_path_with_a_tilde(home: Home, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts at the user's own folder, and goes over the line as a whole."""
    monkeypatch.setenv("HOME", str(project / "ann"))
    tls = 'tls = { ca = "~/ca.crt", cert = "me.crt", key = "/me.key" }'
    settings_file(home.root, webhook_table("team", SECRET, tls))
    frame = Project.of(loaded(project, home)).to_frame()
    assert frame["channels"]["team"]["tls"] == {
        "ca": f"{project}/ann/ca.crt",
        "cert": f"{home.root}/me.crt",
        "key": "/me.key",
        "verify": True,
    }


def test_auto_mode_is_ones_own_to_say(home: Home, tmp_path: Path) -> None:
    """A duration is enough; it means one's own default channel; a project that has it is refused."""
    channels = '[channels.mine]\nkind = "webhook"\nurl = "https://h/"\n'
    settings_file(home.root, f'auto = "90s"\ndefault = "mine"\n{channels}')
    project = tmp_path / "project"
    project.mkdir()
    settings_file(project, 'default = "inbox"\n')
    chosen = load(project, home).auto
    assert chosen is not None
    assert (chosen.after, chosen.channel, chosen.on) == (90.0, "mine", "always")
    settings_file(project, "auto = 5\n")
    with pytest.raises(SettingsError, match="belongs into your own settings"):
        load(project, home)
