"""Too little memory for a process, on purpose: by a control group, else by a limit of its own."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def memory_limited(pid: int, spare_bytes: int) -> Iterator[bool]:
    """The process gets no more than that, beyond what it has.

    Returns:
        Whether the system kills it for want of memory; else its allocations fail.
    """
    group = _made(spare_bytes + _size(pid))
    if group is None:
        used = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(pid, resource.RLIMIT_AS, (used + spare_bytes, used + spare_bytes))
        yield False
        return
    try:
        (group / "cgroup.procs").write_text(str(pid))
        yield True
    finally:
        for left in (group / "cgroup.procs").read_text().split():
            (group.parent / "cgroup.procs").write_text(left)
        group.rmdir()


def _size(pid: int) -> int:
    """What it has in memory; a page that comes with it into the group is counted where it was."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _made(limit_bytes: int) -> Path | None:
    """A control group with that limit, below that of this process; None where none can be made."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers == "":
            parent, name = CGROUPS / own.lstrip("/"), "memory.max"
        elif "memory" in controllers.split(","):
            parent, name = CGROUPS / "memory" / own.lstrip("/"), "memory.limit_in_bytes"
        else:
            continue
        group = parent / f"nbalert-test-{os.getpid()}"
        with contextlib.suppress(OSError):
            group.mkdir()
            if (group / name).exists():
                (group / name).write_text(str(limit_bytes))
                return group
            group.rmdir()
    return None
