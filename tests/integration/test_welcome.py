"""The first alert where nothing is set up: one line in the notebook, once, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from nbalert.widgets.welcome import SAYS
from tests.kernels import Kernel, Run
from tests.processes import settings_file, webhook_table

ALERTED = "%%alert\n1 + 1"
LOOK_S = 30.0


@pytest.fixture
def folder(home: Home, tmp_path: Path) -> Iterator[Path]:
    """Where kernels run; their courier is ended afterwards."""
    home.root.mkdir(mode=0o700)
    yield tmp_path
    stop_courier(home)


def environment(home: Home, folder: Path, **more: str) -> dict[str, str]:
    """Of a kernel that a Jupyter server has started for a notebook."""
    session = {"JPY_SESSION_NAME": str(folder / "a.ipynb")}
    return {"NBALERT_HOME": str(home.root), "NBALERT_EXIT_WAIT": "1", **session, **more}


def lines(run: Run) -> list[str]:
    """What the welcome says below a cell."""
    shown = (content["data"].get("text/plain", "") for content in run.of("display_data"))
    return [text for text in shown if SAYS in text]


def link(kernel: Kernel) -> str:
    """The HTML of the update that brings the link."""
    while True:
        message = kernel.client.get_iopub_msg(timeout=LOOK_S)
        if message["header"]["msg_type"] == "update_display_data":
            return str(message["content"]["data"]["text/html"])


def test_once_a_kernel_with_a_link(home: Home, folder: Path) -> None:
    """Loading says nothing, the first alert one line whose link signs in, over SSH with a hint; no more."""
    with Kernel(sys.executable, folder, environment(home, folder, SSH_CONNECTION="a b c d")) as kernel:
        loading = kernel.run("%load_ext nbalert")
        assert (loading.stdout, loading.stderr, loading.of("display_data")) == ("", "", [])
        first = kernel.run(ALERTED)
        (line,) = lines(first)
        assert (first.result, "code=" in line) == ("2", False)
        shown = next((m for m in first.published if m["header"]["msg_type"] == "update_display_data"), None)
        text = str(shown["content"]["data"]["text/html"]) if shown else link(kernel)
        assert "ssh -L" in text
        place = text.partition('href="')[2].partition("#")[0]
        assert httpx.get(place, trust_env=False).status_code == 200
        assert lines(kernel.run(ALERTED)) == []
        assert kernel.run("%reload_ext nbalert").status == "ok"
        assert lines(kernel.run(ALERTED)) == []


def test_not_where_it_would_disturb(home: Home, folder: Path) -> None:
    """Not for papermill and its like, where nobody looks; not where a channel is set up."""
    unattended = environment(home, folder)
    del unattended["JPY_SESSION_NAME"]
    with Kernel(sys.executable, folder, unattended) as kernel:
        kernel.run("%load_ext nbalert")
        assert lines(kernel.run(ALERTED)) == []
    settings_file(home.root, webhook_table("team", "http://127.0.0.1:9/hook"))
    with Kernel(sys.executable, folder, environment(home, folder)) as kernel:
        kernel.run("%load_ext nbalert")
        assert lines(kernel.run(ALERTED)) == []
