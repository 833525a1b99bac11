"""Where nbalert keeps its things: one folder a user, moved as a whole by `NBALERT_HOME`."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from nbalert import socket_paths
from nbalert.errors import SettingsError


def _site() -> Path:
    if chosen := os.environ.get("NBALERT_SITE"):
        return Path(chosen).expanduser().absolute()
    import platformdirs  # only here: as in `find`

    return platformdirs.site_config_path("nbalert") / "nbalert.toml"


@dataclass(frozen=True, slots=True)
class Home:
    """The places under one home.

    Args:
        root: The folder of spool, store, inbox and runtime files.
        settings: The user's own settings file; it need not exist.
        site: What an administrator says for everybody on this machine; it need not exist, and is only read.
    """

    root: Path
    settings: Path
    site: Path = field(default_factory=_site)

    @classmethod
    def find(cls) -> Home:
        """`NBALERT_HOME` if it is set, else the platform's folders for data and configuration."""
        if chosen := os.environ.get("NBALERT_HOME"):
            root = Path(chosen).expanduser().absolute()
            return cls(root, root / "nbalert.toml")
        import platformdirs  # only here: it is not needed where NBALERT_HOME is set

        return cls(
            platformdirs.user_data_path("nbalert"), platformdirs.user_config_path("nbalert") / "nbalert.toml"
        )

    @property
    def spool(self) -> Path:
        """Folder of accepted messages that the courier has not taken yet."""
        return self.root / "spool"

    @property
    def store(self) -> Path:
        """The courier's SQLite file."""
        return self.root / "store.db"

    @property
    def audit_head(self) -> Path:
        """Number and hash of the audit trail's last entry, apart from the trail."""
        return self.root / "audit.head"

    @property
    def inbox(self) -> Path:
        """The built-in inbox's SQLite file."""
        return self.root / "inbox.db"

    @property
    def lock(self) -> Path:
        """Locked by the courier of this home for as long as it lives."""
        return self.root / "courier.lock"

    @property
    def starting(self) -> Path:
        """Locked by the process that starts a courier, until that serves."""
        return self.root / "courier.starting"

    @property
    def stopped(self) -> Path:
        """There from a stop until the next start: a courier that began before, and was left alone, ends."""
        return self.root / "courier.stopped"

    @property
    def log(self) -> Path:
        """The courier's log."""
        return self.root / "courier.log"

    @property
    def socket(self) -> Path:
        """The line's socket; in a short folder of its own where the home's path is too long for one.

        Not in what `TMPDIR` says: it differs between the sessions of a user, and both ends have to agree.
        """
        near = self.root / "run" / "line"
        if socket_paths.fits(near):
            return near
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path("/tmp") / f"nbalert-{os.getuid()}-{digest}" / "line"


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, or check that an existing one is that.

    Raises:
        SettingsError: It belongs to somebody else, or others can write to it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise SettingsError(f"{path} belongs to another user; set NBALERT_HOME to a folder of your own")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(0o700)
    return path


def private_file(path: Path) -> None:
    """Make an empty file that only its owner can use, where there is none. SQLite's side files get its mode.

    One that is there is not even opened: closing it would drop the locks that SQLite has on it in this
    process (POSIX locks belong to the process), and another process would take the file for its own.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def refuse_writable(path: Path, *, by_group: bool) -> None:
    """See to it that nobody else can write a file; it need not exist.

    Args:
        by_group: Whether its group may: the people of a project.

    Raises:
        SettingsError: Others can, or it belongs to another user; says what to do.
    """
    if not hasattr(os, "getuid"):  # Windows has no such bits
        return
    try:
        found = path.stat()
    except OSError:  # it is not there, or not to be read, which is told elsewhere
        return
    if not by_group and found.st_uid not in (os.getuid(), 0):
        raise SettingsError(f"{path} belongs to another user, who could change it; copy it")
    by_others = found.st_mode & stat.S_IWOTH
    by_some = not by_group and found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid)
    if by_others or by_some:
        raise SettingsError(
            f"{path} can be written by others; first: chmod {'o' if by_group else 'go'}-w {path}"
        )


def _is_own_group(gid: int) -> bool:
    """Whether it is the group of this user alone, as Debian makes one for each."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(gid)
    except KeyError:  # a user without a name, as in containers
        return gid == os.getgid()
    return gid == user.pw_gid and group.gr_name == user.pw_name and not group.gr_mem
