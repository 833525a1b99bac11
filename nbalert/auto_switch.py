"""Turns auto mode of one shell on and off: by words, or with its first cell by the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbalert.cells import CellWatcher

if TYPE_CHECKING:
    from nbalert.auto import Rule
    from nbalert.auto_alerts import AutoAlerts
    from nbalert.recording import CellRun, Recording


class AutoSwitch:
    """Auto mode is off until it is turned on. What it needs is imported then.

    Args:
        shell: Whose kernel says which cells it does not run.
        watcher: Of that shell.
    """

    def __init__(self, shell: Any, watcher: CellWatcher) -> None:
        self._shell = shell
        self._watcher = watcher
        self._alerts: AutoAlerts | None = None

    def turn(self, words: Sequence[str]) -> None:
        """Do what the words after `%nbalert auto` say, and print how it is.

        Raises:
            ValueError: They say nothing that is understood.
            SettingsError: There is no such channel, or the settings are wrong.
        """
        from nbalert import auto_alerts

        if words:
            rule = auto_alerts.rule_of(words)
            self.turn_off()
            if rule:
                self._turn_on(rule)
        print(auto_alerts.words_of(self._alerts))

    def turn_off(self) -> None:
        """Tell of what has been collected; from now on only cells with a magic alert."""
        if self._alerts:
            self._alerts.take_off()
            self._alerts = None

    def wants_first(self, source: str) -> bool:
        """Asked once, for the first cell after loading: the settings may say that auto mode is on."""
        from nbalert.auto_settings import rule_from_settings

        self._watcher.want_nothing()
        if self._alerts is None and (rule := rule_from_settings()):
            self._turn_on(rule)
        return self._alerts is not None and self._watcher.wants(source)

    def begun(self, recording: Recording) -> None:
        """A recorded cell begins, with or without a magic."""
        if self._alerts:
            self._alerts.begun(recording)

    def done(self, run: CellRun) -> None:
        """It has ended."""
        if self._alerts:
            self._alerts.done(run)

    def _turn_on(self, rule: Rule) -> None:
        from nbalert.auto_alerts import AutoAlerts

        self._alerts = AutoAlerts(self._shell, self._watcher, rule)
