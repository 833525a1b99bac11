"""References to secrets, `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`, and their values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nbalert.errors import SettingsError

SCHEMES = ("env", "file", "keyring")


def is_reference(text: str) -> bool:
    """Whether a setting names a secret rather than being one."""
    scheme, colon, rest = text.partition(":")
    return bool(colon and rest) and scheme in SCHEMES


def environment_name(text: str) -> str:
    """The variable that an `env:` reference names; empty for anything else."""
    return text.removeprefix("env:") if text.startswith("env:") else ""


def secret_file(text: str, folder: Path) -> Path | None:
    """The file that a `file:` reference names; None for anything else, and where there can be none."""
    if not text.startswith("file:"):
        return None
    try:
        return folder / expanded(text.removeprefix("file:"))
    except SettingsError:
        return None


def resolve(reference: str, folder: Path, environment: Mapping[str, str] | None) -> str:
    """The secret that a reference names.

    Args:
        reference: One for which `is_reference` holds.
        folder: Where a relative `file:` path starts: the folder of the settings file.
        environment: Where `env:` looks; None where the environment is not this project's.

    Raises:
        SettingsError: It is not there. Names the reference, never a value.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        return _from_environment(rest, environment)
    if scheme == "file":
        return _from_file(folder / expanded(rest))
    return _from_keyring(rest)


def expanded(path: str) -> Path:
    """A path from settings, with `~` as the user's folder.

    Raises:
        SettingsError: It names the folder of nobody here.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise SettingsError(f"{path}: there is no such user's folder") from None


def _from_environment(name: str, environment: Mapping[str, str] | None) -> str:
    if environment is None:
        raise SettingsError(
            f"{name} is an environment variable of its project, and no process of that project runs"
        )
    if not (value := environment.get(name)):
        raise SettingsError(f"the environment variable {name} is not set; set it before the kernel starts")
    return value


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "not a text file"
        raise SettingsError(f"the secret file {path} cannot be read: {why}") from None


def _from_keyring(name: str) -> str:
    try:
        import keyring  # an extra, and slow to import
    except ImportError:
        raise SettingsError("keyring: needs the extra: pip install 'nbalert[keyring]'") from None
    service, _, user = name.rpartition("/")
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # each system's store has errors of its own
        raise SettingsError(f"the keyring cannot be read: {type(error).__name__}") from None
    if not value:
        raise SettingsError(f"the keyring has no entry {name}; add it with: keyring set {service} {user}")
    return str(value)
