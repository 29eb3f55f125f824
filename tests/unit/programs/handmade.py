"""A program that was watched, made by hand: everything that can be told of one is told of it."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from gilscope.program_result import ProgramResult
from gilscope.records import STATES, Account, Classification, Environment, Lane, Ledger, Timeline
from gilscope.records.programs import (
    Advice,
    Blame,
    BlockedLoop,
    FunctionAccount,
    GilTrack,
    HeldGil,
    Holder,
    LockWaits,
    LoopAccount,
    Period,
    Place,
    ProcessAccount,
    ProgramVerdict,
    Sampling,
    StateStack,
    ThreadAccount,
)

__all__ = ["make_hostile_program", "make_program", "place"]

NASTY = "<script>alert(1)</script>\x1b[31m\u202e;\n\"'&"
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


def place(function: str, line: int = 10, file: str = "/srv/app/work.py") -> Place:
    return Place(function=function, file=file, line=line)


CRUNCH, SERVE, HANDLE, LOAD = place("crunch", 10), place("serve", 30), place("handle", 50), place("load", 70)


def _ledger(samples: int = 400, threads: int = 1, **seconds: float) -> Ledger:
    """Of these seconds by state, and none in any other; and of what else a ledger has."""
    states = {f"{state}_s": seconds.get(f"{state}_s", 0.0) for state in STATES}
    cpu_s, wall_s = states["cpu_gil_s"] + states["cpu_free_s"], sum(states.values())
    figures: dict[str, Any] = seconds | states
    return Ledger(
        wall_s=wall_s,
        cpu_s=cpu_s,
        blocked_s=wall_s - cpu_s - states["runqueue_s"],
        threads=threads,
        samples=samples,
        cpu_samples=samples // 2,
        blocked_samples=samples // 2,
        **figures,
    )


def _account(**seconds: float) -> Account:
    made = _ledger(400, 1, **seconds)
    return Account(**{name: getattr(made, name) for name in Account.__struct_fields__})


def _function(at: Place, own: Account, total: Account, label: str | None, made_wait_s: float = 0.0) -> FunctionAccount:
    judged = None if label is None else Classification(label=label, confidence=0.9, reason="as it was made")  # type: ignore[arg-type]
    return FunctionAccount(place=at, own=own, total=total, samples=200, classification=judged, made_wait_s=made_wait_s)


def _frame(at: Place) -> str:
    return f"{at.function} ({at.file}:{at.line + 2})"


def make_program(crunching: float = 1.0) -> ProgramResult:
    """Four seconds of a service, whose loop and worker wait for what a third thread computes, and of a process that it
    started.

    :param crunching: how much that thread does of what it does in four seconds
    """
    held, waited = 2.4 * crunching, 1.6 * crunching
    crunch = _account(cpu_gil_s=held, sleep_s=4.0 - held)
    main = _ledger(gil_wait_s=waited / 2, network_s=1.0, idle_s=3.0 - waited / 2)
    worker = _ledger(gil_wait_s=waited / 2, cpu_gil_s=0.4, lock_s=0.8, cpu_free_s=0.8, runqueue_s=2.0 - waited / 2)
    cruncher = _ledger(cpu_gil_s=held, sleep_s=4.0 - held)
    service = _ledger(
        threads=3,
        gil_wait_s=waited,
        network_s=1.0,
        lock_s=0.8,
        cpu_gil_s=held + 0.4,
        cpu_free_s=0.8,
        runqueue_s=2.0 - waited / 2,
        sleep_s=4.0 - held,
        idle_s=3.0 - waited / 2,
        gil_held_s=held + 0.4,
        gil_observed_s=4.0,
        longest_hold_s=0.08,
    )
    child = _ledger(cpu_free_s=1.0, disk_s=1.0, gil_held_s=0.2, gil_observed_s=2.0)
    return ProgramResult(
        created="2026-01-01T00:00:00+00:00",
        command="python -m app.service --port 8000",
        environment=ENVIRONMENT,
        watched_s=4.0,
        exit_status=0,
        account=msgspec.structs.replace(
            service, wall_s=service.wall_s + 2.0, cpu_s=service.cpu_s + 1.0, threads=4, disk_s=1.0, samples=1_600
        ),
        processes=(
            ProcessAccount(
                pid=12,
                parent=10,
                command="/usr/bin/python -c child",
                python="3.13.1",
                threads=1,
                watched_s=2.0,
                account=child,
                ended=True,
            ),
            ProcessAccount(
                pid=10,
                command="/usr/bin/python -m app.service",
                python="3.13.1",
                interpreters=1,
                threads=3,
                watched_s=4.0,
                account=service,
            ),
            ProcessAccount(pid=13, parent=12, command="/bin/sort", threads=1, watched_s=1.0),
        ),
        threads=(
            ThreadAccount(pid=10, tid=21, name="python", began_in=CRUNCH, account=cruncher),
            ThreadAccount(pid=10, tid=20, name="worker", account=worker),
            ThreadAccount(pid=10, tid=10, name="python", account=main),
            ThreadAccount(pid=12, tid=12, name="python", account=child),
        ),
        functions=(
            _function(CRUNCH, crunch, crunch, "compute-bound", waited),
            _function(
                SERVE,
                _account(gil_wait_s=waited / 2, network_s=1.0),
                _account(gil_wait_s=waited / 2, network_s=1.0),
                "io-bound",
            ),
            _function(
                HANDLE,
                _account(gil_wait_s=waited / 2, lock_s=0.8),
                _account(gil_wait_s=waited / 2, lock_s=0.8, cpu_gil_s=0.4),
                None,
            ),
            _function(LOAD, _account(cpu_free_s=1.0, disk_s=1.0), _account(cpu_free_s=1.0, disk_s=1.0), "mixed"),
        ),
        blame=(
            Blame(waiting=SERVE, holding=CRUNCH, waited_s=waited / 2, low_s=0.45 * waited, high_s=0.55 * waited),
            Blame(waiting=HANDLE, holding=CRUNCH, waited_s=0.4 * waited, low_s=0.35 * waited, high_s=0.45 * waited),
            Blame(waiting=HANDLE, holding=None, waited_s=0.1 * waited, low_s=0.07 * waited, high_s=0.13 * waited),
        ),
        holds=(
            HeldGil(
                place=CRUNCH,
                count=160,
                held_s=held,
                p50_s=0.005,
                p99_s=0.06,
                longest_s=0.08,
                longest_at_s=1.2,
                stack=(_frame(LOAD), _frame(CRUNCH)),
                made_wait_s=0.9 * waited,
                blocked_s=0.1,
                blocked_in="disk",
            ),
            HeldGil(place=HANDLE, count=0, held_s=0.4, p50_s=0.0, p99_s=0.0, longest_s=0.0),
        ),
        loops=(
            LoopAccount(
                pid=10,
                tid=10,
                name="python",
                observed_s=4.0,
                running_s=0.9,
                lag_p50_s=0.0,
                lag_p99_s=0.03,
                lag_longest_s=0.06,
                blocked=(
                    BlockedLoop(
                        place=SERVE,
                        line=33,
                        callback=HANDLE,
                        count=12,
                        longest_s=0.06,
                        total_s=0.5,
                        state="gil_wait",
                        stack=(_frame(HANDLE), _frame(SERVE)),
                    ),
                ),
            ),
            LoopAccount(pid=12, tid=12, observed_s=2.0, running_s=0.0),
        ),
        locks=(LockWaits(pid=10, address=0x7F00, waited_s=0.8, threads=1, waiting=((HANDLE, 0.8),)),),
        periods=tuple(
            Period(
                at_s=at / 10,
                lasted_s=0.1,
                gil_held_ratio=None if at == 7 else min(1.0, crunching * (0.65 + 0.05 * (at % 3))),
                gil_waiting=None if at == 7 else crunching * (0.3 + 0.1 * (at % 3)),
                cpus_used=1.0 + 0.1 * (at % 2),
                runqueue=0.4,
                threads=4,
            )
            for at in range(40)
        ),
        timeline=Timeline(
            wall_s=4.0,
            lanes=(
                Lane(pid=12, tid=12, edges_s=(0.0, 2.0, 4.0), states=("unknown", "disk")),
                Lane(pid=10, tid=10, edges_s=(0.0, 1.0, 2.0, 4.0), states=("network", "gil_wait", "idle")),
                Lane(pid=10, tid=21, edges_s=(0.0, 1.0, 3.0, 4.0), states=("sleep", "cpu_gil", "sleep")),
                Lane(pid=10, tid=20, edges_s=(0.0, 0.5, 2.5, 4.0), states=("lock", "gil_wait", "runqueue")),
            ),
        ),
        gils=(
            GilTrack(pid=12, edges_s=(0.0, 2.0, 4.0), holders=(None, 2)),
            GilTrack(pid=10, edges_s=(0.0, 1.0, 2.0, 3.0, 4.0), holders=(-1, 0, 1, -1)),
        ),
        holders=(
            Holder(place=CRUNCH, stack=(_frame(LOAD), _frame(CRUNCH))),
            Holder(place=HANDLE, stack=(_frame(LOAD), _frame(HANDLE))),
            Holder(place=None),
        ),
        stacks=(
            StateStack(frames=(_frame(LOAD), _frame(CRUNCH)), state="cpu_gil", seconds=held),
            StateStack(frames=(_frame(HANDLE), _frame(SERVE)), state="gil_wait", seconds=waited / 2),
            StateStack(frames=(_frame(HANDLE),), state="gil_wait", seconds=waited / 2),
            StateStack(frames=(_frame(LOAD),), state="cpu_free", seconds=1.8),
            StateStack(frames=(_frame(HANDLE),), state="lock", seconds=0.8),
            StateStack(frames=(_frame(SERVE),), state="idle", seconds=2.0),
        ),
        sampling=Sampling(moments=1_200, asked_hz=100.0, achieved_hz=98.0, missed=3, dropped=7, torn=1, cpu_s=0.05),
        verdict=ProgramVerdict(
            limit="gil",
            sentence="Limited by the GIL: its GIL is held 70% of the time, and 0.40 threads wait for it on average.",
            advice=(
                Advice(
                    name="gil-holder",
                    sentence="crunch holds the GIL and makes others wait 1.44 s for it.",
                    to_win_s=1.44,
                    place=CRUNCH,
                    command="gilscope analyze app.work:crunch",
                ),
            ),
        ),
    )


_NAMES = ("crunch", "serve", "handle", "load", "/srv/app/work.py", "worker", "/bin/sort", "python -m app.service")


def make_hostile_program() -> ProgramResult:
    """The same, each of its names one that is none."""
    return msgspec.convert(_hostile(msgspec.to_builtins(make_program())), ProgramResult)


def _hostile(told: Any) -> Any:
    if isinstance(told, str):
        return functools.reduce(lambda text, name: text.replace(name, NASTY), _NAMES, told)
    if isinstance(told, list | tuple):
        return [_hostile(each) for each in told]
    return {name: _hostile(each) for name, each in told.items()} if isinstance(told, dict) else told
