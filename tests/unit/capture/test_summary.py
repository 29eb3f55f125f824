"""What is told of a run that kept calls."""

from __future__ import annotations

import os
from pathlib import Path

from gilscope.capture.folder import CapturedFile
from gilscope.capture.records import Call, Heading, Totals
from gilscope.capture.settings import Settings
from gilscope.capture.summary import summary
from gilscope.records.captures import CapturedCalls
from gilscope.records.programs import ProcessAccount

SETTINGS = Settings("/captured", "ab12", "", ["lib:f", "lib:g"], 10)


def file(pid: int, calls: list[Call], totals: list[Totals]) -> CapturedFile:
    return CapturedFile(
        Path(os.devnull), Heading("ab12", pid, "3.12", None, ["lib:f", "lib:g"]), tuple(calls), tuple(totals), True
    )


def test_calls_of_all_processes_are_added_up() -> None:
    kept = [Call(0, slot, 0, slot + 1, b"four") for slot in range(3)]
    ended = Totals(0, calls=7, passed=1, refused={"a lock": 2}, whole=True)
    told = summary(SETTINGS, "captured", [file(1, kept, [ended]), file(2, kept[:1], [ended])], frozenset(), ())
    assert told.functions == (
        CapturedCalls(
            spec="lib:f",
            calls=14,
            kept=4,
            kept_bytes=16,
            not_picklable=4,
            reasons={"a lock": 4},
            not_considered=2,
            processes=2,
            complete=True,
        ),
        CapturedCalls(spec="lib:g"),
    )


def test_of_a_process_that_was_killed_at_least_the_calls_are_counted_that_it_kept() -> None:
    kept = [Call(0, 0, stratum=0, calls=30, data=b""), Call(0, 1, stratum=1, calls=4, data=b"")]
    for totals in ([], [Totals(0, calls=20)]):
        (first, _) = summary(SETTINGS, "captured", [file(1, kept, totals)], frozenset(), ()).functions
        assert (first.calls, first.complete) == (34, False)


def test_interpreters_that_could_not_be_reached_are_named_and_forked_ones_are_not() -> None:
    processes = [
        ProcessAccount(pid=1, command="python work.py", python="3.12"),
        ProcessAccount(pid=2, parent=1, command="python work.py", python="3.12"),
        ProcessAccount(pid=3, parent=1, command="python -I other.py", python="3.12"),
        ProcessAccount(pid=4, parent=1, command="sleep 3"),
        ProcessAccount(pid=5, parent=1, command="python -c pass", python="3.13"),
    ]
    assert summary(SETTINGS, "captured", [], frozenset([1, 5]), processes).unreached == ("python -I other.py",)
