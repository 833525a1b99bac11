from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from nbalert.message import Message
from tests.inboxes import Inbox, post, question

TOKEN = "token-of-a-test"


@pytest.fixture
def jupyter(tmp_path: Path) -> Iterator[str]:
    """A real Jupyter server with jupyter-server-proxy, under a path as on a hub; its address."""
    pytest.importorskip("jupyter_server_proxy", reason="needs jupyter-server-proxy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://localhost:{port}/user/ann/"
    options = [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.base_url=/user/ann/"]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", *options],
        env={**os.environ, "JUPYTER_TOKEN": TOKEN, "JUPYTER_CONFIG_DIR": str(tmp_path / "config")},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{url}api", process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None, "the Jupyter server ended"
        assert time.monotonic() < deadline, "the Jupyter server does not answer"
        time.sleep(0.1)


def test_the_page_works_behind_jupyter_server_proxy(tmp_path: Path, jupyter: str, browser: Browser) -> None:
    """Through a real proxy a link signs in, messages are pushed and answered; the cookie stays below it."""
    with Inbox(tmp_path) as inbox:
        base = f"{jupyter}proxy/{inbox.server.port}/"
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{jupyter}api/status?token={TOKEN}")  # the browser is signed in to Jupyter
        page.goto(inbox.server.link("bob", base=base))
        expect(page.locator("#link")).to_have_text("Live", timeout=20_000)
        assert page.url == base
        (cookie,) = [one for one in context.cookies() if one["name"].startswith("nbalert-")]
        assert (cookie["path"], cookie["httpOnly"]) == (f"/user/ann/proxy/{inbox.server.port}/", True)
        sender = inbox.sender()
        id_ = post(sender, Message(title="Drop?", question=question()))
        page.get_by_role("button", name="Approve").click()
        expect(page.locator(".mine")).to_be_visible()
        assert sender.get(f"/api/messages/{id_}/replies").json()["replies"][0]["person"] == "bob"
        context.close()
