"""The ntfy of the tests is one: what Apprise sends to a server of ntfy's arrives there as it was meant."""

from __future__ import annotations

from pathlib import Path

import apprise

from tests.chat_servers.ntfy import Ntfy


def client(url: str) -> apprise.Apprise:
    """A new one each time: one and the same pauses between two messages."""
    made = apprise.Apprise()
    assert made.add(url)
    return made


def test_a_foreign_client_publishes(tmp_path: Path) -> None:
    """Title, text, tags and token as headers and JSON, and a file; another token is refused."""
    file = tmp_path / "loss.png"
    file.write_bytes(b"\x89PNG")
    with Ntfy() as ntfy:
        address = f"127.0.0.1:{ntfy.http.port}/alerts?mode=private"
        own = f"ntfy://{ntfy.token}@{address}&tags=tada&priority=max&click=https://x.example/"
        assert client(own).notify("Größe: 7\nline", title="Trained")
        assert client(own).notify("with a file", title="Trained", attach=str(file))
        (first, *rest) = ntfy.on("alerts")
        assert (first["title"], first["message"], first["priority"]) == ("Trained", "Größe: 7\nline", 5)
        assert (first["tags"], first["click"]) == (["tada"], "https://x.example/")
        assert ("loss.png", b"\x89PNG") in ntfy.files.values()
        assert any("with a file" in message["message"] for message in rest)
        assert not client(f"ntfy://tk_nonsense@{address}").notify("x")
        assert len(ntfy.messages) == 1 + len(rest)
