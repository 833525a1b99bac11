from __future__ import annotations

import socket
from pathlib import Path

import pytest

from nbalert import socket_paths


@pytest.mark.parametrize("folder", ["x", "x" * 90 + "/" + "y" * 200, "ü" * 100])
def test_any_path(folder: str, tmp_path: Path) -> None:
    """Short and long: both ends meet there, others cannot, and a stale socket is replaced."""
    path = tmp_path / folder / "line"
    path.parent.mkdir(parents=True)
    assert socket_paths.fits(path)
    for _ in range(2):
        with socket_paths.bound(path) as listener, socket.socket(socket.AF_UNIX) as caller:
            assert path.stat().st_mode & 0o777 == 0o600
            listener.listen()
            socket_paths.connect(caller, path)
            peer, _ = listener.accept()
            peer.close()


def test_nobody_there(tmp_path: Path) -> None:
    """No folder, no socket, and nobody who listens: errors of the system, whatever the length."""
    for folder in (tmp_path / "x", tmp_path / ("x" * 200)):
        with socket.socket(socket.AF_UNIX) as caller:
            with pytest.raises(FileNotFoundError):
                socket_paths.connect(caller, folder / "line")
            folder.mkdir()
            with pytest.raises(FileNotFoundError):
                socket_paths.connect(caller, folder / "line")
            socket_paths.bound(folder / "line").close()
            with pytest.raises(ConnectionRefusedError):
                socket_paths.connect(caller, folder / "line")
