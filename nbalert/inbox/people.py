"""Who may come in: people with their codes and sessions, couriers with their tokens.

Works on the file alone, so that a command can invite somebody while a server runs elsewhere, or none does.
Every secret reads `id.secret`: the id finds the row, the secret's hash is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from nbalert.errors import SettingsError
from nbalert.inbox.database import connect, transaction, translated
from nbalert.policy import ANYONE

CODE_S = 120.0
SESSION_S = 30 * 86400.0
NAME_CHARS = 64

_Table = Literal["codes", "sessions", "senders"]


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in.

    Args:
        id: Names the session; not a secret.
        person: Their id, the one that approvers are named by.
        host: The `Host` through which they signed in.
    """

    id: str
    person: str
    host: str


class Person(NamedTuple):
    """Somebody who was invited.

    Args:
        invited_at: Seconds since the epoch.
        sessions: In how many browsers they are signed in.
        codes: How many links to them are good.
    """

    name: str
    invited_at: float
    sessions: int
    codes: int


class People:
    """The people and couriers of one inbox.

    Args:
        path: The inbox's SQLite file; made if there is none.
        now: The clock, seconds since the epoch.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._database = connect(path)
        self._now = now
        self._lent: dict[str, tuple[str, str]] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def inbox_id(self) -> str:
        """Tells this inbox from others on the same host."""
        return str(self.fact("id"))

    @property
    def last_url(self) -> str:
        """Where the inbox was served last; empty if it never was."""
        return str(self.fact("url") or "")

    def fact(self, name: str) -> str | int | None:
        """What the inbox remembers under a name."""
        with translated():
            row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def remember(self, name: str, value: str | int) -> None:
        """Keep a fact for the next start."""
        with transaction(self._database):
            self._database.execute("REPLACE INTO facts VALUES (?, ?)", (name, value))

    def invite(self, name: str, valid_s: float = CODE_S) -> str:
        """A code that signs this person in, once.

        Args:
            name: Their id; they are added if they are new.
            valid_s: Seconds until the code is worthless.

        Raises:
            SettingsError: It is no name.
        """
        _check_name(name)
        now, (code, id_, hash_) = self._now(), _secret()
        with transaction(self._database):
            self._database.execute("INSERT OR IGNORE INTO people VALUES (?, ?)", (name, now))
            self._database.execute("DELETE FROM codes WHERE ends_at <= ?", (now,))
            self._database.execute("DELETE FROM sessions WHERE ends_at <= ?", (now,))
            self._database.execute("INSERT INTO codes VALUES (?, ?, ?, ?)", (id_, hash_, name, now + valid_s))
        return code

    def names(self) -> list[str]:
        """Everybody who was ever invited and not revoked since, in alphabetical order."""
        with translated():
            return [str(row[0]) for row in self._database.execute("SELECT name FROM people ORDER BY name")]

    def listed(self) -> list[Person]:
        """Everybody who was invited, with what they have, in alphabetical order."""
        now = self._now()
        with translated():
            rows = self._database.execute(
                "SELECT name, invited_at,"
                " (SELECT count(*) FROM sessions s WHERE s.person = p.name AND s.ends_at > ?),"
                " (SELECT count(*) FROM codes c WHERE c.person = p.name AND c.ends_at > ?)"
                " FROM people p ORDER BY name",
                (now, now),
            ).fetchall()
        return [Person(*row) for row in rows]

    def sign_in(self, code: str, host: str) -> tuple[str, Session] | None:
        """Use a code up.

        Args:
            code: From a link.
            host: The `Host` through which it came; the session is good for that one.

        Returns:
            The secret for the cookie and the session, or None for a code that is wrong, used or too old.
        """
        with transaction(self._database):
            person = self._owner("codes", code)
            if person is None:
                return None
            self._database.execute("DELETE FROM codes WHERE id = ?", (code.partition(".")[0],))
            cookie, id_, hash_ = _secret()
            ends_at = self._now() + SESSION_S
            self._database.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", (id_, hash_, person, ends_at, host)
            )
        return cookie, Session(id_, person, host)

    def session(self, cookie: str) -> Session | None:
        """Whose cookie this is; None if it is nobody's, or no longer."""
        with translated():
            person = self._owner("sessions", cookie)
            id_ = cookie.partition(".")[0]
            row = self._database.execute("SELECT host FROM sessions WHERE id = ?", (id_,)).fetchone()
        return Session(id_, person, row[0]) if person is not None and row else None

    def sign_out(self, session: Session) -> None:
        """End one session."""
        with transaction(self._database):
            self._database.execute("DELETE FROM sessions WHERE id = ?", (session.id,))

    def sender_token(self, name: str) -> str:
        """A new token for a courier; earlier ones of that name stay good until `revoke`.

        Raises:
            SettingsError: It is no name.
        """
        _check_name(name)
        token, id_, hash_ = _secret()
        with transaction(self._database):
            self._database.execute("INSERT INTO senders VALUES (?, ?, ?)", (id_, hash_, name))
        return token

    def lend_token(self, name: str) -> str:
        """A token for the courier in this very process; it is written nowhere, and ends with this object."""
        token, id_, hash_ = _secret()
        self._lent[id_] = hash_, name
        return token

    def sender(self, token: str) -> str | None:
        """The courier whose token this is, or None."""
        id_, _, rest = token.partition(".")
        hash_, name = self._lent.get(id_, ("", ""))
        if hmac.compare_digest(_hash(rest), hash_):
            return name
        with translated():
            return self._owner("senders", token)

    def revoke(self, name: str) -> int:
        """End every code, session and token of that name.

        Returns:
            How many there were.
        """
        with transaction(self._database):
            self._database.execute("DELETE FROM people WHERE name = ?", (name,))
            return sum(
                self._database.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,)).rowcount
                for table, column in (("codes", "person"), ("sessions", "person"), ("senders", "name"))
            )

    def _owner(self, table: _Table, secret: str) -> str | None:
        id_, _, rest = secret.partition(".")
        columns = "hash, name, NULL" if table == "senders" else "hash, person, ends_at"
        row = self._database.execute(f"SELECT {columns} FROM {table} WHERE id = ?", (id_,)).fetchone()
        # An unknown id costs a comparison as well, so that the time tells nothing.
        is_same = hmac.compare_digest(_hash(rest), row[0] if row else _hash(""))
        if not (row and is_same) or (row[2] is not None and row[2] <= self._now()):
            return None
        return str(row[1])


def login_link(url: str, code: str) -> str:
    """The URL of a page with a code. The fragment is not sent to any server, nor written to any log."""
    return f"{url.rstrip('/')}/#code={code}"


class Brake:
    """Slows down guessing: after `tries` wrong codes within `window_s`, an address has to wait."""

    def __init__(
        self, tries: int = 10, window_s: float = 60.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tries, self._window_s, self._now = tries, window_s, now
        self._wrong: dict[str, list[float]] = {}

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0 if it may now."""
        recent = [at for at in self._wrong.pop(address, ()) if at > self._now() - self._window_s]
        if recent:
            self._wrong[address] = recent
        return 0.0 if len(recent) < self._tries else recent[0] + self._window_s - self._now()

    def wrong(self, address: str) -> None:
        """Count a wrong code."""
        if len(self._wrong) > 1000:  # many addresses: forget all rather than grow
            self._wrong.clear()
        self._wrong.setdefault(address, []).append(self._now())


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip() or len(name) > NAME_CHARS or not name.isprintable():
        raise SettingsError(f"{name!r} is not a name: 1 to {NAME_CHARS} printable characters")
    if name.casefold() == ANYONE:
        raise SettingsError(f"nobody can be called {ANYONE!r}: it stands for everybody among approvers")


def _secret() -> tuple[str, str, str]:
    """A secret, its id and its hash. 192 random bits need no slow hash."""
    id_, rest = secrets.token_hex(8), secrets.token_urlsafe(24)
    return f"{id_}.{rest}", id_, _hash(rest)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
