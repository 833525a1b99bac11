"""The README's picture, made from the real thing: a notebook whose cell asks, and the inbox beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.jupyterlab import Lab
from tests.kernels import ROOT

PICTURE = ROOT / "notebooks" / "pictures" / "notebook-and-inbox.png"
PICTURE_BYTES = 250_000
NOTEBOOK = {"width": 800, "height": 600}
INBOX = {"width": 700, "height": 600}
SHARPNESS = 1.5

SHOP = """
class Model:
    def score(self): return {"accuracy": 0.934, "loss": 0.182}

def train(data):
    print("epoch 12: loss 0.182")
    return Model()

class Database:
    def execute(self, statement): print(f"done: {statement}")

db, orders = Database(), range(1000)
"""
CELLS = (
    "%load_ext nbalert\nfrom shop import db, orders, train",
    '%%alert -t "Nightly training"\nmodel = train(orders)\nmodel.score()',
    '%%ask "Drop table orders_2019?" --timeout 2h\ndb.execute("DROP TABLE orders_2019")',
)

PAGE = """<!doctype html><style>
body {{ margin: 0; padding: 22px; display: flex; gap: 20px; width: max-content; font: 600 14px sans-serif;
        background: linear-gradient(120deg, #e9e8fb, #e6eefb 55%, #e4f4eb); color: #3c4452; }}
figure {{ margin: 0; border-radius: 12px; overflow: hidden; background: #fff; border: 1px solid #d3d7e0;
          box-shadow: 0 8px 28px rgb(20 25 35 / 16%); }}
figcaption {{ padding: 10px 16px; background: #f5f6f8; border-bottom: 1px solid #e3e6eb; }}
img {{ display: block; height: {height}px; }}
</style>
<figure><figcaption>training.ipynb, in JupyterLab</figcaption><img src="{notebook}"></figure>
<figure><figcaption>The inbox, in ann’s browser</figcaption><img src="{inbox}"></figure>"""


@contextmanager
def window(browser: Browser, **size: int) -> Iterator[Page]:
    """An empty window."""
    page = browser.new_page(viewport=size, device_scale_factor=SHARPNESS)  # type: ignore[arg-type]
    yield page
    page.context.close()


def halves(browser: Browser, lab: Lab) -> tuple[bytes, bytes]:
    """The notebook while its ask waits, and the inbox at the same time."""
    (lab.root / "shop.py").write_text(SHOP)
    lab.home.settings.write_text('me.inbox = "carl"')
    notebook = lab.open(browser, "training.ipynb", *CELLS, viewport=NOTEBOOK, device_scale_factor=SHARPNESS)
    notebook.run_all()
    expect(notebook.waiting).to_contain_text("asked on inbox")
    expect(notebook.waiting.get_by_role("link")).to_be_visible()
    with window(browser, **INBOX) as inbox:
        inbox.goto(lab.link("ann"))
        card = inbox.locator(".card", has_text="Drop table orders_2019?")
        expect(card.get_by_role("button", name="Approve")).to_be_visible()
        expect(inbox.locator(".card", has_text="Nightly training")).to_contain_text("accuracy")
        # Paths and names of this machine, which say nothing to a reader.
        inbox.locator(".card footer").evaluate_all("all => all.forEach(one => { one.hidden = true; })")
        inbox.evaluate("scrollTo(0, document.body.scrollHeight)")
        pictures = (
            notebook.page.locator(".jp-NotebookPanel").screenshot(),
            inbox.screenshot(clip={"x": 0, "y": 0, "width": INBOX["width"], "height": INBOX["height"]}),
        )
    notebook.command("notebook:interrupt-kernel")
    expect(notebook.decision).to_contain_text("Cancelled")
    notebook.close()
    lab.home.settings.unlink()
    return pictures


def side_by_side(browser: Browser, notebook: bytes, inbox: bytes) -> bytes:
    """Both as one PNG with few colours, so that it is small."""
    first, second = (f"data:image/png;base64,{base64.b64encode(half).decode()}" for half in (notebook, inbox))
    height = round(Image.open(io.BytesIO(notebook)).height / SHARPNESS)
    with window(browser, width=1600, height=800) as page:
        page.set_content(PAGE.format(notebook=first, inbox=second, height=height))
        whole = page.locator("body").screenshot()
    small = io.BytesIO()
    Image.open(io.BytesIO(whole)).convert("RGB").quantize(256).save(small, "PNG", optimize=True)
    return small.getvalue()


def test_picture(browser: Browser, lab: Lab, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """Both halves can be made; `pytest --update-picture` puts them into the README's picture."""
    picture = side_by_side(browser, *halves(browser, lab))
    assert 20_000 < len(picture) < PICTURE_BYTES
    assert Image.open(io.BytesIO(picture)).width > 1200
    if pytestconfig.getoption("--update-picture"):
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(picture)
    assert PICTURE.is_file(), "make it with: pytest --update-picture tests/browser/test_readme_picture.py"
