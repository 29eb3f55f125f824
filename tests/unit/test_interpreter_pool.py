"""What pools of interpreters ask before they start, and what they say of what refuses them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from gilscope.backends import room
from gilscope.backends.refused_imports import is_import_refusal, noting_imports, why_refused
from gilscope.backends.room import too_many

MIB = 1 << 20
CPYTHON = "module numpy._core._multiarray_umath does not support loading in subinterpreters"
CYTHON = "Interpreter change detected - this module can only be loaded into one interpreter per process."
PYO3 = "PyO3 modules do not yet support subinterpreters, see https://github.com/PyO3/pyo3/issues/576"
NUMPY = "cannot load module more than once per process"


@pytest.mark.parametrize("said", [CPYTHON, CYTHON, PYO3, NUMPY])
def test_extension_modules_refuse_in_their_own_words(said: str) -> None:
    assert is_import_refusal(ImportError(said))
    assert not is_import_refusal(RuntimeError(said)), "what is no import refuses something else"


def test_a_module_that_is_not_there_refuses_nothing() -> None:
    assert not is_import_refusal(ModuleNotFoundError("No module named 'numpy'"))


def test_the_words_of_the_first_that_refused_are_told_not_those_around_it() -> None:
    """As NumPy wraps them, in a page of advice."""
    wrapped = ImportError("IMPORTANT: PLEASE READ THIS\n\nImporting the numpy C-extensions failed.")
    wrapped.__cause__ = ImportError(CPYTHON)
    assert is_import_refusal(wrapped)
    assert why_refused(wrapped, "numpy._core._multiarray_umath") == (
        "the module numpy._core._multiarray_umath cannot be imported in an interpreter of its own "
        f"(ImportError: {CPYTHON})"
    )


def test_of_nested_imports_the_innermost_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outer_of_a_test.py").write_text("import json, inner_of_a_test\n")
    (tmp_path / "inner_of_a_test.py").write_text(
        f"try:\n    import not_there_of_a_test\nexcept ImportError:\n    pass\nraise ImportError({CPYTHON!r})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = importlib._bootstrap._find_and_load  # type: ignore[attr-defined]
    with noting_imports() as noted, pytest.raises(ImportError) as told:
        importlib.import_module("outer_of_a_test")
    assert noted.innermost(told.value) == "inner_of_a_test"
    said = noted.refused_for(
        "RuntimeError", f"ImportError: {CPYTHON}\n\nThe above was the cause of\n\nRuntimeError: no"
    )
    assert said is not None
    assert said.startswith("the module inner_of_a_test cannot be imported in an interpreter of its own")
    assert said == noted.refused_for("ImportError", "ImportError: install all of it"), "a library's own words"
    assert noted.refused_for("NameError", "NameError: no name 'work'") is None, "it was tried, and done without"
    assert importlib._bootstrap._find_and_load is before  # type: ignore[attr-defined]
    assert "outer_of_a_test" not in sys.modules


@pytest.mark.parametrize(
    ("workers", "available", "refused"), [(1000, 8_000, False), (1000, 2_000, True), (4, 20, True), (1000, None, False)]
)
def test_more_than_there_is_memory_for_are_refused_with_how_many_fit(
    workers: int, available: int | None, refused: bool
) -> None:
    why = too_many(workers, 6 * MIB, None if available is None else available * MIB)
    assert (why is not None) is refused
    if why is not None and workers == 1000:
        assert "1,000 interpreters need about 5.86 GiB of memory (6.00 MiB each, by the second)" in why
        assert "1.95 GiB are left: ask for 266 at most" in why


@pytest.mark.parametrize(
    ("machine", "limit", "used", "left"),
    [("MemAvailable:  8192 kB\n", "max", "4096", 8 * MIB), ("MemAvailable:  8192 kB\n", "5242880", "4194304", MIB)],
)
def test_what_is_left_is_the_machines_or_the_containers(
    machine: str, limit: str, used: str, left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 9999999 kB\n{machine}")
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(used)
    monkeypatch.setattr(room, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(room, "CGROUP", tmp_path)
    assert room.available_bytes() == left


def test_a_machine_that_does_not_tell_refuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEMINFO", tmp_path / "none")
    monkeypatch.setattr(room, "CGROUP", tmp_path / "none")
    assert room.available_bytes() is None
