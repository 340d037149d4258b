"""What brings a shopper back: promises of a desk, recognised by the scoring rules while a contact is played.

A journey with `promises: recognised` hears them in the persona's language; its `hop` with `when: due` returns when one
falls due, and the ladder's rung promise_kept says whether it was kept by then.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from probes.scoring.due import BusinessHours
from probes.scoring.promises import promises_of


def reads_promises(
    begins: datetime.datetime, language: str, hours: BusinessHours | None = None
) -> Callable[[str, float], float | None]:
    """Return what tells when a promise in words falls due, in scenario seconds; None where none is firm.

    Args:
        begins: the instant from which scenario seconds count, with its zone.
        language: of what is heard.
        hours: the desk's; Monday to Friday 9 to 18 by default.
    """

    def due_s(text: str, at_s: float) -> float | None:
        utc = begins.astimezone(datetime.UTC) + datetime.timedelta(seconds=at_s)
        said_at = utc.astimezone(begins.tzinfo)
        dues = [promise.due for promise in promises_of(text, language, said_at, hours) if promise.due is not None]
        return at_s + (max(dues) - said_at).total_seconds() if dues else None

    return due_s
