"""A power cut, simulated: of a home in the image of a file system is left what the image holds just then.

What a process has written and nobody has synced is in the kernel's memory, and not in the image.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import pytest

from nbalert.home import Home
from nbalert.spool import Spool
from tests.chat_servers.webhook import OK, Webhook, status
from tests.processes import Script, couriers, settings_file, wait_until, webhook_table
from tests.reliability.conftest import Figure

pytestmark = pytest.mark.long

CUTS = 12
SENDER = f"""
import nbalert
for number in range({CUTS}):
    nbalert.post(str(number), channel="ci")
    print(number, flush=True)
    input()
"""
SUCCESSOR = """
from nbalert.process import client
client().request({"do": "status"})
input()
"""


def run(*command: str | Path) -> None:
    """A command of the system that has to succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def is_unmounted(at: Path) -> bool:
    """Whether it could be; not while somebody has a file open there."""
    return subprocess.run(["umount", at], capture_output=True, check=False).returncode == 0


def new_image(path: Path) -> Path:
    """An empty file system, whole on its device."""
    with path.open("wb") as file:
        file.truncate(32 * 1024 * 1024)
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)
    return path


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Home]:
    """A home in the file system of an image; whoever works there is gone at the end."""
    at.mkdir(exist_ok=True)
    run("mount", "-o", "loop,commit=3600", image, at)  # the journal is not written by age meanwhile
    home = Home(at / "home", at / "home" / "nbalert.toml")
    try:
        yield home
    finally:
        for pid in couriers(home):
            psutil.Process(pid).kill()
        # Who dies lets go of its files a little later than of its name.
        wait_until(lambda: not couriers(home) and is_unmounted(at))


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Nobody writes meanwhile."""
    with ExitStack() as stack:
        for pid in pids:
            process = psutil.Process(pid)
            process.suspend()
            stack.callback(process.resume)
        yield


def kept(home: Home) -> set[str]:
    """Titles of what is in spool and store."""
    found = {entry.data["message"]["title"] for entry in Spool(home.spool).take()}
    if home.store.exists():
        with closing(sqlite3.connect(home.store)) as database:
            has_table = "SELECT 1 FROM sqlite_master WHERE name = 'delivery'"
            if database.execute(has_table).fetchone():
                rows = database.execute(
                    "SELECT title FROM message m JOIN delivery d ON d.message = m.id"
                    " WHERE d.state = 'waiting'"
                )
                found |= {str(title) for (title,) in rows}
    return found


def test_what_was_accepted_survives_a_power_cut(tmp_path: Path, figure: Figure) -> None:
    """With `durable = "power"`, at any moment after it was accepted; and it leaves when the power is back."""
    image, copy = new_image(tmp_path / "disk"), tmp_path / "copy"
    with Webhook() as server:
        server.always(status(503))
        with mounted(image, tmp_path / "mnt") as home:
            settings_file(home.root, 'durable = "power"\n' + webhook_table("ci", server.url))
            run("sync")
            with Script(SENDER, env={"NBALERT_HOME": str(home.root)}) as script:
                for number in range(CUTS):
                    assert script.line() == str(number)
                    time.sleep(random.uniform(0, 0.3))  # in the spool, on its way to the store, or there
                    with stopped(script.pid, *couriers(home)):
                        (home.root / "unsynced").write_text("lost")
                        shutil.copy(image, copy)
                    with mounted(copy, tmp_path / "after") as left:
                        assert kept(left) == {str(n) for n in range(number + 1)}
                        assert not (left.root / "unsynced").exists()
                    (home.root / "unsynced").unlink()
                    script.tell()
        server.always(OK)
        with (
            mounted(copy, tmp_path / "after") as left,
            Script(SUCCESSOR, env={"NBALERT_HOME": str(left.root)}) as script,
        ):
            script.tell()
            wait_until(lambda: server.titles == [str(n) for n in range(CUTS)], 60)
            script.end()
    figure("power cuts, simulated", f"{CUTS}; 0 of what was accepted lost")
