"""The two systems that figures are exported to, as they read them: nothing listens, nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gilscope.metrics.catalog import METRICS, PROCESS_METRICS
from gilscope.production.files import ProfileFile, write_profiles
from gilscope.production.profile import Profile
from tests.unit.production.metered import CALLS, COROUTINE, CPU, DURATION, LAG, NEVER_CALLED, STATES, WALL, WATCHED
from tests.unit.production.profiles import make_profile


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """What the process has seen: a list to change."""
    found: list[Profile] = [make_profile(), COROUTINE, NEVER_CALLED, WATCHED]
    monkeypatch.setattr("gilscope.metrics.figures.profiles", lambda: found)
    monkeypatch.setattr("gilscope.metrics.figures.loop_lag", lambda: LAG)
    return found


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
