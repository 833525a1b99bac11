"""The table of the contract suite: a channel is tested by adding its row."""

from __future__ import annotations

from tests.channels.row_apprise import AppriseRow
from tests.channels.row_discord import DiscordRow, DiscordWebhookRow
from tests.channels.row_email import EmailRow
from tests.channels.row_inbox import InboxRow
from tests.channels.row_matrix import MatrixRow
from tests.channels.row_mattermost import MattermostRow, MattermostWebhookRow
from tests.channels.row_ntfy import NtfyRow
from tests.channels.row_slack import SlackRow, SlackWebhookRow
from tests.channels.row_teams import TeamsRow
from tests.channels.row_telegram import TelegramRow
from tests.channels.row_webhook import WebhookRow
from tests.channels.rows import Row

_ROWS = (
    AppriseRow,
    DiscordRow,
    DiscordWebhookRow,
    EmailRow,
    InboxRow,
    MatrixRow,
    MattermostRow,
    MattermostWebhookRow,
    NtfyRow,
    SlackRow,
    SlackWebhookRow,
    TeamsRow,
    TelegramRow,
    WebhookRow,
)
ROWS: dict[str, type[Row]] = {row.kind: row for row in _ROWS}
