"""`nbalert run -- COMMAND`: run any command, pass on what it prints and how it ends, and tell a channel."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType

from nbalert.durations import show_duration
from nbalert.endings import Outcome, Telling, telling
from nbalert.message import Level, Message
from nbalert.posting import addressed, here, leave
from nbalert.process import client
from nbalert.runs import Run
from nbalert.tail import TAIL_CHARS, Tail, last

READ_BYTES = 65536
TAIL_S = 2.0
"""How often the last lines are sent to the courier, which tells them should this process be killed."""
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""What a shell answers where a command cannot be run."""


def run(options: argparse.Namespace) -> int:
    """Run the command; its exit status, or 128 and the signal that ended it, as a shell has it."""
    command: list[str] = options.command
    name = options.title or os.path.basename(command[0])  # noqa: PTH119 - a word of a command line
    channels = addressed(options.channel or [], "" if options.every else options.topic)
    run_ = Run(
        title=name,
        channels=channels,
        topic=options.topic,
        code=shlex.join(command),
        source=here(),
        every_s=options.every,
        after_s=options.after,
    )
    began_s, watch = time.perf_counter(), _Watch(run_)
    try:
        status = _status(command, watch)
    finally:
        duration_s = time.perf_counter() - began_s
    outcome = Outcome.FAILED if status else Outcome.OK
    how = telling(options.on, outcome) if duration_s >= options.after else Telling.END
    if how is not Telling.END or run_.continued:
        message = Message(
            title=f"{name} {_words(status)} {show_duration(duration_s)}",
            level=Level.CRITICAL if status else Level.OK,
            code=shlex.join(command),
            output=last(client().redactor().text(watch.tail.text())).strip("\n"),
            duration_s=duration_s,
            topic=options.topic,
            alert=name,
            source=here(),
        )
        if fault := leave(message, channels, run=run_.continued, telling=how):
            print(f"nbalert: {fault}", file=sys.stderr)
    watch.end()
    return status


class _Watch:
    """The last lines of the command, and the courier's knowledge of it."""

    def __init__(self, run: Run) -> None:
        self.tail = Tail()
        self._run, self._client = run, client()
        self._told_s, self._is_told = time.monotonic(), True
        self._client.start()
        run.begin(self._client)

    def take(self, text: str) -> None:
        """The command has printed something."""
        self.tail.take(text)
        self._is_told = False

    def tell(self) -> float | None:
        """Tell the courier what is new, not too often; seconds until that may be, None if nothing is."""
        if self._is_told:
            return None
        if (left_s := self._told_s + TAIL_S - time.monotonic()) > 0:
            return left_s
        self._told_s, self._is_told = time.monotonic(), True
        self._client.under_way.report_output(self._run.id, self.tail.text(), TAIL_CHARS)
        return None

    def end(self) -> None:
        """It has ended."""
        self._run.end(self._client)


def _status(command: list[str], watch: _Watch) -> int:
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        print(f"nbalert: {command[0]}: {error.strerror}", file=sys.stderr)
        watch.tail.take(f"{command[0]}: {error.strerror}\n")
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    with process, _signals_passed_on(process):
        _pass_on(process, watch)
        status = process.wait()
    return 128 - status if status < 0 else status


def _pass_on(process: subprocess.Popen[bytes], watch: _Watch) -> None:
    """Everything it prints, at once and where it belongs; until both of its ends are closed."""
    with selectors.DefaultSelector() as selector:
        for stream, own in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            assert stream is not None
            decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
            selector.register(stream, selectors.EVENT_READ, (own.buffer, decoder))
        while selector.get_map():
            for key, _ in selector.select(watch.tell()):
                data, (own, decoder) = os.read(key.fd, READ_BYTES), key.data
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                watch.take(decoder.decode(data))
                with contextlib.suppress(BrokenPipeError):  # whoever read along has gone; the command goes on
                    own.write(data)
                    own.flush()


@contextlib.contextmanager
def _signals_passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """SIGTERM and SIGHUP go to the command; a terminal sends it SIGINT by itself. We wait for its end."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _words(status: int) -> str:
    if status == 0:
        return "finished in"
    if status > 128 and status - 128 in set(signal.Signals):
        return f"was ended by {signal.Signals(status - 128).name} after"
    return f"failed with exit status {status} after"
