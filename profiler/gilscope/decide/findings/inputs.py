"""What the calls did: raised, differed, printed, or were a part of what was given."""

from __future__ import annotations

from gilscope.decide.findings.base import Facts, Said
from gilscope.records import Failure, InputGroup
from gilscope.units import byte_size, duration, percent

__all__ = ["calls_differ", "exceptions", "generator_drained", "inputs_truncated", "much_output"]

#: More output than this costs time in itself, and hides everything else on a terminal.
MUCH_OUTPUT_BYTES = 1_000_000


def exceptions(facts: Facts) -> Said | None:
    """Calls that raised."""
    failure = facts.failure
    if failure is None or not failure.count:
        return None
    apart = _only_where(facts)
    return Said(
        "error" if failure.count >= failure.calls else "warning",
        f"The function raised {failure.type}",
        f"{failure.count} of {failure.calls} calls raised{apart}; the first: {_told(failure)}",
        "It works alone, so look for what these workers lack or share: a connection, a lock, a limit, a state."
        if apart
        else "A call that raises is timed like any other: if failing is faster or slower than succeeding, "
        "leave those inputs out and analyze again.",
    )


def _told(failure: Failure) -> str:
    return f"{failure.type}: {failure.message}" if failure.message else failure.type


def _only_where(facts: Facts) -> str:
    """The configurations that raised, where the serial run did not."""
    alone = [trial.errors for trial in facts.trials if trial.backend == "serial" and trial.calls]
    raising = [trial.name for trial in facts.trials if trial.errors]
    return f", all of them under {', '.join(raising)}" if raising and alone and not any(alone) else ""


def inputs_truncated(facts: Facts) -> Said | None:
    """An iterable of which only the beginning was taken."""
    if not facts.target.inputs_truncated:
        return None
    return Said(
        "info",
        f"Only the first {facts.target.input_count} inputs were used",
        f"{facts.target.inputs or 'the iterable'} had more than the {facts.target.input_count} taken",
        "If later inputs cost more or less than the first, give a sample of them all.",
    )


def calls_differ(facts: Facts) -> Said | None:
    """Calls of several kinds, for which one verdict is an average."""
    if len(facts.groups) < 2:
        return None
    kinds = {group.label for group in facts.groups if group.label is not None}
    return Said(
        "warning" if len(kinds) > 1 else "info",
        "Calls differ in kind" if len(kinds) > 1 else "Calls differ in length",
        "; ".join(_group_told(group) for group in facts.groups),
        "The verdict is for this mixture. Analyze each group with inputs of its own; if all go through one pool, "
        "hand the long calls over first and with chunksize 1, so that none is left to the end alone.",
    )


def _group_told(group: InputGroup) -> str:
    computing = "" if group.cpu_share is None else f", {percent(group.cpu_share)} computing"
    kind = "" if group.label is None else f", {group.label}"
    each = f"{group.inputs} inputs of {duration(group.call_s)}{computing}{kind}"
    return f"{group.name}: {each} (such as number {group.example})"


def generator_drained(facts: Facts) -> Said | None:
    """A generator, which was run to its end."""
    if facts.target.kind not in ("generator", "async-generator"):
        return None
    return Said(
        "info",
        "The function is a generator, and was run to its end",
        "each call was timed until the last item",
        "A pool cannot hand over a generator: return a list from the worker, or make each item a task.",
    )


def much_output(facts: Facts) -> Said | None:
    """Printing that is a cost of its own."""
    if facts.output_bytes is None or facts.output_bytes < MUCH_OUTPUT_BYTES:
        return None
    calls = sum(trial.calls for trial in facts.trials)
    each = f", {byte_size(facts.output_bytes // calls)} a call" if calls else ""
    return Said(
        "warning",
        "The function prints a lot",
        f"{byte_size(facts.output_bytes)} in all{each}",
        "Printing takes time and a lock that all threads share: what was measured includes it.",
    )
