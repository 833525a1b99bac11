"""Questions in a real JupyterLab for everybody: dark and narrow pages, screen readers, several at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jupyterlab import Lab, Notebook
from tests.browser.test_inbox_accessible import axe
from tests.person import Person

__all__ = ["axe"]

LONG = "Drop the table " + "orders_of_the_year_before_last_" * 4 + "?"
ASK = f"""import asyncio, nbalert
ask = lambda text: nbalert.ask_async(text, timeout=100, raises=False)
both = await asyncio.gather(ask("First at once?"), ask({LONG!r}))
print([bool(one) for one in both])"""
NARROW = 380


@pytest.fixture
def notebook(browser: Browser, lab: Lab) -> Iterator[Notebook]:
    """Two questions of one cell, in a narrow window."""
    opened = lab.open(
        browser, "looks.ipynb", "%load_ext nbalert", ASK, viewport={"width": NARROW, "height": 900}
    )
    try:
        opened.run_all()
        expect(opened.waiting).to_have_count(2)
        for one in opened.waiting.all():
            expect(one).to_contain_text("asked on inbox")
        yield opened
    finally:
        opened.close()


def findings(page: Page, axe: str, part: str) -> list[str]:
    """All rules that a part of the page breaks."""
    page.evaluate(f"() => {{ {axe} }}")
    page.locator(part).last.scroll_into_view_if_needed()
    found = page.evaluate("part => axe.run(part, { resultTypes: ['violations'] })", part)
    assert found["passes"], "nothing was looked at"
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


def overflowing(page: Page, part: str) -> list[str]:
    """What is wider than it may be."""
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML)"
    return list(page.locator(part).evaluate_all(wide))


def live_regions(page: Page) -> list[str]:
    """What a screen reader is told of by itself, as Chromium hands it out."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [_said(node, {one["nodeId"]: one for one in nodes}) for node in nodes if _is_live(node)]


def _is_live(node: dict[str, Any]) -> bool:
    values = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
    return values.get("live") == "polite" and node.get("role", {}).get("value") == "status"


def _said(node: dict[str, Any], nodes: dict[str, Any]) -> str:
    children = (nodes[one] for one in node.get("childIds", ()) if one in nodes)
    own = node["name"]["value"] if node.get("role", {}).get("value") == "StaticText" else ""
    return own + "".join(_said(one, nodes) for one in children)


def test_two_at_once_for_everybody(notebook: Notebook, lab: Lab, axe: str) -> None:
    """Light and dark and narrow nothing is too faint or cut off; each is heard, and ends in its own place."""
    page = notebook.page
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.command("apputils:change-theme", theme=theme)
        page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
        assert findings(page, axe, ".nbalert-open") == []
    assert overflowing(page, ".nbalert-open, .nbalert-open .widget-html") == []
    assert [text.startswith("Waiting for anyone") for text in live_regions(page)].count(True) == 2
    with Person(lab.link("bob")) as bob:
        bob.answer("First at once?", "yes: seen").raise_for_status()
        expect(notebook.decision).to_have_count(1)
        expect(notebook.decision).to_contain_text("✅ Approved")
        expect(notebook.waiting).to_contain_text("orders_of_the_year")
        assert "by bob: seen" in " ".join(live_regions(page))
        bob.answer(LONG, "no: not today").raise_for_status()
    expect(notebook.decision).to_have_count(2)
    expect(notebook.decision.last).to_contain_text("❌ Rejected")
    expect(notebook.output(1)).to_contain_text("[True, False]")
    assert findings(page, axe, ".nbalert-ask") == []
    assert overflowing(page, ".nbalert-ask") == []
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
