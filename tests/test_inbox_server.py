from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
import ssl
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from nbalert.errors import SettingsError
from nbalert.inbox import InboxServer, People
from tests.inboxes import Inbox, events, post, question, reply
from tests.processes import Script
from tests.test_inbox_handlers import some_message


def test_everywhere_is_refused(tmp_path: Path) -> None:
    """Without TLS or a public URL an inbox listens on loopback only, and says so in one line."""
    server = InboxServer(tmp_path / "home" / "inbox.db", owner="ann", host="0.0.0.0")
    with pytest.raises(SettingsError, match=r"loopback only.*tls or a public_url") as refused:
        asyncio.run(server.start())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["hub.example.org", "ftp://hub", "https://", "https://hub/?a=b", "https://hub/#c"]
)
def test_public_url_is_checked(tmp_path: Path, url: str) -> None:
    """What is no URL of a page is refused as public_url."""
    with pytest.raises(SettingsError, match="public_url"):
        InboxServer(tmp_path / "inbox.db", owner="ann", public_url=url)


def test_port_stays(tmp_path: Path) -> None:
    """The port of the last time is taken again, so that an open page finds the inbox after a restart."""
    with Inbox(tmp_path) as inbox:
        first = inbox.server.port
        inbox.restart()
        assert inbox.server.port == first


def test_port_moves_when_taken(tmp_path: Path) -> None:
    """Where somebody else has the port of the last time, any other is taken."""
    with Inbox(tmp_path) as inbox:
        port = inbox.server.port
        inbox.stop()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()
            inbox.start()
            assert inbox.server.port not in (0, port)


def test_chosen_port_is_taken_or_refused(tmp_path: Path) -> None:
    """A port that was asked for is not replaced by another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}"):
            Inbox(tmp_path, port=port).__enter__()


def test_one_server_a_file(tmp_path: Path) -> None:
    """A second server on the same file is refused, and told where the first one is; a later one is not."""
    with Inbox(tmp_path) as inbox:
        second = InboxServer(inbox.database, owner="ann")
        with pytest.raises(SettingsError, match=f"served already, at {inbox.url}"):
            asyncio.run(second.start())
        inbox.restart()


def test_invitations_beside_it(tmp_path: Path) -> None:
    """Links made by the server and by other processes leave its file whole: nobody takes its journal away."""
    invite = (
        "from contextlib import closing; from pathlib import Path; from nbalert.inbox import People\n"
        "with closing(People(Path({!r}))) as people: people.invite('dan')"
    )
    with Inbox(tmp_path) as inbox:
        for number in range(3):
            inbox.server.link("bob")
            with Script(invite.format(str(inbox.database))) as other:
                assert other.end() == 0, other.stderr
            post(inbox.sender(), some_message(), str(number))
        with closing(sqlite3.connect(inbox.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT count(*) FROM messages").fetchone() == (3,)


def test_a_dying_server_s_lock(tmp_path: Path) -> None:
    """A server that was killed may hold its lock a moment longer; the next one waits for that."""
    with Inbox(tmp_path) as inbox:
        database = inbox.database
    hold = (
        "import fcntl, time\n"
        f"lock = open({str(database) + '.lock'!r}, 'r+b'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('held'); input(); time.sleep(0.2)"
    )
    with Script(hold) as other:
        assert other.line() == "held"
        other.tell()
        with Inbox(tmp_path) as inbox:
            assert inbox.url


def test_files_are_private(tmp_path: Path) -> None:
    """Nobody else on the machine can read the inbox's files."""
    with Inbox(tmp_path) as inbox:
        post(inbox.sender(), some_message())
        folder = inbox.database.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_url_is_known_to_other_processes(tmp_path: Path) -> None:
    """The file says where the inbox is served, and a code made there signs in here."""
    with Inbox(tmp_path) as inbox:
        people = People(inbox.database)
        assert people.last_url == inbox.url
        client = inbox.client(headers={"Origin": inbox.url})
        assert client.post("/api/session", json={"code": people.invite("dan")}).json() == {"name": "dan"}
        people.close()


def test_link_holds_its_code_in_the_fragment(tmp_path: Path) -> None:
    """A code stands after the #, which is sent to no server; a base replaces the address."""
    with Inbox(tmp_path) as inbox:
        assert inbox.server.link("bob").startswith(f"{inbox.url}/#code=")
        assert inbox.server.link("bob", base="/user/ann/proxy/8765/").startswith(
            "/user/ann/proxy/8765/#code="
        )


def test_stop_without_start(tmp_path: Path) -> None:
    """Stopping what never started does nothing."""
    asyncio.run(InboxServer(tmp_path / "inbox.db", owner="ann").stop())


def test_behind_a_reverse_proxy(tmp_path: Path) -> None:
    """With a public URL its Host and Origin are ours, the cookie is Secure and reaches its path only."""
    with Inbox(tmp_path, public_url="https://hub.example.org/inbox/") as inbox:
        assert inbox.url == "https://hub.example.org/inbox"
        assert inbox.server.link("bob").startswith("https://hub.example.org/inbox/#code=")
        headers = {"Host": "hub.example.org", "Origin": "https://hub.example.org"}
        with httpx.Client(base_url=f"http://127.0.0.1:{inbox.server.port}", headers=headers) as client:
            answer = client.post("/api/session", json={"code": inbox.code("bob")})
        cookie = answer.raise_for_status().headers["set-cookie"]
        assert "; Path=/inbox/;" in cookie
        assert cookie.endswith("; Secure")


def test_tls(tmp_path: Path) -> None:
    """With a certificate the inbox speaks TLS, and its cookie never travels without."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    with Inbox(tmp_path, host="localhost", tls=(cert, key)) as inbox:
        assert inbox.url == f"https://localhost:{inbox.server.port}"
        context = ssl.create_default_context(cafile=cert)
        with httpx.Client(base_url=inbox.url, verify=context, headers={"Origin": inbox.url}) as client:
            answer = client.post("/api/session", json={"code": inbox.code("bob")}).raise_for_status()
            assert answer.headers["set-cookie"].endswith("; Secure")
            assert client.get("/api/me").json() == {"name": "bob", "is_owner": False}


def test_unreadable_certificate(tmp_path: Path) -> None:
    """A certificate that is not there is a settings error, not a traceback."""
    server = InboxServer(tmp_path / "home" / "inbox.db", owner="ann", tls=(tmp_path / "a", tmp_path / "b"))
    with pytest.raises(SettingsError, match="certificate"):
        asyncio.run(server.start())


def test_restart_loses_nothing(tmp_path: Path) -> None:
    """Messages, sessions and answers are there after a restart, and a stream goes on where it was."""
    with Inbox(tmp_path) as inbox:
        sender, bob = inbox.sender(), inbox.person("bob")
        id_ = post(sender, some_message(question=question()))
        with events(bob, "/api/events") as stream:
            seen = next(stream)[0]
            inbox.restart()
        assert reply(bob, id_).is_success
        with events(bob, "/api/events", headers={"Last-Event-ID": str(seen)}) as stream:
            assert next(stream)[:2] == (seen, "hello")
            _, name, view = next(stream)
        assert (name, view["id"]) == ("message", id_)
        assert [one["text"] for one in view["replies"]] == ["approve"]
