"""Inviting people and showing them out, as the inbox's owner does it on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.inboxes import Inbox


def names(owner: httpx.Client) -> list[str]:
    """Who was invited."""
    return [one["name"] for one in owner.get("/api/people").raise_for_status().json()["people"]]


def invite(owner: httpx.Client, name: Any, valid_s: Any = 600) -> httpx.Response:
    """Ask for a link."""
    return owner.post("/api/people", json={"name": name, "valid_s": valid_s})


def test_a_link_signs_in_once(tmp_path: Path) -> None:
    """The owner's link is as good as that of the command; no later answer holds it."""
    with Inbox(tmp_path) as inbox:
        ann = inbox.person("ann")
        link = invite(ann, "Zoë M").raise_for_status().json()["link"]
        url, _, code = link.partition("#code=")
        assert url == f"{inbox.url}/"
        assert ann.get("/api/people").json()["people"][0] | {"invited_at": 0} == {
            "name": "Zoë M",
            "invited_at": 0,
            "sessions": 0,
            "codes": 1,
        }
        assert code not in ann.get("/api/people").text
        guest = inbox.client(headers={"Origin": inbox.url})
        assert guest.post("/api/session", json={"code": code}).json() == {"name": "Zoë M"}
        assert guest.post("/api/session", json={"code": code}).status_code == 403
        (zoe,) = [one for one in ann.get("/api/people").json()["people"] if one["name"] == "Zoë M"]
        assert (zoe["sessions"], zoe["codes"]) == (1, 0)


def test_revoke(tmp_path: Path) -> None:
    """Whoever is shown out has neither session nor link; the owner cannot show themselves out."""
    with Inbox(tmp_path) as inbox:
        ann, bob = inbox.person("ann"), inbox.person("a/b %")
        code = inbox.code("a/b %")
        assert ann.delete("/api/people/a%2Fb%20%25").status_code == 200
        assert bob.get("/api/me").status_code == 401
        late = inbox.client(headers={"Origin": inbox.url}).post("/api/session", json={"code": code})
        assert late.status_code == 403
        assert ann.delete("/api/people/a%2Fb%20%25").status_code == 404
        assert ann.delete("/api/people/ann").status_code == 409
        assert names(ann) == ["ann"]


def test_only_the_owner(tmp_path: Path) -> None:
    """Others who are signed in see no list, invite nobody and show nobody out."""
    with Inbox(tmp_path) as inbox:
        ann, bob = inbox.person("ann"), inbox.person("bob")
        assert ann.get("/api/me").json()["is_owner"]
        answers = [bob.get("/api/people"), invite(bob, "eve"), bob.delete("/api/people/ann")]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
        assert "only ann" in answers[0].json()["error"]
        assert names(ann) == ["ann", "bob"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_other_pages_cannot_invite(tmp_path: Path, headers: dict[str, str]) -> None:
    """Another page's request changes nothing, in spite of the owner's cookie."""
    with Inbox(tmp_path) as inbox:
        ann = inbox.person("ann")
        inbox.person("bob")
        body = {"name": "eve", "valid_s": 600}
        assert ann.post("/api/people", json=body, headers=headers).status_code == 403
        assert ann.delete("/api/people/bob", headers=headers).status_code == 403
        form = {"Content-Type": "text/plain"}
        assert ann.post("/api/people", content=b"{}", headers=form).status_code == 415
        assert names(ann) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("name", "valid_s", "status"),
    [("anyone", 600, 422), (" x", 600, 422), ("%s", 60, 200), (None, 600, 400), ("x", 59, 400)],
)
def test_what_is_no_invitation(tmp_path: Path, name: Any, valid_s: Any, status: int) -> None:
    """A name is one, and no link is good for ever."""
    with Inbox(tmp_path) as inbox:
        ann = inbox.person("ann")
        assert invite(ann, name, valid_s).status_code == status
        assert invite(ann, "x", 10**9).status_code == 400


def test_links_lead_where_the_page_is(tmp_path: Path) -> None:
    """Behind jupyter-server-proxy it is the address that the owner came by; a declared one goes before."""
    with Inbox(tmp_path) as inbox:
        path = f"/user/ann/proxy/{inbox.server.port}"
        hub = {"Host": "hub.example", "Origin": "https://hub.example", "X-Forwarded-Context": path}
        ann = inbox.client(headers=hub)
        opened = ann.post("/api/session", json={"code": inbox.code("ann")}).raise_for_status()
        ann.headers["Cookie"] = opened.headers["set-cookie"].partition(";")[0]
        assert invite(ann, "bob").json()["link"].startswith(f"https://hub.example{path}/#code=")
    with Inbox(tmp_path / "public", public_url="https://inbox.example/team") as inbox:
        there = f"http://127.0.0.1:{inbox.server.port}"
        with httpx.Client(base_url=there, headers={"Origin": there}, trust_env=False) as ann:
            ann.post("/api/session", json={"code": inbox.code("ann")}).raise_for_status()
            assert invite(ann, "bob").json()["link"].startswith("https://inbox.example/team/#code=")
