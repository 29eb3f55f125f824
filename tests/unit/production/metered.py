"""What processes have seen, for the tests of what is exported of it."""

from __future__ import annotations

from gilscope.production.delays import Delays
from gilscope.production.observed import Observed
from gilscope.production.on_loops import OnLoops
from gilscope.production.sketch import bucket
from tests.unit.production.profiles import make_profile

__all__ = ["CALLS", "COROUTINE", "CPU", "DURATION", "LAG", "NEVER_CALLED", "STATES", "WALL", "WATCHED"]

NEVER_CALLED = make_profile(spec="shop.orders:idle", name="idle", calls=0, wall_s=0.0)
#: A fourth of the time computing, a half awaiting a socket; ten of its hundred calls kept the loop for 20 ms.
COROUTINE = make_profile(
    spec="shop.web:get",
    name="get",
    kind="coroutine",
    errors=3,
    clocked_cpu_s=0.25,
    clocked_runqueue_s=0.125,
    timed_awaited_s=0.5,
    clocked_awaited_s=0.5,
    on_loops=OnLoops(wall_s=2.0, blocks={bucket(20_000_000): 10}, awaited_outside_s=0.4, awaited_threads_s=0.1),
    queue_waits=Delays(total_s=0.3, longest_s=0.2, lengths={bucket(200_000_000): 1, bucket(100_000_000): 1}),
)
LAG = Delays(total_s=0.06, longest_s=0.06, lengths={bucket(60_000_000): 1})
#: Half of the time on a CPU with the GIL, a fourth waiting for it, a fourth for a socket, in part with the GIL.
SEEN = Observed(
    wall_s=4.0,
    cpu_s=2.0,
    blocked_s=2.0,
    samples=800,
    cpu_gil_s=2.0,
    cpu_free_s=0.0,
    gil_wait_s=1.0,
    network_s=1.0,
    gil_held_off_cpu_s=0.5,
    runqueue_s=0.0,
    **dict.fromkeys(("disk_s", "sleep_s", "lock_s", "child_s", "other_s"), 0.0),
)
WATCHED = make_profile(
    spec="shop.db:find",
    name="find",
    clocked_cpu_s=0.5,
    clocked_wall_wall_s2=0.01,
    clocked_wall_cpu_s2=0.005,
    clocked_cpu_cpu_s2=0.0025,
    observed=SEEN,
)
CALLS, WALL, CPU = (f"gilscope_function_{name}_total" for name in ("calls", "wall_seconds", "cpu_seconds"))
STATES, DURATION = "gilscope_function_state_seconds_total", "gilscope_function_duration_seconds"
