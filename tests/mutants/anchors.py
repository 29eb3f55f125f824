"""Finding a line in code that may have moved, been renamed around or been wrapped otherwise, and breaking it there."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["LostAnchorError", "breaking", "pattern"]

#: Of these files of the package a line may be broken.
SUFFIXES = frozenset({".py", ".j2", ".html", ".js"})
_NAME = re.compile(r"\$(\w+)")
_TOKEN = re.compile(r"\$(\w+)|\w+|[^\w\s]")


class LostAnchorError(Exception):
    """The line is not there exactly once, or what it would become is no code."""


def pattern(anchor: str) -> re.Pattern[str]:
    """What finds an anchor: a piece of code, of which blanks, line breaks and a comma before a closing bracket do not
    matter, and in which ``$word`` stands for any dotted name or number, the same one each time."""
    parts: list[str] = []
    known: set[str] = set()
    last = ""
    for token in _TOKEN.finditer(anchor):
        name, text = token[1], token[0]
        wordlike = name is not None or text[0].isalnum() or text[0] == "_"
        if wordlike:
            parts.append(r"\s+" if last == "word" else r"\s*" if last else r"(?<![\w.])")
        else:
            parts.append((r"\s*" if last else "") + (r"(?:,\s*)?" if text in ")]}" and last != "," else ""))
        if name is None:
            parts.append(re.escape(text))
        else:
            parts.append(f"(?P={name})" if name in known else rf"(?P<{name}>[\w.]+)")
            known.add(name)
        last = "word" if wordlike else text
    return re.compile("".join(parts) + (r"(?!\w)" if last == "word" else ""))


def breaking(package: Path, where: str, anchor: str, becomes: str) -> tuple[Path, str]:
    """The file in which the anchor is, and its text once the anchor is replaced.

    :param where: a glob below ``package``
    :param becomes: as ``anchor``: each ``$word`` is what it stood for there
    :raises LostAnchorError: when the anchor is not found exactly once, or the file would be no Python any more
    """
    finds = pattern(anchor)
    files = sorted(path for path in package.glob(where) if path.is_file() and path.suffix in SUFFIXES)
    found = [
        (path, text, match) for path in files for text in [path.read_text("utf-8")] for match in finds.finditer(text)
    ]
    if len(found) != 1:
        places = ", ".join(f"{path.relative_to(package)}:{_line(text, match)}" for path, text, match in found)
        raise LostAnchorError(f"found {len(found)} times{f' ({places})' if places else ''}: re-anchor")
    ((path, text, match),) = found
    broken = text[: match.start()] + _NAME.sub(lambda name: match[name[1]], becomes) + text[match.end() :]
    if path.suffix == ".py":
        try:
            compile(broken, str(path), "exec")
        except SyntaxError as error:
            raise LostAnchorError(f"is no Python once broken ({error}): re-anchor") from error
    return path, broken


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1
