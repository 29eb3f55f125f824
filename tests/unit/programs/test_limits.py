"""What limits a program, and what to do about it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gilscope.decide.program_advice import FunctionWaits, advice_on, spec_of, verdict_of
from gilscope.decide.program_limit import Limited, limit_of
from gilscope.records import Account, Ledger
from gilscope.records.programs import (
    Advice,
    BlockedLoop,
    GilShare,
    HeldGil,
    Limit,
    LockWaits,
    LoopAccount,
    Place,
    ProcessAccount,
    ThreadAccount,
)

PLACE = Place(function="tokenize", file="/srv/app/text.py", line=3)


def process(held: float | None, account: Account) -> ProcessAccount:
    known = {name: getattr(account, name) for name in Account.__struct_fields__}
    gil_held_s = None if held is None else 10.0 * held
    ledger = Ledger(**known, gil_held_s=gil_held_s, gil_observed_s=None if held is None else 10.0)
    return ProcessAccount(pid=7, watched_s=10.0, account=ledger)


def whole(account: Account) -> Ledger:
    known = {name: getattr(account, name) for name in Account.__struct_fields__}
    return Ledger(**known, samples=1000)


def limited(account: Account, held: float | None = 0.2, loops: tuple[LoopAccount, ...] = ()) -> str:
    return limit_of(whole(account), (process(held, account),), (), 10.0, 4.0, loops).by


def test_threads_that_wait_for_a_gil_that_is_mostly_held_are_limited_by_it() -> None:
    account = Account(wall_s=60.0, cpu_s=10.0, gil_wait_s=50.0)
    assert limited(account, held=0.97) == "gil"


def test_a_gil_that_is_held_all_the_time_and_wanted_by_nobody_limits_nobody() -> None:
    account = Account(wall_s=10.0, cpu_s=10.0, gil_wait_s=0.0)
    one = ThreadAccount(pid=7, tid=7, name="MainThread", account=Ledger(wall_s=10.0, cpu_s=10.0))
    found = limit_of(whole(account), (process(1.0, account),), (one,), 10.0, 4.0)
    assert found.by == "cpus"
    assert "MainThread" in found.why


def test_a_program_that_takes_every_cpu_is_limited_by_them() -> None:
    account = Account(wall_s=80.0, cpu_s=39.5, runqueue_s=40.0, gil_wait_s=0.0)
    assert limited(account) == "cpus"


def test_a_program_that_only_sleeps_is_idle() -> None:
    account = Account(wall_s=10.0, cpu_s=0.01, sleep_s=9.99, gil_wait_s=0.0)
    assert limited(account) == "idle"


def test_a_program_that_mostly_waits_is_limited_by_what_for() -> None:
    account = Account(wall_s=40.0, cpu_s=2.0, network_s=37.0, sleep_s=1.0, gil_wait_s=0.0)
    found = limit_of(whole(account), (process(0.1, account),), (), 10.0, 4.0)
    assert (found.by, found.state) == ("wait", "network")


def test_a_program_whose_cpus_are_taken_by_others_is_limited_by_them() -> None:
    """As beside other programs, or in a container whose CPU time is rationed."""
    account = Account(wall_s=60.0, cpu_s=8.0, runqueue_s=30.0, idle_s=20.0, gil_wait_s=0.0)
    found = limit_of(whole(account), (process(0.2, account),), (), 10.0, 4.0)
    assert (found.by, "other programs" in found.why) == ("cpus", True)


def beside_others(account: Account, held: float = 0.8) -> Limited:
    """Ten seconds, with two CPUs and other programs that compute on them."""
    return limit_of(whole(account), (process(held, account),), (), 10.0, 2.0)


def test_a_gil_that_is_held_for_want_of_a_cpu_is_no_limit_but_is_told() -> None:
    """Threads that do without the GIL, on CPUs that others use: who holds it for a moment loses its CPU with it."""
    found = beside_others(Account(wall_s=40.0, cpu_s=3.0, cpu_gil_s=1.2, runqueue_s=20.0, gil_wait_s=1.7), held=0.51)
    assert found.by == "cpus"
    assert "2.00 threads are ready" in found.why
    assert "its GIL is held 51% of the time" in found.why


def test_who_would_gain_more_without_the_gil_is_limited_by_it_beside_other_programs_too() -> None:
    found = beside_others(Account(wall_s=40.0, cpu_s=5.0, cpu_gil_s=5.0, runqueue_s=5.0, gil_wait_s=30.0), held=1.0)
    assert found.by == "gil"
    assert "0.5 threads are ready" not in found.why  # it computes for too little of the time for that to be a limit


def test_of_the_gil_and_the_cpus_the_one_that_costs_more_is_the_limit() -> None:
    """Python in four threads: the more other programs take of the CPUs, the less is the GIL what they lack."""
    limits = [
        beside_others(Account(wall_s=30.0, cpu_s=run, cpu_gil_s=run, runqueue_s=queue, gil_wait_s=wait), 0.9).by
        for run, queue, wait in ((6.0, 4.5, 10.3), (6.0, 6.6, 10.3), (3.0, 13.0, 5.0))
    ]
    assert limits == ["gil", "gil", "cpus"]


def test_threads_that_could_use_all_cpus_as_they_are_lack_no_gil() -> None:
    found = beside_others(Account(wall_s=40.0, cpu_s=18.5, cpu_gil_s=6.0, runqueue_s=15.0, gil_wait_s=5.0), held=0.6)
    assert found.by == "cpus"


def test_a_third_of_the_time_that_is_spent_waiting_for_a_cpu_is_a_limit() -> None:
    assert (
        beside_others(Account(wall_s=28.0, cpu_s=11.7, runqueue_s=11.9, lock_s=2.3, gil_wait_s=1.5), 0.3).by == "cpus"
    )
    assert beside_others(Account(wall_s=30.0, cpu_s=9.0, runqueue_s=3.0, lock_s=18.0, gil_wait_s=0.0), 0.3).by == "lock"


def test_a_loop_that_is_kept_nearly_all_the_time_is_the_limit_though_it_only_sleeps() -> None:
    account = Account(wall_s=60.0, cpu_s=1.0, sleep_s=9.5, idle_s=49.5, gil_wait_s=0.0)
    assert limited(account, loops=(loop(0.3, "sleep", running_s=9.5),)) == "loop"
    assert limited(account, loops=(loop(0.3, "sleep", running_s=5.0),)) == "wait"
    assert limited(Account(wall_s=60.0, cpu_s=9.0, gil_wait_s=30.0), 0.9, (loop(0.3, running_s=9.5),)) == "gil"


def test_of_several_processes_the_one_whose_gil_it_is_is_named() -> None:
    account = Account(wall_s=60.0, cpu_s=10.0, gil_wait_s=50.0)
    found = limit_of(whole(account), (process(0.1, Account()), process(0.97, account)), (), 10.0, 4.0)
    assert "process 7" in found.why


def test_of_several_gils_in_a_process_the_one_that_is_held_most_limits_it() -> None:
    """Though the others rest, so that all of them are held for a third of the time on average."""
    account = Account(wall_s=60.0, cpu_s=10.0, gil_wait_s=50.0)
    gils = tuple(GilShare(interpreters=(n,), held_ratio=held) for n, held in enumerate((0.01, 0.97, 0.0)))
    found = limit_of(whole(account), (replace(process(0.33, account), gils=gils),), (), 10.0, 4.0)
    assert found.by == "gil"
    assert found.why.startswith("the GIL of 1 interpreter (1) is held 97% of the time")


def test_threads_that_wait_for_a_lock_are_limited_by_it() -> None:
    assert limited(Account(wall_s=40.0, cpu_s=5.0, lock_s=34.0, gil_wait_s=0.0)) == "lock"


def test_threads_that_wait_for_work_are_idle() -> None:
    assert limited(Account(wall_s=40.0, cpu_s=0.1, idle_s=39.9, gil_wait_s=0.0)) == "idle"


def test_where_the_gil_is_unknown_the_rest_is_told_all_the_same() -> None:
    account = Account(wall_s=80.0, cpu_s=39.5, runqueue_s=40.0)
    assert limited(account, held=None) == "cpus"


def test_of_a_few_looks_nothing_is_said() -> None:
    found = limit_of(Ledger(wall_s=10.0, cpu_s=10.0, samples=9), (), (), 10.0, 4.0)
    assert found.by == "unclear"
    assert "9 looks" in found.why


def test_a_program_without_a_wall_clock_is_unclear() -> None:
    assert limit_of(Ledger(), (), (), 0.0, 2.0).by == "unclear"


def hold(made_wait_s: float, **more: object) -> HeldGil:
    figures: dict[str, object] = {"count": 9, "held_s": 7.0, "p50_s": 0.005, "p99_s": 0.1, "longest_s": 0.2}
    return HeldGil(place=PLACE, made_wait_s=made_wait_s, **(figures | more))  # type: ignore[arg-type]


def advice(busy_s: float = 60.0, by: Limit = "wait", **found: object) -> list[Advice]:
    account = Account(wall_s=busy_s, cpu_s=10.0)
    given: dict[str, object] = {"holds": (), "loops": (), "locks": ()} | found
    return list(advice_on(account, 10.0, Limited(by, ""), **given, roots=("/srv", "/srv/app")))  # type: ignore[arg-type]


def test_who_computes_in_python_while_others_wait_goes_to_a_process_pool() -> None:
    (found,) = advice(holds=(hold(31.0, unyielding_ratio=0.1),))
    assert "process pool" in found.sentence
    assert "in Python" in found.sentence
    assert (found.to_win_s, found.command) == (31.0, "gilscope analyze text:tokenize")


def test_who_keeps_the_gil_for_several_switch_intervals_is_in_native_code() -> None:
    """As in ``sorted`` and ``json.dumps``, though the function that calls them is Python."""
    (found,) = advice(holds=(hold(31.0, unyielding_ratio=0.9),))
    assert "native code that holds the GIL until it returns" in found.sentence
    assert "in Python" not in found.sentence


def test_who_holds_the_gil_seldom_and_gives_it_up_is_left_where_it_is() -> None:
    """A process of its own would cost more than it brings."""
    assert advice(holds=(hold(31.0, held_s=0.9),)) == []
    assert len(advice(holds=(hold(31.0, held_s=0.9, unyielding_ratio=0.9),))) == 1


def test_a_librarys_own_work_is_divided_by_more_processes_of_the_program() -> None:
    (found,) = advice(holds=(hold(31.0),), libraries=frozenset({PLACE}))
    assert "more processes of the program" in found.sentence
    assert "process pool" not in found.sentence


def test_who_holds_the_gil_while_blocked_is_told_apart() -> None:
    (found,) = advice(holds=(hold(31.0, blocked_s=6.9, blocked_in="network"),))
    assert found.name == "gil-held-while-blocked"
    assert "the network" in found.sentence


def test_of_who_holds_the_gil_while_blocked_no_more_calls_at_once_are_asked() -> None:
    holds = (hold(31.0, blocked_s=6.9, blocked_in="sleep"),)
    found = advice(holds=holds, waits=(FunctionWaits(PLACE, Account(wall_s=30.0, sleep_s=30.0)),))
    assert [each.name for each in found] == ["gil-held-while-blocked"]


def test_a_loop_that_waits_for_the_gil_is_told_of_who_holds_it() -> None:
    """Nothing is to be taken off the loop: it runs in another thread already."""
    (found,) = advice(holds=(hold(31.0),), loops=(loop(0.3, "gil_wait"),))
    assert found.name == "gil-hold"
    assert "an event loop up to 300 ms at a time" in found.sentence


def test_nothing_is_advised_where_nothing_is_to_be_won() -> None:
    assert advice(holds=(hold(0.0), hold(0.5))) == []
    assert advice(busy_s=0.0, holds=(hold(3.0),)) == []


def loop(longest_s: float, state: str = "cpu_gil", running_s: float = 5.0, total_s: float = 4.0) -> LoopAccount:
    block = BlockedLoop(
        place=PLACE, line=9, callback=PLACE, count=12, longest_s=longest_s, total_s=total_s, state=state
    )
    return LoopAccount(pid=7, tid=7, observed_s=10.0, running_s=running_s, blocked=(block,))


def test_a_function_that_blocks_its_loop_is_told_with_its_line_and_longest_block() -> None:
    (found,) = advice(loops=(loop(0.3),))
    assert all(word in found.sentence for word in ("line 9", "300 ms", "12 times", "40%", "process pool"))
    assert "to_thread" in advice(loops=(loop(0.3, "sleep"),))[0].sentence
    assert advice(loops=(loop(0.01, total_s=1.5),)) == []


def test_a_callback_that_is_given_no_cpu_is_not_advised_to_leave_its_loop() -> None:
    assert advice(loops=(loop(0.3, "runqueue"),)) == []


def test_short_blocks_that_take_much_of_a_loops_time_are_told_too() -> None:
    """As a database that is asked in each request, for thirty milliseconds."""
    (found,) = advice(loops=(loop(0.03, "sleep"),))
    assert "40% of the loop's time" in found.sentence
    assert advice(loops=(loop(0.03),), libraries=frozenset({PLACE})) == []


def test_what_was_missed_of_a_loop_is_made_good_where_the_watched_time_is_judged() -> None:
    """On a busy machine who looks comes too late for most moments: a quarter of this one's time was observed."""
    seen = replace(loop(0.03, "sleep", running_s=2.4, total_s=2.2), observed_s=2.5, watched_s=10.0)
    account = Account(wall_s=60.0, cpu_s=1.0, sleep_s=9.5, idle_s=49.5, gil_wait_s=0.0)
    assert limited(account, loops=(seen,)) == "loop"
    (found,) = advice(loops=(seen,))
    assert found.to_win_s == pytest.approx(8.8)
    assert limited(account, loops=(replace(seen, watched_s=None),)) == "wait"


def test_a_lock_is_told_with_where_it_is_waited_for() -> None:
    waits = LockWaits(pid=7, address=0x10, waited_s=20.0, threads=7, waiting=((PLACE, 15.0),))
    (found,) = advice(locks=(waits,))
    assert all(word in found.sentence for word in ("7 threads", "0x10", "tokenize"))


def test_who_waits_outside_may_do_so_more_often_at_once_where_that_is_the_limit() -> None:
    waits = (FunctionWaits(PLACE, Account(wall_s=30.0, network_s=30.0)),)
    (found,) = advice(waits=waits)
    assert found.to_win_s == 30.0
    assert "at once" in found.sentence
    assert advice(by="gil", waits=waits) == []
    assert advice(waits=(FunctionWaits(PLACE, Account(wall_s=30.0, other_s=30.0)),)) == []


def test_the_most_to_be_won_comes_first() -> None:
    some = [Advice(name="lock", sentence="a", to_win_s=1.0), Advice(name="waits", sentence="b", to_win_s=9.0)]
    account = Account(wall_s=40.0, cpu_s=0.1, idle_s=39.9)
    limit = limit_of(whole(account), (), (), 10.0, 4.0)
    assert [each.sentence for each in verdict_of(limit, some).advice] == ["b", "a"]


def test_what_keeps_a_loop_that_is_the_limit_comes_first_whatever_else_is_to_be_won() -> None:
    some = [
        Advice(name="gil-hold", sentence="a", to_win_s=9.0),
        Advice(name="blocked-loop", sentence="b", to_win_s=1.0),
    ]
    assert [each.sentence for each in verdict_of(Limited("loop", ""), some).advice] == ["b", "a"]
    assert [each.sentence for each in verdict_of(Limited("gil", ""), some).advice] == ["a", "b"]


@pytest.mark.parametrize(
    ("place", "spec"),
    [
        (PLACE, "text:tokenize"),
        (Place(function="Pool.get", file="/srv/app/db/pool.py", line=1), "db.pool:Pool.get"),
        (Place(function="load", file="/srv/app/db/__init__.py", line=1), "db:load"),
        (Place(function="work", file="/home/a/job.py", line=1), "/home/a/job.py:work"),
        (Place(function="work", file="/srv/app/my-job.py", line=1), "/srv/app/my-job.py:work"),
        (Place(function="main.<locals>.work", file="/srv/app/text.py", line=1), None),
        (Place(function="<module>", file="/srv/app/text.py", line=1), None),
        (Place(function="made", file="<string>", line=1), None),
    ],
)
def test_a_function_is_named_as_analyze_wants_it(place: Place, spec: str | None) -> None:
    assert spec_of(place, ("/srv", "/srv/app/")) == spec
