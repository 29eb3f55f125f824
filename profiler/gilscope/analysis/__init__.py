"""plan → measure → decide: the one place where these meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from gilscope.analysis.budget import refuse_where_impossible
from gilscope.analysis.campaign import Campaign, Progress, Tell
from gilscope.analysis.conclude import conclude
from gilscope.analysis.survey import survey
from gilscope.extensions import Extension, installed
from gilscope.observers.cpus import usable_cpus
from gilscope.options import Options
from gilscope.records import Context, StartMethod
from gilscope.result import Result
from gilscope.targets import TargetSpec, describe

__all__ = ["Options", "Progress", "Tell", "analyze", "check", "investigate", "survey"]


def analyze(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    star: bool = False,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[[], Any] | None = None,
    backends: Sequence[str] = (),
    workers: Sequence[int] = (),
    max_workers: int | None = None,
    exhaustive: bool = False,
    chunksize: int | None = None,
    start_method: StartMethod | None = None,
    cpus: int | None = None,
    budget_s: float = 10.0,
    max_calls: int | None = None,
    timeout_s: float = 60.0,
    seed: int = 0,
    context: Context = "sync",
    observer: Literal["auto", "psutil"] = "auto",
    hot: bool = True,
    predict_cpus: Sequence[int] = (),
    predict_gil: bool = True,
    broker: str | None = None,
    allow_remote_broker: bool = False,
    remote_workers: int | None = None,
    secret_file: str | None = None,
    dask: str | None = None,
    rtt_s: float = 0.0,
    items: float | None = None,
    within_s: float | None = None,
    wanted_per_s: float | None = None,
) -> Result:
    """Run ``func`` over ``inputs`` alone and under every executor backend, in fresh processes, and say how to run it.

    :param func: any callable; what cannot be pickled is not tried on processes
    :param inputs: one argument for each call; the first thousand are used. None takes those that `@classify` was given,
        and calls it without an argument where there are none
    :param kwargs: keyword arguments of every call
    :param star: unpack each input as positional arguments, as `itertools.starmap` does
    :param setup: called once in every process that runs the target, before it
    :param teardown: called once in every such process, at its end
    :param backends: those to try beside serial; all but task queues when empty
    :param workers: worker counts to try; planned when empty
    :param max_workers: the most workers tried unasked; 64 threads, 16 processes, 1,024 coroutines when None
    :param exhaustive: try every worker count of the grid; give it a larger budget
    :param chunksize: calls handed over at once to a process; planned when None
    :param start_method: how processes start; spawn when None
    :param cpus: plan for so many CPUs, when the machine permits more
    :param budget_s: seconds the analysis may take
    :param max_calls: calls of ``func`` it may make in all
    :param timeout_s: seconds one round may take
    :param seed: of everything random: the order of inputs and rounds, the sampling moments
    :param context: ``"async"`` when the caller is a coroutine
    :param observer: ``"psutil"`` to do without Linux's /proc
    :param hot: whether to look for the hot lines with py-spy
    :param predict_cpus: CPUs of other machines to predict the best configurations for, as in ``[4, 16, 64]``
    :param predict_gil: False to predict for a free-threaded interpreter too, with this machine's CPUs and with those
    :param broker: the address of the task queues' broker, as in ``"redis://localhost:6379/1"``; when None,
        ``$GILSCOPE_BROKER``, or else one of gilscope's own
    :param allow_remote_broker: whether it may be on another machine, and hold keys that are not gilscope's
    :param remote_workers: workers of rq-simple on other hosts, which ``gilscope worker`` runs there
    :param secret_file: of what these and the analysis sign with; made where there is none
    :param dask: the address of a Dask scheduler whose workers are to be used, as in ``"tcp://localhost:8786"``
    :param rtt_s: a network round trip, in seconds, that task queues are measured with once more
    :param items: calls that are to be done ``within_s`` seconds: `Result.capacity` plans for that
    :param within_s: the time for ``items``
    :param wanted_per_s: calls per second that are to be done, in their place
    :raises UsageError: when something cannot be done as asked (`TargetError` and `InputsError` are such)
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    options = Options(
        backends=tuple(backends),
        workers=tuple(workers),
        max_workers=max_workers,
        exhaustive=exhaustive,
        chunksize=chunksize,
        start_method=start_method,
        cpus=cpus,
        budget_s=budget_s,
        max_calls=max_calls,
        timeout_s=timeout_s,
        seed=seed,
        context=context,
        observer=observer,
        hot=hot,
        predict_cpus=tuple(predict_cpus),
        predict_gil=predict_gil,
        broker=broker,
        allow_remote_broker=allow_remote_broker,
        remote_workers=remote_workers,
        secret_file=secret_file,
        dask=dask,
        rtt_s=rtt_s,
        items=items,
        within_s=within_s,
        wanted_per_s=wanted_per_s,
    )
    target = describe(func, inputs, kwargs=kwargs, star=star, setup=setup, teardown=teardown)
    result = investigate(target, options)
    if result.interrupted:
        raise KeyboardInterrupt
    return result


def investigate(target: TargetSpec, options: Options, tell: Tell = lambda progress: None) -> Result:
    """Measure and conclude. Ctrl-C ends it early: the result then holds what is finished and says so.

    :param tell: hears of the progress
    :raises UsageError: when something cannot be done as asked
    :raises BrokerError: when the workers on other hosts that were asked for do not come
    :raises TargetFailedError: when the target's own code raises on import, in its set-up, or in every call
    """
    refuse_where_impossible()
    extensions = [extension(options) for extension in installed()]
    with _within(extensions, options, tell):
        campaign = Campaign(target, options, usable_cpus(options.cpus), tell, extensions)
        try:
            campaign.run()
            return conclude(campaign)
        except KeyboardInterrupt:
            return conclude(campaign, interrupted=True)


def check(options: Options) -> None:
    """Refuse options that do not go together, before anything is measured.

    :raises UsageError: when that is so
    """
    for extension in installed():
        extension(options)


@contextmanager
def _within(extensions: Sequence[Extension], options: Options, tell: Tell) -> Iterator[None]:
    """Within, what the extensions need is there."""
    with ExitStack() as stack:
        for extension in extensions:
            stack.enter_context(extension.around(lambda doing: tell(Progress(doing, 0.0, options.budget_s))))
        yield
