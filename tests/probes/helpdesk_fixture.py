"""A real django-helpdesk on a free loopback port, and an agent who answers when told to.

The site itself stands in tests/helpdesk_site. It is nobody's mock: probes visit it as they would visit a
customer's desk. Everything it writes (database, uploads, mails, output) is in one temporary folder.
"""

import base64
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.probes.served import ANSWER_S_MOST, require_packages, served, without_proxy

RESOLVED = 3  # helpdesk.models.Ticket.RESOLVED_STATUS


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
        with without_proxy.open(request, timeout=ANSWER_S_MOST) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def helpdesk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    """Yield a django-helpdesk of this session's own, on a free loopback port."""
    require_packages("helpdesk", "waitress", "whitenoise")
    folder = tmp_path_factory.mktemp("helpdesk")
    desk = Helpdesk(
        base_url="",
        staff_user="robin",
        staff_password="answers-in-time",
        queue="Orders",
        broken_queue="Returns",
        folder=folder,
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "helpdesk_site.settings",
        "HELPDESK_FOLDER": str(desk.folder),
        "HELPDESK_STAFF_USER": desk.staff_user,
        "HELPDESK_STAFF_PASSWORD": desk.staff_password,
        "HELPDESK_APP_USER": desk.app_user,
        "HELPDESK_APP_PASSWORD": desk.app_password,
        "HELPDESK_QUEUE": desk.queue,
        "HELPDESK_BROKEN_QUEUE": desk.broken_queue,
    }
    with served("helpdesk_site.serve", folder, environment) as base_url:
        yield replace(desk, base_url=base_url)
