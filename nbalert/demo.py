"""`nbalert demo`: the quickstart in a real kernel, on an inbox of its own, answered by you or by a script."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbalert.client import Client
from nbalert.errors import SettingsError
from nbalert.home import Home
from nbalert.show import history_text
from nbalert.teammate import NAME, Rule, Teammate

QUICKSTART = "01_quickstart.ipynb"
RULES: tuple[Rule, ...] = (("Deploy", "approve: looks good"), ("Drop", "reject: not on a Friday"))
CELL_TIMEOUT_S = 600
HISTORY = 100


def run(*, is_auto: bool) -> int:
    """Run the demonstration.

    Args:
        is_auto: Whether a scripted teammate answers, and nothing waits for a person.

    Returns:
        0 only if every message arrived and every question was answered.
    """
    try:
        import nbclient  # noqa: F401 - the extra's: asked for before anything begins
    except ImportError:
        raise SettingsError("the demo runs a notebook: pip install 'nbalert[lab]'") from None
    with _own_home() as home:
        client = Client(home, home.root)
        try:
            return _show(client, home, is_auto)
        finally:
            client.close(wait_s=5.0)


def _show(client: Client, home: Home, is_auto: bool) -> int:
    link = str(client.request({"do": "link", "base": "", "person": NAME if is_auto else None}))
    with contextlib.ExitStack() as stack:
        if is_auto:
            _say(f"a scripted teammate, {NAME!r}, answers on the inbox {link.partition('#')[0]}")
            stack.enter_context(Teammate(link, RULES, lambda q, a: _say(f"{NAME} answers {q!r}: {a}")))
        else:
            _say(f"your inbox (the link is good once, for two minutes):\n\n    {link}\n")
            _say("the notebook asks two questions there; approve one, reject one, as you like")
            webbrowser.open(link)
        _execute(home.root / QUICKSTART, lambda: client.request({"do": "history", "limit": HISTORY}))
    rows = client.request({"do": "history", "limit": HISTORY})
    status = _verdict(rows)
    if not is_auto:
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            input("\nlook around on the inbox page; Enter ends the demo ")
    return status


def _execute(notebook: Path, history: Callable[[], list[dict[str, Any]]]) -> None:
    """Run the notebook; print what each cell has sent."""
    import nbformat
    from nbclient import NotebookClient

    told: set[str] = set()

    def tell(cell: dict[str, Any], cell_index: int, **_: Any) -> None:
        rows = [row for row in history() if row["id"] not in told]
        told.update(row["id"] for row in rows)
        _say(f"cell {cell_index}: {_first_line(cell['source'])}")
        for line in history_text(rows).splitlines() if rows else []:
            _say(f"    {line}")

    document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        document,
        timeout=CELL_TIMEOUT_S,
        resources={"metadata": {"path": str(notebook.parent)}},
        on_cell_executed=tell,
    ).execute()


def _verdict(rows: list[dict[str, Any]]) -> int:
    asked = [row for row in rows if row["decision"]]
    unanswered = [
        row for row in asked if '"approved"' not in row["decision"] and '"rejected"' not in row["decision"]
    ]
    missing = [row for row in rows if row["state"] != "delivered"]
    _say(f"{len(rows)} messages, {len(missing)} of them not delivered")
    _say(f"{len(asked)} questions, {len(unanswered)} of them not answered")
    return 1 if missing or unanswered or not asked else 0


@contextlib.contextmanager
def _own_home() -> Iterator[Home]:
    """A home for the demonstration alone: it must not post to the channels of your own settings."""
    with tempfile.TemporaryDirectory(prefix="nbalert-demo-") as folder:
        root = Path(folder)
        shutil.copy(_notebook(), root / QUICKSTART)
        before = dict(os.environ)
        for name in [name for name in before if name.startswith("NBALERT_")]:
            del os.environ[name]
        os.environ["NBALERT_HOME"] = folder
        try:
            yield Home.find()
        finally:
            os.environ.clear()
            os.environ.update(before)


def _notebook() -> Path:
    """The quickstart, beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    for folder in (package.parent / "notebooks", package / "notebooks"):
        if (folder / QUICKSTART).is_file():
            return folder / QUICKSTART
    raise SettingsError(f"{QUICKSTART} is not installed with this nbalert")


def _first_line(source: str) -> str:
    lines = source.splitlines()
    return (lines[0] if lines else "")[:100]


def _say(text: str) -> None:
    print(text, flush=True)
    sys.stdout.flush()
