"""How long deliveries wait: before another try, and for the settings of their sender."""

from __future__ import annotations

import random
import time

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 300.0
LONGEST_WISH_S = 86400.0
"""A service that asks for more than a day is asked again after one."""
INTRODUCTION_S = 5.0
"""How long a delivery waits for its sender, which writes a file first and brings its settings then."""


def backoff_s(attempts: int) -> float:
    """Seconds until the next try: doubled each time; jitter keeps couriers from returning all at once."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(attempts, 20)) * random.uniform(0.5, 1.0)


def introduction_left_s(accepted_at: float) -> float:
    """Seconds in which a sender may still bring its settings; none where the clock was set back."""
    age_s = time.time() - accepted_at
    return INTRODUCTION_S - age_s if age_s >= 0 else 0.0
