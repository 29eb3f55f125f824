"""speedscope's own file format (https://www.speedscope.app/file-format-schema.json): a profile of all samples, and one
of those that held the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from gilscope.report.stacks import is_gil_known, parsed, sampled, with_stacks
from gilscope.report.verdicts import short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gilscope.records import ResultRecord

__all__ = ["file", "profile", "render"]

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


def render(results: Sequence[ResultRecord]) -> str:
    """Profiles whose weights are samples, of each result in turn; the frames are shared.

    :raises OutputError: when no result holds stacks
    """
    told = with_stacks(results)
    frames: dict[str, int] = {}
    profiles = [each for result in told for each in _profiles(result, frames)]
    return file(", ".join(result.target.spec for result in told), profiles, frames)


def file(name: str, profiles: Sequence[dict[str, Any]], frames: Iterable[str]) -> str:
    """A whole file.

    :param frames: of all profiles, in the order of their numbers
    """
    from gilscope.version import __version__

    document = {
        "$schema": _SCHEMA,
        "exporter": f"gilscope {__version__}",
        "name": name,
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
    yield profile(f"{name}: all samples", "none", [(stack.frames, stack.samples) for stack in stacks], frames)
    held = [(stack.frames, stack.gil_samples) for stack in stacks if stack.gil_samples]
    if held and is_gil_known(result):  # the viewer cannot draw a profile of nothing
        yield profile(f"{name}: holding the GIL", "none", held, frames)


def profile(
    name: str, unit: str, weighted: Sequence[tuple[tuple[str, ...], float]], frames: dict[str, int]
) -> dict[str, Any]:
    """One profile of a file.

    :param unit: of the weights
    :param weighted: stacks, outermost frame first, with their weights
    :param frames: numbers by frame, which those of these stacks are added to
    """
    return {
        "type": "sampled",
        "name": name,
        "unit": unit,
        "startValue": 0,
        "endValue": sum(weight for _, weight in weighted),
        "samples": [[frames.setdefault(text, len(frames)) for text in stack] for stack, _ in weighted],
        "weights": [weight for _, weight in weighted],
    }
