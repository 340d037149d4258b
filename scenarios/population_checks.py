"""What `customers`, `costs` and `expectations` say of the other parts of a scenario: is this an intent, is that a team?

Reads plain values, as `scenarios.references`, whose part it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenarios.faults import Fault, one_of
from scenarios.yaml_reader import Document, Key

DEFAULT = "default"

YARDSTICKS = (
    "days", "seed", "starts", "time_zone", "customers", "costs", "churn", "remedies", "uncertain", "scenario", "title",
)  # fmt: skip
"""Keys that say how a desk is judged, not how it works."""


def population_faults(document: Document, channels: list[str], intents: list[str], teams: list[str]) -> Iterator[Fault]:
    """Yield names of channels, intents and teams that are none of the scenario's."""
    values = document.values

    def unknown(key: Key, found: Any, known: list[str]) -> Iterator[Fault]:
        if isinstance(found, str) and known and found not in known:
            yield document.fault(key, found, one_of(known, found))

    customers, costs = _dict(values, "customers"), _dict(values, "costs")
    complaints = customers.get("complaints")
    for at, intent in enumerate(complaints if isinstance(complaints, list) else ()):
        yield from unknown(("customers", "complaints", at), intent, intents)
    for name, remedy in _dict(values, "remedies").items():
        for path in _dict(remedy, "set"):
            if str(path).split(".")[0].split("[")[0] in YARDSTICKS:
                expected = "a key of how the desk works: this one says how it is judged"
                yield document.fault(("remedies", name, "set", path), path, expected)
    for channel in _dict(values, "expectations"):
        yield from unknown(("expectations", channel), channel, channels)
    for channel in _dict(costs, "contact"):
        yield from unknown(("costs", "contact", channel), channel, channels)
    for name, known in (("paid_hour", [*teams, DEFAULT]), ("work_order", teams)):
        for team in _dict(costs, name):
            yield from unknown(("costs", name, team), team, known)


def _dict(values: Any, name: str) -> dict[str, Any]:
    found = values.get(name) if isinstance(values, dict) else None
    return found if isinstance(found, dict) else {}
