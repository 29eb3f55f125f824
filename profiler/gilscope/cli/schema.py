"""``gilscope schema``: what a saved result is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.choosing import require_choice
from gilscope.cli.stdout import put

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

    require_choice("schema", kind, SCHEMAS)
    put(render(kind))
