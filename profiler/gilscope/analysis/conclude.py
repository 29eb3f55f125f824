"""From what was measured to the result: the decisions, each made by a pure function, put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

import msgspec

from gilscope.analysis.campaign import Campaign
from gilscope.analysis.foresee import break_evens_of, groups_of, predictions_of
from gilscope.analysis.gather import advice, classification_of, records_of, with_bounded_timelines
from gilscope.analysis.places import known_places, shortened
from gilscope.decide.code import CodeTarget
from gilscope.decide.doubt import doubted
from gilscope.decide.findings import Evidence, findings
from gilscope.measure.live import LiveTrial
from gilscope.observers.environment import describe_environment
from gilscope.records import (
    Alternative,
    Failure,
    HotLine,
    Instrument,
    Recommendation,
    Stack,
    Target,
    Trial,
)
from gilscope.result import Result

__all__ = ["conclude"]


def conclude(campaign: Campaign, *, interrupted: bool = False) -> Result:
    """The result of a campaign, finished or not."""
    environment = describe_environment(campaign.cpus)
    target, instrument = _target(campaign), _instrument(campaign)
    trials = records_of(campaign)
    classification = classification_of(campaign, trials)
    alone = campaign.solo.trial if campaign.solo else None
    code_target = _code_target(campaign)
    result = Result(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        target=target,
        environment=environment,
        instrument=instrument,
        settings=campaign.options.saved(),
        elapsed_s=campaign.budget.elapsed_s,
        demands=campaign.demands(),
        classification=classification,
        recommendation=_recommendation(campaign, trials, code_target, interrupted),
        trials=with_bounded_timelines(trials),
        predictions=predictions_of(campaign, trials),
        noise=campaign.noise,
        break_even=break_evens_of(campaign, trials),
        groups=groups_of(campaign),
        imports=alone.loaded.imports if alone and alone.loaded else (),
        native_pools=alone.native_pools if alone else (),
        hot=_hot(campaign),
        stacks=_stacks(campaign),
        failure=_failure(campaign.trials),
        output=next((trial.output for trial in campaign.trials if trial.output), ""),
        interrupted=interrupted,
    )
    for extension in campaign.extensions:
        result = extension.completed(result, code_target)
    output_bytes = sum(trial.output_bytes for trial in campaign.trials)
    evidence = Evidence.of(result, dispatch_s=campaign.machine.dispatch_s, output_bytes=output_bytes)
    return doubted(msgspec.structs.replace(result, findings=findings(evidence)))


def _target(campaign: Campaign) -> Target:
    loaded = campaign.solo.trial.loaded if campaign.solo else None
    if loaded is None:
        return Target(spec=campaign.target.spec)
    used = campaign.solo.trial.inputs_used if campaign.solo and not loaded.bare else 0
    file = shortened(loaded.target.file, known_places()) if loaded.target.file else None
    return msgspec.structs.replace(loaded.target, input_count=used, file=file)


def _recommendation(
    campaign: Campaign, trials: Sequence[Trial], code_target: CodeTarget | None, interrupted: bool
) -> Recommendation:
    if not trials or interrupted:
        reason = "the analysis was interrupted before it could compare" if interrupted else "nothing was measured"
        return Recommendation(backend=None, context=campaign.options.context, confidence=0.0, reason=reason)
    said = advice(campaign, trials, code_target)
    return msgspec.structs.replace(said, alternatives=(*said.alternatives, *_left_out(campaign)))


def _left_out(campaign: Campaign) -> tuple[Alternative, ...]:
    name = campaign.left_out
    if name is None:
        return ()
    other = "thread" if name == "asyncio" else "asyncio"
    why = f"not tried: it runs a plain function on the same threads as {other}, and calls this long are few in a budget"
    return (Alternative(backend=name, workers=None, speedup=None, why_not=why),)


def _code_target(campaign: Campaign) -> CodeTarget | None:
    loaded = campaign.solo.trial.loaded if campaign.solo else None
    if loaded is None:
        return None
    given = campaign.target
    return CodeTarget(
        given.spec,
        kind=loaded.kind,
        named=loaded.named,
        instance=loaded.instance,
        star=loaded.star,
        bare=loaded.bare,
        args=given.args,
        kwargs=loaded.expressions,
        inputs=loaded.target.inputs if loaded.inputs_named else None,
        inputs_callable=loaded.inputs_callable,
        inputs_used=loaded.input_count if loaded.target.inputs_truncated else None,
        setup=given.setup,
        teardown=given.teardown,
        native_pools=campaign.solo.trial.native_pools if campaign.solo else (),
        cpus=campaign.cpus.usable,
    )


def _hot(campaign: Campaign) -> tuple[HotLine, ...]:
    places = known_places()
    return tuple(msgspec.structs.replace(line, file=shortened(line.file, places)) for line in campaign.hot or ())


def _stacks(campaign: Campaign) -> tuple[Stack, ...]:
    places = known_places()
    return tuple(
        msgspec.structs.replace(stack, frames=tuple(shortened(frame, places) for frame in stack.frames))
        for stack in campaign.stacks
    )


def _failure(trials: Sequence[LiveTrial]) -> Failure | None:
    first = next((trial.error for trial in trials if trial.error is not None), None)
    if first is None:
        return None
    return Failure(
        type=first.type,
        message=first.message,
        traceback=shortened(first.traceback, known_places()),
        count=sum(trial.errors for trial in trials),
        calls=sum(trial.calls for trial in trials),
    )


def _instrument(campaign: Campaign) -> Instrument:
    watching = campaign.solo.watching if campaign.solo else None
    samplings = [trial.quality for trial in campaign.trials if trial.quality is not None]
    slowdowns = [slow for trial in records_of(campaign) if (slow := trial.observer_slowdown) is not None]
    sampled_s = sum(each.elapsed_s for each in samplings)
    proc = watching is not None and watching.source == "proc"
    calibrated = proc and watching is not None and watching.gil.layout is not None
    return Instrument(
        ledger_source="none" if watching is None else "proc" if proc else "psutil",
        gil_source="calibrated" if calibrated else "py-spy" if campaign.hot_gil_held_ratio is not None else "none",
        hot_source="py-spy" if campaign.hot else "none",
        reason=_reasons(watching.reason if watching else None, campaign.hot_reason),
        rate_asked_hz=campaign.options.rate_hz if proc else None,
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
