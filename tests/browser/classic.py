"""A notebook in nbclassic, the front end of Notebook 6, as a page shows it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page

READY = """() => window.Jupyter?.notebook?._fully_loaded
  && Jupyter.notebook.kernel?.is_connected() && Jupyter.notebook.kernel.widget_manager"""


class Classic:
    """It understands what `Notebook` does."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.path = page, path
        self.waiting = page.locator(".output_area .nbalert-open")
        self.decision = page.locator(".output_area .nbalert-ask")
        page.wait_for_function(READY, timeout=60_000)
        # Its widgets are redrawn once when the kernel has told of those that it knows, and lost if they were
        # there already: the first cell runs alone, as by hand.
        page.evaluate("() => { Jupyter.notebook.execute_cells([0]) }")
        page.wait_for_function("() => Jupyter.notebook.get_cell(0).input_prompt_number === 1", timeout=60_000)

    def run_all(self) -> None:
        """Run what stands below the first cell; returns at once."""
        self.page.evaluate("() => { Jupyter.notebook.select(1); Jupyter.notebook.execute_cells_below() }")

    def save(self) -> str:
        """Save; what is on disk then."""
        self.page.evaluate("() => Jupyter.notebook.save_notebook()")
        return self.path.read_text()

    def output(self, cell: int) -> Locator:
        """What stands below a cell, counted from 0."""
        return self.page.locator(".code_cell").nth(cell).locator(".output")

    def close(self) -> None:
        """Close the window and end the kernel."""
        self.page.evaluate("() => Jupyter.notebook.session.delete()")
        self.page.context.close()
