"""Runs the corpus in real kernels: bare, and with nbalert in three ways."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbalert.dismissal import stop_courier
from nbalert.home import Home
from tests.chat_servers.webhook import Webhook
from tests.fidelity.corpus import Cell
from tests.fidelity.seen import Message, Reader
from tests.kernels import Kernel
from tests.processes import settings_file, webhook_table

HERE = "%%alert HERE\n"

SET_UP = """
def _reset(folder=__import__('os').getcwd()):
    import os, sys
    names = globals()
    for name in [n for n in names if not n.startswith("_") and n not in _kept]:
        del names[name]
    names.get("__warningregistry__", {}).clear()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    os.chdir(folder)
    get_ipython().custom_exceptions = ()
    get_ipython().ast_node_interactivity = "last_expr"
_kept = set()
"""
"""Independent cells in one kernel: names are taken away between them."""

KEEP = "_kept |= set(globals())"
HOLD = "input()"
BACKEND = "module://matplotlib_inline.backend_inline"
LONGEST_S = 60.0
LAST = "last"


@dataclass(frozen=True)
class Way:
    """How nbalert is there.

    Args:
        loading: Cells that switch it on.
        is_alerted: Whether each cell has an `%%alert`.
        metadata: Of each request, as a front end sends it.
        options: Of each request.
    """

    loading: tuple[str, ...] = ()
    is_alerted: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def written(self, code: str, title: str) -> str:
        """A cell as it is written in this way."""
        line = f"%%alert -t {title!r}\n" if self.is_alerted else ""
        return code.replace(HERE, line) if HERE in code else line + code


WAYS = {
    "bare": Way(),
    "loaded": Way(("%load_ext nbalert",)),
    "alert": Way(("%load_ext nbalert",), is_alerted=True),
    "auto": Way(("%load_ext nbalert", "%nbalert auto 60s")),
}

VS_CODE_CELL = "vscode-notebook-cell:/home/ann/a.ipynb#W2sZmlsZQ%3D%3D"
VS_CODE_WAYS = {
    name: replace(way, metadata={"cellId": VS_CODE_CELL, "tags": []}, options={"stop_on_error": False})
    for name, way in WAYS.items()
}
"""As VS Code sends cells. Source: microsoft/vscode-jupyter, cellExecution.ts, 2026-11-27."""


@dataclass
class Played:
    """What came of a cell, as it is compared."""

    replies: list[Any]
    published: list[Any]

    def compared(self, counts: bool) -> list[Any]:
        """All of it, with or without the numbers of the cells."""
        every = [*self.replies, *self.published]
        return every if counts else [_without_count(message) for message in every]


def _without_count(message: list[Any]) -> list[Any]:
    return [{**p, "execution_count": 0} if isinstance(p, dict) else p for p in message]


class Player:
    """A kernel in which cells run in one way. Use as a context manager."""

    def __init__(self, python: str, folder: Path, way: Way) -> None:
        self._way = way
        home = Home(folder / "home", folder / "home" / "nbalert.toml")
        work = folder / "work"
        work.mkdir()
        env = {
            "NBALERT_HOME": str(home.root),
            "NBALERT_EXIT_WAIT": "1",
            "MPLBACKEND": BACKEND,
            "PYTHONHASHSEED": "0",
        }
        with ExitStack() as stack:
            self.chat = stack.enter_context(Webhook())
            settings_file(home.root, 'default = "chat"\n' + webhook_table("chat", self.chat.url))
            stack.callback(stop_courier, home)
            self._kernel = stack.enter_context(Kernel(python, work, env))
            self._stack = stack.pop_all()
        self._reader = Reader(str(work), lines_above=int(way.is_alerted))
        for code in (SET_UP, KEEP, *way.loading):
            run = self._kernel.run(code, silent=True)
            assert run.status == "ok", run.tracebacks

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def play(self, cell: Cell, title: str) -> Played:
        """Run a cell, or its row, and put away what it has left."""
        codes = [self._way.written(code, title) for code in cell.codes]
        replies: list[Message] = []
        messages: list[Message] = []
        if cell.is_together:
            requests = self._together(codes, cell)
            for request in requests:
                self._collect(request, replies, messages)
        else:
            requests = []
            for code in codes:
                requests.append(self._send(code, cell))
                self._type(cell.answers)
                self._collect(requests[-1], replies, messages)
        self._reset()
        whose = {request: i for i, request in enumerate(requests)}
        ours = [m for m in messages if m["parent_header"].get("msg_id") in whose]
        return Played(
            [self._reader.reply(reply) for reply in replies],
            self._reader.published(ours, lambda m: whose[m["parent_header"]["msg_id"]]),
        )

    def told(self) -> set[str]:
        """Titles of the messages that have come, once the last one has."""
        self._kernel.run("%load_ext nbalert", silent=True)
        self._kernel.run("%nbalert auto off", silent=True)  # tells of what is collected
        self._kernel.run(f"%alert {LAST}", silent=True)
        self.chat.until(lambda chat: LAST in chat.titles)
        return set(self.chat.titles) - {LAST}

    def _send(self, code: str, cell: Cell) -> str:
        content = {
            "code": code,
            "allow_stdin": bool(cell.answers),
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "stop_on_error": True,
            **self._way.options,
            **cell.options,
        }
        session = self._kernel.client.session
        message = session.msg("execute_request", content, metadata=self._way.metadata)
        self._kernel.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def _together(self, codes: list[str], cell: Cell) -> list[str]:
        """All have arrived before the first begins."""
        go = self._kernel.client.execute(HOLD, silent=True, allow_stdin=True)
        requests = [self._send(code, cell) for code in codes]
        self._type(("go",))
        self._collect(go, [], [])
        return requests

    def _type(self, answers: tuple[str, ...]) -> None:
        for answer in answers:
            self._kernel.client.get_stdin_msg(timeout=LONGEST_S)
            self._kernel.client.input(answer)

    def _collect(self, request: str, replies: list[Message], messages: list[Message]) -> None:
        client = self._kernel.client
        while not replies or replies[-1]["parent_header"]["msg_id"] != request:
            reply = client.get_shell_msg(timeout=LONGEST_S)
            if reply["parent_header"].get("msg_id") == request:
                replies.append(reply)
        while True:
            message = client.get_iopub_msg(timeout=LONGEST_S)
            messages.append(message)
            is_ours = message["parent_header"].get("msg_id") == request
            if is_ours and message["content"].get("execution_state") == "idle":
                return

    def _reset(self) -> None:
        """A kernel that has not yet done with a failure aborts what comes next."""
        while self._kernel.run("_reset()", silent=True).status == "aborted":
            pass
