"""Which results may be compared."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gilscope.decide.comparable import matched, objections, reservations, summed
from gilscope.result import Result
from tests.unit.handmade import make_environment, make_instrument, make_recommendation, make_result


def of(spec: str, **changes: Any) -> Result:
    target = msgspec.structs.replace(make_result().target, spec=spec, **changes)
    return make_result(target=target)


def test_results_are_matched_by_function_in_their_order() -> None:
    old, new = [of("a:f"), of("a:g", line=1), of("a:g", line=2)], [of("a:g", line=3), of("a:h"), of("a:g", line=4)]
    found = matched(old, new)
    assert [(was.target.line, now.target.line) for was, now in found.pairs] == [(1, 3), (2, 4)]
    assert (found.only_old, found.only_new) == (("a:f",), ("a:h",))


def test_one_result_against_one_is_a_pair_that_is_objected_to() -> None:
    found = matched([of("a:f")], [of("a:g")])
    assert len(found.pairs) == 1
    assert objections(*found.pairs[0]) == ("target spec a:f → a:g",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"python": "3.13.0"}, "python 3.12.1 → 3.13.0"),
        ({"implementation": "PyPy"}, "implementation CPython → PyPy"),
        ({"gil_enabled": False}, "gil_enabled True → False"),
        ({"platform": "Linux 6.2"}, "platform Linux 6.1 → Linux 6.2"),
        ({"machine": "aarch64"}, "machine x86_64 → aarch64"),
        ({"cpus_usable": 0.5}, "cpus_usable 2 → 0.5"),
        ({"cpus_visible": 8}, "cpus_visible 4 → 8"),
        ({"cpu_model": "Xeon"}, "cpu_model EPYC → Xeon"),
    ],
)
def test_another_machine_or_python_is_objected_to(changes: dict[str, Any], told: str) -> None:
    known = make_result(environment=make_environment(cpu_model="EPYC"))
    other = make_result(environment=make_environment(**{"cpu_model": "EPYC", **changes}))
    assert objections(known, other) == (told,)


def test_other_arguments_are_objected_to() -> None:
    (told,) = objections(of("a:f", inputs_digest="12"), of("a:f", inputs_digest="34"))
    assert told.startswith("the arguments are others")
    assert objections(of("a:f", inputs="A", inputs_digest="12"), of("a:f", inputs="B", inputs_digest="12")) == ()


def test_where_a_digest_is_not_known_the_arguments_must_come_from_the_same_place() -> None:
    for digest in (None, "12"):
        (told,) = objections(of("a:f"), of("a:f", inputs="m:OTHER", inputs_digest=digest))
        assert told == "target inputs app.primes:PRIMES → m:OTHER"


@pytest.mark.parametrize("changes", [{"input_count": 7}, {"inputs_given": 9}, {"inputs_truncated": True}])
def test_how_many_inputs_time_allowed_is_no_objection(changes: dict[str, Any]) -> None:
    assert objections(of("a:f"), of("a:f", **changes)) == ()


def test_a_result_that_does_not_tell_its_processor_may_be_of_any() -> None:
    assert objections(make_result(), make_result(environment=make_environment(cpu_model="Xeon"))) == ()


def test_another_kind_of_caller_is_objected_to() -> None:
    other = make_result(recommendation=make_recommendation(context="async"))
    assert objections(make_result(), other) == ("context sync → async",)


def test_where_the_file_is_and_how_busy_the_machine_was_is_no_objection() -> None:
    other = make_result(
        target=msgspec.structs.replace(make_result().target, file="/elsewhere", line=99),
        environment=make_environment(load_average=1.5, memory_limit_bytes=None),
    )
    assert objections(make_result(), other) == ()
    assert reservations(make_result(), other) == ()


def test_what_may_explain_a_change_is_told() -> None:
    busy = msgspec.structs.replace(make_result().findings[0], code="busy-machine")
    other = make_result(
        environment=make_environment(gilscope="0.2.0", packages={"pandas": "3"}),
        instrument=make_instrument(gil_source="none"),
        interrupted=True,
        findings=(busy,),
    )
    assert reservations(make_result(), other) == (
        "gilscope 0.1.0 → 0.2.0",
        "numpy 2.1.0 → none",
        "pandas none → 3",
        "gil_source calibrated → none",
        "the new analysis was interrupted",
        "other programs kept the CPUs busy during the new analysis",
    )


def test_an_objection_to_all_is_told_once_and_long_lists_are_cut() -> None:
    everywhere = [(f"a:{name}", "python 1 → 2") for name in "fgh"]
    assert summed(everywhere) == "python 1 → 2"
    assert summed([*everywhere, ("a:g", "cpus 2 → 4")]) == "python 1 → 2; a:g: cpus 2 → 4"
    many = [(f"a:f{at}", f"inputs {at}") for at in range(1000)]
    assert summed(many).endswith("a:f5: inputs 5; and 994 more")
