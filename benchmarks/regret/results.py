"""The file with every cell, and what it was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import msgspec

from benchmarks.regret.harness import ROUND_S
from benchmarks.regret.judge import Judged

__all__ = ["Results", "load", "machine", "save"]


class Results(msgspec.Struct):
    """One run of the benchmark."""

    machine: str
    command: str
    date: str
    round_s: float = ROUND_S
    final_rounds: int = 0
    final_processes: int = 0
    missing: dict[str, str] = {}
    """Modules of workloads that could not be imported, and why."""
    functions: dict[str, Judged] = {}


def machine() -> str:
    """What it runs on, in words."""
    kernel = f"{platform.system()} {platform.release()}"
    return f"CPython {platform.python_version()}, {os.cpu_count()} CPUs ({_processor()}), {kernel}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def load(path: Path) -> Results:
    """A saved run."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def save(results: Results, path: Path) -> None:
    """Write it, a line for each function, so that two runs can be compared; all of it or nothing."""
    packed = msgspec.to_builtins(results)
    lines = [f'"{name}":{msgspec.json.encode(told).decode()}' for name, told in packed.pop("functions").items()]
    head = msgspec.json.encode(packed).decode().removesuffix("}")
    new = path.with_suffix(".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    new.write_text(f'{head},"functions":{{\n' + ",\n".join(lines) + "\n}}\n", encoding="utf-8")
    new.replace(path)
