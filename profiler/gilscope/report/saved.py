"""Reading saved results. Decoding builds typed records and nothing else: no file can make it run code."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from gilscope.decide.traits import way_of
from gilscope.errors import LoadError
from gilscope.reading import MOST, is_measurable, read_bytes
from gilscope.records import SCHEMA, Kind, ResultRecord, Trial
from gilscope.records.programs import PROGRAM_SCHEMA, ProgramRecord
from gilscope.records.pythons import PYTHONS_SCHEMA, PythonsRecord
from gilscope.units import thousands

__all__ = [
    "are_pythons",
    "checked",
    "decoded",
    "is_program",
    "load_error",
    "migrated",
    "parsed",
    "program_of",
    "pythons_of",
    "read_all",
    "results_of",
]

R = TypeVar("R", bound=ResultRecord)
P = TypeVar("P", bound=ProgramRecord)
S = TypeVar("S", bound=PythonsRecord)

#: Of each older schema, how its records become those of the next.
_OLDER: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    # Version 2 added timelines, stacks and histograms of latencies; that they are not there says they are unknown.
    "gilscope.result/1": lambda record: record | {"schema": "gilscope.result/2"},
}
_NAME: Final = SCHEMA.partition("/")[0] + "/"
_PROGRAM: Final = PROGRAM_SCHEMA.partition("/")[0] + "/"
_PYTHONS: Final = PYTHONS_SCHEMA.partition("/")[0] + "/"
#: By what schemas begin with, what they are of.
_SORTS: Final = {
    _NAME: "the analysis of a function",
    _PROGRAM: "a program that was watched",
    _PYTHONS: "a function under several Pythons",
}


def read_all(path: str | Path, kind: type[R]) -> list[R]:
    """The results saved in a JSON file, one record or a list of records, each as a ``kind``.

    :raises LoadError: when it is missing, truncated, not JSON, of another schema, or has wrong types
    """
    return results_of(path, parsed(path), kind)


def parsed(path: str | Path) -> Any:
    """What a JSON file says, read once: it may be a pipe.

    :raises LoadError: when it is missing, truncated, not JSON, or has figures that nobody measured
    """
    return decoded(path, _contents(path))


def decoded(path: str | Path, data: bytes) -> Any:
    """The same of what stands in one."""
    return checked(path, _parse(path, data))


def checked(path: str | Path, found: Any) -> Any:
    """What was found there, when somebody can have measured its figures.

    :raises LoadError: when nobody can
    """
    if not is_measurable(found):
        raise load_error(path, f"a figure in it is none that anybody measured: it is beyond {thousands(MOST)}")
    return found


def results_of(path: str | Path, found: Any, kind: type[R]) -> list[R]:
    """The results in what a file says.

    :raises LoadError: when there are none, of another schema, or with wrong types
    """
    records = found if isinstance(found, list) else [found]
    if not records:
        raise load_error(path, "it is an empty list of results")
    return [_convert(path, record, kind) for record in records]


def is_program(found: Any) -> bool:
    """Whether it is a program that was watched, by what it says of itself."""
    return isinstance(found, dict) and str(found.get("schema")).startswith(_PROGRAM)


def program_of(path: str | Path, found: Any, kind: type[P]) -> P:
    """The program in what a file says.

    :raises LoadError: when it is of another schema, or has wrong types
    """
    _require_schema(path, found, PROGRAM_SCHEMA)
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise load_error(path, f"a field is missing or of a wrong type: {error}") from error


def are_pythons(found: Any) -> bool:
    """Whether it is a function under several Pythons, by what it says of itself."""
    return isinstance(found, dict) and str(found.get("schema")).startswith(_PYTHONS)


def pythons_of(path: str | Path, found: Any, kind: type[S]) -> S:
    """The function under several Pythons in what a file says.

    :raises LoadError: when it is of another schema, or has wrong types
    """
    _require_schema(path, found, PYTHONS_SCHEMA)
    try:
        record = msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise load_error(path, f"a field is missing or of a wrong type: {error}") from error
    _require_numbers(path, record)
    results = [one.result and _convert(path, msgspec.to_builtins(one.result), ResultRecord) for one in record.pythons]
    pythons = (msgspec.structs.replace(one, result=own) for one, own in zip(record.pythons, results, strict=True))
    return msgspec.structs.replace(record, pythons=tuple(pythons))


def _require_numbers(path: str | Path, record: PythonsRecord) -> None:
    """Of Pythons that it has."""
    told = [number for number in (record.first, record.fastest, *record.as_fast) if number is not None]
    if not all(0 <= number < len(record.pythons) for number in told):
        raise load_error(path, "it tells of a Python by a number that none of its Pythons has")


def migrated(record: dict[str, Any]) -> dict[str, Any]:
    """A record of any schema that was ever published, as one of today's: the same, where it is one."""
    while (step := _OLDER.get(record["schema"])) is not None:
        record = step(record)
    return record


def _contents(path: str | Path) -> bytes:
    try:
        return read_bytes(path)
    except (OSError, ValueError) as error:
        raise load_error(path, getattr(error, "strerror", None) or str(error)) from error


def _parse(path: str | Path, data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except UnicodeDecodeError as error:
        raise load_error(path, f"it is not UTF-8 text (byte {error.start} of a string); not JSON") from error
    except msgspec.DecodeError as error:
        raise load_error(path, f"it is {_what(data, str(error))}") from error
    except RecursionError as error:
        raise load_error(path, "it is nested too deeply; no result is") from error


def _what(data: bytes, problem: str) -> str:
    if not data.strip():
        return "empty"
    # A file cut off within a number is told by the place of the error: the end.
    place = re.search(r"\(byte (\d+)\)$", problem)
    if "truncated" in problem or (place and int(place[1]) >= len(data.rstrip())):
        return "truncated: the JSON ends too early; analyze again or fetch the whole file"
    return f"not JSON ({problem})"


def _convert(path: str | Path, record: Any, kind: type[R]) -> R:
    """The schema comes first: a record of another version is called that, and not ill-typed."""
    _require_schema(path, record, SCHEMA, *_OLDER)
    try:
        result = msgspec.convert(migrated(record), kind)
    except msgspec.ValidationError as error:
        raise load_error(path, f"a field is missing or of a wrong type: {error}") from error
    result = _with_ways(result)
    workers = [trial.workers for trial in result.trials] + [told.workers for told in result.predictions]
    if min(workers, default=1) < 1:
        raise load_error(path, "a figure in it is none that anybody measured: less than one worker")
    return result


def _with_ways(result: R) -> R:
    """Who hands out the calls, and what makes them, of results that did not say it yet."""
    kind, told = result.target.kind, result.recommendation
    trials = tuple(_with_way(trial, kind) for trial in result.trials)
    if told.backend is not None and told.runner is None:
        way = way_of(told.backend, kind)
        measured = (trial.executor for trial in trials if trial.backend == told.backend)
        executor = told.executor or next(measured, way.executor)
        looped = told.context == "async" and executor is not None
        told = msgspec.structs.replace(told, runner="event-loop" if looped else way.runner, executor=executor)
    return msgspec.structs.replace(result, trials=trials, recommendation=told)


def _with_way(trial: Trial, kind: Kind) -> Trial:
    if trial.runner is not None:
        return trial
    way = way_of(trial.backend, kind)
    executor = "queue" if trial.queue is not None else way.executor
    return msgspec.structs.replace(trial, runner=way.runner, executor=executor)


def _require_schema(path: str | Path, found: Any, *known: str) -> None:
    """:raises LoadError: when it is of none of the ``known`` ones"""
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema is None:
        raise load_error(path, 'it is JSON, but not a gilscope result: it has no "schema" field')
    if schema not in known:
        raise load_error(path, f"its schema is {schema!r}, {_what_to_do(str(schema), known[0])}")


def _what_to_do(schema: str, wanted: str) -> str:
    from gilscope.version import __version__

    sort = next((sort for sort in _SORTS if schema.startswith(sort)), None)
    known = f"but gilscope {__version__} reads {wanted!r} and older"
    if sort is None:
        return f"{known}: give a file that gilscope analyze saved as JSON"
    if not wanted.startswith(sort):
        return f"which is {_SORTS[sort]}, and {wanted!r} was expected: gilscope.load reads either"
    return f"{known}: upgrade gilscope (pip install --upgrade gilscope), or analyze again"


def load_error(path: str | Path, reason: str) -> LoadError:
    """Why a file of results cannot be used, and which of that folder is called almost so, where it is not there."""
    return LoadError(f"cannot load {str(path)!r}: {reason}{'' if os.path.exists(path) else _nearest(Path(path))}")


#: How like another a file's name must be to be taken for it: most end alike.
LIKE: Final = 0.8


def _nearest(path: Path) -> str:
    import difflib

    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), 1, LIKE)
    except (OSError, ValueError):
        near = []
    return f"; did you mean {str(path.with_name(near[0]))!r}?" if near else ""
