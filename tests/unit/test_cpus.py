"""The CPU budget and the memory limit, from made-up control groups."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from gilscope.errors import UsageError
from gilscope.observers.cpus import (
    CpuBudget,
    cgroup_memory_bytes,
    cgroup_quota_cpus,
    cores_under,
    cpu_model,
    least,
    memory_limit_bytes,
    usable_cpus,
)

if TYPE_CHECKING:
    from pathlib import Path

V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
)
UNLIMITED_V1 = "9223372036854771712"


def tree(root: Path, cgroup: str, mountinfo: str) -> Path:
    """What ``/proc`` says of this process's groups and where they are mounted."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(cgroup)
    (root / "proc/self/mountinfo").write_text(mountinfo)
    return root


def write(root: Path, name: str, text: str) -> None:
    path = root / "sys/fs/cgroup" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def test_a_v2_quota_of_half_a_cpu(tmp_path: Path) -> None:
    write(tree(tmp_path, "0::/\n", V2), "cpu.max", "50000 100000")
    assert cgroup_quota_cpus(tmp_path) == 0.5


def test_max_is_no_quota(tmp_path: Path) -> None:
    write(tree(tmp_path, "0::/\n", V2), "cpu.max", "max 100000")
    write(tmp_path, "memory.max", "max")
    assert cgroup_quota_cpus(tmp_path) is None
    assert cgroup_memory_bytes(tmp_path) is None


@pytest.mark.parametrize(("outer", "inner"), [("150000 100000", "max 100000"), ("400000 100000", "75000 50000")])
def test_nested_v2_groups_give_the_least_on_the_way_up(tmp_path: Path, outer: str, inner: str) -> None:
    write(tree(tmp_path, "0::/user.slice/job.scope\n", V2), "user.slice/job.scope/cpu.max", inner)
    write(tmp_path, "user.slice/cpu.max", outer)
    write(tmp_path, "elsewhere/cpu.max", "1000 100000")
    assert cgroup_quota_cpus(tmp_path) == 1.5


def test_v1_takes_the_mount_of_the_cpu_controller_and_its_ancestors(tmp_path: Path) -> None:
    tree(tmp_path, "4:memory:/job\n3:cpuset:/\n2:cpu,cpuacct:/job/step\n", V1)
    write(tmp_path, "cpu,cpuacct/job/step/cpu.cfs_quota_us", "-1")
    write(tmp_path, "cpu,cpuacct/job/step/cpu.cfs_period_us", "100000")
    write(tmp_path, "cpu,cpuacct/job/cpu.cfs_quota_us", "250000")
    write(tmp_path, "cpu,cpuacct/job/cpu.cfs_period_us", "100000")
    assert cgroup_quota_cpus(tmp_path) == 2.5


def test_a_container_sees_only_its_own_group_mounted(tmp_path: Path) -> None:
    mount = "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
    tree(tmp_path, "2:cpu:/docker/abc\n", mount)
    write(tmp_path, "cpu/cpu.cfs_quota_us", "50000")
    write(tmp_path, "cpu/cpu.cfs_period_us", "100000")
    assert cgroup_quota_cpus(tmp_path) == 0.5


@pytest.mark.parametrize("group", ["/../../host.slice", "/outside"])
def test_a_group_outside_the_mount_falls_back_to_the_mounted_one(tmp_path: Path, group: str) -> None:
    mount = "30 23 0:26 /inside /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    write(tree(tmp_path, f"0::{group}\n", mount), "cpu.max", "50000 100000")
    assert cgroup_quota_cpus(tmp_path) == 0.5


def test_hybrid_mounts_give_the_least_of_both(tmp_path: Path) -> None:
    unified = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    tree(tmp_path, "4:memory:/api/1\n2:cpu,cpuacct:/\n0::/\n", V1 + unified)
    write(tmp_path, "cpu,cpuacct/cpu.cfs_quota_us", "300000")
    write(tmp_path, "cpu,cpuacct/cpu.cfs_period_us", "100000")
    write(tmp_path, "unified/cpu.max", "200000 100000")
    write(tmp_path, "memory/api/1/memory.limit_in_bytes", UNLIMITED_V1)
    write(tmp_path, "memory/api/memory.limit_in_bytes", "1048576")
    assert cgroup_quota_cpus(tmp_path) == 2.0
    assert cgroup_memory_bytes(tmp_path) == 1048576


def test_a_blank_in_the_mount_point(tmp_path: Path) -> None:
    tree(tmp_path, "0::/\n", V2.replace("/sys/fs/cgroup", r"/sys/fs/cgroup/my\040mount"))
    write(tmp_path, "my mount/cpu.max", "50000 100000")
    assert cgroup_quota_cpus(tmp_path) == 0.5


@pytest.mark.parametrize("text", ["", "garbage", "50000", "50000 0", "-1 100000", "0 100000"])
def test_what_is_no_quota_limits_nothing(tmp_path: Path, text: str) -> None:
    write(tree(tmp_path, "0::/\n", V2), "cpu.max", text)
    assert cgroup_quota_cpus(tmp_path) is None


def test_an_unreadable_file_limits_nothing_but_its_parent_does(tmp_path: Path) -> None:
    (tree(tmp_path, "0::/job\n", V2) / "sys/fs/cgroup/job/cpu.max").mkdir(parents=True)  # reading it fails
    write(tmp_path, "cpu.max", "50000 100000")
    assert cgroup_quota_cpus(tmp_path) == 0.5


def test_without_proc_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota_cpus(tmp_path) is None
    assert memory_limit_bytes(tmp_path) == psutil.virtual_memory().total


@pytest.mark.parametrize("text", ["max", UNLIMITED_V1, "4096"])
def test_memory_never_exceeds_the_machine(tmp_path: Path, text: str) -> None:
    write(tree(tmp_path, "0::/\n", V2), "memory.max", text)
    expected = 4096 if text == "4096" else psutil.virtual_memory().total
    assert memory_limit_bytes(tmp_path) == expected


@pytest.mark.parametrize(
    ("allowed", "quota", "asked", "expected"),
    [
        (4, None, None, CpuBudget(4.0, 4, None)),
        (4, 6.0, 8, CpuBudget(4.0, 4, None)),
        (1, None, None, CpuBudget(1.0, 4, "affinity to 1 of 4 CPUs")),
        (4, 0.5, None, CpuBudget(0.5, 4, "cgroup quota of 0.5 CPUs")),
        (4, 1.0, None, CpuBudget(1.0, 4, "cgroup quota of 1 CPU")),
        (4, 4 / 3, None, CpuBudget(4 / 3, 4, "cgroup quota of 1.33 CPUs")),
        (3, 2.5, 1, CpuBudget(1.0, 4, "--cpus 1")),
        (2, 2.0, 2, CpuBudget(2.0, 4, "affinity to 2 of 4 CPUs")),
    ],
)
def test_the_tightest_limit_counts_and_is_named(
    allowed: int, quota: float | None, asked: int | None, expected: CpuBudget
) -> None:
    assert least(4, allowed, quota, asked) == expected


def test_the_users_wish_and_the_quota_reach_the_budget(tmp_path: Path) -> None:
    write(tree(tmp_path, "0::/\n", V2), "cpu.max", "50000 100000")
    assert usable_cpus(1, tmp_path) == CpuBudget(0.5, os.cpu_count() or 1, "cgroup quota of 0.5 CPUs")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the platform has no affinity")
def test_affinity_reaches_the_budget(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cpus(None, tmp_path).usable == 1.0
    finally:
        os.sched_setaffinity(0, before)


def topology(root: Path, siblings: dict[int, str]) -> Path:
    """Which CPUs the kernel says are one core's."""
    for cpu, shared in siblings.items():
        place = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        place.mkdir(parents=True)
        (place / "thread_siblings_list").write_text(shared + "\n")
    return root


def test_hyperthreads_share_a_core(tmp_path: Path) -> None:
    root = topology(tmp_path, {0: "0,4", 1: "1,5", 4: "0,4", 5: "1,5"})
    assert cores_under({0, 1, 4, 5}, root) == 2
    assert cores_under({0, 4}, root) == 1
    assert cores_under({0, 1}, root) == 2
    assert cores_under({0, 9}, root) is None, "not all of them are told of"


def test_cores_are_told_apart_by_their_package_where_siblings_are_not_told(tmp_path: Path) -> None:
    for cpu, (package, core) in enumerate([(0, 0), (0, 0), (1, 0), (1, 0)]):
        place = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology"
        place.mkdir(parents=True)
        (place / "physical_package_id").write_text(f"{package}\n")
        (place / "core_id").write_text(f"{core}\n")
    assert cores_under(range(4), tmp_path) == 2


def test_there_are_no_more_cores_than_cpus_may_be_used(tmp_path: Path) -> None:
    root = topology(tmp_path, {cpu: str(cpu) for cpu in range(os.cpu_count() or 1)})
    assert usable_cpus(1, root).cores == 1.0


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC 7B13\n\nprocessor\t: 1\nmodel name\t: AMD EPYC 9\n", "AMD EPYC 7B13"),
        ("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "CPU implementer 0x41, CPU part 0xd0c"),
        ("processor\t: 0\nhart\t: 1\nuarch\t: sifive,u74-mc\n", "sifive,u74-mc"),
        ("cpu\t\t: POWER9, altivec supported\n", "POWER9, altivec supported"),
        ("processor\t: 0\n", None),
    ],
)
def test_the_processor_has_a_name(tmp_path: Path, text: str, model: str | None) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(text)
    assert cpu_model(tmp_path) == model
    assert cpu_model(tmp_path / "nowhere") is None


@pytest.mark.parametrize("asked", [0, -2])
def test_less_than_one_cpu_cannot_be_asked_for(asked: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--cpus {asked}"):
        usable_cpus(asked, tmp_path)
