"""What surrounds a verdict, in words: the call alone, the machine, the instrument and its own quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gilscope.report.ledgers import slices
from gilscope.units import UNKNOWN, byte_size, duration, number, percent, slowdown

if TYPE_CHECKING:
    from gilscope.records import Context, Environment, Instrument, ResultRecord

__all__ = ["codes", "environment", "instrument", "remarks", "solo_sentence", "target_facts"]

Facts = list[tuple[str, str]]

_LEDGER_SOURCES: Final = {
    "proc": "/proc (exact run and run-queue time)",
    "psutil": "psutil (CPU exact, blocked time undivided)",
    "none": "none",
}
_GIL_SOURCES: Final = {
    "calibrated": "the interpreter's own lock word, calibrated",
    "py-spy": "py-spy's samples",
    "none": "none: the GIL was not watched",
}


_CALLERS: Final[dict[Context, str]] = {"sync": "for a plain caller", "async": "for a caller that is a coroutine"}


def codes(result: ResultRecord) -> Facts:
    """The code to paste, with whom it is for: the caller that was asked for, then the other kind."""
    advice = result.recommendation
    other: Context = "async" if advice.context == "sync" else "sync"
    told = {advice.other_code: _CALLERS[other], advice.code: _CALLERS[advice.context]}  # alike where there is none
    return [(caller, code.rstrip()) for code, caller in reversed(told.items()) if code]


def solo_sentence(result: ResultRecord) -> str:
    """What one call does when it runs alone."""
    demands = result.demands
    if demands is None:
        return "What a call does alone is unknown."
    parts = ", ".join(f"{percent(part.share)} {part.style.title}" for part in slices(demands))
    calls = "1 call" if demands.calls == 1 else f"{demands.calls:,} calls"
    return f"Alone, a call takes {duration(demands.wall_s)}{': ' + parts if parts else ''} (average of {calls})."


def remarks(result: ResultRecord) -> list[str]:
    """What a reader must know before trusting the rest."""
    found = []
    if result.interrupted:
        found.append("The analysis was interrupted: this is drawn from what was finished.")
    if result.target.inputs_truncated:
        found.append(f"Only the first {result.target.input_count:,} inputs were used; there were more.")
    found += [
        f"{trial.name} could not be measured with a network round trip: {trial.queue_delayed.reason}."
        for trial in result.trials
        if trial.queue_delayed is not None and trial.queue_delayed.reason is not None
    ]
    return found


def target_facts(result: ResultRecord) -> Facts:
    """What was run."""
    target = result.target
    place = [("defined in", target.file if target.line is None else f"{target.file}:{target.line}")]
    inputs = f"{target.input_count:,} from {target.inputs}" if target.inputs else "none: called without arguments"
    return [
        ("target", f"{target.spec} ({target.kind})"),
        *([(name, where) for name, where in place if where] if target.file else []),
        ("inputs", inputs),
        ("analyzed", f"{result.created}, in {duration(result.elapsed_s)}"),
        *([("settings", _settings(result))] if result.settings else []),
    ]


def _settings(result: ResultRecord) -> str:
    return ", ".join(f"{name}={value}" for name, value in result.settings.items() if value is not None)


def environment(where: Environment) -> Facts:
    """Where it was run."""
    gil = "with the GIL" if where.gil_enabled else "without the GIL"
    cpus = f"{where.cpus_usable:g} usable of {where.cpus_visible}"
    return [
        ("Python", f"{where.implementation} {where.python}, {gil}"),
        ("machine", f"{where.platform}, {where.machine}"),
        ("CPUs", f"{cpus} ({where.cpus_reason})" if where.cpus_reason else cpus),
        (
            "memory limit",
            UNKNOWN if where.memory_limit_bytes is None else byte_size(where.memory_limit_bytes),
        ),
        ("load average", number(where.load_average)),
        ("gilscope", where.gilscope),
        *([("packages", ", ".join(f"{name} {at}" for name, at in where.packages.items()))] if where.packages else []),
    ]


def instrument(tool: Instrument) -> Facts:
    """What watched, how well, and at what cost."""
    cost = tool.sampler_cpu_s / tool.sampled_s if tool.sampler_cpu_s is not None and tool.sampled_s else None
    return [
        ("ledger", _LEDGER_SOURCES[tool.ledger_source]),
        ("GIL", _GIL_SOURCES[tool.gil_source]),
        ("hot lines", "py-spy, non-blocking" if tool.hot_source == "py-spy" else "none"),
        *([("why a fallback", tool.reason)] if tool.reason else []),
        ("sampling", f"{_hertz(tool.rate_achieved_hz)} of {_hertz(tool.rate_asked_hz)} asked"),
        ("missed", f"{_count(tool.missed)} sampling moments, {_count(tool.read_errors)} failed reads"),
        ("sampler's cost", UNKNOWN if cost is None else f"{percent(cost)} of one CPU"),
        ("observer's effect", slowdown(tool.observer_slowdown)),
    ]


def _hertz(rate_hz: float | None) -> str:
    return UNKNOWN if rate_hz is None else f"{number(rate_hz)} Hz"


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"
