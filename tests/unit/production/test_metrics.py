"""The figures that are exported, and the two systems they are exported to: nothing listens, nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest

from gilscope.metrics.figures import FIGURES, Reader, figures
from gilscope.production.collection import Profiles
from gilscope.production.profile import Profile
from tests.unit.production.profiles import make_profile

NEVER_CALLED = make_profile(spec="shop.orders:idle", name="idle", calls=0, wall_s=0.0)
COROUTINE = make_profile(spec="shop.web:get", name="get", kind="coroutine", clocked_cpu_s=0.25, longest_block_s=0.125)


def by_name(profile: Profile) -> str:
    return profile.name


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """What the process has seen: a list to change."""
    found: list[Profile] = [make_profile(), COROUTINE, NEVER_CALLED]
    monkeypatch.setattr("gilscope.metrics.figures.profiles", lambda: Profiles(found))
    return found


# ---- what both export ----


def test_unknown_figures_stay_unknown() -> None:
    assert figures([NEVER_CALLED], by_name) == {"idle": {**dict.fromkeys(FIGURES), "calls": 0}}


def test_functions_with_one_name_are_one_series() -> None:
    parts = [make_profile(spec="a:f", name="f"), make_profile(spec="b:f", name="f", kind="generator", line=7)]
    both = figures(parts, by_name)
    assert (list(both), both["f"]["calls"], both["f"]["wall_s"]) == (["f"], 200, 2.0)
    assert list(figures(parts, lambda profile: profile.spec)) == ["a:f", "b:f"]


def test_a_counter_never_falls(seen: list[Profile]) -> None:
    reader = Reader(by_name)
    walls = []
    for wall_s, calls in ((1.0, 100), (0.5, 101), (1.5, 102)):
        seen[:] = [make_profile(wall_s=wall_s, calls=calls)]
        walls.append(reader.read()["total"]["wall_s"])
    assert walls == pytest.approx([1.0, 1.0, 1.5])


def test_what_was_known_stays_known(seen: list[Profile]) -> None:
    reader = Reader(by_name)
    before = reader.read()["total"]["cpu_s"]
    seen[:] = [make_profile(clocked_wall_s=0.0)]
    assert reader.read()["total"]["cpu_s"] == pytest.approx(before)


def test_a_forked_child_begins_anew(seen: list[Profile]) -> None:
    reader = Reader(by_name)
    reader.read()
    seen[:] = [make_profile(calls=2, wall_s=0.25)]
    total = reader.read()["total"]
    assert (total["calls"], total["wall_s"]) == (2, 0.25)


# ---- Prometheus ----


def scraped(collector: Any) -> dict[str, dict[str, float]]:
    """Samples by metric and function, as a Prometheus server reads them."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    registry = CollectorRegistry()
    registry.register(collector)
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            assert list(sample.labels) == ["function"]
            found.setdefault(sample.name, {})[sample.labels["function"]] = sample.value
    return found


def test_prometheus_reads_what_is_known(seen: list[Profile]) -> None:
    pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    assert scraped(ProfileCollector()) == {
        "gilscope_function_calls_total": {"total": 100, "get": 100, "idle": 0},
        "gilscope_function_wall_seconds_total": pytest.approx({"total": 1.0, "get": 1.0}),
        "gilscope_function_cpu_seconds_total": pytest.approx({"total": 1.0, "get": 0.25}),
        "gilscope_function_blocked_seconds_total": pytest.approx({"total": 0.0, "get": 0.75}),
        "gilscope_function_loop_block_seconds": {"get": 0.125},
    }


def test_prometheus_knows_counters_from_gauges(seen: list[Profile]) -> None:
    pytest.importorskip("prometheus_client")
    from gilscope.metrics import prometheus

    kinds = {family.name: family.type for family in prometheus.ProfileCollector().collect()}
    counters = (prometheus.CALLS, prometheus.WALL, prometheus.CPU, prometheus.BLOCKED)
    assert kinds == {
        **{name.removesuffix("_total"): "counter" for name in counters},
        prometheus.LOOP_BLOCK: "gauge",
    }


def test_a_second_collector_in_a_registry_is_refused(seen: list[Profile]) -> None:
    prometheus_client = pytest.importorskip("prometheus_client")
    from gilscope.metrics.prometheus import ProfileCollector

    registry = prometheus_client.CollectorRegistry()
    registry.register(ProfileCollector())
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(ProfileCollector())


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
    values = {
        name: {point.attributes["code.function.name"]: point.value for point in metric.data.data_points}
        for name, metric in found.items()
    }
    total, get = "shop.orders.total", "shop.web.get"
    assert values == {
        "gilscope.function.calls": {total: 100, get: 100, "shop.orders.idle": 0},
        "gilscope.function.wall.time": pytest.approx({total: 1.0, get: 1.0}),
        "gilscope.function.cpu.time": pytest.approx({total: 1.0, get: 0.25}),
        "gilscope.function.blocked.time": pytest.approx({total: 0.0, get: 0.75}),
        "gilscope.function.loop.block.max": {get: 0.125},
    }
    assert {name: metric.unit for name, metric in found.items()} == dict.fromkeys(values, "s") | {
        "gilscope.function.calls": "{call}"
    }
    monotonic = {name: getattr(metric.data, "is_monotonic", None) for name, metric in found.items()}
    assert monotonic == dict.fromkeys(values, True) | {"gilscope.function.loop.block.max": None}


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
    assert (scope.scope.name, bool(scope.scope.version), len(scope.metrics)) == ("gilscope", True, 5)
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
