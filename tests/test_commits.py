from __future__ import annotations

import subprocess
from pathlib import Path

from nbalert.commits import commit_of, look_up


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    told = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return told.stdout.strip()


def repository(folder: Path) -> str:
    """One with a commit; its short name."""
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "n.ipynb").write_text("{}")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return git(folder, "rev-parse", "HEAD")[:10]


def test_the_commit_and_whether_there_are_changes(tmp_path: Path) -> None:
    """A reader sees which code ran; a changed file is said, an untracked one is none of it."""
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    commit = repository(clean)
    (clean / "data.csv").write_text("1")
    look_up(clean)
    assert commit_of(clean) == commit
    other = repository(dirty)
    (dirty / "n.ipynb").write_text("{ }")
    look_up(dirty)
    assert commit_of(dirty) == f"{other} (modified)"


def test_where_there_is_none(tmp_path: Path) -> None:
    """No repository, no commit yet, no folder, not asked yet: unknown."""
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path, tmp_path / "gone"):
        look_up(folder)
        assert commit_of(folder) == ""
    git(empty, "init", "-q")
    look_up(empty)
    assert commit_of(empty) == commit_of(tmp_path / "never asked") == ""


def test_a_cloned_project_runs_no_program(tmp_path: Path) -> None:
    """Git would ask a monitor that the repository's own configuration names."""
    folder, trace = tmp_path / "r", tmp_path / "trace"
    repository(folder)
    git(folder, "config", "core.fsmonitor", f"touch {trace}; true")
    look_up(folder)
    assert commit_of(folder)
    assert not trace.exists()
