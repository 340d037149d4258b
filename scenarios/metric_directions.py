"""Which way each metric is better, and the figures that only whole what-ifs have: hours, costs, customers lost.

Beside `scenarios.metric_names`, which defines the metrics. Where more is neither good nor bad in itself there is no
direction: how busy people are, how long they talk, how many come. A test holds the names against the definitions.

>>> BETTER["wait_s_p95"], BETTER["service_level_offered"], BETTER["handle_s_mean"]
('less', 'more', None)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scenarios.metric_names import ALL_NAMES

Better = Literal["less", "more"]
WhatIfUnit = Literal["s", "share", "count", "h", "money"]

_MORE = {
    "service_level_offered", "service_level_offered_less_quick", "service_level_answered_or_abandoned",
    "service_level_answered", "on_time_share", "answered_share", "contained_share", "promises_kept_share",
    "customers_answered_share", "customer_resolved_share",
}  # fmt: skip
_LESS = {
    "waited_share", "abandonment", "blocked_share", "still_waiting_share", "transfer_share", "balked_share",
    "silent_share", "cleared_share", "cut_off_share", "legs_mean", "retellings_mean", "attempts_mean",
    "customer_retellings_mean", "queue_mean", "backlog_mean", "backlog_age_s_mean", "backlog_age_s_max",
    "customer_wait_s_mean",
}  # fmt: skip


def _better(name: str) -> Better | None:
    if name in _MORE:
        return "more"
    return "less" if name in _LESS or name.startswith("wait_") else None


BETTER: dict[str, Better | None] = {name: _better(name) for name in ALL_NAMES}
"""By metric: which way it is better; None where neither is."""


@dataclass(frozen=True)
class OwnFigure:
    """A figure of a whole replication that is no metric of contacts."""

    unit: WhatIfUnit
    meaning: str
    better: Better | None
    of_channel: bool = False


OWN_FIGURES: dict[str, OwnFigure] = {
    "customers_lost": OwnFigure("count", "customers expected to leave, by the churn model", "less"),
    "margin_lost": OwnFigure("money", "margin that those take with them, over value_months", "less"),
    "contacts": OwnFigure("count", "contacts that came while the channel was open", None, True),
    "paid_hours": OwnFigure(
        "h",
        "hours that agents are paid for: rostered, breaks and absence included; longer where work took longer",
        None,
    ),
    "cost_of_serving": OwnFigure(
        "money", "what `costs` prices: contacts, paid hours, work orders, compensations", None
    ),
}
"""Hours and costs have no better way here: they are the price of an alternative, not what it is to reach."""


def unit_of(name: str) -> WhatIfUnit:
    """Return the unit of a metric or of an own figure."""
    return OWN_FIGURES[name].unit if name in OWN_FIGURES else ALL_NAMES[name].unit


def better_of(name: str) -> Better | None:
    """Return which way a metric or an own figure is better; None where neither is."""
    return OWN_FIGURES[name].better if name in OWN_FIGURES else BETTER[name]
