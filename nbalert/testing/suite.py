"""All checks of a row: one list, for pytest and for a notebook."""

from __future__ import annotations

from nbalert.testing import answers, posts, troubles
from nbalert.testing.checks import Check
from nbalert.testing.rows import Row


def checks_of(row: type[Row]) -> tuple[Check, ...]:
    """Every check that the row's kind has to pass."""
    return (*posts.CHECKS, *troubles.CHECKS, *answers.checks(row))
