"""What libraries show in a real kernel, as it arrives: frames, figures, formulas."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalert.message import Level, Message
from tests.chat_servers.webhook import Webhook
from tests.kernels import Kernel

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def kernel(chat: Webhook, tmp_path: Path) -> Iterator[Kernel]:
    """One with the extension."""
    with Kernel(sys.executable, tmp_path) as kernel:
        assert kernel.run("%load_ext nbalert").status == "ok"
        yield kernel


def told(kernel: Kernel, chat: Webhook, *lines: str) -> Message:
    """What arrives of a cell."""
    before = len(chat.accepted)
    run = kernel.run("\n".join(["%%alert", *lines]))
    assert run.status == "ok", run.tracebacks
    chat.until(lambda server: len(server.accepted) > before)
    return Message.from_json(chat.accepted[-1].message)


def test_frames_and_figures(kernel: Kernel, chat: Webhook) -> None:
    """Each in its place: aligned text and a table, pictures in the order in which they were shown."""
    message = told(
        kernel,
        chat,
        "import pandas as pd, matplotlib.pyplot as plt",
        "from IPython.display import SVG, Math, display",
        "display(pd.DataFrame({'a': range(100)}), Math('x^2'))",
        "plt.plot([1, 2]); plt.show()",
        "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))",
        "pd.DataFrame({'town': ['Ulm', 'Bern'], 'people': [129_000, 7]}).style.highlight_max()",
    )
    assert message.result.splitlines() == [
        "2 rows × 2 columns",
        "",
        "   town  people",
        "0  Ulm   129000",
        "1  Bern       7",
    ]
    assert "<td>Bern</td><td>7</td>" in message.html
    assert message.output.startswith("100 rows × 1 column\n\n       a\n  0    0\n")
    assert message.output.endswith("x^2$")
    assert [image.mime for image in message.images] == ["image/png", "image/svg+xml"]
    assert message.images[0].data.startswith(PNG)
    assert message.source.kernel == "Python 3 (ipykernel)"


def test_a_block_that_fails_names_its_cell(kernel: Kernel, chat: Webhook) -> None:
    """As `%%alert` does, and not the file that IPython makes of it."""
    kernel.run("import nbalert\ndef halve(n): return n / 0")
    kernel.run("with nbalert.watching('halving'): halve(1)")
    chat.until(lambda server: len(server.accepted) > 0)
    message = Message.from_json(chat.accepted[0].message)
    assert message.traceback.splitlines()[:3] == [
        "ZeroDivisionError: division by zero",
        "most recent call first:",
        "  Cell In[2], line 2, in halve",
    ]
    assert "ipykernel" not in message.traceback


def test_a_figure_of_plotly(kernel: Kernel, chat: Webhook) -> None:
    """It arrives as a picture, and the cell that shows it ends as it would without us."""
    if not shutil.which("chromium"):
        pytest.skip("needs Chromium: apt-get install chromium")
    message = told(
        kernel, chat, "import plotly.express as px", "print('drawn')", "px.bar(x=[1, 2], y=[3, 1])"
    )
    assert (message.level, message.output, message.result, message.text) == (Level.OK, "drawn", "", "")
    assert [(image.name, image.mime) for image in message.images] == [("figure-1.png", "image/png")]
    assert message.images[0].data.startswith(PNG)
