"""A real JupyterLab on a port of its own, and one notebook in it as a page shows it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Locator, Page

from nbalert.client import Client
from nbalert.dismissal import stop_courier
from nbalert.home import Home

START_S = 60.0
IDLE = """() => {
  const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
NO_NEWS = '{"fetchNews": "false", "checkForUpdates": false}'


class Lab:
    """A server with root, settings and nbalert's home in one folder. Use as a context manager.

    Args:
        folder: Holds all of it.
        courier: `process` or `inline`.
    """

    def __init__(self, folder: Path, courier: str) -> None:
        self._courier = courier
        self.root = folder / "notebooks"
        self.root.mkdir()
        (folder / "home").mkdir(mode=0o700)
        self.home = Home(folder / "home", folder / "home" / "nbalert.toml")
        self._folder, self._stack, self._token = folder, ExitStack(), secrets.token_urlsafe()
        self._up = threading.Event()
        self._said: list[str] = []

    def __enter__(self) -> Lab:
        news = self._folder / "settings" / "@jupyterlab" / "apputils-extension"
        news.mkdir(parents=True)
        (news / "notification.jupyterlab-settings").write_text(NO_NEWS)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.root_dir": self.root,
            "LabApp.expose_app_in_browser": True,
            "JupyterNotebookApp.expose_app_in_browser": True,
            "LabApp.extension_manager": "readonly",
        }
        command = [
            sys.executable,
            "-m",
            "jupyterlab",
            *(f"--{key}={value}" for key, value in options.items()),
        ]
        self._process = subprocess.Popen(
            command, env=self._environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._stack.callback(stop_courier, self.home)  # last: a kernel that asks would start another one
        self._stack.callback(self._end)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        if not self._up.wait(START_S):
            self._stack.close()
            raise RuntimeError("JupyterLab has not started: " + "".join(self._said[-20:]))
        self.client = Client(self.home, self.root)
        self._stack.callback(self.client.close, 0.0)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def link(self, person: str) -> str:
        """A link to the inbox for somebody; once a kernel has started the courier."""
        return str(self.client.request({"do": "link", "base": "", "person": person}))

    def open(self, browser: Browser, name: str, *cells: str, **options: Any) -> Notebook:
        """Write a notebook and open it in a window of its own."""
        return Notebook(self.page(browser, "doc/tree", name, *cells, **options), self.root / name)

    def page(self, browser: Browser, place: str, name: str, *cells: str, **options: Any) -> Page:
        """Write a notebook and open a window with it.

        Args:
            place: Where the server has its front end for notebooks: `notebooks`, `voila/render`, …
        """
        made = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        document = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
            cells=made, metadata={"kernelspec": kernel}
        )
        nbformat.write(document, self.root / name)  # type: ignore[no-untyped-call]
        page = browser.new_page(**{"viewport": {"width": 1000, "height": 800}, **options})
        page.goto(f"{self.url}/{place}/{name}?token={self._token}", wait_until="commit")
        return page

    def _environment(self) -> dict[str, str]:
        """Nothing of the machine's own Jupyter is read or written."""
        places = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "NBALERT_HOME": "home",
        }
        own = {name: str(self._folder / place) for name, place in places.items()}
        nbalert = {"NBALERT_COURIER": self._courier, "NBALERT_EXIT_WAIT": "1"}
        return {**os.environ, **own, **nbalert, "JUPYTER_TOKEN": self._token}

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._said.append(line)
            if "is running at" in line:
                self._up.set()

    def _end(self) -> None:
        self._process.terminate()  # it ends its kernels
        try:
            self._process.wait(60)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            assert self._process.stderr
            self._process.stderr.close()


class Notebook:
    """A notebook in a page."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.path = page, path
        self.waiting = page.locator(".jp-OutputArea .nbalert-open")
        self.decision = page.locator(".jp-OutputArea .nbalert-ask")
        self.until_idle()

    def command(self, name: str, wait: bool = True, **arguments: Any) -> None:
        """A command of JupyterLab, as its menu runs it."""
        run = "([name, args]) => {jupyterapp.commands.execute(name, args)}"
        self.page.evaluate(run if not wait else run.replace("{", "").replace("}", ""), [name, arguments])

    def run_all(self) -> None:
        """Run All; returns at once."""
        self.command("notebook:run-all-cells", wait=False)

    def save(self) -> str:
        """Save; what is on disk then."""
        self.command("docmanager:save")
        return self.path.read_text()

    def reload(self) -> None:
        """Load the page anew."""
        self.page.reload()
        self.until_idle()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Nobody looks at the notebook in the block, and its kernel lives on; after it it is opened anew."""
        self.save()
        place = self.page.url
        self.page.goto("about:blank")
        yield
        self.page.goto(place)
        self.until_idle()

    def until_idle(self) -> None:
        """The kernel is there and does nothing."""
        self.page.wait_for_function(IDLE, timeout=60_000)

    def output(self, cell: int) -> Locator:
        """What stands below a cell, counted from 0."""
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{cell}"] .jp-Cell-outputArea')

    def close(self) -> None:
        """Close the window and end the kernel."""
        self.command("notebook:shutdown-kernel")
        self.page.context.close()


Open = Callable[..., Notebook]
