"""How many threads are worth running."""

from __future__ import annotations

import os
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(cpus: Path = _CPUS, quota: Path = _QUOTA) -> int:
    """Physical cores that this process may use, at least 1.

    Two threads of one core share its arithmetic units, and threads beyond a container's quota are stopped
    while the others spin and wait for them: both make a model slower, not faster.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = {_core_of(cpus, cpu) for cpu in allowed}
    return max(1, min(len(cores), _quota_cores(quota)))


def _core_of(cpus: Path, cpu: int) -> str:
    """The hardware threads of this CPU's core, as one name; its own number where the system does not tell."""
    try:
        return (cpus / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _quota_cores(quota: Path) -> int:
    """A container's limit in whole cores, rounded down; a very large number where there is none."""
    unlimited = 1 << 16
    try:
        allowed, period = quota.read_text().split()
        return unlimited if allowed == "max" else int(allowed) // int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return unlimited
