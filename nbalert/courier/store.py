"""The store: one SQLite file, opened by the courier alone. Its tables stand in `schema`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nbalert.courier.schema import SCHEMA_VERSION, migrate, version_of
from nbalert.errors import StoreError, StoreUnfit
from nbalert.home import private_file, private_folder, refuse_writable
from nbalert.unfit import is_damage


class Store:
    """An open store. One thread uses it: the courier's.

    Args:
        path: The file; made with its folder where there is none.

    Raises:
        StoreUnfit: Damaged, or written by a newer nbalert.
        StoreError: Unreadable for another reason.
        SettingsError: Somebody else can write it.
    """

    def __init__(self, path: Path) -> None:
        private_folder(path.parent)
        refuse_writable(path, by_group=False)
        self._is_power_safe = False
        self.is_damaged = False
        """Whether SQLite has found the file damaged since it was opened."""
        try:
            private_file(path)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            try:
                self._prepare(path)
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            kind = StoreUnfit if is_damage(error) else StoreError
            raise kind(f"{path} cannot be used: {error}") from None

    def _prepare(self, path: Path) -> None:
        # NORMAL keeps every commit over a kill of the process; a power cut may cost the last ones.
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        )
        if version_of(self._db) > SCHEMA_VERSION:
            raise StoreUnfit(f"{path} was written by a newer nbalert; upgrade this one")
        migrate(self._db)

    @contextmanager
    def transaction(self, *, is_power_safe: bool = False) -> Iterator[None]:
        """All or nothing.

        Args:
            is_power_safe: Whether it also survives a power cut: an fsync, a few ms.
        """
        if is_power_safe != self._is_power_safe:
            self.execute(f"PRAGMA synchronous = {'FULL' if is_power_safe else 'NORMAL'}")
            self._is_power_safe = is_power_safe
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.OperationalError):  # SQLite has rolled back already: full, or damaged
                self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; how many rows it changed."""
        try:
            return self._db.execute(sql, values).rowcount
        except sqlite3.DatabaseError as error:
            self._note(error)
            raise

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._note(error)
            raise

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        try:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        except sqlite3.DatabaseError as error:
            self._note(error)
            raise
        return found

    def close(self) -> None:
        """Close; the file is whole at any time."""
        self._db.close()

    # Not a context: some twenty statements are run for each alert.
    def _note(self, error: sqlite3.DatabaseError) -> None:
        self.is_damaged = self.is_damaged or is_damage(error)
