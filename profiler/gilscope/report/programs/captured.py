"""What a report tells of the calls that were kept."""

from __future__ import annotations

from gilscope.records.captures import Capture, CapturedCalls
from gilscope.records.programs import ProgramRecord
from gilscope.report.document import NOTHING, Paragraph, Row, Section, Table, headed
from gilscope.units import byte_size, counted, thousands

__all__ = ["captured_calls", "unreached"]


def captured_calls(record: ProgramRecord) -> Section | None:
    """Each function's; None where nothing was to be kept."""
    capture = record.capture
    if capture is None:
        return None
    titles = ("function", "calls", "kept", "size", "cannot be pickled")
    rows = tuple(_row(function) for function in capture.functions)
    table = Table(headed(titles, texts=("function", "cannot be pickled")), rows, about="the calls that were kept")
    return Section("Captured calls", (table, *unreached(capture)), f"in {capture.folder}", name="captured")


def _row(function: CapturedCalls) -> Row:
    most = max(function.reasons, key=lambda why: function.reasons[why], default="")
    refused = f"{thousands(function.not_picklable)}: {most}" if function.not_picklable else NOTHING
    calls = (
        thousands(function.calls)
        if function.complete or not function.processes
        else f"at least {thousands(function.calls)}"
    )
    return Row((function.spec, calls, thousands(function.kept), byte_size(function.kept_bytes), refused))


def unreached(capture: Capture) -> tuple[Paragraph, ...]:
    """Processes in which nothing could be kept."""
    if not capture.unreached:
        return ()
    named = "; ".join(capture.unreached[:3])
    count = counted(len(capture.unreached), "process", "es")
    told = (
        f"Nothing could be captured in {count} ({named}): its interpreter heeds neither PYTHONPATH nor its site "
        "(-E, -I, -S), has its monitoring taken, or is no CPython from 3.11 on."
    )
    return (Paragraph(told, "warning"),)
