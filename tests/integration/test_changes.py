"""`--on change` in real kernels: the courier knows how the cell has ended in the kernel before."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.auto import QUIET_S
from nbalert.home import Home
from tests.chat_servers.webhook import Webhook
from tests.kernels import Kernel
from tests.processes import Script, settings_file, webhook_table

pytestmark = pytest.mark.long


@pytest.fixture
def chat(detached: Home) -> Iterator[Webhook]:
    """The default channel. Its nights are seconds apart, so that failures would be told as one."""
    with Webhook() as server:
        table = webhook_table("ci", server.url, 'fold = "off"\n')
        settings_file(detached.root, 'default = "ci"\n' + table)
        yield server


def ran(tmp_path: Path, *cells: str, pause_s: float = 0.0) -> None:
    """A kernel runs these, and ends; a last word says that all before it has been heard."""
    with Kernel(sys.executable, tmp_path) as kernel:
        kernel.run("%load_ext nbalert")
        for cell in cells:
            kernel.run(cell)
            time.sleep(pause_s)
        kernel.run("%alert -c ci ran")


def new(chat: Webhook, known: int) -> list[str]:
    """What came after so many, up to the last word."""
    chat.until(lambda server: "ran" in server.titles[known:])
    return chat.titles[known:]


def test_a_cell_from_kernel_to_kernel(tmp_path: Path, chat: Webhook) -> None:
    """A nightly notebook: it fails twice, recovers, goes on well; only the changes are told."""
    cell = "%%alert --on change -t nightly\n{}"
    ran(tmp_path, cell.format("1"), cell.format("1/0"))
    assert new(chat, 0) == ["nightly", "ran"]
    ran(tmp_path, cell.format("1/0"), cell.format("1"), cell.format("1"))
    assert new(chat, 2) == ["Recovered: nightly", "ran"]
    both = "%%alert --on failure,change -t nightly\n{}"
    ran(tmp_path, *(both.format(body) for body in ("1", "1/0", "1/0", "1", "1")))
    assert new(chat, 4) == ["nightly", "nightly", "Recovered: nightly", "ran"]


def test_auto_mode(tmp_path: Path, chat: Webhook) -> None:
    """The notebook is what is compared: another cell fails than the one that ends the good run."""
    auto = "%nbalert auto 1h --on change"
    ran(tmp_path, auto, "1", "1/0", "2/0", "1", "2", pause_s=QUIET_S + 0.3)
    failed, recovered, last = new(chat, 0)
    assert failed.startswith("Cell [4] failed after")
    assert recovered.startswith("Recovered: Cell [6] finished in")
    assert last == "ran"


def test_a_block_of_a_script(chat: Webhook) -> None:
    """Each night another process; one that has nothing to tell does not wait for it at its end."""
    code = "import nbalert, sys\nwith nbalert.watching('load', on='change'): assert {}"
    for outcome in ("1", "0", "0", "1", "1"):
        with Script(code.format(outcome)) as script:
            script.end()
            assert "still on the way" not in script.stderr
    chat.until(lambda server: len(server.titles) == 2)
    failed, recovered = chat.titles
    assert failed.startswith("load failed after")
    assert recovered.startswith("Recovered: load finished in")
