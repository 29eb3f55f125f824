"""The last seconds of a program that has a bit of everything."""

from __future__ import annotations

from typing import Any

import msgspec

from gilscope.records import Account, Environment, Ledger
from gilscope.records.programs import (
    Blame,
    BlockedLoop,
    FunctionAccount,
    HeldGil,
    LoopAccount,
    Place,
    ProcessAccount,
    ProgramRecord,
    ProgramVerdict,
    Sampling,
    ThreadAccount,
)

__all__ = ["make_live"]

ENVIRONMENT = Environment(
    python="3.13.1",
    implementation="CPython",
    gil_enabled=True,
    platform="Linux",
    machine="x86_64",
    cpus_usable=4,
    cpus_visible=4,
    gilscope="0",
)
TOKENIZE, SERVE, READ = (
    Place(function=name, file=f"/srv/app/{file}", line=line)
    for name, file, line in (
        ("tokenize", "text.py", 12),
        ("Server.answer", "web.py", 40),
        ("read_settings", "web.py", 7),
    )
)


def ledger(**states: float) -> Ledger:
    """Of these seconds; nothing of the others."""
    names = (
        "cpu_gil",
        "cpu_free",
        "gil_wait",
        "runqueue",
        "network",
        "disk",
        "sleep",
        "lock",
        "child",
        "other",
        "idle",
    )
    known = {f"{name}_s": states.get(name, 0.0) for name in names}
    cpu_s, wall_s = known["cpu_gil_s"] + known["cpu_free_s"], sum(known.values())
    blocked_s = wall_s - cpu_s - known["runqueue_s"]
    figures: dict[str, Any] = {"cpu_s": cpu_s, "blocked_s": blocked_s, **known}
    return Ledger(wall_s=wall_s, threads=1, samples=500, **figures)


def account(**states: float) -> Account:
    whole = ledger(**states)
    return Account(**{name: getattr(whole, name) for name in Account.__struct_fields__})


def make_live() -> ProgramRecord:
    """Five seconds: one thread computes, one serves and waits for it, an event loop is blocked, others rest."""
    computing, serving = ledger(cpu_gil=4.5, gil_wait=0.5), ledger(cpu_gil=0.4, gil_wait=3.6, network=1.0)
    looping, resting = ledger(sleep=1.5, gil_wait=0.5, idle=3.0), ledger(idle=5.0)
    unknown = msgspec.structs.replace(resting, idle_s=None, cpu_gil_s=None, cpu_free_s=None, gil_wait_s=None)
    whole = msgspec.structs.replace(
        ledger(cpu_gil=4.9, gil_wait=4.6, network=1.0, sleep=1.5, idle=13.0),
        gil_held_s=4.9,
        gil_observed_s=5.0,
        threads=5,
    )
    names = ("worker_0", "worker_1", "loop", "python", "native")
    accounts = (computing, serving, looping, resting, unknown)
    return ProgramRecord(
        created="2026-01-01T00:00:00+00:00",
        command="python -m app --port 8000",
        environment=ENVIRONMENT,
        watched_s=5.0,
        account=whole,
        processes=(
            ProcessAccount(
                pid=7, command="python -m app --port 8000", python="3.13.1", threads=5, watched_s=5.0, account=whole
            ),
            ProcessAccount(pid=8, parent=7, command="redis-server", threads=1, watched_s=5.0, unseen="it is no Python"),
        ),
        threads=tuple(
            ThreadAccount(pid=7, tid=7 + at, name=name, native=name == "native", account=each)
            for at, (name, each) in enumerate(zip(names, accounts, strict=True))
        ),
        threads_left_out=20,
        functions=(
            FunctionAccount(place=TOKENIZE, own=account(cpu_gil=4.5, gil_wait=0.5), samples=500, made_wait_s=4.1),
            FunctionAccount(place=SERVE, own=account(cpu_gil=0.4, gil_wait=3.6, network=1.0), samples=500),
            FunctionAccount(place=READ, own=account(sleep=1.5, idle=0.5), samples=200),
        ),
        blame=(
            Blame(waiting=SERVE, holding=TOKENIZE, waited_s=3.6, low_s=3.3, high_s=3.9),
            Blame(waiting=None, holding=None, waited_s=0.5, threads=2),
        ),
        holds=(
            HeldGil(place=TOKENIZE, count=900, held_s=4.5, p50_s=0.005, p99_s=0.006, longest_s=0.03, made_wait_s=4.1),
            HeldGil(
                place=SERVE, count=0, held_s=0.4, p50_s=0, p99_s=0, longest_s=0, blocked_s=0.1, blocked_in="network"
            ),
        ),
        loops=(
            LoopAccount(
                pid=7, tid=9, name="loop", observed_s=5.0, running_s=1.5,
                lag_p50_s=0.0, lag_p99_s=0.0497, lag_longest_s=0.0687,
                blocked=(
                    BlockedLoop(
                        place=READ, line=9, callback=SERVE, count=16, longest_s=0.0687, total_s=0.623, state="sleep"
                    ),
                ),
            ),
        ),
        sampling=Sampling(moments=500, asked_hz=100.0, achieved_hz=100.0, cpu_s=0.11),
        verdict=ProgramVerdict(
            limit="gil",
            sentence="Limited by the GIL: its GIL is held 98% of the time, and 0.92 threads wait for it.",
        ),
    )  # fmt: skip
