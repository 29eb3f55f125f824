"""Saving and loading."""

from __future__ import annotations

import json
import math
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gilscope
from gilscope import report
from gilscope import result as result_file
from gilscope.errors import LoadError, OutputError
from gilscope.reading import MOST
from gilscope.records import SCHEMA
from gilscope.report import saved
from tests.unit.handmade import make_hostile, make_result, make_round, make_trial

if TYPE_CHECKING:
    from gilscope.result import Result

SAVED = Path(__file__).parent / "saved"
_MEASURABLE = st.floats(-float(MOST), float(MOST))


def _saved(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "saved.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _changed(**changes: Any) -> str:
    return json.dumps(json.loads(make_result().to_json()) | changes)


def test_a_saved_result_loads_as_it_was(tmp_path: Path) -> None:
    result, path = make_result(), tmp_path / "saved.json"
    assert result.to_json(path) == path.read_text(encoding="utf-8")
    assert gilscope.load(path) == result


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), figures=st.lists(_MEASURABLE, min_size=3, max_size=3), count=st.integers(0, MOST))
def test_any_text_and_any_figure_survive(tmp_path: Path, text: str, figures: list[float], count: int) -> None:
    wall, work, rate = figures
    trial = make_trial(rounds=(make_round(wall_s=wall, work_s=work),), throughput_per_s=rate, calls=count)
    result = make_hostile(text)
    for one in (result, make_result(trials=(trial,))):
        path = _saved(tmp_path, one.to_json())
        assert result_file.load(path) == one


def test_a_file_cut_off_anywhere_is_called_truncated(tmp_path: Path) -> None:
    data = make_result(output="µ").to_json().rstrip().encode()
    for cut in range(1, len(data), 7):
        with pytest.raises(LoadError, match=r"saved\.json': it is truncated"):
            result_file.load(_saved(tmp_path, data[:cut]))


def test_several_results_are_a_list(tmp_path: Path) -> None:
    results = [make_result(), make_result(interrupted=True)]
    path = _saved(tmp_path, report.render(results, "json"))
    assert result_file.load_all(path) == results
    with pytest.raises(LoadError, match=r"it holds 2 results; read them with gilscope\.result\.load_all"):
        result_file.load(path)


def test_one_result_is_also_a_list_of_one(tmp_path: Path) -> None:
    path = _saved(tmp_path, make_result().to_json())
    assert result_file.load_all(path) == [make_result()]
    assert result_file.load(_saved(tmp_path, f"[{make_result().to_json()}]")) == make_result()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"hello", "it is not JSON"),
        (b"{} trailing", "it is not JSON"),
        (b'{"schema": "\xff"}', "it is not UTF-8"),
        (pickle.dumps({"schema": "gilscope.result/1"}), "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[]", "an empty list"),
        (b"{}", 'it has no "schema" field'),
        (b"42", "not a gilscope result"),
        (b'["x"]', "not a gilscope result"),
        (
            _changed(schema="gilscope.result/3"),
            r"'gilscope\.result/3', but gilscope \S+ reads 'gilscope\.result/2' and older: upgrade gilscope",
        ),
        (
            _changed(schema="gilscope.profiles/1"),
            "reads 'gilscope.result/2' and older: give a file that gilscope analyze",
        ),
        (_changed(schema=7), "its schema is 7"),
        (_changed(schema=["gilscope.result/1"]), "its schema is \\['gilscope"),
        (_changed(target=None), r"wrong type.*\$\.target"),
        (_changed(trials=[{"backend": 1, "workers": 1}]), r"wrong type.*\$\.trials\[0\]\.backend"),
        (json.dumps({"schema": "gilscope.result/1"}), "missing.*created"),
    ],
)
def test_a_bad_file_is_named_with_its_reason(tmp_path: Path, content: bytes | str, reason: str) -> None:
    with pytest.raises(LoadError, match=reason) as caught:
        result_file.load_all(_saved(tmp_path, content))
    assert "saved.json" in str(caught.value)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"none\.json': No such file"):
        result_file.load(tmp_path / "none.json")
    with pytest.raises(LoadError, match="directory"):
        result_file.load(tmp_path)


def test_fields_of_a_newer_version_are_ignored(tmp_path: Path) -> None:
    assert result_file.load(_saved(tmp_path, _changed(later={"more": 1}))) == make_result()


def test_a_file_of_the_first_version_still_loads(tmp_path: Path) -> None:
    result = result_file.load(SAVED / "result-1.json")
    assert result.schema == SCHEMA
    assert result.target.spec == "gilscope.examples.primes:is_prime"
    assert [(trial.backend, trial.workers, len(trial.rounds)) for trial in result.trials] == [
        ("serial", 1, 5),
        ("thread", 2, 4),
    ]
    assert (result.trials[0].timeline, result.trials[0].latencies, result.stacks) == (None, None, ())
    assert gilscope.load(_saved(tmp_path, result.to_json())) == result


def test_records_of_today_need_no_migration() -> None:
    record = json.loads(make_result().to_json())
    assert saved.migrated(record) == record
    old = record | {"schema": "gilscope.result/1"}
    assert saved.migrated(old) == record
    assert old["schema"] == "gilscope.result/1", "what was given is left as it was"


def test_a_figure_that_is_not_finite_is_unknown(tmp_path: Path) -> None:
    trial = make_trial(throughput_per_s=math.nan, speedup=math.inf)
    loaded = result_file.load(_saved(tmp_path, make_result(trials=(trial,), settings={"x": math.nan}).to_json()))
    assert (loaded.trials[0].throughput_per_s, loaded.trials[0].speedup, loaded.settings["x"]) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"trials": (make_trial(rounds=(make_round(wall_s=math.nan),)),)}, r"\$\.trials\[0\]\.rounds\[0\]\.wall_s"),
        ({"elapsed_s": math.inf}, r"\$\.elapsed_s"),
        ({"created": None}, r"\$\.created"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, changes: dict[str, Any], place: str) -> None:
    path = tmp_path / "saved.json"
    with pytest.raises(OutputError, match=f"cannot write the result as JSON: .*{place}"):
        make_result(**changes).to_json(path)
    assert not path.exists()


def test_what_no_file_can_hold_is_shown_as_an_escape(tmp_path: Path) -> None:
    result = make_result(output="\udcff", settings={"where": Path("x"), "many": 2})
    loaded: Result = result_file.load(_saved(tmp_path, result.to_json()))
    assert loaded.output == "\\udcff"
    assert loaded.settings == {"where": "x", "many": 2}


@pytest.mark.parametrize("figure", ["1e309", "1e308", "-1e30", "9" * 400])
@pytest.mark.parametrize("field", ["wall_s", "calls", "confidence"])
def test_figures_that_nobody_measured_are_refused(tmp_path: Path, field: str, figure: str) -> None:
    text, count = re.subn(f'"{field}": ?[0-9.e+-]+', f'"{field}": {figure}', make_result().to_json())
    assert count
    with pytest.raises(LoadError, match=r"none that anybody measured|Number out of range"):
        result_file.load(_saved(tmp_path, text))


def test_no_workers_are_none_that_worked(tmp_path: Path) -> None:
    text = re.sub('"workers": ?[0-9]+', '"workers": 0', make_result().to_json())
    with pytest.raises(LoadError, match="less than one worker"):
        result_file.load(_saved(tmp_path, text))
