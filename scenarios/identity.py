"""Who is who: customer, case and contact ids, and the numbers their luck is keyed by.

A customer is (intent, interval, k): the k-th customer of an intent in the interval that starts on a given minute of
the horizon. So more volume only adds customers and finer intervals do not renumber days. Ids derive from (customer,
case, attempt), never from the order in which anything happened.

>>> customer_id("order_status", 570, 12)
'order_status.000.0930.00012'
>>> contact_id("order_status.000.0930.00012", 0, 1)
'order_status.000.0930.00012/0/1'
"""

from __future__ import annotations

import functools
import hashlib

from scenarios.draws import Entity, entity_number

CUSTOMERS_PER_INTERVAL_MOST = 2**16

MEMBER_DIGITS = 10
"""Of the number in the id of a customer of a scenario's population."""


@functools.lru_cache(maxsize=4096)
def intent_code(intent: str) -> int:
    """Return 24 bits that name an intent wherever it stands in the file."""
    return int.from_bytes(hashlib.blake2b(intent.encode(), digest_size=3).digest(), "big")


def customer_entity(intent: str, minute: int, k: int) -> int:
    """Return the entity of customer `k` of an intent's interval that starts on `minute` of the horizon."""
    return entity_number(Entity.CUSTOMER, (intent_code(intent) << 36) | (minute << 16) | k)


def recorded_entity(recorded_id: str) -> int:
    """Return the entity of a recorded contact that is played again: its luck hangs on its own id."""
    digest = hashlib.blake2b(recorded_id.encode(), digest_size=8).digest()
    return entity_number(Entity.CUSTOMER, int.from_bytes(digest, "big") >> 4)


def member_entity(number: int) -> int:
    """Return the entity of a customer of a scenario's population, numbered from 0."""
    return entity_number(Entity.MEMBER, number)


def member_id(number: int) -> str:
    """Name a customer of a scenario's population; sorted by name they stand in the order of their numbers.

    >>> member_id(17)
    'c0000000017'
    """
    return f"c{number:0{MEMBER_DIGITS}d}"


def seat_entity(team: str, seat: int) -> int:
    """Return the entity of a seat of a team."""
    return entity_number(Entity.SEAT, (intent_code(team) << 36) | seat)


def cell_entity(intent: str, minute: int) -> int:
    """Return the entity of a demand cell: an intent's interval."""
    return entity_number(Entity.DEMAND_CELL, (intent_code(intent) << 36) | minute)


def customer_id(intent: str, minute: int, k: int) -> str:
    """Name a customer: intent, day, time of day of the interval, number."""
    day, of_day = divmod(minute, 1440)
    return f"{intent}.{day:03d}.{of_day // 60:02d}{of_day % 60:02d}.{k:05d}"


def follower_id(customer: str, number: int) -> str:
    """Name one of a customer's followers, from 0; sorted by name they stand behind whom they follow."""
    return f"{customer}.{number:02d}"


def case_id(customer: str, case: int) -> str:
    """Name a customer's case, from 0."""
    return f"{customer}/{case}"


def attempt_id(case: str, attempt: int) -> str:
    """Name an attempt, from 1, of a case by the case's own name.

    >>> attempt_id(case_id("order_status.000.0930.00012", 0), 2)
    'order_status.000.0930.00012/0/2'
    """
    return f"{case}/{attempt}"


def contact_id(customer: str, case: int, attempt: int) -> str:
    """Name an attempt, from 1, within a case."""
    return f"{customer}/{case}/{attempt}"
