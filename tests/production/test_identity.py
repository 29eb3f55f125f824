"""A decorated function is what it was: to its callers, to inspect, to pickle, to those who read tracebacks."""

from __future__ import annotations

import functools
import inspect
import pickle
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import pytest

from gilscope import classify
from gilscope.backends.base import Work
from gilscope.backends.calling import caller, undecorated
from gilscope.backends.worker import current_worker, run_chunk
from gilscope.errors import UsageError
from gilscope.production.function import functions
from tests.production import functions as f
from tests.production.known import known, profile

pytestmark = pytest.mark.interpreter
EVERY = [f.add, f.square, f.fib, f.doze, f.numbers, f.ticks, f.Shop.total, f.Shop.above, f.Shop.static_above]
KINDS = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction, inspect.isfunction)


@pytest.mark.parametrize("func", EVERY, ids=lambda func: func.__qualname__)
def test_it_looks_as_before(func: Any) -> None:
    bare = inspect.unwrap(func)
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__annotations__"):
        assert getattr(func, name) == getattr(bare, name)
    assert inspect.signature(func) == inspect.signature(undecorated(func))
    assert [kind(func) for kind in KINDS[:3]] == [kind(bare) for kind in KINDS[:3]]


def test_its_defaults_and_its_module_are_its_own() -> None:
    assert f.add.__globals__ is vars(f)
    assert (f.add.__defaults__, f.add.__kwdefaults__) == ((2,), {"c": 3})
    assert inspect.getfullargspec(f.add) == inspect.getfullargspec(inspect.unwrap(f.add))


CALLS: list[tuple[tuple[int, ...], dict[str, int], int]] = [
    ((1,), {}, 6),
    ((1, 1), {}, 5),
    ((1, 1, 1), {"c": 1}, 4),
    ((1,), {"b": 0, "c": 0, "d": 5}, 6),
    ((1, 2, 3, 4), {"x": 1, "a": 1}, 15),
]


@pytest.mark.parametrize(("args", "kwargs", "result"), CALLS)
def test_arguments_arrive(args: tuple[int, ...], kwargs: dict[str, int], result: int) -> None:
    for _ in range(200):
        assert f.add(*args, **kwargs) == result
    assert profile(f.add).calls == 200


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((), {"a": 1}), ((1, 2), {"b": 1})])
def test_a_wrong_call_is_told_as_before(args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    told = []
    for func in (f.add, inspect.unwrap(f.add)):
        with pytest.raises(TypeError) as caught:
            func(*args, **kwargs)
        told.append(str(caught.value))
    assert told[0] == told[1]


def parameters() -> dict[str, Callable[..., Any]]:
    def _(_: int, gilscope: int = 1) -> int:
        return _ + gilscope

    def own_names(gilscope_func: int, gilscope_call: int = 2) -> int:
        return gilscope_func - gilscope_call

    def keywords(*, a: int, b: int = 1) -> int:
        return a - b

    def positional(a: int, b: int = 1, /) -> int:
        return a - b

    def func(func: int) -> int:
        return func

    return {"underscore": _, "own": own_names, "keyword": keywords, "positional": positional, "same": func}


@pytest.mark.parametrize("name", parameters())
def test_parameters_of_any_name(name: str) -> None:
    bare = parameters()[name]
    decorated = classify(bare)
    given: dict[str, Any] = {"args": (7,), "kwargs": {}} if name != "keyword" else {"args": (), "kwargs": {"a": 7}}
    for _ in range(100):
        assert decorated(*given["args"], **given["kwargs"]) == bare(*given["args"], **given["kwargs"])


def test_lambdas_and_functions_in_c() -> None:
    twice: Callable[[int], int] = lambda n: 2 * n  # noqa: E731  it is about lambdas
    double, longest = classify(twice), classify(max)
    assert (double(4), longest(1, 3), longest([4, 2], key=lambda n: -n)) == (8, 3, 2)
    assert (double.__name__, longest.__name__) == ("<lambda>", "max")
    assert profile(longest).calls == 2


def test_methods_of_every_kind() -> None:
    shop = f.Shop(3)
    assert (shop.total(2), f.Shop.above(4).price, f.Shop.below(5).price) == (6, 4, 5)
    assert (f.Shop.static_above(1), shop.static_below(1)) == (2, 3)
    methods: list[Any] = [
        f.Shop.total,
        shop.total,
        f.Shop.above,
        f.Shop.below,
        f.Shop.static_above,
        f.Shop.static_below,
    ]
    assert [profile(method).calls for method in methods] == [1] * 6
    assert known(f.Shop.above).spec == "tests.production.functions:Shop.above"


def test_the_function_itself_can_be_had() -> None:
    shop = f.Shop(3)
    assert undecorated(f.square)(4) == undecorated(shop.total)(2) + 10 == 16
    assert undecorated(f.Shop.above)(7).price == 7
    assert undecorated(len) is len
    outer = functools.wraps(f.square)(lambda n: n + 100)
    assert undecorated(outer) is outer
    assert [profile(func).calls for func in (f.square, f.Shop.total, f.Shop.above)] == [0, 0, 0]


def test_an_analysis_calls_the_function_itself() -> None:
    call = caller(Work(func=f.square))
    assert [call(n) for n in range(3)] == [0, 1, 4]
    assert run_chunk(Work(func=f.countdown, kind="coroutine"), [0], 0)[1] == [0]
    current_worker().close()
    assert [profile(func).calls for func in (f.square, f.countdown)] == [0, 0]


def test_twice_decorated_counts_once_each() -> None:
    @classify(name="inner")
    def inner() -> int:
        return 1

    @classify(name="outer")
    @functools.wraps(inner)
    def outer() -> int:
        return inner() + 1

    assert outer() == 2
    assert [(known(func).name, profile(func).calls) for func in (inner, outer)] == [("inner", 1), ("outer", 1)]


def test_closures_of_one_function_are_one() -> None:
    def make(n: int) -> Callable[[], int]:
        @classify
        def adder() -> int:
            return n + 1

        return adder

    made = [make(n) for n in range(50)]
    before = len(functions())
    assert [func() for func in made] == list(range(1, 51))
    assert profile(made[0]).calls == profile(make(5)).calls == 50
    assert len(functions()) == before


@pytest.mark.parametrize("wrong", [3, f.Shop, functools.partial(max, 1), None.__class__], ids=str)
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="decorate"):
        classify(wrong)


@pytest.mark.parametrize("func", EVERY[:7], ids=lambda func: func.__qualname__)
def test_it_is_pickled_by_its_name(func: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(func, protocol)) is func


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_workers_of_every_start_method_take_it(method: str) -> None:
    with get_context(method).Pool(1) as pool:
        assert pool.map(f.square, range(4)) == [0, 1, 4, 9]
        assert pool.apply(same_object, (f.square,))


def same_object(func: Any) -> bool:
    """In the worker: whether what was unpickled is the module's own function."""
    return func is f.square


def test_what_cannot_be_imported_is_pickled_by_value() -> None:
    offset = 3

    @classify(name="local")
    def local(n: int) -> int:
        return n + offset

    local(1)
    copy = pickle.loads(cloudpickle.dumps(local))
    assert copy(4) == 7
    assert known(copy).name == "local"


def frames(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_an_exception_passes_untouched_with_one_frame_more() -> None:
    for _ in range(100):
        with pytest.raises(ValueError, match="as asked") as caught:
            f.fails()
        assert frames(caught.value)[1:] == ["fails", "fails"]
        assert caught.value.__context__ is caught.value.__cause__ is None
    f.fails(False)
    assert (profile(f.fails).errors, profile(f.fails).calls) == (100, 101)


def test_leaving_the_program_is_not_stopped() -> None:
    @classify
    def leaves() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        leaves()
    assert (profile(leaves).errors, profile(leaves).calls) == (1, 1)
