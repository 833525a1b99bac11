"""Auto mode in real kernels: which cells are told, and a Run All as one message."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from nbalert.auto import QUIET_S
from nbalert.home import Home
from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook
from tests.kernels import Kernel
from tests.processes import settings_file

StartKernel = Callable[..., Kernel]

PAUSE_S = QUIET_S + 0.3
"""What runs after it is another run of cells."""


@pytest.fixture
def kernel(start_kernel: StartKernel, chat: Webhook) -> Kernel:
    """A kernel with the extension, in auto mode for cells over a fifth of a second."""
    kernel = start_kernel()
    assert kernel.run("%load_ext nbalert").status == "ok"
    said = kernel.run("%nbalert auto 0.2s").stdout
    assert said.startswith("auto mode: cells that take longer than 0.2 s, or fail, are told on the")
    return kernel


def arrived(chat: Webhook, count: int) -> list[Message]:
    """So many messages, oldest first."""
    chat.until(lambda server: len(server.titles) >= count)
    return [Message.from_json(request.message) for request in chat.accepted]


def test_what_is_told(kernel: Kernel, chat: Webhook) -> None:
    """Long cells and failed ones, each as an alert of its own; not short ones, nor one that opts out."""
    kernel.run("1 + 1")
    time.sleep(PAUSE_S)
    kernel.run("import time; time.sleep(0.3); 'slow'")
    (slow,) = arrived(chat, 1)
    assert slow.title.startswith("Cell [4] finished in 0.")
    assert (slow.level, slow.result, slow.code) == (
        Level.OK,
        "'slow'",
        "import time; time.sleep(0.3); 'slow'",
    )
    kernel.run("# nbalert: off\ntime.sleep(0.3)")
    assert kernel.run("1 / 0").ename == "ZeroDivisionError"
    failed = arrived(chat, 2)[1]
    assert (failed.level, failed.error) == (Level.CRITICAL, "ZeroDivisionError: division by zero")
    assert kernel.run("%nbalert auto off").stdout == "auto mode is off\n"
    kernel.run("time.sleep(0.3)")
    kernel.run("%alert last")
    assert [m.title.partition(" ")[0] for m in arrived(chat, 3)] == ["Cell", "Cell", "last"]


def test_cells_in_a_row_are_one_message(kernel: Kernel, chat: Webhook) -> None:
    """All well: how many, how long, which were slowest. Failed: where, and how many did not run."""
    runs = kernel.run_together("import time", "time.sleep(0.3)", "%%alert -t mine\n2", "3")
    assert [run.status for run in runs] == ["ok"] * 4
    own, summary = arrived(chat, 2)
    assert own.title == "mine"
    assert summary.title.startswith("Cell: 5 cells in ")  # with the one that `run_together` adds
    assert summary.title.endswith(", all OK")
    assert any("time.sleep(0.3)" in line for line in summary.text.splitlines())
    assert summary.result == "3"
    runs = kernel.run_together("x = 1", "def f():\n    raise OSError('disk')\nf()", "2", "3")
    assert [run.status for run in runs] == ["ok", "error", "aborted", "aborted"]
    failed = arrived(chat, 3)[2]
    assert failed.title.startswith("Cell: failed at cell 3 of 5 after ")
    assert failed.title.endswith(", 2 not run")
    assert (failed.level, failed.error) == (Level.CRITICAL, "OSError: disk")
    assert "raise OSError('disk')" in failed.traceback


def test_what_a_magic_has_told_is_not_told_again(kernel: Kernel, chat: Webhook) -> None:
    """A cell with its own `%%alert` that fails is one message; so is a cell within a cell."""
    kernel.run("%%alert -t own\n1 / 0")
    time.sleep(PAUSE_S)
    kernel.run("get_ipython().run_cell('import time; time.sleep(0.3)');")
    titles = [message.title.partition(" ")[0] for message in arrived(chat, 2)]
    kernel.run("%alert last")
    assert (
        [*titles, "last"] == [m.title.partition(" ")[0] for m in arrived(chat, 3)] == ["own", "Cell", "last"]
    )


def test_nothing_is_lost_at_the_end(kernel: Kernel, chat: Webhook) -> None:
    """A kernel that is shut down within the moment in which cells are collected tells first."""
    kernel.run("import time; time.sleep(0.3)")
    kernel.manager.shutdown_kernel(now=False)
    assert arrived(chat, 1)[0].title.startswith("Cell [3] finished")


def test_a_kernel_that_dies(detached: Home, kernel: Kernel, chat: Webhook) -> None:
    """In a cell, or before the message about it is on disk: the courier, a process, tells of that."""
    kernel.run("%nbalert status")  # there is a courier from now on
    kernel.run("import time; time.sleep(0.3)")
    os.kill(kernel.pid, signal.SIGKILL)
    assert "the kernel died after" in arrived(chat, 1)[0].title


def test_wrong_words_change_nothing(kernel: Kernel) -> None:
    """One line says what is wrong; auto mode stays as it was, and says so when asked."""
    for words in ("soon", "10s --on never", "10s more"):
        run = kernel.run(f"%nbalert auto {words}")
        assert run.ename == "UsageError"
    assert "0.2 s" in kernel.run("%nbalert auto").stdout


def test_unloading_ends_it(kernel: Kernel, chat: Webhook) -> None:
    """What is collected is told; afterwards nothing of it is left in the kernel."""
    kernel.run_together("import time; time.sleep(0.3)", "%unload_ext nbalert")
    assert len(arrived(chat, 1)) == 1
    assert kernel.run("'_send_abort_reply' in vars(get_ipython().kernel)").result == "False"


def test_on_from_the_start(start_kernel: StartKernel, chat: Webhook, home: Home) -> None:
    """By one's own settings; `auto off` ends it, also before anything was told."""
    text = (home.root / "nbalert.toml").read_text()
    settings_file(home.root, f'auto = "0.2s"\n{text}')
    kernel = start_kernel()
    kernel.run("%load_ext nbalert")
    kernel.run("import time; time.sleep(0.3)")
    assert arrived(chat, 1)[0].title.startswith("Cell")
    assert kernel.run("%nbalert auto off").stdout == "auto mode is off\n"


def test_a_hub_switches_it_on(start_kernel: StartKernel, chat: Webhook) -> None:
    """For everybody, by the environment; settings that are wrong are one line, and cells go on."""
    kernel = start_kernel({"NBALERT_AUTO": "0.2s"})
    kernel.run("%load_ext nbalert")
    kernel.run("1 / 0")
    assert arrived(chat, 1)[0].error == "ZeroDivisionError: division by zero"
    kernel = start_kernel({"NBALERT_AUTO": "soon"})
    kernel.run("%load_ext nbalert")
    run = kernel.run("1 + 1")
    assert (run.status, run.result) == ("ok", "2")
    assert run.stderr.startswith("nbalert: auto mode is not on: the environment: auto.after: 'soon' is not a")
