"""Which configurations are measured, and how sure the answer is, as a user of the command line meets it."""

from __future__ import annotations

from gilscope.decide.noise import MOST_FLOOR, TIE_MARGIN
from tests.cli.conftest import Cli, place

NAP, DOZE = place("well", "nap"), place("well", "doze")


def test_an_exhaustive_search_tries_the_whole_grid(cli: Cli) -> None:
    options = ("--exhaustive", "--max-workers", "8", "--budget", "20s", "--backends", "thread,process")
    outcome = cli.run("analyze", *NAP, *options, "--json")
    assert outcome.status == 0
    tried = {(trial["backend"], trial["workers"]) for trial in outcome.analysis.trials}
    grid = {(backend, workers) for backend in ("thread", "process") for workers in (2, 4, 8)}
    assert tried == grid | {("serial", 1)}


def test_no_more_workers_than_the_user_allows(cli: Cli) -> None:
    outcome = cli.run("analyze", *NAP, "--max-workers", "3", "--backends", "thread", "--json")
    assert [trial["workers"] for trial in outcome.analysis.trials] == [1, 3]


def test_coroutines_that_wait_are_tried_by_the_hundred(cli: Cli) -> None:
    outcome = cli.run("analyze", *DOZE, "--backends", "asyncio", "--budget", "20s", "--json")
    trials = {trial["workers"]: trial["throughput_per_s"] for trial in outcome.analysis.trials}
    assert max(trials) > 64
    assert outcome.analysis.advised == "asyncio"
    assert trials[outcome.analysis.result["recommendation"]["workers"]] > 10 * trials[1]


def test_the_noise_of_the_run_is_told_with_the_answer(cli: Cli) -> None:
    outcome = cli.run("analyze", *NAP, "--backends", "thread", "--budget", "20s", "--json")
    noise = outcome.analysis.result["noise"]
    assert (noise["backend"], noise["workers"]) == ("thread", outcome.analysis.result["recommendation"]["workers"])
    assert TIE_MARGIN <= noise["floor"] <= MOST_FLOOR


def test_short_calls_go_to_processes_in_chunks_and_the_price_of_single_ones_is_shown(cli: Cli) -> None:
    outcome = cli.run(
        "analyze", *place("well", "spin"), "--arg", "2000", "--backends", "process", "--budget", "20s", "--json"
    )
    trial = max(
        (trial for trial in outcome.analysis.trials if trial["backend"] == "process"),
        key=lambda trial: trial["chunksize"],
    )
    assert trial["chunksize"] > 1
    assert 0 < trial["chunksize_one_per_s"] < trial["throughput_per_s"]
