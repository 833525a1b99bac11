"""A process's own side: settings, spool and line. Everything that alerts or asks goes through here.

Accepting a message is one file and one short frame; all else happens in a thread of this module's, which
finds or hosts the courier, keeps the line, and hears what became of messages and questions.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nbalert import __version__
from nbalert.courier import lifecycle
from nbalert.errors import ChannelRefused, CourierError, NbalertError, SettingsError
from nbalert.home import Home
from nbalert.line import PROTOCOL, Frame, Line
from nbalert.message import Message, Posted, Receipt
from nbalert.question import Decision, Reply
from nbalert.spool import Spool

if TYPE_CHECKING:
    from nbalert.settings import Settings

log = logging.getLogger(__name__)

RETRY_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Pauses between tries to reach a courier; the last one is repeated."""
ANSWER_S = 10.0
"""How long an answer of the courier is waited for."""


class Pending:
    """A question that this process waits for.

    Args:
        id: The question's.
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - what it is
        self.id = id
        self.decided: Future[Decision] = Future()
        self._guard = threading.Lock()
        self._listeners: list[Callable[[Receipt | Reply], None]] = []
        self._heard: list[Receipt | Reply] = []

    def listen(self, listener: Callable[[Receipt | Reply], None]) -> None:
        """Be called, on any thread, with the receipt and each answer; also with those that came already."""
        with self._guard:
            self._listeners.append(listener)
            heard = list(self._heard)
        for one in heard:
            listener(one)

    def hear(self, one: Receipt | Reply) -> None:
        """Something came."""
        with self._guard:
            self._heard.append(one)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(one)

    def decide(self, decision: Decision) -> bool:
        """Set the decision; false if there is one already: the first one stays."""
        with self._guard:
            if self.decided.done():
                return False
            self.decided.set_result(decision)
            return True


class Client:
    """One process and one home.

    Args:
        home: Spool, line and the user's settings.
        folder: Where the search for a project's settings starts.
        notebook: Path of the notebook; empty outside one.
    """

    def __init__(self, home: Home, folder: Path, notebook: str = "") -> None:
        self.home = home
        self.folder = folder
        self.notebook = notebook
        self.origin = uuid4().hex
        self._spool = Spool(home.spool)
        self._guard = threading.Lock()
        self._messages: dict[str, Future[list[Receipt]]] = {}
        self._questions: dict[str, Pending] = {}
        self._requests: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._line: Line | None = None
        self._greeted = threading.Event()
        self._is_closing = threading.Event()
        self._settings: tuple[object, Settings] | None = None
        self._fault = ""

    # ---- settings

    @property
    def settings(self) -> Settings:
        """The settings as they are now; read again when a file has changed.

        Raises:
            SettingsError: Names file and key.
        """
        from nbalert.settings import load, stamp  # brings pydantic: paid by the first use, not by %load_ext

        now = stamp(self.folder, self.home)
        if self._settings is None or self._settings[0] != now:
            self._settings = (now, load(self.folder, self.home))
            if line := self._line:
                self._introduce(line)
        return self._settings[1]

    def _project(self) -> str:
        """Names the project also while its settings are wrong: its messages wait until they are mended."""
        from nbalert.settings import project_key

        try:
            return self.settings.project
        except SettingsError:
            return project_key(self.folder, self.home)

    # ---- messages and questions

    def accept(self, message: Message, channels: Sequence[str]) -> Posted:
        """Put a message on disk and say so to the courier.

        Args:
            channels: Names; an empty name is the default channel.

        Raises:
            OSError: It could not be written.
        """
        return Posted(*self._accept(message, channels))

    def ask(self, message: Message, channel: str, pending: Pending) -> None:
        """Put a question on disk and say so to the courier; `pending` hears of it.

        Raises:
            OSError: It could not be written.
        """
        with self._guard:
            self._questions[pending.id] = pending
        _, receipts = self._accept(message, [channel])
        receipts.add_done_callback(
            # Where the channel refused it the decision tells.
            lambda done: None if done.exception() else pending.hear(done.result()[0])
        )

    def cancel(self, pending: Pending, reason: str) -> None:
        """Stop waiting: nobody can approve any more, whether or not a courier is there to hear it."""
        self.forget(pending)
        self._spool.put({"kind": "cancel", "question": pending.id, "reason": reason})
        self._wake()

    def forget(self, pending: Pending) -> None:
        """The question is of no more interest to this process."""
        with self._guard:
            self._questions.pop(pending.id, None)

    def request(self, frame: Frame, timeout_s: float = ANSWER_S) -> Any:
        """Ask the courier something, starting one if need be.

        Raises:
            CourierError: No answer in time, or it could not make sense of the request.
        """
        deadline = time.monotonic() + timeout_s
        self.start()
        while (left_s := deadline - time.monotonic()) > 0 and self._greeted.wait(left_s):
            with contextlib.suppress(OSError, TimeoutError):
                return self._request_once(frame, deadline - time.monotonic())
        raise CourierError(f"no answer from the courier{': ' + self._fault if self._fault else ''}")

    def waiting(self) -> int:
        """How many accepted messages have not left yet, as far as is known here."""
        with self._guard:
            return len(self._messages)

    # ---- life

    def start(self) -> None:
        """Start the thread, once; it finds a courier or hosts one."""
        if self._thread is None:
            with self._guard:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="nbalert-line", daemon=True)
                    self._thread.start()

    def close(self, wait_s: float) -> int:
        """Wait for this process's deliveries, then leave the line.

        Returns:
            How many messages are left to the next courier.
        """
        deadline = time.monotonic() + wait_s
        while self.waiting() and time.monotonic() < deadline:
            time.sleep(0.005)
        self._is_closing.set()
        if line := self._line:
            line.close()
        lifecycle.stop(self.home)
        return self.waiting()

    # ---- inner: the way out

    def _accept(self, message: Message, channels: Sequence[str]) -> tuple[str, Future[list[Receipt]]]:
        receipts: Future[list[Receipt]] = Future()
        data = {
            "kind": "message",
            "origin": self.origin,
            "project": self._project(),
            "channels": list(channels),
            "message": message.to_json(),
        }
        with self._guard:  # the courier may settle it before it is noted here
            entry = self._spool.put(data)
            self._messages[entry] = receipts
        self._wake()
        return entry, receipts

    def _wake(self) -> None:
        self.start()
        if line := self._line:
            line.nudge({"do": "wake"})

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

    # ---- inner: the line's thread

    def _run(self) -> None:
        pauses = iter(RETRY_S)
        while not self._is_closing.is_set():
            try:
                self._hold(Line.connect(self.home.socket))
                pauses = iter(RETRY_S)
            except (OSError, NbalertError) as error:
                self._fault = str(error)
                self._host()
                self._is_closing.wait(next(pauses, RETRY_S[-1]))

    def _host(self) -> None:
        try:
            lifecycle.ensure(self.home)
        except CourierError as error:
            self._fault = str(error)

    def _hold(self, line: Line) -> None:
        self._line = line
        try:
            line.send(self._hello())
            self._introduce(line)
            for frame in line.frames():
                try:
                    self._hear(frame)
                except Exception:  # one bad frame must not cost the line
                    log.exception("a frame of the courier could not be understood")
        finally:
            self._greeted.clear()
            self._line = None
            line.close()
            self._drop_requests()

    def _hello(self) -> Frame:
        with self._guard:
            messages, questions = list(self._messages), list(self._questions)
        return {
            "do": "hello",
            "protocol": PROTOCOL,
            "version": __version__,
            "origin": self.origin,
            "pid": os.getpid(),
            "notebook": self.notebook,
            "messages": messages,
            "questions": questions,
        }

    def _introduce(self, line: Line) -> None:
        """Send the project's channels, secrets resolved: the courier has them from nobody else."""
        from nbalert.courier.projects import Project

        try:
            project = Project.of(self.settings)
        except SettingsError as error:
            project = Project.broken(self._project(), str(error))
        line.send({"do": "project", **project.to_frame()})

    def _drop_requests(self) -> None:
        with self._guard:
            dropped = list(self._requests.values())
        for answer in dropped:
            answer.set_exception(ConnectionError())

    def _hear(self, frame: Frame) -> None:
        event = frame.get("event")
        if event == "welcome":
            self._fault = ""
            self._greeted.set()
        elif event == "settled":
            self._settle(frame)
        elif event == "reply":
            self._show_reply(frame)
        elif event == "decided":
            self._decide(Decision.from_json(frame["decision"]))
        elif event == "answer":
            self._answer(frame)

    def _settle(self, frame: Frame) -> None:
        with self._guard:
            receipts = self._messages.pop(frame["message"], None)
        if receipts is None:
            return
        if frame["errors"]:
            receipts.set_exception(ChannelRefused("; ".join(frame["errors"])))
        else:
            receipts.set_result([Receipt.from_json(r) for r in frame["receipts"]])

    def _show_reply(self, frame: Frame) -> None:
        with self._guard:
            pending = self._questions.get(frame["question"])
        if pending:
            pending.hear(Reply.from_json(frame["reply"]))

    def _decide(self, decision: Decision) -> None:
        with self._guard:
            pending = self._questions.pop(decision.question_id, None)
        if pending:
            pending.decide(decision)

    def _answer(self, frame: Frame) -> None:
        with self._guard:
            answer = self._requests.get(frame["re"])
        if answer is None:
            return
        if "error" in frame:
            answer.set_exception(CourierError(frame["error"]))
        else:
            answer.set_result(frame["value"])
