"""The function that is put in the place of a decorated one.

It is made from text, with the very parameters of the function it calls: to pass on ``*args`` and ``**kwargs`` would
cost more than all that is measured. It has one frame of its own in a traceback, under the function's name.
"""

from __future__ import annotations

import os
from keyword import iskeyword
from types import CodeType, FunctionType

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gilscope.records import Kind

__all__ = ["is_wrapper", "is_wrapper_code", "kind_of", "maker_of", "names_itself", "spec_of", "wrapper_of"]

# Flags of a code object: inspect, which names them, takes longer to import than all the rest.
_VARARGS, _VARKEYWORDS = 0x4, 0x8
_GENERATOR, _COROUTINE, _ITERABLE_COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x100, 0x200

#: In a folder of gilscope's, so that its frames are told from the user's.
_FILE = os.path.join(os.path.dirname(__file__), "<classify>")
_FILES = _FILE[:-1]

_SYNC = """
def {name}({parameters}):
    for gilscope_item in gilscope_function.sampler.passing:
        try:
            return gilscope_func({arguments})
        except BaseException:
            gilscope_function.passed.failed()
            raise
    gilscope_call = gilscope_function.begin()
    try:
        return gilscope_func({arguments})
    except BaseException:
        gilscope_call.failed()
        raise
    finally:
        gilscope_call.end()
"""
#: A coroutine or a generator that is closed has not failed.
_DELEGATING = """
{define} {name}({parameters}):
    for gilscope_item in gilscope_function.sampler.passing:
        gilscope_call = gilscope_function.passed
        break
    else:
        gilscope_call = gilscope_function.begin_steps()
    try:
        return ({delegate} gilscope_call.steps(gilscope_func({arguments})))
    except GeneratorExit:
        raise
    except BaseException:
        gilscope_call.failed()
        raise
    finally:
        gilscope_call.end()
"""
_ASYNC_ITEMS = """
async def {name}({parameters}):
    for gilscope_item in gilscope_function.sampler.passing:
        gilscope_call = gilscope_function.passed
        break
    else:
        gilscope_call = gilscope_function.begin_steps()
    gilscope_items = gilscope_func({arguments})
    gilscope_step = gilscope_items.__anext__()
    try:
        while True:
            gilscope_item = await gilscope_call.steps(gilscope_step)
            try:
                gilscope_step = gilscope_items.asend((yield gilscope_item))
            except GeneratorExit:
                await gilscope_call.steps(gilscope_items.aclose())
                raise
            except BaseException as gilscope_thrown:
                gilscope_thrown.__traceback__ = gilscope_thrown.__traceback__.tb_next
                gilscope_step = gilscope_items.athrow(gilscope_thrown)
    except StopAsyncIteration:
        return
    except GeneratorExit:
        raise
    except BaseException:
        gilscope_call.failed()
        raise
    finally:
        gilscope_call.end()
"""
_MAKER = """
def make(gilscope_func, gilscope_function):{body}
    return {name}
"""


def is_wrapper(func: object) -> bool:
    """Whether this very function was made here: other decorators copy the attributes of what they wrap."""
    return isinstance(func, FunctionType) and is_wrapper_code(func.__code__)


def is_wrapper_code(code: CodeType) -> bool:
    """Whether this is the code of a function that was made here."""
    return code.co_filename.startswith(_FILES)


def spec_of(module: object, qualname: str) -> str:
    """What records call a function: ``package.module:qualname``, in the program's worker processes too."""
    return f"{'__main__' if module == '__mp_main__' else module}:{qualname}"


def kind_of(func: Callable[..., Any]) -> Kind:
    """What calling it gives."""
    flags = func.__code__.co_flags if isinstance(func, FunctionType) else 0
    if flags & _COROUTINE:
        return "coroutine"
    if flags & _ASYNC_GENERATOR:
        return "async-generator"
    return "generator" if flags & _GENERATOR else "sync"


def names_itself(func: Callable[..., Any]) -> bool:
    """Whether the function's own name is used in it, which it is if it calls itself."""
    codes = [func.__code__] if isinstance(func, FunctionType) else []
    for code in codes:  # which grows: a comprehension or an inner function has a code of its own
        if func.__name__ in (*code.co_names, *code.co_freevars):
            return True
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return False


def wrapper_of(func: Callable[..., Any], made: FunctionType, called: str) -> FunctionType:
    """``made``, by a maker for ``func``, with the globals and defaults of ``func``.

    :param called: what reports call it: in the name of its file, where who looks from outside finds it
    """
    if not isinstance(func, FunctionType):
        return made
    flags = made.__code__.co_flags | func.__code__.co_flags & _ITERABLE_COROUTINE
    file = f"{_FILES} {called}>"
    code = made.__code__.replace(co_flags=flags, co_qualname=func.__qualname__, co_filename=file)
    wrapper = FunctionType(code, func.__globals__, func.__name__, func.__defaults__, made.__closure__)
    wrapper.__kwdefaults__ = func.__kwdefaults__
    return wrapper


def maker_of(func: Callable[..., Any], kind: Kind) -> Callable[..., FunctionType]:
    """Makes of ``func``, or a closure of the same code, and its `Function` one that calls it as it is called and lets
    the `Function` know."""
    parameters, arguments = _passed_on(func)
    called = getattr(func, "__name__", "")
    name = called if called.isidentifier() and not iskeyword(called) else "wrapper"
    text = _TEMPLATES[kind].format(name=name, parameters=parameters, arguments=arguments)
    body = text.replace("\n", "\n    ")
    made: dict[str, Any] = {}
    exec(compile(_MAKER.format(body=body, name=name), _FILE, "exec"), made)
    maker: Callable[..., FunctionType] = made["make"]
    return maker


_TEMPLATES: dict[Kind, str] = {
    "sync": _SYNC,
    "coroutine": _DELEGATING.replace("{define}", "async def").replace("{delegate}", "await"),
    "generator": _DELEGATING.replace("{define}", "def").replace("{delegate}", "yield from"),
    "async-generator": _ASYNC_ITEMS,
}


def _passed_on(func: Callable[..., Any]) -> tuple[str, str]:
    """The parameters to take and the arguments to give, as text."""
    if not isinstance(func, FunctionType) or not all(map(_is_plain, _names(func.__code__))):
        return "*args, **kwargs", "*args, **kwargs"
    code, names = func.__code__, list(_names(func.__code__))
    only, positional = code.co_posonlyargcount, code.co_argcount
    keyword = names[positional : positional + code.co_kwonlyargcount]
    rest = names[positional + code.co_kwonlyargcount :]
    star = [f"*{rest.pop(0)}"] if code.co_flags & _VARARGS else []
    stars = [f"**{name}" for name in rest]
    marks = ["/"] if only else []
    bare = ["*"] if keyword and not star else []
    taken = [*names[:only], *marks, *names[only:positional], *star, *bare, *keyword, *stars]
    given = [*names[:positional], *star, *(f"{name}={name}" for name in keyword), *stars]
    return ", ".join(taken), ", ".join(given)


def _names(code: CodeType) -> tuple[str, ...]:
    stars = bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]


def _is_plain(name: str) -> bool:
    """Whether a parameter can be written as it is: neither made by the compiler nor one of the template's own names."""
    return name.isidentifier() and not name.startswith("gilscope_")
