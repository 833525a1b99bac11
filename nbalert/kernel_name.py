"""What people call the kernel that this process is, and the notebook that it was started for."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any


def session_name() -> str:
    """The notebook that this kernel was started for, as Jupyter says; empty where it does not.

    nbclassic names the folder alone. A rename is not heard of.
    """
    name = os.environ.get("JPY_SESSION_NAME", "")
    return "" if name.endswith("/") else name


@cache
def kernel_name() -> str:
    """The display name of its kernelspec, else its Python and where that is; empty where it is no kernel."""
    application = sys.modules.get("ipykernel.kernelapp")
    if application is None or not application.IPKernelApp.initialized():
        return ""
    from jupyter_core.paths import jupyter_path  # ipykernel brings it

    folders = [Path(folder) for folder in jupyter_path("kernels")]
    other = f"Python {platform.python_version()} ({Path(sys.prefix).name})"
    return spec_name(folders, sys.orig_argv[:1]) or other


def spec_name(folders: Sequence[Path], begun_with: Sequence[str]) -> str:
    """The display name of the first kernelspec that starts this Python; empty if there is none.

    Args:
        folders: Of kernelspecs.
        begun_with: How this process was started.
    """
    own, generic = Path(sys.prefix), {"python", "python3", f"python3.{sys.version_info[1]}"}
    for file, spec in _specs(folders):
        starts = str((spec.get("argv") or [""])[0])
        # Jupyter takes "python" for the one of the environment in which the kernelspec stands
        is_own = starts in generic and file.is_relative_to(own)
        if is_own or starts in {sys.executable, *begun_with}:
            return str(spec.get("display_name") or "")
    return ""


def _specs(folders: Sequence[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in (file for folder in folders for file in sorted(folder.glob("*/kernel.json"))):
        try:
            spec = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(spec, dict) and isinstance(spec.get("argv") or [], list):
            yield file, spec
