"""A bare Locust user that makes the requests of a shape, each user at a constant pace: the crowd's rival.

Read by `locust -f`; SHAPE and PACE_S stand in the environment. Users begin at a random moment of their first round:
Locust starts all of a second's at once, which would be another load than a crowd's.
"""

import os
import random
import time
import uuid

from locust import FastHttpUser, constant_pacing, task

PACE_S = float(os.environ.get("PACE_S", "1"))


class PlainUser(FastHttpUser):
    """Asks for a page, or has a talk, once every PACE_S."""

    wait_time = constant_pacing(PACE_S)

    def on_start(self) -> None:
        """Begin at a moment of one's own."""
        time.sleep(random.uniform(0, PACE_S))

    @task
    def play(self) -> None:
        """Play one customer."""
        if os.environ.get("SHAPE") != "talk":
            self.client.get("/faq/order_status")
            return
        mail = f"sam.{uuid.uuid4().hex[:12]}@example.org"
        talk = self.client.post("/api/talks", json={"text": "Where is my order?", "from": mail}).json()["id"]
        for _ in range(3):
            self.client.post(f"/api/talks/{talk}/messages", json={"text": "It is order 104233.", "from": mail})
        self.client.post(f"/api/talks/{talk}/close", json={"from": mail})
