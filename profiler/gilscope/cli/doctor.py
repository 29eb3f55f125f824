"""``gilscope doctor``: what works here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check, in a list.")] = False,
) -> None:
    """Try every instrument on this machine and say what works."""
    from gilscope.measure.health import checks

    found = list(checks())
    if as_json:
        import msgspec

        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
        return
    width = max(len(check.name) for check in found)
    for check in found:
        sys.stdout.write(f"{'ok' if check.works else 'NO':3}{check.name:{width + 2}}{check.detail}\n")
