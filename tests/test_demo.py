"""`nbalert demo` as a newcomer runs it: a process of its own, and for the interactive part a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.person import Person

DEMO = [sys.executable, "-m", "nbalert", "demo"]
TIMEOUT_S = 60


def own_environment(folder: Path) -> dict[str, str]:
    """No browser opens, and nothing is read from the machine's own Jupyter."""
    hidden = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**hidden, "BROWSER": "", "IPYTHONDIR": str(folder), "TMPDIR": str(folder)}


def test_auto(tmp_path: Path) -> None:
    """`--auto` exits 0, says what each cell has sent and that all is delivered; nothing is left behind."""
    done = subprocess.run(
        [*DEMO, "--auto"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=own_environment(tmp_path),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout
    assert "→ Training: OK, delivered" in said
    assert "CRITICAL, delivered" in said
    assert "✓ Deploy v7? approved by scripted-teammate: looks good" in said
    assert "✗ Drop table users? rejected by scripted-teammate: not on a Friday" in said
    assert "waiting" not in said
    assert "7 of 7 messages delivered\n3 of 3 questions answered" in said
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("nbalert-")]


def test_without_a_terminal_the_script_answers(tmp_path: Path) -> None:
    """Without a terminal nobody is waited for: it is `--auto`. A kernel of nobody is left."""
    with subprocess.Popen(
        DEMO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=own_environment(tmp_path)
    ) as demo:
        assert demo.stdout
        begun = [demo.stdout.readline() for _ in range(4)]
        children = psutil.Process(demo.pid).children(recursive=True)
        said = demo.stdout.read()
        assert demo.wait(TIMEOUT_S) == 0
    assert "a scripted teammate" in "".join(begun)
    assert "3 of 3 questions answered" in said
    assert not psutil.wait_procs(children, timeout=5)[1]


def test_unanswered(tmp_path: Path) -> None:
    """A question that nobody answers makes it exit with an error, and is said."""
    code = (
        "import sys; from nbalert import demo; sys.exit(demo.run(is_auto=True, rules=(), ask_timeout_s=0.3))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=own_environment(tmp_path),
        check=False,
    )
    assert done.returncode == 1
    assert "Deploy v7? expired: nobody decided in time" in done.stdout
    assert "0 of 3 questions answered" in done.stdout
    assert "a cell failed: NotApproved: expired" in done.stdout


class Terminal:
    """The demonstration in a pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self.said = process, ""
        self._master, self._arrived = master, threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def until(self, pattern: str) -> re.Match[str]:
        """What it says, once it says it."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: re.search(pattern, self.said), TIMEOUT_S), self.said
            found = re.search(pattern, self.said)
        assert found
        return found

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def close(self) -> None:
        """It has ended."""
        self._thread.join()
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 4096)
            except OSError:  # the other end is closed
                return
            with self._arrived:
                self.said += data.decode().replace("\r\n", "\n")
                self._arrived.notify_all()


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """Run the demonstration in a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        DEMO, stdin=slave, stdout=slave, stderr=slave, env=own_environment(folder), start_new_session=True
    )
    os.close(slave)
    shown = Terminal(process, master)
    try:
        yield shown
    finally:
        process.terminate()
        process.wait()
        shown.close()


def test_in_a_terminal(tmp_path: Path) -> None:
    """It prints a link, waits for a person's answers, whatever they are, and ends with Enter."""
    with terminal(tmp_path) as shown:
        link = shown.until(r"http://127\.0\.0\.1:\d+/#code=\S+")[0]
        with Person(link) as me:
            shown.until("waits for your answer")
            me.answer("Deploy v7?", "no: not yet").raise_for_status()
            me.answer("Drop table users?", "yes").raise_for_status()
            me.answer("Drop the backups as well?", "no").raise_for_status()
            shown.until("Enter ends the demo")
        shown.type("\n")
        assert shown.process.wait(TIMEOUT_S) == 0
    assert f"✗ Deploy v7? rejected by {me.name}: not yet" in shown.said
    assert f"✓ Drop table users? approved by {me.name}" in shown.said
    assert "3 of 3 questions answered" in shown.said
    assert "Traceback" not in shown.said
    assert "WARNING |" not in shown.said


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C while a question waits ends it with an error, without a traceback, and leaves no kernel."""
    with terminal(tmp_path) as shown:
        shown.until("waits for your answer")
        children = psutil.Process(shown.process.pid).children(recursive=True)
        shown.process.send_signal(2)
        assert shown.process.wait(TIMEOUT_S) not in (0, None)
    assert "Traceback" not in shown.said
    assert not psutil.wait_procs(children, timeout=10)[1]
