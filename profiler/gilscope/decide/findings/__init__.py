"""Findings: what is worth knowing beside the verdict, each with its figures.

A rule is a pure function from `Evidence` to the figures of what it found, or None. `RULES` gives each its code, in the
order of the report. What a finding says of its figures stands in ``words.toml``; each code has its page in
``docs/findings``.
"""

from __future__ import annotations

from collections.abc import Callable

from gilscope.decide.findings import data, gil, inputs, libraries, loops, machine, scaling, watching
from gilscope.decide.findings.evidence import Evidence
from gilscope.decide.findings.words import said
from gilscope.records import Figures, Finding

__all__ = ["RULES", "Evidence", "findings"]

#: Every rule by its code, in the order of the report: what is wrong, what limits, what it costs, what to know.
RULES: dict[str, Callable[[Evidence], Figures | None]] = {
    "exceptions": inputs.exceptions,
    "results-differ": data.results_differ,
    "not-picklable": data.not_picklable,
    "defined-in-session": data.defined_in_session,
    "nested-pools": libraries.nested_pools,
    "fork-with-threads": libraries.fork_with_threads,
    "refuses-interpreters": libraries.refuses_interpreters,
    "memory-limit": machine.memory_limit,
    "gil-held-while-blocked": gil.held_while_blocked,
    "long-gil-holds": gil.long_holds,
    "convoy": gil.convoy,
    "loop-blocked": loops.loop_blocked,
    "default-pool-small": loops.default_pool_small,
    "native-async": loops.native_async,
    "lock-bound": scaling.lock_bound,
    "resource-limit": scaling.resource_limit,
    "cpu-inflation": scaling.cpu_inflation,
    "own-threads": libraries.own_threads,
    "pickling-cost": data.pickling_cost,
    "startup-dominates": machine.startup_dominates,
    "task-too-small": data.task_too_small,
    "cached": inputs.cached,
    "calls-differ": inputs.calls_differ,
    "page-cache": machine.page_cache,
    "cpus-limited": machine.cpus_limited,
    "inputs-truncated": inputs.inputs_truncated,
    "generator-drained": inputs.generator_drained,
    "much-output": inputs.much_output,
    "workers-lost": watching.workers_lost,
    "busy-machine": watching.busy_machine,
    "observer-slowdown": watching.observer_slowdown,
    "gil-enabled-by-import": gil.enabled_by_import,
    "no-gil": gil.free_threaded,
    "instrument-fallback": watching.instrument_fallback,
}


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Everything worth knowing, in the order of `RULES`."""
    found = ((code, rule(evidence)) for code, rule in RULES.items())
    return tuple(said(code, figures) for code, figures in found if figures is not None)
