"""One judgement of the instruments of all processes that played a run: as fit as the least fit of them.

Shares are those of all starts; of everything else the worst stands, which is never better than the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from probes.instrument import Instrument, Judgement

SHARES = ("late_share", "late_share_ours", "machine_late_share", "late_5ms_share", "late_5ms_share_ours")
NOBODY = "no process came to its end, so nobody knows how late it was"


def together(told: Sequence[Mapping[str, Any]]) -> Judgement:
    """Return the judgement of a run, of what its processes told of theirs; unfit where none told anything."""
    if not told:
        nothing = Instrument(virtual=True).judge()
        return Judgement(**{**_values(nothing), "fit": False, "reasons": (NOBODY,)})
    starts = sum(one["starts"] for one in told)
    joined: dict[str, Any] = {
        "fit": all(one["fit"] for one in told),
        "reasons": tuple(dict.fromkeys(reason for one in told for reason in one["reasons"])),
        "warnings": tuple(dict.fromkeys(warning for one in told for warning in one["warnings"])),
        "starts": starts,
        "control_timer": all(one["control_timer"] for one in told),
        "descriptors_limit": min(one["descriptors_limit"] for one in told),
    }
    for name in SHARES:
        known = [(one[name], one["starts"]) for one in told if one[name] is not None]
        joined[name] = sum(share * count for share, count in known) / max(starts, 1) if known else None
    for field in fields(Judgement):
        if field.name not in joined:
            known_values = [one[field.name] for one in told if one[field.name] is not None]
            joined[field.name] = max(known_values) if known_values else None
    return Judgement(**joined)


def _values(judged: Judgement) -> dict[str, Any]:
    return {field.name: getattr(judged, field.name) for field in fields(judged)}
