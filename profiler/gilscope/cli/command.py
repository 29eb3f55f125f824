"""What every command of gilscope has in common."""

from __future__ import annotations

from typing import Any

import typer.core

from gilscope.cli.failures import refused
from gilscope.renamed import refuse_renamed

__all__ = ["Command", "ProcessCommand"]


class Command(typer.core.TyperCommand):
    """A command that says what an option is called now where a former name of it is typed.

    :raises UsageError: then
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        typed = list(args)  # the parser takes them away
        try:
            rest = super().parse_args(ctx, args)
        except Exception as error:  # typer brings its own copy of click, or not, by its version
            refuse_renamed([getattr(error, "option_name", None) or ""])
            from gilscope.cli.unreadable import explained

            raise explained(error, self, ctx, typed) from None
        refuse_renamed((ctx.params.get("program") or [])[:1])  # what a command does not know there is the program's
        from gilscope.cli.configured import configure  # not needed where the help is shown

        configure(ctx, self)
        return rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # typer would take it for that of standard output
            raise refused(error) from error


class ProcessCommand(Command):
    """A command that takes a process, options before and behind it, or a program with its own arguments."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].isdigit():
            ctx.ignore_unknown_options, ctx.allow_interspersed_args = False, True
        return super().parse_args(ctx, args)
