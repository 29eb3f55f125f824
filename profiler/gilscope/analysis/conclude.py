"""From what was measured to the result: the decisions, each made by a pure function, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median

import msgspec

from gilscope.analysis.places import known_places, shortened
from gilscope.analysis.runner import Runner
from gilscope.decide.break_even import break_even
from gilscope.decide.classify import compute_share
from gilscope.decide.code import CodeTarget
from gilscope.decide.doubt import doubted
from gilscope.decide.findings import Evidence, findings
from gilscope.decide.given import given_inputs
from gilscope.decide.groups import Run, groups
from gilscope.decide.inputs import why_fewer
from gilscope.decide.isolated import without_need
from gilscope.decide.measured import Measured
from gilscope.decide.next_steps import left_out
from gilscope.decide.predictions import predictions
from gilscope.decide.recommended import INTERRUPTED, recommended
from gilscope.decide.shortage import unless_nothing_was_compared, unless_time_was_short
from gilscope.measure.live import LiveTrial
from gilscope.measure.record import runs_of
from gilscope.observers.cpus import CpuBudget
from gilscope.observers.environment import describe_environment
from gilscope.observers.timeline import edges_in, fair_share, told_until
from gilscope.records import (
    Alternative,
    Environment,
    Failure,
    GivenInputs,
    HotLine,
    InputGroup,
    Instrument,
    Recommendation,
    Stack,
    Target,
    Trial,
)
from gilscope.result import Result
from gilscope.targets import comes_first

__all__ = ["MOST_EDGES_IN_ALL", "conclude", "with_bounded_timelines"]

#: Of the timelines of a result: with their states less than 300 kB of indented JSON.
MOST_EDGES_IN_ALL = 6_000


def conclude(runner: Runner, cpus: CpuBudget, *, interrupted: bool = False) -> Result:
    """The result of an analysis, finished or not."""
    journal, options, measured = runner.journal, runner.options, runner.measured
    model, trials, code_target = measured.model, measured.records, _code_target(runner, cpus)
    recommendation = _with_hooks(_recommendation(measured, code_target, interrupted, journal.unreturned), runner)
    result = Result(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        target=_target(runner),
        environment=_environment(runner, cpus, measured),
        instrument=_instrument(runner, measured),
        settings=options.saved(),
        elapsed_s=runner.budget.wall_s,
        starting_s=runner.budget.started_s,
        calls_made=runner.budget.calls_made,
        demands=measured.demands,
        classification=measured.classification,
        recommendation=recommendation,
        trials=with_bounded_timelines(trials),
        predictions=predictions(
            model, trials, cpus=options.predict_cpus, gil=not options.free_threaded, margin=measured.floor
        )
        if model
        else (),
        noise=measured.noise,
        break_even=break_even(model, trials, measured.floor) if model else (),
        given=_given(runner, measured, recommendation),
        groups=_groups(runner, measured),
        repeats=journal.repeats,
        imports=journal.loaded.imports if journal.loaded else (),
        native_pools=journal.solo.account.native_pools if journal.solo else (),
        accelerators=measured.accelerators,
        hot=_hot(runner),
        stacks=_stacks(runner),
        failure=_failure(journal.racing, _places(runner)),
        output=next((trial.account.output for trial in journal.racing if trial.account.output), ""),
        interrupted=interrupted,
    )
    for extension in runner.extensions:
        result = extension.completed(result, code_target)
    output_bytes = sum(trial.account.output_bytes for trial in journal.racing)
    evidence = Evidence.of(result, dispatch_s=measured.machine.dispatch_s, output_bytes=output_bytes)
    return doubted(msgspec.structs.replace(result, findings=findings(evidence)))


def with_bounded_timelines(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The trials, their timelines as long as all of them together may be."""
    most = fair_share((edges_in(trial.timeline) for trial in trials if trial.timeline), MOST_EDGES_IN_ALL)
    return tuple(
        msgspec.structs.replace(trial, timeline=trial.timeline and told_until(trial.timeline, most)) for trial in trials
    )


def _environment(runner: Runner, cpus: CpuBudget, measured: Measured) -> Environment:
    watching = runner.journal.watching
    by = None if watching is None else watching.gil_enabled_by
    told = msgspec.structs.replace(describe_environment(cpus), gil_enabled=measured.gil_enabled, gil_enabled_by=by)
    other = runner.python
    if other is None:
        return told
    return msgspec.structs.replace(
        told, python=other.python, implementation=other.implementation, packages=other.packages
    )


def _places(runner: Runner) -> dict[str, str]:
    return known_places(runner.python.paths if runner.python else None)


# -- the target -------------------------------------------------------------------------------------------------------


def _target(runner: Runner) -> Target:
    solo, loaded = runner.journal.solo, runner.journal.loaded
    if loaded is None or solo is None:
        return Target(spec=runner.target.spec)
    file = shortened(loaded.target.file, _places(runner)) if loaded.target.file else None
    target = msgspec.structs.replace(loaded.target, file=file)
    return target if loaded.bare else _with_inputs(target, runner, solo)


def _with_inputs(target: Target, runner: Runner, solo: LiveTrial) -> Target:
    """With how many of its inputs were used, and why not all."""
    given, used, options = target.input_count, solo.inputs_used, runner.options
    why = why_fewer(given, used, runner.journal.call_s, options.budget_s, options.max_calls)
    why = runner.journal.unreturned or why
    return msgspec.structs.replace(target, input_count=used, inputs_given=given, inputs_why=why)


def _code_target(runner: Runner, cpus: CpuBudget) -> CodeTarget | None:
    given, loaded, solo = runner.target, runner.journal.loaded, runner.journal.solo
    if loaded is None:
        return None
    return CodeTarget(
        given.spec,
        kind=loaded.kind,
        named=loaded.named,
        instance=loaded.instance,
        star=loaded.star,
        keywords=loaded.keywords,
        bare=loaded.bare,
        args=given.args,
        kwargs=loaded.expressions,
        inputs=loaded.target.inputs if loaded.inputs_named else None,
        inputs_callable=loaded.inputs_callable,
        inputs_used=loaded.input_count if loaded.target.inputs_truncated else None,
        setup=given.setup,
        set_up_first=given.setup is not None and comes_first(given.setup, given.spec),
        teardown=given.teardown,
        plain=runner.journal.pickled is not None and runner.journal.pickled.plain,
        native_pools=solo.account.native_pools if solo else (),
        cpus=cpus.usable,
    )


def _groups(runner: Runner, measured: Measured) -> tuple[InputGroup, ...]:
    """The inputs by the solo cost of their calls, numbered as they were given: trials take them in another order."""
    solo, loaded = runner.journal.solo, runner.journal.loaded
    if solo is None or loaded is None or loaded.bare:
        return ()
    made = {number: [Run(*run) for run in runs] for number, runs in runs_of(solo.account).items()}
    computing = None if measured.demands is None else compute_share(measured.demands)
    found = groups(made, None if computing is None else 1 - computing)
    return tuple(msgspec.structs.replace(group, example=solo.account.order[group.example]) for group in found)


def _given(runner: Runner, measured: Measured, advice: Recommendation) -> GivenInputs | None:
    """Where they have an end, and are no example of a call."""
    loaded, chosen = runner.journal.loaded, recommended(advice, measured.records)
    if loaded is None or loaded.bare or runner.target.args or loaded.target.inputs_truncated or chosen is None:
        return None
    model = measured.model and measured.model.calibrated(measured.records)
    return given_inputs(model, next(iter(measured.records), None), chosen, loaded.input_count)


# -- what to do, and what else to expect ------------------------------------------------------------------------------


def _recommendation(
    measured: Measured, code_target: CodeTarget | None, interrupted: bool, unreturned: str
) -> Recommendation:
    if not measured.records or interrupted:
        reason = INTERRUPTED if interrupted else "nothing was measured"
        context = measured.experiment.options.context
        return Recommendation(backend=None, context=context, confidence=0.0, reason=reason)
    said = unless_nothing_was_compared(unless_time_was_short(measured.advice(code_target), measured), measured)
    reason = "; ".join(part for part in (said.reason, unreturned) if part)
    return msgspec.structs.replace(said, reason=reason, alternatives=(*said.alternatives, *_left_out(measured)))


def _with_hooks(said: Recommendation, runner: Runner) -> Recommendation:
    """With what sets up whoever makes the calls."""
    loaded = runner.journal.loaded
    if loaded is None or said.backend is None:
        return said
    return msgspec.structs.replace(said, setup=loaded.setup, teardown=loaded.teardown)


def _left_out(measured: Measured) -> tuple[Alternative, ...]:
    unneeded = without_need(measured.model, measured.experiment.options, measured.floor) if measured.model else {}
    tried = {trial.backend for trial in measured.records}
    told = ((name, why) for name, why in unneeded.items() if name not in tried)
    isolated = tuple(Alternative(backend=each, workers=None, speedup=None, why_not=why) for each, why in told)
    name = left_out(measured)
    if name is None:
        return isolated
    other = "thread" if name == "asyncio" else "asyncio"
    why = f"not tried: it runs a plain function on the same threads as {other}, and calls this long are few in a budget"
    return (Alternative(backend=name, workers=None, speedup=None, why_not=why), *isolated)


# -- beside the verdict -----------------------------------------------------------------------------------------------


def _hot(runner: Runner) -> tuple[HotLine, ...]:
    places, hot = _places(runner), runner.journal.hot
    lines = hot.lines if hot else None
    return tuple(msgspec.structs.replace(line, file=shortened(line.file, places)) for line in lines or ())


def _stacks(runner: Runner) -> tuple[Stack, ...]:
    places, hot = _places(runner), runner.journal.hot
    return tuple(
        msgspec.structs.replace(stack, frames=tuple(shortened(frame, places) for frame in stack.frames))
        for stack in (hot.stacks if hot else ())
    )


def _failure(trials: Sequence[LiveTrial], places: Mapping[str, str]) -> Failure | None:
    first = next((trial.account.error for trial in trials if trial.account.error is not None), None)
    if first is None:
        return None
    return Failure(
        type=first.type,
        message=first.message,
        traceback=shortened(first.traceback, places),
        count=sum(trial.account.errors for trial in trials),
        calls=sum(trial.account.calls for trial in trials),
    )


def _instrument(runner: Runner, measured: Measured) -> Instrument:
    watching, hot = runner.journal.watching, runner.journal.hot
    samplings = [trial.account.sampling for trial in runner.journal.racing if trial.account.sampling is not None]
    slowdowns = [trial.observer_slowdown for trial in measured.records if trial.observer_slowdown is not None]
    sampled_s = sum(each.elapsed_s for each in samplings)
    proc = watching is not None and watching.source == "proc"
    calibrated = proc and watching is not None and watching.gil.layout is not None
    return Instrument(
        ledger_source="none" if watching is None else "proc" if proc else "psutil",
        gil_source="calibrated" if calibrated else "py-spy" if measured.gil_held_ratio is not None else "none",
        hot_source="py-spy" if hot and hot.lines else "none",
        reason=_reasons(watching.reason if watching else None, hot.reason if hot else None),
        rate_asked_hz=runner.options.rate_hz if proc else None,
        rate_achieved_hz=sum(each.moments for each in samplings) / sampled_s if sampled_s else None,
        missed=sum(each.missed for each in samplings) if samplings else None,
        read_errors=sum(each.errors for each in samplings) if samplings else None,
        sampler_cpu_s=sum(each.cpu_s for each in samplings) if samplings else None,
        sampled_s=sampled_s or None,
        observer_slowdown=median(slowdowns) if slowdowns else None,
    )


def _reasons(watching: str | None, hot: str | None) -> str | None:
    told = [watching] if watching else []
    told += [f"no hot lines: {hot}"] if hot else []
    return "; ".join(told) or None
