"""Progress bars that are widgets, in a real kernel: what a chat is told of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.bars import VIEW, current
from nbalert.home import Home
from nbalert.message import Message
from tests.chat_servers.webhook import Webhook
from tests.kernels import Kernel
from tests.processes import settings_file, webhook_table

NESTED = """
from tqdm.notebook import tqdm
print("two epochs")
for epoch in tqdm(range(2), desc="epochs", mininterval=0):
    for step in tqdm(range(50), desc="steps & more", mininterval=0, leave=False):
        if (epoch, step) == (1, 30):
            print(recording.output())
"""


@pytest.fixture
def kernel(home: Home, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel with nbalert, in which a cell finds its own recording."""
    with Kernel(sys.executable, tmp_path) as started:
        started.run("%load_ext nbalert")
        started.run(
            "watcher = get_ipython().magics_manager.registry['NbalertMagics'].watcher\n"
            "class Recording:\n    def output(self): return watcher._current().recording.output()\n"
            "recording = Recording()"
        )
        yield started


def test_bars_of_tqdm(kernel: Kernel, home: Home) -> None:
    """While it runs each says how far it is; at the end one that was taken away says nothing more."""
    with Webhook() as chat:
        settings_file(home.root, webhook_table("ci", chat.url))
        lines = kernel.run(f"%%alert -c ci -t Fit\n{NESTED}").stdout.splitlines()
        assert [line.split("%")[0] for line in lines[1:]] == ["two epochs", "epochs: 50", "steps & more: 60"]
        assert lines[3].startswith("steps & more: 60% 30/50 [")
        chat.until(lambda server: "Fit" in server.titles)
        output = Message.from_json(chat.accepted[0].message).output
    assert "epochs: 100% 2/2 [" in output
    assert "0% 0/50" not in output


def test_what_is_no_bar() -> None:
    """It stays as it was displayed, also where nothing is known of it."""
    for bundle in ({"text/plain": "x"}, {"text/plain": "x", VIEW: {}}):
        assert current(dict(bundle)) == bundle
