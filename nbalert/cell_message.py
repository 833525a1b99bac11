"""What a cell run has to say: CellRun → Message."""

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
from nbalert.tail import last

TEXT_CHARS = 20_000
"""More of a result or a traceback than this is cut in the middle, with the number of characters said."""
SECRET_CHARS = 8_000
"""Longer is no secret, a private key included."""


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
    name = name_of(run) + (f" [{run.execution_count}]" if run.execution_count else "")
    title, level = ending(name, run.outcome, run.duration_s)
    value, table, shown = _value(run, parts.redactor)
    images, left_out = pictures([*shown, value]) if parts.has_images else ([], [])
    if run.forgotten and (parts.has_images or parts.has_output):
        left_out.insert(0, f"{run.forgotten:,} earlier displays are left out")
    result, html = _result(value, table, parts.redactor) if parts.has_output else ("", "")
    return Message(
        title=parts.title or title,
        text="\n".join(left_out),
        level=level,
        code=run.body.strip("\n") if parts.has_code else "",
        result=result,
        html=html,
        error=f"{run.ename}: {run.evalue}".removesuffix(": ") if run.ename else "",
        traceback=cut(run.story, partial(parts.redactor.text, is_code=True)),
        whole_traceback=run.traceback if run.traceback != run.story else "",
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
    return (table.text, table.html) if table else (cut(text_of(value), redactor.text), "")


def _output(run: CellRun, displayed: Iterable[Bundle], redactor: Redactor) -> str:
    printed = (last(redactor.text(text)) for text in (run.stdout, run.stderr))
    shown = (_result(bundle, table_of(bundle, redactor.table), redactor)[0] for bundle in displayed)
    return "\n".join(part.rstrip("\n") for part in (*printed, *shown) if part.strip())
