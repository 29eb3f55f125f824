"""From a target, and how it is to be run, to the text of a program."""

from __future__ import annotations

import ast
import builtins
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gilscope.decide.code.limits import native_limits
from gilscope.decide.code.lines import broken
from gilscope.decide.code.names import Names, bound_names
from gilscope.decide.code.target import place_of
from gilscope.records import LOOP_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment, Template

    from gilscope.decide.code.target import CodeTarget, Execution
    from gilscope.records import Classification, Context

__all__ = ["CORE", "Templates", "both_programs", "load_templates", "program_for"]


class Templates(NamedTuple):
    """A package's programs."""

    package: str
    """They are in its folder ``templates``, and may extend and include those of the core."""
    files: Mapping[str, str]
    """The template for each of what may run the calls."""


CORE: Final = Templates(
    "gilscope.decide.code",
    {"serial": "serial", "loop": "loop", "thread": "pool", "process": "pool", "interpreter": "pool"},
)
#: Calls of a function that always does the same.
_REPEATS: Final = 100


def both_programs(
    target: CodeTarget,
    execution: Execution,
    context: Context,
    classification: Classification | None = None,
    templates: Templates = CORE,
) -> tuple[str, str]:
    """The program for a caller as ``context`` says, and the one for the other kind of caller."""
    other: Context = "async" if context == "sync" else "sync"
    return (
        program_for(target, execution, context, classification, templates),
        program_for(target, execution, other, classification, templates),
    )


def program_for(
    target: CodeTarget,
    execution: Execution,
    context: Context = "sync",
    classification: Classification | None = None,
    templates: Templates = CORE,
) -> str:
    """A program that runs the function over its inputs as recommended, PEP 8 at 88 columns.

    A coroutine as caller keeps its loop: what would stop it is offloaded, except calls that are over sooner than they
    are handed over. For an executor without a template there is a comment that says that there is no code.
    """
    way = _way(target, execution)
    file = templates.files.get(way, "none")
    file = "offload" if file == "pool" and context == "async" else file
    template = _environment(templates.package).get_template(f"{file}.py.j2")
    label, subtype = (classification.label, classification.subtype) if classification else (None, None)
    view = {
        "target": target,
        "execution": execution,
        "context": context,
        "way": way,
        "brief": label == "overhead-bound",
        "native_limits": partial(native_limits, target, native=subtype == "own-threads"),
    }
    draft = _filled_in(template, view, Names())
    taken = bound_names(ast.parse(draft)) | vars(builtins).keys()
    return _filled_in(template, view, Names(taken))


def load_templates() -> None:
    """Read the core's templates, which takes longer than filling them in."""
    environment = _environment(CORE.package)
    for name in environment.list_templates():
        environment.get_template(name)


def _filled_in(template: Template, view: dict[str, Any], names: Names) -> str:
    """A program with the user's names."""
    text = template.render(view, names=names, **_named(view["target"], view["way"], names))
    return "\n".join(broken(line) for line in text.strip().split("\n") if not line.isspace()) + "\n"


def _way(target: CodeTarget, execution: Execution) -> str:
    """What runs the calls: plain functions that an event loop is to run are offloaded to threads."""
    if execution.executor or execution.backend not in ("serial", "asyncio"):
        return execution.executor or execution.backend
    if target.kind in LOOP_KINDS:
        return "loop"
    return "thread" if execution.backend == "asyncio" else "serial"


def _named(target: CodeTarget, way: str, names: Names) -> dict[str, Any]:
    """The expressions of a program with the user's names in them."""
    home, where = target.function, target.spec.rpartition(":")[0]
    owner, _, method = home.name.rpartition(".")
    bound = bool(target.instance and home.module)
    work = f"{names.place(home._replace(name=owner))}().{method}" if bound else None
    function = "work" if bound else names.place(home)
    arguments = _of_item(target)
    arguments += [f"{name}={names.expression(value, home)}" for name, value in target.kwargs.items()]
    direct = arguments == ["item"] and target.kind == ("coroutine" if way == "loop" else "sync")
    return {
        "work": work,
        "function": function,
        "call": function if direct else "call",
        "made": f"{function}({', '.join(arguments)})",
        **_set_up(target, names, where),
        "teardown": target.teardown and names.place(place_of(target.teardown, where)),
        "inputs": _inputs(target, names, where),
    }


def _of_item(target: CodeTarget) -> list[str]:
    if target.bare:
        return []
    return ["*item[0]", "**item[1]"] if target.keywords else ["*item" if target.unpacked else "item"]


def _set_up(target: CodeTarget, names: Names, where: str) -> dict[str, Any]:
    """What calls it: the program as it begins, in every process that imports it, or whoever runs the calls."""
    setup = target.setup and names.place(place_of(target.setup, where), first=target.set_up_first)
    return {"setup_first": setup, "setup": None} if target.set_up_first else {"setup_first": None, "setup": setup}


def _inputs(target: CodeTarget, names: Names, where: str) -> str:
    if target.bare:
        return f"range({_REPEATS})  # one call each"
    if target.args:
        arguments = ", ".join(names.expression(text, target.function) for text in target.args)
        return f"[{f'({arguments})' if target.unpacked else arguments}] * {_REPEATS}"
    if target.inputs is None:
        return "[]  # fill in"
    source = names.place(place_of(target.inputs, where)) + ("()" if target.inputs_callable else "")
    return source if target.inputs_used is None else f"islice({source}, {target.inputs_used})"


@cache
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # only where code is made

    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(CORE.package)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
