"""`nbalert channels` from nothing to a message in a chat, as a newcomer goes."""

from __future__ import annotations

from nbalert.home import Home
from tests.chat_servers.slack import Slack
from tests.chat_servers.slack_workspace import CHANNEL
from tests.test_main import nbalert


def test_slack_from_nothing(home: Home) -> None:
    """A token is refused, its name is not; what Slack misses is a line each; then it arrives."""
    with Slack() as slack:
        token, scopes = slack.values()["token"], slack.scopes
        env = {"SLACK_BOT_TOKEN": token}
        settings = (f"channel={CHANNEL}", f"base_url={slack.base_url}", "approvers=UANN,UBOB", "me=UCAROL")
        refused = nbalert("channels", "add", "team", "slack", f"token={token}", *settings, env=env)
        assert refused.returncode == 2
        assert "token=env:TEAM_TOKEN" in refused.stderr
        assert token not in refused.stderr
        assert not home.settings.exists()
        added = nbalert("channels", "add", "team", "slack", "token=env:SLACK_BOT_TOKEN", *settings, env=env)
        assert added.returncode == 0, added.stderr
        assert token not in home.settings.read_text()

        slack.scopes = ["chat:write", "channels:history"]
        tested = nbalert("channels", "test", "team", env=env)
        assert tested.returncode == 1
        assert len(tested.stdout.splitlines()) == 4
        assert all("OAuth & Permissions" in line for line in tested.stdout.splitlines())
        assert slack.top() == []

        slack.scopes = scopes
        tested = nbalert("channels", "test", "team", env=env)
        assert (tested.returncode, tested.stdout[:16]) == (0, "team: delivered "), tested.stdout
        assert "Test of channel team" in str(slack.top()[0])
