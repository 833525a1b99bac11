"""This process's client: made at the first use, closed at the process's end, never shared with a fork."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from nbalert import ending
from nbalert.client import Client
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.kernel_name import session_name

_client: Client | None = None
_making = threading.Lock()
_last_words: list[Callable[[], None]] = []


def client() -> Client:
    """The client of this process."""
    global _client
    with _making:
        if _client is None:
            notebook = notebook_path()
            folder = Path(notebook).parent if notebook else Path.cwd()
            _client = Client(Home.find(), folder, notebook)
            _at_exit()
        return _client


def notebook_path() -> str:
    """The notebook that this kernel runs; empty outside one, and where the front end does not tell."""
    session = session_name()
    return session if Path(session).is_absolute() and Path(session).suffix == ".ipynb" else ""


def say_goodbye() -> None:
    """This process is about to end as it was told to."""
    if _client is not None:
        _client.say_goodbye()


def before_end(tell: Callable[[], None]) -> None:
    """Have something told when this process ends, before its deliveries are waited for."""
    _last_words.append(tell)


def finish(wait_s: float | None = None) -> None:
    """Wait for what this process has accepted, and leave the line. What is left is said, and not lost.

    Args:
        wait_s: The longest wait; None is what `exit_wait_s` says.
    """
    global _client
    while _last_words:
        _last_words.pop()()
    ended, _client = _client, None
    if ended is None:
        return
    with ending.sigterm_held_off() as hurry:
        left = ended.close(exit_wait_s(ended) if wait_s is None else wait_s, hurry)
    if left and not hurry.is_told_of:
        ending.say_left(left)


def exit_wait_s(ended: Client) -> float:
    """How long a client's deliveries are waited for at the process's end."""
    with contextlib.suppress(SettingsError):
        if (chosen := ended.settings.exit_wait_s) is not None:
            return chosen
    return ending.wait_s()


def _at_exit() -> None:
    # atexit is too late for a courier in this process: by then asyncio cannot resolve names, because
    # thread pools take no more work. The earlier hook is private; where it is missing, atexit has to do.
    # Thread pools use that hook, too; theirs has to be there first, so that they still work when ours runs.
    register = getattr(threading, "_register_atexit", atexit.register)
    with contextlib.suppress(RuntimeError):  # the process is ending already, but for threads of its own
        import concurrent.futures.thread  # noqa: F401 - see above

        register(finish)


def _forget() -> None:
    """In a forked child: the parent's line, threads and messages are the parent's."""
    global _client, _making
    _client, _making = None, threading.Lock()
    _last_words.clear()


os.register_at_fork(after_in_child=_forget)
