"""How far deliveries are, shown to whoever waits: at a script's end, in `wait`, by `nbalert retry`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.message import Message
from tests.chat_servers.webhook import OK, Webhook, status
from tests.courier.rooms import Rooms, run
from tests.kernels import Kernel
from tests.processes import Script, settings_file, webhook_table
from tests.terminal import Terminal

POST = "import nbalert; nbalert.post('one'); posted = nbalert.post('two')"
RETRY = "import sys; sys.stdout = sys.stderr; from nbalert.__main__ import main; sys.exit(main(['retry']))"


@pytest.fixture
def server(home: Home) -> Iterator[Webhook]:
    """The default channel, which is down."""
    with Webhook() as served:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", served.url))
        served.always(status(500))
        yield served
        stop_courier(home)


@pytest.mark.parametrize("waits", ["", "\nposted.wait()"], ids=["at its end", "in wait"])
def test_a_script_in_a_terminal(waits: str, server: Webhook, tmp_path: Path) -> None:
    """It shows how many have left of those that are waited for, and nothing of that stays."""
    with Terminal(POST + waits, tmp_path) as terminal:
        terminal.until("0 of 1 delivered" if waits else "0 of 2 delivered")
        server.always(OK)
        assert terminal.end() == 0
        assert "still on the way" not in terminal.said
    assert server.titles == ["one", "two"]


def test_a_script_without_a_terminal(server: Webhook) -> None:
    """It says nothing, as ever."""
    with Script(POST + "\nimport time; time.sleep(1)\nprint('waits')\nposted.wait()") as script:
        script.line()
        server.always(OK)
        assert script.end() == 0
    assert script.stderr == ""


def test_retry_in_a_terminal(server: Webhook, tmp_path: Path) -> None:
    """It shows how far it is, and says what has arrived; where the channel fails once more it ends."""
    for answer, says in ((OK, "2 of 2 delivered"), (status(500), "0 of 2 delivered; of the others nbalert")):
        server.always(status(400))
        with Script(POST + "\nposted.wait(raises=False)") as script:
            script.end()
        server.always(answer)
        with Terminal(RETRY, tmp_path) as terminal:
            assert terminal.end() == 0
            assert "2 deliveries are tried again" in terminal.said
            assert says in terminal.said
    assert server.titles == ["one", "two"]


def test_a_cell_that_waits(server: Webhook, home: Home, tmp_path: Path) -> None:
    """In a notebook it is a display of the cell that waits, and is empty at the end; elsewhere nothing."""
    env = {"NBALERT_HOME": str(home.root), "NBALERT_EXIT_WAIT": "1"}
    wait = "try: nbalert.post('x').wait(2)\nexcept TimeoutError: print('late')"
    with Kernel(sys.executable, tmp_path, {**env, "JPY_SESSION_NAME": str(tmp_path / "a.ipynb")}) as kernel:
        kernel.run("import nbalert")
        told = kernel.run(wait)
        (shown,) = told.of("display_data")
        assert shown["data"]["text/plain"] == "nbalert: 0 of 1 delivered"
        *_, gone = told.of("update_display_data")
        assert gone["data"]["text/plain"] == ""
        assert gone["transient"] == shown["transient"]
    with Kernel(sys.executable, tmp_path, env) as kernel:
        kernel.run("import nbalert")
        told = kernel.run(wait)
        assert (told.stdout, told.of("display_data")) == ("late\n", [])


def test_a_big_upload(home: Home) -> None:
    """The courier tells how many bytes of a big request have left while the service takes its time."""
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await go_on.wait()
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def work(rooms: Rooms) -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            rooms.learn(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            big = rooms.accept(Message(title="big", text="x" * 40_000_000))
            small = rooms.accept(Message(title="small"), "ops")
            await rooms.until(lambda: rooms.delivery.way([big])[0]["sent"] > 0)
            row, other = rooms.delivery.way([big, small])
            assert 0 < row["sent"] < row["size"]
            assert row["size"] > 40_000_000
            assert (row["channel"], row["state"]) == ("ci", "waiting")
            assert (other["channel"], other["size"]) == ("ops", 0)
            go_on.set()
            await rooms.until(lambda: big in rooms.settled)
            assert rooms.delivery.way([big])[0]["state"] == "delivered"

    run(home, work)
