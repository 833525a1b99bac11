"""A home whose files are damaged while a courier works: what comes later arrives all the same."""

from __future__ import annotations

import pytest

import nbalert
from nbalert.courier.schema import SCHEMA_VERSION
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.inbox.database import VERSION
from nbalert.process import client, finish
from nbalert.show import status_text
from nbalert.unfit import files_aside
from tests.chat_servers.webhook import Webhook
from tests.courier.test_opening import damaged, set_version
from tests.processes import settings_file, webhook_table

pytestmark = pytest.mark.long


def test_the_store_is_damaged_at_work(home: Home) -> None:
    """The courier begins anew with a fresh store; status says where the old one lies."""
    with Webhook() as server:
        settings_file(home.root, 'default = "ci"\n' + webhook_table("ci", server.url))
        nbalert.post("before").wait(60)
        set_version(
            home.store, SCHEMA_VERSION
        )  # a change by somebody else: what the courier has read counts no more
        damaged(home.store)
        for title in ("after", "and later"):
            nbalert.post(title).wait(60)
        assert server.titles == ["before", "after", "and later"]
        (aside,) = files_aside(home.root)
        assert f"set aside  {aside}" in status_text(client().request({"do": "status"}))
        finish()
        stop_courier(home)


def test_the_inbox_is_damaged_at_work(home: Home) -> None:
    """What was on its way to it arrives in a new one."""
    nbalert.post("before").wait(60)
    set_version(home.inbox, VERSION)
    damaged(home.inbox)
    nbalert.post("after").wait(60)
    (aside,) = files_aside(home.root)
    assert aside.name.startswith("inbox.db")
    finish()
    stop_courier(home)
