"""One set of hooks, whatever is loaded again; and other extensions beside it whose hooks fail."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chat_servers.webhook import Webhook
from tests.kernels import ROOT, Kernel
from tests.processes import wait_until

HOOKS = """
import sys
def _hooks():
    ip = get_ipython()
    def called(f): return getattr(f, "__qualname__", repr(type(f)))
    events = [f"{name} {called(f)}" for name, fs in ip.events.callbacks.items() for f in fs]
    transformers = ip.input_transformers_cleanup + ip.input_transformers_post
    owners = (ip, ip.displayhook, ip.kernel, sys.stdout, sys.stderr)
    shadows = [name for owner in owners for name in vars(owner) if "_send" in name or "write" in name]
    displays = [repr(hook) for hook in ip.display_pub._hooks]
    magics = [name for kind in ip.magics_manager.magics.values() for name in kind]
    return sorted(events + [*map(called, transformers)] + shadows + displays + magics)
print(_hooks())
"""

OTHER_BEFORE = """
def _theirs(*args): raise OSError("theirs")
for event in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
    get_ipython().events.register(event, _theirs)
def _their_transformer(lines):
    if "trip" in lines[-1]: raise OSError("their transformer")
    return lines
"""
THEIRS_FIRST = "get_ipython().input_transformers_cleanup.insert(0, _their_transformer);"
THEIRS_LAST = "get_ipython().input_transformers_post.append(_their_transformer);"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, so that it can be edited."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "nbalert", copy / "nbalert", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def kernel(package: Path, chat: Webhook, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel that imports the copy."""
    with Kernel(sys.executable, tmp_path, {"PYTHONPATH": f"{package}:{ROOT}"}) as started:
        yield started


def hooks(kernel: Kernel) -> str:
    """All that is hooked into the shell, by anybody."""
    run = kernel.run(HOOKS)
    assert run.status == "ok", run.tracebacks
    return run.stdout


def alerts_once(kernel: Kernel, chat: Webhook, title: str) -> None:
    """A cell below `%%alert` sends one message; nothing comes before the next one."""
    assert kernel.run(f"%%alert -t {title!r}\n1 + 1").result == "2"
    kernel.run(f"%alert after {title}")
    wait_until(lambda: f"after {title}" in chat.titles)
    assert Counter(chat.titles)[title] == 1


def test_loading_again_leaves_one_set_of_hooks(kernel: Kernel, chat: Webhook) -> None:
    """`%load_ext` and `%reload_ext` twice are as once; after `%unload_ext` the shell is as before."""
    before = hooks(kernel)
    kernel.run("%load_ext nbalert")
    loaded = hooks(kernel)
    assert loaded != before
    for again in ("%load_ext nbalert", "%reload_ext nbalert", "%reload_ext nbalert"):
        kernel.run(again)
        assert hooks(kernel) == loaded
    alerts_once(kernel, chat, "reloaded")
    kernel.run("%nbalert auto 60s")
    kernel.run("%reload_ext nbalert")  # what is loaded anew begins without auto mode
    assert hooks(kernel) == loaded
    kernel.run("%unload_ext nbalert")
    assert hooks(kernel) == before
    kernel.run("%load_ext nbalert")
    alerts_once(kernel, chat, "loaded anew")


def test_autoreload_leaves_one_set_of_hooks(kernel: Kernel, chat: Webhook, package: Path) -> None:
    """Who works on the package under `%autoreload 2` has each hook once, and the new code."""
    kernel.run("%load_ext autoreload\n%autoreload 2\n%load_ext nbalert")
    kernel.run("import nbalert.cells, nbalert.magics, nbalert.recording, nbalert.capture")
    loaded = hooks(kernel)
    assert "CellWatcher._before" in loaded
    alerts_once(kernel, chat, "before")
    for name in ("cells", "magics", "recording", "capture", "stacking"):
        path = package / "nbalert" / f"{name}.py"
        path.write_text(path.read_text() + "\nEDITED = True\n")
    assert kernel.run("nbalert.cells.EDITED, nbalert.magics.EDITED").result == "(True, True)"
    assert hooks(kernel) == loaded
    alerts_once(kernel, chat, "after")
    kernel.run("%reload_ext nbalert")
    assert hooks(kernel) == loaded
    alerts_once(kernel, chat, "reloaded")


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
def test_failing_hooks_of_others(kernel: Kernel, chat: Webhook, order: str) -> None:
    """They are all heard, and fail as they do without us; alerts and auto mode go on."""
    load = "%load_ext nbalert\n%nbalert auto 60s"
    for code in (OTHER_BEFORE, load) if order == "theirs first" else (load, OTHER_BEFORE):
        kernel.run(code)
    kernel.run(THEIRS_FIRST)
    kernel.run(THEIRS_LAST)
    run = kernel.run("%%alert -t beside\n1 + 1")
    assert (run.result, run.stdout.count("Error in callback")) == ("2", 4)
    alerts_once(kernel, chat, "again")
    tripped = kernel.run("%%alert -t tripped\n'trip'")
    assert (tripped.status, tripped.ename) == ("error", "OSError")
    alerts_once(kernel, chat, "goes on")
    assert kernel.run("'trip'").ename == "OSError"
    kernel.run("%nbalert auto off")
    wait_until(lambda: any("failed at cell" in title for title in chat.titles))
