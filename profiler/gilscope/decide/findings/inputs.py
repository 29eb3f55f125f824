"""What the calls did: raised, differed, printed, or were a part of what was given."""

from __future__ import annotations

from gilscope.decide.findings.evidence import Evidence
from gilscope.records import Figures, InputGroup
from gilscope.units import counted, duration, percent

__all__ = ["cached", "calls_differ", "exceptions", "generator_drained", "inputs_truncated", "much_output"]

#: More output than this costs time in itself, and hides everything else on a terminal.
MUCH_OUTPUT_BYTES = 1_000_000


def exceptions(evidence: Evidence) -> Figures | None:
    """Calls that raised."""
    failure = evidence.failure
    if failure is None or not failure.count:
        return None
    return {
        "raised": failure.count,
        "calls": failure.calls,
        "type": failure.type,
        "message": failure.message,
        "only_under": _only_under(evidence),
    }


def _only_under(evidence: Evidence) -> str | None:
    """The configurations that raised, where the serial run did not."""
    alone = [trial.errors for trial in evidence.trials if trial.backend == "serial" and trial.calls]
    raising = [trial.name for trial in evidence.trials if trial.errors]
    return ", ".join(raising) if raising and alone and not any(alone) else None


def inputs_truncated(evidence: Evidence) -> Figures | None:
    """An iterable of which only the beginning was taken."""
    target = evidence.target
    return {"inputs": target.inputs, "inputs_used": target.taken} if target.inputs_truncated else None


def cached(evidence: Evidence) -> Figures | None:
    """A function that keeps what it did for an input."""
    repeats = evidence.repeats
    if repeats is None:
        return None
    return {
        "inputs": repeats.inputs,
        "first_s": repeats.first_s,
        "again_s": repeats.again_s,
        "elsewhere": int(repeats.elsewhere),
        "used": evidence.target.input_count,
    }


def calls_differ(evidence: Evidence) -> Figures | None:
    """Calls of several kinds, for which one verdict is an average."""
    groups = evidence.groups
    if len(groups) < 2:
        return None
    return {
        "kinds": len({group.label for group in groups if group.label is not None}),
        "shortest_call_s": min(group.call_s for group in groups),
        "longest_call_s": max(group.call_s for group in groups),
        "groups": "; ".join(_group_told(group) for group in groups),
    }


def _group_told(group: InputGroup) -> str:
    computing = "" if group.cpu_share is None else f", {percent(group.cpu_share)} computing"
    kind = "" if group.label is None else f", {group.label}"
    each = f"{counted(group.inputs, 'input')} of {duration(group.call_s)}{computing}{kind}"
    return f"{group.name}: {each} (such as number {group.example})"


def generator_drained(evidence: Evidence) -> Figures | None:
    """A generator, which was run to its end."""
    kind = evidence.target.kind
    return {"kind": kind} if kind in ("generator", "async-generator") else None


def much_output(evidence: Evidence) -> Figures | None:
    """Printing that is a cost of its own."""
    printed = evidence.output_bytes
    if printed is None or printed < MUCH_OUTPUT_BYTES:
        return None
    calls = sum(trial.calls for trial in evidence.trials)
    return {"output_bytes": printed, "call_bytes": printed // calls if calls else None}
