"""A courier in a thread of this process: where no process can be started, or none is wanted."""

from __future__ import annotations

import threading

from nbalert.courier.lock import Lock
from nbalert.courier.serving import Stop, serve
from nbalert.errors import CourierError
from nbalert.home import Home

READY_S = 10.0
STOP_S = 5.0


class Host:
    """The thread.

    Args:
        home: Served from `start` on.
        lock: The home's, held; released when the thread ends.
    """

    def __init__(self, home: Home, lock: Lock) -> None:
        self._home = home
        self._lock = lock
        self._ready = threading.Event()
        self._error: Exception | None = None
        self._stop: Stop | None = None
        # A daemon: a forgotten courier must not keep its process from ending.
        self._thread = threading.Thread(target=self._run, name="nbalert-courier", daemon=True)

    def start(self) -> None:
        """Start, and return once the line is served.

        Raises:
            CourierError: It could not; the lock is free again.
        """
        self._thread.start()
        self._ready.wait(READY_S)
        if self._error:
            raise CourierError(f"the courier cannot run here: {self._error}") from self._error

    @property
    def is_alive(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it in order; what is under way is left to the next courier."""
        if self._stop:
            self._stop()
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            serve(self._home, mode="inline", idle_end_s=None, on_ready=self._note_ready)
        except Exception as error:
            self._error = error
        finally:
            self._lock.release()
            self._ready.set()

    def _note_ready(self, stop: Stop) -> None:
        self._stop = stop
        self._ready.set()
