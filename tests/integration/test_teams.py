"""Teams from end to end: a script, a courier, and a workflow's webhook."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomlkit

from nbalert.home import Home
from tests.chat_servers.teams import Teams
from tests.chat_servers.webhook import RESET, status
from tests.processes import Script

CODE = """
import nbalert

posted = [nbalert.post(f"number {n}.") for n in range(3)]
print([one.wait(60)[0].channel for one in posted], flush=True)
try:
    nbalert.ask("Deploy?")
except nbalert.CannotAsk as error:
    print(error, flush=True)
"""


def test_alerts_arrive_and_asks_are_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, after faults; who asks hears why that cannot be done, and where it can."""
    with Teams() as teams:
        monkeypatch.setenv("TEAMS_URL", teams.url)
        channel = {"kind": "teams", "url": "env:TEAMS_URL", "approvers": ["anyone"]}
        project = {"default": "ops", "channels": {"ops": channel}}
        (tmp_path / "nbalert.toml").write_text(tomlkit.dumps(project), encoding="utf-8")
        teams.http.plan(status(429, Retry_After="0"), RESET)
        with Script(CODE, folder=tmp_path) as script:
            assert script.line() == str(["ops"] * 3)
            refused = script.line()
        assert refused == "channel ops: teams cannot bring answers; ask on a channel that can: inbox"
        titles = [card["body"][0]["items"][0]["text"] for card in teams.cards]
        assert titles == [f"🔵 number {n}." for n in range(3)]
        assert teams.faults == []
