"""What is measured: a figure, who it is of, and how often it is taken."""

from __future__ import annotations

import enum
import math
import statistics
from dataclasses import dataclass

OURS = "nbalert"
"""What we are called in a table; "nbalert, inline" and the like are ours as well."""
RATE = "1/s"
"""The unit in which more is better."""


class Scale(enum.Enum):
    """How much is measured: all, or a tenth of it, to see that the programs work."""

    FULL = 1
    QUICK = 10

    def times(self, full: int) -> int:
        """How often to repeat what a full run repeats so often; three times at least."""
        return max(min(3, full), full // self.value)

    def steps(self, *sizes: int) -> tuple[int, ...]:
        """Sizes of a series that grows, smallest first; a quick run leaves the largest out."""
        return sizes if self is Scale.FULL else sizes[:-1] or sizes


@dataclass(frozen=True)
class Figure:
    """Samples of one thing.

    Args:
        group: The module's title, or a part of it.
        name: What was measured. Figures of one group, name and step are compared with each other.
        who: `nbalert`, a peer's name, `floor` (the least that any program needs), or `without`.
        unit: Of the samples: `ms`, `s`, `µs`, `MiB`, `1/s`, `%`, `requests`, …
        step: The size, in a series that grows tenfold; 0 for none.
        budget: What the median is to stay below, or, of a rate, above.
        note: What a reader has to know of it.
    """

    group: str
    name: str
    who: str
    unit: str
    samples: tuple[float, ...]
    step: int = 0
    budget: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The middle."""
        return statistics.median(self.samples)

    @property
    def p99(self) -> float:
        """What 99 of 100 do not exceed; with fewer samples the worst of them."""
        return sorted(self.samples)[math.ceil(0.99 * len(self.samples)) - 1]

    @property
    def is_ours(self) -> bool:
        """Whether it is nbalert's."""
        return self.who.startswith(OURS)

    @property
    def is_met(self) -> bool | None:
        """Whether it is within its budget; None where it has none."""
        if self.budget is None:
            return None
        return self.median >= self.budget if self.unit == RATE else self.median <= self.budget


def key(figure: Figure) -> tuple[str, str, int]:
    """Equal for those that are compared with each other."""
    return figure.group, figure.name, figure.step
