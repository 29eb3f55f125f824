"""Where a measurement was made: interpreter, platform, CPUs, load and the packages that matter."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Final

from gilscope.introspection import gil_enabled
from gilscope.observers.cpus import cpu_model, memory_limit_bytes
from gilscope.records import Environment
from gilscope.version import __version__

if TYPE_CHECKING:
    from gilscope.observers.cpus import CpuBudget

__all__ = ["describe_environment", "package_versions"]

#: The instruments, and the libraries that most often release the GIL or start threads.
PACKAGES: Final = ("py-spy", "psutil", "numpy", "pandas")


def describe_environment(cpu_budget: CpuBudget) -> Environment:
    """This interpreter and this machine, now."""
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        gil_enabled=gil_enabled(),
        platform=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpus_usable=cpu_budget.usable,
        cpus_visible=cpu_budget.visible,
        cpus_reason=cpu_budget.reason,
        cpu_model=cpu_model(),
        cpu_cores=cpu_budget.cores,
        memory_limit_bytes=memory_limit_bytes(),
        gilscope=__version__,
        packages=package_versions(PACKAGES),
        load_average=_load_average(),
    )


def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Versions of those installed, by name, read from their metadata: importing them would take long."""
    found = ((name, _version(name)) for name in names)
    return {name: version for name, version in found if version is not None}


def _version(name: str) -> str | None:
    from importlib import metadata  # takes as long as all else that an analysis begins with

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _load_average() -> float | None:
    """Runnable threads, averaged over a minute; None where the platform keeps no such figure."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None
