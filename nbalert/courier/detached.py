"""A courier as a process of its own: how a kernel starts it, and what it is when it has been started.

It outlives the kernel, belongs to no process group or terminal of it, and gets none of its secrets: those
come over the line.
"""

from __future__ import annotations

import contextlib
import os
import signal
import site
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from nbalert.courier.lock import Lock
from nbalert.courier.serving import Stop, serve
from nbalert.errors import CourierError, NbalertError
from nbalert.home import Home

if TYPE_CHECKING:
    from nbalert.courier.project import Project

READY_S = 15.0
IDLE_END_S = 600.0

KEPT = frozenset(
    {
        "HOME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LD_LIBRARY_PATH",  # some Pythons do not start without
        "LOGNAME",
        "NBALERT_HOME",
        "NBALERT_IDLE_END",
        "NBALERT_SITE",
        "PATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONUSERBASE",
        "TMPDIR",
        "TZ",
        "USER",
        "DBUS_SESSION_BUS_ADDRESS",  # where a keyring answers
        "SYSTEMROOT",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
        "XDG_CURRENT_DESKTOP",  # which keyring there is
        "XDG_DATA_DIRS",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
    }
)
"""By whole names: people pass secrets as LC_SOMETHING, because SSH lets those through."""


class KilledAtStart(CourierError):
    """It ended without a word: killed, or crashed, before it served."""


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """What of a kernel's environment its courier may have: where things are, and no secret."""
    kept = {name: value for name, value in environment.items() if name in KEPT}
    if "PYTHONPATH" in kept:  # the courier starts in another folder
        folders = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(str(Path(folder).absolute()) for folder in folders)
    return kept


def start(home: Home) -> None:
    """Start one, and return once it serves, or another does.

    Raises:
        KilledAtStart: It could run, but was killed before it did.
        CourierError: It cannot be started here; says why.
    """
    if not sys.executable:
        raise CourierError("no process can be started: this Python does not know its own program")
    # -P: nothing in a working folder takes the place of a library
    command = [sys.executable, "-P", "-m", "nbalert", "courier", "--detached"]
    try:
        starter = subprocess.Popen(
            command,
            cwd=home.root,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise CourierError(f"no process can be started: {os.strerror(error.errno or 0)}") from error
    with starter:
        try:
            said, _ = starter.communicate(timeout=READY_S)
        except subprocess.TimeoutExpired:
            starter.kill()
            raise CourierError(f"the courier was not ready within {READY_S:.0f} s") from None
    if not said and starter.returncode <= 0:  # 0 is of who has forked it
        raise KilledAtStart("the courier was killed while it began")
    if said.strip() not in (b"ready", b"busy"):
        reason = said.decode(errors="replace").strip() or f"it ended with status {starter.returncode}"
        raise CourierError(f"the courier cannot run as a process: {reason}")


def _environment(home: Home) -> dict[str, str]:
    """What finds the same home and the same nbalert as here."""
    kept = scrubbed(os.environ)
    if home.settings.parent == home.root:  # else it is the platform's, and HOME and XDG_* lead there
        kept["NBALERT_HOME"] = str(home.root)
    else:
        kept.pop("NBALERT_HOME", None)
    own, installed = Path(__file__).parents[2], (sysconfig.get_path("purelib"), site.getusersitepackages())
    if str(own) not in installed:  # a checkout, on this kernel's path alone
        kept["PYTHONPATH"] = os.pathsep.join([str(own), *filter(None, [kept.get("PYTHONPATH")])])
    return kept


def run_once(home: Home, project: Project) -> int:
    """Send what is due, and end; where another courier serves, that one does it.

    Args:
        project: Settings that this process has.
    """
    lock = Lock.take(home.lock)
    if lock is None:
        print("a courier serves this home already, and sends what is due")
        return 0
    with lock:
        serve(home, mode="once", idle_end_s=None, on_ready=_stop_by_signal, once=project)
    return 0


def run(home: Home, *, is_detached: bool) -> int:
    """Be the courier of a home, until told to stop or idle.

    Args:
        is_detached: Whether a kernel started it: it leaves its starter, and says on standard output when
            it is ready.

    Returns:
        0, or 1 if another courier serves the home.
    """
    if is_detached and os.fork():
        # The starter waits for the end of our output, and not for its grandchild: no zombie is left to it.
        os._exit(0)
    # This process is ours alone, and httpx's command line would bring rich and Pygments where they are there.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    lock = Lock.take(home.lock)
    if lock is None:
        _say("busy" if is_detached else "a courier serves this home already; see nbalert status", is_detached)
        return 0 if is_detached else 1
    if is_detached and home.stopped.exists():  # its starter was killed, and nobody knew of it
        return 0
    try:
        serve(
            home,
            mode="detached" if is_detached else "foreground",
            idle_end_s=_idle_end_s() if is_detached else None,
            on_ready=lambda stop: _ready(stop, is_detached),
        )
    except Exception as error:
        if not is_detached:
            raise
        lock.release()  # before it is said: the starter may want to host a courier itself
        # Others may tell a secret; the log has the rest.
        is_ours = isinstance(error, (NbalertError, OSError))
        _say(str(error) if is_ours else type(error).__name__, is_detached)
        return 1
    return 0  # the lock ends with this process


def _stop_by_signal(stop: Stop) -> None:
    def on_signal(number: int, frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)


def _ready(stop: Stop, is_detached: bool) -> None:
    _stop_by_signal(stop)
    if is_detached:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _say("ready" if is_detached else "the courier serves; Ctrl-C ends it", is_detached)


def _say(text: str, is_detached: bool) -> None:
    if not is_detached:
        print(text, flush=True)
        return
    with contextlib.suppress(OSError):  # the starter was killed: its messages wait for this courier
        os.write(1, f"{text}\n".encode())
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - its descriptor is what is wanted
        os.dup2(nowhere.fileno(), 1)  # the starter reads until the end


def _idle_end_s() -> float:
    return float(os.environ.get("NBALERT_IDLE_END", IDLE_END_S))
