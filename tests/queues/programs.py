"""Programs for task queues, run as a user runs them: saved, workers started as the first lines say, then called."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.unit.code_programs import MODULE

BIN = Path(sys.executable).parent


def results_of(text: str, folder: Path, allowed: str = "", **variables: str) -> object:
    """What the program, saved with a module like a user's, gives while its workers run.

    :param allowed: a warning that is no error, as the option ``-W`` takes it
    """
    (folder / "user_code.py").write_text(MODULE)
    (folder / "tasks.py").write_text(f"{text}    print(results)\n")
    variables |= {"C_FORCE_ROOT": "1"} if "C_FORCE_ROOT=1" in text else {}
    workers = re.search(r"^Workers, on each machine: (.*)", text, re.MULTILINE)
    if workers is None:
        return eval(printed("tasks.py", folder, allowed, **variables))
    with working(workers[1], folder, **variables):
        return eval(printed("tasks.py", folder, allowed, **variables))


def printed(program: str, folder: Path, allowed: str = "", **variables: str) -> str:
    """What a program says that ends well; a warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *(["-W", allowed] if allowed else []), program],
        cwd=folder,
        env=_environment(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@contextmanager
def working(command: str, folder: Path, **variables: str) -> Iterator[None]:
    """Within, the workers run that the command starts; they end with it."""
    program, *arguments = shlex.split(command)
    with (folder / "workers.log").open("w") as log:
        workers = subprocess.Popen(
            [BIN / program, *arguments], cwd=folder, env=_environment(variables), stdout=log, stderr=log
        )
    try:
        yield
    except BaseException as error:
        error.add_note((folder / "workers.log").read_text()[-3000:])
        raise
    finally:
        workers.send_signal(signal.SIGTERM)
        workers.wait()


def address(engine: str, broker: str) -> str:
    """As the engine takes it: a Unix socket has another scheme with Celery."""
    return broker.replace("unix://", "redis+socket://") if engine.startswith("celery") else broker


def _environment(variables: dict[str, str]) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name != "C_FORCE_ROOT"}, **variables}
