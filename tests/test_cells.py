from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbalert.stacking import DATA
from nbalert.tail import KEPT_CHARS
from tests.kernels import ROOT, Kernel, Run

# ---- a small extension in the kernel; `t_done` does what a test tells it to

SET_UP = '''
import json, logging, warnings
from dataclasses import asdict
from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand
from nbalert.cells import CellWatcher

class Refused(Exception):
    pass

def t_check(name, line):
    if "--wrong" in line:
        raise UsageError(f"%%{name}: unknown option --wrong")

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
def cells(kernel_python: str, pool: dict[str, Watched], tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """The shared kernel in its first state, in an empty directory."""
    if kernel_python not in pool:
        pool[kernel_python] = Watched(Kernel(kernel_python, tmp_path_factory.mktemp("kernel")))
    watched = pool[kernel_python]
    watched.must(f"import os; os.chdir({str(tmp_path_factory.mktemp('cwd'))!r}); t_reset()")
    return watched


# ---- a cell behaves as if we were not there

BAD = "class Bad:\n    def __repr__(self): raise ValueError('r')\n"
BAD_HTML = (
    "class Bad:\n    def __repr__(self): return 'bad'\n    def _repr_html_(self): raise ValueError('h')\n"
)
OWN = "class Own(Exception):\n    def _render_traceback_(self): return ['one line']\nraise Own"
FALSE = "class Empty(Exception):\n    def __bool__(self): return False\nraise Empty"
FUTURE = "from __future__ import annotations\n"

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
    "future import and await": (f"{FUTURE}import asyncio\nawait asyncio.sleep(0)\n4", "ok"),
    "streams": ("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')", "ok"),
    "display": ("from IPython.display import display\ndisplay(1)\ndisplay(2)\n3", "ok"),
    "failing repr": (f"{BAD}Bad()", "display_failed"),
    "failing display": (f"{BAD}display(Bad())\n4", "ok"),
    "failing html of the value": (f"{BAD_HTML}Bad()", "display_failed"),
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
    "exception with a rendering": (OWN, "failed"),
    "exception that is false": (FALSE, "failed"),
    "our magic in a string": ("'''a\n%%ask b\n'''", "ok"),
    "nothing": ("", "ok"),
    "blank": ("\n\n", "ok"),
    "a comment": ("# nothing", "ok"),
}  # fmt: skip


def shown(run: Run) -> str:
    """All that a front end sees of a run; numbers of lines and of seconds aside."""
    content = run.reply["content"]
    seen = {
        "status": run.status,
        "ename": run.ename,
        "evalue": content.get("evalue"),
        "payload": content.get("payload"),
        "stdout": run.stdout,
        "stderr": run.stderr,
        "published": [
            (m["content"].get("data"), m["content"].get("ename"), m["content"].get("evalue"))
            for m in run.published
            if m["header"]["msg_type"] not in {"stream", "status", "execute_input"}
        ],
    }
    text = re.sub(r"(CPU times|Wall time): .*?\\n", "", str(seen))  # their units and their parts vary
    return re.sub(r"\d+(\.\d+)? [nμm]?s\b|\d+", "0", text)


PREPARE = """
from IPython.core.autocall import IPyAutocall
class t_Call(IPyAutocall):
    def __call__(self, *words):
        print("called")
t_call = t_Call()
with open("bad.py", "w") as t_file:
    t_file.write("1/0")
"""


@pytest.mark.parametrize(("body", "outcome"), BODIES.values(), ids=BODIES)
def test_a_cell_behaves_as_without_alert(cells: Watched, body: str, outcome: str) -> None:
    """Reply, value, streams, displays, errors are those of the bare cell; its end is told rightly, once."""
    cells.must(PREPARE)
    bare = cells.run(body)
    cells.must(PREPARE)
    watched = cells.run(f"%%alert -c team\n{body}")
    assert shown(watched) == shown(bare)
    (run,) = cells.runs()
    assert (run["outcome"], run["alert_line"]) == (outcome, "-c team")
    assert run["source"] == f"%%alert -c team\n{body}"
    assert cells.value("t_log") == []


WITH_BODY = {name: case for name, case in BODIES.items() if case[0]}


@pytest.mark.parametrize(("body", "outcome"), WITH_BODY.values(), ids=WITH_BODY)
def test_an_approved_cell_behaves_as_without_ask(cells: Watched, body: str, outcome: str) -> None:
    """The same for `%%ask`; nobody is asked about a cell that cannot run."""
    cells.must(PREPARE)
    bare = cells.run(body)
    cells.must(PREPARE)
    asked = cells.run(f"%%ask Q\n{body}")
    assert shown(asked) == shown(bare)
    asked_times = len(cells.value("t_asked"))
    assert asked_times == 1 or (asked_times == 0 and outcome == "failed")


def test_a_failure_is_the_users_own_and_stops_what_is_queued(cells: Watched) -> None:
    """One traceback, no frame of ours in it, and Run All goes no further."""
    failing = "%%alert\n\ndef f():\n    return {}['key']\nf()"
    failed, aborted = cells.kernel.run_together(failing, "t_went_on = True")
    assert (failed.status, failed.ename, aborted.status) == ("error", "KeyError", "aborted")
    (traceback,) = failed.tracebacks
    assert "nbalert/" not in traceback
    (run,) = cells.runs()
    assert (run["outcome"], run["ename"], run["evalue"]) == ("failed", "KeyError", "'key'")
    assert "line 5" in run["traceback"]  # as in the editor
    assert "\x1b" not in run["traceback"]
    assert not cells.value("'t_went_on' in globals()")


def test_values_are_kept_under_their_number(cells: Watched) -> None:
    """`Out[n]` and `_` hold the value of an alert cell."""
    number = cells.run("%%alert\n41 + 1").of("execute_result")[0]["execution_count"]
    assert cells.run("_").result == "42"
    assert cells.run(f"Out[{number}], _{number}").result == "(42, 42)"
    assert cells.runs()[0]["execution_count"] == number


def test_output_is_shown_while_the_cell_runs(cells: Watched, tmp_path: Path) -> None:
    """Streaming goes on: the text is there before the cell has ended."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    request = cells.kernel.send(f"%%alert\nprint('first', flush=True)\nopen({str(fifo)!r}).read()")
    wait_for_text(cells.kernel, "first")
    fifo.write_text("go on")
    assert cells.kernel.collect(request).result == "'go on'"


def wait_for_text(kernel: Kernel, text: str) -> None:
    """Until a stream message with that text comes."""
    while message := kernel.published(timeout_s=30):
        if message["header"]["msg_type"] == "stream" and text in message["content"]["text"]:
            return
    raise AssertionError(f"{text!r} was not shown")


INTERRUPTED = {
    "computing": "print('go', flush=True)\nwhile True: pass",
    "printing": "print('go', flush=True)\nwhile True: print(end='')",
    "awaiting": "import asyncio\nprint('go', flush=True)\nwhile True: await asyncio.sleep(0.01)",
}


@pytest.mark.parametrize("body", INTERRUPTED.values(), ids=INTERRUPTED)
def test_an_interrupt_is_what_it_was(cells: Watched, body: str) -> None:
    """Same reply with and without our line; told as interrupted, not as failed."""
    replies = []
    for head in ("", "%%alert\n"):
        request = cells.kernel.send(head + body)
        wait_for_text(cells.kernel, "go")
        cells.kernel.interrupt()
        run = cells.kernel.collect(request)
        replies.append((run.status, run.ename, len(run.tracebacks)))
    assert replies[0] == replies[1], run.published
    (run_,) = cells.runs()
    assert run_["outcome"] == "interrupted"


# ---- what is reported


def test_a_report_tells_where_and_when(cells: Watched) -> None:
    """Notebook, cell, number, time; the rest of the cell without our lines."""
    code = "%%time\n%%alert -t \"a b\"\n%%ask Q\nprint('x')\n"
    cells.must("import os, datetime\nos.environ['JPY_SESSION_NAME'] = '/home/ann/a.ipynb'")
    cells.must(
        f"t_before = datetime.datetime.now(datetime.UTC)\nget_ipython().run_cell({code!r}, cell_id='abc');"
    )
    (run,) = cells.runs()
    assert (run["cell_id"], run["notebook"], run["alert_line"]) == ("abc", "/home/ann/a.ipynb", '-t "a b"')
    assert (run["source"], run["body"]) == (code, "%%time\nprint('x')\n")
    assert cells.value("t_before <= t_runs[0].started_at <= datetime.datetime.now(datetime.UTC)")
    assert 0 < run["duration_s"] < 30
    cells.must("del os.environ['JPY_SESSION_NAME']")
    assert cells.alert("1")["notebook"] is None


def test_the_tail_is_what_a_terminal_would_show(cells: Watched) -> None:
    """Progress bars are one line, colours are gone, threads and old stream objects are heard."""
    run = cells.alert(
        "import sys, threading, logging\n"
        "for i in range(99): print(f'\\r{i}%', end='')\n"
        "print('\\r\\x1b[31mred\\x1b[0m\\x1b]8;;http://x\\x07link\\x1b]8;;\\x07')\n"
        "thread = threading.Thread(target=print, args=['thread'])\n"
        "thread.start(); thread.join()\n"
        "logging.StreamHandler(sys.stderr).emit(logging.makeLogRecord({'msg': 'logged'}))\n"
        "import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()): print('hidden')"
    )
    assert (run["stdout"], run["stderr"]) == ("redlink\nthread\n", "logged\n")


def test_the_tail_is_bounded(cells: Watched) -> None:
    """The end of twenty megabytes, however they are written."""
    run = cells.alert("import sys\nsys.stdout.write('x' * 20_000_000 + 'end one');\nprint()")
    assert len(run["stdout"]) <= KEPT_CHARS
    assert run["stdout"].endswith("xend one\n")
    many = cells.alert(
        "for i in range(20_000): print(i)\nfor _ in range(3000): print('-' * 1000)\nprint('end two')"
    )
    assert many["stdout"].endswith("-\nend two\n")


def test_displays_are_reported_as_they_look_at_the_end(cells: Watched) -> None:
    """Updates are applied, cleared ones are gone, the last twenty are kept."""
    updated = cells.alert("a = display('one', display_id=True)\ndisplay('two')\na.update('three')")
    assert [d["text/plain"] for d in updated["displayed"]] == ["'three'", "'two'"]
    cleared = cells.alert(
        "from IPython.display import clear_output\n"
        "print('gone')\ndisplay('gone')\nclear_output()\ndisplay('here')"
    )
    assert ([d["text/plain"] for d in cleared["displayed"]], cleared["stdout"]) == (["'here'"], "")
    many = cells.alert("for i in range(30): display(i)")
    assert [d["text/plain"] for d in many["displayed"]] == [str(i) for i in range(10, 30)]
    earlier = cells.alert("a.update('four')")
    assert earlier["displayed"] == []


def test_the_value_is_reported_as_shown_and_formatted_once(cells: Watched) -> None:
    """Its `__repr__` may be costly; images are base64 as on the wire."""
    run = cells.alert(
        "class Picture:\n    calls = 0\n    def _repr_png_(self): return b'\\x89PNG'\n"
        "    def __repr__(self): Picture.calls += 1; return 'picture'\nPicture()"
    )
    assert run["result"] == {"text/plain": "picture", "image/png": "iVBORw=="}
    assert cells.value("Picture.calls") == 1
    assert cells.alert("7;")["result"] is None


@pytest.mark.parametrize(
    ("body", "traceback"),
    [
        ("%nosuch", "UsageError: Line magic function `%nosuch` not found."),
        (OWN, "one line"),
    ],
)
def test_the_traceback_is_the_one_that_was_shown(cells: Watched, body: str, traceback: str) -> None:
    """Also where IPython shows no frames."""
    assert cells.alert(body)["traceback"] == traceback


def test_the_traceback_of_a_group_begins_in_the_cell(cells: Watched) -> None:
    """IPython prints groups past its own hook, with its own frames."""
    traceback = cells.alert("raise ExceptionGroup('g', [ValueError('inner')])")["traceback"]
    assert "ValueError: inner" in traceback
    assert "IPython/core" not in traceback


# ---- nesting


def test_nested_cells_are_told_apart(cells: Watched) -> None:
    """Each alert has its own report, the inner one first; an empty cell, which never begins, ends none."""
    cells.must(
        "%%alert outer\nget_ipython().run_cell('%%alert inner\\nprint(1)\\n2')\nget_ipython().run_cell('')\n"
        "get_ipython().run_cell(' ')\nprint(3)\nNone"
    )
    inner, outer = cells.runs()
    assert (inner["alert_line"], inner["stdout"]) == ("inner", "1\n")
    assert (outer["alert_line"], outer["stdout"]) == ("outer", "1\n3\n")


def test_a_rerun_alerts_again(cells: Watched) -> None:
    """`%rerun` runs the cell as it was written."""
    cells.must("%%alert -c team\n5")
    cells.must("%rerun")
    assert [run["source"] for run in cells.runs()] == ["%%alert -c team\n5"] * 2


def test_cells_that_overlap_are_told_apart(cells: Watched) -> None:
    """On subshells of ipykernel 7 two cells run at once, and the first to begin may be the first to end."""
    cells.must(
        "from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult\n"
        "infos = [ExecutionInfo(f'%%alert {i}\\nx', False, False, True, None) for i in (1, 2)]\n"
        "trigger = get_ipython().events.trigger\n"
        "for info in infos: trigger('pre_run_cell', info)\n"
        "for info in infos: trigger('post_run_cell', ExecutionResult(info))"
    )
    assert [run["alert_line"] for run in cells.runs()] == ["1", "2"]


def test_a_cell_that_ends_without_a_result_was_interrupted(cells: Watched) -> None:
    """IPython hands None to the hook when an async cell is cancelled from outside."""
    cells.must(
        "from IPython.core.interactiveshell import ExecutionInfo\n"
        "trigger = get_ipython().events.trigger\n"
        "trigger('pre_run_cell', ExecutionInfo('%%alert\\nx', False, False, True, None))\n"
        "trigger('post_run_cell', None)"
    )
    (run,) = cells.runs()
    assert (run["outcome"], run["ename"], run["traceback"]) == ("interrupted", None, "")


def test_the_current_source_is_that_of_the_innermost_cell(cells: Watched) -> None:
    """As written, for plain cells as well; empty when none runs."""
    code = "get_ipython().run_cell('t_inner = t_watcher.current_source');\nt_outer = t_watcher.current_source"
    cells.run("1/0")
    cells.must(code)
    assert cells.value("[t_inner, t_outer]") == ["t_inner = t_watcher.current_source", code]
    cells.run("t_none = t_watcher.current_source", silent=True)  # hooks do not fire for a silent request
    assert cells.value("t_none") == ""


# ---- what goes wrong in a hook


@pytest.mark.parametrize("error", ["ValueError('ours')", "SystemExit(1)", "KeyboardInterrupt()"])
def test_a_report_that_raises_costs_nothing(cells: Watched, error: str) -> None:
    """Recorded once; the reply comes, even with a value whose repr raises, which IPython would print."""
    cells.must(f"t_raise = {error}")
    bare = cells.run(f"{BAD}Bad()")
    watched = cells.run(f"%%alert\n{BAD}Bad()")
    assert shown(watched) == shown(bare)
    (entry,) = cells.value("t_log")
    assert error.partition("(")[0] in entry
    cells.must("t_raise = None")
    assert cells.alert("1")["outcome"] == "ok"


def test_a_wrong_option_is_shown_in_one_line(cells: Watched) -> None:
    """One line, once, and nothing of the cell has run."""
    for cell in ("%%alert --wrong\nt_ran = 1", "%%ask --wrong\nt_ran = 1", "%%foo\n%%ask\nt_ran = 1"):
        run = cells.run(cell)
        assert (run.status, run.ename, run.tracebacks) == ("error", "UsageError", [])
        (line,) = run.stderr.splitlines()
        assert line.startswith("UsageError: %%ask" if "ask" in cell else "UsageError: %%alert")
    assert not cells.value("'t_ran' in globals()")
    assert [run["ename"] for run in cells.runs()] == ["UsageError"]


# ---- ask

PY, SH = "open('ran', 'w')", "touch ran"
BUILT_IN = {
    **dict.fromkeys(
        ["capture", "debug", "prun", "pypy", "python", "python2", "python3", "time", "timeit"], PY
    ),
    **dict.fromkeys(["!", "bash", "script", "sh", "sx", "system"], SH),
    **dict.fromkeys([*DATA, "code_wrap"], "x"),
    "perl": "open(my $f, '>', 'ran');",
    "ruby": "File.write('ran', '')",
}
CUSTOM = {"t_custom": PY, "t_alias": PY, "t_shell": SH}
OPTIONS = {"script": "bash", "writefile": "kept", "file": "kept", "code_wrap": "t_wrap"}
REGISTER_CUSTOM = """
get_ipython().register_magic_function(lambda line, cell: get_ipython().run_cell(cell), "cell", "t_custom")
get_ipython().register_magic_function(lambda line, cell: get_ipython().system(cell), "cell", "t_shell")
get_ipython().run_line_magic("alias_magic", "t_alias timeit")
"""


def test_the_magics_below_are_all_that_there_are(cells: Watched) -> None:
    """A cell magic that a new IPython brings has to be thought about."""
    cells.must("t_cell_magics = sorted(get_ipython().magics_manager.lsmagic()['cell'])")
    ours = {"ask", "alert", *CUSTOM}
    assert set(cells.value("t_cell_magics")) - ours <= set(BUILT_IN)


@pytest.mark.parametrize("name", sorted([*BUILT_IN, *CUSTOM]))
def test_no_body_runs_unasked(cells: Watched, name: str) -> None:
    """Above or below any cell magic, at once or after blanks and comments: a refused ask runs nothing."""
    body = (BUILT_IN | CUSTOM)[name]
    top = f"%%{name} {OPTIONS.get(name, '')}".rstrip()
    cells.must(f"{REGISTER_CUSTOM}t_yes = False")
    above = cells.run(f"%%ask Q\n{top}\n{body}\n")
    assert (above.status, above.ename) == ("error", "Refused")
    for between in ("", "\n", "  \n\n  ", "# c\n", "%%time\n", "%%alert\n"):
        below = cells.run(f"{top}\n{between}%%ask Q\n{body}\n")
        assert (below.ename == "Refused") == (len(cells.value("t_asked")) == 2)
        cells.must("del t_asked[1:]")
        if name not in DATA and not between.startswith("#"):
            assert below.status == "error"
    assert not cells.value("os.path.exists('ran')")


@pytest.mark.parametrize("name", ["bash", "capture", "prun", "time", "sx"])
def test_an_approved_body_below_a_magic_runs(cells: Watched, name: str) -> None:
    """In both orders; asked once, about all of it, before the other magic begins."""
    top, body = f"%%{name}\n", f"{BUILT_IN[name]}\n"
    for cell in (f"%%ask Q\n{top}{body}", f"{top}%%ask Q\n{body}"):
        cells.must("t_asked.clear()")
        cells.must(cell)
        assert cells.value("t_asked") == [["Q", top + body, cell]]
        cells.must("os.remove('ran')")


def test_the_question_is_expanded_in_the_users_namespace(cells: Watched) -> None:
    """Once, in the frame of the cell: names that IPython uses itself are the user's."""
    cells.must("result, data = 5, '{result}'")
    cells.must('%%ask "{result + 1} of $data"\nNone')
    cells.must("import asyncio")
    cells.must("%%ask {result}\nawait asyncio.sleep(0)")
    assert [line for line, *_ in cells.value("t_asked")] == ['"6 of {result}"', "5"]


def test_a_line_ask_has_no_body(cells: Watched) -> None:
    """So the magic tells the two apart, also in a cell that has both."""
    cells.must("%%ask A\nx = 1\n%ask B\n")
    assert [(line, cell) for line, cell, _ in cells.value("t_asked")] == [
        ("A", "x = 1\n%ask B\n"),
        ("B", None),
    ]


def test_a_refusal_stops_the_cell_and_the_queue(cells: Watched) -> None:
    """With `from __future__` and top-level await as well; the alert of the cell tells of it."""
    cells.must("t_yes = False")
    for head in (
        "",
        "from __future__ import annotations\n",
        '"""Doc."""\nfrom __future__ import annotations\n',
    ):
        body = f"{head}t_ran = True\nimport asyncio\nawait asyncio.sleep(0)"
        runs = cells.kernel.run_together(f"%%alert\n%%ask Q\n{body}", "t_ran = True")
        assert [run.status for run in runs] == ["error", "aborted"]
        assert len(runs[0].tracebacks) == 1
    assert not cells.value("'t_ran' in globals()")
    assert {(run["outcome"], run["ename"]) for run in cells.runs()} == {("failed", "Refused")}


def test_without_its_magic_an_ask_runs_nothing(cells: Watched) -> None:
    """Half loaded, or unloaded between transform and run."""
    cells.must("t_code = get_ipython().transform_cell('%%ask Q\\nt_ran = True\\n')")
    cells.must("del get_ipython().magics_manager.magics['cell']['ask']")
    missing = cells.run("%%ask Q\nt_ran = True")
    assert missing.status == "error"
    assert "%%ask` not found" in missing.stderr
    cells.must("t_watcher.unload()")
    later = cells.run("exec(t_code)")
    assert later.status == "error"
    assert cells.run("%%ask Q\nt_ran = True").status == "error"
    assert not cells.value("'t_ran' in globals()")


def test_without_its_transform_an_ask_runs_nothing(cells: Watched) -> None:
    """The magic is asked, but it has no body to run."""
    cells.must("t_watcher.unload()")
    cells.run("%%ask Q\nt_ran = True")
    cells.run("%%time\n%%ask Q\nt_ran = True")
    cells.run("%%bash\n%%ask Q\n")
    assert not cells.value("'t_ran' in globals()")


def test_an_ask_without_a_body_says_so(cells: Watched) -> None:
    """In IPython's own words."""
    run = cells.run("%%ask Q")
    assert run.status == "error"
    assert "the cell body is empty" in run.stderr
    assert cells.value("t_asked") == []


# ---- the rest of IPython


@pytest.mark.parametrize(
    "code", ["{}", "{}\n", "{}\nx = 1", "{}\nx = 1\n\n", "{}\nfor x in y:\n", "\n{}\nx\n\n"]
)
def test_a_console_asks_for_more_as_with_other_cell_magics(cells: Watched, code: str) -> None:
    """A blank line ends the cell."""
    assert complete(cells.kernel, code.format("%%alert -c x")) == complete(
        cells.kernel, code.format("%%time")
    )
    assert complete(cells.kernel, code.format("%%ask Q")) == complete(cells.kernel, code.format("%%time"))


def complete(kernel: Kernel, code: str) -> str:
    """Answer to an `is_complete_request`."""
    request = kernel.client.is_complete(code)
    while (reply := kernel.client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != request:
        pass
    return str(reply["content"]["status"])


def test_help_is_the_docstring_of_the_magic(cells: Watched) -> None:
    """`%%alert?` is left to IPython."""
    (page,) = cells.must("%%alert?").reply["content"]["payload"]
    assert "The help of alert." in page["data"]["text/plain"]


SNAPSHOT = """
import sys
def t_snapshot():
    shell = get_ipython()
    return [
        {name: [repr(f) for f in fs] for name, fs in shell.events.callbacks.items()},
        [repr(f) for f in shell.input_transformers_cleanup + shell.input_transformers_post],
        [repr(sorted(vars(owner))) for owner in (shell, shell.displayhook)],
        [repr(hook) for hook in shell.display_pub._hooks],
        ["nbalert" in str(stream.write.__module__) for stream in (sys.stdout, sys.stderr)],
    ]
"""


@pytest.mark.parametrize(
    "last", ["t_watcher.unload()", "%%alert\nt_watcher.unload()", "%%alert\nt_watcher.unload()\n1/0"]
)
def test_nothing_is_left_after_unloading(cells: Watched, last: str) -> None:
    """Events, transforms, shadows, display hooks; also when an alert cell unloads us."""
    cells.must(SNAPSHOT)
    cells.must("t_watcher.unload()")
    before = cells.value("t_snapshot()")
    cells.must("t_watcher.load()\nt_watcher.load()")
    assert cells.value("t_snapshot()") != before
    cells.run("%%alert\ndisplay(1)\n1/0")
    cells.run(last)
    assert cells.value("t_snapshot()") == before
    cells.must("t_watcher.unload()")


def test_a_wrapper_put_over_ours_stays(cells: Watched) -> None:
    """Only what is still ours is taken off; what lies below feeds nothing any more."""
    cells.must(
        "%%alert\nimport asyncio\nawait asyncio.sleep(0)\n"  # IPython restores `write` itself in other cells
        "import sys\nt_seen, t_write = [], sys.stdout.write\n"
        "sys.stdout.write = lambda text: (t_seen.append(text), t_write(text))[1]"
    )
    assert cells.alert("print('b')")["stdout"] == "b\n"
    assert "b" in cells.value("t_seen")
    cells.must("sys.stdout.write = t_write")
    assert cells.alert("print('c')")["stdout"] == "c\n"


def test_importing_is_light(kernel_python: str) -> None:
    """People put the extension into startup files."""
    code = (
        "import sys, nbalert.cells\n"
        "print(sorted({'httpx', 'pydantic', 'ipywidgets', 'tornado'} & set(sys.modules)))"
    )
    done = subprocess.run([kernel_python, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
