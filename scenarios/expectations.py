"""What customers find a right wait, channel by channel: each has a tolerance of their own, drawn once and kept.

Not patience: who waits longer than they find right may wait on, and remembers it. One draw places a customer among all;
on every channel they are as tolerant as that. Defaults are published figures, and a channel without one has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scenarios.bursts import follower_entity
from scenarios.draws import Purpose, uniform
from scenarios.identity import CUSTOMERS_PER_INTERVAL_MOST, customer_entity, recorded_entity
from scenarios.laws import AnyLaw, Deterministic, Exponential, LawRow, law_row, time_us
from scenarios.members import entity_of_member
from scenarios.scenario import Channel


class Published(NamedTuple):
    """An expectation and where it stands."""

    law: AnyLaw
    source: str


_ON_HOLD = Published(
    Exponential(law="exponential", mean_s=114.6, zero=0.323),
    "Velaro survey, n = 2,500 (cx_facts CX23): 32.3 % accept no wait, 27.6 % one of up to a minute; beyond that minute "
    "nothing is published: an exponential law through these two",
)
PUBLISHED: dict[Channel, Published] = {
    "phone": _ON_HOLD,
    "chat": _ON_HOLD,
    "social": Published(
        Deterministic(law="deterministic", value_s=3600.0),
        "on social media an answer is expected within an hour (The ultimate CX guide, 2019)",
    ),
}
"""Where nothing is said; on other channels nothing is known, and no wait counts as too long."""


def expected_laws(told: Mapping[Channel, AnyLaw]) -> dict[str, AnyLaw]:
    """Return what wait is found right by channel: as told, else as published."""
    return {str(channel): law for channel, law in ({c: one.law for c, one in PUBLISHED.items()} | dict(told)).items()}


class Expectations:
    """How long each customer finds it right to wait, of one scenario."""

    def __init__(self, told: Mapping[Channel, AnyLaw], seed: int) -> None:
        """Know what a scenario tells, and what is published of the other channels; `seed` is the run's."""
        self._laws: dict[str, LawRow] = {channel: law_row(law) for channel, law in expected_laws(told).items()}
        self._seed = seed

    def tolerated_us(self, customer_id: str, channel: str, replication: int = 0) -> int:
        """Return how long a customer finds it right to wait, in whole microseconds; -1 where nothing is known."""
        law = self._laws.get(channel)
        if law is None:
            return -1
        u = uniform(self._seed, replication, entity_of(customer_id), 0, int(Purpose.TOLERANCE), 0)
        return time_us(law, u)


def entity_of(customer_id: str) -> int:
    """Return whose luck a customer has, planned or recorded, by their id.

    >>> entity_of("order_status.001.0930.00012") == customer_entity("order_status", 1440 + 570, 12)
    True
    >>> entity_of("caller 17") == recorded_entity("caller 17")
    True
    """
    member = entity_of_member(customer_id)
    if member is not None:
        return member
    intent, *numbers = customer_id.split(".")
    if len(numbers) < 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        return recorded_entity(customer_id)
    day, time, k, *followers = (int(number) for number in numbers)
    hours, minutes = divmod(time, 100)
    if hours > 23 or minutes > 59 or k >= CUSTOMERS_PER_INTERVAL_MOST:
        return recorded_entity(customer_id)
    entity = customer_entity(intent, 1440 * day + 60 * hours + minutes, k)
    for number in followers:
        entity = int(follower_entity(entity, number))
    return entity
