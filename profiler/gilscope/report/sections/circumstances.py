"""What was run, where, what watched it, how well, and at what cost."""

from __future__ import annotations

from typing import Final

from gilscope.records import Environment, Instrument, ResultRecord
from gilscope.report.document import Detail, Facts, Section
from gilscope.units import UNKNOWN, average, byte_size, duration, exact, hertz, percent, slowdown, thousands

__all__ = ["circumstances"]

_Pairs = list[tuple[str, str]]

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


def circumstances(result: ResultRecord) -> Section:
    """The target, the machine, the instrument."""
    around = Facts((*_target(result), *_environment(result.environment)), "Target and environment")
    return Section(
        "Circumstances", (around, Facts(tuple(_instrument(result.instrument)), "Instrument")), "", Detail.THOROUGH
    )


def _target(result: ResultRecord) -> _Pairs:
    target = result.target
    place = target.file if target.line is None else f"{target.file}:{target.line}"
    fewer = (
        f" of {thousands(target.inputs_given)}"
        if target.inputs_given is not None and target.inputs_why is not None
        else ""
    )
    inputs = (
        f"{thousands(target.input_count)}{fewer} from {target.inputs}"
        if target.inputs
        else "none: called without arguments"
    )
    settings = ", ".join(f"{name}={value}" for name, value in result.settings.items() if value is not None)
    return [
        ("target", f"{target.spec} ({target.kind})"),
        *([("defined in", place)] if target.file and place else []),
        ("inputs", inputs),
        ("analyzed", f"{result.created}, in {duration(result.elapsed_s)}{_starting(result.starting_s)}"),
        *([("settings", settings)] if result.settings else []),
    ]


def _starting(seconds: float | None) -> str:
    return f", {duration(seconds)} of it for starts beside the budget" if seconds else ""


def _environment(where: Environment) -> _Pairs:
    gil = "with the GIL" if where.gil_enabled else "without the GIL"
    cpus = f"{exact(where.cpus_usable)} usable of {where.cpus_visible}"
    if where.cpu_cores is not None and where.cpu_cores < where.cpus_usable:
        cpus += f", which are hyperthreads on {exact(where.cpu_cores)} cores"
    packages = ", ".join(f"{name} {version}" for name, version in where.packages.items())
    return [
        ("Python", f"{where.implementation} {where.python}, {gil}"),
        ("machine", f"{where.platform}, {where.machine}"),
        ("CPUs", f"{cpus} ({where.cpus_reason})" if where.cpus_reason else cpus),
        *([("processor", where.cpu_model)] if where.cpu_model else []),
        ("memory limit", byte_size(where.memory_limit_bytes)),
        ("load average", average(where.load_average)),
        ("gilscope", where.gilscope),
        *([("packages", packages)] if packages else []),
    ]


def _instrument(tool: Instrument) -> _Pairs:
    cost = tool.sampler_cpu_s / tool.sampled_s if tool.sampler_cpu_s is not None and tool.sampled_s else None
    return [
        ("ledger", _LEDGER_SOURCES[tool.ledger_source]),
        ("GIL", _GIL_SOURCES[tool.gil_source]),
        ("hot lines", "py-spy, non-blocking" if tool.hot_source == "py-spy" else "none"),
        *([("why a fallback", tool.reason)] if tool.reason else []),
        ("sampling", f"{hertz(tool.rate_achieved_hz)} of {hertz(tool.rate_asked_hz)} asked"),
        ("missed", f"{_count(tool.missed)} sampling moments, {_count(tool.read_errors)} failed reads"),
        ("sampler's cost", UNKNOWN if cost is None else f"{percent(cost)} of one CPU"),
        ("profiling overhead", slowdown(tool.observer_slowdown)),
    ]


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else thousands(value)
