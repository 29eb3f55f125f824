"""The stacks for speedscope, the Firefox Profiler and flamegraph.pl, by the rules of each."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope import report
from gilscope.records import Stack, Target
from gilscope.report.stacks import Frame, parsed
from gilscope.result import Result
from tests.unit.handmade import make_result

FORMATS = Path(__file__).parent / "formats"
MAIN, SPIN, HASH = "<module> (app/primes.py:40)", "spin (app/primes.py:17)", "hash; odd\nname (a b/c.py:3)"
STACKS = (
    Stack(frames=(MAIN, SPIN), samples=30, gil_samples=29),
    Stack(frames=(MAIN, HASH), samples=5, gil_samples=0),
    Stack(frames=(MAIN, "native"), samples=2, gil_samples=2),
    Stack(frames=(MAIN,), samples=0, gil_samples=0),
)
FOUND = make_result(stacks=STACKS)
OTHER = make_result(
    target=Target(spec="app:other"), stacks=tuple(Stack(frames=stack.frames, samples=stack.samples) for stack in STACKS)
)

#: Any text in names, as few as make stacks meet.
STRANGE = st.lists(
    st.builds(
        Stack,
        frames=st.lists(st.text(st.characters() | st.sampled_from("; \n:()")) | st.just(SPIN), max_size=4).map(tuple),
        samples=st.integers(1, 1000),
    ),
    min_size=1,
    max_size=8,
).map(lambda stacks: make_result(stacks=tuple(stacks)))

#: Of docs-developer/processed-profile-format.md and src/types/profile.js, version 48: the columns of each table.
TABLES = {
    "samples": {"stack", "time", "weight"},
    "stackTable": {"prefix", "frame", "category", "subcategory"},
    "frameTable": {"func", "line", "column", "category", "subcategory", "address", "inlineDepth", "nativeSymbol"}
    | {"innerWindowID", "implementation"},
    "funcTable": {"name", "fileName", "isJS", "relevantForJS", "resource", "lineNumber", "columnNumber"},
    "resourceTable": {"lib", "name", "host", "type"},
    "nativeSymbols": {"libIndex", "address", "name", "functionSize"},
    "markers": {"data", "name", "startTime", "endTime", "phase", "category"},
}
THREAD = {"name", "processName", "processType", "processStartupTime", "processShutdownTime", "registerTime"} | {
    *("unregisterTime", "pausedRanges", "isMainThread", "pid", "tid", "stringArray")
}
META = {"version", "preprocessedProfileVersion", "product", "interval", "startTime", "processType", "stackwalk"} | {
    *("categories", "markerSchema", "symbolicated")
}


def test_a_frame_is_told_apart() -> None:
    assert parsed("<lambda> (app.py:7)") == Frame("<lambda>", "app.py", 7)
    assert parsed("C.f (C:\\x y.py:12)") == Frame("C.f", "C:\\x y.py", 12)
    assert parsed("native") == Frame("native")


def speedscoped(*results: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report.render(results, "speedscope"))
    schema = json.loads((FORMATS / "speedscope.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(document)
    for profile in document["profiles"]:
        assert len(profile["samples"]) == len(profile["weights"])
        assert sum(profile["weights"]) == profile["endValue"] - profile["startValue"] > 0
        assert {frame for stack in profile["samples"] for frame in stack} <= set(
            range(len(document["shared"]["frames"]))
        )
    return document


def test_speedscope_gets_all_samples_and_those_that_held_the_gil() -> None:
    document = speedscoped(FOUND)
    frames = document["shared"]["frames"]
    assert frames[:2] == [
        {"name": "<module>", "file": "app/primes.py", "line": 40},
        {"name": "spin", "file": "app/primes.py", "line": 17},
    ]
    assert frames[3] == {"name": "native"}
    told = {profile["name"]: (profile["samples"], profile["weights"]) for profile in document["profiles"]}
    assert told == {
        "is_prime: all samples": ([[0, 1], [0, 2], [0, 3]], [30, 5, 2]),
        "is_prime: holding the GIL": ([[0, 1], [0, 3]], [29, 2]),
    }


def test_what_is_not_known_of_the_gil_is_no_profile() -> None:
    names = [profile["name"] for profile in speedscoped(FOUND, OTHER)["profiles"]]
    assert names == ["is_prime: all samples", "is_prime: holding the GIL", "other: all samples"]


@given(STRANGE)
def test_speedscope_takes_any_name(result: Result) -> None:
    speedscoped(result)


def geckoed(*results: Result) -> dict[str, Any]:
    """The profile, after a look at its shape: every index leads into its table."""
    document: dict[str, Any] = json.loads(report.render(results, "gecko"))
    assert set(document) >= {"meta", "libs", "threads"}
    assert set(document["meta"]) >= META
    assert [category["color"] for category in document["meta"]["categories"]].count("grey") == 1
    for thread in document["threads"]:
        assert set(thread) == THREAD | set(TABLES)
        for name, columns in TABLES.items():
            table = thread[name]
            assert set(table) - {"length", "weightType"} == columns
            assert {len(table[column]) for column in columns} == {table["length"]}
        _indices(thread, len(document["meta"]["categories"]))
    return document


def _indices(thread: dict[str, Any], categories: int) -> None:
    stacks, frames, functions = thread["stackTable"], thread["frameTable"], thread["funcTable"]
    for column, length in (
        (thread["samples"]["stack"], stacks["length"]),
        (stacks["frame"], frames["length"]),
        (stacks["category"], categories),
        (frames["category"], categories),
        (frames["func"], functions["length"]),
        (functions["name"], len(thread["stringArray"])),
        (functions["fileName"], len(thread["stringArray"])),
    ):
        assert {at for at in column if at is not None} <= set(range(length))
    assert all(caller is None or caller < at for at, caller in enumerate(stacks["prefix"])), "callers come first"
    assert all(one < other for one, other in pairwise(thread["samples"]["time"]))


def told_by(thread: dict[str, Any], categories: list[dict[str, Any]]) -> Counter[tuple[str, ...]]:
    """The samples by category and names, as the viewer walks the tables."""
    stacks, found = thread["stackTable"], Counter[tuple[str, ...]]()
    for stack, weight in zip(thread["samples"]["stack"], thread["samples"]["weight"], strict=True):
        category = categories[stacks["category"][stack]]["name"]
        names: list[str] = []
        while stack is not None:
            function = thread["frameTable"]["func"][stacks["frame"][stack]]
            names.insert(0, thread["stringArray"][thread["funcTable"]["name"][function]])
            stack = stacks["prefix"][stack]
        found[category, *names] += weight
    return found


def test_the_firefox_profiler_gets_samples_by_whether_they_held_the_gil() -> None:
    document = geckoed(FOUND, OTHER)
    held, free, untold = "holding the GIL", "without the GIL", "Other"
    one, other = (told_by(thread, document["meta"]["categories"]) for thread in document["threads"])
    assert one == {
        (held, "<module>", "spin"): 29,
        (free, "<module>", "spin"): 1,
        (free, "<module>", "hash; odd\nname"): 5,
        (held, "<module>", "native"): 2,
    }
    assert {names[0] for names in other} == {untold}
    assert sum(other.values()) == 37
    assert [thread["pid"] for thread in document["threads"]] == ["1", "2"]
    assert document["meta"]["startTime"] == 1735787045000.0


def test_a_date_that_is_none_is_no_obstacle() -> None:
    assert geckoed(make_result(stacks=STACKS, created="yesterday"))["meta"]["startTime"] == 0


@given(STRANGE)
def test_the_firefox_profiler_loses_no_sample(result: Result) -> None:
    (thread,) = geckoed(result)["threads"]
    assert sum(thread["samples"]["weight"]) == sum(stack.samples for stack in result.stacks)


#: What flamegraph.pl takes a line apart with.
LINE = re.compile(r"(.*)\s+?(\d+(?:\.\d*)?)")


def test_collapsed_stacks_are_lines_of_frames_and_a_count() -> None:
    assert report.render([FOUND], "collapsed").splitlines() == [
        "<module> (app/primes.py:40);spin (app/primes.py:17) 30",
        "<module> (app/primes.py:40);hash: odd name (a b/c.py:3) 5",
        "<module> (app/primes.py:40);native 2",
    ]
    roots = [line.partition(";")[0] for line in report.render([FOUND, OTHER], "collapsed").splitlines()]
    assert roots == ["app.primes:is_prime"] * 3 + ["app:other"] * 3


@given(STRANGE)
def test_collapsed_lines_are_read_back_frame_by_frame(result: Result) -> None:
    lines = report.render([result], "collapsed").removesuffix("\n").split("\n")
    assert len(lines) == len(result.stacks)
    for line, stack in zip(lines, result.stacks, strict=True):
        found = LINE.fullmatch(line)
        assert found
        assert int(found[2]) == stack.samples
        frames = found[1].split(";")
        assert len(frames) == max(1, len(stack.frames))
        assert all(frames)


@pytest.mark.parametrize("name", ["speedscope", "gecko", "collapsed"])
def test_results_without_stacks_are_left_out_beside_those_with(name: str) -> None:
    alone, beside = (report.render(results, name) for results in ([FOUND], [make_result(stacks=()), FOUND]))
    assert beside.count("spin") == alone.count("spin")
