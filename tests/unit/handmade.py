"""Results made by hand, for tests that need one and nothing measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gilscope.decide.traits import way_of
from gilscope.records import (
    Alternative,
    BreakEven,
    Classification,
    Demands,
    Environment,
    Failure,
    Finding,
    GivenInputs,
    Histogram,
    HotLine,
    InputGroup,
    Instrument,
    Lane,
    Ledger,
    Noise,
    Prediction,
    Recommendation,
    Round,
    Stack,
    Target,
    Timeline,
    Trial,
)
from gilscope.result import Result

CREATED = "2025-01-02T03:04:05Z"
CODE = """\
from concurrent.futures import ProcessPoolExecutor

if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(is_prime, inputs))
"""
STATE_FIELDS = (
    *("cpu_gil_s", "cpu_free_s", "gil_wait_s", "runqueue_s", "network_s", "disk_s", "sleep_s", "lock_s"),
    *("child_s", "other_s", "idle_s"),
)


def make_ledger(wall_s: float = 2.0, **seconds: Any) -> Ledger:
    """A ledger that conserves: what the named states leave of ``wall_s`` was on the CPU with the GIL."""
    states = {name: seconds.pop(name, 0.0) for name in STATE_FIELDS if name != "cpu_gil_s"}
    cpu_gil_s = seconds.pop("cpu_gil_s", wall_s - sum(value or 0.0 for value in states.values()))
    cpu_s = (cpu_gil_s or 0.0) + (states["cpu_free_s"] or 0.0)
    fields = {
        "cpu_s": cpu_s,
        "blocked_s": wall_s - cpu_s - (states["runqueue_s"] or 0.0),
        "threads": 1,
        "samples": 900,
        "calls": 6,
        "gil_held_s": cpu_gil_s,
        "gil_observed_s": wall_s,
        "longest_hold_s": 0.031,
        "own_threads_cpu_s": 0.0,
        "children_cpu_s": 0.0,
        "gil_held_off_cpu_s": 0.0,
        "driver_cpu_s": 0.004,
        **states,
    }
    return Ledger(wall_s=wall_s, cpu_gil_s=cpu_gil_s, **(fields | seconds))


def make_round(index: int = 0, **changes: Any) -> Round:
    """A clean round of six calls in two seconds."""
    fields: dict[str, Any] = {
        "observed": False,
        "calls": 6,
        "errors": 0,
        "wall_s": 2.0 + index / 100,
        "work_s": 2.0,
        "latency_p50_s": 0.33,
        "latency_p99_s": 0.41,
    }
    return Round(index=index, **(fields | changes))


def make_trial(backend: str = "serial", workers: int = 1, **changes: Any) -> Trial:
    """A trial that went well: two clean rounds and an observed one."""
    fields: dict[str, Any] = {
        "rounds": (make_round(0), make_round(1), make_round(2, observed=True)),
        "calls": 18,
        "throughput_per_s": 3.0,
        "throughput_low": 2.9,
        "throughput_high": 3.1,
        "speedup": 1.0,
        "startup_s": 0.012,
        "latency_p50_s": 0.33,
        "latency_p99_s": 0.41,
        "memory_per_worker_bytes": 21 * 2**20,
        "observer_slowdown": 1.012,
        "ledger": make_ledger(),
    }
    return Trial(backend=backend, workers=workers, **(fields | way_of(backend, "sync")._asdict() | changes))


def make_timeline(lanes: int = 2, turns: int = 6) -> Timeline:
    """Threads that take turns with the GIL, each waiting for it meanwhile."""
    edges = tuple(turn / 100 for turn in range(turns + 1))
    return Timeline(
        wall_s=edges[-1],
        lanes=tuple(
            Lane(
                pid=7,
                tid=100 + at,
                edges_s=edges,
                states=tuple("cpu_gil" if turn % lanes == at else "gil_wait" for turn in range(turns)),
            )
            for at in range(lanes)
        ),
    )


def make_trials() -> tuple[Trial, ...]:
    """Serial, threads that wait for the GIL, processes that do not, an event loop, and a refusal."""
    waiting = make_ledger(4.0, gil_wait_s=1.95, runqueue_s=0.03, lock_s=0.005, idle_s=0.015, threads=2)
    apart = make_ledger(4.0, runqueue_s=0.21, idle_s=0.09, network_s=0.002, threads=2)
    return (
        make_trial(),
        make_trial("thread", 2, speedup=0.98, throughput_per_s=2.94, ledger=waiting),
        make_trial(
            *("process", 2),
            start_method="spawn",
            calls=120,
            memory_bytes=63 * 2**20,
            speedup=1.91,
            throughput_per_s=5.73,
            throughput_low=5.4,
            throughput_high=6.0,
            pickle_bytes=74,
            pickle_s=3.1e-6,
            ledger=apart,
        ),
        make_trial("asyncio", 2, speedup=0.97, throughput_per_s=2.91, loop_lag_p99_s=0.011, ledger=waiting),
        Trial(
            backend="interpreter",
            runner="plain",
            executor="interpreter",
            workers=2,
            status="refused",
            reason="needs Python 3.14 or later",
        ),
    )


def make_environment(**changes: Any) -> Environment:
    """A small Linux machine under a quota."""
    fields: dict[str, Any] = {
        "python": "3.12.1",
        "implementation": "CPython",
        "gil_enabled": True,
        "platform": "Linux 6.1",
        "machine": "x86_64",
        "cpus_usable": 2.0,
        "cpus_visible": 4,
        "cpus_reason": "cgroup quota",
        "memory_limit_bytes": 2 * 2**30,
        "gilscope": "0.1.0",
        "packages": {"numpy": "2.1.0"},
        "load_average": 0.4,
    }
    return Environment(**(fields | changes))


def make_instrument(**changes: Any) -> Instrument:
    """The full instrument."""
    fields: dict[str, Any] = {
        "ledger_source": "proc",
        "gil_source": "calibrated",
        "hot_source": "py-spy",
        "rate_asked_hz": 500.0,
        "rate_achieved_hz": 496.3,
        "missed": 12,
        "read_errors": 0,
        "sampler_cpu_s": 0.3,
        "sampled_s": 10.0,
        "observer_slowdown": 1.012,
    }
    return Instrument(**(fields | changes))


def make_recommendation(**changes: Any) -> Recommendation:
    """A process pool of two."""
    fields: dict[str, Any] = {
        "backend": "process",
        "workers": 2,
        "chunksize": 1,
        "start_method": "spawn",
        "speedup": 1.91,
        "speedup_low": 1.8,
        "speedup_high": 2.0,
        "confidence": 0.95,
        "reason": "It was the fastest in every round",
        "code": CODE,
        "alternatives": (
            Alternative(backend="thread", workers=2, speedup=0.98, why_not="its threads waited 49% for the GIL"),
            Alternative(backend="serial", workers=1, speedup=1.0, why_not="it uses one of 2 CPUs"),
        ),
    }
    told = fields | changes
    return Recommendation(**(way_of(told["backend"], "sync")._asdict() | told if told["backend"] else told))


def make_classification(**changes: Any) -> Classification:
    """Pure Python."""
    fields: dict[str, Any] = {
        "label": "compute-bound",
        "subtype": "python",
        "cpu_utilization": 0.998,
        "wait_ratio": 0.002,
        "gil_held_ratio": 0.994,
        "confidence": 1.0,
        "reason": "Alone it was on the CPU for >99% of the time, nearly always holding the GIL",
    }
    return Classification(**(fields | changes))


@dataclass(frozen=True)
class _Extras:
    """What surrounds the trials in `make_result`."""

    demands = Demands(wall_s=0.333, cpu_s=0.332, blocked_s=0.001, cpu_gil_s=0.331, cpu_free_s=0.001, calls=18)
    predictions = (
        Prediction(backend="process", workers=2, cpus=2, throughput_per_s=5.9, measured_per_s=5.73, bottleneck="cpu"),
        Prediction(backend="process", workers=16, cpus=16, throughput_per_s=44.0, bottleneck="pickling"),
        Prediction(
            backend="process", workers=8, threads_per_process=4, cpus=64, throughput_per_s=61.0, bottleneck="gil"
        ),
        Prediction(
            backend="thread",
            workers=2,
            cpus=2,
            gil_enabled=False,
            throughput_per_s=5.8,
            throughput_low=5.5,
            throughput_high=6.1,
        ),
    )
    noise = Noise(backend="process", workers=2, ratio=0.97, round_spread=0.04, floor=0.06)
    break_even = (
        BreakEven(backend="thread", workers=2, dispatch_s=2e-5, startup_s=0.001),
        BreakEven(backend="process", workers=2, dispatch_s=2.4e-4, pickle_s=3e-6, startup_s=0.31, call_s=7e-4, calls=2),
    )
    groups = (
        InputGroup(name="calls of about 2 ms, mostly computing", inputs=4, example=3, call_s=0.002, cpu_share=0.99),
        InputGroup(name="calls of about 1 s, mostly waiting", inputs=2, example=1, call_s=1.0, label="io-bound"),
    )
    hot = (HotLine(function="is_prime", file="/src/app/primes.py", line=17, gil_share=0.93, cpu_share=0.94),)
    findings = (
        Finding(
            code="few-inputs",
            severity="warning",
            title="There are only 6 inputs",
            evidence="The last worker was idle for 9% of the time.",
            advice="Give more inputs to see what a long run gains.",
            page="docs/findings/few-inputs.md",
        ),
    )
    failure = Failure(
        type="ValueError",
        message="not a number",
        traceback='Traceback (most recent call last):\n  File "primes.py", line 17\nValueError: not a number',
        count=3,
        calls=90,
    )


def make_result(**changes: Any) -> Result:
    """A full result: every part of the record is there."""
    fields: dict[str, Any] = {
        "created": CREATED,
        "target": Target(
            spec="app.primes:is_prime",
            file="/src/app/primes.py",
            line=12,
            inputs="app.primes:PRIMES",
            input_count=6,
        ),
        "environment": make_environment(),
        "instrument": make_instrument(),
        "settings": {"budget_s": 10.0, "backends": ["serial", "thread", "process"], "seed": None},
        "elapsed_s": 9.4,
        "calls_made": 96,
        "demands": _Extras.demands,
        "classification": make_classification(),
        "recommendation": make_recommendation(),
        "trials": make_trials(),
        "predictions": _Extras.predictions,
        "noise": _Extras.noise,
        "break_even": _Extras.break_even,
        "groups": _Extras.groups,
        "hot": _Extras.hot,
        "findings": _Extras.findings,
        "failure": _Extras.failure,
        "output": "checking 112272535095293\n",
    }
    return Result(**(fields | changes))


def make_full() -> Result:
    """Every section of a report has something to show."""
    spread = Histogram(edges_s=(0.1, 0.2, 0.4, 0.8), counts=(3, 20, 2))
    more = (
        make_trial("thread", 4, throughput_per_s=2.9, timeline=make_timeline(), latencies=spread),
        make_trial("thread", 8, throughput_per_s=2.8, timeline=make_timeline(8, 40), latencies=spread),
    )
    stacks = (
        Stack(frames=("main (app.py:3)", "is_prime (app.py:17)"), samples=60, gil_samples=58),
        Stack(frames=("main (app.py:3)", "load (app.py:9)", "read (io.py:4)"), samples=30, gil_samples=2),
    )
    model = tuple(
        Prediction(backend="thread", workers=workers, cpus=2, throughput_per_s=3.0, bottleneck="gil")
        for workers in (2, 4, 8)
    )
    hot = (HotLine(function="f", file="app.py", line=17, gil_share=0.9, cpu_share=0.9, source="if n % divisor == 0:"),)
    return make_result(
        trials=(*make_trials(), *more),
        predictions=(*_Extras.predictions, *model),
        recommendation=make_recommendation(other_code="await_it()"),
        hot=hot,
        stacks=stacks,
        given=GivenInputs(inputs=6, workers=2, waves=3, serial_s=2.0, startup_s=0.31, takes_s=1.36),
    )


def make_hostile(text: str) -> Result:
    """A full result with ``text`` in every place where a stranger's words can stand."""
    whole = make_result()
    finding = Finding(code="x", severity="error", title=text, evidence=text, advice=text)
    return make_result(
        target=Target(spec=f"app:{text}", file=text, line=1, inputs=text, input_count=1),
        environment=make_environment(packages={text: text}, cpus_reason=text, platform=text),
        instrument=make_instrument(reason=text),
        settings={text: text},
        classification=make_classification(reason=text),
        recommendation=make_recommendation(
            reason=text,
            code=text,
            other_code=f"{text}!",
            setup=text,
            native_variables=(text,),
            alternatives=(Alternative(backend=text, workers=2, speedup=None, why_not=text),),
        ),
        trials=(
            *whole.trials,
            Trial(backend=text, runner="plain", executor=text, workers=2, status="failed", reason=text),
        ),
        hot=(HotLine(function=text, file=text, line=1, gil_share=0.5, cpu_share=None),),
        findings=(finding,),
        failure=Failure(type=text, message=text, traceback=text, count=1, calls=1),
        output=text,
    )
