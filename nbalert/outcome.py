"""How a cell ended: IPython's `result.success` alone does not tell."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from types import FrameType, TracebackType

from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult

from nbalert.endings import Outcome, outcome_of
from nbalert.tail import plain

Shown = tuple[BaseException, list[str]]
"""An exception that IPython showed, and the lines it showed for it."""


def judge(
    result: ExecutionResult | None, shown: Iterable[Shown], captured: BaseException | None
) -> tuple[Outcome, BaseException | None]:
    """Outcome of a cell and the exception behind it.

    Args:
        result: IPython's; None for an async cell cancelled from outside.
        shown: What was shown while it ran, oldest first.
        captured: The error of a body under `%%capture`, which swallows it and answers ok.
    """
    if result is None:
        return Outcome.INTERRUPTED, None
    errors = [error for error, _ in shown]
    candidates = (error_of(result), captured, *filter(_caught_by_ipython, errors))
    error = next((e for e in candidates if e is not None), None)
    if error is not None:
        return outcome_of(error), error
    unshown = next((e for e in errors if _while_formatting(e, result)), None)
    return (Outcome.OK if unshown is None else Outcome.DISPLAY_FAILED), unshown


def error_of(result: ExecutionResult) -> BaseException | None:
    """The exception that ended a cell, whether before or while it ran."""
    early: BaseException | None = result.error_before_exec
    return result.error_in_exec if early is None else early


def text_of(error: BaseException | None) -> str | None:
    """What an exception says; its `__str__` is code of the user and may fail."""
    if error is None:
        return None
    try:
        return str(error)
    except Exception:
        return "<its __str__ failed>"


def traceback_of(error: BaseException | None, shown: Iterable[Shown]) -> str:
    """The traceback as the page shows it, else as Python would; without ANSI, empty without an exception.

    `shell._last_traceback` would not do: it may belong to an older exception.
    """
    if error is None:
        return ""
    lines = next((lines for e, lines in shown if e is error), None)
    if lines is None and isinstance(error, UsageError):
        return f"UsageError: {text_of(error)}"
    if lines is None:  # exception groups: IPython prints them past its own hook
        lines = [
            line.rstrip("\n") for line in traceback.format_exception(type(error), error, _own_part(error))
        ]
    return plain("\n".join(lines))


def _caught_by_ipython(error: BaseException) -> bool:
    """Shown by a magic of IPython that answers ok nevertheless: `%run`, on IPython 8.39 `%%time` too."""
    frame = _first_frame(error)
    if frame is None:
        return False
    return _is_in(frame, "IPython/core/magics/execution.py") or (
        _is_in(frame, "IPython/core/interactiveshell.py")
        and frame.f_code.co_name in {"safe_execfile", "safe_run_module"}
    )


def _while_formatting(error: BaseException, result: ExecutionResult) -> bool:
    """The last value could not be shown: ipykernel 6 still answers ok, 7.4 answers error."""
    frame = _first_frame(error)
    if frame is None or not _is_in(frame, "IPython/core/formatters.py"):
        return False
    args = frame.f_locals.get("args") or (None,)
    return args[0] is result.result


def _first_frame(error: BaseException) -> FrameType | None:
    return error.__traceback__.tb_frame if error.__traceback__ else None


def _is_in(frame: FrameType, path: str) -> bool:
    return frame.f_code.co_filename.replace("\\", "/").endswith(path)


def _own_part(error: BaseException) -> TracebackType | None:
    """Its traceback from the first frame of the user on."""
    part = error.__traceback__
    while part and "/IPython/core/" in part.tb_frame.f_code.co_filename.replace("\\", "/"):
        part = part.tb_next
    return part or error.__traceback__
