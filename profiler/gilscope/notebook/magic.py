"""The magics: options in front, then what is to be measured."""

from __future__ import annotations

import argparse
import inspect
import re
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError as ShownAlone
from IPython.core.magic_arguments import MagicArgumentParser

from gilscope.analysis import investigate, investigate_pythons
from gilscope.errors import GilscopeError, TargetFailedError, UsageError
from gilscope.keywords import options_are_typed
from gilscope.notebook.progress import progress
from gilscope.notebook.source import Asked, function_of_cell, in_expression, value_of
from gilscope.options import Option, Options, all_options
from gilscope.renamed import refuse_renamed
from gilscope.targets import describe
from gilscope.targets.decorated import declared

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from gilscope.pythons_result import PythonsResult
    from gilscope.result import Result
    from gilscope.targets import TargetSpec

__all__ = ["register"]

NAME = "gilscope"
_USE = """Measure how a function, or a whole cell, should be run concurrently.

%gilscope f(x)
    Calls f(x) again and again, alone and under every executor; x is evaluated once.
%gilscope --inputs xs f
    Calls f with each of the inputs.
%%gilscope
    The cell is the body of a function, and its last expression the result. What it
    assigns stays inside.
%%gilscope --inputs xs x
    The cell is run for each x of the inputs.

The value is a Result: it shows the report, and keeps the rest.
Other options are those of gilscope.analyze(f, inputs, ...).
"""


def register(shell: InteractiveShell) -> None:
    """Give ``shell`` the line magic and the cell magic."""
    parser = _parser()

    def gilscope(line: str, cell: str | None = None) -> Result | PythonsResult:
        try:
            with options_are_typed():
                return _measured(shell, *_parted(parser, line), cell)
        except GilscopeError as error:
            raise ShownAlone(_told(error)) from None
        except SyntaxError as error:
            error.filename = NAME
            raise ShownAlone("".join(traceback.format_exception_only(error)).strip()) from None

    gilscope.__doc__ = f"{_USE}\n{parser.format_help()}"
    shell.magics_manager.register_function(gilscope, "line_cell", NAME)


def _parser() -> MagicArgumentParser:
    parser = MagicArgumentParser(f"%{NAME}")  # type: ignore[no-untyped-call]
    add: Callable[..., Any] = parser.add_argument
    for option in all_options():
        flags = [flag.partition("/")[0] for flag in option.flags]
        add(*flags, dest=option.name, help=option.help.replace("%", "%%"), **_typed(option))
    add("-i", "--inputs", metavar="NAME", help="A variable with the inputs, one call each; or what makes them.")
    add("--star", action="store_true", help="Unpack each input as positional arguments.")
    add("-q", "--quiet", action="store_true", help="No progress.")
    add("rest", nargs=argparse.REMAINDER, metavar="...", help="f(x), or with --inputs f; of a cell its parameter.")
    return parser


def _typed(option: Option) -> dict[str, Any]:
    """How an argument parser takes it."""
    if option.kind is bool and option.parse is None:
        return {"action": argparse.BooleanOptionalAction if option.default else "store_true"}
    action = "append" if option.repeatable else "store"
    return {"action": action, "metavar": option.placeholder, "type": str if option.parse else option.kind}


def _parted(parser: MagicArgumentParser, line: str) -> tuple[argparse.Namespace, str]:
    """The options, and what stands behind them exactly as it was typed."""
    words = list(re.finditer(r"\S+", line))
    refuse_renamed(word[0] for word in words)
    given = parser.parse_args([word[0] for word in words])
    rest = line[words[-len(given.rest)].start() :] if given.rest else ""
    return given, rest.rstrip("; \t")


def _measured(
    shell: InteractiveShell, given: argparse.Namespace, typed: str, cell: str | None
) -> Result | PythonsResult:
    options = Options.read(vars(given))
    given.max_inputs = options.max_inputs  # its default too
    target = _of_line(shell, given, typed) if cell is None else _of_cell(shell, given, typed, cell)
    with progress(shell, target.spec.rpartition(":")[2], quiet=given.quiet) as tell:
        return investigate_pythons(target, options, tell) if options.pythons else investigate(target, options, tell)


def _of_line(shell: InteractiveShell, given: argparse.Namespace, typed: str) -> TargetSpec:
    file = shell.compile.cache(typed)
    if not typed:
        raise UsageError("nothing to measure: write a call behind it, as in %gilscope f(x); %gilscope? tells more")
    if given.inputs is None:
        asked = in_expression(typed, shell.user_ns, file)
        _refuse_incomplete(asked)
        if given.star:
            raise UsageError("--star unpacks each of the inputs, but there are none: give --inputs NAME")
        return describe(asked.func, asked.inputs, star=asked.star, kwargs=asked.kwargs, max_inputs=given.max_inputs)
    asked = Asked(value_of(typed, shell.user_ns, file))
    inputs = value_of(given.inputs, shell.user_ns, file)
    return describe(asked.func, inputs, star=given.star, max_inputs=given.max_inputs)


def _refuse_incomplete(asked: Asked) -> None:
    """A function alone that cannot be called so."""
    if asked.inputs is not None or not callable(asked.func) or declared(asked.func) is not None:
        return
    try:
        inspect.signature(asked.func).bind(**asked.kwargs)
    except TypeError as exc:
        raise UsageError(
            f"it needs arguments ({exc}): write a whole call, as in %gilscope f(x), or give inputs, as in "
            "%gilscope --inputs xs f"
        ) from None
    except ValueError:  # a function in C that does not tell
        return


def _of_cell(shell: InteractiveShell, given: argparse.Namespace, typed: str, cell: str) -> TargetSpec:
    parameters = [name.strip() for name in typed.split(",")] if typed else []
    strange = next((name for name in parameters if not name.isidentifier()), None)
    if strange is not None:
        raise UsageError(f"{strange!r} is no name: behind %%gilscope stand options, and what the cell calls an input")
    if bool(parameters) != (given.inputs is not None):
        raise UsageError("inputs and what the cell calls one of them go together, as in %%gilscope --inputs urls url")
    source = f"\n{shell.transform_cell(cell)}"  # type: ignore[no-untyped-call]  # the magic itself is the first line
    func = function_of_cell(source, parameters, shell.user_ns, shell.compile.cache(source))
    inputs = None if given.inputs is None else value_of(given.inputs, shell.user_ns, NAME)
    return describe(func, inputs, star=given.star or len(parameters) > 1, max_inputs=given.max_inputs)


def _told(error: GilscopeError) -> str:
    """The user's own traceback, where there is one, then the message."""
    before = error.traceback.rstrip() if isinstance(error, TargetFailedError) else ""
    return f"{error}\n{before}" if before else str(error)
