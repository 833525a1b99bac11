"""`nbalert demo`: the quickstart in a real kernel, on an inbox of its own, answered by you or by a script."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from json import loads
from pathlib import Path
from typing import Any

from nbalert.client import Client
from nbalert.dismissal import stop_courier
from nbalert.errors import NbalertError, SettingsError
from nbalert.home import Home
from nbalert.inbox_link import inbox_link
from nbalert.question import Decision, Outcome
from nbalert.teammate import NAME, Rule, Teammate

QUICKSTART = "01_quickstart.ipynb"
RULES: tuple[Rule, ...] = (("Deploy", "approve: looks good"), ("Drop", "reject: not on a Friday"))
ASK_TIMEOUT_S = 600.0
DELIVERY_S = 10.0
LOOK_AGAIN_S = 0.02
HISTORY = 100
EXPECTED = "raises-exception"
"""Jupyter's own tag of a cell that is meant to fail."""

_MARKS = {Outcome.APPROVED: "✓", Outcome.REJECTED: "✗"}

Row = Mapping[str, Any]


def run(*, is_auto: bool, rules: Sequence[Rule] = RULES, ask_timeout_s: float = ASK_TIMEOUT_S) -> int:
    """Run the demonstration.

    Args:
        is_auto: Whether a scripted teammate answers, and nothing waits for a person.
        rules: What the teammate answers.
        ask_timeout_s: How long each question waits.

    Returns:
        0 only if every message arrived and every question was answered.
    """
    try:
        import nbclient  # noqa: F401 - the extra's: asked for before anything begins
    except ImportError:
        raise SettingsError("the demo runs a notebook: pip install 'nbalert[lab]'") from None
    with _own_home(ask_timeout_s) as home:
        client = Client(home, home.root)
        try:
            return _auto(client, home, rules) if is_auto else _for_you(client, home)
        finally:
            client.close(wait_s=5.0)


def _auto(client: Client, home: Home, rules: Sequence[Rule]) -> int:
    link = str(client.request({"do": "link", "base": "", "person": NAME}))
    _say(f"Runs {QUICKSTART} in a real kernel. Alerts and questions go to an inbox page of its own.")
    _say(f"Nobody is asked: a scripted teammate, {NAME!r}, answers over the inbox's HTTP API.\n")
    with Teammate(link, rules):
        unexpected = _execute(home.root / QUICKSTART, client, "")
    return _verdict(_history(client), unexpected)


def _for_you(client: Client, home: Home) -> int:
    link = inbox_link(client)
    _say(f"Runs {QUICKSTART} in a real kernel. Alerts and questions go to this inbox page:\n")
    _say(f"    {link.url}\n")
    _say(f"The link is good once, for two minutes. {link.hint}")
    _say("The notebook asks three questions there: approve or reject them, as you like.\n")
    if _has_screen():
        webbrowser.open(link.url)
    _execute(home.root / QUICKSTART, client, "waits for your answer on the inbox page")
    status = _verdict(_history(client), [])  # a rejection of yours may well make later cells fail
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        input("\nLook around on the inbox page; Enter ends the demo. ")
    return status


def _execute(notebook: Path, client: Client, waiting: str) -> list[str]:
    """Run the notebook; print what each cell has sent.

    Returns:
        What failed without being meant to.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    told: set[str] = set()
    unexpected: list[str] = []

    def begin(cell: dict[str, Any], **_: Any) -> None:
        if line := _headline(cell):
            _say(line)
            if waiting and "%ask" in line:
                _say(f"    {waiting} …")

    def end(cell: dict[str, Any], execute_reply: dict[str, Any], **_: Any) -> None:
        rows = [row for row in _delivered(client) if row["id"] not in told]
        told.update(row["id"] for row in rows)
        for row in rows:
            _say(_sent(row))
        reply = execute_reply["content"]
        if reply["status"] == "error" and EXPECTED not in cell["metadata"].get("tags", ()):
            unexpected.append(f"{reply['ename']}: {reply['evalue']}")

    document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    notebook_client = NotebookClient(
        document,
        timeout=None,  # a question ends by itself
        allow_errors=True,
        resources={"metadata": {"path": str(notebook.parent)}},
        extra_arguments=["--log-level=CRITICAL"],  # what a kernel logs is nothing that a newcomer can mend
        on_cell_execute=begin,
        on_cell_executed=end,
    )
    try:
        notebook_client.execute()
    except (DeadKernelError, AssertionError) as error:  # nbclient answers an interrupt by ending the kernel
        raise NbalertError("broken off: the kernel ended before the notebook did") from error
    return unexpected


def _delivered(client: Client) -> list[Row]:
    """The history, once nothing is on its way any more, or as it stands after a while."""
    deadline = time.monotonic() + DELIVERY_S
    while True:
        rows = _history(client)
        if all(row["state"] not in (None, "waiting") for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(LOOK_AGAIN_S)


def _history(client: Client) -> list[Row]:
    return list(client.request({"do": "history", "limit": HISTORY}))


def _headline(cell: Mapping[str, Any]) -> str:
    """The line that alerts or asks; empty in a cell that sends nothing."""
    lines = (line.strip() for line in cell["source"].splitlines())
    return next((line for line in lines if "%alert" in line or "%ask" in line), "")


def _sent(row: Row) -> str:
    if (decision := _decision(row)) is not None:
        return f"    {_MARKS.get(decision.outcome, '!')} {row['title']} {decision.sentence}"
    why = f" ({row['error']})" if row["error"] else ""
    return f"    → {row['title']}: {row['level']}, {row['state']}{why}"


def _decision(row: Row) -> Decision | None:
    return Decision.from_json(loads(row["decision"])) if row["decision"] else None


def _verdict(rows: Sequence[Row], unexpected: Sequence[str]) -> int:
    decisions = [decision for row in rows if (decision := _decision(row)) is not None]
    answered = [decision for decision in decisions if decision.outcome in _MARKS]
    delivered = [row for row in rows if row["state"] == "delivered"]
    _say(f"\n{len(delivered)} of {len(rows)} messages delivered")
    _say(f"{len(answered)} of {len(decisions)} questions answered")
    for failure in unexpected:
        _say(f"a cell failed: {failure}")
    is_complete = len(delivered) == len(rows) and len(answered) == len(decisions) > 0
    return 0 if is_complete and not unexpected else 1


@contextlib.contextmanager
def _own_home(ask_timeout_s: float) -> Iterator[Home]:
    """A home for the demonstration alone: it must not post to the channels of your own settings."""
    with tempfile.TemporaryDirectory(prefix="nbalert-demo-") as folder:
        root = Path(folder)
        shutil.copy(_notebook(), root / QUICKSTART)
        before = dict(os.environ)
        for name in [name for name in before if name.startswith("NBALERT_")]:
            del os.environ[name]
        os.environ.update(
            NBALERT_HOME=folder,
            NBALERT_SITE=str(root / "site.toml"),
            NBALERT_ASK_TIMEOUT=str(ask_timeout_s),
        )
        if mode := before.get("NBALERT_COURIER"):
            os.environ["NBALERT_COURIER"] = mode
        home = Home.find()
        try:
            yield home
        finally:
            stop_courier(home)
            os.environ.clear()
            os.environ.update(before)


def _notebook() -> Path:
    """The quickstart, beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent
    for folder in (package.parent / "notebooks", package / "notebooks"):
        if (folder / QUICKSTART).is_file():
            return folder / QUICKSTART
    raise SettingsError(f"{QUICKSTART} is not installed with this nbalert")


def _has_screen() -> bool:
    """Whether a browser can be opened here; a text browser would take the terminal."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in names)


def _say(text: str) -> None:
    print(text.rstrip(" "), flush=True)
