"""One run of everything, with a secret wherever a user may have one: nothing that is written has it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nbalert.home import Home
from nbalert.process import client
from tests.chat_servers.webhook import Webhook
from tests.kernels import ROOT, Kernel
from tests.processes import couriers, settings_file, wait_until, webhook_table
from tests.reliability.leaks import FORMATS, some

PLACES = (
    *(
        "code",
        "output",
        "pieces",
        "stderr",
        "raised",
        "traced",
        "title",
        "line",
        "metadata",
        "table",
        "figure",
    ),
    *("watched", "auto", "question", "asked", "argument", "died", "command", "posted", "pattern"),
)
IN_SETTINGS = ("file", "variable", "proxy", "token")
TOKENS = {place: make() for place, make in zip(PLACES, FORMATS.values(), strict=False)}
WORDS = {place: "w" + some("abcdefghijklmnopqrstuvwxyz0123456789", 14) for place in (*PLACES, *IN_SETTINGS)}
BOTH = {place: f"{TOKENS[place]} password={WORDS[place]}" for place in PLACES}
"""A token that its form tells, and a word that only its name makes secret."""

CELLS = f"""
%load_ext nbalert
import io, sys, nbalert, pandas
from IPython.display import Image, display
from matplotlib.figure import Figure
---
%%alert -c ci
password = {WORDS["code"]!r}
token = {TOKENS["code"]!r}
print({BOTH["output"]!r})
---
%%alert -c ci
for piece in ({TOKENS["pieces"][:9]!r}, {TOKENS["pieces"][9:]!r}, " pass", "word={WORDS["pieces"][:5]}"):
    print(piece, end="")
print({WORDS["pieces"][5:]!r})
---
%%alert -c ci
print({BOTH["stderr"]!r}, file=sys.stderr)
---
%%alert -c ci
def connect(password, token):
    raise ValueError({BOTH["raised"]!r})
connect(password={WORDS["traced"]!r}, token={TOKENS["traced"]!r})
---
%%alert -c ci -t "{BOTH["title"]}"
1
---
%alert -c ci {BOTH["line"]}
---
%alert -c ci the ticket ACME-{WORDS["pattern"]} and {TOKENS["pattern"]}
---
fields = {{{TOKENS["metadata"]!r}: 1, "api_key": {WORDS["metadata"]!r}}}
posted = nbalert.post("Figures", channel="ci", metadata=fields)
---
%%alert -c ci
pandas.DataFrame({{"password": [{WORDS["table"]!r}], "note": [{TOKENS["table"]!r}]}})
---
%%alert -c ci
file = io.BytesIO()
Figure().savefig(file, format="png", metadata={{"Comment": {BOTH["figure"]!r}}})
display(Image(file.getvalue()))
---
with nbalert.watching("Load", channel="ci"):
    raise OSError({BOTH["watched"]!r})
---
%nbalert auto 1h -c ci
---
raise KeyError({BOTH["auto"]!r})
---
%nbalert auto off
---
%%ask "Drop {BOTH["question"]}?" --timeout 1s
token = {TOKENS["asked"]!r}; login(password={WORDS["asked"]!r})
---
@nbalert.requires_approval("Log in?", timeout="1s")
def login(user, password): pass
login({TOKENS["argument"]!r}, {WORDS["argument"]!r})
"""


@pytest.fixture
def project(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Webhook]]:
    """A project whose settings are secret as well, and a service that hears all of it."""
    folder = tmp_path / "project"
    monkeypatch.chdir(folder.mkdir() or folder)  # type: ignore[func-returns-value]
    monkeypatch.setenv("SPARE", f"https://chat.example.org/hooks/{WORDS['variable']}")
    monkeypatch.setenv("BUILD_TOKEN", WORDS["token"])
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:{WORDS['proxy']}@127.0.0.1:9")
    with Webhook() as chat:
        settings_file(home.root, r"redact = ['ACME-\w+']")
        settings_file(folder, webhook_table("ci", "file:url") + webhook_table("spare", "env:SPARE"))
        (folder / "url").write_text(f"http://127.0.0.1:{chat.port}/hooks/{WORDS['file']}")
        yield folder, chat


def nbalert(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    command = [sys.executable, "-m", "nbalert", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def run_notebook(folder: Path) -> str:
    """Run all cells; what the notebook holds then, but for what its own cells say and print."""
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS.split("---\n")]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    paths = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, allow_errors=True, resources=paths, timeout=60).execute()
    return json.dumps(notebook)


def die() -> None:
    """A kernel is killed within a cell."""
    with Kernel(sys.executable, Path.cwd(), {"PYTHONPATH": str(ROOT)}) as kernel:
        kernel.run("%load_ext nbalert")
        kernel.run("%alert -c ci alive")
        kernel.send(
            f"%%alert -c ci\npassword = {BOTH['died']!r}\nprint({BOTH['died']!r}, flush=True)\n"
            "import time; time.sleep(600)"
        )
        kernel.published_until(lambda message: message["header"]["msg_type"] == "stream")
        client().request({"do": "status"})
        time.sleep(3)  # its last lines are told every two seconds; without them the test says as much
        kernel.kill()


def files(home: Home) -> dict[str, bytes]:
    """All that is written: spool, store, inbox, trail, logs, whatever there is."""
    found = {}
    for path in home.root.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path != home.settings:
                found[str(path)] = path.read_bytes()
    return found


def processes(home: Home) -> bytes:
    """Command lines and environments of the couriers."""
    return b"".join(
        Path(f"/proc/{pid}/{name}").read_bytes() for pid in couriers(home) for name in ("cmdline", "environ")
    )


@pytest.mark.long
@pytest.mark.usefixtures("detached")  # a courier within the kernel that is killed tells of nothing by itself
def test_nothing_that_is_written_has_a_secret(home: Home, project: tuple[Path, Webhook]) -> None:
    """No spool, store, inbox, log, message or process has one; nor a notebook one of the settings."""
    folder, chat = project
    notebook = run_notebook(folder)
    done = nbalert("run", "-c", "ci", "--", "echo", BOTH["command"], "--token", TOKENS["command"])
    assert BOTH["command"] in done.stdout
    nbalert("post", "-c", "ci", f"{BOTH['posted']} {WORDS['token']} {WORDS['variable']}")
    die()
    wait_until(lambda: any("died" in title for title in chat.titles), 60)
    wait_until(lambda: not client().request({"do": "status"})["waiting"], 60)
    written = {**files(home), "processes": processes(home)}
    written |= {f"message {n}": request.body for n, request in enumerate(chat.requests)}
    secrets = {**TOKENS, **{f"{place} by name": word for place, word in WORDS.items()}}
    found = {
        f"{place} in {where}"
        for place, secret in secrets.items()
        for where, content in written.items()
        if secret.encode() in content
    }
    assert not found
    assert not [place for place in IN_SETTINGS if WORDS[place] in notebook]
    said = b"".join(request.body for request in chat.requests).decode()
    assert len(chat.titles) >= 16
    for kind in ("aws key", "github token", "password", "api key", "pattern", "BUILD_TOKEN", "channel spare"):
        assert f"redacted: {kind}" in said
