from __future__ import annotations

from dataclasses import replace

import pytest

from gilscope.decide.findings import RULES, Facts, findings
from gilscope.records import Environment, Failure, Instrument, Target

from . import decide_builders as make

ENVIRONMENT = Environment(
    python="3.13.0",
    implementation="CPython",
    gil_enabled=True,
    platform="Linux",
    machine="x86_64",
    cpus_usable=4.0,
    cpus_visible=4,
    gilscope="0",
)
QUIET = Facts(
    target=Target(spec="m:f", input_count=3),
    environment=ENVIRONMENT,
    instrument=Instrument(ledger_source="proc", gil_source="calibrated", observer_slowdown=1.01),
    classification=make.label("compute-bound", "python"),
    demands=make.demands(gil=0.1),
    trials=(make.trial("serial", (10, 10)), make.trial("process", (20, 20), pickle_s=1e-4, pickle_bytes=100)),
    output_bytes=0,
)


def environment(*, gil: bool = True, usable: float = 4.0, reason: str | None = None) -> Environment:
    return Environment(
        python="3.13.0",
        implementation="CPython",
        gil_enabled=gil,
        platform="Linux",
        machine="x86_64",
        cpus_usable=usable,
        cpus_visible=4,
        cpus_reason=reason,
        gilscope="0",
    )


def instrument(*, slowdown: float | None = None, reason: str | None = None) -> Instrument:
    return Instrument(ledger_source="psutil", gil_source="none", observer_slowdown=slowdown, reason=reason)


CASES = {
    "exceptions": (
        replace(QUIET, failure=Failure(type="KeyError", message="'a'", traceback="", count=3, calls=12)),
        "3 of 12 calls raised; the first: KeyError: 'a'",
    ),
    "not-picklable": (
        replace(QUIET, trials=(make.trial("process", status="refused", reason="cannot pickle 'lock'"),)),
        "cannot pickle 'lock'",
    ),
    "pickling-cost": (
        replace(QUIET, trials=(make.trial("process", (1, 1), pickle_s=0.05, pickle_bytes=8_000_000),)),
        "8 MB and 50 ms of pickling for a call of 100 ms",
    ),
    "gil-held-while-blocked": (
        replace(QUIET, demands=make.demands(gil=0.1, network=0.3, gil_held_off_cpu_s=0.2)),
        "for 200 ms of a call of 400 ms",
    ),
    "loop-blocked": (
        replace(QUIET, trials=(make.trial("asyncio", (1,), workers=4, loop_lag_p99_s=0.12, loop_lag_max_s=0.3),)),
        "asyncio × 4: its heartbeat was 120 ms late (p99), 300 ms (max)",
    ),
    "own-threads": (
        replace(QUIET, demands=make.demands(gil=0.1, lock=0.3, own_threads_cpu_s=0.9)),
        "they use 900 ms of CPU a call, the calling thread 100 ms",
    ),
    "task-too-small": (
        replace(
            QUIET,
            classification=make.label("overhead-bound"),
            demands=make.demands(gil=5e-6),
            dispatch_s={"thread": 2e-5, "process": 2e-4},
        ),
        "a call takes 5 µs; handing one over: process 200 µs, thread 20 µs",
    ),
    "cpus-limited": (
        replace(QUIET, environment=environment(usable=0.5, reason="cgroup quota of 0.5 CPUs")),
        "cgroup quota of 0.5 CPUs",
    ),
    "inputs-truncated": (
        replace(QUIET, target=Target(spec="m:f", inputs="m:ALL", input_count=1000, inputs_truncated=True)),
        "m:ALL had more than the 1000 taken",
    ),
    "generator-drained": (replace(QUIET, target=Target(spec="m:f", kind="generator")), "until the last item"),
    "much-output": (replace(QUIET, output_bytes=10**9), "1 GB in all"),
    "observer-slowdown": (replace(QUIET, instrument=instrument(slowdown=1.2)), "20% slower"),
    "no-gil": (replace(QUIET, environment=environment(gil=False)), "GIL disabled"),
    "instrument-fallback": (
        replace(QUIET, instrument=instrument(reason="/proc is not readable")),
        "ledger from psutil, GIL from none: /proc is not readable",
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_each_finding_is_found_alone_with_its_figures(code: str) -> None:
    facts, evidence = CASES[code]
    [found] = findings(facts)
    assert found.code == code
    assert evidence in found.evidence
    assert found.title
    assert found.advice


def test_every_rule_has_its_case() -> None:
    assert len(CASES) == len(RULES)


def test_a_quiet_analysis_has_no_findings() -> None:
    assert findings(QUIET) == ()


def test_what_is_unknown_is_not_a_finding() -> None:
    unknown = replace(QUIET, demands=make.undivided(cpu=0.1, blocked=0.1), output_bytes=None, trials=())
    assert findings(unknown) == ()
    assert findings(replace(unknown, demands=None)) == ()


def test_every_call_raising_is_an_error_and_some_a_warning() -> None:
    severities = [
        findings(replace(QUIET, failure=Failure(type="E", message="", traceback="", count=count, calls=4)))[0].severity
        for count in (1, 4)
    ]
    assert severities == ["warning", "error"]
