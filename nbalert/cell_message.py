"""What a cell run has to say: CellRun → Message.

What is cut is scrubbed before, and so is what is put together; all else is scrubbed once, on its way into the
spool. Whatever a cell prints or shows, it is cut before it could take long to be looked through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nbalert.bundles import Bundle, pictures, table_of, text_of
from nbalert.endings import ending
from nbalert.message import Message, Source
from nbalert.recording import CellRun
from nbalert.redaction import Redactor
from nbalert.tables import Table
from nbalert.tail import TAIL_CHARS, last

TEXT_CHARS = 20_000
"""More of a result or a traceback than this is cut in the middle, with the number of characters said."""
SCRUBBED_CHARS = 4 * TEXT_CHARS
"""Of a longer text only so much at its ends is looked through."""
SHOWN_CHARS = 6_000
"""So much is left of each display where all together are longer than `SCRUBBED_CHARS`."""
SECRET_CHARS = 8_000
"""Longer is no secret, a private key included."""
WHOLE_CHARS = 200_000
"""More of the traceback that goes along as a file is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What goes along, as the options of `%%alert` say.

    Args:
        topic: What handlers subscribe to.
        mention: Ids of people to notify.
        redactor: Scrubs what is cut.
    """

    title: str = ""
    has_code: bool = True
    has_output: bool = True
    has_images: bool = True
    topic: str = ""
    mention: tuple[str, ...] = ()
    redactor: Redactor = field(default_factory=Redactor)


def cell_message(run: CellRun, parts: Parts, where: Source) -> Message:
    """The message of a cell run.

    Args:
        run: What happened.
        parts: What of it to say.
        where: Notebook, cell, host and user.
    """
    redact = parts.redactor.text
    name = name_of(run) + (f" [{run.execution_count}]" if run.execution_count else "")
    title, level = ending(name, run.outcome, run.duration_s)
    value, table, shown = _value(run, parts.redactor)
    images, left_out = pictures([*shown, value]) if parts.has_images else ([], [])
    if run.forgotten and (parts.has_images or parts.has_output):
        left_out.insert(0, f"{run.forgotten:,} earlier displays are left out")
    whole = run.traceback if run.traceback != run.story else ""
    result, html = _result(value, table, parts.redactor) if parts.has_output else ("", "")
    return Message(
        title=parts.title or title,
        text="\n".join(left_out),
        level=level,
        code=run.body.strip("\n") if parts.has_code else "",
        result=result,
        html=html,
        error=fitting(f"{run.ename}: {run.evalue}".removesuffix(": "), redact) if run.ename else "",
        traceback=fitting(run.story, partial(redact, is_code=True)),
        whole_traceback=fitting(whole, partial(redact, is_code=True), WHOLE_CHARS),
        output=_output(run, shown, parts.redactor) if parts.has_output else "",
        images=tuple(images),
        duration_s=run.duration_s,
        alert=parts.title or name,
        topic=parts.topic,
        mention=parts.mention,
        source=where,
    )


def name_of(run: CellRun) -> str:
    """What a title calls it: the notebook, where that is known."""
    return Path(run.notebook).stem if run.notebook else "Cell"


def fitting(text: str, redact: Callable[[str], str], limit: int = TEXT_CHARS) -> str:
    """The text as it is where it is short enough, to be scrubbed on its way; else scrubbed and cut."""
    return text if len(text) <= limit else cut(text, redact, limit)


def cut(text: str, redact: Callable[[str], str], limit: int = TEXT_CHARS) -> str:
    """The text without secrets, or its head and tail with the number of characters left out.

    Of a long one only what is near its ends is looked through, and nothing is shown within `SECRET_CHARS` of
    where that was cut off: half a secret is not known for one.
    """
    if len(text) <= 4 * limit:
        whole = redact(text)
        if len(whole) <= limit:
            return whole
        head, tail = whole[: limit // 2], whole[-limit // 2 :]
        return f"{head}\n… {len(whole) - limit:,} characters left out …\n{tail}"
    head, tail = redact(text[: 2 * limit]), redact(text[-2 * limit :])
    head = head[: min(limit // 2, max(0, len(head) - SECRET_CHARS))]
    tail = tail[max(len(tail) - limit // 2, min(SECRET_CHARS, len(tail))) :]
    return f"{head}\n… {len(text) - limit:,} characters left out …\n{tail}"


def _value(run: CellRun, redactor: Redactor) -> tuple[Bundle, Table | None, Sequence[Bundle]]:
    """What stands as its result, be it a table that is displayed last, and what it has displayed beside."""
    if run.result is not None:
        return run.result, table_of(run.result, redactor.table), run.displayed
    last_one = run.displayed[-1] if run.displayed else {}
    table = table_of(last_one, redactor.table)
    return (last_one, table, run.displayed[:-1]) if table else ({}, None, run.displayed)


def _result(value: Bundle, table: Table | None, redactor: Redactor) -> tuple[str, str]:
    """As text, and as HTML where it is a table."""
    return (table.text, table.html) if table else (fitting(text_of(value), redactor.text), "")


def _output(run: CellRun, displayed: Iterable[Bundle], redactor: Redactor) -> str:
    """What was printed, then what was displayed."""
    printed = [text for text in (run.stdout, run.stderr) if text.strip()]
    shown = [text for bundle in displayed if (text := _shown(bundle, redactor)).strip()]
    parts = [*printed, *shown]
    if len(parts) != 1 or len(parts[0]) > TAIL_CHARS:  # one is scrubbed as it is, on its way into the spool
        limit = TEXT_CHARS if sum(map(len, shown)) <= SCRUBBED_CHARS else SHOWN_CHARS
        parts = [last(redactor.text(text)) for text in printed]
        parts += [cut(text, redactor.text, limit) for text in shown]
    return "\n".join(part.rstrip("\n") for part in parts if part.strip())


def _shown(bundle: Bundle, redactor: Redactor) -> str:
    table = table_of(bundle, redactor.table)
    return table.text if table else text_of(bundle)
