"""What is published says what is true of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from gilscope import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
METADATA, BUILT = PROJECT["project"], PROJECT["tool"]["hatch"]["build"]["targets"]


def test_this_version_is_among_the_changes_with_its_day() -> None:
    released = re.findall(r"^## \[(.+?)\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert __version__ in dict(released)


def test_all_that_is_published_is_there() -> None:
    files = [METADATA["readme"], *METADATA["license-files"], *BUILT["wheel"]["shared-data"], *BUILT["sdist"]["include"]]
    assert [name for name in files if not (ROOT / name.lstrip("/")).exists()] == []
    assert (ROOT / BUILT["wheel"]["packages"][0] / "py.typed").exists()
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "profiler/gilscope/version.py"


def test_the_pythons_that_ci_tries_are_named() -> None:
    tried = re.search(r"^for version in ([\d. ]+); do$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert tried is not None
    named = {each.rpartition(" :: ")[2] for each in METADATA["classifiers"] if "Python :: 3." in each}
    assert named == set(tried[1].split())
