"""The core runs where the folder of task queues was deleted: it knows of them by entry points alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gilscope
from tests.unit.test_report_plans import planned

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials run on POSIX")

WORK = "import time\n\nNUMBERS = range(10)\n\n\ndef work(number):\n    time.sleep(0.005)\n"
ANALYZE = "analyze work:work --inputs NUMBERS -b thread,process,asyncio -w 2 --budget 20s --max-calls 300"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, without that of task queues."""
    folder = tmp_path_factory.mktemp("without")
    package = Path(gilscope.__file__).parent
    shutil.copytree(package, folder / "gilscope", ignore=shutil.ignore_patterns("queues", "__pycache__"))
    (folder / "work.py").write_text(WORK)
    return folder


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-m", "gilscope", *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def test_an_analysis_and_its_reports_are_made(copy: Path) -> None:
    done = run(copy, *ANALYZE.split(), "-o", "report.html", "-o", "report.json")
    assert done.returncode == 0, done.stderr
    told = gilscope.load(copy / "report.json")
    assert isinstance(told, gilscope.Result)
    assert {trial.backend for trial in told.trials if trial.status == "ok"} >= {"serial", "thread", "process"}
    assert (told.capacity, told.queue_settings, told.queue_programs) == (None, (), ())
    assert "work:work" in (copy / "report.html").read_text()


@pytest.mark.parametrize("form", ["text", "md", "html", "csv"])
def test_what_was_measured_of_queues_elsewhere_is_reported(copy: Path, form: str) -> None:
    (copy / "queues.json").write_text(planned(500.0).to_json())
    done = run(copy, "report", "queues.json", "-f", form)
    assert done.returncode == 0, done.stderr
    assert "rq" in done.stdout


def test_their_command_is_not_there(copy: Path) -> None:
    done = run(copy, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "analyze" in done.stdout
    assert "worker" not in done.stdout


def test_their_backends_are_not_there(copy: Path) -> None:
    done = run(copy, *ANALYZE.replace("thread,", "rq,").split())
    assert done.returncode == 2
    assert "no backend 'rq'; there are serial, thread, process, asyncio" in done.stderr
