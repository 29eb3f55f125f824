"""What the machine allows, what it hides, and what starting workers on it costs."""

from __future__ import annotations

import math

from gilscope.decide.demands import in_call_wall_s
from gilscope.decide.findings.base import Facts, Said, call_s, chosen, is_notable, measured
from gilscope.records import Trial
from gilscope.units import byte_size, duration

__all__ = ["cpus_limited", "memory_limit", "page_cache", "startup_dominates"]

#: The part of a memory limit up to which workers may go: the parent, the page cache that counts as well, and workers
#: that grow need the rest.
MEMORY_SHARE = 0.8
#: A start-up this long is felt each time a program runs.
LONG_STARTUP_S = 1.0
#: Imports worth naming: a tenth of a plain interpreter's start is nobody's concern.
NAMED_IMPORTS, NAMED_IMPORT_S = 3, 0.005
#: Up to this part of what is read from the device, the page cache served the rest.
FROM_DEVICE_SHARE = 0.1
#: Reading at this pace is a notable part of a call: memory copies 2 to 10 GB/s, so a tenth of the call at most is less.
READING_BYTES_PER_S = 2e8
#: Less than a page is not a file that is read.
PAGE_BYTES = 4096


def cpus_limited(facts: Facts) -> Said | None:
    """A container's quota or an affinity below the visible CPUs."""
    environment = facts.environment
    if environment.cpus_usable >= environment.cpus_visible:
        return None
    return Said(
        "info",
        f"Only {environment.cpus_usable:g} of {environment.cpus_visible} CPUs are usable",
        environment.cpus_reason or "the reason is unknown",
        "Workers were planned for the usable CPUs. os.cpu_count() does not see such limits: "
        "do not size pools with it here.",
    )


def memory_limit(facts: Facts) -> Said | None:
    """Workers that together need more memory than there may be."""
    limit = facts.environment.memory_limit_bytes
    trial = max(measured(facts, "process"), key=_needed_bytes, default=None)
    if limit is None or trial is None or _needed_bytes(trial) < max(1, MEMORY_SHARE * limit):
        return None
    each, advised = trial.memory_per_worker_bytes or 0, chosen(facts)
    fitting = int(MEMORY_SHARE * limit / each)
    return Said(
        "error" if advised == trial and _needed_bytes(trial) >= limit else "warning",
        "The workers come close to the memory limit",
        f"{trial.name}: {byte_size(each)} a worker, {byte_size(_needed_bytes(trial))} together, of {byte_size(limit)}",
        f"At most {fitting} workers fit with a fifth of the limit to spare. Load less in each, share it (fork after "
        "loading, shared memory, a memory map), or use threads where the work gives the GIL up; max_tasks_per_child "
        "helps against workers that grow.",
    )


def _needed_bytes(trial: Trial) -> int:
    return (trial.memory_per_worker_bytes or 0) * trial.workers


def startup_dominates(facts: Facts) -> Said | None:
    """A process pool that takes longer to start than it saves."""
    trial = chosen(facts)
    if trial is None or trial.backend != "process" or trial.startup_s is None:
        return None
    calls, inputs = _calls_to_repay(trial, facts), facts.target.input_count
    unpaid = calls is not None and 1 < inputs < calls
    if not unpaid and trial.startup_s < LONG_STARTUP_S:
        return None
    modules = [cost for cost in facts.imports if cost.seconds >= NAMED_IMPORT_S]
    slowest = sorted(modules, key=lambda cost: -cost.seconds)[:NAMED_IMPORTS]
    named = ", ".join(f"{cost.module} {duration(cost.seconds)}" for cost in slowest)
    return Said(
        "warning" if unpaid else "info",
        "Starting the workers takes longer than these calls save" if unpaid else "Starting the workers takes long",
        f"{trial.name} takes {duration(trial.startup_s)} to start"
        + (f"; {calls:,} calls repay it" if calls is not None else "")
        + (f", there were {inputs}" if unpaid else "")
        + (f"; imports: {named}" if named else ""),
        "Keep one pool for the whole program; import what only some functions need inside them; or let a fork server "
        f"import once for all: start method forkserver, multiprocessing.set_forkserver_preload([{_preload(facts)}]).",
    )


def _preload(facts: Facts) -> str:
    slowest = max(facts.imports, key=lambda cost: cost.seconds, default=None)
    return repr("your_module" if slowest is None else slowest.module.partition(".")[0])


def _calls_to_repay(trial: Trial, facts: Facts) -> int | None:
    """Calls whose savings make up for the start-up: as the break-even says, else from the speed-up."""
    told = (e.calls for e in facts.break_even if (e.backend, e.workers) == (trial.backend, trial.workers))
    calls = next((count for count in told if count is not None), None)
    call = call_s(facts)
    if calls is not None or call is None or trial.startup_s is None or not trial.speedup or trial.speedup <= 1:
        return calls
    return math.ceil(trial.startup_s / (call * (1 - 1 / trial.speedup)))


def page_cache(facts: Facts) -> Said | None:
    """File reading that no device had a part in."""
    reading = [t for t in facts.trials if t.read_bytes is not None and t.storage_read_bytes is not None]
    trial, demands = next(iter(reading), None), facts.demands
    if trial is None or trial.read_bytes is None or trial.storage_read_bytes is None or demands is None:
        return None
    quick = trial.read_bytes >= max(PAGE_BYTES, READING_BYTES_PER_S * in_call_wall_s(demands))
    piped = is_notable(demands.child_s, facts)  # what a program printed is read through a pipe
    if not quick or piped or trial.storage_read_bytes > FROM_DEVICE_SHARE * trial.read_bytes:
        return None
    return Said(
        "info",
        "Files were read from memory, not from the disk",
        f"a call reads {byte_size(trial.read_bytes)}, of which {byte_size(trial.storage_read_bytes)} came from the "
        "device; the rest was in the page cache",
        "This reading is computing, and the verdict holds while the files stay cached. Read for the first time they "
        "cost the device's time, during which threads do help: analyze with files that were not read before, if that "
        "is your case.",
    )
