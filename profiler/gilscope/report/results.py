"""Documents on results: the verdict, and a section for all that there is to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gilscope.decide.recommended import INTERRUPTED, UNSURE
from gilscope.records import GivenInputs, ResultRecord
from gilscope.report.bounds import MOST_BRIEF, fitted, harmless, with_telling_trials
from gilscope.report.brief import MOST_LINES, REST, REST_OF_SEVERAL, brief_document, front, front_figures
from gilscope.report.consequences import consequences
from gilscope.report.document import NOTHING, Detail, Document, Documents, Facts, Paragraph, Row, Table, Verdict, headed
from gilscope.report.registry import sections
from gilscope.report.verdicts import configuration, grounds, how_sure, label, short_name, verdict_sentence
from gilscope.units import UNKNOWN, confidence, counted, duration, thousands, times

__all__ = ["brief", "document", "documents", "overview"]


def documents(results: Sequence[ResultRecord]) -> Documents:
    """A document for each, and a table of all where there are several."""
    heads = [harmless(_head(result), MOST_BRIEF) for result in results]
    table = harmless(overview(results), MOST_BRIEF) if len(heads) > 1 else None
    short = (brief(result) for result in results)
    return Documents(
        (document(result) for result in results),
        heads,
        table,
        most_lines=MOST_LINES,
        rest=REST_OF_SEVERAL if table else REST,
        brief=short,
    )


def document(whole: ResultRecord) -> Document:
    """All that is drawn of a result."""
    result, left_out = with_telling_trials(whole)
    lead = (
        *(Paragraph(remark, "warning") for remark in _remarks(result)),
        *left_out,
        Facts(tuple(front_figures(result)), detail=Detail.FULL),
    )
    told = sorted(sections(result), key=lambda section: max(section.detail, Detail.USUAL))
    return fitted(replace(_head(result), lead=lead, sections=(front(result), *told)))


def brief(whole: ResultRecord) -> Document:
    """The twenty lines of a result."""
    remarks = [Paragraph(remark, "warning") for remark in _remarks(whole)]
    return fitted(brief_document(_head(whole), whole, remarks))


def _head(result: ResultRecord) -> Document:
    advice, given = result.recommendation, result.given
    gain, _, between = times(advice.speedup, advice.speedup_low, advice.speedup_high).partition(" (")
    than = "" if gain == UNKNOWN else "the serial throughput"
    return Document(
        title=verdict_sentence(result),
        name=short_name(result.target.spec),
        verdict=Verdict(
            spec=result.target.spec,
            context=_context(result),
            confidence=confidence(advice.confidence),
            sure=how_sure(result),
            grounds=grounds(result),
            consequences=consequences(result),
            gain=gain,
            gain_told=", ".join(filter(None, (than, between.removesuffix(")")))),
            is_sure=advice.backend is not None and advice.confidence >= UNSURE,
            given_gain="" if given is None else times(given.gain),
            given_told="" if given is None else _given(given),
        ),
    )


def _given(given: GivenInputs) -> str:
    takes = f"{duration(given.takes_s)} instead of {duration(given.serial_s)}"
    waves = "" if given.waves == 1 else f", in {thousands(given.waves)} waves of {thousands(given.workers)}"
    return f"{counted(given.inputs, 'input')} given: {takes}{waves}"


def _context(result: ResultRecord) -> str:
    where = result.environment
    gil = "" if where.gil_enabled else " without the GIL"
    cpus = counted(where.cpus_usable, "CPU")
    return f"{where.implementation} {where.python}{gil}, {cpus}, {where.platform}, {result.created[:10]}"


def _remarks(result: ResultRecord) -> list[str]:
    """What a reader must know before trusting the rest."""
    found = []
    if result.interrupted and result.recommendation.reason != INTERRUPTED:
        found.append("The analysis was interrupted: this is drawn from what was finished.")
    target = result.target
    if target.inputs_truncated:
        found.append(f"Only the first {_inputs_were(target.taken)} taken; there were more.")
    if target.inputs_why is not None:
        found.append(
            f"{counted(target.taken, 'input')} given, {thousands(target.input_count)} used: {target.inputs_why}."
        )
    return found


def _inputs_were(count: int) -> str:
    return f"{counted(count, 'input')} {'was' if count == 1 else 'were'}"


def overview(results: Sequence[ResultRecord]) -> Table:
    """One row per target: what it is, and how to run it."""
    titles = ("target", "kind of work", "run it with", "speed-up", "confidence", "warnings")
    texts = [title for title in titles if title not in ("speed-up", "confidence", "warnings")]
    return Table(headed(titles, texts), tuple(map(_row, results)), about="all results").telling()


def _row(result: ResultRecord) -> Row:
    advice = result.recommendation
    offloads = advice.backend == "asyncio" and advice.executor
    backend = f"offload to {advice.executor}" if offloads else advice.backend
    best = "cannot tell" if backend is None else configuration(backend, advice.workers)
    gain = times(advice.speedup, advice.speedup_low, advice.speedup_high)
    said = (short_name(result.target.spec), label(result), best)
    warnings = sum(finding.severity != "info" for finding in result.findings)
    return Row(
        (*said, gain, confidence(advice.confidence), thousands(warnings) if warnings else NOTHING),
    )
