"""Which build replaces which."""

from __future__ import annotations

import pytest

from nbalert import __version__
from nbalert.build import Build, current_build


@pytest.mark.parametrize(
    ("mine", "theirs", "replaces"),
    [
        (Build("1.2.0", 5, "a"), Build("1.2.0", 5, "a"), False),
        (Build("1.2.0", 6, "b"), Build("1.2.0", 5, "a"), True),
        (Build("1.2.0", 4, "b"), Build("1.2.0", 5, "a"), False),
        (Build("1.10.0", 1, "b"), Build("1.9.0", 5, "a"), True),
        (Build("1.9.0", 9, "b"), Build("1.10.0", 5, "a"), False),
        (Build("1.2.0", 9, "a"), Build("1.2.0", 5, "a"), False),
    ],
    ids=["same", "installed later", "installed earlier", "newer", "older", "only touched"],
)
def test_the_newer_build_replaces_the_older(mine: Build, theirs: Build, replaces: bool) -> None:
    """Higher versions first, then what was installed last; equal files never."""
    assert mine.replaces(theirs) is replaces


def test_two_builds_never_replace_each_other_in_turn() -> None:
    """Of two different builds exactly one replaces the other."""
    one, two = Build("1.0", 1, "a"), Build("1.0", 2, "b")
    assert one.replaces(two) is not two.replaces(one)


def test_the_current_build_is_that_of_the_files() -> None:
    """It names this version, and stays the same while no file changes."""
    assert current_build() == current_build()
    assert current_build().version == __version__
