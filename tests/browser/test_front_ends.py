"""Besides JupyterLab: Notebook 7 and nbclassic live, Voilà as a dashboard, and the page of nbconvert."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.classic import Classic
from tests.browser.jupyterlab import Lab, Notebook
from tests.person import Person

pytestmark = pytest.mark.long

LOAD = "%load_ext nbalert"
ALERT = '%%alert -t "Trained"\nprint("epoch 12")\n"accuracy " + str(0.93)'
FORM = "%nbalert config"
HISTORY = "%nbalert history"
ASK = '%%ask "{}" --timeout 200s\nprint("the body of {} ran")'
KIND = "Bot token of your Slack app"
OTHER = "Address that takes the messages"
BUTTON = """
import ipywidgets, nbalert
shown, button = ipywidgets.Output(), ipywidgets.Button(description="Publish")
@shown.capture()
def publish(_):
    print(nbalert.ask("Publish?", timeout=200, raises=False).sentence)
button.on_click(publish)
ipywidgets.VBox([button, shown])
"""
SIZE = {"width": 900, "height": 1900}

FrontEnd = Notebook | Classic
PLACES: dict[str, tuple[str, Callable[[Page, Path], FrontEnd]]] = {
    "Notebook 7": ("notebooks", Notebook),
    "nbclassic": ("nbclassic/notebooks", Classic),
}


@pytest.fixture(params=PLACES)
def notebook(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[FrontEnd]:
    """A notebook with one of each; all cells run, and the first question waits."""
    place, opened = PLACES[request.param]
    name = f"{place.partition('/')[0]}.ipynb"
    cells = (LOAD, ALERT, FORM, HISTORY, ASK.format("Deploy?", "deploy"), ASK.format("Drop it?", "drop"))
    front_end = opened(lab.page(browser, place, name, *cells, viewport=SIZE), lab.root / name)
    front_end.run_all()
    expect(front_end.waiting).to_contain_text("asked on inbox")
    yield front_end
    front_end.close()


def test_widgets_live(notebook: FrontEnd, lab: Lab) -> None:
    """While a cell waits form and table answer; the decision takes the question's place; Cancel works."""
    page = notebook.page
    expect(notebook.output(1)).to_contain_text("accuracy 0.93")
    form, history = page.locator(".nbalert-config"), page.locator(".nbalert-history")
    expect(form).to_contain_text(KIND)
    form.get_by_label("Kind").select_option("webhook: posts and asks")
    expect(form).to_contain_text(OTHER)
    expect(page.locator(".nbalert-sent")).to_contain_text("Trained")
    history.get_by_label("Level").select_option("CRITICAL")
    expect(page.locator(".nbalert-sent")).not_to_contain_text("Trained")
    with Person(lab.link("ann")) as ann:
        ann.answer("Deploy?", "yes: all green").raise_for_status()
    expect(notebook.decision).to_contain_text("by ann: all green")
    expect(notebook.output(4)).to_contain_text("the body of deploy ran")
    expect(form).to_contain_text(OTHER)
    expect(history).to_be_visible()
    expect(notebook.waiting).to_contain_text("Drop it?")
    notebook.waiting.get_by_role("textbox").fill("wrong table")
    notebook.waiting.get_by_role("button", name="Cancel").click()
    expect(notebook.output(5)).to_contain_text("NotApproved: cancelled: wrong table")
    expect(notebook.output(5)).not_to_contain_text("ran")
    expect(notebook.waiting).to_have_count(0)


def test_a_converted_notebook(notebook: FrontEnd, browser: Browser, lab: Lab, tmp_path: Path) -> None:
    """`nbconvert --to html` of what was saved meanwhile: a text for each widget, and no script that fails."""
    notebook.save()
    made = tmp_path / "made.html"
    command = ["jupyter", "nbconvert", "--to=html", str(notebook.path), f"--output={made}"]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, timeout=100)
    page = browser.new_page()
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.route("http*://**", lambda route: route.abort())  # libraries of other machines
    page.goto(made.as_uri())
    outputs = page.locator(".jp-Cell-outputArea, .jp-Cell-outputWrapper .jp-OutputArea")
    for said in ("A form for channels", "run %nbalert history", "Trained", "no decision yet"):
        expect(outputs.get_by_text(said).first).to_be_visible()
    expect(page.locator(".nbalert-ask")).to_contain_text("waiting for anyone")
    assert page.locator(".widget-subarea, .jupyter-widgets, [data-mime-type*=widget]").count() == 0
    assert failed == []
    page.context.close()


def test_voila(browser: Browser, lab: Lab) -> None:
    """A dashboard shows what was answered while it was made, and live widgets; its button asks as well."""
    cells = (LOAD, ALERT, FORM, HISTORY, ASK.format("Start?", "start"), BUTTON)
    page = lab.page(browser, "voila/render", "voila.ipynb", *cells, viewport=SIZE)
    try:
        with Person(lab.link("ann")) as ann:
            ann.answer("Start?", "yes: go").raise_for_status()
            expect(page.locator(".nbalert-ask")).to_contain_text("by ann: go")
            expect(page.get_by_text("the body of start ran")).to_be_visible()
            form = page.locator(".nbalert-config")
            form.get_by_label("Kind").select_option("webhook: posts and asks")
            expect(form).to_contain_text(OTHER)
            page.locator(".nbalert-history").get_by_label("Level").select_option("CRITICAL")
            expect(page.locator(".nbalert-sent")).not_to_contain_text("Trained")
            page.get_by_role("button", name="Publish").click()
            expect(page.locator(".nbalert-open")).to_contain_text("asked on inbox")
            ann.answer("Publish?", "no: not yet").raise_for_status()
            expect(page.get_by_text("rejected by ann: not yet", exact=True)).to_be_visible()
            expect(page.locator(".nbalert-ask").last).to_contain_text("by ann: not yet")
    finally:
        page.context.close()
