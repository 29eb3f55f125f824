"""Runs the programs of docs/programs.md as the page says, and writes what they and gilscope say into it; and the
outputs of docs/pythons.md and docs/interpreters.md, where ``PYTHONS`` names interpreters of two environments that have
gilscope, the second one of 3.14 or newer.

``python examples/programs/page.py [NAME...]``: all of the outputs, or those that are named; on a machine left alone,
for two minutes. Each output stands below a comment with its name.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
PAGES = (DOCS / "programs.md", DOCS / "pythons.md", DOCS / "interpreters.md")
PORT = "8000"
SECONDS = "6"
LOAD = ("/words*4", "/stock*2", "/health*2")
ENVIRONMENT = {
    **os.environ,
    "COLUMNS": "100",
    "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
}


# ---- running ----


def said(*command: str, **variables: str) -> str:
    """What a command says, on either stream, until it ends."""
    done = subprocess.run(
        command, cwd=HERE, env={**ENVIRONMENT, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


@contextmanager
def running(*command: str, **variables: str) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """A command that goes on until it is ended, or by itself; and what it has said, on either stream."""
    with tempfile.TemporaryFile("w+") as told:

        def so_far() -> str:
            told.seek(0)
            return told.read()

        variables = {**ENVIRONMENT, "PYTHONUNBUFFERED": "1", **variables}
        with subprocess.Popen(command, cwd=HERE, env=variables, stdout=told, stderr=told) as process:
            try:
                yield process, so_far
            finally:
                process.send_signal(signal.SIGTERM)


def until_it_listens(process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", int(PORT)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{process.args!r} ended before it served")


def until_it_says(process: subprocess.Popen[bytes], so_far: Callable[[], str], pattern: str) -> str:
    while process.poll() is None:
        found = re.search(pattern, so_far(), re.MULTILINE)
        if found:
            return found[1]
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} ended without a word of {pattern}:\n{so_far()}")


def excerpt(report: str, *sections: str, most: int = 1000) -> str:
    """What it is about, and of the sections that begin so the first lines; all of it, where none are named. The stack
    of the longest of something, which comes last, has the paths of this machine."""
    begins = report.index(re.search(r"^(Limited|Idle)", report, re.MULTILINE)[0])  # type: ignore[index]
    head, *found = report[begins:].rstrip("\n").split("\n\n")
    parts = [part.partition("\n  The longest ")[0] for part in found]
    return "\n\n".join((head, *(begun(part, most) for part in parts if not sections or part.startswith(sections))))


def begun(section: str, most: int) -> str:
    lines = section.splitlines()
    return section if len(lines) <= most else "\n".join((*lines[:most], "  …"))


def served(*server: str, load: tuple[str, ...]) -> tuple[str, str]:
    """What gilscope says of a server, and what its load says of it."""
    with running("gilscope", "run", *server) as (process, so_far):
        until_it_listens(process)
        answered = said("python", "load.py", PORT, SECONDS, *load).partition("asks\n")[2]
        process.send_signal(signal.SIGTERM)
        process.wait()
        return so_far(), answered


def uvicorn(app: str) -> tuple[str, str]:
    return served("-m", "uvicorn", app, "--port", PORT, "--no-access-log", load=LOAD)


# ---- the outputs ----


def shop() -> dict[str, str]:
    report, answered = uvicorn("shop:app")
    return {"shop-load": answered, "shop": excerpt(report)}


def mended() -> dict[str, str]:
    report, answered = uvicorn("shop_mended:app")
    return {"mended-load": answered, "mended": excerpt(report)}


def convoy() -> dict[str, str]:
    found = {}
    for name, arguments in (("convoy", ("python",)), ("convoy-short", ("python", "0.0001")), ("convoy-bz2", ("bz2",))):
        with running("python", "convoy.py", *arguments) as (process, so_far):
            port = until_it_says(process, so_far, r"^(\d+)$")
            with running("python", "convoy.py", "ask", port, SECONDS) as (asking, answered):
                report = said("gilscope", "attach", "-v", str(process.pid), "--duration", f"{int(SECONDS) - 2}s")
                asking.wait()
                found[f"{name}-ask"] = answered()
        found[name] = excerpt(report, "Who waited", "Who held")
    asked = "\n".join(f"{found[f'{name}-ask'].strip()}" for name in ("convoy", "convoy-short", "convoy-bz2"))
    return {"convoy": found["convoy"], "convoy-asked": asked}


def job() -> dict[str, str]:
    return {"job": excerpt(said("gilscope", "run", "-v", "job.py"), "Over time")}


def pages() -> dict[str, str]:
    server = ("-m", "gunicorn", "--threads", "8", "--bind", f"127.0.0.1:{PORT}", "--log-level", "error", "pages:app")
    report, _ = served("-v", *server, load=("/render*1", "/total*1", "/packed*2", "/counted*3"))
    return {"pages": excerpt(report, "Functions", "Locks", most=12)}


def loop() -> dict[str, str]:
    report = said("gilscope", "run", "-v", "held.py", "json")
    told = re.search(r"^at worst.*\n", report, re.MULTILINE)
    assert told is not None
    return {"loop": told[0] + excerpt(report, "What to do", "Event loops", most=9)}


def freeze() -> dict[str, str]:
    with running("python", "held.py", "stuck") as (process, _):
        time.sleep(2)  # it is stuck for ten seconds, soon after it has begun
        return {"freeze": said("gilscope", "dump", str(process.pid)).partition("\n\nStacks")[0]}


def analyzed() -> dict[str, str]:
    report = said("gilscope", "analyze", "shop:tokenize", "--inputs", "REVIEWS")
    return {"analyzed": report.lstrip("\n").partition("\n\n")[0]}


def workers() -> dict[str, str]:
    from gilscope.queues.brokers.server import serving

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as broker:
        variables = {"BROKER_URL": broker.url.replace("unix://", "redis+socket://"), "C_FORCE_ROOT": "1"}
        command = ("-m", "celery", "-A", "tasks", "worker", "--concurrency", "2", "--loglevel", "ERROR")
        with running("gilscope", "run", *command, **variables) as (process, so_far):
            said("python", "tasks.py", **variables)
            process.send_signal(signal.SIGTERM)
            process.wait()
            report = so_far()
    return {"workers": excerpt(report)}


def compared() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        before, after = f"{folder}/before.json", f"{folder}/after.json"
        said("gilscope", "run", "-o", before, "-m", "gilscope.examples.contended", "8")
        said("gilscope", "run", "-o", after, "contended_mended.py", "8")
        verdict, figures = said("gilscope", "compare", before, after).split("\n\n")[:2]
    return {"compared": f"{verdict.splitlines()[0]}\n\n{begun(figures, 12)}"}


def pythons() -> dict[str, str]:
    """Nothing where there are none."""
    named = os.environ.get("PYTHONS", "").split()
    if not named:
        return {}
    asked = [word for python in named for word in ("--python", python)]
    report = said("gilscope", "analyze", "gilscope.examples.primes:is_prime", "--inputs", "PRIMES", "-v", *asked)
    head, *parts = report[report.index("\nis_prime under") + 1 :].split("\n\n")
    told = ("Side by side", "Configurations", "Where a call's time goes")
    return {"pythons": "\n\n".join((head, *(part for part in parts if part.startswith(told))))}


def weights() -> dict[str, str]:
    """By the last of ``PYTHONS``, which has to have pools of interpreters."""
    named = os.environ.get("PYTHONS", "").split()
    if not named:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        said(named[-1], "-c", "import weights; weights.main()", GILSCOPE_OUT=folder, GILSCOPE_OBSERVE="1")
        return {"weights": said(named[-1], "-m", "gilscope", "report", folder)}


MAKERS: dict[str, Callable[[], dict[str, str]]] = {
    "shop": shop,
    "mended": mended,
    "convoy": convoy,
    "job": job,
    "pages": pages,
    "loop": loop,
    "analyzed": analyzed,
    "freeze": freeze,
    "workers": workers,
    "compared": compared,
    "pythons": pythons,
    "weights": weights,
}


def written(page: str, name: str, text: str) -> str | None:
    """The page, with this output; None where it has no place for it."""
    place = re.compile(rf"(<!-- output: {name} -->\n+```text\n).*?(^```$)", re.DOTALL | re.MULTILINE)
    if place.search(page) is None:
        return None
    return place.sub(lambda found: f"{found[1]}{text.strip(chr(10))}\n{found[2]}", page)


def write(name: str, text: str) -> None:
    """Put an output into the page that has a place for it.

    :raises SystemExit: when none has
    """
    for page in PAGES:
        if (filled := written(page.read_text(encoding="utf-8"), name, text)) is not None:
            page.write_text(filled, encoding="utf-8")
            print(f"wrote {name}", flush=True)
            return
    raise SystemExit(f"no page has a place for the output {name}")


def main() -> None:
    for name in sys.argv[1:] or MAKERS:
        for output, text in MAKERS[name]().items():
            write(output, text)


if __name__ == "__main__":
    main()
