from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from nbalert.home import Home
from nbalert.posting import post
from nbalert.process import client
from tests.inboxes import Inbox


@contextmanager
def signed_in(link: str) -> Iterator[httpx.Client]:
    """Somebody's browser, by a link."""
    url, _, code = link.partition("/#code=")
    with httpx.Client(base_url=url, headers={"Origin": url}) as browser:
        browser.post("/api/session", json={"code": code}).raise_for_status()
        yield browser


def test_an_hour_of_silence(home: Home) -> None:
    """The owner begins and ends it on the page of their courier; a guest cannot."""
    link = client().request({"do": "link", "base": ""})
    with signed_in(link) as owner:
        assert owner.get("/api/silence").json() == {"silences": []}
        begun = owner.post("/api/silence", json={"for_s": 3600}).raise_for_status().json()
        assert [one["rule"] for one in begun["silences"]] == ["silence"]
        assert post("quiet").wait(10) == []
        assert owner.get("/api/silence").json()["silences"][0]["count"] == 1
        assert owner.delete("/api/silence").json() == {"silences": []}
        assert len(post("told").wait(10)) == 1
        for wrong in (0, -1, "1h", None, 10**9):
            assert owner.post("/api/silence", json={"for_s": wrong}).status_code == 400
    with signed_in(client().request({"do": "link", "base": "", "person": "guest"})) as guest:
        assert guest.post("/api/silence", json={"for_s": 3600}).status_code == 403


def test_an_inbox_without_a_courier(tmp_path: Path) -> None:
    """Has nothing to silence, and says so."""
    with Inbox(tmp_path) as inbox:
        ann = inbox.person("ann")
        assert ann.get("/api/silence").json() == {"silences": None}
        answer = ann.delete("/api/silence")
        assert answer.status_code == 404
        assert "without a courier" in answer.json()["error"]
