"""Auto mode of one shell: what its watcher records is collected, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from nbalert import process
from nbalert.alerting import keep, place_of, vigil
from nbalert.auto import Aborts, AutoMode, Rule
from nbalert.batch import Batch
from nbalert.cells import CellWatcher
from nbalert.durations import parse_duration, show_duration
from nbalert.endings import Telling
from nbalert.message import Message, Source
from nbalert.nearest import with_nearest
from nbalert.option_types import which_ends
from nbalert.posting import addressed, here
from nbalert.recording import CellRun, Recording
from nbalert.vigil import cell_run


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
        where = here(Source(cell_number=number))
        title, rule = f"Cell [{number}]", self.rule
        run = cell_run(recording, title=title, channels=rule.channels, topic=rule.topic, source=where)
        vigil().begin(run, recording)

    def end(self, run: str) -> None:
        """The process may die."""
        vigil().end(run)

    def tell(self, batch: Batch, how: Telling) -> None:
        """One message."""
        message = batch.message(place_of(batch.shown), process.client().redactor())
        message = replace(message, topic=self.rule.topic)
        if "change" in self.rule.on.split(","):
            message = _of_notebook(message)
        keep(message, self.rule.channels, telling=how)


def _of_notebook(message: Message) -> Message:
    """Compared with whatever of its notebook ran before: another cell may fail than the time before."""
    place = message.source.notebook or process.client().folder
    return replace(message, alert=f"auto: {place}", source=replace(message.source, cell_id=""))


def auto_parser() -> MagicArgumentParser:
    """Of the words after `%nbalert auto`."""
    parser = MagicArgumentParser(prog="%nbalert auto", add_help=False)
    parser.add_argument("after")
    parser.add_argument("-c", "--channel", action="append", default=[])
    parser.add_argument("--on", type=which_ends, default="always")
    parser.add_argument("--topic", default="", help="What handlers subscribe to.")
    return parser


def rule_of(words: Sequence[str]) -> Rule | None:
    """What the words after `%nbalert auto` say; None for `off`.

    Raises:
        ValueError: They say neither.
        SettingsError: There is no such channel, or the settings are wrong.
    """
    if list(words) == ["off"]:
        return None
    parser = auto_parser()
    try:
        options = parser.parse_args(list(words))
    except UsageError as error:
        raise ValueError(with_nearest(str(error), parser.format_help())) from None
    for name in options.channel:
        process.client().settings.channel(name)
    return Rule(
        after_s=parse_duration(options.after),
        channels=tuple(addressed(options.channel, options.topic)),
        on=options.on,
        topic=options.topic,
    )


def words_of(auto: AutoAlerts | None) -> str:
    """Auto mode in one line."""
    if auto is None:
        return "auto mode is off"
    rule = auto.rule
    names = [name or "the default channel" for name in rule.channels]
    where = ", ".join([*names, *([f"the topic {rule.topic}"] if rule.topic else [])])
    told = {
        "always": f"cells that take longer than {show_duration(rule.after_s)}, or fail,",
        "failure": "cells that fail",
        "success": f"cells that end well after more than {show_duration(rule.after_s)}",
        "change": "cells that fail or end well where those before did not",
    }
    what = " and ".join(told[word] for word in rule.on.split(","))
    return f"auto mode: {what} are told on {where}; not those with a line `# nbalert: off`"
