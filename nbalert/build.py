"""Which build of nbalert this is: kernels and courier must fit, and files can change under a running one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from nbalert import __version__


class Build(NamedTuple):
    """A build, as it stands on disk.

    Args:
        version: Of the package.
        changed_at_ns: When its newest file was written.
        digest: Of all its Python files.
    """

    version: str
    changed_at_ns: int
    digest: str

    def replaces(self, other: Build) -> bool:
        """Whether a courier of the other build is to hand over to one of this.

        A higher version does, and of equal ones what was installed last: two environments that share a home
        agree on who goes, instead of replacing each other in turn.
        """
        if self.digest == other.digest:
            return False
        return (_numbers(self.version), self.changed_at_ns) > (_numbers(other.version), other.changed_at_ns)


def current_build() -> Build:
    """The build on disk now; takes a few ms."""
    digest, changed_at_ns = hashlib.sha256(), 0
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
        changed_at_ns = max(changed_at_ns, path.stat().st_mtime_ns)
    return Build(__version__, changed_at_ns, digest.hexdigest()[:16])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0]))
