"""Functions of PyTorch on a GPU. Library, driver and model are loaded by the first call of a process."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from typing import Any

from benchmarks.regret.workload import workload

if importlib.util.find_spec("torch") is None or not os.path.exists("/dev/nvidiactl"):
    raise ImportError("there is no PyTorch with a GPU")

NUMBERS = list(range(1, 9))
#: To wait for the device is to turn on a CPU with the GIL let go, or to sleep in the driver, as the driver likes.
WAITS = "compute-bound | io-bound | mixed"


@cache
def _torch() -> Any:
    import torch

    torch.manual_seed(0)
    return torch


@cache
def _square(side: int) -> Any:
    return _torch().rand(side, side, device="cuda")


@workload(inputs="NUMBERS", expect=WAITS, kind="GPU", why="one device: more workers only keep its queue full")
def gpu_matmul(number: int) -> float:
    square = _square(4096)
    return float((square @ square * number).sum().item())


@workload(
    inputs="NUMBERS",
    expect="compute-bound",
    kind="GPU",
    why="hundreds of small kernels: Python that launches them is what takes the time",
)
def gpu_small_kernels(number: int) -> float:
    row = _square(64)
    for _ in range(300):
        row = row * 0.5 + number
    return float(row.sum().item())


@cache
def _model() -> Any:
    layers = _torch().nn
    parts = [
        layers.Linear(1024, 4096),
        layers.ReLU(),
        layers.Linear(4096, 4096),
        layers.ReLU(),
        layers.Linear(4096, 16),
    ]
    return layers.Sequential(*parts).cuda().eval()


@workload(inputs="NUMBERS", expect=WAITS, kind="GPU", why="inference of a batch that is made on the host")
def gpu_inference(number: int) -> list[int]:
    torch = _torch()
    with torch.inference_mode():
        batch = torch.full((2048, 1024), 1 / number).cuda()
        found: list[int] = _model()(batch).argmax(1).tolist()
    return found


@workload(inputs="NUMBERS", expect=WAITS, kind="GPU", why="32 MB to the device and back: the bus, and pageable memory")
def gpu_transfer(number: int) -> int:
    back = (_torch().ones(8_000_000) * number).cuda().neg_().cpu()
    return int(back[-1].item())


TEXTS = [" ".join(f"word{(place * seed) % 9973}" for place in range(12_000)) for seed in NUMBERS]


@workload(
    inputs="TEXTS",
    expect="compute-bound/python",
    kind="GPU",
    why="tokenizing in Python beside a device that has little to do",
)
def gpu_tokenize(text: str) -> float:
    vocabulary: dict[str, int] = {}
    ids = [vocabulary.setdefault(word.lower().strip(".,"), len(vocabulary)) for word in text.split()]
    return float(_square(4096)[_torch().tensor(ids, device="cuda") % 4096].mean().item())
