"""Auto mode of one shell: what its watcher records is collected, and told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.core.magic_arguments import MagicArgumentParser

from nbalert import process
from nbalert.alerting import keep, place_of, vigil
from nbalert.auto import Aborts, AutoMode, Rule
from nbalert.batch import Batch
from nbalert.cells import CellWatcher
from nbalert.durations import parse_duration, show_duration
from nbalert.endings import TELLS
from nbalert.message import Source
from nbalert.posting import here
from nbalert.recording import CellRun, Recording


class AutoAlerts:
    """Auto mode, from its making until `take_off`.

    Args:
        shell: Whose kernel says which cells it does not run.
        watcher: Of that shell; records what is wanted.
        rule: What is told, and where.
    """

    def __init__(self, shell: Any, watcher: CellWatcher, rule: Rule) -> None:
        self.rule = rule
        self._watcher = watcher
        self._mode = AutoMode(rule, self)
        self._aborts = Aborts(getattr(shell, "kernel", None), self._mode.take_aborted)
        watcher.wants = AutoMode.wants
        process.before_end(self._mode.close)

    def take_off(self) -> None:
        """Tell of what is collected, and leave."""
        self._watcher.want_nothing()
        self._aborts.take_off()
        self._mode.close()

    def begun(self, recording: Recording) -> None:
        """A recorded cell begins, with or without a magic."""
        self._mode.begun(recording)

    def done(self, run: CellRun) -> None:
        """It has ended."""
        self._mode.take(run)

    # ---- what the mode calls

    def begin(self, recording: Recording) -> None:
        """Should the process die, the courier says so."""
        number = recording.execution_count
        vigil().begin(recording, f"Cell [{number}]", self.rule.channels, here(Source(cell_number=number)))

    def follow(self, recording: Recording) -> None:
        """The courier hears its last lines."""
        vigil().follow(recording)

    def end(self, run: str) -> None:
        """The process may die."""
        vigil().end(run)

    def tell(self, batch: Batch) -> None:
        """One message."""
        keep(batch.message(place_of(batch.shown), process.client().redactor()), self.rule.channels)


def rule_of(words: Sequence[str]) -> Rule | None:
    """What the words after `%nbalert auto` say; None for `off`.

    Raises:
        ValueError: They say neither.
    """
    if list(words) == ["off"]:
        return None
    parser = MagicArgumentParser(prog="%nbalert auto", add_help=False)
    parser.add_argument("after")
    parser.add_argument("-c", "--channel", action="append", default=[])
    parser.add_argument("--on", choices=tuple(TELLS), default="always")
    options = parser.parse_args(list(words))
    return Rule(after_s=parse_duration(options.after), channels=tuple(options.channel or [""]), on=options.on)


def words_of(auto: AutoAlerts | None) -> str:
    """Auto mode in one line."""
    if auto is None:
        return "auto mode is off"
    rule = auto.rule
    where = ", ".join(name or "the default channel" for name in rule.channels)
    told = {
        "always": f"cells that take longer than {show_duration(rule.after_s)}, or fail,",
        "failure": "cells that fail",
        "success": f"cells that end well after more than {show_duration(rule.after_s)}",
    }
    return f"auto mode: {told[rule.on]} are told on {where}; not those with a line `# nbalert: off`"
