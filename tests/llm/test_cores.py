from __future__ import annotations

import os
from pathlib import Path

import pytest

from kb.llm.cores import usable_cores


@pytest.fixture
def cpus(tmp_path: Path) -> Path:
    """A machine on which each two neighbouring CPUs are threads of one core."""
    for cpu in os.sched_getaffinity(0):
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}\n")
    return tmp_path


def test_threads_of_one_core_count_once(cpus: Path, tmp_path: Path) -> None:
    expected = len({cpu // 2 for cpu in os.sched_getaffinity(0)})
    assert usable_cores(cpus, tmp_path / "none") == expected


def test_unknown_topology_counts_cpus(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none", tmp_path / "none") == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "limit"),
    [
        ("max 100000", 1 << 16),
        ("100000 100000", 1),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("?", 1 << 16),
    ],
)
def test_quota_of_a_container_is_a_limit(tmp_path: Path, quota: str, limit: int) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota + "\n")
    assert usable_cores(tmp_path / "none", file) == min(len(os.sched_getaffinity(0)), limit)
