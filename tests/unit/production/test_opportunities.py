"""Which functions deserve a full analysis, and how much it could save at most."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.production.opportunities import Opportunity, opportunities
from gilscope.production.profile import Profile
from tests.unit.production.profiles import make_profile


def of(profile: Profile, cpus: float = 4) -> Opportunity:
    (only,) = opportunities([profile], cpus)
    return only


def waiting(**figures: object) -> Profile:
    """Computes for a tenth of its second, and waits for the rest."""
    return make_profile(**{"clocked_cpu_s": 0.1, **figures})


def test_computing_can_be_shared_by_the_cpus() -> None:
    found = of(make_profile())
    assert [found.waiting_s, found.computing_s, found.saving_s] == pytest.approx([0.0, 0.75, 0.75])
    assert found.reason == "It computed for 1.00 s, of which other CPUs could take 750 ms."
    assert found.command == "gilscope analyze shop.orders:total"


def test_waiting_can_be_shared_by_all_who_wait() -> None:
    found = of(waiting(), cpus=1)
    assert [found.waiting_s, found.computing_s] == pytest.approx([0.9, 0.0])
    assert found.reason == "It waited 900 ms for the outside world, which many calls can do at the same time."


def test_what_may_have_been_a_wait_for_the_gil_is_not_counted() -> None:
    found = of(waiting(clocked_alone=0, clocked_possible_gil_wait_s=0.85))
    assert found.classification.label == "inconclusive"
    assert found.waiting_s == pytest.approx(0.05)
    assert found.deserving
    assert "What it is, is open: between 10% and" in found.reason


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (make_profile(calls=3, wall_s=30.0), "3 calls were measured, 10 are needed: 7 more will do."),
        (
            make_profile(calls=1000, wall_s=1000 * 2e-6),
            "Nothing to win: a call takes 2.00 µs; a thread pool never pays",
        ),
        (
            make_profile(calls=1000, wall_s=1000 * 155e-6),
            "Nothing to win: a call takes 155 µs; a thread pool pays only",
        ),
        (waiting(clocked_own_s=2.0, clocked_cpu_s=1.0), "Its library computes in threads of its own"),
        (make_profile(calls=0, wall_s=0.0), "0 calls were measured"),
    ],
)
def test_what_deserves_none_says_why(profile: Profile, told: str) -> None:
    found = of(profile)
    assert (found.deserving, found.command) == (False, None)
    assert found.reason.startswith(told)


def test_on_one_cpu_computing_saves_nothing() -> None:
    for cpus in (0.5, 1):
        found = of(make_profile(), cpus)
        assert found.saving_s == pytest.approx(0.0)
        assert not found.deserving
        assert found.reason == "Nothing to win: it computes, and there is 1 CPU to share."


def test_nothing_is_saved_where_nothing_can_be_won() -> None:
    """155 µs on a CPU each, a million times: a process pool takes longer to hand one over than other CPUs save."""
    short = make_profile(calls=10**6, wall_s=155.0)
    assert of(short, cpus=2).saving_s == 0.0
    assert of(make_profile(calls=10**5, wall_s=155.0), cpus=2).saving_s == pytest.approx(77.5)


def test_what_is_unknown_is_not_nothing() -> None:
    found = of(make_profile(calls=0, wall_s=0.0))
    assert (found.waiting_s, found.computing_s, found.saving_s) == (None, None, None)


def test_most_seconds_first_and_the_undeserving_last() -> None:
    profiles = {
        "few": make_profile(calls=3, wall_s=300.0),
        "some": make_profile(wall_s=2.0),
        "most": make_profile(wall_s=9.0),
        "short": make_profile(calls=10**7, wall_s=20.0),
    }
    renamed = [msgspec.structs.replace(profile, name=name) for name, profile in profiles.items()]
    assert [found.profile.name for found in opportunities(renamed, 4)] == ["most", "some", "few", "short"]


@pytest.mark.parametrize(
    ("figures", "target", "command"),
    [
        ({"spec": "__main__:work", "file": "/my jobs/run.py"}, "/my jobs/run.py:work", "'/my jobs/run.py:work'"),
        ({"spec": "shop:Till.pay"}, "shop:Till.pay", "shop:Till.pay"),
        ({"spec": "shop:make.<locals>.pay"}, None, None),
        ({"spec": "__main__:work"}, None, None),
    ],
)
def test_it_is_said_what_to_run_where_its_name_leads_to_it(
    figures: dict[str, str], target: str | None, command: str | None
) -> None:
    found = of(make_profile(**figures))
    assert found.target == target
    assert found.command == (command and f"gilscope analyze {command}")


def test_what_takes_arguments_is_told_to_need_inputs() -> None:
    needs, known = of(make_profile(needs_inputs=True)), of(make_profile(needs_inputs=False))
    assert needs.command == "gilscope analyze shop.orders:total --inputs INPUTS"
    assert needs.reason.endswith("It takes arguments: INPUTS names an iterable of them, one call each.")
    assert known.command == "gilscope analyze shop.orders:total"
    assert "INPUTS" not in known.reason
    assert of(make_profile()).command == known.command, "of files that do not tell"


def named(name: str, caller: str = "", **figures: Any) -> Profile:
    """A function of its own, called from ``caller`` alone."""
    came_from = {"called_from": {f"m:{caller}" if caller else "": 100}}
    return waiting(spec=f"m:{name}", name=name, **{**came_from, **figures})


def told(*profiles: Profile) -> dict[str, tuple[bool, str | None]]:
    return {each.profile.name: (each.deserving, each.within) for each in opportunities(profiles, 2)}


def test_what_only_one_function_calls_is_listed_once() -> None:
    """The handler waits for its query, and the query for the driver: the seconds are the same."""
    found = opportunities([named("query", "page"), named("page"), named("driver", "query"), named("other")], 2)
    assert {each.profile.name: each.within for each in found} == {
        "page": None,
        "query": "m:page",
        "driver": "m:page",
        "other": None,
    }
    assert [each.profile.name for each in found if each.deserving] == ["page", "other"]
    page, query, driver = found[:3]
    assert driver.reason.startswith("It is called within page alone")
    assert "Of that, 950 ms are in query, called nowhere else." in page.reason
    assert query.command is None
    assert query.reason.startswith("It is called within page alone: what it could save is a part of what that could.")


def test_what_others_call_too_is_listed_for_itself() -> None:
    shared = named("query", called_from={"m:page": 50, "": 50})
    assert told(named("page"), shared)["query"] == (True, None)


def test_what_is_called_by_a_function_that_deserves_nothing_is_listed_for_itself() -> None:
    rare = named("page", calls=3, wall_s=1.0)
    assert told(rare, named("query", "page"))["query"] == (True, None)
    assert told(named("job"), named("page", "job", calls=3), named("query", "page"))["query"] == (False, "m:job")


def test_functions_that_call_each_other_are_both_listed() -> None:
    assert told(named("ping", "pong"), named("pong", "ping")) == {"ping": (True, None), "pong": (True, None)}


seconds = st.floats(min_value=0, max_value=1e6)


@given(computed=seconds, waited=seconds, possible_wait=seconds, cpus=st.floats(min_value=0.1, max_value=512))
def test_no_more_is_saved_than_was_spent_and_more_cpus_never_save_less(
    computed: float, waited: float, possible_wait: float, cpus: float
) -> None:
    wall = computed + waited
    profile = make_profile(wall_s=wall, clocked_cpu_s=computed, clocked_possible_gil_wait_s=min(possible_wait, waited))
    saving, more = of(profile, cpus).saving_s, of(profile, 2 * cpus).saving_s
    if saving is None or more is None:
        assert wall == 0
    else:
        assert 0 <= saving <= more <= wall * (1 + 1e-9)
