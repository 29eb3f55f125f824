"""Documents on results: the verdict, and a section for all that there is to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gilscope.records import ResultRecord
from gilscope.report.bounds import MOST_BRIEF, fitted, harmless, with_telling_trials
from gilscope.report.brief import MOST_LINES, REST, brief_document
from gilscope.report.consequences import consequences
from gilscope.report.document import Detail, Document, Documents, Facts, Paragraph, Row, Table, Verdict, headed
from gilscope.report.palette import STATE_STYLES
from gilscope.report.registry import sections
from gilscope.report.sections.ledgers import slices
from gilscope.report.verdicts import configuration, grounds, label, sentence, short_name, verdict_sentence
from gilscope.units import UNKNOWN, confidence, counted, duration, percent, times

__all__ = ["brief", "document", "documents", "overview"]


def documents(results: Sequence[ResultRecord]) -> Documents:
    """A document for each, and a table of all where there are several."""
    heads = [harmless(_head(result), MOST_BRIEF) for result in results]
    table = harmless(overview(results), MOST_BRIEF) if len(heads) > 1 else None
    short = (brief(result) for result in results)
    return Documents(
        (document(result) for result in results), heads, table, most_lines=MOST_LINES, rest=REST, brief=short
    )


def document(whole: ResultRecord) -> Document:
    """All that is drawn of a result."""
    result, left_out = with_telling_trials(whole)
    lead = (
        Paragraph(f"{sentence(result.classification.reason)} {_solo(result)}", "soft"),
        *(Paragraph(remark, "warning") for remark in _remarks(result)),
        *left_out,
        Facts(_figures(result), detail=Detail.FULL),
    )
    return fitted(replace(_head(result), lead=lead, sections=tuple(sections(result))))


def brief(whole: ResultRecord) -> Document:
    """The twenty lines of a result."""
    remarks = [Paragraph(remark, "warning") for remark in _remarks(whole)]
    return fitted(brief_document(_head(whole), whole, remarks))


def _head(result: ResultRecord) -> Document:
    advice = result.recommendation
    gain, _, between = times(advice.speedup, advice.speedup_low, advice.speedup_high).partition(" (")
    than = "" if gain == UNKNOWN else "the serial throughput"
    return Document(
        title=verdict_sentence(result),
        name=short_name(result.target.spec),
        verdict=Verdict(
            spec=result.target.spec,
            context=_context(result),
            confidence=confidence(advice.confidence),
            grounds=grounds(result),
            consequences=consequences(result),
            gain=gain,
            gain_told=", ".join(filter(None, (than, between.removesuffix(")")))),
            is_sure=advice.backend is not None,
        ),
    )


def _context(result: ResultRecord) -> str:
    where = result.environment
    gil = "" if where.gil_enabled else " without the GIL"
    cpus = counted(where.cpus_usable, "CPU")
    return f"{where.implementation} {where.python}{gil}, {cpus}, {where.platform}, {result.created[:10]}"


def _solo(result: ResultRecord) -> str:
    """What one call does when it runs alone."""
    demands = result.demands
    if demands is None:
        return "What a call does alone is unknown."
    parts = ", ".join(f"{percent(part.share)} {STATE_STYLES[part.state].title}" for part in slices(demands))
    average = f"average of {counted(demands.calls, 'call')}"
    return f"Alone, a call takes {duration(demands.wall_s)}{': ' + parts if parts else ''} ({average})."


def _remarks(result: ResultRecord) -> list[str]:
    """What a reader must know before trusting the rest."""
    found = []
    if result.interrupted:
        found.append("The analysis was interrupted: this is drawn from what was finished.")
    target = result.target
    if target.inputs_truncated:
        found.append(f"Only the first {_inputs_were(target.taken)} taken; there were more.")
    if target.inputs_why is not None:
        found.append(f"{counted(target.taken, 'input')} given, {target.input_count:,} used: {target.inputs_why}.")
    return found


def _inputs_were(count: int) -> str:
    return f"{counted(count, 'input')} {'was' if count == 1 else 'were'}"


def _figures(result: ResultRecord) -> tuple[tuple[str, str], ...]:
    kind = result.classification
    return (
        ("kind of work", label(result)),
        ("a call alone takes", duration(result.demands.wall_s if result.demands else None)),
        ("CPU utilization", percent(kind.cpu_utilization)),
        ("waiting", percent(kind.wait_ratio)),
        ("GIL held", percent(kind.gil_held_ratio)),
    )


def overview(results: Sequence[ResultRecord]) -> Table:
    """One row per target: what it is, and how to run it."""
    titles = ("target", "kind of work", "run it with", "speed-up", "confidence")
    texts = [title for title in titles if title != "speed-up"]
    return Table(headed(titles, texts), tuple(map(_row, results)), about="all results")


def _row(result: ResultRecord) -> Row:
    advice = result.recommendation
    backend = f"offload to {advice.executor}" if advice.executor else advice.backend
    best = "cannot tell" if backend is None else configuration(backend, advice.workers)
    gain = times(advice.speedup, advice.speedup_low, advice.speedup_high)
    return Row(
        (short_name(result.target.spec), label(result), best, gain, confidence(advice.confidence)),
        keys=(None, None, None, advice.speedup, advice.confidence),
    )
