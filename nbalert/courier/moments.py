"""Moments that stand on two clocks, as columns `at`, `boot` and `boot_s` of a table; the earlier one counts.

A wall clock may be set back, and a boot clock ends with the boot, which `boot` names.
"""

from __future__ import annotations

from typing import NamedTuple

from nbalert.clock import Clock
from nbalert.courier.store import Store

HAS_COME = "(at <= ? OR (boot = ? AND boot != '' AND boot_s <= ?))"
"""A condition of SQL; its values are a `Moment`."""


class Moment(NamedTuple):
    """One moment on both clocks."""

    at_s: float
    boot: str
    boot_s: float


def now(clock: Clock) -> Moment:
    """What the clocks say."""
    return Moment(clock.time_s(), clock.boot, clock.boot_s())


def after(clock: Clock, seconds: float) -> Moment:
    """So many seconds from now."""
    return Moment(clock.time_s() + seconds, clock.boot, clock.boot_s() + seconds)


def left_s(store: Store, clock: Clock, table: str, which: str, *values: object) -> float | None:
    """Seconds until the first moment of the rows that a condition names; None if there is none."""
    at_s, boot, boot_s = now(clock)
    wall = store.row(f"SELECT min(at) - ? AS left_s FROM {table} WHERE {which}", at_s, *values)
    since_boot = store.row(
        f"SELECT min(boot_s) - ? AS left_s FROM {table} WHERE boot = ? AND boot != '' AND {which}",
        *(boot_s, boot, *values),
    )
    found = [row["left_s"] for row in (wall, since_boot) if row and row["left_s"] is not None]
    return min(found) if found else None
