"""The programs for task queues are run as they stand, against the real engines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import gilscope
from gilscope.decide.code import CodeTarget, program_for
from gilscope.queues.code import TEMPLATES
from gilscope.records import Context
from tests.backends.targets import NUMBERS, sleep
from tests.queues.plain_dask import plain_cluster
from tests.queues.programs import address, results_of
from tests.unit import code_programs as programs
from tests.unit.code_programs import QUEUES

CONNECTED = CodeTarget("user_code:needs_connection", inputs="INPUTS", setup="connect", teardown="close")
PLAIN = replace(CONNECTED, plain=True)
TUPLES = CodeTarget("user_code:add", star=True, inputs="PAIRS", kwargs={"text": "'it' * STEP"})
REPEATED = CodeTarget("user_code:add", args=("STEP", "2"))
METHOD = CodeTarget("user_code:Tools.times", instance=True, inputs="endless", inputs_callable=True, inputs_used=3)
CASES: list[tuple[str, CodeTarget, Context, object]] = [
    ("rq", CONNECTED, "sync", [1, 2, 3]),
    ("rq-simple", TUPLES, "async", ["it" * 5] * 2),
    ("celery", PLAIN, "sync", [1, 2, 3]),
    ("celery-threads", METHOD, "async", [21, 21, 21]),
    ("dask", CONNECTED, "async", [1, 2, 3]),
]


@pytest.mark.parametrize(("engine", "target", "context", "expected"), CASES, ids=[case[0] for case in CASES])
def test_programs_run_as_they_stand(
    engine: str, target: CodeTarget, context: Context, expected: object, given: str, tmp_path: Path
) -> None:
    text = program_for(target, QUEUES[engine], context, templates=TEMPLATES)
    assert results_of(text, tmp_path, BROKER_URL=address(engine, given)) == expected


def test_an_exception_of_a_job_reaches_the_caller(given: str, tmp_path: Path) -> None:
    text = program_for(CodeTarget("user_code:add", inputs="INPUTS"), QUEUES["rq-simple"], templates=TEMPLATES)
    with pytest.raises(AssertionError, match=r"RuntimeError: (.|\n)*TypeError: add\(\) missing 1 required"):
        results_of(text, tmp_path, BROKER_URL=given)


def test_a_scheduler_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # where its workers find the user's module
    (tmp_path / "user_code.py").write_text(programs.MODULE)
    text = program_for(REPEATED, QUEUES["dask-threads"], templates=TEMPLATES)
    with plain_cluster(tmp_path, workers=1) as scheduler:
        assert results_of(text, tmp_path, DASK_SCHEDULER_ADDRESS=scheduler) == [7] * 100


def test_an_analysis_gives_the_settings_and_the_program() -> None:
    result = gilscope.analyze(sleep, NUMBERS, backends=("rq-simple",), workers=(2,), max_calls=40, hot_lines=False)
    settings = {setting.setting: setting.value for setting in result.queue_settings}
    assert {setting.engine for setting in result.queue_settings} == {"rq-simple"}
    assert (settings["worker_class"], settings["num_workers"]) == ("SimpleWorker", "2")
    (program,) = result.queue_programs
    assert "from tests.backends.targets import sleep" in program.code
    assert f"default_timeout={settings['default_timeout']}" in program.code
    assert (result.recommendation.code == program.code) == (result.recommendation.backend == program.engine)
