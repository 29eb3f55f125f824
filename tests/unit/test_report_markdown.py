"""Markdown for pull requests."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gilscope import report
from gilscope.report import markdown
from tests.unit.handmade import make_hostile, make_recommendation, make_result

#: A pipe that ends a cell: not escaped by an odd number of backslashes.
_CELL_END = re.compile(r"(?<!\\)(?:\\\\)*\|")


def _outside_code(page: str) -> str:
    return re.sub(r"^(`{3,})\w*\n.*?^\1$", "", page, flags=re.DOTALL | re.MULTILINE)


def test_the_verdict_the_code_and_the_table_are_there() -> None:
    page = make_result().to_markdown()
    assert "**is_prime is compute-bound (python): run it in a process pool with 2 workers," in page
    assert "Confidence is high: it would hold in 95 of 100 repeats. It was the fastest in every round." in page
    assert "caller)</summary>\n\n```python\nfrom concurrent.futures import ProcessPoolExecutor" in page
    assert "| **process × 2** | 5.73 | 5.40–6.00 | 1.91× |" in page
    assert "- **interpreter × 2**: refused: needs Python 3.14 or later" in page
    assert "- **thread × 2 (0.98×)**: its threads waited 49% for the GIL" in page


def test_the_code_for_both_callers_is_folded() -> None:
    page = make_result(recommendation=make_recommendation(context="async", other_code="plain()")).to_markdown()
    assert page.index("Code to paste (for a caller that is a coroutine)") < page.index("ProcessPoolExecutor(")
    assert "<details><summary>Code for a plain caller</summary>\n\n```python\nplain()\n```" in page


def test_several_results_start_with_a_summary() -> None:
    page = report.render([make_result(), make_result()], "md")
    assert page.startswith("| target | kind of work | run it with | speed-up | confidence |")
    assert page.count("## is_prime\n") == 2


def test_markup_is_escaped() -> None:
    assert markdown.escape("a|b`c*d<e>&[f]\n_g_ is_prime") == r"a\|b\`c\*d&lt;e&gt;&amp;\[f\] \_g\_ is_prime"


def test_a_fence_outlasts_the_fences_inside_it() -> None:
    code = "text = '''\n````\n'''"
    page = make_result(recommendation=make_recommendation(code=code)).to_markdown()
    assert f"`````python\n{code}\n`````" in page


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters() | st.sampled_from("|\\`<>&\n*_[]")))
def test_hostile_text_breaks_no_table_and_opens_no_tag(text: str) -> None:
    page = _outside_code(report.render([make_hostile(text)], "md"))
    assert set(re.findall(r"<[^>]*>", page)) == {"<details>", "</details>", "<summary>", "</summary>"}
    widths = [len(_CELL_END.findall(line)) for line in page.split("\n") if line.startswith("| ")]
    rules = [line for line in page.split("\n") if re.fullmatch(r"(\| :?--:? )+\|", line)]
    assert set(widths) <= {rule.count("|") for rule in rules}
