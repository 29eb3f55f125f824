"""Targets that take long to start: that is no time for rounds, and none is taken from them."""

from __future__ import annotations

from tests.cli.conftest import Cli, place


def test_what_takes_longer_to_start_than_the_budget_is_measured(cli: Cli) -> None:
    options = ("--start-limit", "40s")  # on a busy machine too
    outcome = cli.analyze(*place("starts_slowly", "func"), *options, backends="process", budget=2, calls=10_000)
    result = outcome.analyses["func"].result
    pool = next(trial for trial in result["trials"] if trial["backend"] == "process")
    assert (outcome.status, pool["status"], pool["reason"]) == (0, "ok", None)
    assert pool["throughput_per_s"]
    assert result["starting_s"] > 1.0, "of the solo run, the trial and its workers, and each takes 0.7 s of CPU"
