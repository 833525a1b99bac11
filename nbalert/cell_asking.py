"""What `%ask` and `%%ask` do: the terms of a line, the code of the cell, and what becomes of the cell."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from IPython.core.interactiveshell import InteractiveShell

from nbalert.asking import hold, put
from nbalert.errors import CannotAsk
from nbalert.message import Source
from nbalert.question import Decision
from nbalert.running_code import RunningCode
from nbalert.terms import Terms

AtEnd = Callable[[Callable[[str], None]], None]
"""Takes what is to be called with the outcome of the running cell."""


def terms_of(options: argparse.Namespace) -> Terms:
    """The options of a line as terms.

    Raises:
        ValueError: They contradict each other.
    """
    return Terms(
        channels=options.channel,
        timeout_s=options.timeout,
        approvers=options.approvers,
        need=options.need,
        approve=options.approve,
        reject=options.reject,
        choices=options.choices,
        input=options.input,
    )


def ask(
    shell: InteractiveShell,
    options: argparse.Namespace,
    code: str,
    source: Source,
    at_end: AtEnd,
    *,
    raises: bool,
) -> Decision:
    """Ask about code of the running cell, and wait.

    Args:
        shell: Runs the cell.
        options: Of the line.
        code: The body of an `%%ask`, or the whole cell.
        source: Where it stands.
        at_end: Hears of the cell's end.
        raises: Whether anything but an approval raises.

    Raises:
        CannotAsk: Nobody could answer, or other code would run.
        NotApproved: With `raises`, unless approved.
        ValueError: The options contradict each other.
    """
    terms = terms_of(options)
    running = RunningCode(shell, code)
    if why := running.alteration():
        raise CannotAsk(why)
    asked = put(" ".join(options.question), terms, code, source, running.alteration)
    decision = hold(asked, raises=raises)
    if decision:
        at_end(asked.report)
    return decision
