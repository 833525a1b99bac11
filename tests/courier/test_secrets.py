"""Secrets and the way out: each project's own, as they are now, and in memory only, in each courier."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from nbalert.home import Home
from nbalert.process import client, finish
from tests.certificates import HOST, Authority
from tests.chat_servers.proxy import Proxy
from tests.chat_servers.webhook import OK, Answer, Request, Webhook
from tests.chat_servers.webhook import status as answer_with
from tests.processes import Script, settings_file, wait_until, webhook_table

OBEY = """
import nbalert, os, sys
from nbalert.process import client

def outcome(posted):
    try:
        return posted.wait(60)
    except nbalert.ChannelError as error:
        return f"{type(error).__name__}: {error}"

def set_variable(name, value):
    os.environ[name] = value
    assert client().settings
    client().request({"do": "status"})  # what was sent before has been heard then

for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""

StartProcess = Callable[..., Script]


@pytest.fixture
def courier(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there before anybody brings a secret, and the way out of its host leads nowhere."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    status()


@pytest.fixture
def start(courier: None) -> Iterator[StartProcess]:
    """`start(folder, TEAM=…)` starts a process of the project there, which does each line that it is told."""
    with ExitStack() as stack:
        yield lambda folder, **env: stack.enter_context(Script(OBEY, folder=folder, env=env))


def do(process: Script, line: str) -> None:
    """Have a process do something, and wait until it has."""
    process.tell(line)
    assert process.line() == "done"


def post(process: Script, title: str) -> None:
    """Have it accept a message."""
    do(process, f"nbalert.post({title!r}, channel='ci')")


def status() -> dict[str, Any]:
    """What `nbalert status` shows."""
    found: dict[str, Any] = client().request({"do": "status"})
    return found


def reasons() -> str:
    """What deliveries wait for."""
    return " ".join(row["reason"] or "" for row in status()["waiting"])


def replace_courier(mode: str) -> None:
    """The courier is killed, or ends with its host; whoever is on the line sees to another."""
    if mode == "process":
        os.kill(status()["courier"]["pid"], signal.SIGKILL)
    else:
        finish()


def is_nowhere(secret: bytes, home: Home) -> bool:
    """Whether no file of the home has it."""
    return all(secret not in _content(path) for path in home.root.rglob("*"))


def _content(path: Path) -> bytes:
    """Of a file; the courier may be removing it just now."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes() if path.is_file() else b""
    return b""


class Service(Webhook):
    """A webhook whose path is its token, which can be rotated."""

    def __init__(self) -> None:
        self.token = "old-hush"
        super().__init__(self._judge)

    def _judge(self, request: Request) -> Answer:
        return OK if request.path == f"/{self.token}" else answer_with(401)

    def url_with(self, token: str) -> str:
        """As a process of the project has it."""
        return f"http://127.0.0.1:{self.port}/{token}"


def test_equal_names_are_not_equal_values(start: StartProcess, mode: str, home: Home, tmp_path: Path) -> None:
    """Two projects whose references are alike never mix; one that is gone waits for a process of its own."""
    for name in ("a", "b"):
        settings_file(tmp_path / name, webhook_table("ci", "env:TEAM"))
    with Webhook() as to_a, Webhook() as to_b:
        a, b = start(tmp_path / "a", TEAM=to_a.url), start(tmp_path / "b", TEAM=to_b.url)
        for n in range(3):
            post(a, f"a{n}")
            post(b, f"b{n}")
        to_a.until(lambda s: s.titles == ["a0", "a1", "a2"])
        to_b.until(lambda s: s.titles == ["b0", "b1", "b2"])
        to_a.down()
        post(a, "a late")
        wait_until(lambda: "cannot connect" in reasons())
        a.kill()
        replace_courier(mode)
        wait_until(lambda: "TEAM is an environment variable of its project" in reasons())
        to_a.up()
        post(b, "b late")
        to_b.until(lambda s: s.titles[-1] == "b late")
        assert "a late" not in to_a.titles
        again = start(tmp_path / "a", TEAM=to_a.url)
        post(again, "a again")
        to_a.until(lambda s: s.titles == ["a0", "a1", "a2", "a late", "a again"])
        assert to_b.titles == ["b0", "b1", "b2", "b late"]
        assert is_nowhere(b"secret-path", home)


@pytest.mark.parametrize("where", ["variable", "file", "unseen", "restart"])
def test_a_rotated_token_strands_nothing(where: str, start: StartProcess, home: Home, tmp_path: Path) -> None:
    """What the old one could not send waits, its sender hears why, and it goes with the new one, first."""
    project, secret = tmp_path / "project", tmp_path / "project" / "url"
    settings_file(
        project, webhook_table("ci", "env:TEAM" if where in ("variable", "restart") else "file:url")
    )
    with Service() as service:
        old, new = service.url_with("old-hush"), service.url_with("new-hush")
        secret.write_text(old)
        kernel = start(project, TEAM=old)
        post(kernel, "1")
        service.until(lambda s: s.titles == ["1"])
        service.token = "new-hush"
        kernel.tell("print(outcome(nbalert.post('2', channel='ci')))")
        assert kernel.line() == (
            "ChannelDenied: ci: 127.0.0.1 answered 401 X; check the token and its permissions;"
            " it is kept, and sent once that is mended"
        )
        assert kernel.line() == "done"
        assert "check the token" in reasons()
        if where == "variable":
            do(kernel, f"set_variable('TEAM', {new!r})")
        elif where == "restart":
            kernel.kill()
            kernel = start(project, TEAM=new)
        else:
            before = secret.stat().st_mtime_ns
            secret.write_text(new)
            os.utime(secret, ns=(before, before) if where == "unseen" else (1, 1))
        post(kernel, "3")
        service.until(lambda s: s.titles == ["1", "2", "3"])
        wait_until(lambda: not status()["waiting"])
        assert is_nowhere(b"hush", home)


def test_the_newest_of_two_kernels_counts(start: StartProcess, mode: str, tmp_path: Path) -> None:
    """Of one project, one has the old token still: all goes with the new one, also by another courier."""
    settings_file(tmp_path / "p", webhook_table("ci", "env:TEAM"))
    with Service() as service:
        old = start(tmp_path / "p", TEAM=service.url_with("old-hush"))
        post(old, "1")
        service.until(lambda s: s.titles == ["1"])
        service.token = "new-hush"
        new = start(tmp_path / "p", TEAM=service.url_with("new-hush"))
        post(new, "2")
        service.until(lambda s: s.titles == ["1", "2"])
        replace_courier(mode)
        post(old, "3")
        service.until(lambda s: s.titles == ["1", "2", "3"])


def test_each_project_has_its_own_way_out(start: StartProcess, home: Home, tmp_path: Path) -> None:
    """Not that of the courier, nor of another project; a change counts at once; a password is nowhere."""
    url = f"http://{HOST}/secret-path"
    for name in ("a", "b"):
        settings_file(tmp_path / name, webhook_table("ci", url))
    with Webhook() as server, ExitStack() as stack:
        for_a, for_b = (
            stack.enter_context(Proxy({HOST: server.port}, f"{name}:hush-{name}")) for name in ("ann", "bob")
        )
        a = start(tmp_path / "a", HTTP_PROXY=for_a.url("ann:hush-ann"))
        b = start(tmp_path / "b", http_proxy=for_b.url("bob:hush-bob"))
        post(a, "a")
        server.until(lambda s: s.titles == ["a"])
        assert (len(for_a.targets), len(for_b.targets)) == (1, 0)
        post(b, "b")
        server.until(lambda s: s.titles == ["a", "b"])
        assert (len(for_a.targets), len(for_b.targets)) == (1, 1)
        do(a, f"set_variable('HTTP_PROXY', {for_b.url('bob:hush-wrong')!r})")
        post(a, "a2")
        wait_until(lambda: "the proxy wants another user or password" in reasons())
        do(a, f"set_variable('HTTP_PROXY', {for_b.url('bob:hush-bob')!r})")
        post(a, "a3")
        server.until(lambda s: s.titles == ["a", "b", "a2", "a3"])
        assert len(for_a.targets) == 1
        assert is_nowhere(b"hush", home)


def test_a_new_kernel_s_first_alert_goes_by_its_own(start: StartProcess, tmp_path: Path) -> None:
    """An address that was changed while no kernel ran counts from the first alert on."""
    settings_file(tmp_path / "p", webhook_table("ci", "env:TEAM"))
    with Webhook() as old, Webhook() as new:
        before = start(tmp_path / "p", TEAM=old.url)
        post(before, "before")
        old.until(lambda s: s.titles == ["before"])
        before.kill()
        post(start(tmp_path / "p", TEAM=new.url), "after")
        new.until(lambda s: s.titles == ["after"])
        assert old.titles == ["before"]


@pytest.mark.parametrize("where", ["variable", "settings"])
def test_paths_of_certificates_are_the_project_s(where: str, start: StartProcess, tmp_path: Path) -> None:
    """Relative ones, of a variable or of the settings file, name the same file in the courier."""
    project = tmp_path / "project"
    project.mkdir()
    authority = Authority(project)
    with Webhook(tls=authority.server()) as server:
        tls = 'tls = { ca = "ca.crt" }\n' if where == "settings" else ""
        settings_file(project, webhook_table("ci", server.url, tls))
        env = {"SSL_CERT_FILE": "ca.crt"} if where == "variable" else {}
        post(start(project, **env), "x")
        server.until(lambda s: s.titles == ["x"])
