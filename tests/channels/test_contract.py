"""What every channel of the table has to keep: `nbalert.testing`, whose checks are in `nbalert/testing/`."""

from __future__ import annotations

from nbalert import channels
from nbalert.testing import ChannelContract
from tests.channels.all_rows import ROWS


class TestChannels(ChannelContract):
    """Every kind in the table: one without a row fails."""

    rows = tuple(ROWS[kind] for kind in channels.KINDS)
