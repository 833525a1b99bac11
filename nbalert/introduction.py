"""A process's settings as they are now, and what the courier is told of them.

While a file is wrong, what was read before stays in force for alerts: a slip of somebody who edits it does
not stop a run of hours. Questions are not asked then.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nbalert.errors import SettingsError
from nbalert.forks import whole_modules
from nbalert.home import Home
from nbalert.line import Frame

if TYPE_CHECKING:
    from nbalert.courier.project import Project
    from nbalert.settings import Settings, Watch


class _Known(NamedTuple):
    """What was read last, and what was seen then of what it hangs on."""

    settings: Settings
    watch: Watch
    stamp: object


class Introduction:
    """The settings of one process, read again when a file has changed; every change is told.

    Args:
        home: Has the user's own settings.
        folder: Where the search for a project's settings starts.
        send: Says something to the courier, if there is a line.
    """

    def __init__(self, home: Home, folder: Path, send: Callable[[Frame], None]) -> None:
        self._home = home
        self._folder = folder
        self._send = send
        self._guard = threading.RLock()
        self._known: _Known | None = None
        self._read_at = 0.0
        self._told: Project | None = None
        self._good: Project | None = None
        self._complaint = ""
        self._changes = 0

    @property
    def settings(self) -> Settings:
        """The settings as they are now.

        Raises:
            SettingsError: Names file and key.
        """
        read, is_new = self._read()
        if is_new:
            self.renew()
        return read

    @property
    def in_force(self) -> Settings:
        """The settings as they are now; while they are wrong, those of before, and that is said once.

        Raises:
            SettingsError: There are none of before.
        """
        try:
            return self.settings
        except SettingsError as error:
            if self._known is None:
                raise
            if self._complaint != str(error):
                self._complaint = str(error)
                print(f"nbalert: {error} (until then the settings of before stay in force)", file=sys.stderr)
            return self._known.settings

    @property
    def known(self) -> Settings | None:
        """The settings as they were read last; None if they were not needed yet."""
        return self._known.settings if self._known else None

    @property
    def project(self) -> str:
        """Names the project; also while its settings are wrong: its messages wait until they are mended."""
        if known := self.known:  # whoever sends something has just read them
            return known.project
        try:
            return self.settings.project
        except SettingsError:
            return self._key()

    def problem(self, name: str) -> str:
        """Why nothing can go to a channel as things are, such as a secret that is not there; empty if it can.

        What was told to be right is believed: asking a keyring at the end of each cell could take long.
        """
        settings = self.known or self.settings
        if self._told and name not in self._told.problems:
            return ""
        with whole_modules():
            from nbalert import channels

        table = settings.channel(name)
        try:
            if channels.is_packaged(table.kind):  # any other may be registered elsewhere
                channels.check(table)
        except SettingsError as error:
            return str(error)
        return ""

    def frames(self) -> Iterator[Frame]:
        """One, and one more if something has changed meanwhile: another thread's may have gone first."""
        changes = -1
        while changes != self._changes:
            changes = self._changes
            yield self._frame()

    def renew(self) -> None:
        """Something is other than it was: from the first introduction on the courier hears of it."""
        with self._guard:  # what is said last is what is so now
            self._changes += 1
            if self._told:
                self._send(self._frame())

    def _frame(self) -> Frame:
        """The project's channels, secrets resolved: the courier has them from nobody else."""
        with whole_modules():
            from nbalert.courier.project import Project
            from nbalert.workbench import able

        with self._guard:  # of two threads that of the newer values has the later time
            try:
                project = self._good = Project.of(self._read()[0])
            except SettingsError as error:
                project = self._good or Project.broken(self._key(), str(error))
            known = self._told
            since = max(known.since, self._read_at) if known == project else time.monotonic()
            self._told = replace(project, since=since)
            return {"do": "project", **self._told.to_frame(), "works": able(project)}

    def _read(self) -> tuple[Settings, bool]:
        """The settings as they are now, and whether they were read just now."""
        if (known := self._known) and known.stamp == known.watch.stamp():
            return known.settings, False
        with whole_modules():  # brings pydantic: paid by the first use, not by %load_ext
            from nbalert.channels import sources
            from nbalert.channels.looks import refuse_unfit
            from nbalert.settings import Watch, load

        read = load(self._folder, self._home)
        sources.learn(read.kinds)
        refuse_unfit(read)
        self._read_at = time.monotonic()
        watch = Watch.over(self._folder, self._home, read)
        self._known = _Known(read, watch, watch.stamp())
        return read, True

    def _key(self) -> str:
        from nbalert.settings import project_key

        return project_key(self._folder, self._home)
