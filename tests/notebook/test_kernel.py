"""The magics in a real Jupyter kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel", reason="a kernel needs ipykernel, which no extra installs")
pytest.importorskip("jupyter_client", reason="a kernel is started by jupyter_client, which no extra installs")

REPOSITORY = Path(__file__).parents[2]
LEFT = "import psutil; print(psutil.Process().children(recursive=True))"
CELLS = [
    "%load_ext gilscope",
    "def work(n):\n    return sum(i for i in range(n))",
    "%gilscope -b process -w 2 -d 60s --max-calls 300 work(20_000)",
    "%gilscope -d 60s work(20_000)  # interrupt",
    LEFT,
    "%gilscope nowhere(1)",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    folder = str(tmp_path_factory.mktemp("kernel"))
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    own = {"IPYTHONDIR": folder, "JUPYTER_RUNTIME_DIR": folder, "JUPYTER_CONFIG_DIR": folder, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "tests.notebook.kernel"],
        input=json.dumps(CELLS),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **own},
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    answered: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answered


def shown(messages: list[dict[str, Any]], kind: str) -> list[dict[str, str]]:
    """The forms of each thing displayed so."""
    return [message["content"]["data"] for message in messages if message["kind"] == kind]


def test_a_cells_function_is_measured_and_shown(told: list[list[dict[str, Any]]]) -> None:
    (result,) = shown(told[2], "execute_result")
    assert "process × 2" in result["text/html"]
    assert "refused" not in result["text/html"]
    assert result["text/plain"].startswith("work is ")


def test_progress_is_rewritten_and_gone_at_the_end(told: list[list[dict[str, Any]]]) -> None:
    updates = shown(told[2], "update_display_data")
    assert any("<progress" in form["text/html"] for form in updates)
    assert updates[-1]["text/html"] == ""
    assert [message for message in told[2] if message["kind"] == "stream"] == []


def test_interrupting_the_cell_shows_what_there_is_and_leaves_no_process(told: list[list[dict[str, Any]]]) -> None:
    (result,) = shown(told[3], "execute_result")
    assert "The analysis was interrupted" in result["text/html"]
    (listed,) = (message["content"]["text"] for message in told[4] if message["kind"] == "stream")
    assert listed == "[]\n"


def test_an_error_is_a_line(told: list[list[dict[str, Any]]]) -> None:
    text = "".join(message["content"]["text"] for message in told[5] if message["kind"] == "stream")
    assert "name 'nowhere' is not defined" in text
    assert "gilscope/notebook" not in text
