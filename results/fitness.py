"""Is the instrument fine enough for this comparison? Asked once the tolerances are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results.comparison import Comparison

TOLERANCE_SHARE = 0.2
"""An instrument's error may be a fifth of the smallest tolerance in seconds."""


def unfit_reasons(facts: Mapping[str, Any], comparison: Comparison) -> tuple[str, ...]:
    """Return why a measured run's instrument is not fit for a comparison; nothing where it is.

    Args:
        facts: the measured run's; a recorded log has no instrument of ours.
        comparison: whose gates' tolerances in seconds are held against the instrument's p95 error.
    """
    judged = facts.get("instrument")
    if not isinstance(judged, Mapping):
        return ()
    reasons = [str(reason) for reason in judged.get("reasons", ())]
    tolerances = [
        row.tolerance for row in comparison.rows if row.gate and row.tolerance and row.metric.endswith("_s_mean")
    ]
    error_s = float(judged.get("error_s_p95", 0.0)) * float(facts.get("scale", 1.0))
    if tolerances and error_s > TOLERANCE_SHARE * min(tolerances):
        smallest_s = min(tolerances)
        reasons.append(
            f"the instrument's p95 error of {error_s:.3f} s exceeds a fifth of {smallest_s:.3f} s, a tolerance"
        )
    return tuple(reasons)
