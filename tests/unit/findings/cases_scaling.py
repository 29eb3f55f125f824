"""Cases of the rules about the GIL, event loops, and why more workers stop helping."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gilscope.records import Histogram, InputGroup, Noise, Prediction, Trial

from .. import decide_builders as make
from .quiet import LOOP, QUIET, WAITING, Case, advised, environment, hot, pool, with_trials

NATIVE = replace(QUIET, classification=make.label("compute-bound", "native"), demands=make.demands(free=0.1))
HOLDING = replace(WAITING, demands=make.demands(gil=0.1, network=0.3, gil_held_off_cpu_s=0.2))
JSON = replace(QUIET, hot=(hot("json.loads", gil=0.9),), recommendation=advised("serial", 1))
#: 10 ms of Python and many short waits, 40 ms in all; alone 50 ms.
CHATTY = replace(
    WAITING,
    classification=make.label("mixed"),
    demands=make.demands(gil=0.01, network=0.04),
    recommendation=advised("thread", 4),
)
GROUPS = (
    InputGroup(name="a", inputs=150, example=0, call_s=0.001),
    InputGroup(name="b", inputs=150, example=9, call_s=0.2),
)
FLAT = replace(
    WAITING,
    predictions=(
        Prediction(backend="thread", workers=32, cpus=16, throughput_per_s=640),
        Prediction(backend="thread", workers=32, cpus=4, throughput_per_s=320, measured_per_s=82),
    ),
    recommendation=advised("thread", 8),
)


def flat(**last: Any) -> tuple[Trial, Trial]:
    """Threads at 8 and at 32 with the same throughput."""
    states = {"gil": 0.01, "network": 0.99} | last
    return (pool("thread", 8, 80, gil=0.01, network=0.99), pool("thread", 32, 82, **states))


CASES = {
    "gil-held-while-blocked": Case(
        replace(HOLDING, hot=(hot("driver.execute", wait=0.6, gil=0.5),)),
        ("for 200 ms of a call of 400 ms", "load (app.py:17), calling driver.execute"),
        replace(HOLDING, demands=make.demands(gil=0.1, network=0.3, gil_held_off_cpu_s=0.03)),
    ),
    "long-gil-holds": Case(
        with_trials(
            JSON,
            pool("thread", 4, 10, held=1.0, gil=0.25, gil_wait=0.75, longest_hold_s=0.128),
            pool("asyncio", 2, 10, held=1.0, gil=0.5, gil_wait=0.5, loop_lag_p99_s=0.04, loop_lag_max_s=0.131),
        ),
        ("thread × 4: one thread held the GIL for 128 ms", "calling json.loads", "up to 131 ms late"),
        with_trials(JSON, pool("thread", 4, 10, held=1.0, gil=0.25, gil_wait=0.75, longest_hold_s=0.007)),
    ),
    "convoy": Case(
        with_trials(CHATTY, pool("thread", 4, 30, held=0.3, gil=0.1, network=0.4, gil_wait=0.8)),
        (
            "thread × 4: a call waited 80.0 ms for the GIL",
            "one queue of such calls would cost 8.03 ms; alone it takes 50.0 ms",
        ),
        # Sixteen threads with a tenth of a second of Python each wait long, as the model says.
        with_trials(
            replace(CHATTY, demands=make.demands(gil=0.03, network=0.02)),
            pool("thread", 16, 33, held=1.0, gil=0.3, network=0.2, gil_wait=4.3),
        ),
    ),
    "loop-blocked": Case(
        replace(
            with_trials(LOOP, pool("asyncio", 4, 10, gil=0.1, sleep=0.9, loop_lag_p99_s=0.12, loop_lag_max_s=0.3)),
            hot=(hot(None, wait=0.95, file="/lib/selectors.py"), hot("time.sleep", wait=0.9)),
            demands=make.demands(gil=0.04, sleep=0.06),
            recommendation=advised("serial", 1),
        ),
        (
            "asyncio × 4: its heartbeat was 120 ms late (p99), 300 ms (max)",
            "blocked most often in load (app.py:17), calling time.sleep",
        ),
        # A thousand short steps in a row: the loop is full, and that is what it is for.
        with_trials(LOOP, pool("asyncio", 1024, 900, gil=0.9, network=0.1, loop_lag_p99_s=0.12)),
        advice=("Await asyncio.sleep instead",),
    ),
    "default-pool-small": Case(
        with_trials(LOOP, pool("asyncio", 64, 60, network=1.0, default_pool_threads=6, latency_p50_s=1.05)),
        ("asyncio × 64: 64 calls at a time shared the 6 threads", "took 1.05 s (median), alone 100 ms"),
        # The CPUs are what is short: more threads would not help.
        with_trials(
            replace(LOOP, demands=make.demands(free=0.09, network=0.01)),
            pool("asyncio", 64, 43, network=1.0, default_pool_threads=6, latency_p50_s=1.5),
        ),
        advice=("set_default_executor(ThreadPoolExecutor(64))",),
    ),
    "native-async": Case(
        replace(WAITING, hot=(hot("urllib.request.urlopen", wait=0.95),)),
        (
            "95% of the samples were blocked in load (app.py:17), calling urllib.request.urlopen",
            "1.00 ms is CPU",
            "99.0 ms",
        ),
        replace(WAITING, hot=(hot("some.driver.query", wait=0.95),)),
        advice=("httpx.AsyncClient", "about 100 calls at once, 1,000/s"),
    ),
    "lock-bound": Case(
        with_trials(WAITING, pool("thread", 8, 11, gil=0.01, network=0.99, lock=7.0)),
        ("thread × 8: 87% of the time inside calls", "1 of 8 workers were at work"),
        # A call that waits as long for a lock when it is alone waits for its native threads.
        with_trials(
            replace(WAITING, demands=make.demands(gil=0.01, lock=0.8)),
            pool("thread", 8, 80, gil=0.1, lock=8.0),
        ),
        advice=("More than 1 worker does not help",),
    ),
    "resource-limit": Case(
        with_trials(FLAT, *flat()),
        ("thread × 8: 80.0/s, thread × 32: 82.0/s", "the GIL was held for 5% of the time", "2% busy", "expects 320/s"),
        with_trials(FLAT, *flat(held=0.95)),
        advice=("8 workers are enough",),
    ),
    "cpu-inflation": Case(
        with_trials(
            replace(
                QUIET, demands=make.demands(free=0.1), noise=Noise(backend="process", workers=4, ratio=1, floor=0.1)
            ),
            pool("process", 2, 20, free=1.02, pickle_s=1e-4, pickle_bytes=100),
            pool("process", 4, 26, free=1.5, pickle_s=1e-4, pickle_bytes=100),
        ),
        ("process × 4: 150 ms of CPU a call, alone 100 ms (+50%)", "not yet with 2 workers"),
        with_trials(
            replace(
                QUIET, demands=make.demands(free=0.1), noise=Noise(backend="process", workers=4, ratio=1, floor=0.6)
            ),
            pool("process", 4, 26, free=1.5),
        ),
    ),
    "gil-enabled-by-import": Case(
        replace(QUIET, environment=environment(gil_enabled_by="lxml.etree")),
        ("lxml.etree, in a build of Python 3.13.0 that can do without",),
        QUIET,
    ),
    "no-gil": Case(
        replace(QUIET, environment=environment(gil_enabled=False)),
        ("CPython 3.13.0, GIL disabled",),
        QUIET,
    ),
}
#: Of 20 ms at most.
SHORT_CALLS = Histogram(edges_s=(0.001, 0.01, 0.02, 0.2), counts=(90, 10, 0))
#: What must not be taken for a finding, though it looks like one: the code, and why it is none.
FALSE_ALARMS = {
    "two samples show a long hold": (
        "long-gil-holds",
        with_trials(
            JSON, make.trial("thread", (10,), workers=4, ledger=make.ledger(gil=0.6, samples=3, longest_hold_s=0.4))
        ),
    ),
    "no call is as long as the hold": (
        "long-gil-holds",
        with_trials(JSON, pool("thread", 4, 10, held=1.0, gil=0.25, longest_hold_s=0.128, latencies=SHORT_CALLS)),
    ),
    "no four calls beside a loop are as long as its lag": (
        "loop-blocked",
        with_trials(QUIET, pool("asyncio", 4, 10, held=1.0, gil=1.0, loop_lag_p99_s=0.12, latencies=SHORT_CALLS)),
    ),
    "a busy machine makes threads wait for the GIL": (
        "convoy",
        with_trials(CHATTY, pool("thread", 4, 30, gil=0.1, network=0.4, gil_wait=0.8, runqueue=0.4)),
    ),
    "a convoy needs samples": (
        "convoy",
        with_trials(
            CHATTY,
            make.trial("thread", (30,), workers=4, ledger=make.ledger(gil=0.1, network=0.4, gil_wait=0.8, samples=20)),
        ),
    ),
    "the rounds had fewer calls than workers": (
        "resource-limit",
        with_trials(
            FLAT,
            pool("thread", 128, 80, gil=0.01, network=0.99),
            pool("thread", 512, 80, gil=0.01, network=0.99),
        ),
    ),
    "the machine itself is busy": ("resource-limit", with_trials(FLAT, *flat(runqueue=0.5))),
    "a lock is said to be a lock": ("resource-limit", with_trials(FLAT, *flat(lock=3.0))),
    "the noise hides a doubling": (
        "resource-limit",
        replace(
            with_trials(FLAT, *flat()),
            noise=Noise(backend="thread", workers=8, ratio=1.5, floor=0.4),
        ),
    ),
    "threads of asyncio.to_thread are said to be that": (
        "resource-limit",
        with_trials(
            LOOP,
            pool("asyncio", 6, 60, network=1.0, default_pool_threads=6),
            pool("asyncio", 64, 60, network=1.0, default_pool_threads=6, latency_p50_s=1.05),
        ),
    ),
    "threads that contend burn CPU by it": (
        "cpu-inflation",
        with_trials(QUIET, pool("thread", 4, 10, held=1.0, gil=1.5, gil_wait=3.0)),
    ),
    "the throughput has no room for it": (
        "cpu-inflation",
        with_trials(NATIVE, pool("process", 4, 38, free=1.5)),
    ),
    "calls of other kinds were watched": (
        "cpu-inflation",
        replace(
            with_trials(QUIET, pool("process", 4, 26, free=1.5)),
            groups=GROUPS,
        ),
    ),
    "a library's threads meet at locks": (
        "lock-bound",
        with_trials(
            replace(WAITING, demands=make.demands(gil=0.01, network=0.09, own_threads_cpu_s=0.3)),
            pool("thread", 8, 11, gil=0.01, network=0.99, lock=7.0),
        ),
    ),
    "a call that computes leaves a loop no room": (
        "native-async",
        replace(
            WAITING,
            demands=make.demands(gil=0.05, network=0.05),
            hot=(hot("urllib.request.urlopen", wait=0.5),),
        ),
    ),
}
