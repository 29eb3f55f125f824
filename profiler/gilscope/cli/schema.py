"""``gilscope schema``: what a saved result is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.stdout import put
from gilscope.errors import UsageError

__all__ = ["schema"]


def schema(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[result|program|pythons]",
            help="What was saved: an analysis, a program that was watched, or a function under several Pythons.",
        ),
    ] = "result",
) -> None:
    """Print the JSON Schema (draft 2020-12) of a saved result."""
    from gilscope.report.schema import SCHEMAS, render

    if kind not in SCHEMAS:
        raise UsageError(f"schema {kind!r}: there is one of each of {', '.join(SCHEMAS)}")
    put(render(kind))
