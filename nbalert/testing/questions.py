"""Questions for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from nbalert.policy import Policy
from nbalert.question import Question, sha256_of


def question(text: str = "Drop table users?", **options: Any) -> Question:
    """A question that `bob` and `carol` may answer, for an hour.

    Args:
        options: Of `Question` and of its `Policy`: `approvers=("U1",)`, `need=2`, `choices=("a", "b")`.
    """
    now = datetime.now(UTC)
    policy = {k: options.pop(k) for k in tuple(options) if k in Policy.__dataclass_fields__}
    code = options.pop("code", "db.drop()")
    given = {"id": f"q-{text}", "code": code, "code_sha256": sha256_of(code), "run": "run", "asked_at": now}
    return Question(
        text=text,
        policy=Policy(**{"approvers": ("bob", "carol"), **policy}),
        **{"expires_at": now + timedelta(hours=1), **given, **options},
    )
