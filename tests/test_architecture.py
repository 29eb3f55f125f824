"""The house keeps its order: imports run one way, files stay small, nothing prints, importing gilscope loads little."""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib.util
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import gilscope

ROOT = Path(gilscope.__file__).parent
TESTS = Path(__file__).parent
MAX_LINES = 400

#: Which parts of the package each part may import. The root itself names its parts lazily, so it is not judged.
#: What every part may: it knows of no other.
GROUND = {
    "records",
    "errors",
    "executors",
    "introspection",
    "quantiles",
    "subprocesses",
    "crashes",
    "thread_address",
    "version",
    "unpicklable",
    "units",
    "digest",
    "parsing",
    "config",
    "configuration",
    "entry_points",
    "reading",
    "addresses",
    "secret_files",
    "renamed",
    "choosing",
    "keywords",
    "option",
}
ALLOWED: dict[str, set[str]] = {
    "records": {"errors", "executors"},
    "errors": set(),
    "executors": {"errors", "pool_workers"},
    "pool_workers": set(),
    "units": set(),
    "digest": set(),
    "introspection": set(),
    "quantiles": set(),
    "parsing": {"errors"},
    "config": {"errors"},
    "configuration": {"records"},
    "entry_points": {"errors"},
    "subprocesses": {"errors"},
    "crashes": set(),
    "thread_address": set(),
    "reading": {"units"},
    "addresses": set(),
    "secret_files": {"errors"},
    "renamed": {"choosing", "errors"},
    "choosing": {"errors"},
    "keywords": {"errors"},
    "option": {"choosing", "config", "errors", "parsing", "reading", "units"},
    "version": set(),
    "unpicklable": set(),
    "examples": {"gilscope"},  # the root, for @classify
    "options": GROUND,
    "extensions": GROUND | {"options", "backends", "decide"},
    "capture": GROUND,
    "targets": GROUND | {"production", "capture"},
    "queues": GROUND
    | {
        "gilscope",
        "backends",
        "cli",
        "decide",
        "extensions",
        "measure",
        "observers",
        "options",
        "report",
    },  # the root, for its version
    "backends": GROUND,
    "observers": GROUND,
    "programs": GROUND | {"observers", "decide"},
    "measure": GROUND | {"targets", "backends", "observers", "extensions"},
    "decide": GROUND | {"options"},
    "production": GROUND | {"decide", "observers"},
    "metrics": GROUND | {"production"},
    "pytest_plugin": GROUND | {"decide", "production", "report", "cli"},  # the command line's, for its units
    "report": GROUND | {"decide", "production", "programs"},
    "drawn": {"choosing", "report"},
    "result": GROUND | {"report", "drawn", "decide"},
    "program_result": GROUND | {"report", "drawn"},
    "pythons_result": GROUND | {"report", "drawn", "result"},
    "loading": GROUND | {"report", "result", "program_result", "pythons_result"},
    "comparison": GROUND | {"decide", "production", "report", "drawn"},
    "watched": GROUND | {"programs", "program_result"},
    "analysis": GROUND
    | {
        "result",
        "pythons_result",
        "measure",
        "decide",
        "observers",
        "backends",
        "targets",
        "options",
        "extensions",
    },
    "cli": GROUND
    | {
        "gilscope",
        "analysis",
        "comparison",
        "decide",
        "result",
        "measure",
        "production",
        "programs",
        "report",
        "targets",
        "backends",
        "capture",
        "observers",
        "options",
        "extensions",
    },
    "notebook": GROUND
    | {
        "result",
        "pythons_result",
        "analysis",
        "options",
        "cli",
        "targets",
    },  # the command line's, for its units and lines of progress
    "__main__": {"cli"},
}
#: Modules for libraries that are extras.
OPTIONAL = {"gilscope.metrics.opentelemetry": "opentelemetry", "gilscope.metrics.prometheus": "prometheus_client"}
HEAVY = {"pandas", "numpy", "rich", "typer", "jinja2", "asyncio", "multiprocessing"}


@functools.cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ["gilscope", *path.relative_to(ROOT).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imported(statement: ast.stmt) -> Iterator[str]:
    """The modules of gilscope that an import statement loads."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names if alias.name.split(".")[0] == "gilscope")
    if isinstance(statement, ast.ImportFrom):
        assert statement.level == 0, f"line {statement.lineno}: imports are absolute here"
        home = statement.module or ""
        if home.split(".")[0] == "gilscope":
            names = [f"{home}.{alias.name}" for alias in statement.names]
            yield from (name if name in modules() else home for name in names)


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(module: str, *, nested: bool, for_types: bool) -> set[str]:
    """What a module imports of gilscope: at its top level, and where asked inside functions and for types only."""

    def walk(node: ast.AST) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                yield from imported(child)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child) if nested else ()
            elif not is_for_types_only(child) or for_types:
                yield from walk(child)

    return set(walk(tree(module)))


def broken(find: Callable[[str], object], among: Iterable[str]) -> dict[str, object]:
    """What is found against a rule, by module."""
    return {module: found for module in among if (found := find(module))}


def test_imports_run_one_way() -> None:
    def beyond(module: str) -> set[str]:
        part = part_of(module)
        return {part_of(name) for name in imports(module, nested=True, for_types=True)} - {part} - ALLOWED[part]

    assert broken(beyond, modules().keys() - {"gilscope"}) == {}, "what these may not import"


def test_the_order_of_the_parts_has_no_circle() -> None:
    order = {part: uses - {"gilscope"} for part, uses in ALLOWED.items()}
    assert set(graphlib.TopologicalSorter(order).static_order()) == set(order)


def test_no_module_leads_back_to_itself() -> None:
    """Not through any number of others, imports inside functions and for types only included. The root names its parts
    lazily: whoever imports it for its version imports none of them."""
    graph = {module: imports(module, nested=True, for_types=True) - {module, "gilscope"} for module in modules()}
    graph["gilscope"] = set()
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(graph)  # raises CycleError


def test_a_circle_would_be_seen() -> None:
    """The walk itself: it finds what it looks for where it is known to be."""
    assert "gilscope.observers" in {
        name.rpartition(".")[0] for name in imports("gilscope.measure.live", nested=False, for_types=False)
    }
    assert imports("gilscope.result", nested=True, for_types=True) >= {"gilscope.report.frames", "gilscope.records"}


def test_files_are_small() -> None:
    files = [*modules().values(), *TESTS.rglob("*.py")]
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    long = {path: lines for path, lines in lengths.items() if lines > MAX_LINES}
    assert long == {}, "split it by what changes together, or by subject"


def test_the_library_never_prints() -> None:
    def prints(module: str) -> list[int]:
        calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
        return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]

    assert broken(prints, modules()) == {}


# A trial's process flushes what the target printed, before it may be killed; a Python that is asked answers.
OWN_STREAMS = ("gilscope.measure.child", "gilscope.measure.probe")
QUIET = [module for module in modules() if part_of(module) not in ("cli", "examples") and module not in OWN_STREAMS]


def test_standard_streams_are_the_command_lines() -> None:
    def uses(module: str) -> list[int]:
        return [
            node.lineno
            for node in ast.walk(tree(module))
            if isinstance(node, ast.Attribute)
            and node.attr in ("stdout", "stderr")
            and isinstance(node.value, ast.Name)
            and node.value.id == "sys"
        ]

    assert broken(uses, QUIET) == {}


COUNTING = [module for module in modules() if part_of(module) in ("analysis", "decide", "measure", "queues", "report")]


def test_one_is_told_as_one() -> None:
    """Counts in words are made by `gilscope.units.counted`, or know that there are several."""
    counts = re.compile(r"\{[^{}]*\} (calls|inputs|rounds|samples)\b")

    def by_hand(module: str) -> list[str]:
        lines = modules()[module].read_text(encoding="utf-8").splitlines()
        return [line for line in lines if counts.search(line) and " == 1 " not in line]

    assert broken(by_hand, COUNTING) == {}


#: What programs read and no person does: places in pictures, digests, files of other viewers.
DRAWN = ("svg", "svg_elements", "svg_timeline", "markup")
SPOKEN = [
    module
    for module in modules()
    if module not in ("gilscope.units", "gilscope.digest", *(f"gilscope.report.{name}" for name in DRAWN))
]
#: A unit right behind a figure.
UNIT = re.compile(r"%|×| (ns|µs|us|ms|s|sec|min|h|[kKMGT]i?B|pp|points|Hz)\b")


def test_figures_in_words_are_made_in_one_place() -> None:
    """`gilscope.units` rounds, groups, signs and names the unit."""
    assert broken(_figures_by_hand, SPOKEN) == {}


def _figures_by_hand(module: str) -> list[int]:
    """The lines of texts that round or group a figure, or have a unit right behind one."""
    found = [node for node in ast.walk(tree(module)) if isinstance(node, ast.JoinedStr)]
    by_hand = [node.lineno for node in found for part in node.values if _is_formatted_by_hand(part)]
    return by_hand + [
        node.lineno
        for node in found
        for part, after in itertools.pairwise(node.values)
        if isinstance(part, ast.FormattedValue) and isinstance(after, ast.Constant) and UNIT.match(str(after.value))
    ]


def _is_formatted_by_hand(part: ast.expr) -> bool:
    if not isinstance(part, ast.FormattedValue) or part.format_spec is None:
        return False
    assert isinstance(part.format_spec, ast.JoinedStr)
    spec = "".join(str(each.value) for each in part.format_spec.values if isinstance(each, ast.Constant))
    return re.search(r"[,_eEfFgGn%+]", spec) is not None


def test_every_module_says_what_it_is() -> None:
    assert [module for module in modules() if not ast.get_docstring(tree(module))] == []


def test_what_a_module_offers_exists_once() -> None:
    def missing_or_twice(module: str) -> list[str]:
        loaded = importlib.import_module(module)
        offered: list[str] = getattr(loaded, "__all__", [])
        return [name for name in offered if not hasattr(loaded, name) or offered.count(name) > 1]

    here = [module for module in modules() if importlib.util.find_spec(OPTIONAL.get(module, "gilscope"))]
    assert broken(missing_or_twice, [module for module in here if not module.endswith("__main__")]) == {}


def loaded_by(statement: str) -> set[str]:
    """The modules a fresh interpreter has after ``statement``, and had not before."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(told.stdout.split())


def test_importing_gilscope_loads_nothing_heavy() -> None:
    loaded = loaded_by("import gilscope")
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.startswith("gilscope")} == {"gilscope", "gilscope.version"}


def test_a_worker_process_loads_nothing_heavy() -> None:
    assert loaded_by("import gilscope.backends.worker") & (HEAVY | {"msgspec", "psutil"}) == set()


def test_the_command_line_starts_without_its_heavy_parts() -> None:
    assert loaded_by("import gilscope.cli.app") & {"pandas", "numpy", "jinja2"} == set()


def test_watching_a_program_and_saving_what_was_seen_needs_nothing_heavy() -> None:
    modules = "gilscope.programs.lately, gilscope.report.programs.rendering"
    assert loaded_by(f"import {modules}") & {"pandas", "numpy", "jinja2", "asyncio"} == set()


def test_the_names_of_the_package_arrive_when_used() -> None:
    assert [name for name in gilscope.__all__ if not hasattr(gilscope, name)] == []
    assert dir(gilscope) == sorted(gilscope.__all__)
    with pytest.raises(AttributeError, match="'gilscope' has no attribute 'analyse'"):
        gilscope.analyse  # noqa: B018
