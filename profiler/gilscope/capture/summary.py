"""What a run has captured, as it is told with the program's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gilscope.capture.folder import CapturedFile
from gilscope.capture.records import Totals
from gilscope.capture.settings import Settings
from gilscope.records.captures import Capture, CapturedCalls
from gilscope.records.programs import ProcessAccount

__all__ = ["reached", "summary"]


def reached(settings: Settings) -> frozenset[int]:
    """The processes whose interpreters began to capture: not those that such a one forked."""
    try:
        with open(settings.path("reached"), encoding="ascii") as file:
            return frozenset(map(int, file.read().split()))
    except OSError:
        return frozenset()


def summary(
    settings: Settings,
    folder: str,
    files: Sequence[CapturedFile],
    began: frozenset[int],
    processes: Iterable[ProcessAccount],
) -> Capture:
    """
    :param folder: as it was typed
    :param began: the processes that were `reached`
    :param processes: those of the program that were seen
    """
    functions = tuple(_function(number, spec, files) for number, spec in enumerate(settings.specs))
    known = began | {file.heading.pid for file in files}
    return Capture(folder=folder, functions=functions, unreached=_unreached(known, tuple(processes)))


def _function(number: int, spec: str, files: Sequence[CapturedFile]) -> CapturedCalls:
    counted = [found for file in files if (found := _counted(file, number)) is not None]
    kept = [call for file in files for call in file.calls if call.spec == number]
    refused: Counter[str] = Counter()
    for each in counted:
        refused.update(each.refused)
    return CapturedCalls(
        spec=spec,
        calls=sum(each.calls for each in counted),
        kept=len(kept),
        kept_bytes=sum(len(call.data) for call in kept),
        not_picklable=sum(refused.values()),
        reasons=dict(refused.most_common()),
        not_considered=sum(each.passed for each in counted),
        processes=len(counted),
        complete=bool(counted) and all(each.whole for each in counted),
    )


def _counted(file: CapturedFile, number: int) -> Totals | None:
    """What a process has counted of a function: of one that ended by ``os._exit`` or a signal, what the calls tell that
    it kept. None where it did not call it."""
    told = next((each for each in file.totals if each.spec == number), None)
    strata: dict[int, int] = {}
    for call in file.calls:
        if call.spec == number:
            strata[call.stratum] = max(call.calls, strata.get(call.stratum, 0))
    known = sum(strata.values())
    if told is None:
        return Totals(number, known) if known else None
    return told if told.calls >= known else Totals(**{**vars(told), "calls": known})


def _unreached(known: frozenset[int], processes: Sequence[ProcessAccount]) -> tuple[str, ...]:
    """The commands of interpreters that did not begin to capture. One whose command is its parent's was forked, and
    needs not to begin."""
    commands = {each.pid: each.command for each in processes}
    return tuple(
        each.command
        for each in processes
        if each.python is not None
        and each.pid not in known
        and (each.parent is None or commands.get(each.parent) != each.command)
    )
