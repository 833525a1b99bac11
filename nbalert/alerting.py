"""What `%alert` and `%%alert` do: say a line, tell of a cell's end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Unpack

from nbalert.cell_message import Parts, cell_message
from nbalert.endings import Outcome, Telling, telling
from nbalert.errors import NbalertError
from nbalert.message import Level, Message, Source
from nbalert.outbox import How
from nbalert.posting import addressed, here, leave, post, why_waiting
from nbalert.process import client
from nbalert.recording import CellRun, Recording
from nbalert.thresholds import judge
from nbalert.vigil import Vigil, cell_run
from nbalert.widgets.welcome import say_once

_vigils: dict[str, Vigil] = {}


def vigil() -> Vigil:
    """That of this process."""
    sender = client()
    return _vigils.setdefault(sender.origin, Vigil(sender))


def begin(recording: Recording, options: argparse.Namespace) -> None:
    """An alerted cell starts: meanwhile the courier is found or started, and is told what runs."""
    count = recording.execution_count
    more = {"code": ""} if options.no_code else {}
    run = cell_run(
        recording,
        title=options.title or f"Cell [{count}]",
        channels=channels_of(options),
        topic=options.topic,
        source=here(Source(cell_id=recording.cell_id or "", cell_number=count)),
        mention=options.mention,
        every_s=options.every,
        after_s=options.after,
        **more,
    )
    vigil().begin(run, recording, has_output=not options.no_output)


def say(options: argparse.Namespace) -> None:
    """Send a line now.

    Raises:
        NbalertError: The settings are wrong.
        OSError: It could not be written.
    """
    post(
        " ".join(options.text),
        channel=options.channel or None,
        level=options.level,
        topic=options.topic,
        mention=options.mention,
    )
    if fault := why_waiting(options.channel or []):
        print(f"nbalert: {fault}", file=sys.stderr)


def tell(run: CellRun, options: argparse.Namespace, evaluate: Callable[[str], object]) -> None:
    """An alerted cell has ended: its message is on disk before its reply is sent. A fault is one line.

    Args:
        evaluate: An expression in the user's namespace.
    """
    try:
        _tell(run, options, evaluate)
    finally:  # not before: a death in between is told rather twice than not at all
        vigil().end(run.id)


def welcome(shell: Any) -> None:
    """Say once where alerts go, if nothing is set up."""
    with suppress(NbalertError):  # wrong settings have been told
        say_once(client(), shell)


def _tell(run: CellRun, options: argparse.Namespace, evaluate: Callable[[str], object]) -> None:
    how = telling(options.on, run.outcome) if run.duration_s >= options.after else Telling.END
    if how is Telling.END and not options.every:
        return
    redactor = client().redactor(is_redacted=not options.no_redact)
    if options.no_redact and redactor.is_on:
        print(
            "nbalert: secrets are left out all the same: your own settings lack allow_no_redact = true",
            file=sys.stderr,
        )
    parts = Parts(
        title=options.title,
        has_code=not options.no_code,
        has_output=not options.no_output,
        has_images=not options.no_images,
        topic=options.topic,
        mention=tuple(options.mention),
        redactor=redactor,
    )
    message = cell_message(run, parts, place_of(run))
    if run.outcome is Outcome.OK:
        message = _weighed(message, options, evaluate)
    run_ = run.id if options.every else ""
    keep(message, channels_of(options), run=run_, telling=how, is_redacted=redactor.is_on)


def _weighed(message: Message, options: argparse.Namespace, evaluate: Callable[[str], object]) -> Message:
    """At the level that the expressions of the options give."""
    given = {Level.INFO: options.info, Level.WARNING: options.warn, Level.CRITICAL: options.crit}
    verdict = judge(given, evaluate)
    level = message.level if verdict.level is None else verdict.level
    return replace(message, level=level, text="\n".join(filter(None, (message.text, *verdict.lines))))


def channels_of(options: argparse.Namespace) -> list[str]:
    """Whom an alert names. Its progress stands on a channel, so that with `--every` there is one."""
    return addressed(options.channel, "" if options.every else options.topic)


def place_of(run: CellRun) -> Source:
    """Where a cell ran."""
    cell = Source(notebook=run.notebook or "", cell_id=run.cell_id or "", cell_number=run.execution_count)
    return here(cell)


def keep(message: Message, channels: Sequence[str], **how: Unpack[How]) -> None:
    """Put a message on disk; a fault is one line, and no error.

    Args:
        how: As for `Client.accept`.
    """
    if fault := leave(message, channels, **how):
        print(f"nbalert: {fault}", file=sys.stderr)
