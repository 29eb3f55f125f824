"""Accelerators: which a process has open, and whether they are in use.

A process that computes on one keeps its device open from its first use on: CUDA opens ``/dev/nvidia0`` and its like,
ROCm ``/dev/kfd`` and ``/dev/dri/renderD128``. A thread that waits for one spins in the driver or sleeps in a system
call on the device; nothing that is seen from outside tells the first from computing.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["in_use", "named", "opened_by"]

_DEVICE = re.compile(r"/dev/(?:nvidia[0-9]+|kfd|dri/renderD[0-9]+)")
#: A process has so many descriptors looked at: drivers are loaded early, and theirs are low.
MOST_LOOKED_AT = 1024


def named(links: Iterable[str]) -> tuple[str, ...]:
    """Those among what descriptors lead to, in order and once each; not what only controls or draws."""
    return tuple(sorted({link for link in links if _DEVICE.fullmatch(link)}))


def opened_by(pid: int) -> tuple[str, ...]:
    """Those that a process has open; none where that may not be seen."""
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = sorted(os.listdir(folder), key=int)[:MOST_LOOKED_AT]
    except OSError:
        return ()
    return named(_link(f"{folder}/{descriptor}") for descriptor in descriptors)


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""  # closed since


def in_use(devices: Sequence[str]) -> bool | None:
    """Whether any of these was at work within about the last second, by NVIDIA's management library; None where
    ``nvidia-ml-py`` is not installed, or does not know."""
    try:
        library: Any = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        library.nvmlInit()
        handles = [library.nvmlDeviceGetHandleByIndex(number) for number in range(library.nvmlDeviceGetCount())]
        ours = [each for each in handles if f"/dev/nvidia{library.nvmlDeviceGetMinorNumber(each)}" in devices]
        return any(library.nvmlDeviceGetUtilizationRates(each).gpu > 0 for each in ours) if ours else None
    except library.NVMLError:
        return None
