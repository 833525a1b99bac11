"""What a cell shows while it runs: the taps on its output, and what they have caught."""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, MethodDescriptorType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from nbalert.tail import LARGE_CHARS, Tail

DISPLAYS = 20
"""The last ones are kept: a cell may display in a loop for days."""

_log = logging.getLogger("nbalert")

Bundle = dict[str, Any]
"""One output, by MIME type."""


class Capture:
    """What was seen of one cell.

    Attributes:
        forgotten: How many displays there were before those that are kept.
    """

    def __init__(self) -> None:
        self.stdout = Tail()
        self.stderr = Tail()
        self.result: Bundle | None = None
        self.errors: deque[tuple[BaseException, list[str]]] = deque(maxlen=DISPLAYS)
        self._displays: deque[tuple[str | None, Bundle]] = deque(maxlen=DISPLAYS)
        self.forgotten = 0

    @property
    def displayed(self) -> tuple[Bundle, ...]:
        """The last displays, in order, as they look now."""
        return tuple(bundle for _, bundle in self._displays)

    def take_message(self, message: dict[str, Any]) -> None:
        """Follow one message of the display publisher."""
        kind, content = message["header"]["msg_type"], message["content"]
        display_id = (content.get("transient") or {}).get("display_id")
        if kind == "display_data":
            self.forgotten += len(self._displays) == DISPLAYS
            self._displays.append((display_id, content["data"]))
        elif kind == "update_display_data" and display_id is not None:
            self._update(display_id, content["data"])
        elif kind == "clear_output":  # wait=True clears with the next output; nearly always there is one
            self._clear()

    def _update(self, display_id: str, data: Bundle) -> None:
        for i, (shown_id, _) in enumerate(self._displays):
            if shown_id == display_id:
                self._displays[i] = (display_id, data)

    def _clear(self) -> None:
        self.stdout.clear()
        self.stderr.clear()
        self._displays.clear()
        self.forgotten = 0
        self.result = None


@dataclass(slots=True)
class _Feeds:
    """Who hears what is written to a stream.

    Args:
        keep: Takes a short text for the capture for which the stream was tapped.
        takes: Those of all that are open.
        is_one: Whether it alone is open: nearly always.
    """

    keep: Callable[[str], None]
    takes: tuple[Callable[[Any], None], ...] = ()
    is_one: bool = True


class Taps:
    """Feeds captures from a shell. Attached with the first open capture, taken off with the last."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._open: list[Capture] = []
        self._feeds: dict[str, _Feeds] = {}
        self._undo: list[Callable[[], None]] = []
        self._hooks: dict[int, tuple[Any, Callable[[Any], Any]]] = {}

    def open(self, capture: Capture) -> None:
        """Begin to feed a capture."""
        self._open.append(capture)
        if len(self._open) == 1:
            self._attach(capture)
        self._hook_displays(capture)
        self._route()

    def close(self, capture: Capture) -> None:
        """Feed it no longer."""
        if capture not in self._open:
            return
        self._open.remove(capture)
        self._route()
        publisher, hook = self._hooks.pop(id(capture), (None, None))
        if publisher is not None:
            publisher.unregister_hook(hook)
        if not self._open:
            self._detach()

    def _route(self) -> None:
        for name, feeds in self._feeds.items():
            tails: list[Tail] = [getattr(capture, name) for capture in self._open]
            feeds.takes = tuple(tail.take for tail in tails)
            feeds.is_one = [tail.take_short for tail in tails] == [feeds.keep]

    def _attach(self, first: Capture) -> None:
        # new ones: a shadow that was left below somebody's wrapper keeps the old ones and feeds nothing
        self._feeds = {
            "stdout": _Feeds(first.stdout.take_short),
            "stderr": _Feeds(first.stderr.take_short),
        }
        for name, feeds in self._feeds.items():
            self._tap_stream(getattr(sys, name), feeds)
        # the value is formatted once only: a `__repr__` may be costly or stateful;
        # displayhook.register_hook would do as well, but ipykernel 6.31 has none
        self._tap_call(self._shell.displayhook, "write_format_data", self._take_result)
        self._tap_call(self._shell, "_showtraceback", self._take_error)

    def _detach(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _take_result(self, data: Bundle, metadata: object = None) -> None:
        for capture in self._open:
            capture.result = data

    def _take_error(self, kind: object, error: BaseException, lines: list[str]) -> None:
        for capture in self._open:
            capture.errors.append((error, lines))

    def _hook_displays(self, capture: Capture) -> None:
        """One hook a capture, since the publisher keeps them by thread; a terminal's has none."""
        publisher = self._shell.display_pub
        if not hasattr(publisher, "register_hook"):
            return

        def hook(message: dict[str, Any]) -> dict[str, Any]:
            with _harmless():
                capture.take_message(message)
            return message

        publisher.register_hook(hook)
        self._hooks[id(capture)] = (publisher, hook)

    def _tap_stream(self, stream: Any, feeds: _Feeds) -> None:
        """Shadow `write` on the instance: loggers and progress bars hold the stream object itself.

        A cell may call it a million times: what `print` writes takes no call of ours but an append.
        """
        if stream is None:
            return
        write, keep = stream.write, feeds.keep

        def shadow(string: Any) -> Any:
            __tracebackhide__ = True  # an interrupt strikes here as often as not
            written = write(string)
            if feeds.is_one and len(string) <= LARGE_CHARS:
                keep(string)
            else:
                for take in feeds.takes:
                    take(string)
            return written

        def shadow_of_any(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            written = write(*args, **kwargs)
            for take in feeds.takes:
                take(args[0] if args else None)
            return written

        self._put(stream, "write", shadow if _takes_a_string(type(stream)) else shadow_of_any)

    def _tap_call(self, owner: Any, name: str, take: Callable[..., None]) -> None:
        call = getattr(owner, name)

        def shadow(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            returned = call(*args, **kwargs)
            with _harmless():
                take(*args, **kwargs)
            return returned

        self._put(owner, name, shadow)

    def _put(self, owner: Any, name: str, shadow: Callable[..., Any]) -> None:
        """Shadow a method; to be taken off only while it is still ours.

        One that somebody else has wrapped since stays below theirs, with nothing left to feed.
        """
        shadowed = vars(owner).get(name) if hasattr(owner, "__dict__") else None
        try:
            setattr(owner, name, shadow)
        except (AttributeError, TypeError):
            return  # a stream without instance attributes

        def undo() -> None:
            if getattr(owner, name, None) is not shadow:
                return
            if shadowed is None:
                delattr(owner, name)
            else:
                setattr(owner, name, shadowed)

        self._undo.append(undo)


def _takes_a_string(kind: type) -> bool:
    """Whether the `write` of a kind of stream is called as `shadow` is: as that of files and of ipykernel.

    The instance may have another, which takes anything: IPython 9 keeps all output by one of its own.
    """
    write = getattr(kind, "write", None)
    if isinstance(write, MethodDescriptorType):
        return True
    code = getattr(write, "__code__", None)
    return code is not None and _signature(code) == (2, 0, 0, "string")


def _signature(code: CodeType) -> tuple[int, int, int, str]:
    more = code.co_flags & (CO_VARARGS | CO_VARKEYWORDS)
    return code.co_argcount, code.co_kwonlyargcount, more, "".join(code.co_varnames[1:2])


@contextmanager
def _harmless() -> Iterator[None]:
    """Top of a hook: what goes wrong in ours must not become an error of the user's cell."""
    try:
        yield
    except Exception:
        _log.exception("an output was not recorded")
