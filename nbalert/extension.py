"""Puts the magics and the watcher into a shell, and takes them out again."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from nbalert import question_marks, tab
from nbalert.magics import NbalertMagics


def load(shell: InteractiveShell) -> None:
    """Register the magics and watch the shell."""
    if "nbalert" in shell.magics_manager.registry:
        return
    magics = NbalertMagics(shell)
    shell.register_magics(magics)
    shell.magics_manager.registry["nbalert"] = magics
    magics.watcher.wants = magics.auto.wants_first
    magics.watcher.load()
    question_marks.load(shell)
    tab.load(shell, {name: getattr(NbalertMagics, name) for name in ("alert", "ask", "nbalert")})


def unload(shell: InteractiveShell) -> None:
    """Leave nothing of ours in the shell. The process's client lives on: what was accepted still leaves."""
    magics = shell.magics_manager.registry.pop("nbalert", None)
    if magics is None:
        return
    magics.auto.turn_off()
    magics.watcher.unload()
    if magics.farewell:
        magics.farewell.take_off()
    question_marks.unload(shell)
    tab.unload(shell)
    shell.magics_manager.registry.pop(type(magics).__name__, None)
    for kind, names in magics.magics.items():
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
