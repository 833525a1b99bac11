"""Keeps the line open: finds or hosts the courier, greets it, comes back after a cut, carries requests."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

from nbalert.build import Build, current_build
from nbalert.courier import lifecycle
from nbalert.errors import CourierError, NbalertError
from nbalert.home import Home
from nbalert.line import PROTOCOL, WAKE, Frame, Line

log = logging.getLogger(__name__)

RETRY_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Pauses between tries to reach a courier; the last one is repeated."""
COMING_S = 0.1
"""The longest of them while a courier is expected: it may be killed again before a longer one is over."""
ANSWER_S = 10.0
"""How long an answer of the courier is waited for."""
CALL_AGAIN_S = 1.0
CLOSE_S = 5.0


class Connection:
    """A process's connection to the courier of a home, on a thread of its own.

    Args:
        home: Where the courier is found, or hosted.
        greeting: The frames to say first, each time anew; called on the thread.
        hear: Called on the thread with every frame but answers to requests.
        is_needed: Whether anything is open that a courier has to see to; else one that was stopped by its
            user is not started again before the next call.
    """

    def __init__(
        self,
        home: Home,
        greeting: Callable[[], Iterable[Frame]],
        hear: Callable[[Frame], None],
        is_needed: Callable[[], bool],
    ) -> None:
        self._home = home
        self._greeting = greeting
        self._hear = hear
        self._is_needed = is_needed
        self._guard = threading.Lock()
        self._requests: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._line: Line | None = None
        self._greeted = threading.Event()
        self._is_closing = threading.Event()
        self._called = threading.Event()
        self._is_dismissed = False
        self._is_held_back = False
        self._fault = ""
        self._asked_to_go: set[str] = set()

    def start(self) -> None:
        """Have a line from now on; starts the thread, once."""
        if self._thread is None:
            with self._guard:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, name="nbalert-line", daemon=True)
                    with contextlib.suppress(RuntimeError):  # the process is ending: the spool keeps it
                        thread.start()
                        self._thread = thread
        if self._line is None:
            self._called.set()

    @property
    def is_started(self) -> bool:
        """Whether the thread could be started; without it nothing is heard."""
        return self._thread is not None

    def wake(self) -> None:
        """Have the courier look into the spool, without waiting; the greeting has the same effect."""
        self.tell(WAKE)

    def tell(self, frame: Frame) -> None:
        """Say something, without waiting; what is not said now, the greeting says."""
        self.start()
        if line := self._line:
            line.owe(frame)
            if not self._is_held_back:  # asked last: whoever ends holding back sends what is owed by then
                line.send_owed()

    @contextlib.contextmanager
    def held_back(self, later: Callable[[Callable[[], None]], None]) -> Iterator[None]:
        """What is told within this goes out afterwards, all at once.

        Args:
            later: Calls what it is given.
        """
        self._is_held_back = True
        try:
            yield
        finally:
            self._is_held_back = False
            later(self.flush)

    def flush(self) -> None:
        """Send what was held back."""
        if line := self._line:
            line.send_owed()

    def send(self, frame: Frame) -> None:
        """Say something, if there is a line; what is not said now, the greeting says."""
        if line := self._line:
            with contextlib.suppress(OSError):
                line.send(frame)

    def request(self, frame: Frame, timeout_s: float = ANSWER_S) -> Any:
        """Ask the courier something, starting one if need be, and on a new line if the old one is cut.

        Raises:
            CourierError: No answer in time, or it could not make sense of the request.
        """
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            self.start()
            if self._greeted.wait(min(left_s, CALL_AGAIN_S)):
                with contextlib.suppress(OSError, TimeoutError):
                    return self._request_once(frame, deadline - time.monotonic())
        raise CourierError(f"no answer from the courier{': ' + self._fault if self._fault else ''}")

    def close(self) -> None:
        """Leave the line for good."""
        self._is_closing.set()
        self._called.set()
        if line := self._line:
            line.close()
        if (thread := self._thread) and thread is not threading.current_thread():
            thread.join(CLOSE_S)  # it may be hosting a courier just now

    def _request_once(self, frame: Frame, timeout_s: float) -> Any:
        number, answer = next(self._numbers), Future[Any]()
        line = self._line
        if line is None:
            raise ConnectionError
        with self._guard:
            self._requests[number] = answer
        try:
            line.send({**frame, "id": number})
            return answer.result(max(timeout_s, 0.05))
        finally:
            with self._guard:
                self._requests.pop(number, None)

    def _run(self) -> None:
        pauses = iter(RETRY_S)
        while not self._is_closing.is_set():
            line, is_coming = None, False
            try:
                line = Line.connect(self._home.socket)
                if self._hold(line):
                    pauses = iter(RETRY_S)
            except (OSError, NbalertError) as error:
                is_coming = self._see_to_it(str(error)) and line is None  # not where somebody hangs up
            except Exception as error:  # the thread is all that this process hears by
                self._fault = f"{type(error).__name__} in nbalert"
                log.exception("the line was lost")
            pause_s = next(pauses, RETRY_S[-1])
            self._pause(min(pause_s, COMING_S) if is_coming else pause_s)

    def _pause(self, seconds: float) -> None:
        # Who is called while nobody was needed goes on at once; who fails to have a courier does not.
        is_resting = self._is_dismissed and not self._called.is_set()
        (self._called if is_resting else self._is_closing).wait(seconds)

    def _see_to_it(self, fault: str) -> bool:
        """Have a courier, unless its user has stopped it and nothing needs one since.

        Returns:
            Whether there will be one soon.
        """
        is_resting = self._is_dismissed and not self._called.is_set() and not self._is_needed()
        if self._is_closing.is_set() or is_resting:
            return False
        try:
            lifecycle.ensure(self._home)
        except NbalertError as error:
            self._fault = str(error)
            return False
        self._fault = fault
        return True

    def _hold(self, line: Line) -> bool:
        """Hear until the line is cut; whether the courier was heard at all."""
        self._line = line
        if self._is_closing.is_set():  # `close` may have come before there was a line to close
            line.close()
        try:
            for frame in self._greeting():
                line.send(frame)
            for frame in line.frames():
                self._take(frame)
            return self._greeted.is_set()
        finally:
            self._greeted.clear()
            self._line = None
            line.close()
            self._drop_requests()

    def _take(self, frame: Frame) -> None:
        try:
            if frame.get("event") == "welcome":
                self._meet(frame)
            elif frame.get("event") == "answer":
                self._answer(frame)
            elif frame.get("event") == "stopped":
                self._is_dismissed = True
            else:
                self._hear(frame)
        except Exception:  # one bad frame must not cost the line
            log.exception("a frame of the courier could not be understood")

    def _meet(self, welcome: Frame) -> None:
        """Take up with a courier that fits; one of an older build hands over."""
        build, self._is_dismissed = Build(*welcome["build"]), False
        if welcome["mode"] == "detached" and self._is_to_go(build):
            self._replace(build)
        elif welcome["protocol"] not in (PROTOCOL, PROTOCOL - 1):
            self._fault = (
                f"the courier (pid {welcome['pid']}) is of version {build.version}; run: nbalert stop"
            )
        else:
            self._fault = ""
            self._called.clear()
            self._greeted.set()

    def _is_to_go(self, build: Build) -> bool:
        # One that comes back is what is started here, whatever this process runs: it has to do.
        return build.digest not in self._asked_to_go and current_build().replaces(build)

    def _replace(self, build: Build) -> None:
        try:
            if lifecycle.replace(self._home, lambda: self.send({"do": "stop"})):
                self._asked_to_go.add(build.digest)
        except NbalertError as error:
            self._fault = str(error)
        finally:
            self._called.set()  # whoever has dismissed one has another
            if line := self._line:
                line.close()  # whoever serves now is met anew

    def _answer(self, frame: Frame) -> None:
        with self._guard:
            answer = self._requests.get(frame["re"])
        if answer is None:
            return
        if "error" in frame:
            answer.set_exception(CourierError(frame["error"]))
        else:
            answer.set_result(frame["value"])

    def _drop_requests(self) -> None:
        with self._guard:
            dropped = list(self._requests.values())
        for answer in dropped:
            if not answer.done():
                answer.set_exception(ConnectionError())
