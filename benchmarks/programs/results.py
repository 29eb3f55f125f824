"""What was measured, part by part: a file for each, with the command and the machine, and the page drawn of them."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.programs.cost import Cost, OwnCpu
from benchmarks.programs.latency import Latency
from benchmarks.programs.memory import Kept
from benchmarks.programs.truth import Row
from benchmarks.regret.results import machine
from gilscope import __version__

__all__ = ["RESUME", "Part", "load", "part_of", "save"]

RESUME = "--resume"


class Part(msgspec.Struct):
    """What one part measured."""

    part: str
    """Its name, and of truth, which each version has of its own, ``-`` and the version."""
    command: str
    machine: str
    gilscope: str
    date: str
    seconds: float
    rows: list[Row] = []
    costs: list[Cost] = []
    own: list[OwnCpu] = []
    latencies: list[Latency] = []
    kept: list[Kept] = []


def part_of(name: str, seconds: float, folder: Path, resume: bool) -> Part:
    """One that begins now, or goes on where the same command was cut off.

    :param resume: whether it goes on
    """
    words = [word for word in sys.argv[1:] if word != RESUME]
    command = " ".join(["python -m benchmarks.programs", *words])
    if resume:
        cut = [part for part in load(folder, [name]) if part.part == name and part.command == command]
        if cut:
            return cut[0]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Part(name, command, machine(), __version__, today, seconds)


def save(part: Part, folder: Path) -> None:
    """All of it or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{part.part}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(part), indent=1) + b"\n")
    new.replace(folder / f"{part.part}.json")


def load(folder: Path, names: Sequence[str]) -> list[Part]:
    """Those that were saved, in this order; with those of a version alone."""
    paths = [path for name in names for path in (folder / f"{name}.json", *sorted(folder.glob(f"{name}-*.json")))]
    return [msgspec.json.decode(path.read_bytes(), type=Part) for path in paths if path.exists()]
