"""Accelerators, by captured descriptors and handmade demands: nothing here needs one."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gilscope.decide.accelerator import waiting_for_accelerator
from gilscope.decide.candidates import worker_counts
from gilscope.decide.classify import classify, compute_share
from gilscope.decide.demands import call_s, in_call_wall_s
from gilscope.decide.model import Model
from gilscope.decide.mva import bottleneck
from gilscope.decide.traits import Machine
from gilscope.observers.accelerators import in_use, named, opened_by
from gilscope.records import Classification, Demands
from tests.unit.decide_builders import BACKENDS, demands, measured, tried
from tests.unit.decide_builders import ledger as make_ledger

#: What ``ls -l /proc/PID/fd`` tells of a process that uses PyTorch on CUDA.
CUDA = [
    *("/dev/null", "pipe:[4711]", "/usr/lib/libcuda.so.550.54", "/dev/nvidiactl", "/dev/nvidia-uvm"),
    *("/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidia0", "/dev/nvidia1", "socket:[42]", "anon_inode:[eventfd]"),
]
ROCM = ["/dev/kfd", "/dev/dri/renderD128", "/dev/dri/card0", "anon_inode:dmabuf"]
DEVICE = ("/dev/nvidia0",)
#: Ten milliseconds, nearly all of them spent spinning in the driver.
SPINNING = demands(gil=5e-4, free=9.5e-3)


def test_devices_that_compute_are_told_from_those_that_control_or_draw() -> None:
    assert named(CUDA) == ("/dev/nvidia0", "/dev/nvidia1")
    assert named(ROCM) == ("/dev/dri/renderD128", "/dev/kfd")
    assert named(["/dev/nvidiactl", "/dev/nvidia-modeset", "/home/me/dev/nvidia0", ""]) == ()


def test_what_a_process_has_open_is_looked_up() -> None:
    with open(os.devnull):
        assert opened_by(os.getpid()) == ()
    assert opened_by(2**22 + 1) == ()


class _NoAnswerError(Exception):
    pass


def library(*busy: int, fails: bool = False) -> Any:
    """Like pynvml, for devices that are so busy, in percent."""

    def start() -> None:
        if fails:
            raise _NoAnswerError

    return SimpleNamespace(
        NVMLError=_NoAnswerError,
        nvmlInit=start,
        nvmlDeviceGetCount=lambda: len(busy),
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetMinorNumber=lambda handle: handle,
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=busy[handle]),
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(library(97), True), (library(0, 97), False), (library(), None), (library(97, fails=True), None), (None, None)],
)
def test_whether_it_is_in_use_is_asked_of_the_library_where_there_is_one(
    answers: Any, expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", answers)
    assert in_use(DEVICE) is expected


# -- what is made of it -----------------------------------------------------------------------------------------------


def judged(known: Demands) -> Classification:
    return classify(known, samples=500, accelerators=DEVICE)


def test_native_time_is_waiting_where_a_device_is_open() -> None:
    waiting = waiting_for_accelerator(SPINNING, DEVICE, used=None)
    assert waiting.accelerator_s == pytest.approx(9.5e-3)
    assert compute_share(waiting) == pytest.approx(0.05)
    assert call_s(waiting) == pytest.approx(call_s(SPINNING))
    assert in_call_wall_s(waiting) == pytest.approx(waiting.cpu_s + waiting.blocked_s)


@pytest.mark.parametrize(
    ("known", "devices", "used"),
    [
        (SPINNING, (), None),
        (SPINNING, DEVICE, False),
        (demands(gil=9.9e-3, free=1e-4), DEVICE, True),
        (Demands(wall_s=0.01, cpu_s=0.01), DEVICE, True),  # psutil tells no more
    ],
)
def test_without_a_device_or_use_of_it_computing_is_computing(
    known: Demands, devices: tuple[str, ...], used: bool | None
) -> None:
    assert waiting_for_accelerator(known, devices, used=used) is known


def test_calls_that_wait_for_an_accelerator_are_io_bound() -> None:
    assert (judged(SPINNING).label, judged(SPINNING).subtype) == ("compute-bound", "native")
    verdict = judged(waiting_for_accelerator(SPINNING, DEVICE, used=True))
    assert (verdict.label, verdict.subtype) == ("io-bound", "accelerator")
    assert "9.50 ms in native code or its driver is taken for waiting for /dev/nvidia0" in verdict.reason
    assert verdict.confidence <= 0.8
    asleep = waiting_for_accelerator(demands(gil=1e-3, other=9e-3), DEVICE, used=None)  # in an ioctl
    assert (judged(asleep).label, judged(asleep).subtype) == ("io-bound", "accelerator")


def test_calls_that_compute_as_well_are_mixed() -> None:
    assert judged(waiting_for_accelerator(demands(gil=5e-3, free=5e-3), DEVICE, used=True)).label == "mixed"


def test_one_device_is_one_server_that_more_workers_only_fill() -> None:
    machine = Machine(cpus=16.0, samples=500)
    device = Model(waiting_for_accelerator(SPINNING, DEVICE, used=True), machine, backends=BACKENDS)
    for shape in ("thread", "process"):
        stations = device.stations(shape, shape)
        rates = device.rates(stations, 64)
        assert rates[-1] == pytest.approx(1 / 9.5e-3, rel=0.01)
        assert bottleneck(stations, rates[-1], 64) == "accelerator"
    assert max(worker_counts(device, "thread", 64)) < max(
        worker_counts(Model(demands(gil=5e-4, sleep=9.5e-3), machine, backends=BACKENDS), "thread", 64)
    )
    alone = device.rates(device.stations("serial", "serial"), 1)[0]
    assert alone == pytest.approx(1 / call_s(SPINNING), rel=0.01)


def test_a_decision_rests_on_what_the_solo_run_has_open() -> None:
    spinning = tried("serial", (100.0, 100.0), ledger=make_ledger(gil=0.005, free=0.095, samples=500, calls=10))
    assert measured(spinning).classification.label == "compute-bound"
    assert measured(spinning, accelerators=DEVICE).classification.subtype == "accelerator"
    assert measured(spinning, accelerators=DEVICE, accelerators_used=False).classification.label == "compute-bound"
