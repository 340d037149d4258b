"""Metrics pushed to a collector on loopback: the same as Prometheus reads, to the charter's URL and nowhere else."""

import logging
import socket

import pytest

from probes.guard import Guard, RefusedByCharterError
from probes.telemetry import push_metrics
from results.load_metrics import samples_of
from tests.probes.charters import charter
from tests.probes.otlp_collector import Collector, otlp_collector
from tests.results.test_load_figures import RUN
from tests.results.test_load_metrics import CHECKED, FACTS

SAMPLES = samples_of(FACTS, RUN, CHECKED)
ABOUT = {"testdrive.scenario": "small_desk"}


def guard_of(collector: Collector, path: str = "/v1/metrics") -> Guard:
    return Guard(charter(outputs={"telemetry": f"http://127.0.0.1:{collector.port}{path}"}))


def test_a_collector_gets_every_sample() -> None:
    """Without it a collector would see other figures than the file for Prometheus has, or fewer."""
    with otlp_collector() as collector:
        assert push_metrics(guard_of(collector), SAMPLES, ABOUT) is None
        assert collector.paths == ["/v1/metrics"]
        points = collector.points()
    expected: dict[str, list[tuple[dict[str, str], float]]] = {}
    for sample in SAMPLES:
        expected.setdefault(sample.gauge.name, []).append((sample.labelled(), sample.value))
    assert points == expected
    (resource,) = collector.pushed[0].resource_metrics
    about = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert about == {"service.name": "testdrive", **ABOUT}
    units = {metric.name: metric.unit for metric in resource.scope_metrics[0].metrics}
    assert units["testdrive_response_seconds"] == "s"


def test_no_charter_no_telemetry() -> None:
    """Without it results could leave the house because an option was given."""
    with pytest.raises(RefusedByCharterError, match="lists no telemetry"):
        push_metrics(Guard(charter()), SAMPLES, ABOUT)


def test_nothing_goes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a proxy, a variable or a redirect would carry results where no charter sends them."""
    with otlp_collector() as listed, otlp_collector() as other:
        elsewhere = f"http://127.0.0.1:{other.port}"
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OTEL_EXPORTER_OTLP_ENDPOINT"):
            monkeypatch.setenv(name, elsewhere)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        assert push_metrics(guard_of(listed, "/otlp"), SAMPLES, ABOUT) is None
        assert listed.paths == ["/otlp"]
        listed.status, listed.location = 307, f"{elsewhere}/v1/metrics"
        assert "redirect" in str(push_metrics(guard_of(listed), SAMPLES, ABOUT))
        assert other.paths == []


def test_a_collector_that_is_not_there_costs_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    """Without it a run of hours would end in a trace, and its figures with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        guard = Guard(charter(outputs={"telemetry": f"http://127.0.0.1:{port}/v1/metrics"}))
        why = push_metrics(guard, SAMPLES, ABOUT)
    assert why is not None
    assert f"127.0.0.1:{port}" in why
    assert capfd.readouterr().err == ""
    assert logging.getLogger("opentelemetry").propagate


def test_a_collector_that_refuses_is_quoted() -> None:
    """Without it nobody would learn that a collector wants a key."""
    with otlp_collector() as collector:
        collector.status = 401
        assert "401" in str(push_metrics(guard_of(collector), SAMPLES, ABOUT))
        assert len(collector.pushed) == 1
