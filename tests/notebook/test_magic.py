"""The magics in a real IPython shell."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.notebook.shell import Outcome, ended, ran, started

pytest.importorskip("IPython", reason="the magics need IPython, the extra 'notebook'")

DEFINITIONS = """
from dataclasses import dataclass
import functools, json, threading

SCALE = 3
numbers = [20_000, 30_000]
lock = threading.Lock()

@dataclass
class Order:
    amount: int

@functools.lru_cache
def scale():
    return SCALE

def work(n):
    return sum(i * scale() for i in range(n))

def bill(order):
    return Order(work(order.amount))

def locked(n):
    with lock:
        return n


orders = [Order(20_000), Order(30_000)]

def told(result):
    trials = [(trial.backend, trial.status, trial.reason, trial.calls) for trial in result.trials]
    print(json.dumps({"spec": result.target.spec, "kind": result.target.kind, "count": result.target.input_count,
        "trials": trials, "findings": [finding.code for finding in result.findings], "output": result.output,
        "interrupted": result.interrupted, "failure": result.failure and result.failure.message}))
"""

#: Bounded by calls, which a busy machine makes too.
ALONE = "-q -b serial -d 60s --max-calls 20"
FORMS = {
    "a call": f"r = %gilscope {ALONE} work(20_000)",
    "inputs": "r = %gilscope -q --backends serial --budget 60s --max-calls 20 --inputs numbers work",
    "an expression": f"r = %gilscope {ALONE} [work(n) for n in numbers]",
    "a closure": "def scaled(k):\n    def inner(n): return work(n) * k\n    return inner\n"
    f"r = %gilscope {ALONE} scaled(3)(20_000)",
    "much output": f"def loud():\n    print('x' * 1_000_000)\nr = %gilscope {ALONE} loud()",
    "a cell": f"%%gilscope {ALONE}\ntotal = 0\nfor n in numbers:\n    total += work(n)\ntotal",
    "a cell of inputs": f"%%gilscope {ALONE} --inputs numbers n\nwork(n)",
    "what is decorated": "import gilscope\n@gilscope.classify(inputs=numbers)\ndef priced(n): return work(n)\n"
    f"r = %gilscope {ALONE} priced",
    "a coroutine": f"%%gilscope {ALONE}\nimport asyncio\nawait asyncio.sleep(0.001)",
}

POOLED = "-q -b process -w 2 -d 60s --max-calls"
IN_PROCESSES = {
    "spawned": f"r = %gilscope {POOLED} 600 --inputs orders bill",
    "forked": f"r = %gilscope {POOLED} 100 --start-method fork --inputs orders bill",
    "a cell": f"%%gilscope {POOLED} 100 --inputs numbers n\nwork(n)",
    "a lambda": f"square = lambda n: n * n\nr = %gilscope {POOLED} 100 square(3)",
}

REFUSED = {
    "%gilscope": "nothing to measure: write a call behind it",
    "%gilscope work(": "'(' was never closed",
    "%gilscope nowhere(1)": "name 'nowhere' is not defined",
    "%gilscope work(1 / 0)": "division by zero",
    "%gilscope work": "needs arguments (missing a required argument: 'n'): write a whole call",
    "%gilscope SCALE": "a int cannot be called",
    "%gilscope --inputs nowhere work": "name 'nowhere' is not defined",
    "%gilscope --inputs SCALE work": "not iterable",
    "%gilscope --star work(1)": "--star unpacks each of the inputs, but there are none",
    "%gilscope -b nothing work(1)": "no backend 'nothing'",
    "%gilscope --budget soon work(1)": "--budget 'soon' is no time",
    "%gilscope --budget -3s work(1)": "--budget",
    "%gilscope --nothing work(1)": "unrecognized arguments: --nothing",
    "%gilscope locked(1)": "the function cannot be pickled: its variable 'lock' is a _thread.lock",
    "%%gilscope\n# to do": "the cell is empty",
    f"%%gilscope {ALONE}\nwork(1)\nnowhere": "line 3, in cell\nNameError: name 'nowhere' is not defined",
    "%%gilscope\nx = (": "'(' was never closed",
    "%%gilscope\nfrom math import *": "line 2",
    "%%gilscope\n%time work(1)": "magics and shell commands",
    "%%gilscope\n!ls": "magics and shell commands",
    "%%gilscope n\nwork(n)": "go together",
    "%%gilscope --inputs numbers\nwork(3)": "go together",
    "%%gilscope --inputs numbers 3n\nwork(3)": "'3n' is no name",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    outcomes = ran(tmp_path_factory.mktemp("refused"), DEFINITIONS, *REFUSED)
    return dict(zip(REFUSED, outcomes[1:], strict=True))


def measure(folder: Path, typed: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What each cell measured."""
    cells = [part for text in typed.values() for part in (text, "told(_)" if text.startswith("%%") else "told(r)")]
    outcomes = ran(folder, DEFINITIONS, *cells)[1:]
    for text, outcome in zip(cells, outcomes, strict=True):
        assert outcome.error is None, f"{text}: {outcome.err}"
    return {name: json.loads(outcome.out) for name, outcome in zip(typed, outcomes[1::2], strict=True)}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return measure(tmp_path_factory.mktemp("measured"), FORMS)


@pytest.fixture(scope="module")
def in_processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return measure(tmp_path_factory.mktemp("processes"), IN_PROCESSES)


@pytest.mark.parametrize("typed", REFUSED)
def test_what_cannot_be_measured_is_told_in_a_few_words(refused: dict[str, Outcome], typed: str) -> None:
    outcome = refused[typed]
    assert outcome.error == "UsageError"
    assert REFUSED[typed] in outcome.err
    assert "gilscope/notebook" not in outcome.err


@pytest.mark.parametrize(
    ("name", "spec", "kind", "count"),
    [
        ("a call", "__main__:work", "sync", 1),
        ("inputs", "__main__:work", "sync", 2),
        ("an expression", "__main__:expression", "sync", 0),
        ("a closure", "__main__:scaled.<locals>.inner", "sync", 1),
        ("a cell", "__main__:cell", "sync", 0),
        ("a cell of inputs", "__main__:cell", "sync", 2),
        ("what is decorated", "__main__:priced", "sync", 2),
        ("a coroutine", "__main__:cell", "coroutine", 0),
    ],
)
def test_what_is_typed_is_measured(
    measured: dict[str, dict[str, Any]], name: str, spec: str, kind: str, count: int
) -> None:
    told = measured[name]
    assert (told["spec"], told["kind"], told["failure"]) == (spec, kind, None)
    assert min(count, 1) <= told["count"] <= count  # those that were used
    assert [(backend, status) for backend, status, *_ in told["trials"]] == [("serial", "ok")]


def test_what_the_target_prints_stays_bounded_and_out_of_the_notebook(measured: dict[str, dict[str, Any]]) -> None:
    assert 0 < len(measured["much output"]["output"]) <= 64 * 1024


@pytest.mark.parametrize("name", ["spawned", "forked", "a cell"])
def test_processes_run_what_cells_defined_and_that_is_told(in_processes: dict[str, dict[str, Any]], name: str) -> None:
    told = in_processes[name]
    assert [(backend, status, reason) for backend, status, reason, _ in told["trials"]] == [
        ("serial", "ok", None),
        ("process", "ok", None),
    ]
    assert "defined-in-session" in told["findings"]
    assert name != "spawned" or told["trials"][1][3] > 0


def test_what_a_module_would_not_help_is_refused_with_the_reason(in_processes: dict[str, dict[str, Any]]) -> None:
    told = in_processes["a lambda"]
    _, (backend, status, reason, _) = told["trials"]
    assert (backend, status) == ("process", "refused")
    assert "it is the lambda in line 1 of __main__" in reason
    assert "defined-in-session" not in told["findings"]


def test_progress_is_lines_in_a_terminal_and_the_result_is_its_text(tmp_path: Path) -> None:
    _, run, quiet = ran(
        tmp_path,
        "def f(): return 1",
        "%gilscope -b serial -d 60s --max-calls 20 f()",
        f"r = %gilscope {ALONE} f();",
    )
    assert run.err.startswith("f, ")
    assert ": importing the target and calling it alone\n" in run.err
    assert run.out.startswith("Out[3]: \nCannot tell how to run f: nothing was compared with the serial run ")
    assert "Confidence is " not in run.out, "there is no advice to be sure of"
    assert "Result(" not in run.out
    assert (quiet.out, quiet.err) == ("", "")


REWRITTEN = """
from IPython.utils.capture import capture_output
from gilscope.analysis import Progress
from gilscope.notebook import progress as module
from types import SimpleNamespace
module.PAUSE_S = 0.0
with capture_output() as shown:
    with module.progress(SimpleNamespace(has_trait=lambda name: True), "<b>f</b>", quiet=False) as tell:
        tell(Progress("timing", 1.0, 4.0))
print(json.dumps([[out.data["text/html"], out.data["text/plain"], out.update] for out in shown.outputs]))
"""


def test_progress_is_one_line_rewritten_in_a_notebook(tmp_path: Path) -> None:
    _, outcome = ran(tmp_path, "import json", REWRITTEN)
    first, second, last = json.loads(outcome.out)
    assert [first[2], second[2], last] == [False, True, ["", "", True]]
    assert second[1] == "<b>f</b>: timing, 1.00 s of 4 s"
    assert "&lt;b&gt;f&lt;/b&gt;: timing" in second[0]
    assert 'value="0.25"' in second[0]


def test_interrupting_gives_what_there_is_and_leaves_no_process(tmp_path: Path) -> None:
    left = "import psutil; print(_.interrupted, len(_.trials) > 0, psutil.Process().children(recursive=True))"
    cells = ["%load_ext gilscope", "def f(): return sum(range(10_000))", "%gilscope -d 100s f()", left]
    shell = started(tmp_path, cells)
    assert shell.stderr is not None
    for line in shell.stderr:
        if "timing" in line:
            shell.send_signal(signal.SIGINT)
            break
    run, after = ended(shell)[2:]
    assert run.error is None
    assert "the analysis was interrupted before it could compare" in run.out
    assert after.out == "True True []\n"


def test_its_help_tells_the_options(tmp_path: Path) -> None:
    (outcome,) = ran(tmp_path, "print(get_ipython().find_magic('gilscope').__doc__)")
    for word in ("%gilscope f(x)", "%%gilscope", "--backends", "--budget", "--inputs"):
        assert word in outcome.out


def test_it_can_be_loaded_twice(tmp_path: Path) -> None:
    outcomes = ran(tmp_path, "%reload_ext gilscope", "%gilscope")
    assert [outcome.error for outcome in outcomes] == [None, "UsageError"]
