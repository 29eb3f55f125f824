"""Which Pythons can run trials: asked of them, and what is said of those that cannot."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gilscope import analysis, errors
from gilscope.analysis import probing
from gilscope.analysis.probing import Probed
from gilscope.analysis.pythons import _failed_alone, _movable
from gilscope.backends import get
from gilscope.backends.process import Process
from gilscope.errors import PythonError, TargetFailedError, UsageError
from gilscope.measure import pythons
from gilscope.measure.pythons import Python, asked, gilscope_requirement, installing, requirement_of
from gilscope.options import Options
from gilscope.records import Status
from gilscope.targets import Loaded, TargetSpec, describe
from gilscope.version import __version__
from tests.unit.handmade import make_result

TOLD: dict[str, Any] = {
    "python": "3.14.2",
    "implementation": "CPython",
    "free_threaded": False,
    "prefix": "/env",
    "has_pip": True,
    "paths": {},
    "gilscope": __version__,
}


def program(folder: Path, who: str = "CPython 3.14.2", then: str = "", **changes: Any) -> str:
    """A program that answers as a Python of these words would, the second time with the whole of it."""
    path = folder / "python"
    told = json.dumps(TOLD | changes)
    path.write_text(
        f"#!/bin/sh\nif [ \"$1\" = -c ]; then echo 'gilscope asks: {who}'; else {then}"
        f" echo 'gilscope hears: {told}'; fi\n"
    )
    path.chmod(0o755)
    return str(path)


def refusal(name: str, *backends: str) -> PythonError:
    with pytest.raises(PythonError) as caught:
        asked(name, backends)
    return caught.value


def test_the_one_that_runs_this_can() -> None:
    found = asked(sys.executable)
    assert (found.path, found.gilscope, found.problem) == (sys.executable, __version__, None)
    assert found.python == platform.python_version()
    assert "process" in found.backends
    assert found.traits["process"] == {**Process.traits(), "start_methods": list(Process.start_methods)}
    assert "psutil" in found.packages


def test_backends_that_are_asked_for_are_told_of_too() -> None:
    found = asked(sys.executable, ["thread", "no-such"])
    assert found.missing == {"no-such": str(unknown("no-such"))}
    assert "no-such" not in found.traits
    assert "has none of what is asked for: no backend 'no-such'" in str(refusal(sys.executable, "serial", "no-such"))


def unknown(backend: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        get(backend)
    return caught.value


def test_a_folder_is_that_of_an_environment(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    made = program(tmp_path / "env" / "bin")
    assert asked(str(tmp_path / "env")).path == made


def test_a_name_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert asked("python").path == made


def test_what_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_in = "name an interpreter, as in .venv-3.14/bin/python"
    assert str(refusal("/no/such/python")) == f"there is no program '/no/such/python': {as_in}"
    assert str(refusal("no-such-python")) == f"there is no program 'no-such-python' on the PATH: {as_in}"
    assert str(refusal(str(tmp_path))) == f"there is no bin/python in the folder {str(tmp_path)!r}: {as_in}"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").write_text("")
    assert str(refusal("here")) == "there is no program 'here' on the PATH: did you mean './here'?"
    (tmp_path / "link").symlink_to("gone")
    assert str(refusal(str(tmp_path / "link"))).endswith(f"is a link that leads nowhere (gone): {as_in}")


@pytest.mark.parametrize("copied", [False, True])
def test_an_environment_whose_python_is_gone_is_told(tmp_path: Path, copied: bool) -> None:
    """Its program is a link, or a copy that does not find its library."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text("home = /no/such/python/bin\nversion = 3.14.2\n")
    program(tmp_path / "bin") if copied else (tmp_path / "bin" / "python").symlink_to("/no/such/python/bin/python3")
    for name in (str(tmp_path), str(tmp_path / "bin" / "python")):
        assert "of an environment whose own Python is gone (/no/such/python/bin): make it anew" in str(refusal(name))


def test_what_may_not_be_executed_is_told(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("")
    assert "may not be executed" in str(refusal(str(tmp_path / "python")))


@pytest.mark.parametrize("does", ["exit 3", "echo hello", "kill -9 $$", "exec cat /dev/zero | head -c 300000"])
def test_what_is_no_python_is_told(tmp_path: Path, does: str) -> None:
    (tmp_path / "tool").write_text(f"#!/bin/sh\n{does}\n")
    (tmp_path / "tool").chmod(0o755)
    assert "is no Python" in str(refusal(str(tmp_path / "tool")))


def test_what_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "PROBE_LIMIT_S", 0.2)
    (tmp_path / "tool").write_text("#!/bin/sh\nsleep 1000 & sleep 1000\n")
    (tmp_path / "tool").chmod(0o755)
    assert "does not answer within 200 ms" in str(refusal(str(tmp_path / "tool")))


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("CPython 3.10.13", "is Python 3.10.13, and gilscope needs 3.11 or newer"),
        ("CPython 2.7.18", "is Python 2.7.18, and gilscope needs 3.11 or newer"),
        ("PyPy 3.11.13", "is PyPy 3.11.13, and gilscope measures CPython alone"),
    ],
)
def test_what_cannot_be_measured_is_told(tmp_path: Path, who: str, told: str) -> None:
    found = refusal(program(tmp_path, who))
    assert told in str(found)
    assert found.install is None


def test_what_lacks_gilscope_is_told_the_command(tmp_path: Path) -> None:
    path = program(tmp_path, gilscope=None)
    found = refusal(path)
    assert found.install == f"{path} -m pip install {gilscope_requirement()}"
    assert str(found) == f"{path!r} has no gilscope: {found.install}"


def test_another_version_is_told(tmp_path: Path) -> None:
    assert f"has gilscope 0.0.1, and this is {__version__}: " in str(refusal(program(tmp_path, gilscope="0.0.1")))


def test_a_gilscope_that_lacks_a_library_is_told(tmp_path: Path) -> None:
    path = program(tmp_path, problem="ModuleNotFoundError: no msgspec")
    assert "cannot be imported (ModuleNotFoundError: no msgspec)" in str(refusal(path))


def test_what_it_prints_at_its_start_is_no_answer(tmp_path: Path) -> None:
    assert asked(program(tmp_path, then="echo noise;")).python == "3.14.2"
    (tmp_path / "at-its-end").mkdir()
    assert asked(program(tmp_path / "at-its-end", then="trap 'echo bye' EXIT;")).python == "3.14.2"
    assert "does not tell of itself" in str(refusal(program(tmp_path, then="echo noise; exit 0;")))


def test_an_environment_without_pip_is_filled_by_uv() -> None:
    made = Python(**TOLD | {"path": "/a b/python", "has_pip": False})
    assert installing(made, "numpy==2.3") == "uv pip install --python '/a b/python' numpy==2.3"


@pytest.mark.parametrize(
    ("has_venv", "told"),
    [
        (True, "/usr/bin/python3 -m venv .venv-3.14 && .venv-3.14/bin/python -m pip install numpy"),
        (False, "uv venv --python /usr/bin/python3 .venv-3.14 && uv pip install --python .venv-3.14 numpy"),
    ],
)
def test_what_the_system_manages_takes_nothing(has_venv: bool, told: str) -> None:
    """PEP 668: pip and uv refuse it there."""
    made = Python(**TOLD | {"path": "/usr/bin/python3", "has_venv": has_venv, "is_managed": True})
    assert installing(made, "numpy") == told


def test_the_last_words_of_one_that_does_not_start_are_told(tmp_path: Path) -> None:
    (tmp_path / "python").write_text(
        "#!/bin/sh\necho 'Fatal Python error: no encodings'; echo '  <no frame>'; exit 1\n"
    )
    (tmp_path / "python").chmod(0o755)
    assert str(refusal(str(tmp_path / "python"))).endswith("and said 'Fatal Python error: no encodings'")


@pytest.mark.parametrize(
    ("has", "told"),
    [
        ({"gilscope/__init__.py": ""}, "has gilscope of an unknown version, and this is"),
        (
            {"gilscope/__init__.py": "", "gilscope-0.0.1.dist-info/METADATA": "Name: gilscope\nVersion: 0.0.1\n"},
            "has gilscope 0.0.1, and this is",
        ),
        ({"gilscope/data": ""}, "has no gilscope: "),
    ],
)
def test_a_gilscope_of_another_shape_is_told(tmp_path: Path, has: dict[str, str], told: str) -> None:
    """Asked of a real Python, which finds that one first."""
    for name, text in has.items():
        (tmp_path / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / name).write_text(text)
    (tmp_path / "python").write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "lib"} exec {sys.executable} -S "$@"\n')
    (tmp_path / "python").chmod(0o755)
    assert told in str(refusal(str(tmp_path / "python")))


def test_the_oldest_python_is_that_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={pythons.LEAST[0]}.{pythons.LEAST[1]}"


# -- before anything is measured ---------------------------------------------------------------------------------------


def probed(path: str = "/a/python", **changes: Any) -> Probed:
    return Probed(path, path, Python(**TOLD | {"path": path} | changes))


def loaded(**changes: Any) -> Loaded:
    target = msgspec.structs.replace(make_result().target, **changes)
    return Loaded(
        target=target,
        module="app.primes",
        name="is_prime",
        kind="sync",
        input_count=target.input_count,
        bare=False,
        star=False,
        named=True,
        instance=False,
        inputs_named=True,
        inputs_callable=False,
        expressions={},
        setup=None,
        teardown=None,
        import_s=0.1,
    )


def test_the_same_python_twice_is_one() -> None:
    found = probing._without_duplicates([probed("/a/python"), probed("/link/python"), probed("/a/python")])
    assert [one.fit for one in found] == [True, False, False]
    assert str(found[1].error) == "'/link/python' is the same Python as '/a/python': name each once"


def test_two_environments_of_one_interpreter_are_two() -> None:
    found = probing._without_duplicates([probed("/a/python"), probed("/b/python", prefix="/other")])
    assert all(one.fit for one in found)


def test_other_inputs_are_no_comparison() -> None:
    first, same, other, fewer, untold = (
        replace(probed(), name=name, loaded=loaded(inputs_digest=digest, input_count=count))
        for name, digest, count in (
            ("3.11", "d1", 6),
            ("3.12", "d1", 6),
            ("3.13", "d2", 6),
            ("3.14", "d1", 1),
            ("3.15", None, 6),
        )
    )
    found = probing._with_same_inputs([first, same, other, fewer, untold])
    assert [one.fit for one in found] == [True, True, False, False, True]
    assert found[2].differs.startswith("its inputs are others than those of 3.11, by their digest: make the same in")
    assert found[3].differs.startswith("it has 1 input, and 3.11 6")


def test_the_module_that_one_lacks_is_told_with_the_version_that_another_has() -> None:
    error = TargetFailedError("importing 'shop' raised ModuleNotFoundError: No module named 'msgspec.json'")
    having = replace(probed(sys.executable), loaded=loaded())
    (_, found) = probing._with_install([having, replace(probed("/b/python"), error=error)])
    assert isinstance(found.error, PythonError)
    assert found.error.install == f"/b/python -m pip install msgspec=={msgspec.__version__}"
    assert str(found.error) == f"{error}: {found.error.install}"


def test_a_module_that_nobody_has_comes_without_a_command() -> None:
    error = TargetFailedError("importing 'shop' raised ModuleNotFoundError: No module named 'no_such_module'")
    having = replace(probed(sys.executable), loaded=loaded())
    assert probing._with_install([having, replace(probed("/b/python"), error=error)])[1].error is error
    assert requirement_of("no_such_module", Python(**TOLD | {"path": "/no/such/python"})) is None


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_what_is_sent_as_bytecode_is_refused() -> None:
    with pytest.raises(UsageError, match="which another Python does not run: define it in a module or a file"):
        _movable(describe(lambda item: item, [1, 2]))


def test_the_folders_of_this_pythons_own_modules_are_not_sent() -> None:
    sent = _movable(describe(json.dumps, [1, 2])).sys_path
    assert str(Path(json.__file__).parents[1]) not in sent
    assert not any(folder.endswith("site-packages") for folder in sent)
    assert _movable(TargetSpec(spec="a:b", sys_path=("/work/shop",))).sys_path == ("/work/shop",)


def test_what_no_python_can_run_is_told_of_each() -> None:
    with pytest.raises(errors.PythonError, match=r"no Python can run it: there is no program '/no/a': .*; there is"):
        analysis.analyze(json.dumps, [1], pythons=["/no/a", Path("/no/b")])


@pytest.mark.parametrize(
    ("analyzed", "since", "failed"),
    [
        ("ok", "ok", False),
        ("ok", "timeout", False),
        ("ok", "failed", True),
        ("timeout", "timeout", True),
        ("failed", "failed", True),
    ],
)
def test_who_had_no_time_for_rounds_in_turn_has_not_failed(analyzed: Status, since: Status, failed: bool) -> None:
    """Its own analysis went well, and is told."""
    assert _failed_alone(analyzed, since) is failed


# -- options -----------------------------------------------------------------------------------------------------------


def test_each_has_the_usual_budget_where_none_is_given() -> None:
    assert Options.read({"pythons": ["a", "b"]}).budget_s == 20.0
    assert Options.read({"pythons": ["a", "b"], "budget_s": "6s"}).budget_s == 6.0
    assert Options.read({"pythons": ["a", "b"], "exhaustive": True}).budget_s == 120.0
    assert analysis._with_budget({"pythons": [Path("a"), "b"]}, None) == {"pythons": ("a", "b"), "budget_s": 20.0}
    assert analysis._with_budget({"pythons": ["a"], "budget_s": 3.0}, None)["budget_s"] == 3.0
    assert analysis._with_budget({}, None) == {}


@pytest.mark.parametrize("elsewhere", [{"remote_workers": 2}, {"dask": "tcp://host:8786"}])
def test_workers_of_other_hosts_have_a_python_of_their_own(elsewhere: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="and pythons do not go together"):
        Options(pythons=("a",), **elsewhere)


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(UsageError, match="--python names nothing"):
        Options.read({"pythons": [" "]})
