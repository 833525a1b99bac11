"""A channel class that is registered by its source: in whichever process can import it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from nbalert import channels
from nbalert.channels import sources
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.settings import load
from tests.file_chat import CLASS, FileChat
from tests.kernels import ROOT
from tests.processes import Script, settings_file
from tests.test_main import nbalert

MODULE = CLASS.replace("@nbalert.register\n", "")
SOURCE = "mychat:FileChat"
POST = "import nbalert; nbalert.post('one', channel='mine').wait(60)"
ASK = "import nbalert; print(nbalert.ask('Deploy?', channel='mine', timeout=60, raises=False).sentence)"


@pytest.fixture
def chat(tmp_path: Path) -> FileChat:
    """A project with a channel of kind `files`, and a module beside its notebooks."""
    (tmp_path / "mychat.py").write_text(MODULE)
    return FileChat(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("module", [MODULE, CLASS], ids=["plain", "still with its decorator"])
def test_a_courier_that_can_import_it(detached: Home, chat: FileChat, module: str) -> None:
    """Nobody else needs to have the class: a process that posts and ends is enough."""
    (chat.project / "mychat.py").write_text(module)
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(chat.project)])}
    registered = nbalert("channels", "register", SOURCE, env=path)
    assert registered.returncode == 0, registered.stderr
    assert detached.settings.read_text().strip() == f'[kinds]\nfiles = "{SOURCE}"'
    listed = nbalert("channels", "kinds", env=path).stdout
    assert re.search(rf"^files +posts and asks; registered in your own settings as {SOURCE}$", listed, re.M)
    assert "folder" in nbalert("channels", "kinds", "files", env=path).stdout
    with Script(POST, env=path) as script:
        assert script.end() == 0
    assert [(one.what, one.thread) for one in chat.written("posts")] == [("one", "MainThread")]
    with Script(ASK, env=path) as script:
        chat.until("listens")
        chat.answer("approve")
        assert script.line() == "approved by bob"


@pytest.mark.long
def test_a_process_that_can_import_it(detached: Home, chat: FileChat) -> None:
    """Where the courier cannot, the process whose folder it is in works the channel, and asks through it."""
    assert nbalert("channels", "register", SOURCE).returncode == 0
    with Script(ASK, folder=chat.project) as script:
        chat.until("listens")
        chat.answer("no: not today")
        assert script.line() == "rejected by bob: not today"
    assert {one.thread for one in chat.written("posts")} == {"nbalert-workbench"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "mychat:Nothing",
            "the class cannot be loaded from mychat:Nothing: module 'mychat' has no",
        ),
        (
            "elsewhere:Chat",
            "cannot be loaded from elsewhere:Chat: No module named 'elsewhere'; install",
        ),
        ("mychat", "the class is not at 'mychat': a source is written module.path:Class"),
        ("json:dumps", "the class is none: json:dumps is not a Channel"),
        ("nbalert:Channel", "Channel cannot be registered: kind has to be a short name"),
        (
            "nbalert.channels.inbox:InboxChannel",
            "'inbox' is nbalert.channels.inbox:InboxChannel and cannot",
        ),
    ],
)
def test_what_is_not_registered(home: Home, chat: FileChat, source: str, says: str) -> None:
    """The line says what is wrong, and nothing is written."""
    done = nbalert("channels", "register", source)
    assert done.returncode == 2
    assert says in done.stderr
    assert not home.settings.exists()


def test_a_project_cannot(home: Home, chat: FileChat, tmp_path: Path) -> None:
    """Neither by command, which does not even load it, nor by its file, nor by a variable: it would run."""
    (tmp_path / "mychat.py").write_text("open('was-run', 'w')\n" + MODULE)
    refused = nbalert("channels", "register", SOURCE, "--project")
    assert refused.returncode == 2
    assert "a project's settings name no class: whoever opens a notebook of a cloned" in refused.stderr
    settings_file(tmp_path, f'[kinds]\nfiles = "{SOURCE}"\n')
    listed = nbalert("channels")
    assert listed.returncode == 2
    assert (
        "nbalert.toml: kinds: belongs into your own settings file: a class that is named there"
        in listed.stderr
    )
    (tmp_path / "nbalert.toml").unlink()
    with pytest.raises(SettingsError, match="the environment: kinds: belongs into your own settings file"):
        load(tmp_path, home, {"NBALERT_KINDS__FILES": SOURCE})
    assert not (tmp_path / "was-run").exists()


def test_a_class_that_is_not_here(home: Home) -> None:
    """It is listed with the reason, and the channel's line has it, too."""
    settings_file(home.root, '[kinds]\nmine = "gone.away:Chat"\n[channels.my]\nkind = "mine"\n')
    why = "cannot be used: the kind 'mine' cannot be loaded from gone.away:Chat: No module named 'gone'"
    assert re.search(rf"^mine +{why}", nbalert("channels", "kinds").stdout, re.M)
    assert f"my: {why}" in nbalert("channels").stdout


def test_a_package_brings_one(chat: FileChat) -> None:
    """By the entry point group `nbalert.channels`; the list names the package."""
    info = chat.project / "file_chat-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: file-chat\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[nbalert.channels]\nfiles = {SOURCE}\n")
    listed = nbalert("channels", "kinds").stdout
    assert re.search(r"^files +posts and asks; comes with the package file-chat$", listed, re.M)


def test_only_what_settings_say_now() -> None:
    """What is taken out of the settings is no kind any more."""
    sources.learn({"mine": "a:B"})
    assert channels.packaged()["mine"] == "a:B"
    assert not channels.is_packaged("mine")
    sources.learn({})
    assert "mine" not in channels.packaged()
