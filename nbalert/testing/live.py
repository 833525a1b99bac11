"""The contract suite in a notebook: one line a check."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbalert.channels.base import Channel
from nbalert.channels.carried import packed
from nbalert.channels.registry import fault
from nbalert.errors import SettingsError
from nbalert.fields import Origin, validated, without_secrets
from nbalert.testing.checks import Check
from nbalert.testing.rows import NotTried, Row
from nbalert.testing.suite import checks_of


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the checks. True where none has failed."""

    kept: int = 0
    failed: int = 0
    not_tried: int = 0

    def __bool__(self) -> bool:
        return not self.failed

    def __repr__(self) -> str:
        return f"{self.kept} kept, {self.failed} failed, {self.not_tried} not tried"


def check(what: type[Channel] | type[Row], settings: Mapping[str, Any] | None = None) -> Checked:
    """Run the contract suite, and print a line for each check.

    Args:
        what: A channel class, whose receipts and errors are looked at; or a Row, which also says what readers
            see and lets people answer.
        settings: Of the channel, as they stand in `nbalert.toml`: secrets are references. Of a Row: none.

    Returns:
        How many were kept; true where none has failed.

    Raises:
        SettingsError: The class is none, or its settings are wrong.
    """
    if lacks := "" if isinstance(what, type) and issubclass(what, Row) else fault(what):
        raise SettingsError(lacks)
    row = what if issubclass(what, Row) else _row_of(what, settings or {})
    counts = dict.fromkeys(_MARKS, 0)
    # A notebook's own event loop runs already; checks want one of their own.
    with ThreadPoolExecutor(1, thread_name_prefix="nbalert-check") as thread:
        for one in checks_of(row):
            mark, why = thread.submit(_run, row, one).result()
            counts[mark] += 1
            print(f"{mark} {one.name:<26} {why or one.claim}")
    return Checked(*counts.values())


_MARKS = KEPT, FAILED, NOT_TRIED = "✓", "✗", "–"


def _run(row: type[Row], check: Check) -> tuple[str, str]:
    """How a check ended, and why."""
    with tempfile.TemporaryDirectory(prefix="nbalert-check-") as folder, row.open(Path(folder)) as opened:
        settings = opened.checked(opened.values())
        try:
            check.run(opened)
            opened.check()
        except NotTried as why:
            return NOT_TRIED, f"not tried: {why}"
        except AssertionError as wrong:
            return FAILED, " ".join(str(wrong).split()) or "it is not so"
        except Exception as error:  # of a class that is being written; its text may hold a secret
            says = f"{type(error).__name__} {packed(error, None)['says']}"
            return FAILED, without_secrets(says, settings)
    return KEPT, ""


def _row_of(channel: type[Channel], settings: Mapping[str, Any]) -> type[Row]:
    """A channel of which only the settings are known."""
    written = {"kind": channel.kind, **settings}
    checked = validated(channel.Settings, written, Origin("check()", Path.cwd(), os.environ))
    resolved: dict[str, Any] = checked.model_dump(mode="json", context="line", by_alias=True)

    class Bare(Row):
        def values(self) -> dict[str, Any]:
            return resolved

    Bare.channel = channel
    return Bare
