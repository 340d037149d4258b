"""Web pages of a test's own on a free loopback port, and listeners that must hear nothing."""

import contextlib
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = tuple[int, dict[str, str], str]
"""Status, headers, body."""


@dataclass
class PageServer:
    """Serves what it is told; remembers what was asked for."""

    port: int = 0
    pages: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def serve(self, path: str, body: str, status: int = 200, **headers: str) -> None:
        """Serve a page from now on."""
        self.pages[path] = lambda: (status, {"Content-Type": "text/html; charset=utf-8", **headers}, body)


@contextlib.contextmanager
def page_server() -> Iterator[PageServer]:
    """Serve pages until the block ends."""
    pages = PageServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            pages.asked.append(self.path)
            status, headers, body = pages.pages.get(path, lambda: (404, {}, ""))()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815  http.server's own naming

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pages.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Listeners:
    """TCP and UDP sockets on every address of this machine, at one port; what they hear is an escape."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("0.0.0.0", 0))
        self.port = int(self.tcp.getsockname()[1])
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("0.0.0.0", self.port))
        for listener in (self.tcp, self.udp):
            listener.setblocking(False)

    def heard(self) -> list[str]:
        """Return what has come in, without waiting."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                line, peer = self.tcp.accept()
                line.close()
                found.append(f"tcp from {peer}")
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(f"udp {self.udp.recvfrom(1000)!r}")
        return found

    def close(self) -> None:
        """Close both."""
        self.tcp.close()
        self.udp.close()


def own_addresses() -> list[str]:
    """Return this machine's addresses that are not loopback; none where it has no network."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which address would be used
        found.append(str(probe.getsockname()[0]))
    return found
