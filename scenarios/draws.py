"""Keyed random numbers: the same entity and purpose give the same number, whatever else happens.

Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11) maps a key and a
counter to random bits with no state between. The key is (seed, replication), 32 bits each. The counter is 4 x 32 bits:

====  =====================================================================
word  holds
====  =====================================================================
0     purpose (16 bits, `Purpose`), index of the number within it (16 bits)
1     case (8 bits), attempt (12 bits), leg (12 bits)
2, 3  entity: its kind (4 bits, `Entity`) and its number (60 bits)
====  =====================================================================

So no draw depends on the order of events, more customers only add draws, and one customer's story replays alone.

>>> 0.0 < uniform(1, 0, entity_number(Entity.CUSTOMER, 7), visit(0, 1, 0), Purpose.PATIENCE, 0) < 1.0
True
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from scenarios.jit import jit


class Entity(IntEnum):
    """Whose luck a number is."""

    CUSTOMER = 0
    SEAT = 1
    DAY = 2
    DEMAND_CELL = 3
    BELIEF = 4
    MEMBER = 5


class Purpose(IntEnum):
    """What a number decides. A number once given is never given another meaning: old runs would change."""

    COUNT = 1
    INSTANT = 2
    CHANNEL = 3
    PATIENCE = 4
    SERVICE = 5
    WRAP = 6
    TRANSFER = 7
    RETRY = 8
    RETRY_DELAY = 9
    SHOPPER = 10
    ABSENCE = 11
    CONTAINMENT = 12
    PERSONA = 13
    PAUSE = 14
    RETRY_CHANNEL = 15
    FORECAST_OF_WEEK = 16
    FORECAST_OF_DAY = 17
    FORECAST_OF_INTERVAL = 18
    BUSYNESS = 25
    BUSYNESS_OF_INTENT = 26
    BUSYNESS_OF_INTERVAL = 27
    FOLLOWERS = 28
    FOLLOWER_DELAY = 29
    FOLLOWER = 30
    LANGUAGE = 31
    CONFERENCE = 40
    CONFERENCE_TIME = 41
    CUT_OFF = 42
    RETELLING = 43
    RESOLUTION = 44
    CHOICE = 45
    SILENT = 46
    BALKING = 47
    CALLBACK = 48
    REACHED = 49
    HOLD = 50
    PROMISE = 51
    PROMISE_DUE = 52
    PROMISE_KEPT = 53
    PROMISE_LATE = 54
    CHASE = 55
    CHASE_DELAY = 56
    CHASE_CHANNEL = 57
    WORK_FAILS = 58
    HAND_OVER = 59
    SICK = 60
    LATE = 61
    LATENESS = 62
    CALLS_BACK = 63
    CALL_DELAY = 64
    OFF_QUEUE = 65
    REPLY = 66
    WORDING = 67
    KEPT = 68
    TOLERANCE = 69
    MEMBER = 70
    SEGMENT = 71
    REVENUE = 72
    TENURE = 73
    CONTRACT = 74
    CONTRACT_LEFT = 75
    CASE_LEAVES = 76
    BLAMES = 77
    SHOWS_EMPATHY = 78
    APOLOGISES = 79
    COMPENSATES = 80
    WRONG_ANSWER = 81
    COMPLAINS = 82
    TELLS = 83
    WITHDRAWS = 84
    COEFFICIENT = 90
    LEAVES = 91
    LEAVES_AFTER = 92


Word = int | np.uint64

CASE_MOST, ATTEMPT_MOST, LEG_MOST = 2**8 - 1, 2**12 - 1, 2**12 - 1


def entity_number(kind: Entity, number: int) -> int:
    """Join an entity's kind (4 bits) and its number (60 bits) into one 64-bit integer.

    Raises:
        ValueError: the number needs more than 60 bits.
    """
    if not 0 <= number < 2**60:
        raise ValueError(f"entity number {number} does not fit 60 bits")
    return (int(kind) << 60) | number


@jit
def visit(case: int, attempt: int, leg: int) -> int:
    """Pack case, attempt and leg into counter word 1."""
    return (case << 24) | (attempt << 12) | leg


@jit
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Return the four 32-bit words of Philox4x32-10 for a counter and a key."""
    mask = np.uint64(0xFFFFFFFF)
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    x, y = np.uint64(k0), np.uint64(k1)
    shift = np.uint64(32)
    for _ in range(10):
        p = np.uint64(0xD2511F53) * a
        q = np.uint64(0xCD9E8D57) * c
        a, b, c, d = (q >> shift) ^ b ^ x, q & mask, (p >> shift) ^ d ^ y, p & mask
        x = (x + np.uint64(0x9E3779B9)) & mask
        y = (y + np.uint64(0xBB67AE85)) & mask
    return a, b, c, d


@jit
def uniform(seed: int, replication: int, entity: int, visit_word: int, purpose: int, index: int) -> float:
    """Draw a number strictly between 0 and 1 (53 bits)."""
    e = np.uint64(entity)
    a, b, _, _ = philox(
        np.uint64((purpose << 16) | index),
        np.uint64(visit_word),
        e & np.uint64(0xFFFFFFFF),
        e >> np.uint64(32),
        np.uint64(seed),
        np.uint64(replication),
    )
    high = float(np.uint64(a) >> np.uint64(5))
    low = float(np.uint64(b) >> np.uint64(6))
    return (high * 67108864.0 + low + 0.5) / 9007199254740992.0


@jit
def poisson_count(u: float, mean: float) -> int:
    """Return the smallest n whose Poisson distribution function reaches `u`: never fewer for a larger mean.

    Sums the mass upward from twelve standard deviations below the mean; what lies below is under 1e-30.
    """
    if mean <= 0.0:
        return 0
    n = max(0, int(mean - 12.0 * np.sqrt(mean)))
    mass = np.exp(n * np.log(mean) - mean - _log_factorial(n))
    total = mass
    limit = int(mean + 12.0 * np.sqrt(mean) + 40.0)
    while total < u and n < limit:
        n += 1
        mass *= mean / n
        total += mass
    return n


@jit
def _log_factorial(n: int) -> float:
    if n < 2:
        return 0.0
    if n < 64:
        total = 0.0
        for k in range(2, n + 1):
            total += np.log(k)
        return total
    # Stirling's series; the next term is below 1e-14 from n = 64 on
    x = float(n)
    return float(
        x * np.log(x)
        - x
        + 0.5 * np.log(2.0 * np.pi * x)
        + 1.0 / (12.0 * x)
        - 1.0 / (360.0 * x**3)
        + 1.0 / (1260.0 * x**5)
    )
