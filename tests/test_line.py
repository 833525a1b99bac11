from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nbalert import line
from nbalert.errors import CourierError
from nbalert.line import BACKLOG_BYTES, FRAME_BYTES, WAKE, Frame, Line, Peer, listen
from tests.containers import unprivileged
from tests.processes import Script, wait_until


class Exchange:
    """The courier's end: keeps what it hears, answers `echo`, and floods on request."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[Frame] = []
        self.ended = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await listen(self.path, self._hold)
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _hold(self, peer: Peer) -> None:
        async for frame in peer.frames():
            self.heard.append(frame)
            if frame.get("do") == "echo":
                peer.send(frame)
            elif frame.get("do") == "flood":
                for _ in range(2 * BACKLOG_BYTES // 65536):
                    peer.send({"x": "x" * 65536})
        self.ended += 1


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """A served line."""
    served = Exchange(tmp_path / "run" / "line")
    yield served
    served.close()


@pytest.fixture
def raw(exchange: Exchange) -> Iterator[socket.socket]:
    """A connection that can send anything."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(exchange.path))
        yield connection


def test_frames_both_ways(exchange: Exchange) -> None:
    """Frames arrive whole and in order, large ones too."""
    one = Line.connect(exchange.path)
    sent: list[Frame] = [{"do": "echo", "n": n, "x": "ü\n" * 50_000 * (n % 2)} for n in range(20)]
    threading.Thread(target=lambda: list(map(one.send, sent))).start()
    frames = one.frames()
    assert [next(frames) for _ in sent] == sent
    one.close()
    assert list(frames) == []


def test_garbage(exchange: Exchange, raw: socket.socket) -> None:
    """A line that is no frame is passed over; the connection goes on."""
    for garbage in (b"", b"{", b"[]", b"7", b"\xff\xfe", b"\x00" * 100, b"[" * 200_000):
        raw.sendall(garbage + b"\n")
    raw.sendall(b'{"do": "echo"}\n')
    assert raw.recv(100) == b'{"do": "echo"}\n'
    assert exchange.heard == [{"do": "echo"}]


def test_half_frames(exchange: Exchange, raw: socket.socket) -> None:
    """A frame may come in pieces; one that breaks off is none."""
    for byte in b'{"do": "echo"}\n{"do":':
        raw.send(bytes([byte]))
    assert raw.recv(100) == b'{"do": "echo"}\n'
    raw.shutdown(socket.SHUT_WR)
    wait_until(lambda: exchange.ended)
    assert exchange.heard == [{"do": "echo"}]


def test_an_oversized_frame_ends_the_connection(exchange: Exchange, raw: socket.socket) -> None:
    """Who sends without end is cut off, and others are served."""
    with pytest.raises(OSError):  # noqa: PT011 - a broken pipe or a reset
        raw.sendall(b"x" * 4 * FRAME_BYTES)
    other = Line.connect(exchange.path)
    other.send({"do": "echo"})
    assert next(other.frames()) == {"do": "echo"}
    other.close()


def test_the_kernel_s_end_has_a_limit_too(tmp_path: Path) -> None:
    """Without end from the courier's side ends the frames; so does garbage not."""
    near, far = socket.socketpair()
    threading.Thread(target=_flood, args=(far,)).start()
    one = Line(near)
    assert list(one.frames()) == [{"n": 1}]
    one.close()


def _flood(far: socket.socket) -> None:
    with far:
        far.sendall(b'garbage\n[]\n{"n": 1}\n')
        try:
            for _ in range(2 * FRAME_BYTES // 65536):
                far.sendall(b"x" * 65536)
        except OSError:
            return


def test_a_peer_that_does_not_read_is_let_go(exchange: Exchange, raw: socket.socket) -> None:
    """It costs others nothing, and its connection ends."""
    raw.sendall(b'{"do": "flood"}\n')
    wait_until(lambda: exchange.ended == 1)
    other = Line.connect(exchange.path)
    other.send({"do": "echo"})
    assert next(other.frames()) == {"do": "echo"}
    other.close()


def _say(one: Line, frame: Frame) -> None:
    one.owe(frame)
    one.send_owed()


def test_who_wakes_or_tells_never_waits() -> None:
    """A courier that does not read delays nobody; wakes are dropped, what is told cuts the line."""
    near, far = socket.socketpair()
    near.settimeout(60)
    one = Line(near)
    far.settimeout(60)
    for _ in range(10_000):
        _say(one, WAKE)
    _say(one, {"do": "end", "run": "a"})
    _say(one, WAKE)
    _say(one, {"do": "end", "run": "b"})
    heard = b"".join(iter(lambda: far.recv(65536), b""))
    assert set(heard.splitlines()) == {b'{"do": "wake"}'}
    one.close()
    far.close()


def test_a_line_with_half_a_frame_is_cut() -> None:
    """Who cannot send in time is told so; nothing follows what was cut off."""
    near, far = socket.socketpair()
    near.settimeout(0.1)
    one = Line(near)
    with pytest.raises(TimeoutError):
        one.send({"x": "x" * 10_000_000})
    with pytest.raises(OSError):  # noqa: PT011 - closed
        one.send({"x": 1})
    one.close()
    far.close()


def test_nothing_told_is_lost_between_threads(exchange: Exchange) -> None:
    """Of many threads at once every frame arrives, and a wake after the last of them."""
    one = Line.connect(exchange.path)

    def work(n: int) -> None:
        _say(one, {"do": "end", "run": n})
        _say(one, WAKE)

    for _ in range(50):
        exchange.heard.clear()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        wait_until(lambda: sorted(f["run"] for f in exchange.heard if "run" in f) == list(range(8)))
        wait_until(lambda: {"do": "wake"} in exchange.heard)
    one.close()


def test_a_folder_that_others_can_enter(exchange: Exchange) -> None:
    """The kernel's end refuses it; the courier's end mends it."""
    exchange.path.parent.chmod(0o755)
    with pytest.raises(CourierError, match="is not a private folder of yours"):
        Line.connect(exchange.path)
    again = Exchange(exchange.path)
    Line.connect(exchange.path).close()
    wait_until(lambda: again.ended)
    assert exchange.path.stat().st_mode & 0o777 == 0o600
    again.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_else_s_folder(exchange: Exchange) -> None:
    """Neither end uses it."""
    os.chown(exchange.path.parent, 12345, -1)
    with pytest.raises(CourierError, match="is not a private folder of yours"):
        Line.connect(exchange.path)
    os.chown(exchange.path.parent, os.getuid(), -1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_somebody_else_calls(exchange: Exchange) -> None:
    """Who gets past the folder, as a privileged process of another user does, is not heard nor answered."""
    code = (
        "import socket, sys\n"
        "with socket.socket(socket.AF_UNIX) as line:\n"
        f"    line.connect({str(exchange.path)!r})\n"
        "    try:\n"
        """        line.sendall(b'{"do": "echo"}\\n')\n"""
        "        print(line.recv(100))\n"
        "    except OSError:\n"
        "        print(b'')\n"
    )
    with Script(code, under=unprivileged) as other:
        assert other.line() == "b''"
    one = Line.connect(exchange.path)
    one.send({"do": "echo"})
    assert next(one.frames()) == {"do": "echo"}
    one.close()
    assert exchange.heard == [{"do": "echo"}]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_somebody_else_listens(tmp_path: Path) -> None:
    """A courier of another user gets no word, though its socket is in one's own folder."""
    path = tmp_path / "run" / "line"
    path.parent.mkdir(mode=0o700)
    code = (
        "import socket\n"
        f"line = socket.socket(socket.AF_UNIX); line.bind({str(path)!r}); line.listen(); print('listens')\n"
        "print(line.accept()[0].recv(100))"
    )
    with Script(code, under=unprivileged) as other:
        assert other.line() == "listens"
        with pytest.raises(CourierError, match="belongs to another user"):
            Line.connect(path)
        assert other.line() == "b''"


def test_a_thousand_connections(exchange: Exchange) -> None:
    """Opened and dropped, with and without a beginning of a frame: others are served, no descriptor stays."""
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone are wanted
    for number in range(1000):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(exchange.path))  # without a timeout it waits for its turn
            if number % 2:
                connection.sendall(b'{"do":')
    wait_until(lambda: exchange.ended == 1000)  # until then its queue of callers may be full
    other = Line.connect(exchange.path)
    other.send({"do": "echo"})
    assert next(other.frames()) == {"do": "echo"}
    other.close()
    wait_until(lambda: exchange.ended == 1001)
    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= files)  # noqa: PTH208 - as above


def test_nobody_listens(tmp_path: Path) -> None:
    """A stale socket and none at all are errors of the system; a stale one is replaced."""
    path = tmp_path / "run" / "line"
    path.parent.mkdir(mode=0o700)
    with pytest.raises(FileNotFoundError):
        Line.connect(path)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    with pytest.raises(ConnectionRefusedError):
        Line.connect(path)
    served = Exchange(path)
    Line.connect(path).close()
    wait_until(lambda: served.ended)
    served.close()


def test_a_frame_is_one_line() -> None:
    """Whatever is in it."""
    assert line._encoded({"x": "a\nb\r\u2028"}).count(b"\n") == 1
    assert json.loads(line._encoded({"x": "\ud800"})) == {"x": "\ud800"}


def test_half_a_frame_ends_the_line(tmp_path: Path) -> None:
    """What could be sent in part only is followed by nothing: the other end would read both as one."""
    (tmp_path / "run").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "run" / "line"))
        listener.listen()
        one = Line.connect(tmp_path / "run" / "line")
        one._socket.settimeout(0.2)
        with pytest.raises(OSError, match="timed out"):
            one.send({"x": "x" * BACKLOG_BYTES})
        assert list(one.frames()) == []
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system calls it
            one.send({"do": "wake"})
        one.close()
