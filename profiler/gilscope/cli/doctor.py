"""``gilscope doctor``: what works here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gilscope.cli.exits import GATE_FAILED
from gilscope.cli.stdout import put

if TYPE_CHECKING:
    from gilscope.measure.health import Check

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check, in a list.")] = False,
) -> None:
    """Try every instrument on this machine and say what works: exit status 1 when something that is needed does not."""
    from gilscope.measure.health import checks

    found = list(checks())
    if as_json:
        import msgspec

        put(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    else:
        width = max(len(check.name) for check in found)
        put("".join(f"{_mark(check):3}{check.name:{width + 2}}{_told(check)}\n" for check in found))
    failed = [check.name for check in found if check.needed and not check.works]
    if failed:
        sys.stderr.write(f"gilscope: there is no verdict without what does not work here: {', '.join(failed)}\n")
        raise typer.Exit(GATE_FAILED)


def _mark(check: Check) -> str:
    return "ok" if check.works else "NO" if check.needed else "--"


def _told(check: Check) -> str:
    return check.detail if check.works or check.needed else f"optional: {check.detail}"
