"""``gilscope schema``: what a saved result is made of."""

from __future__ import annotations

from gilscope.cli.stdout import put

__all__ = ["schema"]


def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of a saved result."""
    from gilscope.report.schema import render

    put(render())
