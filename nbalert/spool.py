"""The spool: one file a message, put by any process and taken by the courier.

A file that has its final name is accepted: it survives the death of everybody. It holds
`{"version": 1, "kind": "message" | "cancel" | "outcome", "origin": …, …}`; names sort by time of acceptance.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from nbalert.home import private_folder

VERSION = 1
POWER = "power"
"""How durable an entry can be; else it survives the death of everybody."""
_SUFFIX = ".json"
_ASIDE = "unreadable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted file. `id` is unique for ever and sorts by time."""

    id: str
    data: dict[str, Any]


class Spool:
    """The spool in one folder.

    Args:
        folder: Made on the first `put`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = os.fspath(folder)
        self._is_ready = False
        self._number = itertools.count()
        self._last_ns = 0

    def put(self, data: dict[str, Any]) -> str:
        """Accept: when this returns, the message is on disk.

        Args:
            data: Plain values for JSON. With `"durable": "power"` it survives a power cut as well: fsync of
                file and folder, a few ms.

        Returns:
            The entry's id.

        Raises:
            OSError: The disk is full or not writable; nothing is left behind.
        """
        # Half a character, as undecodable file names have them, would stop every encoder on the way.
        is_power_safe = data.get("durable") == POWER
        content = json.dumps({"version": VERSION, **data}, ensure_ascii=False).encode(errors="replace")
        if not self._is_ready:
            self._make_ready(is_power_safe)
        entry = f"{self._now_ns():020d}-{next(self._number):06d}-{uuid4().hex[:12]}"
        name = f"{self._name}/{entry}"
        try:
            try:
                _write(name + ".part", content, is_synced=is_power_safe)
            except FileNotFoundError:  # somebody has removed the folder
                self._make_ready(is_power_safe)
                _write(name + ".part", content, is_synced=is_power_safe)
            os.rename(name + ".part", name + _SUFFIX)  # noqa: PTH104 - Path costs as much as the call, on the cell's time
        except OSError as error:
            error.filename = error.filename or os.fspath(self._folder)  # a full disk names no file by itself
            with contextlib.suppress(OSError):
                Path(name + ".part").unlink(missing_ok=True)
            raise
        if is_power_safe:
            _sync(self._folder)
        return entry

    def _make_ready(self, is_power_safe: bool) -> None:
        private_folder(self._folder)
        if is_power_safe:
            _sync(self._folder.parent, self._folder.parent.parent)
        self._is_ready = True

    def take(self) -> Iterator[Entry]:
        """What was accepted and not yet removed, oldest first. Unreadable files are set aside, not lost."""
        for path in self._in_order():
            try:
                data = json.loads(path.read_bytes())
                if data["version"] != VERSION:
                    continue  # a newer nbalert wrote it, and a newer courier will take it
            except OSError:
                continue  # removed meanwhile, or not ours to read: it must not stop the others
            except (ValueError, KeyError, TypeError, RecursionError):
                self.set_aside(path.name.removesuffix(_SUFFIX))
                continue
            yield Entry(path.name.removesuffix(_SUFFIX), data)

    def remove(self, entry: str) -> None:
        """Forget an entry that is in the store now."""
        (self._folder / (entry + _SUFFIX)).unlink(missing_ok=True)

    def count(self) -> int:
        """How many entries wait."""
        return len(self._waiting())

    def set_aside(self, entry: str) -> None:
        """Keep an entry that nobody can read out of the way, for a person to look at."""
        folder = private_folder(self._folder / _ASIDE)
        name = entry + _SUFFIX
        (self._folder / name).replace(folder / name)

    def unreadable(self) -> list[str]:
        """Names of the files that were set aside."""
        folder = self._folder / _ASIDE
        return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []

    def _now_ns(self) -> int:
        """Wall-clock time that never goes back within this process, whatever the clock does."""
        self._last_ns = max(time.time_ns(), self._last_ns)
        return self._last_ns

    def _in_order(self) -> list[Path]:
        """What waits, and nothing without what was accepted before it.

        A long folder that grows while it is listed may show a file and not an earlier one. By the second look
        everything is there that is older than something which the first one saw.
        """
        seen = self._waiting()
        return [path for path in self._waiting() if path.name <= seen[-1].name] if seen else []

    def _waiting(self) -> list[Path]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names alone are wanted
        except FileNotFoundError:
            return []
        return [self._folder / name for name in sorted(names) if name.endswith(_SUFFIX)]


def _write(name: str, content: bytes, *, is_synced: bool) -> None:
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        if is_synced:
            os.fsync(file)
    finally:
        os.close(file)


def _sync(*folders: Path) -> None:
    """See to it that what these folders list is on disk."""
    for path in folders:
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
