"""The verdict in words, and the palette."""

from __future__ import annotations

import pytest

from gilscope.records import STATES, Demands, Recommendation
from gilscope.report import verdicts
from gilscope.report.consequences import consequences
from gilscope.report.palette import STATE_STYLES
from tests.unit.handmade import make_classification, make_recommendation, make_result


def test_every_state_has_a_letter_and_a_colour_of_its_own() -> None:
    styles = STATE_STYLES
    assert tuple(styles)[: len(STATES)] == STATES
    assert len({style.letter for style in styles.values()}) == len(styles)
    assert len({style.colour for style in styles.values()}) == len(styles)


def test_the_verdict_of_a_process_pool() -> None:
    assert verdicts.verdict_sentence(make_result()) == (
        "is_prime is compute-bound (python): run it in a process pool with 2 workers, "
        "1.91× (1.80–2.00) the serial throughput."
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"backend": "serial", "workers": 1}, "No gain: leave it serial."),
        ({"backend": "thread", "workers": 1}, "run it in a thread pool with 1 worker, "),
        ({"chunksize": 8, "start_method": "fork"}, "2 workers and chunksize 8 and start method fork"),
        ({"backend": "asyncio", "executor": "thread"}, "offload it from the event loop to a thread pool"),
        ({"backend": "asyncio", "executor": None}, "await it on one event loop, 2 at a time"),
        ({"backend": "rq"}, "run it with rq with 2 workers"),
        ({"speedup": None}, "its gain unknown"),
    ],
)
def test_the_verdict_names_how_to_run_it(changes: dict[str, object], expected: str) -> None:
    assert expected in verdicts.verdict_sentence(make_result(recommendation=make_recommendation(**changes)))


def test_the_verdict_says_how_long_calls_take_what_memory_and_how_many_were_made() -> None:
    assert consequences(make_result()) == (
        "Run so, a call takes 330 ms (p50) and 410 ms (p99), and all processes together use 63.0 MiB of memory. "
        "96 calls were made in all."
    )


def test_a_p99_of_few_calls_is_not_told() -> None:
    told = consequences(make_result(recommendation=make_recommendation(backend="serial", workers=1, start_method=None)))
    assert told.startswith("Run so, a call takes 330 ms (p50; too few calls for a p99: 18).")


def test_calls_that_waited_for_the_network_are_said_to_have_gone_there() -> None:
    asks = Demands(wall_s=0.1, blocked_s=0.1, network_s=0.09)
    assert consequences(make_result(demands=asks, calls_made=1)).endswith("1 call was made in all, to the network.")
    assert "in all" not in consequences(make_result(demands=asks, calls_made=None))


def test_an_inconclusive_verdict_says_why_and_says_it_once() -> None:
    advice = Recommendation(backend=None, confidence=0.3, reason="the machine was too noisy")
    result = make_result(recommendation=advice)
    assert verdicts.verdict_sentence(result) == "Cannot tell how to run is_prime: the machine was too noisy."
    assert verdicts.grounds(result) == ""


def test_an_unclassified_function_can_have_a_recommendation() -> None:
    unclear = make_result(classification=make_classification(label="inconclusive", subtype=None))
    assert verdicts.verdict_sentence(unclear).startswith("is_prime could not be classified: run it in")
