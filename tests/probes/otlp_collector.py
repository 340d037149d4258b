"""A collector of a test's own, on loopback: takes OTLP metrics over HTTP, and decodes them."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

Point = tuple[dict[str, str], float]


@dataclass
class Collector:
    """Remembers what was pushed to which path; answers with `status`."""

    port: int = 0
    status: int = 200
    location: str | None = None
    paths: list[str] = field(default_factory=list)
    pushed: list[ExportMetricsServiceRequest] = field(default_factory=list)

    def points(self) -> dict[str, list[Point]]:
        """Return the points of all gauges that came, by name."""
        return {
            metric.name: [
                ({label.key: label.value.string_value for label in point.attributes}, point.as_double)
                for point in metric.gauge.data_points
            ]
            for request in self.pushed
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@contextlib.contextmanager
def otlp_collector() -> Iterator[Collector]:
    """Collect until the block ends."""
    collector = Collector()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.paths.append(self.path)
            collector.pushed.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(collector.status)
            if collector.location is not None:
                self.send_header("Location", collector.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
