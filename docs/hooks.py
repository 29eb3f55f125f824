"""Pages that are made from the code when the site is built, and the list of findings in the navigation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import gilscope
from gilscope import drawn, program_result, pythons_result, records, result
from gilscope.cli.app import app
from gilscope.options import all_options
from gilscope.report.columns import columns
from gilscope.report.meanings import meaning

ROOT = Path(__file__).parents[1]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Every finding has its place in the navigation."""
    pages = sorted(page.name for page in (ROOT / "docs/findings").glob("*.md") if page.name != "README.md")
    found: list[Any] = ["findings/README.md", *(f"findings/{name}" for name in pages)]
    assert config.nav is not None
    for entry in config.nav:
        if isinstance(entry, dict) and entry.get("Findings") == "findings/":
            entry["Findings"] = found
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that the code writes."""
    for name, text in generated().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def generated() -> dict[str, str]:
    """The pages by their names."""
    return {
        "command-line": command_line(),
        "python": python(),
        "record": record(),
        "frames": frames(),
    }


def command_line() -> str:
    """Every command with its arguments and options, as the program knows them."""
    group: Any = typer.main.get_command(app)
    parts = ["# Command line", ""]
    for name, command in sorted(group.commands.items()):
        parts += [f"## `gilscope {name}`", "", inspect.cleandoc(command.help or ""), ""]
        parts += ["| | |", "| --- | --- |"]
        parts += [f"| {_option(param)} | {cell(param_help(param))} |" for param in command.params]
        parts.append("")
    return "\n".join(parts)


def _option(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`"
    value = param.metavar or param.opts[0].strip("-").upper()
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    return names if getattr(param, "is_flag", False) else f"{names} `{value}`"


def param_help(param: Any) -> str:
    """What an option does, and its default where that says something."""
    default = param.default
    told = f" Default: `{default}`." if default not in (None, False, (), [], "") and not callable(default) else ""
    return f"{getattr(param, 'help', None) or ''}{told}"


def cell(text: str) -> str:
    """Text as it may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def python() -> str:
    """What `import gilscope` offers, and the methods of a result."""
    parts = ["# Python", ""]
    for name in sorted(gilscope.__all__):
        if not name.startswith("_"):
            parts += _documented(f"gilscope.{name}", getattr(gilscope, name))
    parts += ["## Methods of a result", ""]
    for kind in (result.Result, program_result.ProgramResult, pythons_result.PythonsResult):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and method.__module__ in (kind.__module__, drawn.__name__):
                parts += _documented(f"{kind.__name__}.{name}", method, level=3)
    parts += ["## Options of an analysis", "", *_options()]
    return "\n".join(parts)


def _documented(title: str, what: Any, level: int = 2) -> list[str]:
    try:
        signature = "" if inspect.isclass(what) else str(inspect.signature(what))
    except (TypeError, ValueError):
        signature = ""
    text = inspect.getdoc(what) or ""
    return [f"{'#' * level} `{title}`", "", "```python", f"{title}{signature}", "```", "", text, ""]


def _options() -> Iterator[str]:
    yield from ("| option | default | |", "| --- | --- | --- |")
    for option in all_options():
        yield f"| `{option.name}` | `{option.default!r}` | {cell(option.in_python or option.help)} |"


def record() -> str:
    """Every structure of a saved result, field by field."""
    parts = [
        "# The record",
        "",
        "What a saved result holds; `gilscope schema` prints it as JSON Schema, `gilscope schema program` a program's.",
        "",
    ]
    for structure in structures():
        parts += [f"## {structure.__name__}", "", inspect.getdoc(structure) or "", "", "| field | meaning |"]
        parts += ["| --- | --- |"]
        names = structure.__struct_fields__
        parts += [f"| `{name}` | {cell(meaning(structure, name))} |" for name in names]
        parts.append("")
    return "\n".join(parts)


def structures() -> list[type[records.Record]]:
    """The result first, then what it is made of, in the order of their names."""
    found = {
        value
        for value in vars(records).values()
        if isinstance(value, type) and issubclass(value, records.Record) and value is not records.Record
    }
    return [records.ResultRecord, *sorted(found - {records.ResultRecord}, key=lambda structure: structure.__name__)]


def frames() -> str:
    """The columns of every table."""
    parts = ["# Tables for pandas", "", "`gilscope.frame(results)` and the frames of a result; unknown is missing.", ""]
    last = ""
    for frame, column, meaning_ in columns():
        if frame != last:
            parts += ["", f"## `{frame}`", "", "| column | meaning |", "| --- | --- |"]
            last = frame
        parts.append(f"| `{column}` | {cell(meaning_)} |")
    return "\n".join(parts) + "\n"
