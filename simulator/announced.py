"""The wait that is announced: a scalar fact about one contact, which both engines share.

>>> announced_us(3, 300_000_000, 2000) / 1e6
450.0
"""

from __future__ import annotations

from scenarios.jit import jit
from scenarios.units import NEVER_US


@jit
def announced_us(position: int, handle_us: int, rate: int) -> int:
    """Return the expected wait of who is at a position of a queue, in microseconds.

    So many must leave before: position x mean handling time / agents (Whitt 1999, Management Science 45:192, the
    estimate by queue length). NEVER_US where nobody is there.

    Args:
        position: 1 for who is next.
        handle_us: the mean time of a contact.
        rate: contacts that go on at full speed at once, in thousandths.
    """
    if rate <= 0 or position > NEVER_US // 1000 // max(handle_us, 1):
        return NEVER_US
    return position * handle_us * 1000 // rate
