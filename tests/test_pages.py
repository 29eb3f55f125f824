"""What the other pages tell people to type works as well, cheaply: commands that would take minutes are asked what they
would do (``--dry-run``), those that are for other machines or other Pythons are read by the program's own parser."""

from __future__ import annotations

import inspect
import re
import shlex
import signal
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer.main

import gilscope
from gilscope.cli.app import app
from gilscope.records import QueueProgram
from tests.frameworks.recipes import serving
from tests.notebook import shell
from tests.typed import ROOT, bare, blocks, commands, page, run_in_shell, run_program
from tests.unit.pythons_builders import make_python, make_pythons
from tests.unit.regress_builders import measured

#: Which test runs what stands in the blocks of a page.
RUN_BY = {
    "README.md": "tests/test_readme.py",
    "docs/quickstart.md": "tests/test_readme.py",
    "docs/tasks.md": "tests/test_readme.py",
    "docs/frameworks.md": "tests/frameworks/test_recipes.py",
    "docs/library.md": "tests/cli/test_library.py",
    "docs/findings/": "tests/unit/findings/test_pages.py",
    "docs/": "tests/test_pages.py",
}
LANGUAGES = ("console", "sh", "python", "ipython")
#: What stands for something of the reader's own.
OWN = {"PID": "1", "$!": "1", "…": "python shop.py"}


def documents() -> list[str]:
    """Those that tell something to type."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        str(path.relative_to(ROOT))
        for path in paths
        if any(language in LANGUAGES for language, _, _ in blocks(path.read_text(encoding="utf-8")))
    ]


def told(name: str, *languages: str) -> list[str]:
    """The blocks of a page in these languages."""
    return [text for language, text, _ in blocks(page(f"docs/{name}")) if language in languages]


def typed(name: str) -> list[str]:
    """The commands of a page."""
    return [bare(command) for block in told(name, "console", "sh") for command in commands(block)]


def parsed(command: str) -> dict[str, Any]:
    """What the program takes it for.

    :raises click.ClickException: where it refuses an option, a choice, or that an argument is missing
    """
    words = shlex.split(command.partition(" > ")[0])
    name, *arguments = words[words.index("gilscope") + 1 :]
    group: Any = typer.main.get_command(app)
    parameters: dict[str, Any] = group.commands[name].make_context(name, arguments).params
    return parameters


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With what the pages take for granted: two results, a recording and the service that made it."""
    for name in ("old.json", "new.json", "report.json"):
        (tmp_path / name).write_bytes(msgspec.json.encode(measured()))
    shop = next(text for _, text, saved in blocks(page("docs/quickstart.md")) if saved == "shop.py")
    (tmp_path / "shop.py").write_text(shop.replace("3_000", "100"))
    return tmp_path


def test_every_page_is_run_by_a_test() -> None:
    pages = {name: next(key for key in RUN_BY if name.startswith(key)) for name in documents()}
    assert set(pages.values()) == set(RUN_BY)
    here = {Path(name).name for name, key in pages.items() if key == "docs/"}
    source = Path(__file__).read_text()
    assert [name for name in here if f'"{name}"' not in source] == []


def test_blocks_of_no_language_have_nothing_to_type() -> None:
    plain = [text for name in documents() for language, text, _ in blocks(page(name)) if language in ("", "text")]
    assert [text for text in plain if re.search(r"^\$ |^(\w+=\S+ )*gilscope [a-z]+ ", text, re.MULTILINE)] == []


def test_what_pip_installs_is_an_extra_that_there_is() -> None:
    extras = tomllib.loads(page("pyproject.toml"))["project"]["optional-dependencies"]
    sources = [path.read_text() for path in (ROOT / "profiler").rglob("*.py")]
    named = re.findall(r"(?:gilscope|[\"'.])\[(\w+)\]['\"`]", "\n".join([*map(page, documents()), *sources]))
    assert {"notebook", "otel", "prometheus", "queues"} <= set(named) & set(extras)
    (install, *same) = typed("index.md")
    assert install == "pip install ."
    assert set(same) <= {bare(each) for language, text, _ in blocks(page("README.md")) for each in commands(text)}


# ---- by the program's own parser ----


@pytest.mark.parametrize("name", [name for name in documents() if name.startswith("docs/")])
def test_the_program_takes_every_command_of_a_block(name: str) -> None:
    for command in typed(name.removeprefix("docs/")):
        for own, value in OWN.items():
            command = command.replace(own, value)
        if "gilscope" in shlex.split(command) and "--install-completion" not in command:
            assert parsed(command)


def test_what_the_examples_are_asked_about_is_there() -> None:
    """Of docs/programs.md; they are run in tests/programs."""
    examples = ROOT / "examples/programs"
    files = {word for each in typed("programs.md") for word in shlex.split(each) if word.endswith(".py")}
    assert [name for name in files - {"work.py"} if not (examples / name).exists()] == []
    found = {word for each in typed("programs.md") for word in re.findall(r"\b[\w.]+:\w+\b", each)}
    assert len(found) >= 4
    for module, _, attribute in (word.partition(":") for word in found if not word.startswith("127.")):
        path = examples / f"{module}.py" if "." not in module else ROOT / f"profiler/{module.replace('.', '/')}.py"
        assert re.search(rf"^(?:(?:async )?def {attribute}\b|{attribute} = )", path.read_text(), re.MULTILINE), path


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("fleets.md", ["console"]),
        ("interpreters.md", ["console"]),
        ("remote-workers.md", ["console"]),
        ("tasks.md", ["sh"]),  # what stands there in blocks of console is run
    ],
)
def test_an_analysis_that_takes_long_says_what_it_would_do(name: str, languages: list[str], folder: Path) -> None:
    variables = {"GILSCOPE_BROKER": "redis://:PASSWORD@broker.example:6379/1"} if "remote" in name else {}
    asked = [bare(each) for block in told(name, *languages) for each in commands(block)]
    asked = [each for each in asked if each.startswith("gilscope analyze") and "--python" not in each]
    if sys.version_info < (3, 14):
        asked = [each for each in asked if "interpreter" not in each]
    done = run_in_shell([f"{each} --dry-run" for each in asked], folder, **variables)
    assert done.count("Dry run: nothing was run.") >= 1


# ---- as they stand ----


@pytest.mark.parametrize("name", ["ci.md", "configuration.md", "dry-run.md"])
def test_the_commands_run(name: str, folder: Path) -> None:
    for text in told(name, "toml"):
        (folder / "pyproject.toml").write_text(text)
    assert run_in_shell(typed(name), folder, HOME=str(folder), SHELL="/bin/bash")


def test_two_recordings_are_compared(folder: Path) -> None:
    """Of recording.md, with a service that has an end."""
    assert "1 function in both recordings" in run_in_shell(
        [each.replace("…", OWN["…"]) for each in typed("recording.md")], folder
    )


def test_programs_are_compared_and_calls_captured(folder: Path) -> None:
    """Those of programs.md that ask about the service of gilscope's own examples."""
    (folder / "contended_mended.py").write_text((ROOT / "examples/programs/contended_mended.py").read_text())
    first, later = (
        next(at for at, each in enumerate(typed("programs.md")) if part in each)
        for part in ("--capture-to captured", "before.json")
    )
    captured = typed("programs.md")[first : first + 2]
    compared = typed("programs.md")[later : later + 3]
    short = [re.sub(r"(contended|mended\.py) \d$", r"\1 1", each) for each in (*captured, *compared)]
    said = run_in_shell([re.sub(r"(--inputs captured)$", r"\1 --dry-run", each) for each in short], folder)
    assert "Each of gilscope.examples.contended:tokenize would be called" in said
    assert "The commands differ: python -m gilscope.examples.contended 1" in said


@pytest.mark.parametrize("name", ["classify.md", "configuration.md", "metrics.md", "programs.md", "recording.md"])
def test_the_programs_of_a_page_run(name: str, folder: Path) -> None:
    own = {"GILSCOPE_OUT": "out"}
    run_program("shop.py", folder, **own)
    programs = [text for text in told(name, "python") if "async def stock" not in text]  # a part of shop_mended.py
    assert programs
    for text in programs:
        (folder / "program.py").write_text(text)
        run_program("program.py", folder, **(own if name == "metrics.md" else {}))


def test_the_program_of_a_queue_is_written(folder: Path) -> None:
    """Of fleets.md; its result would take a minute."""
    program = QueueProgram(engine="celery", code="app = None\n")
    (folder / "report.json").write_bytes(
        msgspec.json.encode(msgspec.structs.replace(measured(), queue_programs=(program,)))
    )
    (text,) = told("fleets.md", "python")
    (folder / "program.py").write_text(text)
    run_program("program.py", folder)
    assert (folder / "tasks.py").read_text() == program.code


def test_a_program_asks_about_several_pythons(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pythons.md; what analyze would give of them is made by hand, for it would take their environments."""
    signature = inspect.signature(gilscope.analyze)
    given = make_pythons(make_python("3.11"), make_python("3.14", best=(200.0, 201.0)))

    def made(*arguments: Any, **options: Any) -> gilscope.PythonsResult:
        signature.bind(*arguments, **options)
        return given

    (text,) = told("pythons.md", "python")
    monkeypatch.setattr(gilscope, "analyze", made)
    monkeypatch.chdir(folder)
    exec(text, {"__name__": "__main__"})
    assert (folder / "is_prime.html").exists()


def test_pytest_shows_the_table_and_holds_the_marker(folder: Path) -> None:
    """Of pytest.md, with a limit that a busy machine keeps to."""
    (text,) = told("pytest.md", "python")
    (folder / "test_web.py").write_text(text.replace('"5ms"', '"2s"'))
    said = run_in_shell([f"{typed('pytest.md')[0]} -p no:cacheprovider test_web.py"], folder)
    assert re.search(r"^test_web:fetch +40 .* io-bound ", said, re.MULTILINE)
    assert "1 passed" in said


def test_the_magics_are_those_of_the_table(folder: Path) -> None:
    """Of notebook.md; what they measure is judged in tests/notebook."""
    pytest.importorskip("IPython")
    (loads,) = told("notebook.md", "ipython")
    magics = re.findall(r"^\| `(%%?gilscope[^`]*)` ", page("docs/notebook.md"), re.MULTILINE)
    assert len(magics) == 5
    quick = "-b thread --budget 1s --max-calls 40"
    typed_ = [re.sub(r"^(%%?gilscope)", rf"\1 {quick}", each) for each in magics]
    cells = [
        each if not each.startswith("%%") else f"{each}\n{'len(url)' if 'url' in each else '1 + 1'}" for each in typed_
    ]
    names = "urls = ['a', 'b']\npages, url = urls, 'a'\ndef fetch(url): return len(url)\nparse = fetch"
    outcomes = shell.ran(folder, loads, names, *cells)
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)


class Payments(BaseHTTPRequestHandler):
    """Answers after a while."""

    def do_GET(self) -> None:
        threading.Event().wait(0.05)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"paid")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def payments() -> Iterator[int]:
    """The neighbour that the service asks, by its port."""
    with HTTPServer(("127.0.0.1", 0), Payments) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.timing
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="an observer needs Linux")
def test_the_line_behind_a_slow_p99_is_told(folder: Path) -> None:
    """Of slow-p99.md: its service, asked until the report says what the page says of its line."""
    serve, report = typed("slow-p99.md")
    (service, *_) = told("slow-p99.md", "python")
    line = next(at for at, text in enumerate(service.splitlines(), 1) if "urlopen" in text)
    with payments() as port:
        (folder / "shop.py").write_text(service.replace("127.0.0.1:8001", f"127.0.0.1:{port}"))
        with serving(serve, folder, "--port", "0", end=signal.SIGTERM) as site:
            said = ""
            while "which calls urllib.request.urlopen. It waits there" not in said:
                assert [site.get(path) for path in ("/cart", "/quote", *["/checkout"] * 12)][-1] == "paid"
                said = " ".join(run_in_shell([report], folder).split())
    assert "What blocks event loops checkout: It keeps its event loop from everything else" in said
    assert re.search(rf"found in line {line} of \S*shop\.py, which", said)
    assert f"Line {line} is `with urllib" in page("docs/slow-p99.md")
