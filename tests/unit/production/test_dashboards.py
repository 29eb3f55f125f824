"""The dashboard and the alerts in the documents: they ask for nothing that is not exported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gilscope.metrics.catalog import METRICS, PROCESS_METRICS
from gilscope.production.awaiting import KINDS
from gilscope.production.profile import Profile
from gilscope.records import STATES
from tests.unit.production.metered import COROUTINE, LAG, WATCHED

FOLDER = Path(__file__).parents[3] / "docs/dashboards"
#: What Prometheus adds to whatever it fetches.
ITS_OWN = {"job", "instance"}


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """The labels of every sample, by its name."""
    pytest.importorskip("prometheus_client")
    from gilscope.metrics import prometheus

    found: list[Profile] = [COROUTINE, WATCHED]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gilscope.metrics.figures.profiles", lambda: found)
        patch.setattr("gilscope.metrics.figures.loop_lag", lambda: LAG)
        families = list(prometheus.ProfileCollector().collect())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def dashboard() -> Any:
    return json.loads((FOLDER / "grafana.json").read_text())


def queries() -> dict[str, str]:
    """Every query by where it stands."""
    board = dashboard()
    found = {
        f"{panel['title']}, {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }
    found |= {each["name"]: each["query"] for each in board["templating"]["list"] if each["type"] == "query"}
    return found | {rule["alert"]: rule["expr"] for rule in rules()}


def rules() -> Iterator[Any]:
    yaml = pytest.importorskip("yaml")
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]:
        yield from group["rules"]


def test_every_query_asks_for_what_is_exported(exported: dict[str, set[str]]) -> None:
    asked = queries()
    assert len(asked) > 15
    for place, query in asked.items():
        names = set(re.findall(r"\bgilscope_\w+", query))
        assert names, place
        assert names <= exported.keys(), place
        labels = {label for name in names for label in exported[name]} | ITS_OWN
        grouped = {label for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(", ")}
        matched = set(re.findall(r"[{,]\s*(\w+)\s*=", query))
        assert grouped | matched <= labels, place


def test_every_state_that_is_asked_for_is_one() -> None:
    states = {state for query in queries().values() for state in re.findall(r'state="(\w+)"', query)}
    assert {"gil_wait", "runqueue"} <= states <= {*STATES, *(f"awaited_{kind}" for kind in KINDS)}


def test_what_counts_up_is_asked_for_its_rate() -> None:
    for place, query in queries().items():
        for name in re.findall(r"gilscope_\w+_(?:total|bucket|count)\b", query):
            sums = query.count(f"rate({name}{{") + query.count(f"rate({name}[")
            assert sums or "label_values(" in query or "error_seconds" in query, place


def test_panels_have_a_place_each_and_a_unit() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    assert all(panel["fieldConfig"]["defaults"]["unit"] and panel["description"] for panel in panels)


def test_alerts_have_names_of_their_own_and_say_what_is_the_matter() -> None:
    told = list(rules())
    assert len({rule["alert"] for rule in told}) == len(told) > 3
    assert all("{{ $labels." in rule["annotations"]["summary"] for rule in told)


def test_every_metric_is_in_the_documents_and_no_other() -> None:
    page = (FOLDER.parent / "metrics.md").read_text()
    table = page.partition("| --- |")[2].partition("\n\n")[0]
    known = (*METRICS, *PROCESS_METRICS)
    assert set(re.findall(r"`(gilscope_\w+)`", table)) == {metric.prometheus for metric in known}
    assert set(re.findall(r"`(gilscope\.\w[\w.]+)`", table)) == {metric.opentelemetry for metric in known} | {
        "gilscope.state"
    }
    histograms = [metric.prometheus for metric in known if metric.kind == "histogram"]
    assert set(re.findall(r"\bgilscope_(?:function|loop)_\w+", page)) <= {
        *(metric.prometheus for metric in known),
        *(f"{name}_{part}" for name in histograms for part in ("bucket", "count")),
    }


def test_the_programs_of_the_page_export_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("prometheus_client")
    metrics = pytest.importorskip("opentelemetry.sdk.metrics")
    export = pytest.importorskip("opentelemetry.sdk.metrics.export")
    from gilscope.metrics import opentelemetry

    monkeypatch.setattr("gilscope.metrics.figures.profiles", lambda: [WATCHED])
    # In the place of what a process has one of.
    monkeypatch.setattr(client, "REGISTRY", registry := client.CollectorRegistry())
    provider = metrics.MeterProvider(metric_readers=[reader := export.InMemoryMetricReader()])
    monkeypatch.setattr(opentelemetry, "get_meter", provider.get_meter)
    page = (FOLDER.parent / "metrics.md").read_text()
    alone, pushed, _ = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(alone, {})
    exec(pushed, {})
    assert b'gilscope_function_calls_total{function="find"} 100.0' in client.generate_latest(registry)
    assert "gilscope.function.calls" in reader.get_metrics_data().to_json()
    provider.shutdown()
