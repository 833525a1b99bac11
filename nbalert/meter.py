"""A bar for what a person waits for: in a terminal by rich or tqdm, whichever is there; in a notebook, too.

Nothing shows within the first half second, and nothing at all where nobody looks. What brings a bar is
imported only then.
"""

from __future__ import annotations

import contextlib
import html
import os
import sys
import time
from typing import Any, Protocol
from uuid import uuid4

SILENT_S = 0.5
"""What takes no longer needs no bar."""
BETWEEN_S = 0.1
"""So often a bar moves at most."""


class Bar(Protocol):
    """What shows it, once it shows."""

    def show(self, share: float, text: str) -> None:
        """Show how far it is.

        Args:
            share: From 0 to 1.
        """

    def close(self) -> None:
        """Take it away."""


class Meter:
    """Shows how far something is. Use as a context manager: nothing of it stays in a terminal.

    Args:
        is_ending: Whether this process ends: nobody reads what a kernel displays then.
    """

    def __init__(self, *, is_ending: bool = False) -> None:
        self._place = _place(is_ending=is_ending)
        self._due_s = time.monotonic() + SILENT_S
        self._bar: Bar | None = None

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            with contextlib.suppress(Exception):  # as in `show`
                self._bar.close()

    @property
    def can_show(self) -> bool:
        """Whether anybody would see it."""
        return self._place is not None

    @property
    def is_due(self) -> bool:
        """Whether it is worth while to find out how far it is."""
        return self.can_show and time.monotonic() >= self._due_s

    def show(self, share: float, text: str) -> None:
        """Show how far it is, if that is due.

        Args:
            share: From 0 to 1.
        """
        if not self.is_due or self._place is None:
            return
        self._due_s = time.monotonic() + BETWEEN_S
        try:
            self._bar = self._bar or self._place()
            self._bar.show(share, text)
        except Exception:  # code of others, or a terminal that is gone: what is waited for matters more
            self._place = None


class _Rich:
    """By rich, without its thread: a process that ends can start none."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = TextColumn("nbalert"), BarColumn(), TextColumn("{task.description}", markup=False)
        self._bar = Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def show(self, share: float, text: str) -> None:
        self._bar.update(self._task, completed=share, description=text, refresh=True)

    def close(self) -> None:
        self._bar.stop()


class _Tqdm:
    """By tqdm, without its thread."""

    def __init__(self) -> None:
        from tqdm import tqdm

        class Bar(tqdm):  # type: ignore[misc]  # what has no types
            monitor_interval = 0

        how = {"total": 1.0, "leave": False, "file": sys.stderr, "mininterval": 0.0}
        self._bar: Any = Bar(bar_format="nbalert |{bar:30}| {desc}", **how)

    def show(self, share: float, text: str) -> None:
        self._bar.n = share
        self._bar.set_description_str(text)

    def close(self) -> None:
        self._bar.close()


class _Line:
    """One line that is written over."""

    def show(self, share: float, text: str) -> None:
        self._write(f"\r\x1b[Knbalert: {text}")

    def close(self) -> None:
        self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


class _Display:
    """A display of its own below the cell, whose last word stays."""

    def __init__(self) -> None:
        self._name = f"nbalert-{uuid4().hex}"
        self._is_there = False

    def show(self, share: float, text: str) -> None:
        from IPython.display import display, update_display

        bar = f'<progress max="1" value="{share:.3f}" aria-label="nbalert"></progress>'
        data = {"text/plain": f"nbalert: {text}", "text/html": f"<div>{bar} {html.escape(text)}</div>"}
        put: Any = update_display if self._is_there else display
        put(data, raw=True, display_id=self._name)
        self._is_there = True

    def close(self) -> None:
        from IPython.display import update_display

        put: Any = update_display
        put({"text/plain": "", "text/html": ""}, raw=True, display_id=self._name)


def _place(*, is_ending: bool) -> Any:
    """What makes the bar that fits here; None where nobody would see one."""
    shells = sys.modules.get("IPython.core.getipython")
    if shells is not None and hasattr(shells.get_ipython(), "kernel"):
        return _Display if "JPY_SESSION_NAME" in os.environ and not is_ending else None
    if "JPY_PARENT_PID" in os.environ:  # a `!command` of a notebook, which keeps what a bar wrote over
        return None
    with contextlib.suppress(Exception):  # it may be closed, or nothing at all
        if sys.stderr.isatty():
            return _terminal
    return None


def _terminal() -> Bar:
    for kind in (_Rich, _Tqdm):
        with contextlib.suppress(ImportError):
            return kind()
    return _Line()
