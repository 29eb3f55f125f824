"""What every command of gilscope has in common."""

from __future__ import annotations

from typing import Any, Final

import typer.core

from gilscope.cli.common import common_params
from gilscope.cli.failures import refused
from gilscope.cli.plain_text import leave_text
from gilscope.renamed import refuse_renamed

__all__ = ["OUTPUT", "TARGET", "WATCH", "Command", "ProcessCommand"]

#: Parts of the help: an option names its own as its ``rich_help_panel``. Rich itself would make the help three times as
#: slow to appear.
TARGET: Final = "Target"
WATCH: Final = "How to watch"
OUTPUT: Final = "Output"
#: Its only options that programs may be started with and that are no letter.
_LONG_OF_PYTHON: Final = ("--check-hash-based-pycs",)
_OF_ALL: Final = frozenset(("version", "no_config", "color", "help"))


class Command(typer.core.TyperCommand):
    """A command whose help stands in parts, and that says what an option is called now where a former name of it is
    typed.

    :raises UsageError: then
    """

    def get_params(self, ctx: Any) -> list[Any]:
        own = super().get_params(ctx)  # the help comes last
        return leave_text([*own[:-1], *common_params(), *own[-1:]])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        typed = list(args)  # the parser takes them away
        try:
            rest = super().parse_args(ctx, args)
        except Exception as error:  # typer brings its own copy of click, or not, by its version
            refuse_renamed([getattr(error, "option_name", None) or ""])
            from gilscope.cli.unreadable import explained

            raise explained(error, self, ctx, typed) from None
        _refuse_option(ctx, (ctx.params.get("program") or [""])[0])
        from gilscope.cli.configured import configure  # not needed where the help is shown

        configure(ctx, self)
        return rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # typer would take it for that of standard output
            raise refused(error) from error

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Of arguments what stands for them, and nothing around that: it says how many there may be."""
        del ctx
        arguments = [one for one in self.params if one.param_type_name == "argument"]
        return [str(self.options_metavar), *(_name_of(argument) for argument in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The arguments and options, each part in the place of its first; where reports go comes last."""
        parts: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            part, record = _part_of(parameter, list(parts)), _told(parameter, ctx)
            if record is not None:
                parts.setdefault(part, []).append(record)
        parts |= {OUTPUT: parts.pop(OUTPUT)} if OUTPUT in parts else {}
        for part, records in parts.items():
            with formatter.section(part):
                formatter.write_dl(records)


def _refuse_option(ctx: Any, word: str) -> None:
    """What a command does not know is the program's that it starts; no program begins with such a word.

    :raises UsageError: where one does
    """
    if word.startswith("--") and not ctx.resilient_parsing and word not in _LONG_OF_PYTHON:
        refuse_renamed([word])
        from gilscope.cli.unreadable import flags_of, no_option

        raise no_option(ctx, word.partition("=")[0], flags_of(ctx))


def _part_of(parameter: Any, so_far: list[str]) -> str:
    """Where nothing is said, options of commands without parts stand together, and those of all commands with what is
    printed."""
    if panel := getattr(parameter, "rich_help_panel", None):  # click's own --help has none
        return str(panel)
    if parameter.param_type_name == "argument":
        return "Arguments"
    return OUTPUT if parameter.name in _OF_ALL and OUTPUT in so_far else "Options"


def _told(parameter: Any, ctx: Any) -> tuple[str, str] | None:
    """The name and the help; None where it is not shown. Of an argument without its type, which its name tells."""
    if parameter.param_type_name == "argument":
        return _name_of(parameter), parameter.help or ""
    record: tuple[str, str] | None = parameter.get_help_record(ctx)
    return record


def _name_of(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


class ProcessCommand(Command):
    """A command that takes a process, options before and behind it, or a program with its own arguments."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].isdigit():
            ctx.ignore_unknown_options, ctx.allow_interspersed_args = False, True
        return super().parse_args(ctx, args)
