"""Whatever is unknown, no rule fails."""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gilscope.decide.findings import RULES, Evidence, findings
from gilscope.records import Ledger, Record, Trial

from .test_rules import CASES

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
#: Words that rules look for, among others.
WORDS = ("", "process", "thread", "asyncio", "serial", "openblas", "time.sleep", "a result cannot be pickled: x", "a.b")
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    float: st.one_of(st.just(0.0), st.floats(0, 1e-9), st.floats(0, 1e4)),
    int: st.integers(0, 10**4),
    bool: st.booleans(),
    str: st.sampled_from(WORDS),
    type(None): st.none(),
    Mapping: st.dictionaries(st.sampled_from(("thread", "process")), st.floats(1e-6, 1), max_size=2),
    dict: st.just({}),
}


@cache
def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type as records have them: nothing negative, and None wherever it may be."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*(anything(part) for part in parts))
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        return st.lists(anything(parts[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Record):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: anything(hints[name]) for name in hint.__struct_fields__})
    return PLAIN[origin or hint]


def judge(evidence: Evidence) -> None:
    for found in findings(evidence):
        assert found.code in RULES
        assert found.title
        assert found.evidence
        assert {type(value) for value in found.figures.values()} <= {float, int, str, type(None)}
        told = f"{found.title} {found.evidence} {found.advice}"
        assert not {"None", "nan", "inf"} & set(told.replace(",", " ").split())


@QUICK
@given(anything(Evidence))
def test_no_rule_fails_on_any_record(evidence: Evidence) -> None:
    judge(evidence)


def optional_fields() -> list[str]:
    kinds = {type(value) for case in CASES.values() for value in records_in(case.provoking)}
    return sorted(
        {name for kind in kinds for name, hint in get_type_hints(kind).items() if type(None) in get_args(hint)}
    )


def records_in(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return [inner for part in value for inner in records_in(part)]
    if not isinstance(value, Record):
        return []
    return [value, *records_in(tuple(getattr(value, name) for name in value.__struct_fields__))]


def without(value: Any, names: set[str]) -> Any:
    """The same with these fields unknown, wherever they may be."""
    if isinstance(value, tuple):
        return tuple(without(part, names) for part in value)
    if not isinstance(value, Record):
        return value
    hints = get_type_hints(type(value))
    changed = {
        name: None if name in names and type(None) in get_args(hints[name]) else without(getattr(value, name), names)
        for name in value.__struct_fields__
    }
    return msgspec.structs.replace(value, **changed)


@QUICK
@given(code=st.sampled_from(sorted(RULES)), names=st.sets(st.sampled_from(optional_fields()), max_size=12))
def test_no_rule_fails_when_figures_are_missing(code: str, names: set[str]) -> None:
    judge(without(CASES[code].provoking, names))


@pytest.mark.parametrize("code", RULES)
def test_with_nothing_but_what_is_always_known_little_is_said(code: str) -> None:
    told = {found.code for found in findings(without(CASES[code].provoking, set(optional_fields())))}
    of_the_call = {"exceptions", "calls-differ", "defined-in-session", "generator-drained", "task-too-small"}
    assert told <= of_the_call | {"inputs-truncated", "much-output", "no-gil", "cpus-limited"}


def test_fields_are_really_taken_away() -> None:
    bare = without(Trial(backend="thread", workers=2, ledger=Ledger(lock_s=1.0)), {"lock_s"})
    assert bare.ledger == Ledger()
    assert {"lock_s", "ledger", "wait_share", "floor"} & set(optional_fields()) == {"lock_s", "ledger", "wait_share"}
