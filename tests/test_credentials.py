from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbalert.credentials import environment_name, is_reference, resolve
from nbalert.errors import SettingsError
from tests.kernels import ROOT


def test_references() -> None:
    """A setting names a secret by a known scheme; everything else is no reference."""
    assert all(map(is_reference, ("env:X", "file:~/x", "keyring:a/b")))
    assert not any(map(is_reference, ("", "env:", "x", "https://x", "ENV:X", "vault:x")))
    assert (environment_name("env:X"), environment_name("file:X")) == ("X", "")


def test_environment(tmp_path: Path) -> None:
    """The project's environment; a name that is missing or empty is named."""
    assert resolve("env:A", tmp_path, {"A": "secret"}) == "secret"
    with pytest.raises(SettingsError, match="the environment variable A is not set"):
        resolve("env:A", tmp_path, {"A": ""})


def test_another_project_s_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment is not the project's, it is not looked at."""
    monkeypatch.setenv("A", "of somebody else")
    with pytest.raises(SettingsError, match="no process of that project runs") as caught:
        resolve("env:A", tmp_path, None)
    assert "somebody" not in str(caught.value)


def test_file(tmp_path: Path) -> None:
    """Relative to the settings file, without the last line's end; one that cannot be read is named."""
    (tmp_path / "token").write_text("secret\n")
    assert resolve("file:token", tmp_path, {}) == "secret"
    assert resolve(f"file:{tmp_path}/token", Path("/"), {}) == "secret"
    with pytest.raises(SettingsError, match="gone cannot be read: No such file"):
        resolve("file:gone", tmp_path, {})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not a text file"):
        resolve("file:binary", tmp_path, {})


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ("null.Keyring", "the keyring has no entry nbalert/team; add it with: keyring set nbalert team"),
        ("fail.Keyring", "the keyring cannot be read: NoKeyringError"),
    ],
)
def test_keyring(backend: str, says: str, tmp_path: Path) -> None:
    """The system's store, by service and name; what is missing, or no store at all, is a settings error."""
    pytest.importorskip("keyring")
    code = (
        "from pathlib import Path; from nbalert.credentials import resolve\n"
        "try: resolve('keyring:nbalert/team', Path('.'), {})\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "PYTHON_KEYRING_BACKEND": f"keyring.backends.{backend}",
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == f"SettingsError {says}"
