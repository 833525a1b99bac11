"""Fixtures of all tests: a home of its own, kernels of both kinds, and no skip in CI."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbalert import process
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from tests.chat_servers import mail
from tests.chat_servers.webhook import Webhook
from tests.environments import Unavailable, ipykernel_6
from tests.kernels import Kernel
from tests.processes import couriers, settings_file, wait_until, webhook_table

# How long an example takes says something of the machine, and nothing of the code.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")

StartKernel = Callable[..., Kernel]


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background: what it starts inherits that
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption("--update-picture", action="store_true", help="write the README's picture anew")
    parser.addoption("--all", action="store_true", help="also the tests that take minutes, as CI does")
    parser.addoption(
        "--courier", choices=["process", "inline"], default="process", help="where couriers run in tests"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, except where CI runs, with `--all`, or where it is asked for by its file."""
    if os.environ.get("CI") or config.getoption("--all") or config.args != config.getini("testpaths"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI runs, what a test needs is installed: a skip is a failure there."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


def pytest_sessionfinish() -> None:
    """What tests of one process have shared ends with it."""
    mail.stop()


@pytest.fixture
def mode(request: pytest.FixtureRequest) -> str:
    """Where couriers run: `process` or `inline`."""
    return str(request.config.getoption("--courier"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> Iterator[Home]:
    """Each test has a home of its own, and its courier is gone afterwards."""
    for name in [name for name in os.environ if name.startswith("NBALERT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("NBALERT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NBALERT_SITE", str(tmp_path / "site.toml"))
    monkeypatch.setenv("NBALERT_COURIER", mode)
    monkeypatch.setenv("NBALERT_EXIT_WAIT", "2")
    monkeypatch.chdir(tmp_path)
    home = Home.find()
    yield home
    process.finish()
    stop_courier(home)


@pytest.fixture
def detached(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose couriers are processes, whatever the mode; neither they nor others are left behind."""
    monkeypatch.setenv("NBALERT_COURIER", "process")
    yield home
    process.finish()
    stop_courier(home)
    wait_until(lambda: not couriers(home))
    assert psutil.Process().children(recursive=True) == []


@pytest.fixture
def chat(home: Home) -> Iterator[Webhook]:
    """The default channel."""
    with Webhook() as server:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", server.url))
        yield server


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell of its own, with the extension."""
    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "nbalert")
    yield shell
    shell.run_line_magic("unload_ext", "nbalert")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture(params=["ipykernel 7", "ipykernel 6"])
def kernel_python(request: pytest.FixtureRequest) -> str:
    """An interpreter with ipykernel: this one's, and the last of 6."""
    if request.param == "ipykernel 7":
        return sys.executable
    try:
        return ipykernel_6()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def start_kernel(kernel_python: str, tmp_path: Path) -> Iterator[StartKernel]:
    """`start_kernel(env=None, cwd=None)` starts a kernel; it is gone after the test."""
    started: list[Kernel] = []

    def start(env: dict[str, str] | None = None, cwd: Path | None = None) -> Kernel:
        started.append(Kernel(kernel_python, cwd or tmp_path, env))
        return started[-1]

    yield start
    for kernel in started:
        kernel.__exit__()
