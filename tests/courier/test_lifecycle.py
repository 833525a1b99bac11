from __future__ import annotations

import threading

import pytest

from nbalert.courier import lifecycle
from nbalert.courier.lock import Lock
from nbalert.errors import CourierError
from nbalert.home import Home
from nbalert.line import Line
from tests.processes import Script


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Couriers are hosted here."""
    monkeypatch.setenv("NBALERT_COURIER", "inline")


def test_one_courier_a_home(home: Home) -> None:
    """Many threads see to it at once: one is hosted, and serves when they return; stopping frees the home."""
    threads = [threading.Thread(target=lifecycle.ensure, args=(home,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [t.name for t in threading.enumerate()].count("nbalert-courier") == 1
    Line.connect(home.socket).close()
    lifecycle.stop(home)
    lifecycle.stop(home)
    with pytest.raises(OSError):  # noqa: PT011 - gone, or refused
        Line.connect(home.socket)
    lifecycle.ensure(home)
    lifecycle.stop(home)


def test_the_lock_is_another_process_s(home: Home) -> None:
    """While somebody holds it nobody else gets it; it ends with its process, however that dies."""
    code = (
        "from nbalert.courier.lock import Lock; from nbalert.home import Home\n"
        "import os, time\n"
        "lock = Lock.take(Home.find().lock)\n"
        "if not os.fork(): time.sleep(60)\n"
        "print('held'); input()"
    )
    with Script(code) as other:
        assert other.line() == "held"
        assert Lock.take(home.lock) is None
        lifecycle.ensure(home)  # somebody else's affair
        other.kill()
        lock = Lock.take(home.lock)  # though its forked child lives
        assert lock
        lock.release()


def test_a_courier_that_cannot_run(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    """The error says why; it goes to the log, not to the notebook; mended, it runs."""
    home.store.mkdir(mode=0o700, parents=True)
    for _ in range(2):
        with pytest.raises(CourierError, match=r"the courier cannot run here: .*store\.db cannot be used"):
            lifecycle.ensure(home)
    assert capfd.readouterr() == ("", "")
    assert "the courier has ended" in home.log.read_text()
    home.store.rmdir()
    lifecycle.ensure(home)
    lifecycle.stop(home)


def test_an_unknown_mode(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what there is."""
    monkeypatch.setenv("NBALERT_COURIER", "thread")
    with pytest.raises(CourierError, match="NBALERT_COURIER is 'thread'; it can be: process, inline"):
        lifecycle.ensure(home)


def test_a_home_that_cannot_be_written(home: Home) -> None:
    """The error names it."""
    home.root.write_text("")
    with pytest.raises(CourierError, match=f"{home.root} cannot be written"):
        lifecycle.ensure(home)
