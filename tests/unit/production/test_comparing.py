"""Two recordings compared: a change is shown where the processes agree on it, and noise shows nothing."""

from __future__ import annotations

import math
import random

import pytest

from gilscope.production.comparing import Compared, compare_recordings, log_estimate
from gilscope.production.files import Loaded, Recorded
from gilscope.production.merging import merged_processes
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket
from tests.unit.production.profiles import make_profile


def loaded(*parts: tuple[Profile, ...]) -> Loaded:
    """Processes side by side, for 100 seconds."""
    process = Recorded(host="h", pid=1, python="3", started=0.0, until=100.0, state="ended")
    return Loaded(
        profiles=tuple(merged_processes(parts)), processes=len(parts), recorded=(process,) * len(parts), parts=parts
    )


def drawn(rng: random.Random, mean_s: float, calls: int = 60, spread: float = 0.3) -> Profile:
    """A process whose calls are log-normally long; every one of them is timed."""
    walls = [mean_s * math.exp(rng.gauss(0, spread) - spread**2 / 2) for _ in range(calls)]
    durations: dict[int, int] = {}
    for wall in walls:
        durations[bucket(int(wall * 1e9))] = durations.get(bucket(int(wall * 1e9)), 0) + 1
    return make_profile(calls=calls, wall_s=sum(walls), durations=durations)


def recording(rng: random.Random, mean_s: float, processes: int, between: float = 0.0) -> Loaded:
    return loaded(*((drawn(rng, mean_s * math.exp(rng.gauss(0, between))),) for _ in range(processes)))


def words(compared: Compared) -> dict[str, str]:
    return {change.figure: change.word for change in compared.changes}


def test_what_every_process_has_become_slower_in_is_shown() -> None:
    rng = random.Random(1)
    [found], _, _ = compare_recordings(recording(rng, 0.010, 9), recording(rng, 0.013, 9))
    assert {words(found)[figure] for figure in ("wall", "latency_p50", "latency_p99")} == {"slower"}
    assert words(found)["cpu"] == "more", "it computes throughout"
    assert words(found)["errors"] == "not shown"
    gap = next(change.gap for change in found.changes if change.figure == "wall")
    assert gap is not None
    assert (gap.low or 0) < 1.3 < (gap.high or 9)


@pytest.mark.parametrize("processes", [1, 3, 12])
def test_a_recording_and_its_repetition_hardly_ever_differ(processes: int) -> None:
    """With processes that differ by a tenth, as those of a busy machine do; one alone cannot tell that they do."""
    rng = random.Random(2)
    between = 0.1 if processes > 1 else 0.0
    shown = 0
    for _ in range(60):
        sides = (recording(rng, 0.01, processes, between) for _ in range(2))
        [found], _, _ = compare_recordings(*sides)
        shown += words(found)["wall"] != "not shown"
    assert shown <= 13, "a tenth of sixty are six; more than thirteen would be one chance in a hundred"


def test_an_interval_is_as_wide_as_processes_differ() -> None:
    rng = random.Random(3)
    wide = log_estimate("wall", [drawn(rng, mean) for mean in (0.005, 0.010, 0.020)])
    narrow = log_estimate("wall", [drawn(rng, 0.01) for _ in range(3)])
    assert wide is not None
    assert narrow is not None
    assert wide[0] > 5 * narrow[0]
    assert (wide[1], narrow[1]) == (2, 2)


def test_of_few_calls_nothing_is_shown() -> None:
    few, many = make_profile(calls=9), make_profile(wall_s=100.0)
    [found], _, _ = compare_recordings(loaded((few,)), loaded((many,)))
    assert words(found)["wall"] == "not shown"


def test_errors_are_compared_as_shares_and_traffic_is_told() -> None:
    old, new = make_profile(calls=1000), make_profile(calls=2000, errors=200)
    [found], _, _ = compare_recordings(loaded((old,)), loaded((new,)))
    assert words(found)["errors"] == "more"
    assert [count.per_s for count in found.counts] == [10.0, 20.0]


def test_functions_are_paired_by_their_names_wherever_they_stand() -> None:
    old = loaded((make_profile(line=1, digest="a"), make_profile(name="gone")))
    new = loaded((make_profile(line=9, digest="b"), make_profile(name="added")))
    [found], only_old, only_new = compare_recordings(old, new)
    assert (found.old.line, found.new.line) == (1, 9)
    assert ([each.name for each in only_old], [each.name for each in only_new]) == (["gone"], ["added"])


def test_several_of_one_name_are_paired_by_their_code() -> None:
    old = loaded((make_profile(line=1, digest="a", calls=10), make_profile(line=2, digest="b", calls=20)))
    new = loaded((make_profile(line=5, digest="b", calls=30), make_profile(line=6, digest="c", calls=40)))
    [found], only_old, only_new = compare_recordings(old, new)
    assert [count.calls for count in found.counts] == [20, 30]
    assert ([each.digest for each in only_old], [each.digest for each in only_new]) == (["a"], ["c"])
