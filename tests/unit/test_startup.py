"""What starts quickly imports little: that is judged here, and the time itself by ``python -m benchmarks.startup``."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gilscope.analysis.ahead import loading

RESULT = Path(__file__).parents[2] / "reports/gilscope-is_prime.json"
#: What draws reports, and what reads and measures: each takes as long to import as showing the help may take.
DRAWS = {"pandas", "numpy", "jinja2", "rich", "markdown_it", "pygments"}
MEASURES = {"msgspec", "psutil", "asyncio", "multiprocessing", "importlib.metadata", "gilscope.options"}


def loaded_after(first: str, then: str, *, shown: bool = False) -> set[str]:
    """The modules that a fresh interpreter imports in ``then``, after ``first``."""
    own = "import typer.main"  # what that loads itself differs between its versions
    told = "print(*(set(sys.modules) - before), file=sys.stderr)"
    code = f"import sys\n{own}\n{first}\nbefore = set(sys.modules)\ntry:\n  {then}\nfinally:\n  {told}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert bool(done.stdout) == shown
    return set(done.stderr.split())


def test_the_help_needs_neither_what_draws_nor_what_measures() -> None:
    loaded = loaded_after("sys.argv = ['gilscope', '--help']", "from gilscope.cli.app import run; run()", shown=True)
    assert "gilscope.cli.app" in loaded
    assert loaded & (DRAWS | MEASURES) == set()


def test_the_first_progress_waits_for_nothing_that_draws_or_measures() -> None:
    first = """
import gilscope.cli.progress
def progress(name, *, bar, lines):
    raise SystemExit
gilscope.cli.progress.progress = progress
sys.argv = ["gilscope", "analyze", "gilscope.examples.primes:is_prime", "--inputs", "PRIMES"]
"""
    loaded = loaded_after(first, "from gilscope.cli.app import run; run()")
    assert "gilscope.cli.output" in loaded
    assert loaded & {*DRAWS, "asyncio", "gilscope.analysis", "gilscope.report.document", "pydantic"} == set()


def test_nothing_is_loading_any_more_when_an_interrupt_goes_on() -> None:
    """Else whoever concludes then would import beside it, and two that import may wait for each other for good."""
    may_end, loaded = threading.Event(), list[bool]()

    def interrupted() -> None:
        may_end.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), loading(lambda: loaded.append(may_end.wait(60.0))):
        interrupted()
    assert loaded == [True]


def test_what_the_end_needs_was_loaded_while_the_hot_lines_were_looked_for() -> None:
    """Half of the time from the last round to the report were imports: what was loaded ahead is all that it needs."""
    first = f"""
from gilscope import load
from gilscope.analysis.ahead import loading
from gilscope.cli.output import Destinations
import gilscope.analysis.conclude
result, destinations = load({str(RESULT)!r}), Destinations([], ["is_prime"], "text")
with loading(destinations.load):
    pass
from gilscope.decide.code import load_templates
"""
    loaded = loaded_after(first, "load_templates(); destinations.write([result])", shown=True)
    assert {name for name in loaded if name.partition(".")[0] in {"gilscope", "jinja2", "pandas", "numpy"}} == set()
    assert {name for name in loaded if name.startswith("rich.") and "_unicode_data" not in name} == set()
