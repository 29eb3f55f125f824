"""``gilscope doctor``: what works here."""

from __future__ import annotations

from typing import Annotated

import typer

from gilscope.cli.stdout import put

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check, in a list.")] = False,
) -> None:
    """Try every instrument on this machine and say what works."""
    from gilscope.measure.health import checks

    found = list(checks())
    if as_json:
        import msgspec

        put(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
        return
    width = max(len(check.name) for check in found)
    for check in found:
        put(f"{'ok' if check.works else 'NO':3}{check.name:{width + 2}}{check.detail}\n")
