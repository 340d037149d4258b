"""A real django-helpdesk on a free loopback port, and an agent who answers when told to.

The site itself stands in tests/helpdesk_site. It is nobody's mock: probes visit it as they would visit a
customer's desk. Everything it writes (database, uploads, mails, output) is in one temporary folder.
"""

import base64
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 5.0
REQUEST_DEADLINE_S = 20.0
POLL_EVERY_S = 0.05

TESTS_FOLDER = Path(__file__).resolve().parent.parent
RESOLVED = 3  # helpdesk.models.Ticket.RESOLVED_STATUS

# A proxy named in the environment must not see, or lose, what is meant for loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Helpdesk:
    """One running desk; `queue` and `broken_queue` are titles as the customer reads them in the form."""

    base_url: str
    staff_user: str
    staff_password: str
    queue: str
    broken_queue: str
    folder: Path
    app_user: str = "the-app"
    app_password: str = "kn0wn-to-the-app"

    @property
    def mail_folder(self) -> Path:
        """Where the desk leaves its mails, one file for each."""
        return self.folder / "mail"

    def answer(self, ticket_id: int, text: str, *, resolves: bool = False) -> dict[str, Any]:
        """Answer a ticket as the agent, where the customer can read it; return the follow-up as stored.

        No title is sent: django-helpdesk would rename the customer's ticket after it.
        """
        follow_up = {"ticket": ticket_id, "comment": text, "public": True}
        if resolves:
            follow_up["new_status"] = RESOLVED
        stored: dict[str, Any] = self._call_api("/api/followups/", follow_up)
        return stored

    def tickets(self) -> list[dict[str, Any]]:
        """Every ticket of the desk, oldest first, as its REST API tells it (follow-ups in followup_set)."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self._call_api(f"/api/tickets/?page_size=100&page={page}")
            found += answer["results"]
            if answer["next"] is None:
                return found
            page += 1

    def _call_api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        credentials = base64.b64encode(f"{self.staff_user}:{self.staff_password}".encode()).decode()
        request = urllib.request.Request(
            self.base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        with _opener.open(request, timeout=REQUEST_DEADLINE_S) as response:
            return json.load(response)


def require_packages(*names: str) -> None:
    """Fail, with the command that helps, when a package the desk is made of is not installed."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        pytest.fail(f"the test desk needs {', '.join(missing)}; install with: pip install -e '.[test]'", pytrace=False)


@pytest.fixture(scope="session")
def helpdesk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    """Yield a django-helpdesk of this session's own, on a free loopback port."""
    require_packages("helpdesk", "waitress", "whitenoise")
    folder = tmp_path_factory.mktemp("helpdesk")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        desk = Helpdesk(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            staff_user="robin",
            staff_password="answers-in-time",
            queue="Orders",
            broken_queue="Returns",
            folder=folder,
        )
        server = _start(desk, listener)
    try:
        _wait_until_open(desk, server)
        yield desk
    finally:
        _stop(server)


def _start(desk: Helpdesk, listener: socket.socket) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PYTHONPATH": str(TESTS_FOLDER),
        "DJANGO_SETTINGS_MODULE": "helpdesk_site.settings",
        "HELPDESK_FOLDER": str(desk.folder),
        "HELPDESK_STAFF_USER": desk.staff_user,
        "HELPDESK_STAFF_PASSWORD": desk.staff_password,
        "HELPDESK_APP_USER": desk.app_user,
        "HELPDESK_APP_PASSWORD": desk.app_password,
        "HELPDESK_QUEUE": desk.queue,
        "HELPDESK_BROKEN_QUEUE": desk.broken_queue,
    }
    with _output_of(desk).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "helpdesk_site.serve", str(listener.fileno())],
            cwd=desk.folder,
            env=environment,
            stdin=subprocess.PIPE,  # its closing tells the desk that we are gone
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )


def _wait_until_open(desk: Helpdesk, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + START_DEADLINE_S
    while server.poll() is None and time.monotonic() < deadline_s:
        try:
            _opener.open(desk.base_url, timeout=REQUEST_DEADLINE_S).close()
        except urllib.error.HTTPError as refusal:
            fault = f"answered its first visitor with {refusal}"
            break
        except OSError:  # the port is bound but nobody listens yet
            threading.Event().wait(POLL_EVERY_S)
        else:
            return
    else:
        ended = server.returncode is not None
        fault = f"ended with {server.returncode}" if ended else f"did not open within {START_DEADLINE_S:g} s"
    pytest.fail(f"the test desk {fault}. Its output:\n{_output_of(desk).read_text()}", pytrace=False)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if server.stdin is not None:
        server.stdin.close()


def _output_of(desk: Helpdesk) -> Path:
    return desk.folder / "server.log"
