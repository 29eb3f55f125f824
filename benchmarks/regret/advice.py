"""gilscope's advice, got as a user gets it: from the command line, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.regret.cells import QUEUES, Cell
from benchmarks.regret.harness import end_group
from benchmarks.regret.workload import Workload

__all__ = ["Advice", "Prediction", "advice_from", "ask", "cell_from"]

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120.0
#: What of the recommendation's backends is a cell.
_BACKENDS = {"serial", "thread", "process", "interpreter", "asyncio", *QUEUES}


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """What gilscope expected of a configuration that it measured, in calls per second."""

    backend: str
    workers: int
    predicted: float
    measured: float
    low: float | None = None
    """The ends of its interval; None where none was saved."""
    high: float | None = None
    model: float | None = None
    """By the model alone; None where that is what ``predicted`` is."""


class Advice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What gilscope said."""

    seconds: float
    """From starting the command to its end."""
    label: str | None = None
    """``label`` or ``label/subtype``."""
    cell: Cell | None = None
    confidence: float | None = None
    floor: float | None = None
    """The gap up to which it called configurations a tie; None where it measured no noise."""
    reason: str | None = None
    predictions: list[Prediction] = []
    failed: str | None = None
    """Why there is no configuration to measure."""


def ask(workload: Workload, *more: str) -> Advice:
    """Run ``gilscope analyze`` with its default budget, or with ``more`` options."""
    options = ["--inputs", workload.inputs_spec, "--json", "-q", "--no-progress"]
    command = [sys.executable, "-m", "gilscope", "analyze", workload.spec, *options, *more]
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            printed, errors = running.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return Advice(TIMEOUT_S, failed=f"no verdict within {TIMEOUT_S:g} s")
        finally:
            end_group(running, 0)
    seconds = round(time.perf_counter() - began, 3)
    try:
        return advice_from(json.loads(printed), seconds)
    except ValueError:
        last = (errors.strip().splitlines() or ["nothing was said"])[-1]
        return Advice(seconds, failed=f"exit status {running.returncode}: {last[:200]}")


def advice_from(record: dict[str, Any], seconds: float) -> Advice:
    """The parts of a saved result that are judged."""
    said, told = record["classification"], record["recommendation"]
    cell = cell_from(told)
    return Advice(
        seconds=seconds,
        label="/".join(part for part in (said["label"], said["subtype"]) if part),
        cell=cell,
        confidence=round(told["confidence"], 3),
        floor=(record.get("noise") or {}).get("floor"),
        reason=told["reason"],
        predictions=[_prediction(each) for each in record["predictions"] if each["measured_per_s"]],
        failed=None if cell else f"nothing that is a cell was recommended: {told['reason']}",
    )


def _prediction(told: dict[str, Any]) -> Prediction:
    return Prediction(
        told["backend"],
        told["workers"],
        told["throughput_per_s"],
        told["measured_per_s"],
        told.get("throughput_low"),
        told.get("throughput_high"),
        told.get("model_per_s"),
    )


def cell_from(recommendation: dict[str, Any]) -> Cell | None:
    """The recommended configuration as a cell; None where nothing, or nothing of the grid's kinds, was recommended."""
    backend = recommendation["backend"]
    if backend not in _BACKENDS or (backend == "asyncio" and recommendation["executor"]):
        return None
    if backend == "serial":
        return Cell("serial")
    chunksize = recommendation["chunksize"] or 1 if backend in ("process", "interpreter") else 1
    return Cell(backend, recommendation["workers"], chunksize, recommendation["start_method"])
