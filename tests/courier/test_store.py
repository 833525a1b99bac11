from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing

import pytest

from nbalert.courier.schema import SCHEMA_VERSION
from nbalert.courier.store import Store
from nbalert.errors import StoreUnfit
from nbalert.home import Home


def test_it_keeps_what_it_has(home: Home) -> None:
    """Opened again it has the same rows; only the user can read it."""
    for count in (0, 1):
        store = Store(home.store)
        assert len(store.rows("SELECT * FROM message")) == count
        store.execute("INSERT INTO message VALUES (?, 0, '', '', '', '{}')", str(count))
        store.close()
    assert home.store.stat().st_mode & 0o777 == 0o600


def test_a_transaction_is_all_or_nothing(home: Home) -> None:
    """An error inside takes everything back, and the store goes on."""
    store = Store(home.store)
    for _ in range(2):
        with contextlib.suppress(KeyError), store.transaction():
            store.execute("INSERT INTO message VALUES ('a', 0, '', '', '', '{}')")
            raise KeyError
    with store.transaction():
        store.execute("INSERT INTO message VALUES ('b', 0, '', '', '', '{}')")
    assert [row["id"] for row in store.rows("SELECT id FROM message")] == ["b"]
    assert store.row("SELECT id FROM message WHERE id = 'a'") is None
    store.close()


def test_a_newer_schema(home: Home) -> None:
    """It is left alone, and the error says what to do."""
    Store(home.store).close()
    with closing(sqlite3.connect(home.store)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreUnfit, match="was written by a newer nbalert; upgrade this one"):
        Store(home.store)


def test_an_unreadable_file(home: Home) -> None:
    """The error names the file."""
    home.root.mkdir()
    home.store.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreUnfit, match=r"store\.db cannot be used: file is not a database"):
        Store(home.store)
