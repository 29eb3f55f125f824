"""Functions and inputs passed as objects reach another process."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gilscope import targets
from gilscope.errors import InputsError, TargetError, TargetFailedError
from gilscope.targets import LoadedTarget, TargetSpec, load
from tests.unit.targets.helpers import call, loaded, through_child

# ---- functions passed as objects ----


def sent(func: Callable[..., Any], inputs: Any = None, **options: Any) -> LoadedTarget:
    """Described, over the wire, and loaded."""
    spec = targets.describe(func, inputs, **options)
    return load(msgspec.json.decode(msgspec.json.encode(spec), type=TargetSpec))


def module_level(n: int) -> int:
    return -n


class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance

    def after(self, n: int) -> int:
        return self.balance - n


class Unpicklable:
    def __reduce__(self) -> str:
        raise TypeError("stays here")


def unpicklable_inputs() -> list[Unpicklable]:
    return [Unpicklable()]


def test_an_importable_function_goes_by_name() -> None:
    target = sent(module_level, [1, 2])
    assert target.func is module_level
    assert (target.about.target.spec, call(target)) == (f"{__name__}:module_level", [-1, -2])
    assert (target.about.target.inputs, target.about.target.input_count) == ("the list given", 2)


def test_closures_and_lambdas_go_by_value() -> None:
    by = 3

    def adder(n: int) -> int:
        return n + by

    target = sent(adder, [1, 2])
    assert target.func is not adder
    assert (target.about.module, target.about.name, call(target)) == (__name__, adder.__qualname__, [4, 5])
    assert call(sent(lambda n: n * 2, (1, 2))) == [2, 4]
    assert sent(lambda: 1).about.name.endswith("<lambda>")


def test_a_method_passed_as_a_function_gets_no_instance_of_its_own() -> None:
    assert call(sent(Account.after, [(Account(5), 2)], star=True)) == [3]
    assert call(sent(Account(5).after, [2])) == [3]


def test_keyword_arguments_and_hooks_are_objects() -> None:
    target = sent(pow, [(2, 3)], star=True, kwargs={"mod": 5}, setup=lambda: 6, teardown=unpicklable_inputs)
    assert (call(target), target.kwargs) == ([3], {"mod": 5})
    assert target.setup is not None
    assert (target.setup(), target.teardown) == (6, unpicklable_inputs)


def test_a_function_without_inputs() -> None:
    assert call(sent(module_level, kwargs={"n": 4})) == [-4]


def test_endless_inputs_are_cut_before_they_are_sent() -> None:
    target = sent(module_level, (n for n in iter(int, 1)), max_inputs=5)
    assert (target.items, target.about.target.inputs_truncated, target.about.target.inputs) == (
        [0] * 5,
        True,
        "the generator given",
    )


def test_a_callable_makes_the_inputs_where_they_are_used() -> None:
    target = sent(repr, unpicklable_inputs)
    assert isinstance(target.items[0], Unpicklable)
    assert (target.about.target.inputs, target.about.inputs_callable) == ("unpicklable_inputs", True)


@pytest.mark.parametrize(("inputs", "says"), [([], "inputs is empty"), ("abc", "wrap it in a list"), (5, "type int")])
def test_inputs_are_checked_before_anything_is_started(inputs: Any, says: str) -> None:
    with pytest.raises(InputsError, match=says):
        targets.describe(module_level, inputs)


def test_unpicklable_inputs_are_told_by_number() -> None:
    with pytest.raises(InputsError) as caught:
        targets.describe(repr, [1, Unpicklable()])
    assert "input 1 cannot be pickled: it is a tests.unit.targets.test_describe.Unpicklable (stays here)" in str(
        caught.value
    )
    assert "give --inputs a function that makes them there" in str(caught.value)


def _closure_over(value: Any) -> Callable[[], Any]:
    return lambda: value


def _with_attribute(value: Any) -> Account:
    return Account(value)


@pytest.mark.parametrize(
    ("func", "options", "says"),
    [
        (_closure_over(Unpicklable()), {}, "the function cannot be pickled: its variable 'value' is a"),
        (_with_attribute(Unpicklable()).after, {}, "the function cannot be pickled: its .__self__.balance is a"),
        (module_level, {"kwargs": {"n": Unpicklable()}}, "keyword argument 'n' cannot be pickled: it is a"),
        (
            module_level,
            {"setup": _closure_over(Unpicklable())},
            "its setup cannot be pickled: its variable 'value' is a",
        ),
        (functools.partial(repr, Unpicklable()), {}, "the function cannot be pickled: its .args[0] is a"),
    ],
)
def test_what_cannot_be_pickled_is_named(func: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(TargetError) as caught:
        targets.describe(func, **options)
    assert f"{says} tests.unit.targets.test_describe.Unpicklable (stays here)" in str(caught.value)
    assert "can be imported" in str(caught.value)


def test_what_is_not_callable() -> None:
    with pytest.raises(TargetError, match="a int cannot be called"):
        targets.describe(5)  # type: ignore[arg-type]


# ---- scripts ----

SCRIPT = """
import sys
from gilscope import targets

class Point:
    def __init__(self, x): self.x = x

def far(point):
    assert isinstance(point, Point)
    return point.x

def describe():
    import msgspec
    spec = targets.describe({func}, {inputs})
    sys.stdout.buffer.write(msgspec.json.encode(spec))
    sys.stdout.flush()

if __name__ == "__main__":
    {runs}
"""
ELSEWHERE = "import multiprocessing as m; p = m.get_context('spawn').Process(target=describe); p.start(); p.join()"


@pytest.mark.parametrize("runs", ["describe()", ELSEWHERE], ids=["itself", "in a worker"])
@pytest.mark.parametrize("by_module", [False, True])
def test_a_scripts_function_and_its_inputs_meet_the_same_classes(tmp_path: Path, by_module: bool, runs: str) -> None:
    (tmp_path / "trip.py").write_text(SCRIPT.format(func="far", inputs="[Point(1), Point(2)]", runs=runs))
    how = ["-m", "trip"] if by_module else [str(tmp_path / "trip.py")]
    spec = subprocess.run([sys.executable, *how], capture_output=True, check=True, cwd=tmp_path, timeout=60).stdout
    place = "trip" if by_module else str(tmp_path / "trip.py")
    assert through_child(spec, tmp_path) == f"{place}:far trip [1, 2]"


def test_a_scripts_lambda_goes_by_value_with_its_classes(tmp_path: Path) -> None:
    (tmp_path / "trip.py").write_text(
        SCRIPT.format(func="lambda p: far(p)", inputs="[Point(1), Point(2)]", runs="describe()")
    )
    script = [sys.executable, str(tmp_path / "trip.py")]
    spec = subprocess.run(script, capture_output=True, check=True, timeout=60).stdout
    decoded = msgspec.json.decode(spec, type=TargetSpec)
    assert (decoded.spec, call(load(decoded))) == ("__main__:describe.<locals>.<lambda>", [1, 2])


def test_a_script_whose_name_cannot_be_imported_goes_by_value(tmp_path: Path) -> None:
    (tmp_path / "trip.v2.py").write_text(SCRIPT.format(func="far", inputs="[Point(1)]", runs="describe()"))
    script = [sys.executable, str(tmp_path / "trip.v2.py")]
    spec = subprocess.run(script, capture_output=True, check=True, timeout=60).stdout
    decoded = msgspec.json.decode(spec, type=TargetSpec)
    assert (decoded.spec, decoded.main) == ("__main__:far", None)
    target = load(decoded)
    assert call(target) == [1]


def test_a_function_typed_at_a_prompt_goes_by_value(tmp_path: Path) -> None:
    typed = (
        "import msgspec, sys; from gilscope import targets\ndef f(n): return n + 1\n"
        "sys.stdout.buffer.write(msgspec.json.encode(targets.describe(f, [1])))"
    )
    spec = subprocess.run([sys.executable, "-c", typed], capture_output=True, check=True, timeout=60).stdout
    assert through_child(spec, tmp_path) == "__main__:f __main__ [2]"


def test_a_script_without_a_guard_does_not_start_itself_again(project: Path) -> None:
    (project / "unguarded.py").write_text(
        "from gilscope import targets\ndef f(n): return n\ntargets.describe(f, [1])\n"
    )
    with pytest.raises(TargetFailedError, match=r"put the call under if __name__ == '__main__':"):
        loaded("unguarded.py:f", args=("1",))
