"""Metrics pushed over OTLP/HTTP to the charter's `outputs.telemetry`, and nowhere else.

OpenTelemetry's own exporter sends them (extra `telemetry`), under the guard: a proxy of the environment is not asked, a
redirect not followed. A collector that does not answer costs a warning, never the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from probes.guard import Guard, guarding
from probes.resolve import addresses_of
from results.load_metrics import GAUGES, Sample

ANSWER_S_MOST = 5.0
"""So long a collector is waited for, all attempts together."""


def push_metrics(guard: Guard, samples: Iterable[Sample], about: Mapping[str, str]) -> str | None:
    """Send samples to the charter's collector; returns why it did not take them, None where it did.

    Args:
        guard: of the charter that lists the collector.
        samples: what was measured.
        about: attributes of the resource, such as the scenario.

    Raises:
        probes.guard.RefusedByCharterError: the charter lists no telemetry.
    """
    with guarding(guard), guard.sending_output("telemetry") as url:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            asyncio.run(addresses_of(guard, parts.hostname or "", port))
        except (OSError, TimeoutError) as error:
            return f"{url}: {error or type(error).__name__}"
    with guarding(guard), guard.sending_output("telemetry") as url, _heard() as said, requests.Session() as session:
        session.trust_env = False
        session.max_redirects = 0
        exporter = OTLPMetricExporter(endpoint=url, timeout=ANSWER_S_MOST, session=session)
        try:
            taken = exporter.export(metrics_data(samples, about)) is MetricExportResult.SUCCESS
        except requests.RequestException as error:  # older exporters let it through
            return f"{url}: {error}"
        return None if taken else f"{url}: {said[-1] if said else 'no reason was given'}"


def metrics_data(samples: Iterable[Sample], about: Mapping[str, str]) -> MetricsData:
    """Return samples as OpenTelemetry's metrics of now, in the order of the table of names."""
    now_ns = time.time_ns()
    points: dict[str, list[NumberDataPoint]] = {gauge.name: [] for gauge in GAUGES}
    for sample in samples:
        points[sample.gauge.name].append(NumberDataPoint(sample.labelled(), 0, now_ns, sample.value))
    metrics = [Metric(one.name, one.tells, one.unit, Gauge(points[one.name])) for one in GAUGES if points[one.name]]
    resource = Resource({"service.name": "testdrive", **about})
    scope = ScopeMetrics(InstrumentationScope("testdrive"), metrics, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


class _Listening(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """Keep what the exporter says to its log, which tells why it failed, off the terminal."""
    log, listening = logging.getLogger("opentelemetry"), _Listening()
    before = log.propagate
    log.addHandler(listening)
    log.propagate = False
    try:
        yield listening.said
    finally:
        log.removeHandler(listening)
        log.propagate = before
