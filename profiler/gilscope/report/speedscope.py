"""speedscope's own file format (https://www.speedscope.app/file-format-schema.json): a profile of all samples, and one
of those that held the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from gilscope.report.stacks import is_gil_known, parsed, sampled, with_stacks
from gilscope.report.verdicts import short_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gilscope.records import ResultRecord

__all__ = ["render"]

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


def render(results: Sequence[ResultRecord]) -> str:
    """Profiles whose weights are samples, of each result in turn; the frames are shared.

    :raises OutputError: when no result holds stacks
    """
    from gilscope.version import __version__

    told = with_stacks(results)
    frames: dict[str, int] = {}
    profiles = [profile for result in told for profile in _profiles(result, frames)]
    document = {
        "$schema": _SCHEMA,
        "exporter": f"gilscope {__version__}",
        "name": ", ".join(result.target.spec for result in told),
        "activeProfileIndex": 0,
        "profiles": profiles,
        "shared": {"frames": [_frame(text) for text in frames]},
    }
    return msgspec.json.encode(document).decode() + "\n"


def _frame(text: str) -> dict[str, Any]:
    function, file, line = parsed(text)
    places = {"file": file, "line": line}
    return {"name": function} | {name: value for name, value in places.items() if value is not None}


def _profiles(result: ResultRecord, frames: dict[str, int]) -> Iterator[dict[str, Any]]:
    stacks, name = sampled(result), short_name(result.target.spec)
    yield _profile(f"{name}: all samples", [(stack.frames, stack.samples) for stack in stacks], frames)
    held = [(stack.frames, stack.gil_samples) for stack in stacks if stack.gil_samples]
    if held and is_gil_known(result):  # the viewer cannot draw a profile of nothing
        yield _profile(f"{name}: holding the GIL", held, frames)


def _profile(name: str, weighted: Sequence[tuple[tuple[str, ...], int]], frames: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "sampled",
        "name": name,
        "unit": "none",
        "startValue": 0,
        "endValue": sum(samples for _, samples in weighted),
        "samples": [[frames.setdefault(text, len(frames)) for text in stack] for stack, _ in weighted],
        "weights": [samples for _, samples in weighted],
    }
