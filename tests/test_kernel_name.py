from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nbalert.kernel_name import kernel_name, session_name, spec_name
from tests.kernels import Kernel


def spec(folder: Path, name: str, starts: Any, display_name: str) -> None:
    """A kernelspec, as Jupyter finds it."""
    file = folder / name / "kernel.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"argv": [starts, "-m", "ipykernel"], "display_name": display_name}))


def test_the_first_kernelspec_that_starts_this_python(tmp_path: Path) -> None:
    """By its path; those of other environments, and broken ones, are none."""
    spec(tmp_path, "a", "/elsewhere/python", "Other")
    spec(tmp_path, "b", "python", "Of another environment")
    spec(tmp_path, "d", sys.executable, "Research")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "kernel.json").write_text("[1]")
    assert spec_name([tmp_path / "none", tmp_path], []) == "Research"
    assert spec_name([tmp_path], ["/elsewhere/python"]) == "Other"
    assert spec_name([tmp_path / "none"], []) == ""


def test_a_kernel(tmp_path: Path) -> None:
    """It is called as in the corner of the notebook."""
    with Kernel(sys.executable, tmp_path) as kernel:
        run = kernel.run("from nbalert.kernel_name import kernel_name; print(kernel_name())")
    assert run.stdout == "Python 3 (ipykernel)\n"


def test_a_process_that_is_no_kernel_has_none() -> None:
    """Scripts and commands."""
    assert kernel_name() == ""


@pytest.mark.parametrize(
    ("said", "meant"), [("/home/ann/a.ipynb", "/home/ann/a.ipynb"), ("/home/ann/", ""), ("", "")]
)
def test_the_notebook_of_a_session(said: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """nbclassic says its folder only: that is no notebook, and alerts are not named after it."""
    monkeypatch.setenv("JPY_SESSION_NAME", said)
    assert session_name() == meant
