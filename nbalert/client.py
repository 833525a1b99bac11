"""A process's own side: settings, spool and line. Everything that alerts or asks goes through here.

Accepting a message is one file and one short frame; what becomes of it is heard on the connection's thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack
from uuid import uuid4

from nbalert import __version__, ending, following
from nbalert.connection import ANSWER_S, Connection
from nbalert.courier import lifecycle
from nbalert.ending import Hurry
from nbalert.endings import Telling
from nbalert.errors import CourierError
from nbalert.forks import whole_modules
from nbalert.home import Home
from nbalert.introduction import Introduction
from nbalert.line import PROTOCOL, Frame
from nbalert.message import Message, Posted, Receipt
from nbalert.outbox import How, Outbox
from nbalert.pending import Pending
from nbalert.policy import Reply
from nbalert.question import Decision
from nbalert.receipts import Receipts
from nbalert.under_way import UnderWay

if TYPE_CHECKING:
    from nbalert.redaction import Redactor
    from nbalert.settings import Settings
    from nbalert.workbench import Workbench

OWED_S = 2.0
"""How long the courier is given, at a process's end, to say what it has not shown yet."""


class Client:
    """One process and one home.

    Args:
        home: Spool, line and the user's settings.
        folder: Where the search for a project's settings starts.
        notebook: Path of the notebook; empty outside one.

    Attributes:
        held_back: As that of `Connection`; what is accepted within it is on disk as ever.
        under_way: What runs at this process, and is told of should it die.
    """

    def __init__(self, home: Home, folder: Path, notebook: str = "") -> None:
        self.home = home
        self.folder = folder
        self.notebook = notebook
        self.origin = uuid4().hex
        self._guard = threading.Lock()
        self._receipts = Receipts()
        self._questions: dict[str, Pending] = {}
        self._has_asked = False
        self._workbench: Workbench | None = None
        self._connection = Connection(home, self._greeting, self._hear, self._is_needed)
        self._introduction = Introduction(home, folder, self._connection.send)
        self._outbox = Outbox(home.spool, lambda: self.known)
        self.held_back = self._connection.held_back
        self.under_way = UnderWay(self._outbox, self._connection.tell)

    @property
    def settings(self) -> Settings:
        """The settings as they are now; read again when a file has changed.

        Raises:
            SettingsError: Names file and key.
        """
        return self._introduction.settings

    @property
    def in_force(self) -> Settings:
        """`settings`; while those are wrong, the ones of before, and that is said once. For alerts alone.

        Raises:
            SettingsError: There are none of before.
        """
        return self._introduction.in_force

    @property
    def known(self) -> Settings:
        """The settings as they were read last: whoever has just read them looks here.

        Raises:
            SettingsError: They were not read yet, and are wrong.
        """
        return self._introduction.known or self._introduction.settings

    def problem(self, name: str) -> str:
        """Why nothing can go to that channel as things are; empty if it can."""
        return self._introduction.problem(name)

    def start(self) -> None:
        """Find or host the courier, and read the settings, in the background."""
        self._connection.start()

    def introduce(self) -> None:
        """Tell the courier which channels there are and which of them this process works, as it is now."""
        if self._workbench:
            self._workbench.renew()
        self._introduction.renew()
        self.start()

    def redactor(self, *, is_redacted: bool = True) -> Redactor:
        """What scrubs all that leaves: for whoever cuts a text, as half a secret is not known for one."""
        return self._outbox.redactor(is_redacted=is_redacted)

    def accept(self, message: Message, channels: Sequence[str], **how: Unpack[How]) -> Posted:
        """Put a message on disk, without its secrets, and say so to the courier.

        Args:
            channels: Names; an empty name is the default channel.
            how: What is not as ever with it.

        Raises:
            OSError: It could not be written.
        """
        id_, receipts = self._accept(message, channels, **how)
        return Posted(id_, receipts, partial(following.wait, self.request, id_))

    def ask(self, message: Message, channels: Sequence[str], pending: Pending) -> None:
        """Put a question on disk and say so to the courier; `pending` hears of it.

        Args:
            channels: Names, the first one first of all.

        Raises:
            OSError: It could not be written.
        """
        self._has_asked = True
        with self._guard:
            self._questions[pending.id] = pending
        try:
            _, receipts = self._accept(message, channels)
        except BaseException:
            self.forget(pending)
            raise
        receipts.add_done_callback(
            # Where the channel refused it the decision tells.
            lambda done: None if done.exception() else pending.hear_all(done.result())
        )

    def cancel(self, pending: Pending, reason: str) -> None:
        """Stop waiting: nobody can approve any more, whether or not a courier is there to hear it."""
        self.forget(pending)
        cancel = {"kind": "cancel", "question": pending.id, "reason": reason}
        # An interrupt stays an interrupt on a full disk, and nobody waits any more.
        if self._outbox.note(cancel, "the chat is not told that a question was cancelled"):
            self._connection.wake()

    def report_outcome(self, question_id: str, run: str, outcome: str) -> None:
        """Have on record how the code ended that an approval has let run.

        Args:
            run: The run that has used the approval.
            outcome: `ok`, or the type of what was raised. No text of an exception: it may hold a secret.
        """
        ended = {"kind": "outcome", "question": question_id, "run": run, "outcome": outcome}
        # The code has run, and its cell does not fail for this.
        if self._outbox.note(ended, "the audit trail lacks how an approved cell ended"):
            self._connection.wake()

    def forget(self, pending: Pending) -> None:
        """The question is of no more interest to this process."""
        with self._guard:
            self._questions.pop(pending.id, None)

    def say_goodbye(self) -> None:
        """This process ends as it was told to: that is no death."""
        self._connection.send({"do": "bye"})

    def request(self, frame: Frame, timeout_s: float = ANSWER_S) -> Any:
        """Ask the courier something, starting one if need be.

        Raises:
            CourierError: No answer in time, or it could not make sense of the request.
        """
        return self._connection.request(frame, timeout_s)

    def waiting(self) -> int:
        """How many accepted messages have not left yet, as far as is known here."""
        return len(self._receipts.open)

    def close(self, wait_s: float, hurry: Hurry | None = None) -> int:
        """Wait for this process's deliveries, then leave the line.

        Returns:
            How many messages are left to the next courier.
        """
        self._connection.flush()
        if self.waiting():
            self._connection.start()
        longest_s = wait_s if self._connection.is_started else 0.0
        with following.Following(self.request, self._receipts.open, is_ending=True) as shown:
            left = ending.wait_for(self._left, longest_s, hurry or Hurry(), shown.look)
        self.say_goodbye()
        self._connection.close()
        if self._workbench:  # made on the connection's thread, which has ended
            self._workbench.close()
        lifecycle.stop(self.home)
        return left

    # ---- the way out

    def _left(self) -> int:
        """Messages that have not left, and chats that do not show yet how a question ended."""
        return self.waiting() or (self._owed() if self._has_asked or self._has_global() else 0)

    def _has_global(self) -> bool:
        """Whether channels may still have to hear what did not name them."""
        known = self._introduction.known
        return known is not None and bool(known.hears or known.handlers)

    def _owed(self) -> int:
        try:
            return int(self.request({"do": "owed", "origin": self.origin}, OWED_S))
        except CourierError:  # whoever is the next courier does it
            return 0

    def _accept(
        self, message: Message, channels: Sequence[str], **how: Unpack[How]
    ) -> tuple[str, Future[list[Receipt]]]:
        data = {
            "kind": "message",
            "origin": self.origin,
            "project": self._introduction.project,
            "channels": list(channels),
            "message": self._outbox.stripped(message).to_json(),
            "run": how.get("run", ""),
            "telling": how.get("telling", Telling.ALWAYS),
        }
        put = partial(self._outbox.put, data, is_redacted=how.get("is_redacted", True))
        # The end of a progress is no message of its own: nobody hears of it.
        accepted = self._receipts.accept(put, is_told=data["telling"] != Telling.END)
        self._connection.wake()
        return accepted

    # ---- the line

    def _is_needed(self) -> bool:
        with self._guard:
            asks = bool(self._questions)
        return asks or self._outbox.count() > 0

    def _greeting(self) -> Iterator[Frame]:
        if self._workbench:
            self._workbench.drop()
        with self._guard:
            questions = list(self._questions)
        yield {
            "do": "hello",
            "protocol": PROTOCOL,
            "version": __version__,
            "origin": self.origin,
            "pid": os.getpid(),
            "notebook": self.notebook,
            "messages": self._receipts.open,
            "questions": questions,
            "runs": self.under_way.runs,
        }
        yield from self._introduction.frames()

    def _hear(self, frame: Frame) -> None:
        event = frame.get("event")
        if event == "settled":
            self._receipts.settle(frame)
        elif event == "kept":
            self._receipts.keep(frame)
        elif event == "introduce":
            self._introduction.renew()
        elif event == "reply":
            with self._guard:
                pending = self._questions.get(frame["question"])
            if pending:
                pending.hear(Reply.from_json(frame["reply"]))
        elif event == "decided":
            self._decide(Decision.from_json(frame["decision"]))
        elif event in ("work", "stop"):
            self._work(frame)

    def _work(self, frame: Frame) -> None:
        if self._workbench is None:
            with whole_modules():
                from nbalert.workbench import Workbench  # only who registers a class pays for it

            self._workbench = Workbench(lambda: self.settings, self._connection.send)
        self._workbench.take(frame)

    def _decide(self, decision: Decision) -> None:
        with self._guard:
            pending = self._questions.pop(decision.question_id, None)
        if pending:
            pending.decide(decision)
