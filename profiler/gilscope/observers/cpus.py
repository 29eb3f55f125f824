"""How many CPUs, and how much memory, this process may use.

A container's quota is invisible to `os.cpu_count` and to affinity: it is read from the control groups,
version 1, version 2 or both at once. Each limit is the least along the path from the process's group up to
the mount.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gilscope.errors import UsageError
from gilscope.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = [
    "CpuBudget",
    "cgroup_memory_bytes",
    "cgroup_quota_cpus",
    "cores_under",
    "cpu_model",
    "memory_limit_bytes",
    "usable_cpus",
]

#: The mount of a control-group hierarchy: the group that is mounted, and where.
_Mount = tuple[PurePosixPath, str]


@dataclass(frozen=True)
class CpuBudget:
    """The CPUs a measurement may plan with."""

    usable: float
    """A quota of half a CPU is 0.5."""
    visible: int
    """CPUs of the machine."""
    reason: str | None
    """What limits the usable CPUs; None when all visible ones are usable."""
    cores: float | None = None
    """Cores for them: fewer than the CPUs where these are hyperthreads. None where nobody tells."""


def usable_cpus(asked: int | None, root: Path = Path("/")) -> CpuBudget:
    """The least of affinity, cgroup quota and ``asked``.

    :param root: where ``proc`` and the control groups are found
    :raises UsageError: when less than one CPU is asked for
    """
    if asked is not None and asked < 1:
        raise UsageError(f"--cpus {asked}: at least one is needed; leave it out to use all that are allowed")
    budget = least(os.cpu_count() or 1, len(_allowed_cpus()), cgroup_quota_cpus(root), asked)
    cores = cores_under(_allowed_cpus(), root)
    return replace(budget, cores=None if cores is None else min(float(cores), budget.usable))


def least(visible: int, allowed: int, quota: float | None, asked: int | None) -> CpuBudget:
    """The tightest of the limits; of equal ones, the first of affinity, quota and what was asked."""
    limits: list[tuple[float, str | None]] = [(visible, None)]
    limits.append((allowed, f"affinity to {allowed} of {visible} CPUs"))
    if quota is not None:
        limits.append((quota, f"cgroup quota of {counted(round(quota, 2), 'CPU')}"))
    if asked is not None:
        limits.append((asked, f"--cpus {asked}"))
    usable, reason = min(limits, key=lambda limit: limit[0])
    return CpuBudget(float(usable), visible, reason)


def cgroup_quota_cpus(root: Path = Path("/")) -> float | None:
    """CPU seconds per second that the control groups allow; None without a quota."""
    quotas = [_quota_v2(group) for group in _groups(root, "cgroup2", "")]
    quotas += [_quota_v1(group) for group in _groups(root, "cgroup", "cpu")]
    return min((quota for quota in quotas if quota is not None), default=None)


def cgroup_memory_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that the control groups allow; None without a limit. Version 1 writes "none" as a huge number."""
    limits = [_number(group / "memory.max") for group in _groups(root, "cgroup2", "")]
    limits += [_number(group / "memory.limit_in_bytes") for group in _groups(root, "cgroup", "memory")]
    return min((limit for limit in limits if limit is not None), default=None)


def memory_limit_bytes(root: Path = Path("/")) -> int:
    """Bytes this process may use: the machine's memory, or less where a control group says so."""
    physical = _physical_bytes()
    limit = cgroup_memory_bytes(root)
    return physical if limit is None else min(limit, physical)


def _physical_bytes() -> int:
    """Asked of the system itself where it can be: psutil reads /proc, which need not be there."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        import psutil  # only here: it takes as long to import as all the rest that a profile is read with

        return int(psutil.virtual_memory().total)


def cores_under(cpus: Collection[int], root: Path = Path("/")) -> int | None:
    """Cores that so many CPUs are on: hyperthreads share one. None where the kernel does not tell of all of them (see
    Documentation/admin-guide/cputopology.rst)."""
    places = {_core(root / f"sys/devices/system/cpu/cpu{cpu}/topology") for cpu in cpus}
    return None if "" in places or not places else len(places)


def _core(topology: Path) -> str:
    """What the hyperthreads of one core have in common; empty where it is not told."""
    siblings = _read(topology / "thread_siblings_list")
    package, core = _read(topology / "physical_package_id"), _read(topology / "core_id")
    return siblings or (f"{package} {core}" if package and core else "")


def cpu_model(root: Path = Path("/")) -> str | None:
    """What the processor calls itself, by ``/proc/cpuinfo``; on Arm, which has no name there, its numbers. None where
    it does not say."""
    lines = (line.partition(":") for line in _read(root / "proc/cpuinfo").splitlines())
    told = {name.strip(): value.strip() for name, _, value in reversed(list(lines))}  # of several, the first
    named = next((told[name] for name in ("model name", "cpu model", "cpu", "uarch") if told.get(name)), None)
    numbers = [f"{name} {told[name]}" for name in ("CPU implementer", "CPU part", "CPU variant") if told.get(name)]
    return named or ", ".join(numbers) or None


def _allowed_cpus() -> set[int]:
    """CPUs the scheduler may put this process on; all of them where the platform does not tell."""
    every = set(range(os.cpu_count() or 1))
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    allowed = affinity(0) if affinity is not None else every
    count: Callable[[], int | None] | None = getattr(os, "process_cpu_count", None)
    return set(sorted(allowed)[: (count() if count is not None else None) or len(allowed)])


def _quota_v2(group: Path) -> float | None:
    quota_us, _, period_us = _read(group / "cpu.max").partition(" ")
    return _ratio(quota_us, period_us)


def _quota_v1(group: Path) -> float | None:
    return _ratio(_read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us"))


def _ratio(quota_us: str, period_us: str) -> float | None:
    """Quota over period; "max" and -1 mean no quota."""
    if not (quota_us.isdigit() and period_us.isdigit() and int(quota_us) and int(period_us)):
        return None
    return int(quota_us) / int(period_us)


def _number(path: Path) -> int | None:
    text = _read(path)
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    """The file's text, stripped; empty when it is missing or may not be read: then it sets no limit."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _groups(root: Path, fstype: str, controller: str) -> Iterator[Path]:
    """The folders of this process's group and its ancestors, in each mount that has ``controller``."""
    paths = _group_paths(_read(root / "proc/self/cgroup"))
    for mounted, mount_point in _mounts(_read(root / "proc/self/mountinfo"), fstype, controller):
        below = _below(mounted, paths.get(controller, PurePosixPath("/")))
        yield from (root / mount_point.lstrip("/") / group for group in (below, *below.parents))


def _group_paths(text: str) -> dict[str, PurePosixPath]:
    """From ``/proc/self/cgroup``: this process's group by controller; version 2 has an empty name."""
    fields = [line.split(":", 2) for line in text.splitlines() if line.count(":") >= 2]
    return {name: PurePosixPath(path) for _, names, path in fields for name in names.split(",")}


def _mounts(text: str, fstype: str, controller: str) -> Iterator[_Mount]:
    """From ``/proc/self/mountinfo``, see proc_pid_mountinfo(5)."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        mount, kind = before.split(), after.split()
        if len(mount) < 5 or len(kind) < 3 or kind[0] != fstype:
            continue
        if not controller or controller in kind[2].split(","):
            yield PurePosixPath(_unescape(mount[3])), _unescape(mount[4])


def _below(mounted: PurePosixPath, group: PurePosixPath) -> PurePosixPath:
    """Where the group lies below the mounted one; at that one itself when it lies outside."""
    inside = group.is_relative_to(mounted) and ".." not in group.parts
    return group.relative_to(mounted) if inside else PurePosixPath()


def _unescape(text: str) -> str:
    """The kernel writes blanks in paths as octal escapes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
