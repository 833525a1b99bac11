"""A channel class of a notebook: worked there at the courier's request, wherever the courier is."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import nbalert
from nbalert.dismissal import stop_courier
from nbalert.errors import ChannelRefused
from nbalert.home import Home
from nbalert.process import client, finish
from tests.chat_servers.webhook import Webhook
from tests.chat_servers.webhook import status as answer_of
from tests.conftest import StartKernel
from tests.courier.test_detached import status
from tests.file_chat import CLASS, FileChat
from tests.kernels import ROOT, Kernel
from tests.processes import Script, couriers, settings_file, wait_until

pytestmark = pytest.mark.long

STAYS = f"{CLASS}\nprint('ready', flush=True)\nimport sys\nfor line in sys.stdin: exec(line)"
"""A process of a project that works its channel until it is ended, and does what it is told."""


@pytest.fixture
def chat(tmp_path: Path) -> FileChat:
    """The project of this test's own process has a channel `mine`, whose class this process lacks."""
    return FileChat(tmp_path)


def worker(chat: FileChat, version: str = "1") -> Script:
    """A process that has registered the class."""
    script = Script(STAYS.replace('VERSION = "1"', f'VERSION = "{version}"'), folder=chat.project)
    assert script.line() == "ready"
    return script


def waits(channel: str = "mine") -> dict[str, Any]:
    """What status says of the channel's waiting deliveries."""
    return next((dict(row) for row in status()["waiting"] if row["channel"] == channel), {})


def test_post_and_ask(mode: str, chat: FileChat) -> None:
    """One process registers, posts and asks; the answer comes through its class, and so does the decision."""
    code = (
        f"{CLASS}\n"
        "nbalert.post('one', channel='mine').wait(60)\n"
        "print(nbalert.ask('Deploy?', channel='mine', timeout=60).sentence)"
    )
    with Script(code, folder=chat.project) as script:
        chat.until("listens")
        assert chat.titles == ["one", "Deploy?"]
        chat.answer("what is it?", "r0")
        chat.answer("approve")
        assert script.line() == "approved by bob"
        assert chat.until("updates")[0].what == "approved"
        assert {one.thread for one in chat.written("posts")} == {"nbalert-workbench"}
        assert script.end() == 0
    assert chat.written("closes")


LOOK = """
[[handlers]]
id = "nightly"
topic = "nightly"
channel = "mine"
options = { username = "Night" }
"""


def test_the_look_of_a_handler(mode: str, tmp_path: Path) -> None:
    """Its options are those of the class as well, for what comes by the handler alone."""
    chat = FileChat(tmp_path, LOOK)
    posts = "nbalert.post('one', channel='mine').wait(60)\nnbalert.post('two', topic='nightly')\n"
    with Script(f"{CLASS}\n{posts}input()", folder=chat.project):
        chat.until("posts", 2)
    lines = (chat.folder / "posts").read_text().splitlines()
    said = [json.loads(line) for line in lines]
    assert [(one[4], one[5]) for one in said if one[2] == "posts"] == [("one", "bot"), ("two", "Night")]


def test_a_rejection(mode: str, chat: FileChat) -> None:
    """A no is a no, whoever works the channel."""
    code = f"{CLASS}\nprint(nbalert.ask('Drop?', channel='mine', timeout=60, raises=False).sentence)"
    with Script(code, folder=chat.project) as script:
        chat.until("listens")
        chat.answer("no: not today")
        assert script.line() == "rejected by bob: not today"


def test_cells(mode: str, chat: FileChat, start_kernel: StartKernel, tmp_path: Path) -> None:
    """In a kernel: the kind is listed, a cell's result goes to the class, and an ask waits for its answer."""
    kernel = start_kernel(env={"PYTHONPATH": str(ROOT)})
    assert kernel.run(f"%load_ext nbalert\n{CLASS}").status == "ok"
    assert "mine: files, posts and asks" in kernel.run("%nbalert channels").stdout
    assert kernel.run("%nbalert test mine").stdout == "mine: delivered\n"
    assert kernel.run("%%alert -c mine -t Sum\n1 + 1").result == "2"
    assert [one.what for one in chat.until("posts", 2)] == ["Test of channel mine", "Sum"]
    asked = kernel.send('%%ask "Deploy?" -c mine\n40 + 2')
    chat.until("listens")
    chat.answer("approve")
    assert kernel.collect(asked).result == "42"


def test_who_answers_without_effect_is_told(mode: str, chat: FileChat, start_kernel: StartKernel) -> None:
    """The class tells people itself why an answer does not count, also one that came too late."""
    kernel = start_kernel(env={"PYTHONPATH": str(ROOT)})
    assert kernel.run(f"%load_ext nbalert\n{CLASS}").status == "ok"
    asked = kernel.send('%%ask "Deploy?" -c mine\n40 + 2')
    chat.until("listens")
    chat.answer("approve", "r1", "mallory")
    assert [one.what for one in chat.until("responds")] == [
        "mallory: you are not an approver of this question"
    ]
    chat.answer("approve", "r2")
    assert kernel.collect(asked).result == "42"
    chat.answer("reject", "r3", "carol")
    assert chat.until("responds", 2)[1].what == "carol: this question has ended: approved by bob"


def test_what_is_missing(mode: str, chat: FileChat) -> None:
    """The class says what keeps it from working: a line each, in another process too, and nothing is sent."""
    chat.lacks("no scope chat:write: add it under OAuth & Permissions\nnot a member of #ops: invite the app")
    asked = {"do": "problems", "project": client().settings.project, "channel": "mine"}
    with worker(chat):
        # It takes a moment until the worker has said that it has the class.
        wait_until(lambda: not client().request(asked)[0].startswith("waits for a process"))
        problems = client().request(asked)
    assert problems[0].startswith("no scope chat:write")
    assert problems[1].startswith("not a member")
    assert chat.titles == []


def test_another_process_posts(mode: str, chat: FileChat) -> None:
    """Whoever has the class works for the whole project; a request to wait is told of the receipt."""
    with worker(chat):
        posted = nbalert.post("from elsewhere", channel="mine")
        assert posted.wait(60)[0].channel == "mine"
    assert chat.titles == ["from elsewhere"]


def test_busy_is_tried_again(mode: str, chat: FileChat) -> None:
    """After what the service has asked for, with the same key; nothing overtakes."""
    with worker(chat):
        chat.trouble("nbalert.ChannelBusy('mine: slow down', 1.0)")
        posts = [nbalert.post(str(n), channel="mine") for n in range(3)]
        wait_until(lambda: "slow down" in waits().get("reason", ""))
        assert waits()["next_attempt_at"] > 0
        for post in posts:
            post.wait(60)
    assert chat.titles == ["0", "1", "2"]
    assert [one.key for one in chat.written("tries")] == [posts[0].id] == [chat.written("posts")[0].key]


def test_a_killed_kernel_leaves_nothing_undone(mode: str, chat: FileChat, tmp_path: Path) -> None:
    """Killed within a call: all waits, status says for what, and the next kernel with the class sends it."""
    status()
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run(CLASS).status == "ok"
        chat.trouble("keep hang")
        kernel.run("for n in range(3): nbalert.post(str(n), channel='mine')")
        chat.until("tries")
        kernel.kill()
        says = f"project {tmp_path / 'nbalert.toml'} that has registered the kind 'files'"
        wait_until(lambda: says in waits().get("reason", ""))
        assert waits()["count"] == 3
    assert "waits      3 for mine" in _command("status")
    chat.calm()
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run(CLASS).status == "ok"
        chat.until("posts", 3)
        wait_until(lambda: not waits())
    assert chat.titles == ["0", "1", "2"]
    assert chat.written("tries")[0].key == chat.written("posts")[0].key


def _command(*arguments: str) -> str:
    """What the command prints."""
    code = f"from nbalert.__main__ import main; main({list(arguments)!r}); print('.')"
    with Script(code) as script:
        lines = [script.line()]
        while lines[-1] != ".":
            lines.append(script.line())
    return "\n".join(lines)


def test_an_ask_goes_on_with_another_process(mode: str, chat: FileChat) -> None:
    """The process that brings the answers is killed: another one that has the class brings them."""
    code = (
        f"{CLASS}\n"
        "print(nbalert.ask('Deploy?', channel='mine', timeout=60, raises=False).sentence, flush=True)"
    )
    status()
    with Script(code, folder=chat.project) as asker:
        chat.until("listens")
        with worker(chat, "2") as second:
            wait_until(lambda: any(one.version == "2" for one in chat.written("listens")))
            second.kill()
        wait_until(lambda: [one.version for one in chat.written("listens")][-1] == "1", 40)
        chat.answer("approve")
        assert asker.line().startswith("approved by bob")


def test_two_projects_with_a_class_each(mode: str, tmp_path: Path) -> None:
    """Equal in kind and name: each project's messages go through its own class, and wait for that."""
    one, two = FileChat(tmp_path / "one"), FileChat(tmp_path / "two")
    status()
    post = "nbalert.post('{}', channel='mine')"
    with worker(one, "A") as first, worker(two, "B") as second:
        first.tell(post.format("a") + ".wait(60)")
        second.tell(post.format("b") + ".wait(60)")
        assert [(w.version, w.what) for w in one.until("posts")] == [("A", "a")]
        assert [(w.version, w.what) for w in two.until("posts")] == [("B", "b")]
        second.kill()
        wait_until(lambda: len(status()["present"]) == 2)
        with Script(f"import nbalert; {post.format('c')}", folder=two.project) as script:
            script.end()
        wait_until(lambda: str(two.project) in waits().get("reason", ""))
    assert one.titles == ["a"]


def test_registering_again(mode: str, chat: FileChat) -> None:
    """The cell is run again: the earlier class is closed, posts and open questions go to the new one."""
    with worker(chat) as script:
        script.tell("import threading")
        ask = "nbalert.ask('Deploy?', channel='mine', timeout=60, raises=False).sentence"
        script.tell(f"threading.Thread(target=lambda: print({ask}, flush=True)).start()")
        chat.until("listens")
        again = CLASS.replace('VERSION = "1"', "VERSION = '2'").replace("FileChat", "Newer")
        script.tell(f"exec({again!r})")
        chat.until("closes")
        wait_until(lambda: len(chat.written("listens")) == 2)
        script.tell("nbalert.post('again', channel='mine').wait(60)")
        chat.until("posts", 2)
        chat.answer("approve")
        assert script.line().startswith("approved by bob")


def test_a_stopped_process_holds_up_no_other_channel(mode: str, chat: FileChat) -> None:
    """What it has to work waits for it; everything else goes on, also a second process with the class."""
    status()
    with worker(chat) as script:
        os.kill(script.pid, signal.SIGSTOP)
        held = nbalert.post("held", channel="mine")
        for n in range(5):
            nbalert.post(str(n), channel="inbox").wait(60)
        assert chat.titles == []
        os.kill(script.pid, signal.SIGCONT)
        held.wait(60)
    assert chat.titles == ["held"]


def test_a_refusal_is_final(mode: str, chat: FileChat) -> None:
    """Its text crosses in one line; the next message goes on."""
    with worker(chat):
        chat.trouble("nbalert.ChannelRefused('mine: no such\\nroom')")
        refused = nbalert.post("0", channel="mine")
        with pytest.raises(ChannelRefused, match="mine: no such room"):
            refused.wait(60)
        nbalert.post("1", channel="mine").wait(60)
    assert chat.titles == ["1"]


def test_no_secret_leaves_the_process(mode: str, home: Home, tmp_path: Path) -> None:
    """Neither on the line, nor by an error or a bug of a careless class: nothing of it is on any disk."""
    (tmp_path / "key").write_text("hush-hush")
    chat = FileChat(tmp_path, 'token = "file:key"\n')
    with worker(chat):
        chat.trouble("nbalert.ChannelUnreachable(f'mine: https://x/{token} is away')")
        nbalert.post("0", channel="mine").wait(60)
        chat.trouble("ZeroDivisionError(token)")
        posted = nbalert.post("1", channel="mine")
        wait_until(lambda: waits().get("attempts"))
        assert "ZeroDivisionError in the channel's own code (post, line " in waits()["reason"]
        posted.wait(60)
    finish()
    stop_courier(home)
    for path in home.root.rglob("*"):
        if path.is_file():
            assert b"hush-hush" not in path.read_bytes(), path


def test_wrong_settings_wait_until_they_are_mended(mode: str, chat: FileChat) -> None:
    """They are checked where the class is; nobody has to touch that process."""
    good = (chat.project / "nbalert.toml").read_text()
    settings_file(chat.project, good + "colour = 1\n")
    with worker(chat):
        posted = nbalert.post("x", channel="mine")
        wait_until(lambda: "unknown key channels.mine.colour" in waits().get("reason", ""))
        settings_file(chat.project, good)
        posted.wait(60)


def test_a_forked_child_works_nothing(mode: str, chat: FileChat) -> None:
    """It has no class and no thread of it; what it posts its parent works."""
    code = (
        f"{CLASS}\n"
        "import os, threading\n"
        "from nbalert.channels.registry import registered\n"
        "nbalert.post('parent', channel='mine').wait(60)\n"
        "if os.fork() == 0:\n"
        "    print(dict(registered()), flush=True)\n"
        "    nbalert.post('child', channel='mine').wait(60)\n"
        "    print([t.name for t in threading.enumerate() if 'workbench' in t.name], flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "nbalert.post('parent again', channel='mine').wait(60)\n"
    )
    with Script(code, folder=chat.project) as script:
        assert [script.line(), script.line()] == ["{}", "[]"]
        assert script.end() == 0
    assert chat.titles == ["parent", "child", "parent again"]


def test_a_message_larger_than_a_frame(mode: str, chat: FileChat) -> None:
    """Many pictures arrive whole, and the line stays as it is."""
    with worker(chat):
        wait_until(lambda: len(status()["present"]) == 2)
        before = status()["present"]
        image = nbalert.Image(os.urandom(3 * 1024 * 1024))
        message = nbalert.Message(title="large", images=(image,) * 6)
        nbalert.post(message, channel="mine").wait(60)
        assert {p["since"] for p in before} == {p["since"] for p in status()["present"]}
    assert chat.titles == ["large"]


def test_a_package_that_the_courier_lacks(mode: str, chat: FileChat, tmp_path: Path) -> None:
    """A kind of a process's own environment is worked there; without such a process it waits."""
    packages = tmp_path / "packages"
    (packages / "file_chat-1.dist-info").mkdir(parents=True)
    (packages / "file_chat-1.dist-info" / "METADATA").write_text("Name: file-chat\nVersion: 1\n")
    points = "[nbalert.channels]\nfiles = file_chat:FileChat\n"
    (packages / "file_chat-1.dist-info" / "entry_points.txt").write_text(points)
    (packages / "file_chat.py").write_text(CLASS.replace("@nbalert.register\n", ""))
    status()
    env = {"PYTHONPATH": f"{ROOT}:{packages}"}
    code = "import nbalert; nbalert.post('x', channel='mine').wait(60); print('there')"
    with Script(code, folder=chat.project, env=env) as script:
        assert script.line() == "there"
        assert script.end() == 0
    assert chat.titles == ["x"]
    nbalert.post("y", channel="mine")
    wait_until(lambda: "waits for a process of the project" in waits().get("reason", ""))


def test_a_courier_is_killed_while_a_class_brings_answers(
    home: Home, chat: FileChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next courier has the same process bring them again."""
    monkeypatch.setenv("NBALERT_COURIER", "process")
    code = f"{CLASS}\nprint(nbalert.ask('Deploy?', channel='mine', timeout=60).sentence)"
    with Script(code, folder=chat.project) as script:
        chat.until("listens")
        (pid,) = couriers(home)
        os.kill(pid, signal.SIGKILL)
        chat.until("listens", 2)
        chat.answer("approve")
        assert script.line().startswith("approved by bob")
        assert script.end() == 0
    finish()
    stop_courier(home)
    wait_until(lambda: not couriers(home))


def test_status_of_who_is_there(mode: str, chat: FileChat) -> None:
    """Registering is enough to be on the line."""
    with worker(chat) as script:
        wait_until(
            lambda: script.pid in [one["pid"] for one in client().request({"do": "status"})["present"]]
        )


def test_the_class_of_a_service_with_http(mode: str, tmp_path: Path) -> None:
    """It runs as it stands in the documentation, and tries again."""
    cells = json.loads((ROOT / "notebooks" / "06_your_own_channel.ipynb").read_text())["cells"]
    (text,) = ("".join(cell["source"]) for cell in cells if cell["id"] == "own-channel-http")
    code = text.partition("```python\n")[2].partition("```")[0]
    with Webhook() as server:
        server.plan(answer_of(503))
        table = f'[channels.wiki]\nkind = "wiki"\npage = "{server.url}"\ntoken = "env:WIKI_TOKEN"\n'
        settings_file(tmp_path, table)
        post = "print(nbalert.post('Hello', channel='wiki').wait(60)[0].channel)"
        with Script(f"{code}\n{post}", folder=tmp_path, env={"WIKI_TOKEN": "hush"}) as script:
            assert script.line() == "wiki"
            assert script.end() == 0
        assert [request.headers["authorization"] for request in server.requests] == ["hush", "hush"]
        assert json.loads(server.requests[1].body)["text"] == "Hello"
