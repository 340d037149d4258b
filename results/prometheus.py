"""Metrics as text that Prometheus reads, by its own library: for a textfile collector or a push gateway.

Only here is `prometheus_client` imported (extra `telemetry`), into a registry of its own: what the process itself uses
stands in no file.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Gauge as PrometheusGauge

from results.load_metrics import GAUGES, Sample


def prometheus_text(samples: Iterable[Sample], scenario: str) -> str:
    """Return samples in Prometheus' text format, each with its scenario as a label."""
    registry = CollectorRegistry()
    gauges = {
        gauge.name: PrometheusGauge(gauge.name, gauge.tells, ["scenario", *gauge.labels], registry=registry)
        for gauge in GAUGES
    }
    for sample in samples:
        gauges[sample.gauge.name].labels(scenario, *sample.labels).set(sample.value)
    return generate_latest(registry).decode()
