"""What the record says of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata

import pytest

import gilscope
from gilscope.introspection import gil_enabled
from gilscope.observers.cpus import CpuBudget, memory_limit_bytes
from gilscope.observers.environment import describe_environment, package_versions


def test_the_environment_is_this_one() -> None:
    environment = describe_environment(CpuBudget(0.5, 8, "cgroup quota of 0.5 CPUs"))
    assert environment.python == platform.python_version()
    assert environment.implementation == platform.python_implementation()
    assert (environment.cpus_usable, environment.cpus_visible) == (0.5, 8)
    assert environment.cpus_reason == "cgroup quota of 0.5 CPUs"
    assert environment.gilscope == gilscope.__version__
    assert environment.packages["psutil"] == metadata.version("psutil")
    assert environment.memory_limit_bytes == memory_limit_bytes()


def test_a_missing_package_is_left_out() -> None:
    assert package_versions(("no-such-package", "psutil")) == {"psutil": metadata.version("psutil")}


def test_the_interpreter_tells_whether_it_has_a_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert gil_enabled() is False
    monkeypatch.delattr(sys, "_is_gil_enabled")
    assert gil_enabled() is True


@pytest.mark.parametrize("error", [OSError("unobtainable"), AttributeError("getloadavg")])
def test_an_unknown_load_is_none(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse() -> tuple[float, float, float]:
        raise error

    monkeypatch.setattr(os, "getloadavg", refuse, raising=False)
    assert describe_environment(CpuBudget(1.0, 1, None)).load_average is None


def test_describing_imports_no_heavy_package() -> None:
    program = (
        "import sys\n"
        "from gilscope.observers.cpus import usable_cpus\n"
        "from gilscope.observers.environment import describe_environment\n"
        "describe_environment(usable_cpus(None))\n"
        "print({'numpy', 'pandas', 'rich', 'jinja2'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
