"""What a call does when it runs alone, from which the classification is made."""

from __future__ import annotations

from gilscope.records import ResultRecord
from gilscope.report.document import Detail, Facts, Paragraph, Section
from gilscope.report.palette import STATE_STYLES
from gilscope.report.sections.ledgers import slices
from gilscope.report.verdicts import label, sentence
from gilscope.units import counted, duration, percent

__all__ = ["alone"]


def alone(result: ResultRecord) -> Section:
    """The kind of work, and why."""
    told = Paragraph(f"{sentence(result.classification.reason)} {_solo(result)}")
    return Section("A call alone", (told, Facts(_figures(result), detail=Detail.FULL)), detail=Detail.BRIEF)


def _solo(result: ResultRecord) -> str:
    demands = result.demands
    if demands is None:
        return "What a call does alone is unknown."
    parts = ", ".join(f"{percent(part.share)} {STATE_STYLES[part.state].title}" for part in slices(demands))
    average = f"average of {counted(demands.calls, 'call')}"
    return f"Alone, a call takes {duration(demands.wall_s)}{': ' + parts if parts else ''} ({average})."


def _figures(result: ResultRecord) -> tuple[tuple[str, str], ...]:
    kind = result.classification
    return (
        ("kind of work", label(result)),
        ("a call alone takes", duration(result.demands.wall_s if result.demands else None)),
        ("CPU utilization", percent(kind.cpu_utilization)),
        ("waiting", percent(kind.wait_ratio)),
        ("GIL held", percent(kind.gil_held_ratio)),
    )
