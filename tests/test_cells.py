from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbalert.stacking import DATA
from tests.kernels import Kernel, Run

# ---- a small extension in the kernel; `t_done` does what a test tells it to

SET_UP = '''
import json, logging, warnings
from dataclasses import asdict
from IPython.core.magic import no_var_expand
from nbalert.cells import CellWatcher

class Refused(Exception):
    pass

def t_check(name, line):
    if "--wrong" in line:
        raise SyntaxError(f"%%{name}: unknown option --wrong")

@no_var_expand  # IPython expands a cell magic's line in the wrong frame
def t_ask(line, cell=None):
    shell = get_ipython()
    t_asked.append([shell.var_expand(line, 2), cell, t_watcher.current_source])
    if not t_yes:
        raise Refused("no")

def t_alert(line, cell):
    """The help of alert."""
    raise RuntimeError("the transform is not loaded")

def t_done(run):
    t_runs.append(run)
    if t_raise:
        raise t_raise

class t_Log(logging.Handler):
    def emit(self, record):
        t_log.append(record.getMessage() + ": " + repr(record.exc_info[1]))

def t_magics():
    get_ipython().register_magic_function(t_ask, "line_cell", "ask")
    get_ipython().register_magic_function(t_alert, "cell", "alert")

def t_reset():
    global t_runs, t_asked, t_log, t_yes, t_raise
    t_runs, t_asked, t_log, t_yes, t_raise = [], [], [], True, None
    t_magics()
    t_watcher.load()

warnings.simplefilter("always")  # the second of two runs warns as the first does
logging.getLogger("nbalert").addHandler(t_Log())
logging.getLogger("nbalert").propagate = False
t_watcher = CellWatcher(get_ipython(), t_check, t_done)
t_reset()
'''


class Watched:
    """A kernel with the extension."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.run = kernel.run
        self.must(SET_UP)

    def must(self, code: str) -> Run:
        """Run a cell that has to end well."""
        run = self.run(code)
        assert run.status == "ok", run.tracebacks
        return run

    def value(self, expression: str) -> Any:
        """A value of the kernel."""
        return json.loads(self.must(f"print(json.dumps({expression}, default=str))").stdout)

    def runs(self) -> list[dict[str, Any]]:
        """All cell runs reported since the test began."""
        return list(self.value("[asdict(run) for run in t_runs]"))

    def alert(self, body: str) -> dict[str, Any]:
        """Run a body below `%%alert`; the one report of it."""
        self.must("t_runs.clear()")
        self.run(f"%%alert -c team\n{body}")
        (run,) = self.runs()
        return dict(run)


@pytest.fixture(scope="module")
def pool() -> Iterator[dict[str, Watched]]:
    """One kernel an interpreter, shared by the tests of this file."""
    kernels: dict[str, Watched] = {}
    yield kernels
    for watched in kernels.values():
        watched.kernel.__exit__()


@pytest.fixture
def cells(
    kernel_python: str, pool: dict[str, Watched], tmp_path_factory: pytest.TempPathFactory
) -> Watched:
    """The shared kernel in its first state, in an empty directory."""
    if kernel_python not in pool:
        pool[kernel_python] = Watched(Kernel(kernel_python, tmp_path_factory.mktemp("kernel")))
    watched = pool[kernel_python]
    watched.must(f"import os; os.chdir({str(tmp_path_factory.mktemp('cwd'))!r}); t_reset()")
    return watched


# ---- a cell behaves as if we were not there

BODIES = {
    "value": ("x = 5\nx", "ok"),
    "silenced value": ("x = 5\nx;", "ok"),
    "statement": ("x = 5", "ok"),
    "error": ("1/0", "failed"),
    "error in a block": ("if True:\n    raise KeyError('a')", "failed"),
    "syntax error": ("def f(:", "failed"),
    "incomplete": ("x = (", "failed"),
    "bad return": ("return 1", "failed"),
    "top-level await": ("import asyncio\nawait asyncio.sleep(0)\n7", "ok"),
    "error behind an await": ("import asyncio\nawait asyncio.sleep(0)\n1/0", "failed"),
    "future import and await": ("from __future__ import annotations\nimport asyncio\nawait asyncio.sleep(0)\n4", "ok"),
    "streams": ("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')", "ok"),
    "display": ("from IPython.display import display\ndisplay(1)\ndisplay(2)\n3", "ok"),
    "failing repr": ("class Bad:\n    def __repr__(self):\n        raise ValueError('r')\nBad()", "display_failed"),
    "failing display": ("class Bad:\n    def __repr__(self): raise ValueError('r')\ndisplay(Bad())\n4", "ok"),
    "failing html of the value": ("class Bad:\n    def _repr_html_(self): raise ValueError('r')\n    def __repr__(self): return 'b'\nBad()", "display_failed"),
    "line magic": ("%time 3", "ok"),
    "time": ("%%time\n3", "ok"),
    "time over an error": ("%%time\n1/0", "failed"),
    "timeit": ("%%timeit -n1 -r1\n1", "ok"),
    "prun": ("%%prun -q\nsum([1])", "ok"),
    "capture": ("%%capture o\nprint(1)", "ok"),
    "capture over an error": ("%%capture o\n1/0", "failed"),
    "capture below time, over an error": ("%%time\n%%capture o\n1/0", "failed"),
    "bash": ("%%bash\necho hi; echo there >&2", "ok"),
    "bash that fails": ("%%bash\nexit 3", "failed"),
    "shell line": ("!echo z", "ok"),
    "shell assignment": ("z = !echo z\nz", "ok"),
    "automagic": ("ls", "ok"),
    "automagic with words": ("cat absent.txt", "ok"),
    "automagic below a blank line": ("\nls", "ok"),
    "automagic is for one line": ("ls\nls", "failed"),
    "autocall": ("t_call", "ok"),
    "called by a slash": ("/t_call", "ok"),
    "leading indent": ("  x = 1\n  x", "ok"),
    "leading tab": ("\tx = 2\n\tx", "ok"),
    "wrong indent": ("x = 1\n  x", "failed"),
    "prompts": (">>> x = 3\n>>> x", "ok"),
    "blank lines over a magic": ("\n\n%%bash\necho 1", "ok"),
    "a comment over a magic": ("# c\n%%bash\necho 1", "failed"),
    "unknown cell magic": ("%%nosuch\nfoo", "failed"),
    "unknown line magic": ("%nosuch", "failed"),
    "help in front": ("?len", "ok"),
    "help behind": ("len?", "ok"),
    "source": ("len??", "ok"),
    "help of a cell magic": ("%%time?", "ok"),
    "help of ours": ("%%alert?", "ok"),
    "rerun": ("%rerun -l 1", "ok"),
    "run a script that fails": ("%run bad.py", "failed"),
    "run a script that is absent": ("%run absent.py", "failed"),
    "nested cell": ("get_ipython().run_cell('8');", "ok"),
    "nested cell that fails": ("get_ipython().run_cell('1/0');", "ok"),
    "nested empty cell": ("get_ipython().run_cell('');", "ok"),
    "exit": ("raise SystemExit", "exit"),
    "exit with a code": ("import sys\nsys.exit(3)", "exit"),
    "interrupt": ("raise KeyboardInterrupt", "interrupted"),
    "exception group": ("raise ExceptionGroup('g', [ValueError(1)])", "failed"),
    "exception with a rendering": ("class Own(Exception):\n    def _render_traceback_(self): return ['one line']\nraise Own", "failed"),
    "exception that is false": ("class Empty(Exception):\n    def __bool__(self): return False\nraise Empty", "failed"),
    "our magic in a string": ("'''a\n%%ask b\n'''", "ok"),
    "nothing": ("", "ok"),
    "blank": ("\n\n", "ok"),
    "a comment": ("# nothing", "ok"),
}  # fmt: skip


def shown(run: Run) -> dict[str, Any]:
    """All that a front end sees of a run; numbers of lines and of seconds aside."""
    content = run.reply["content"]
    seen = {
        "status": run.status,
        "ename": run.ename,
        "evalue": content.get("evalue"),
        "payload": content.get("payload"),
        "streams": [(c["name"], c["text"]) for c in merged(run)],
        "results": [c["data"] for c in run.of("execute_result")],
        "displays": [c["data"] for c in run.of("display_data")],
        "errors": [(c["ename"], c["evalue"]) for c in run.of("error")],
    }
    text = re.sub(r"\d+(\.\d+)?", "0", json.dumps(seen, ensure_ascii=False))
    text = re.sub(r"0 ([nμm]s|s|min)\b", "0 s", text)
    return dict(json.loads(text))


def merged(run: Run) -> list[dict[str, str]]:
    """The stream messages, as one each time the name changes: how they are cut is a matter of timing."""
    streams: list[dict[str, str]] = []
    for content in run.of("stream"):
        if streams and streams[-1]["name"] == content["name"]:
            streams[-1]["text"] += content["text"]
        else:
            streams.append(dict(content))
    return streams


@pytest.mark.parametrize(("body", "outcome"), BODIES.values(), ids=BODIES)
def test_a_cell_behaves_as_without_alert(cells: Watched, body: str, outcome: str) -> None:
    """Status, value, streams, displays and errors are those of the bare cell; its end is told rightly, once."""
    cells.must(
        "from IPython.core.autocall import IPyAutocall\n"
        "class t_Call(IPyAutocall):\n    def __call__(self, *a): print('called')\n"
        "t_call = t_Call()\nopen('bad.py', 'w').write('1/0')\nNone"
    )
    if "rerun" in body:
        cells.must("print('again')")
    bare = cells.run(body)
    if "rerun" in body:
        cells.must("print('again')")
    cells.must("None") if "rerun" not in body else None
    watched = cells.run(f"%%alert -c team\n{body}")
    assert shown(watched) == shown(bare)
    (run,) = cells.runs()
    assert (run["outcome"], run["alert_line"], run["source"]) == (outcome, "-c team", f"%%alert -c team\n{body}")
    assert cells.value("t_log") == []


@pytest.mark.parametrize(("body", "outcome"), BODIES.values(), ids=BODIES)
def test_an_approved_cell_behaves_as_without_ask(cells: Watched, body: str, outcome: str) -> None:
    """The same for `%%ask`, which is asked once."""
    if not body or "rerun" in body:
        pytest.skip("an ask needs a body; a rerun would rerun the ask")
    cells.must(
        "from IPython.core.autocall import IPyAutocall\n"
        "class t_Call(IPyAutocall):\n    def __call__(self, *a): print('called')\n"
        "t_call = t_Call()\nopen('bad.py', 'w').write('1/0')\nNone"
    )
    bare = cells.run(body)
    asked = cells.run(f"%%ask Q\n{body}")
    assert shown(asked) == shown(bare)
    assert len(cells.value("t_asked")) == (outcome != "failed" or "SyntaxError" not in str(shown(bare)))
