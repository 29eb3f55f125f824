"""What an analysis may be told: every option with its default, its bounds, and what it means.

They are declared here and nowhere else: `gilscope analyze`, `gilscope.analyze`, the notebook's magic and the
documentation are made from this.
"""

from __future__ import annotations

import functools
import os
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from gilscope.addresses import shown
from gilscope.config import nearest_file, said, with_origins
from gilscope.errors import UsageError
from gilscope.keywords import naming_keywords, options_are_typed
from gilscope.option import Option, option
from gilscope.parsing import counts, hertz, milliseconds, names, number, one_count, one_path, per_second, seconds, size

if TYPE_CHECKING:  # the command line declares its options before it knows whether it needs the record
    from collections.abc import Mapping

    from gilscope.records import Context, StartMethod, Wanted

__all__ = ["ORDINARY_START", "Option", "Options", "all_options", "keywords"]

#: What the help puts together.
TRY, BUDGET, WATCH, PLAN, QUEUES = "What to try", "Budget", "How to watch", "Plan for", "Task queues"

#: The budget of an analysis, where nothing is said.
BUDGET_S = 10.0
#: The budget of a search through all worker counts, where none is typed.
EXHAUSTIVE_BUDGET_S = 60.0
#: Budgets that starting may take beside the budget, where nothing is said: a target that imports for three seconds does
#: so in the solo run, in each trial, in the workers of process pools, and again where more workers are tried.
START_LIMIT = 3.0
#: What starting one process may take of the budget, as a part of it: 0.3 s of ten, as an interpreter with a small
#: module takes. Only what a target takes longer is its own.
ORDINARY_START = 0.03


@functools.cache
def keywords() -> dict[str, str]:
    """The keywords of `gilscope.analyze`, by the flags that say the same."""
    own = {
        "--inputs": "inputs",
        "--arg": "inputs",
        "--kwarg": "kwargs",
        "--star": "star=True",
        "--setup": "setup",
        "--teardown": "teardown",
    }
    return own | {flag: keyword for one in all_options() for flag, keyword in one.keywords()}


@dataclass(frozen=True)
class Options:
    """The options of an analysis, checked one by one; extensions look at those that must go together.

    :raises UsageError: for a number that makes no sense or a name that does not exist
    """

    backends: tuple[str, ...] = option(
        TRY,
        (),
        "--backends -b NAME,...",
        "Those to try beside serial: of thread, process, asyncio, and from Python 3.14 on interpreter, all unless some "
        "are named; of task queues, rq, rq-simple, celery, celery-threads, celery-gevent, dask, dask-threads, none.",
        parse=names,
    )
    workers: tuple[int, ...] = option(
        TRY,
        (),
        "--workers -w N,...",
        "Worker counts to try, as in 1,2,4; auto plans them.",
        parse=counts,
        typed="auto",
        least=1,
        in_python="Worker counts to try; planned when empty.",
    )
    max_workers: int | None = option(
        TRY,
        None,
        "--max-workers N",
        "The most workers tried unasked (64 threads, 16 processes, 1024 coroutines).",
        least=1,
    )
    exhaustive: bool = option(
        TRY,
        False,
        "--exhaustive",
        "Try every worker count of the grid; the budget is then 60s unless given.",
        in_python="Try every worker count of the grid; give it a larger budget.",
    )
    chunksize: int | None = option(
        TRY,
        None,
        "--chunksize N",
        "Calls handed to a process at once; auto plans it.",
        parse=one_count,
        typed="auto",
        least=1,
        in_python="Calls handed to a process at once; planned when None.",
    )
    start_method: StartMethod | None = option(  # noqa: RUF009  a field, as the others
        TRY, None, "--start-method", "How processes start; spawn unless given.", choices=("spawn", "forkserver", "fork")
    )
    pythons: tuple[str, ...] = option(
        TRY,
        (),
        "--python PATH",
        "Measure under this Python, with its own libraries and gilscope: .venv-3.14/bin/python; repeatable, and then "
        "side by side. The one that runs this is among them only where it is named. The budget is divided between "
        "them; 10s for each unless given.",
        parse=one_path,
        repeatable=True,
        in_python="Measure under these Pythons, side by side, each with its own libraries and gilscope: paths of "
        "interpreters. The budget is divided between them; 10 s for each unless given.",
    )
    budget_s: float = option(
        BUDGET,
        BUDGET_S,
        "--budget --duration -d TIME",
        "Time for the analysis of a target, once it has started: 10s.",
        parse=seconds,
        least=0.1,
        in_python="Seconds that the analysis may take, once the target has started.",
    )
    start_limit_s: float | None = option(
        BUDGET,
        None,
        "--start-limit TIME",
        "Time that imports, set-up and first calls may take beside the budget; three times the budget unless given.",
        parse=seconds,
        least=0.0,
        in_python="Seconds that imports, set-up and first calls may take beside the budget; None for three times it.",
    )
    max_calls: int | None = option(
        BUDGET, None, "--max-calls N", "Calls that the analysis of a target may make in all.", least=1
    )
    max_inputs: int = option(
        BUDGET, 1000, "--max-inputs N", "Inputs to take, the first ones; of an iterable that may be endless.", least=1
    )
    timeout_s: float = option(
        BUDGET,
        60.0,
        "--timeout TIME",
        "Time that one round of calls may take.",
        parse=seconds,
        typed="60s",
        least=0.001,
        in_python="Seconds that one round of calls may take.",
    )
    seed: int = option(WATCH, 0, "--seed N", "Of everything random.")
    rate_hz: float = option(
        WATCH,
        400.0,
        "--rate -r HZ",
        "Samples per second in observed rounds; of one thread alone, up to four times as many.",
        parse=hertz,
        typed="400",
        least=1.0,
    )
    observer: Literal["auto", "proc", "py-spy", "psutil"] = option(
        WATCH,
        "auto",
        "--observer",
        "auto is the best that works; by name it is that or an error. proc reads /proc and the GIL in memory; py-spy "
        "tells who holds the GIL, and psutil CPU from waiting; psutil alone no more than that.",
        choices=("auto", "proc", "py-spy", "psutil"),
    )
    hot_lines: bool = option(
        WATCH,
        True,
        "--hot-lines/--no-hot-lines",
        "Look for the hot lines, which py-spy does in a round of its own.",
    )
    context: Context = option(  # noqa: RUF009  a field, as the others
        PLAN, "sync", "--context", "async where the caller is a coroutine.", choices=("sync", "async")
    )
    cpus: int | None = option(PLAN, None, "--cpus N", "Plan for so many CPUs.", least=1)
    max_p99_s: float | None = option(
        PLAN,
        None,
        "--max-p99 MS",
        "Recommend only what keeps the 99th percentile of a call's length within so many milliseconds: 250, 1.5s.",
        parse=milliseconds,
        least=1e-9,
        in_python="Recommend only what keeps the 99th percentile of a call's length within so many seconds.",
    )
    max_memory_bytes: int | None = option(
        PLAN,
        None,
        "--max-memory SIZE",
        "Recommend only what keeps within so much memory, all processes together: 512MiB, 2GiB.",
        parse=size,
        least=1,
        in_python="Recommend only what keeps within so many bytes of memory, all processes together.",
    )
    items: float | None = option(
        PLAN,
        None,
        "--items N",
        "Plan for so many calls, as in 1e6, within a time.",
        parse=number,
        least=1,
        in_python="Plan for so many calls within ``within_s``.",
    )
    within_s: float | None = option(
        PLAN,
        None,
        "--within TIME",
        "The time for --items: 10m.",
        parse=seconds,
        least=0.001,
        in_python="The seconds for ``items``.",
    )
    target_rate_per_s: float | None = option(
        PLAN,
        None,
        "--target-rate N/s",
        "Plan for calls that come at this rate: 500/s.",
        parse=per_second,
        least=1e-6,
        in_python="Plan for so many calls a second, for ever.",
    )
    predict_cpus: tuple[int, ...] = option(
        PLAN,
        (),
        "--predict-cpus N,...",
        "Predict for machines of so many CPUs too, as in 4,16,64; repeatable.",
        parse=counts,
        least=1,
        repeatable=True,
        in_python="Predict for machines of so many CPUs too.",
    )
    free_threaded: bool = option(
        PLAN, False, "--free-threaded", "Predict for a free-threaded interpreter too, with each number of CPUs."
    )
    rtt_s: float = option(
        QUEUES,
        0.0,
        "--rtt TIME",
        "A network round trip between machines, in plans and on the way to a broker.",
        parse=seconds,
        typed="0ms",
        least=0.0,
        in_python="Seconds of a network round trip between machines, in plans and on the way to a broker.",
    )
    broker: str | None = option(
        QUEUES,
        None,
        "--broker URL",
        "The broker of task queues, as in redis://localhost:6379/1; one of gilscope's own otherwise. GILSCOPE_BROKER, "
        "which does not show the password to other users, says the same.",
    )
    allow_remote_broker: bool = option(
        QUEUES,
        False,
        "--allow-remote-broker",
        "Use a broker that is on another machine, or that holds keys which are not gilscope's.",
    )
    remote_workers: int | None = option(
        QUEUES,
        None,
        "--remote-workers N",
        "Run rq-simple with so many workers of other hosts: there, gilscope worker --broker URL --secret-file FILE "
        "starts them.",
        least=1,
    )
    secret_file: str | None = option(
        QUEUES,
        None,
        "--secret-file FILE",
        "What these hosts and the analysis sign with, in a file for you alone; it is written where there is none.",
    )
    dask: str | None = option(
        QUEUES,
        None,
        "--dask URL",
        "A Dask scheduler whose workers to use, as in tcp://localhost:8786; a cluster of gilscope's own otherwise.",
    )

    @naming_keywords(keywords)
    def __post_init__(self) -> None:
        for one in all_options():
            value = getattr(self, one.name)
            one.refuse_other_kinds(value)
            if isinstance(one.default, tuple) and not isinstance(value, tuple):
                value = tuple(value)
                object.__setattr__(self, one.name, value)
            one.refuse_nonsense(value)
        if (self.items is None) != (self.within_s is None):
            raise UsageError("--items and --within go together: so many calls within so long")
        elsewhere = [
            name for name, value in (("--remote-workers", self.remote_workers), ("--dask", self.dask)) if value
        ]
        if self.pythons and elsewhere:
            raise UsageError(
                f"{elsewhere[0]} and --python do not go together: those workers are started elsewhere, with a Python "
                "of their own"
            )
        if self.observer == "py-spy" and not self.hot_lines:
            raise UsageError(
                "--observer py-spy and --no-hot-lines do not go together: py-spy tells who holds the GIL in the round "
                "that looks for the hot lines"
            )
        if self.items is not None and self.target_rate_per_s is not None:
            raise UsageError("--items within a time and --target-rate are two ways to say how much: give one of them")

    @classmethod
    def read(cls, typed: Mapping[str, Any]) -> Options:
        """The options from what was typed for each, by name; where that is None they have their default.

        :raises UsageError: when something cannot be read
        """
        given = {one.name: _read(one, typed[one.name]) for one in all_options() if typed.get(one.name) is not None}
        usual_s = EXHAUSTIVE_BUDGET_S if given.get("exhaustive") else BUDGET_S
        given.setdefault("budget_s", usual_s * max(1, len(given.get("pythons", ()))))
        return cls(**given)

    @classmethod
    def from_config(cls, folder: str | os.PathLike[str] | None = None) -> Options:
        """What the environment (``GILSCOPE_*``) and the nearest pyproject.toml with a table ``[tool.gilscope]`` say, as
        `gilscope analyze` takes it; nothing else of the library reads either.

        :param folder: from where upwards the file is looked for; the working folder unless given
        :raises UsageError: when something cannot be read, or is not for a file to say
        """
        keys = {one.name: one.key for one in all_options() if one.flags}
        found = said(keys.values(), "analyze", nearest_file(os.getcwd() if folder is None else folder), os.environ)
        given = {name: found[key.name].value for name, key in keys.items() if key.name in found}
        try:
            with options_are_typed():
                return cls.read({one.name: one.as_typed(given[one.name]) for one in all_options() if one.name in given})
        except UsageError as error:
            raise type(error)(with_origins(str(error), found)) from error

    @property
    def may_start_s(self) -> float:
        """Seconds that starting may take beside the budget."""
        return START_LIMIT * self.budget_s if self.start_limit_s is None else self.start_limit_s

    @property
    def wanted(self) -> Wanted | None:
        """How much is to be planned for; None where nothing was asked."""
        from gilscope.records import Wanted

        if self.items is not None and self.within_s is not None:
            return Wanted(per_s=self.items / self.within_s, items=self.items, within_s=self.within_s)
        return None if self.target_rate_per_s is None else Wanted(per_s=self.target_rate_per_s)

    def saved(self) -> dict[str, Any]:
        """Those that are set, as a saved result gives them back: with lists for tuples, and without a password or where
        the secret is."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        given.pop("secret_file", None)
        given |= {name: shown(given[name]) for name in ("broker", "dask") if name in given}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def _read(one: Option, typed: Any) -> Any:
    value = one.value(typed)
    one.refuse_nonsense(value, typed)
    return value


@functools.cache
def all_options() -> tuple[Option, ...]:
    """Every option, in the order of the help."""
    return tuple(
        replace(
            each.metadata["option"],
            name=each.name,
            annotation=str(each.type),
            default=each.default,
            kind=_KINDS.get(str(each.type).partition(" ")[0], str),
        )
        for each in fields(Options)
    )


#: By the first word of the annotation.
_KINDS: dict[str, type[bool | int | float | str]] = {"bool": bool, "int": int, "float": float}
