"""A courier's life, wherever it runs: its log, its loop, its beginning and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from nbalert.courier.journal import logged
from nbalert.forks import whole_modules
from nbalert.home import Home

if TYPE_CHECKING:
    from nbalert.courier.office import Courier
    from nbalert.courier.project import Project

log = logging.getLogger(__name__)

NEEDED_FILES = 16
"""Log, loop, two databases with their journals, two listeners, and a first connection each."""

ONCE_S = 30.0
"""How long a courier that ends by itself tries to send what is due: what cannot be sent has the next."""

Stop = Callable[[], None]


def serve(
    home: Home,
    *,
    mode: str,
    idle_end_s: float | None,
    on_ready: Callable[[Stop], None],
    once: Project | None = None,
) -> None:
    """Serve a home until told to stop. The caller holds the home's lock.

    Args:
        home: Whose spool, store and line.
        mode: What status says of it: `inline`, `detached` or `foreground`.
        idle_end_s: End when nobody was on the line and nothing was open for that long; None is never.
        on_ready: Called once the line is served, with what stops it; that may be called on any thread.
        once: Send what is due and end; the settings that this process has.

    Raises:
        NbalertError: Store, inbox or line cannot be used.
        OSError: The same.
    """
    _check_files()
    with logged(home.log):
        try:
            asyncio.run(_serve(home, mode, idle_end_s, on_ready, once))
        except Exception:
            log.exception("the courier has ended")
            raise


def _check_files() -> None:
    """Where too few can be opened a courier is not begun: asyncio's own words would be in the notebook."""
    with contextlib.ExitStack() as opened:
        for _ in range(NEEDED_FILES):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))


async def _serve(
    home: Home,
    mode: str,
    idle_end_s: float | None,
    on_ready: Callable[[Stop], None],
    once: Project | None,
) -> None:
    with whole_modules():
        from nbalert.courier.office import Courier  # only who hosts a courier pays for its imports

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_note)
    begin = partial(on_ready, lambda: _tell(loop, stop))

    async def work(courier: Courier) -> None:
        await (courier.serve_once(once, ONCE_S) if once else courier.serve(idle_end_s))

    while await _worked(await Courier.open(home, mode, stop), mode, work, begin):
        begin = partial(log.info, "another courier begins with new files")


async def _worked(
    courier: Courier,
    mode: str,
    work: Callable[[Courier], Coroutine[Any, Any, None]],
    begin: Callable[[], None],
) -> bool:
    """Let it work to its end; whether another one is to begin, with a new file in place of a damaged one."""
    try:
        begin()
        log.info("courier serves (%s)", mode)
        await work(courier)
    finally:
        await courier.aclose()
        log.info("courier ends")
    return courier.is_damaged


def _tell(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # it has ended already
        loop.call_soon_threadsafe(stop.set)


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error that nobody awaited: asyncio would write it into the notebook."""
    # What follows in asyncio's words is a callback with its arguments.
    log.error("%s", context["message"].partition(" in callback ")[0], exc_info=context.get("exception"))
