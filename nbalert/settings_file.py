"""Changes to an `nbalert.toml` by commands and forms: comments and order stay, and nothing wrong is written.

read ─▶ change ─▶ check as `load` and the channel's kind do ─▶ write beside it ─▶ take its place
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tomlkit.exceptions import TOMLKitError

from nbalert import channels
from nbalert.credentials import is_reference
from nbalert.described import Form, described, flat, setting_of
from nbalert.errors import SecretMissing, SettingsError, UnknownChannel
from nbalert.home import Home, private_folder
from nbalert.layers import FILE_NAME, project_file
from nbalert.settings import Settings, load
from nbalert.toml_text import with_entry, with_key, with_table, with_values, without_table


class SettingsFile:
    """One file that can be changed.

    Args:
        home: Has the user's own file.
        folder: Where the search for a project's file starts.
        is_project: Whether the nearest project's file is meant, or the one to be made in `folder`; else the
            user's own.
    """

    def __init__(self, home: Home, folder: Path, *, is_project: bool = False) -> None:
        self._home = home
        self._folder = folder
        self._is_project = is_project
        self.path = (project_file(folder, home) or folder / FILE_NAME) if is_project else home.settings

    def text(self) -> str | None:
        """All of it; None where there is no such file.

        Raises:
            OSError: It cannot be read.
        """
        try:
            return self.path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def restore(self, text: str | None) -> None:
        """Make it what `text` has said.

        Raises:
            OSError: It cannot be written.
        """
        if text is None:
            self.path.unlink(missing_ok=True)
        else:
            self._write(text)

    def add(self, name: str, values: Mapping[str, Any], *, replaces: bool = False) -> str:
        """Write a channel.

        Args:
            values: Its settings as they stand in a file, `kind` among them.
            replaces: Whether it may take the place of one of that name in this file; comments of the keys
                that stay are kept.

        Returns:
            What is still to be done before it can be used; empty if nothing.

        Raises:
            SettingsError: It would be wrong, or holds a secret; nothing is written.
            OSError: It cannot be written; the old file is as it was.
        """
        text = self._read()
        is_there = name in _channels(text)
        if is_there and not replaces:
            raise SettingsError(f"{self.path} has a channel {name} already; remove it first")
        _refuse_secrets(name, values)
        try:
            changed = (with_values if is_there else with_table)(text, name, values)
            expected = {**_channels(text), name: dict(values)}
            table = self._checked(changed, {**tomllib.loads(text), "channels": expected}).channel(name)
        except TOMLKitError as error:
            raise SettingsError(f"{self.path}: {error}") from None
        try:
            channels.check(table)
        except SecretMissing as error:
            self._write(changed)
            return str(error)
        self._write(changed)
        return ""

    def remove(self, name: str) -> None:
        """Take a channel out.

        Raises:
            SettingsError: It is not in this file, or it is the default one.
            OSError: As `add`.
        """
        text = self._read()
        known = _channels(text)
        if name not in known:
            raise SettingsError(f"{self.path}: {UnknownChannel(name, known)}")
        if name in (load(self._folder, self._home).default, tomllib.loads(text).get("default")):
            raise SettingsError(f"{name} is the default channel; choose another first")
        changed = without_table(text, name)
        left = {other: values for other, values in known.items() if other != name}
        self._checked(changed, {**tomllib.loads(text), "channels": left})
        self._write(changed)

    def choose_default(self, name: str) -> str:
        """Make a channel the default one of this file.

        Returns:
            Which other default is in force here all the same; empty if none.

        Raises:
            SettingsError: There is no such channel for all that this file counts for.
            OSError: As `add`.
        """
        text = self._read()
        changed = with_key(text, "default", name)
        settings = self._checked(changed, {**tomllib.loads(text), "default": name})
        self._write(changed)
        return "" if settings.default == name else settings.default

    def register(self, kind: str, source: str) -> None:
        """Name the class of a kind, as `module:Class`: it is loaded from now on.

        Raises:
            SettingsError: This file cannot be changed, or is a project's.
            OSError: As `add`.
        """
        self._enter("kinds", kind, source)

    def introduce(self, kind: str, person: str) -> None:
        """Say who you are on a kind of channel: who asks does not answer.

        Raises:
            SettingsError: This file cannot be changed.
            OSError: As `add`.
        """
        self._enter("me", kind, person)

    def _enter(self, table: str, key: str, value: str) -> None:
        text = self._read()
        values = tomllib.loads(text)
        changed = with_entry(text, table, key, value)
        self._checked(changed, {**values, table: {**values.get(table, {}), key: value}})
        self._write(changed)

    def _read(self) -> str:
        try:
            text = self.path.read_text(encoding="utf-8")
            tomllib.loads(text)
        except FileNotFoundError:
            return ""
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self.path} is not valid TOML: {error}") from None
        return text

    def _checked(self, text: str, expected: Mapping[str, Any]) -> Settings:
        """The settings that a changed text makes, if it says what is meant and all of it is right."""
        try:
            is_meant = {"channels": {}, **tomllib.loads(text)} == {"channels": {}, **expected}
        except tomllib.TOMLDecodeError:
            is_meant = False
        if not is_meant:
            raise SettingsError(f"{self.path} is written so that no program can change it; edit it by hand")
        drafts = {self.path: text}
        if not self._is_project:  # it counts for every project: also where there is none
            load(Path(self.path.anchor), self._home, drafts=drafts)
        return load(self._folder, self._home, drafts=drafts)

    def _write(self, text: str) -> None:
        _write(self.path, text, keeps_mode=self._is_project)


def _channels(text: str) -> dict[str, Any]:
    found = tomllib.loads(text).get("channels", {})
    return found if isinstance(found, dict) else {}


def _refuse_secrets(name: str, values: Mapping[str, Any]) -> None:
    """A secret that stands in a command or a form is not written; the error has the line to write instead."""
    model = channels.channel_class(str(values.get("kind", ""))).Settings
    known = {setting.key: setting for setting in described(model)}
    for key, value in flat(values):
        setting = setting_of(known, key)
        is_secret = setting is not None and setting.form is Form.SECRET
        if is_secret and not (isinstance(value, str) and is_reference(value)):
            variable = f"{name}_{key}".upper().replace("-", "_").replace(".", "_")
            raise SettingsError(
                f"channels.{name}.{key} is a secret, and no secret is written into a file: put it into the"
                f' environment variable {variable}, and write {key} = "env:{variable}"'
                f" (on the command line: {key}=env:{variable}); file:PATH and keyring:SERVICE/NAME do as well"
            )


def _write(path: Path, text: str, *, keeps_mode: bool) -> None:
    """All or nothing, readable to its owner only; a project's file that is there stays as open as it was."""
    place = path.resolve()  # where the file is a link it stays one
    if keeps_mode:
        mode = place.stat().st_mode & 0o777 if place.exists() else 0o600
    else:
        mode = 0o600
        if not place.parent.is_dir():
            private_folder(place.parent)
    handle, beside = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(place)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise
