"""The last change of settings taken back: each file that it changed becomes what it was, to the letter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbalert.errors import SettingsError
from nbalert.settings_file import SettingsFile


class Undo:
    """Remembers one change; nothing at first."""

    def __init__(self) -> None:
        self._changed: list[tuple[SettingsFile, str | None, str | None]] = []

    def __bool__(self) -> bool:
        return bool(self._changed)

    @contextmanager
    def remembered(self, *files: SettingsFile) -> Iterator[None]:
        """What these files are before and after the block; a block that changes nothing is no change."""
        before = [file.text() for file in files]
        try:
            yield
        finally:
            states = [(file, old, file.text()) for file, old in zip(files, before, strict=True)]
            if changed := [state for state in states if state[1] != state[2]]:
                self._changed = changed

    def take_back(self) -> list[Path]:
        """Make the files what they were.

        Returns:
            Which.

        Raises:
            SettingsError: One has been changed since; all stay as they are.
            OSError: One cannot be written.
        """
        for file, _, after in self._changed:
            if file.text() != after:
                raise SettingsError(f"{file.path} has been changed since: edit it by hand")
        for file, before, _ in self._changed:
            file.restore(before)
        paths = [file.path for file, _, _ in self._changed]
        self._changed = []
        return paths
