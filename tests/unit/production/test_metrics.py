"""The figures that are exported, and the two systems they are exported to: nothing listens, nothing is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gilscope.metrics.catalog import ALONE, BOUNDS_S, METRICS, PROCESS_METRICS, histogram
from gilscope.metrics.figures import OTHERS, PROCESS, Figures, InMemory, Now, Reader, figures
from gilscope.production.delays import Delays
from gilscope.production.files import ProfileFile, write_profiles
from gilscope.production.observed import Observed
from gilscope.production.on_loops import OnLoops
from gilscope.production.profile import Profile
from gilscope.production.sketch import bucket, middle_s
from tests.unit.production.profiles import make_profile

NEVER_CALLED = make_profile(spec="shop.orders:idle", name="idle", calls=0, wall_s=0.0)
#: A fourth of the time computing, a half awaiting a socket; ten of its hundred calls kept the loop for 20 ms.
COROUTINE = make_profile(
    spec="shop.web:get",
    name="get",
    kind="coroutine",
    errors=3,
    clocked_cpu_s=0.25,
    clocked_runqueue_s=0.125,
    timed_awaited_s=0.5,
    clocked_awaited_s=0.5,
    on_loops=OnLoops(wall_s=2.0, blocks={bucket(20_000_000): 10}, awaited_outside_s=0.4, awaited_threads_s=0.1),
    queue_waits=Delays(total_s=0.3, longest_s=0.2, lengths={bucket(200_000_000): 1, bucket(100_000_000): 1}),
)
LAG = Delays(total_s=0.06, longest_s=0.06, lengths={bucket(60_000_000): 1})
#: Half of the time on a CPU with the GIL, a fourth waiting for it, a fourth for a socket, in part with the GIL.
SEEN = Observed(
    wall_s=4.0,
    cpu_s=2.0,
    blocked_s=2.0,
    samples=800,
    cpu_gil_s=2.0,
    cpu_free_s=0.0,
    gil_wait_s=1.0,
    network_s=1.0,
    gil_held_off_cpu_s=0.5,
    runqueue_s=0.0,
    **dict.fromkeys(("disk_s", "sleep_s", "lock_s", "child_s", "other_s"), 0.0),
)
WATCHED = make_profile(
    spec="shop.db:find",
    name="find",
    clocked_cpu_s=0.5,
    clocked_wall_wall_s2=0.01,
    clocked_wall_cpu_s2=0.005,
    clocked_cpu_cpu_s2=0.0025,
    observed=SEEN,
)
CALLS, WALL, CPU = (f"gilscope_function_{name}_total" for name in ("calls", "wall_seconds", "cpu_seconds"))
STATES, DURATION = "gilscope_function_state_seconds_total", "gilscope_function_duration_seconds"


def by_name(profile: Profile) -> str:
    return profile.name


def alone(found: Figures) -> dict[str, float]:
    """What has no label of its own."""
    return {name: values[ALONE] for name, values in found.items() if ALONE in values}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """What the process has seen: a list to change."""
    found: list[Profile] = [make_profile(), COROUTINE, NEVER_CALLED, WATCHED]
    monkeypatch.setattr("gilscope.metrics.figures.profiles", lambda: found)
    monkeypatch.setattr("gilscope.metrics.figures.loop_lag", lambda: LAG)
    return found


def reading(found: list[Profile], kept: InMemory | None = None, max_functions: int = 80) -> Reader:
    """A reader of a list to change."""
    return Reader(lambda: Now(found, None), by_name, kept or InMemory(), max_functions)


# ---- what both export ----


def test_unknown_figures_stay_unknown() -> None:
    [(name, told)] = figures([NEVER_CALLED], by_name).items()
    assert (name, {metric: values for metric, values in told.items() if values}) == (
        "idle",
        {CALLS: {ALONE: 0}, "gilscope_function_errors_total": {ALONE: 0}},
    )


def test_functions_with_one_name_are_one_series() -> None:
    parts = [make_profile(spec="a:f", name="f"), make_profile(spec="b:f", name="f", kind="generator", line=7)]
    both = figures(parts, by_name)
    assert (list(both), both["f"][CALLS], both["f"][WALL]) == (["f"], {ALONE: 200}, {ALONE: 2.0})
    assert list(figures(parts, lambda profile: profile.spec)) == ["a:f", "b:f"]


def test_names_without_end_are_few_series() -> None:
    many = [make_profile(name=f"user-{number}") for number in range(5)]
    told = figures(many, by_name, max_functions=2)
    assert {name: alone(each)[CALLS] for name, each in told.items()} == {"user-0": 100, "user-1": 100, OTHERS: 300}


def test_a_function_keeps_its_series_when_others_come_before_it() -> None:
    earlier, later = make_profile(name="b"), make_profile(name="a")
    reader = reading([later, earlier], kept := InMemory(), max_functions=1)
    kept.update(lambda _: figures([earlier], by_name))
    for _ in range(2):
        told = reader.read()
        assert {name: alone(told[name])[CALLS] for name in (OTHERS, "b")} == {OTHERS: 100, "b": 100}
    assert set(told) == {OTHERS, "b", PROCESS}


def test_the_states_of_a_call_fill_its_wall_clock() -> None:
    told = figures([WATCHED], by_name)["find"]
    assert sum(told[STATES].values()) == pytest.approx(told[WALL][ALONE])
    assert {state: told[STATES][state] for state in ("cpu_gil", "gil_wait", "network", "runqueue")} == pytest.approx(
        {"cpu_gil": 0.5, "gil_wait": 0.25, "network": 0.25, "runqueue": 0.0}
    )
    assert alone(told)["gilscope_function_gil_held_seconds_total"] == pytest.approx(0.5 + 0.125)


def test_where_nobody_looked_only_what_clocks_tell_has_a_state() -> None:
    known = {"runqueue": 0.125, "awaited_outside": 0.4, "awaited_threads": 0.1}
    told = figures([COROUTINE], by_name)["get"][STATES]
    assert {state: seconds for state, seconds in told.items() if seconds} == pytest.approx(known)
    unknown = make_profile(kind="coroutine", timed_awaited_s=0.5)
    assert figures([unknown], by_name)["total"][STATES] == pytest.approx({"runqueue": 0.0, "awaited": 0.5})
    assert figures([make_profile(clocked_runqueue_s=None)], by_name)["total"][STATES] == {}


def test_a_histogram_has_every_call_in_all_buckets_that_it_fits_in() -> None:
    counts = {bucket(ns): count for ns, count in ((50_000, 5), (30_000_000, 3), (200 * 10**9, 2))}
    told = histogram(counts, 400.0)
    assert [told[le] for le in ("0.0001", "0.025", "0.05", "100.0", "+Inf", ALONE)] == [5, 5, 8, 8, 10, 400.0]
    assert list(told) == [*map(str, BOUNDS_S), "+Inf", ALONE]
    assert set(histogram({}, 0.0).values()) == {0}


def test_blocks_of_a_loop_are_counted_by_length() -> None:
    told = figures([COROUTINE, WATCHED], by_name)
    blocks = told["get"]["gilscope_function_loop_block_seconds"]
    assert [blocks[le] for le in ("0.01", "0.025", "+Inf")] == [0, 10, 10]
    assert blocks[ALONE] == pytest.approx(0.2, rel=0.06)
    assert alone(told["get"])["gilscope_function_on_loop_seconds_total"] == pytest.approx(0.5)
    assert told["find"]["gilscope_function_loop_block_seconds"] == {}
    free = make_profile(kind="coroutine", on_loops=OnLoops(wall_s=2.0))
    assert set(figures([free], by_name)["total"]["gilscope_function_loop_block_seconds"].values()) == {0}


def test_a_bound_is_met_within_the_sketchs_error() -> None:
    for bound_s in BOUNDS_S:
        for ns, within in ((bound_s * 1e9 / 1.0625, 1), (bound_s * 1e9 * 1.0625, 0)):
            assert histogram({bucket(int(ns)): 1}, 0.0)[str(bound_s)] == within, (bound_s, middle_s(bucket(int(ns))))


def test_a_counter_never_falls() -> None:
    found = [make_profile()]
    reader = reading(found)
    walls = []
    for wall_s, calls in ((1.0, 100), (0.5, 101), (1.5, 102)):
        found[:] = [make_profile(wall_s=wall_s, calls=calls)]
        walls.append(reader.read()["total"][WALL][ALONE])
    assert walls == pytest.approx([1.0, 1.0, 1.5])


def test_an_error_may_fall() -> None:
    found = [make_profile(timed_calls=50, durations={bucket(10**6): 50, bucket(10**7): 50})]
    reader = reading(found)
    errors = []
    for _ in range(2):
        errors.append(alone(reader.read()["total"])["gilscope_function_wall_error_seconds"])
        found[:] = [make_profile()]
    assert errors[0] > errors[1] == 0.0


def test_what_was_known_stays_known() -> None:
    found = [make_profile()]
    reader = reading(found)
    before = reader.read()["total"][CPU]
    found[:] = [make_profile(clocked_wall_s=0.0)]
    assert reader.read()["total"][CPU] == pytest.approx(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [make_profile()]
    reader = reading(found)
    reader.read()
    found[:] = [make_profile(calls=200, wall_s=0.25)]
    monkeypatch.setattr(os, "getpid", lambda: 1)
    total = reader.read()["total"]
    assert (total[CALLS], total[WALL]) == ({ALONE: 200}, {ALONE: 0.25})


def test_a_process_that_counts_anew_exports_anew() -> None:
    found = [make_profile()]
    reader = reading(found)
    reader.read()
    found[:] = [make_profile(calls=2, wall_s=0.25)]
    assert reader.read()["total"][WALL] == {ALONE: 0.25}


# ---- Prometheus ----

Samples = dict[str, dict[tuple[str, ...], float]]


def scraped(collector: Any, registry: Any = None) -> Samples:
    """Samples by metric and labels, the function first, as a Prometheus server reads them."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    registry = registry or CollectorRegistry()
    registry.register(collector)
    found: Samples = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            labels = dict(sample.labels)
            function = [labels.pop("function")] if "function" in labels else []
            found.setdefault(sample.name, {})[(*function, *labels.values())] = sample.value
    return found


def test_prometheus_reads_what_is_known(seen: list[Profile]) -> None:
    from gilscope.metrics.prometheus import ProfileCollector

    told = scraped(ProfileCollector())
    assert told[CALLS] == {("total",): 100, ("get",): 100, ("idle",): 0, ("find",): 100}
    assert told["gilscope_function_errors_total"][("get",)] == 3
    assert told[CPU] == pytest.approx({("total",): 1.0, ("get",): 0.25, ("find",): 0.5})
    assert told["gilscope_function_blocked_seconds_total"][("get",)] == pytest.approx(0.625)
    assert told[STATES][("find", "gil_wait")] == pytest.approx(0.25)
    assert told[STATES][("get", "runqueue")] == pytest.approx(0.125)
    assert told["gilscope_function_cpu_error_seconds"] == {("find",): 0.0}
    assert told["gilscope_function_samples_total"] == {("find",): 800}
    assert told[f"{DURATION}_bucket"][("get", "0.005")] == 0
    assert told[f"{DURATION}_bucket"][("get", "0.01")] == told[f"{DURATION}_count"][("get",)] == 100
    assert told[f"{DURATION}_sum"][("get",)] == pytest.approx(1.0)
    assert ("idle",) not in told[f"{DURATION}_sum"]
    assert told["gilscope_function_queue_wait_seconds_bucket"][("get", "0.1")] == 1
    assert told["gilscope_function_queue_wait_seconds_sum"] == pytest.approx({("get",): 0.3})
    assert told["gilscope_loop_lag_seconds_bucket"][("0.05",)] == 0
    assert told["gilscope_loop_lag_seconds_count"] == {(): 1}


def test_prometheus_knows_what_adds_up(seen: list[Profile]) -> None:
    from gilscope.metrics.prometheus import ProfileCollector

    kinds = {family.name: family.type for family in ProfileCollector().collect()}
    assert kinds == {metric.prometheus.removesuffix("_total"): metric.kind for metric in (*METRICS, *PROCESS_METRICS)}
    errors = {f"gilscope_function_{name}_error_seconds" for name in ("wall", "cpu")}
    assert {name for name, kind in kinds.items() if kind == "gauge"} == errors


def test_a_second_collector_in_a_registry_is_refused(seen: list[Profile]) -> None:
    prometheus_client = pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    registry = prometheus_client.CollectorRegistry()
    registry.register(ProfileCollector())
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(ProfileCollector())


# ---- several workers ----


def write(folder: Path, worker: int, **profile: Any) -> None:
    """As a worker's recorder does."""
    file = ProfileFile(host="h", pid=worker, python="3", started=0, written=1, profiles=(make_profile(**profile),))
    write_profiles(folder / f"gilscope-h-{worker}-a.profiles.json", file)


def test_any_worker_tells_of_all(tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    one, other = (ProfileCollector(tmp_path / "out") for _ in range(2))
    assert scraped(one) == {}, "nobody has made a call yet"
    for worker in range(3):
        write(tmp_path / "out", worker)
    assert scraped(one)[CALLS] == scraped(other)[CALLS] == {("total",): 300}


def test_what_one_worker_exported_does_not_fall_in_the_next(tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    walls = []
    for wall_s, calls in ((1.0, 100), (0.5, 101), (1.5, 102)):
        write(tmp_path, 1, wall_s=wall_s, calls=calls)
        walls.append(scraped(ProfileCollector(tmp_path))[WALL][("total",)])
    assert walls == pytest.approx([1.0, 1.0, 1.5])


def test_a_folder_that_cannot_be_written_is_told_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    write(tmp_path, 1)

    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("gilscope.metrics.folder.replace_file", full)
    assert scraped(ProfileCollector(tmp_path))[CALLS] == {("total",): 100}
    assert "no space left" in caplog.text


def test_a_damaged_note_of_what_was_exported_is_written_anew(tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    write(tmp_path, 1)
    (tmp_path / "gilscope-exported").write_text("{half")
    assert scraped(ProfileCollector(tmp_path))[CALLS] == {("total",): 100}
    assert b"gilscope_function_calls_total" in (tmp_path / "gilscope-exported").read_bytes()


def test_the_folder_stands_beside_the_clients_own_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the client's documents have it for several workers: a registry for each request."""
    pytest.importorskip("prometheus_client")
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    from gilscope.metrics.prometheus import ProfileCollector

    write(tmp_path, 1)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    assert scraped(ProfileCollector(tmp_path), registry=registry)[CALLS] == {("total",): 100}


def test_a_collector_that_several_workers_leave_out_is_told(
    seen: list[Profile], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from gilscope.metrics.prometheus import ProfileCollector
    from gilscope.production import unavailable

    monkeypatch.setattr(unavailable, "_told", set())
    ProfileCollector()
    assert caplog.text == ""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/tmp/metrics")
    ProfileCollector()
    assert "register ProfileCollector(folder=...)" in caplog.text


# ---- OpenTelemetry ----


def collected(provider_of: Any, seen_by: Any) -> dict[str, Any]:
    """Metrics by name, as an exporter gets them."""
    reader = seen_by()
    provider = provider_of(metric_readers=[reader])
    from gilscope.metrics.opentelemetry import instrument

    instrument(provider.get_meter("test"))
    data = reader.get_metrics_data()
    provider.shutdown()
    return {
        metric.name: metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_opentelemetry_reads_what_is_known(seen: list[Profile]) -> None:
    metrics = pytest.importorskip("opentelemetry.sdk.metrics")
    export = pytest.importorskip("opentelemetry.sdk.metrics.export")
    found = collected(metrics.MeterProvider, export.InMemoryMetricReader)
    values: dict[str, dict[tuple[str, ...], float]] = {}
    for name, metric in found.items():
        for point in metric.data.data_points:
            attributes = dict(point.attributes)
            function = [attributes.pop("code.function.name")] if "code.function.name" in attributes else []
            values.setdefault(name, {})[(*function, *attributes.values())] = point.value
    total, get, find = ("shop.orders.total",), ("shop.web.get",), ("shop.db.find",)
    assert values["gilscope.function.calls"] == {total: 100, get: 100, find: 100, ("shop.orders.idle",): 0}
    assert values["gilscope.function.errors"][get] == 3
    assert values["gilscope.function.cpu.time"] == pytest.approx({total: 1.0, get: 0.25, find: 0.5})
    assert values["gilscope.function.state.time"][(*find, "gil_wait")] == pytest.approx(0.25)
    assert values["gilscope.function.duration.bucket"][(*get, "0.005")] == 0
    assert values["gilscope.function.duration.bucket"][(*get, "+Inf")] == 100
    names = {
        name: set(metric.data.data_points[0].attributes) - {"code.function.name"} for name, metric in found.items()
    }
    assert {name: labels for name, labels in names.items() if labels} == {
        "gilscope.function.state.time": {"gilscope.state"},
        **{f"gilscope.function.{name}.bucket": {"le"} for name in ("duration", "loop.block", "queue.wait")},
        "gilscope.loop.lag.bucket": {"le"},
    }
    assert values["gilscope.loop.lag.bucket"][("0.1",)] == 1
    assert {name: metric.unit for name, metric in found.items()} == {
        metric.opentelemetry: "{call}" if metric.kind == "histogram" else metric.unit
        for metric in (*METRICS, *PROCESS_METRICS)
        if metric.opentelemetry in found
    }
    monotonic = {name: getattr(metric.data, "is_monotonic", None) for name, metric in found.items()}
    assert monotonic == {name: None if name.endswith(".error") else True for name in found}


def test_the_attribute_is_opentelemetrys_own() -> None:
    attributes = pytest.importorskip("opentelemetry.semconv.attributes.code_attributes")
    from gilscope.metrics import opentelemetry

    assert attributes.CODE_FUNCTION_NAME == opentelemetry.FUNCTION


def test_the_global_meter_serves_where_none_is_given(seen: list[Profile], monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = pytest.importorskip("opentelemetry.sdk.metrics")
    export = pytest.importorskip("opentelemetry.sdk.metrics.export")
    from gilscope.metrics import opentelemetry

    reader = export.InMemoryMetricReader()
    provider = metrics.MeterProvider(metric_readers=[reader])
    # In the place of opentelemetry.metrics.set_meter_provider, which a process can do once.
    monkeypatch.setattr(opentelemetry, "get_meter", provider.get_meter)
    opentelemetry.instrument()
    [scope] = reader.get_metrics_data().resource_metrics[0].scope_metrics
    assert (scope.scope.name, bool(scope.scope.version), len(scope.metrics)) == (
        "gilscope",
        True,
        len(METRICS) + len(PROCESS_METRICS),
    )
    provider.shutdown()


# ---- without their libraries ----


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [("prometheus", "prometheus_client.core", "prometheus"), ("opentelemetry", "opentelemetry.metrics", "otel")],
)
def test_a_missing_library_is_named_with_its_extra(
    module: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib
    import sys

    monkeypatch.delitem(sys.modules, f"gilscope.metrics.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"pip install 'gilscope\[{extra}\]'"):
        importlib.import_module(f"gilscope.metrics.{module}")
