"""Logs of journeys told by hand, and a page that shows what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from results.experience import cases_of
from results.journey_contacts import JourneyLog
from results.log import table_of
from results.pages import environment
from scenarios.expectations import Expectations

PAGE = """{% extends "page.html.j2" %}{% import "journey_parts.html.j2" as journeys %}
{% block heading %}Journeys{% endblock %}
{% block styles %}{{ journeys.styles() }}{% endblock %}
{% block body %}{{ journeys.journeys(view) }}{% endblock %}"""

PAGED: dict[str, Any] = {"talk_s": None, "leg_end": "transferred"}
"""A leg with a menu, bot or page that sends on."""


def leg(
    who: str, attempt: int, number: int, at: float, wait: float | None, talk: float = 60.0, **told: Any
) -> dict[str, Any]:
    """Return a leg of a customer's only case: it came `at`, was answered after `wait`, or never where that is None.

    `talk` is how long it then took, or how long it lasted without an answer.
    """
    answered_s = None if wait is None else at + wait
    facts = {
        "source": "simulated", "replication": 0, "customer_id": who, "case_id": f"{who}/0", "channel": "phone",
        "contact_id": f"{who}/0/{attempt}", "attempt": attempt, "leg": number, "intent": "order", "team": "front",
        "arrived_s": at, "answered_s": answered_s, "ended_s": (at if wait is None else at + wait) + talk,
        "talk_s": None if wait is None else talk, "leg_end": "answered", "contact_outcome": "resolved",
    }  # fmt: skip
    return {**facts, **told}


def log_of(*legs: dict[str, Any], until_s: float | None = None) -> JourneyLog:
    """Return legs as they are read for journeys."""
    return JourneyLog.of(table_of("legs", legs), until_s)


def cases_in(log: JourneyLog) -> pd.DataFrame:
    """Return the cases of a log; no wait is too long."""
    return cases_of(log.legs, Expectations({}, 1), log.until_s)


def page_of(view: dict[str, Any]) -> str:
    """Return a page with journeys alone."""
    return environment().from_string(PAGE).render(view=view)


def random_legs(seed: int, customers: int) -> pd.DataFrame:
    """Return legs of customers who come again or not, over any channel, and end in any way."""
    luck = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        at = float(luck.uniform(0, 1000))
        for attempt in range(1, int(luck.integers(1, 5))):
            channel = str(luck.choice(["phone", "chat", "email", "fax"]))
            outcome = str(luck.choice(["resolved", "unresolved", "abandoned", "cut_off", "closed", "censored"]))
            for number in range(int(luck.integers(1, 4))):
                team, wait = str(luck.choice(["menu", "front", "back", "moves"])), float(luck.uniform(0, 300))
                told: dict[str, Any] = {"channel": channel, "team": team, "contact_outcome": outcome}
                if luck.random() < 0.2:
                    told |= {"answered_s": None, "talk_s": None, "leg_end": "abandoned"}
                elif luck.random() < 0.3:
                    told |= PAGED
                if luck.random() < 0.2:
                    told["promise_due_s"] = at + 500.0
                if luck.random() < 0.1:
                    told["role"] = "work"
                rows.append(leg(f"c{customer}", attempt, number, at, wait, **told))
                at += wait + 60.0
            at += float(luck.uniform(0, 500))
    return table_of("legs", rows)
