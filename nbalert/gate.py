"""What stands between the shell channel and the kernel while a cell waits.

Turning the kernel's loop from inside a cell delivers no click by itself: ipykernel 6 parks the only reader of
its queue in that cell, ipykernel 7 holds a lock around it. So the gate looks at each message as it comes from
the socket: `comm_*` it dispatches at once, one at a time. The rest goes the kernel's own way, into that queue
or behind that lock, where it keeps its place until the cell ends: nothing that somebody wants run depends on
us.
"""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

_COMM = frozenset({"comm_open", "comm_msg", "comm_close"})

Frames = list[Any]
"""One message as the socket gave it."""

Handler = Callable[..., Any]


class Gate(ABC):
    """Lets clicks through to the kernel during one wait. Use as a context manager, on the kernel's thread.

    Making one reads every private name that it will need and changes nothing: a kernel that lacks one is
    found out in time.

    Args:
        kernel: The running ipykernel.
        stream: Where its main thread receives shell messages.

    Attributes:
        on_interrupt: Called when SIGINT met a click's handler.

    Raises:
        AttributeError: This ipykernel lacks a name.
    """

    on_interrupt: Callable[[], None]

    def __init__(self, kernel: Any, stream: Any) -> None:
        self._kernel, self._stream, self._session = kernel, stream, kernel.session
        self._dispatch, self._set_parent = kernel.dispatch_shell, kernel.set_parent
        # Read now, in the context of the waiting cell: ipykernel 7 keeps both in context variables.
        self._parent, self._ident = kernel.get_parent("shell"), kernel._parent_ident["shell"]
        self._sigint = kernel.saved_sigint_handler
        self._publish_status = kernel._publish_status
        self._deliver, self._run_callback = stream._recv_callback, stream._run_callback
        self._comms: asyncio.Queue[Frames] = asyncio.Queue()
        self._handlers = kernel.shell_handlers
        self._own_handlers = {kind: self._handlers[kind] for kind in _COMM}
        self._is_over = self._is_dispatching = False

    @abstractmethod
    async def _end_with_cell(self) -> None:
        """Retire as soon as the kernel listens again, though the wait goes on.

        So it does where a background task of the user's waits and the cell beside it ends, or none runs at
        all: then the next cell runs during this wait, and its clicks are the kernel's affair.
        """

    def __enter__(self) -> Self:
        self._handlers.update({kind: self._noting(handler) for kind, handler in self._own_handlers.items()})
        self._stream._recv_callback = self._sort
        # That a task gets a context of its own matters: all shell messages of ipykernel 7 share one, which
        # the waiting cell has entered, and what set_parent() leaves behind must not show there.
        self._pump_task = asyncio.create_task(self._pump())
        return self

    def __exit__(self, *exc: object) -> None:
        self._stream._recv_callback = self._deliver
        self._handlers.update(self._own_handlers)
        self._retire()
        if self._is_dispatching:  # by a handler that awaits: it goes on by itself, but the cell comes first
            self._restore()
        else:
            self._pump_task.cancel()

    def _sort(self, frames: Frames) -> None:
        if not self._is_over and self._is_comm(frames):
            self._comms.put_nowait(frames)
        else:
            self._run_callback(self._deliver, frames)

    def _is_comm(self, frames: Frames) -> bool:
        try:
            _, rest = self._session.feed_identities(frames, copy=False)
            header = self._session.deserialize(rest, content=False, copy=False)["header"]
        except (KeyError, TypeError, ValueError):  # no message: ipykernel 7 sends itself "stop aborting"
            return False
        return header["msg_type"] in _COMM

    def _noting(self, handler: Handler) -> Handler:
        """The handler, telling of its interrupt: the kernel swallows that, though the cell was meant."""

        def handle(*args: Any) -> Any:
            try:
                return handler(*args)
            except KeyboardInterrupt:
                self.on_interrupt()
                raise

        return handle

    async def _pump(self) -> None:
        """Dispatch one comm message after the other.

        Never two at once: pre_handler_hook and post_handler_hook save and restore SIGINT's handler as a pair.
        """
        while not self._is_over:
            frames = await self._comms.get()
            self._is_dispatching = True
            try:
                await self._dispatch(frames)
            except Exception:  # as the kernel's own reader does; the next click must get through
                self._kernel.log.exception("nbalert: error in comm message handler")
            self._is_dispatching = False
            if not self._is_over:
                self._restore()

    def _restore(self) -> None:
        """Give the waiting cell back what a dispatch took: its output's parent, SIGINT, its busy status."""
        self._set_parent(self._ident, self._parent, channel="shell")
        self._kernel.saved_sigint_handler = self._sigint
        self._publish_status("busy", "shell", self._parent)

    def _retire(self) -> None:
        """Leave all messages to the kernel from now on."""
        self._is_over = True
        for frames in _drained(self._comms):
            self._run_callback(self._deliver, frames)


class _Gate6(Gate):
    """For ipykernel 6, where one task reads `msg_queue` and runs each cell to its end before it reads on."""

    def __init__(self, kernel: Any) -> None:
        super().__init__(kernel, kernel.shell_stream)
        self._queue = kernel.msg_queue  # tornado's, of (number, coroutine function, arguments)

    def __enter__(self) -> Self:
        super().__enter__()
        for item in _drained(self._queue):  # comms from before the wait go before those that come now
            if item[2] and self._is_comm(item[2][0]):
                self._comms.put_nowait(item[2][0])
            else:
                self._queue.put_nowait(item)
        self._queue.put_nowait((None, self._end_with_cell, ()))
        return self

    def __exit__(self, *exc: object) -> None:
        for item in _drained(self._queue):
            if item[1] != self._end_with_cell:
                self._queue.put_nowait(item)
        super().__exit__(*exc)

    async def _end_with_cell(self) -> None:
        """Waits its turn in the queue, like a message."""
        self._retire()


class _Gate7(Gate):
    """For ipykernel 7, where each shell message is a task of its own behind one lock.

    A click from before the wait is behind it already: 7.4 dispatches such a click itself, 7.1 to 7.3 leave it
    there until the cell ends.
    """

    def __init__(self, kernel: Any) -> None:
        super().__init__(kernel, kernel.shell_channel_thread.manager._shell_channel_to_main.to_stream)
        self._lock: asyncio.Lock = kernel._main_asyncio_lock

    def __enter__(self) -> Self:
        self._end_task = asyncio.create_task(self._end_with_cell())
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        self._end_task.cancel()
        super().__exit__(*exc)

    async def _end_with_cell(self) -> None:
        """Waits its turn for the lock, like a message."""
        async with self._lock:
            self._retire()


def gate_for(kernel: Any) -> Gate:
    """The gate that fits this ipykernel.

    Raises:
        AttributeError: None does. LookupError: It is 7.0, which has all the names, but whose stream brings
        nothing to a nested loop (7.0.1).
    """
    if sys.modules["ipykernel"].version_info[:2] == (7, 0):
        raise LookupError("ipykernel 7.0")
    return _Gate6(kernel) if hasattr(kernel, "msg_queue") else _Gate7(kernel)


def _drained(queue: Any) -> list[Any]:
    return [queue.get_nowait() for _ in range(queue.qsize())]
